"""What a figure of doses tells and what it does not, in its caption: for whoever sees the figure and nothing else.

Words are read off the released estimates that the figure draws, by their intervals; of figures that draw counts they
are always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels, within
from iop_outcomes.protocol import AsRun, two_strategies
from iop_outcomes.report.document import Picture
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.measures import BEYOND, RISE, RISK, UP_TO
from iop_outcomes.vocabulary.methods import (
    CLONE_CENSOR_WEIGHT,
    GENERALISED_PROPENSITY,
    LANDMARK,
    LANDMARK_ADJUSTED,
    NAIVE,
    RANDOMISED,
)
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

DIFFERENCE = "difference"
Told = Callable[[list[Estimated], AsRun], str]
MORE, FEWER, GONE = "more", "fewer", "gone"
IF_RECORDED = "Known, as far as what is on record tells who leaves and who goes on"
NOT_KNOWN = "Not known, as an interval holds 0 or the readings of missing answers differ"
NOT_SHOWN = "Without a number, for the reason that the report gives"
IF_ATTENDED = "Known, as far as what is on record tells who attends and who leaves"
NOT_KNOWN_OF_HOURS = "Not known, as an interval holds 0, or methods or readings of missing answers differ"
IF_CAME = "Known of people still in care, as far as what is on record tells who comes"
RANDOM_STAYS = "what planning a longer stay does is known from the row as randomised"


def told(picture: Picture, estimates: pd.DataFrame, study: AsRun) -> Picture:
    """The picture with what it tells and what not; as it is where there is nothing to say."""
    told_of = TOLD_OF.get(picture.name)
    return picture if told_of is None else replace(picture, reading=told_of(estimated(estimates), study))


def _always(text: str) -> Told:
    return lambda rows, study: text


def _duration(rows: list[Estimated], study: AsRun) -> str:
    """Those who stayed beside those who left, which is no effect of staying."""
    chance = any(r["method"] == RANDOMISED and r["status"] == OK for r in rows)
    fair = any(r["method"] in (LANDMARK, LANDMARK_ADJUSTED) and r["status"] == OK for r in rows)
    others = "others: among people at risk on the day, alike at the start as far as adjusted"
    return (
        "Known is by how much those who stayed differ from those who left (naive rows: counted from the first day"
        + (f"; {others}" if fair else "")
        + "). Not known is what staying itself does, as what made people leave is in every one of these"
        + (f"; {RANDOM_STAYS}." if chance else ".")
    )


def _decided(rows: Iterable[Estimated]) -> str:
    """What the intervals of one question say together: MORE, FEWER, '' where open, GONE without numbers."""
    shown = [r for r in rows if r["status"] == OK]
    found = {MORE if r["conf_low"] > 0 else FEWER if r["conf_high"] < 0 else "" for r in shown}
    return found.pop() if len(found) == 1 else "" if found else GONE


def _strategies(rows: list[Estimated], study: AsRun) -> str:
    """Which comparisons of two strategies are decided, by the weighted rows."""
    labels, said = Labels(study), Said([], [], [])
    compared = two_strategies(study)
    asked: dict[tuple[str, str, str], list[Estimated]] = {}
    for r in rows:
        if r["contrast"] in compared and (r["method"], r["of"], r["measure"]) == (
            CLONE_CENSOR_WEIGHT,
            DIFFERENCE,
            RISK,
        ):
            asked.setdefault((r["contrast"], r["outcome"], str(r["horizon_days"])), []).append(r)
    for (name, outcome, day), own in asked.items():
        what = f"\u2018{labels.endpoint(outcome)}\u2019 on day {day}, by \u2018{labels.contrast(name)}\u2019"
        under = f"{{}} people with {what}, under the first"
        said.add(_decided(own), under.format(MORE), under.format(FEWER), what)
    return said.text(IF_RECORDED, NOT_KNOWN, NOT_SHOWN) + " Naive rows are of people who happened to do so: no effect."


@dataclass(frozen=True)
class Said:
    """What is known, what is open, and what has no number."""

    known: list[str]
    open: list[str]
    gone: list[str]

    def add(self, decided: str, more: str, fewer: str, what: str) -> None:
        """One question, in words by what was decided."""
        if decided == GONE:
            self.gone.append(what)
        elif decided:
            self.known.append(more if decided == MORE else fewer)
        else:
            self.open.append(what)

    def text(self, known: str, open_: str, gone: str) -> str:
        """All three, those that are there."""
        parts = ((known, self.known), (open_, self.open), (gone, self.gone))
        return " ".join(f"{what}: {'; '.join(of)}." for what, of in parts if of)


def _thresholds(rows: list[Estimated], study: AsRun) -> str:
    """Whether further weeks pay up to the threshold and beyond it, and whether less beyond it."""
    said = Said([], [], [])
    for name, asked in study.thresholds.items():
        to, past = f"further weeks up to week {asked.at}", f"further weeks beyond week {asked.at}"
        of = {
            UP_TO: (f"{to} add", f"{to} take away", f"whether {to} add"),
            BEYOND: (f"{past} add", f"{past} take away", f"whether {past} add"),
            DIFFERENCE: (f"{past} add less", f"{past} add more", f"whether {past} add less than those before"),
        }
        own = [r for r in rows if (r["contrast"], r["measure"], r["method"]) == (name, RISE, CLONE_CENSOR_WEIGHT)]
        for side, words in of.items():
            said.add(_decided(r for r in own if r["of"] == side), *words)
    points = " Points are of everyone, had all left in that week; the naive line is of the weeks that people stayed."
    return said.text(IF_RECORDED, NOT_KNOWN, NOT_SHOWN) + points


def _doses(rows: list[Estimated], study: AsRun) -> str:
    """What more hours do over the same weeks, and whether the setting can be told from the dose."""
    own = [r for r in rows if r["contrast"] in study.doses and r["method"] != NAIVE]
    levels = any(r["status"] == OK and r["of"] != DIFFERENCE for r in own)
    both = any(r["status"] == OK and r["of"] == DIFFERENCE and r["group"] == ALL for r in own)
    first = _more_hours(own, study).text(IF_ATTENDED, NOT_KNOWN_OF_HOURS, NOT_SHOWN)
    if not levels:
        first = "No dose has a number that is not naive."
    elif not first:
        first = f"{IF_ATTENDED}, is what each dose with a number would bring everyone at that level."
    second = (
        "The setting at the same dose can be told where both levels have a number."
        if both
        else "Not known is the setting at the same dose: no dose has a number at both levels, so that a difference "
        "between the levels may be one of hours."
    )
    return f"{first} {second}"


def _more_hours(rows: list[Estimated], study: AsRun) -> Said:
    """Whether more hours do more, at each level over the same weeks."""
    labels, said = Labels(study), Said([], [], [])
    for name, grid in study.doses.items():
        for arm, (fewer, more) in grid.compare.items():
            for weeks in grid.weeks:
                level = f"at the level \u2018{within(labels.arm(name, arm))}\u2019"
                of = f"{more:g} hours a week do {{}} than {fewer:g} over {weeks} weeks {level}"
                own = [r for r in rows if (r["contrast"], r["group"], r["weeks_of_care"]) == (name, arm, weeks)]
                said.add(_decided(own), of.format(MORE), of.format("less"), f"whether {of.format(MORE)}")
    return said


def _intensity(rows: list[Estimated], study: AsRun) -> str:
    """Hours that people came for while still in care, which they did; what hours do, as weighted intervals say."""
    labels, said = Labels(study), Said([], [], [])
    for name, setting in study.intensities.items():
        for arm, (fewer, more) in setting.compare.items():
            own = [
                r for r in rows
                if (r["contrast"], r["group"], r["of"], r["method"]) == (name, arm, DIFFERENCE, GENERALISED_PROPENSITY)
            ]  # fmt: skip
            level = f"at the level \u2018{within(labels.arm(name, arm))}\u2019"
            of = f"{more:g} hours a week do {{}} than {fewer:g} {level}"
            if own:
                said.add(_decided(own), of.format(MORE), of.format("less"), f"whether {of.format(MORE)}")
    weighted = said.text(IF_CAME, NOT_KNOWN, NOT_SHOWN)
    first = "Known is how the outcome differs with the hours that people attended while still in care."
    last = "Not known is what hours do where the records do not tell who comes more, nor to those who had left."
    return " ".join(part for part in (first, weighted, last) if part)


TOLD_OF: Mapping[str, Told] = {
    "duration": _duration,
    "strategies": _strategies,
    "thresholds": _thresholds,
    "doses": _doses,
    "intensity": _intensity,
    "hours": _always("Known is how much care people had, beside what was scheduled. Not known is what it did."),
    "transitions": _always("Known is where people went. Not known is what going there did: see further care."),
}
