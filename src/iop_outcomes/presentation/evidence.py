"""What others have found: studies and what each printed, as data, with limits where their counts allow them.

data/reference/evidence_studies.csv has one row a study: design, how people came to an arm, people and hours a week of
each arm, what was seen of it. data/reference/evidence_results.csv has one row a printed result. Shares are those of the
first and of the second arm. Where the people of a share are not told it is taken to be of the most that it can be of
(`estimators.two_by_two.printed`), so that limits are the narrowest possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iop_outcomes.errors import StudyError
from iop_outcomes.estimators.two_by_two.printed import Counts, counts_behind
from iop_outcomes.estimators.two_by_two.proportions import Interval, newcombe
from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import within
from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, ODDS_RATIO

STUDIES, RESULTS = "evidence_studies.csv", "evidence_results.csv"
SHARE, NOT_GIVEN = "share", "not_given"
# what can be printed, with the columns that then are filled
WANTED = {
    SHARE: ("first", "second"),
    ODDS_RATIO: ("estimate", "lower", "upper"),
    HAZARD_RATIO: ("estimate", "lower", "upper"),
    NOT_GIVEN: (),
}
QUESTIONS = {"setting": "Setting", "intensity": "Intensity", "duration": "Duration"}
RATIOS = {ODDS_RATIO: "odds ratio", HAZARD_RATIO: "hazard ratio"}
# how people came to an arm
CHANCE = "chance"
ASSIGNED = (CHANCE, "choice", "period", "records", "stayed", "review")
DIRECTIONS = ("higher", "lower")
# from so many hours a week on a program by day is partial hospitalization, whatever it is called
PARTIAL_HOURS = 20
DAY_CARE = ("Day treatment", "Day hospital", "Intensive outpatient")


@dataclass(frozen=True)
class Study:
    """A study. question: setting, intensity or duration. assigned: see ASSIGNED. people, hours a week: NaN where they
    were not seen. seen: what was read of it.
    """

    study: str
    source: str
    question: str
    design: str
    assigned: str
    people: float
    first: str
    first_people: float
    first_hours: float
    second: str
    second_people: float
    second_hours: float
    seen: str
    finding: str

    @property
    def arm(self) -> str:
        """The first arm by what its hours make it, with its own name."""
        if self.first in DAY_CARE and self.first_hours >= PARTIAL_HOURS:
            return f"{self.first} (by its hours partial hospitalization)"
        return self.first

    @property
    def arms(self) -> str:
        """Both arms, with their hours a week where they were seen."""
        sides = ((self.arm, self.first_hours), (self.second, self.second_hours))
        return "; ".join(name if math.isnan(hours) else f"{name}, {hours:.0f} h a week" for name, hours in sides)


@dataclass(frozen=True)
class Result:
    """What a study printed. months: of follow-up, NaN at the end of treatment or where not told. first, second: shares,
    or NaN. estimate, lower, upper: of a ratio, first against second, or NaN. better: which way. both_above: a share
    that both arms are printed to exceed, where the shares are not, or NaN.
    """

    study: Study
    outcome: str
    months: float
    measure: str
    first: float
    second: float
    estimate: float
    lower: float
    upper: float
    better: str
    both_above: float
    note: str

    @property
    def counts(self) -> tuple[Counts, Counts] | None:
        """Events and people of both arms, where shares were printed and the people of the arms are known."""
        sizes = (self.study.first_people, self.study.second_people)
        if self.measure != SHARE or any(map(math.isnan, sizes)):
            return None
        first, second = (
            counts_behind(share, int(size), digits=3 if round(share, 2) != share else 2)
            for share, size in zip((self.first, self.second), sizes, strict=True)
        )
        return first, second

    @property
    def difference(self) -> Interval | None:
        """First minus second share with Newcombe's limits (level 0.95), where there are counts."""
        if self.counts is None:
            return None
        first, second = self.counts
        return newcombe(first.events, first.n, second.events, second.n)

    @property
    def asked(self) -> str:
        """The outcome with its months of follow-up."""
        return self.outcome if math.isnan(self.months) else f"{self.outcome}, month {self.months:.0f}"

    def told(self) -> str:
        """What was printed, and the difference where it can be had, in words: no number of a cohort."""
        with numbers.heard(lambda _, text: text):
            if self.measure == NOT_GIVEN:
                return "no rates seen"
            if self.measure != SHARE:
                ratio = numbers.with_limits(self.estimate, self.lower, self.upper, numbers.ratio)
                return f"{RATIOS[self.measure]} {ratio}"
            shares = f"{numbers.percent(self.first)} and {numbers.percent(self.second)}"
            gap = self.difference
            return f"{shares}; {points_of(gap)}" if gap else shares


def studies() -> dict[str, Study]:
    """All studies by name. Raises StudyError for a row that names no source or an unknown word."""
    found: dict[str, Study] = {}
    for line, row in enumerate(reference.rows(STUDIES), start=2):
        where = f"{STUDIES}, line {line}"
        for column, words in (("question", tuple(QUESTIONS)), ("assigned", ASSIGNED)):
            _one_of(row[column], words, column, where)
        for column in ("study", "source", "seen", "finding"):
            if not row[column]:
                raise StudyError(f"{where}: `{column}` is empty; every study has one.")
        if row["study"] in found:
            raise StudyError(f"{where}: the study '{row['study']}' stands above already.")
        found[row["study"]] = Study(
            study=row["study"],
            source=row["source"],
            question=row["question"],
            design=row["design"],
            assigned=row["assigned"],
            people=_number(row, "people", where),
            first=row["first"],
            first_people=_number(row, "first_people", where),
            first_hours=_number(row, "first_hours", where),
            second=row["second"],
            second_people=_number(row, "second_people", where),
            second_hours=_number(row, "second_hours", where),
            seen=row["seen"],
            finding=row["finding"],
        )
    return found


def results() -> list[Result]:
    """All printed results as the file has them. Raises StudyError for a row of no study or with an unknown word."""
    known, found = studies(), []
    for line, row in enumerate(reference.rows(RESULTS), start=2):
        where = f"{RESULTS}, line {line}"
        _one_of(row["study"], tuple(known), "study", where)
        _one_of(row["measure"], tuple(WANTED), "measure", where)
        _one_of(row["better"], DIRECTIONS, "better", where)
        result = Result(
            study=known[row["study"]],
            outcome=row["outcome"],
            months=_number(row, "months", where),
            measure=row["measure"],
            first=_number(row, "first", where),
            second=_number(row, "second", where),
            estimate=_number(row, "estimate", where),
            lower=_number(row, "lower", where),
            upper=_number(row, "upper", where),
            better=row["better"],
            both_above=_number(row, "both_above", where),
            note=row["note"],
        )
        given = {"first", "second", "estimate", "lower", "upper"} & {name for name, text in row.items() if text}
        if given != set(wanted := WANTED[row["measure"]]):
            raise StudyError(f"{where}: a {row['measure']} has {', '.join(wanted) or 'no numbers'} and no more.")
        found.append(result)
    return found


def points_of(gap: Interval) -> str:
    """A difference of shares in points with its limits."""
    with numbers.heard(lambda _, text: text):
        return f"{numbers.with_limits(gap.estimate, gap.low, gap.high, numbers.points)} points"


def words() -> Iterator[str]:
    """All that is written of what others printed, for whoever traces a number."""
    for study in studies().values():
        yield study.arms
    for result in results():
        yield result.asked
        yield result.told()
        if gap := result.difference:
            yield f"{within(result.asked)}: {points_of(gap)}"


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    """The number of a cell, NaN where it is empty."""
    try:
        return float(row[column] or "nan")
    except ValueError:
        raise StudyError(f"{where}: `{column}` is '{row[column]}' and must be a number, or empty.") from None


def _one_of(value: str, words: tuple[str, ...], column: str, where: str) -> None:
    if value not in words:
        raise StudyError(f"{where}: `{column}` is '{value}'. Known: {', '.join(words)}.")
