"""Phrases of the summary on doses: what hours a week do over the weeks that were asked about, and the setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital, within
from iop_outcomes.report.sentences.dose import errs
from iop_outcomes.report.sentences.effects import OPEN, POINTS, gap, reading, shown, undecided
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import NAIVE, OF_DOSES

# one speaks for all in the summary: the first that has numbers
RIGHT = tuple(method for method in OF_DOSES if method != NAIVE)
NO_SETTING = (
    "What the setting does at the same hours and weeks is not identifiable here: nowhere did {fewest} people of both "
    "levels have nearly the same dose. A model could still be asked, and would speak for nobody."
)


def doses(rows: Sequence[Estimated], labels: Labels) -> Iterator[tuple[str, str]]:
    """What comes of one question under one reading of missing answers: texts, each with its tone."""
    name = rows[0]["contrast"]
    told = next((m for m in RIGHT if any(row["method"] == m and numbers.known(row["estimate"]) for row in rows)), "")
    rows = [row for row in rows if row["method"] == NAIVE or row["method"] == (told or row["method"])]
    for arm in labels.study.doses[name].compare:
        yield from _hours([row for row in rows if row["group"] == arm or row["of"] == arm], labels, arm)
    setting = [row for row in rows if row["of"] == DIFFERENCE and row["group"] == ALL and row["method"] != NAIVE]
    yield from _setting(setting, labels)


def _dose(row: Estimated) -> tuple[float, int]:
    return float(row["hours_per_week"]), int(row["weeks_of_care"] or 0)


def _hours(rows: Sequence[Estimated], labels: Labels, arm: str) -> Iterator[tuple[str, str]]:
    """What more hours do at the level of an arm, for the most weeks that have a number."""
    there = [row for row in rows if numbers.known(row["estimate"])]
    gaps = [row for row in there if row["of"] == DIFFERENCE and row["method"] != NAIVE]
    if not gaps:
        return
    right = max(gaps, key=lambda row: int(row["weeks_of_care"] or 0))
    weeks = int(right["weeks_of_care"] or 0)
    fewer, more = labels.study.doses[right["contrast"]].compare[arm]
    shares = {_dose(row): row for row in there if row["of"] == arm and row["method"] == right["method"]}
    one, other = (shown(shares[hours, weeks], numbers.percent) for hours in (more, fewer))
    begin = ", ".join(w for w in (reading(right, labels), "had everyone had") if w)
    text = (
        f"{capital(begin)} {more:g} hours of care a week for {weeks} weeks at the level "
        f"\u2018{within(labels.arm(right['contrast'], arm))}\u2019, {one} would have had the outcome "
        f"\u2018{within(labels.endpoint(right['outcome']))}\u2019 on day {right['horizon_days']:.0f}, against {other} "
        f"at {fewer:g} hours: {gap(right, labels, POINTS, numbers.size)}."
    )
    yield text + (OPEN if undecided(right) else ""), "finding"
    same = (row for row in there if row["method"] == NAIVE and row["of"] == DIFFERENCE)
    naive = next((row for row in same if row["weeks_of_care"] == right["weeks_of_care"]), None)
    if naive is not None:
        yield _naively(naive, right, labels), "caution"


def _naively(naive: Estimated, right: Estimated, labels: Labels) -> str:
    """What those who happened to have the doses say of hours, and how far that is from the right difference."""
    begin = ", ".join(w for w in (reading(naive, labels), "of those who happened to have such doses") if w)
    text = f"{capital(begin)}, more hours go with {gap(naive, labels, POINTS, numbers.size)}."
    by, side = errs(naive, right)
    if not by:
        return f"{text} Beyond rounding, that is no other than the difference above."
    return f"{text} By this estimate the naive comparison errs by {by} {POINTS} here, {side} more hours."


def _setting(rows: Sequence[Estimated], labels: Labels) -> Iterator[tuple[str, str]]:
    if not rows:
        return
    name = rows[0]["contrast"]
    there = [row for row in rows if numbers.known(row["estimate"])]
    if not there:
        if all(row["status"] == "gated" for row in rows):
            yield NO_SETTING.format(fewest=labels.study.doses[name].fewest_near), "absent"
        return
    row = max(there, key=lambda r: (_dose(r)[1], -_dose(r)[0]))
    hours, weeks = _dose(row)
    first, second = (within(label) for label in labels.arms(name))
    begin = ", ".join(w for w in (reading(row, labels), f"at the same {hours:g} hours a week for {weeks} weeks") if w)
    size = gap(row, labels, POINTS, numbers.size)
    yield (
        (f"{capital(begin)}, the level \u2018{first}\u2019 has {size} with the outcome than \u2018{second}\u2019."),
        "finding",
    )
