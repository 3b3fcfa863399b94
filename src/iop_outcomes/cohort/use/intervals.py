"""From tests by day to one state per person and interval.

In order: where the schedule is regular, a test that was due and is on no record was missed; tests of an interval are
one, by the study's rule for those that disagree; an interval of which they can tell too little is excused, whatever
they found, or missed where those that were missed would have told enough; what people told at interviews is added as
the study says; from a death on, intervals without a test are a state of their own, or missed. Interval k covers the
days begins + (k - 1) x length to begins + k x length - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.units import ended_by_death
from iop_outcomes.cohort.use.tests import combined
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import (
    DIED,
    EXCUSED,
    MISSED,
    MIXED,
    NEGATIVE,
    NOT_DUE,
    NOT_SCHEDULED,
    POSITIVE,
    TESTED,
    State,
)
from iop_outcomes.protocol import Use

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Counts = NDArray[np.int64]

# what a test can be read as
STATES = (POSITIVE, MIXED, NEGATIVE, MISSED, EXCUSED)


@dataclass(frozen=True)
class Tested:
    """Patterns of n people, and of each interval the days on which a test was due, and taken; (n, k) each."""

    patterns: Patterns
    due: Counts
    taken: Counts


@dataclass(frozen=True)
class Lengths:
    """Where intervals lie. begins: first day of interval 1; days: length; first: number of the first column."""

    begins: int
    days: int
    first: int

    def column(self, day: NDArray[np.int64]) -> NDArray[np.int64]:
        """The column of the interval of a day."""
        return (day - self.begins) // self.days + 1 - self.first


def last_interval(observed_days: pd.Series, use: Use) -> Counts:
    """(n,) the number of each person's last interval; 0 and less for who is not observed so long."""
    days = observed_days.to_numpy("int64") - use.begins
    if use.last_interval == "whole":
        return (days + 1) // use.interval_days
    return days // use.interval_days + 1


def built(people: pd.DataFrame, by_day: pd.DataFrame, use: Use, told: pd.DataFrame | None = None) -> Tested:
    """The use patterns of people.

    people: (n) person_id, observed_days, and death_day from time zero, missing where none is known. by_day: tests as
    `tests.by_day` gives them, scheduled ones added. told: what people told of days, as `self_report.told` gives it.
    """
    import pandas as pd

    ids = people["person_id"].to_numpy(dtype=object)
    row = pd.Index(ids).get_indexer(pd.Index(by_day["person_id"]))
    day = by_day["day"].to_numpy("int64")
    interval = (day - use.begins) // use.interval_days + 1
    last = last_interval(people["observed_days"], use)
    # of records that a death ended, the time after it is known
    last = np.where(ended_by_death(people), last.max(initial=0), last)
    first = int(min(interval[row >= 0].min(initial=1), 1))
    at = Lengths(use.begins, use.interval_days, first)
    k = max(int(last.max(initial=0)) - first + 1, 0)
    own = np.clip(last - first + 1, 0, k)
    column = at.column(day)
    inside = (row >= 0) & (column < own[np.maximum(row, 0)])
    tests = Cells(row[inside], column[inside], (len(ids), k))
    code = by_day["code"].to_numpy()[inside]
    counts = {state: tests.counted(code == state.code) for state in STATES}
    found = _states(counts, tests, day[inside], code, use)
    given, asked = (
        tests.summed(np.minimum(by_day[name].to_numpy("float64")[inside], use.interval_days))
        >= use.least_covered * use.interval_days
        for name in ("covers", "due_covers")
    )
    codes = _known(found, counts[MISSED] > 0, given, asked)
    if told is not None:
        codes = _with_reports(codes, found, told, ids, at, use)
    codes = _after_death(codes, people["death_day"], at, use)
    codes = np.where(np.arange(k) < own[:, None], codes, np.uint8(NOT_DUE.code)).astype(np.uint8)
    taken = sum(counts[state] for state in TESTED)
    due = sum(counts.values())
    patterns = Patterns(ids, codes, use.interval_days, first, own.astype(np.int64), use.begins)
    return Tested(patterns, np.asarray(due), np.asarray(taken))


@dataclass(frozen=True)
class Cells:
    """Rows that lie in cells of a matrix. row, column: (m,) of each; shape: of the matrix."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    shape: tuple[int, int]

    def counted(self, chosen: NDArray[np.bool_]) -> Counts:
        """(n, k) how many of the chosen rows lie in each cell."""
        return self.summed(chosen).astype(np.int64)

    def summed(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """(n, k) the sum of the values of the rows of each cell."""
        n, k = self.shape
        flat = np.zeros(n * k)
        np.add.at(flat, self.row * k + self.column, values)
        return flat.reshape(n, k)

    def last(self, day: NDArray[np.int64], chosen: NDArray[np.bool_], codes: Codes) -> Codes:
        """(n, k) the code of the last of the chosen rows of each cell; 0 where there is none."""
        found = np.zeros(self.shape, dtype=np.uint8)
        order = np.flatnonzero(chosen)[np.argsort(day[chosen], kind="stable")]
        found[self.row[order], self.column[order]] = codes[order]
        return found


def _states(counts: dict[State, Counts], tests: Cells, day: NDArray[np.int64], code: Codes, use: Use) -> Codes:
    """(n, k) the state of the tests of an interval; without one, none was scheduled."""
    codes = combined({state: n > 0 for state, n in counts.items()}, use.conflicts)
    if use.conflicts == "last":
        told = np.isin(code, [state.code for state in TESTED])
        codes = np.where(np.isin(codes, [s.code for s in TESTED]), tests.last(day, told, code), codes)
    return np.where(codes == NOT_DUE.code, np.uint8(NOT_SCHEDULED.code), codes).astype(np.uint8)


def _known(found: Codes, missed: NDArray[np.bool_], given: NDArray[np.bool_], asked: NDArray[np.bool_]) -> Codes:
    """(n, k) what tests say of intervals of which they can tell enough; of others nothing.

    given, asked: of which the tests that were given tell enough, and of which all that were due would. The interval
    is missed where one of the latter lacks. It is asked of positives as of negatives, and of tests that were missed:
    were a negative of ethanol excused and a positive kept, the intervals that are known would be those of people who
    drank, and were one missed, those of people who stayed away from a test that would have told nothing.
    """
    tested = np.isin(found, [state.code for state in TESTED])
    untold = np.where(missed & asked, np.uint8(MISSED.code), np.uint8(EXCUSED.code))
    return np.where((tested & ~given) | ((found == MISSED.code) & ~asked), untold, found).astype(np.uint8)


def _with_reports(
    codes: Codes, found: Codes, told: pd.DataFrame, ids: NDArray[np.object_], at: Lengths, use: Use
) -> Codes:
    """Codes with what people told: in place of tests that there are not, or beside them.

    found: what tests found, of intervals of which they can tell too little as well. Where people tell of one of these,
    it is known whatever was found, so that use that was found stands.
    """
    import pandas as pd

    row = pd.Index(ids).get_indexer(pd.Index(told["person_id"]))
    column = at.column(told["day"].to_numpy("int64"))
    inside = (row >= 0) & (column >= 0) & (column < codes.shape[1])
    days = Cells(row[inside], column[inside], codes.shape)
    used = told["used"].to_numpy(dtype=bool)[inside]
    reported_use = days.counted(used) > 0
    # an interval is told to be free of use where each of its days is
    free = days.counted(~used) == at.days
    open_ = ~np.isin(codes, [state.code for state in TESTED])
    against = np.isin(found, [POSITIVE.code, MIXED.code])
    filled = np.where(open_ & free, np.where(against, found, np.uint8(NEGATIVE.code)), codes)
    filled = np.where(open_ & reported_use, np.uint8(POSITIVE.code), filled)
    if use.self_report == "counts":
        denied = reported_use & (codes == NEGATIVE.code)
        admitted = MIXED if use.conflicts == "mixed" else POSITIVE
        filled = np.where(denied, np.uint8(admitted.code), filled)
    return filled.astype(np.uint8)


def _after_death(codes: Codes, death_day: pd.Series, at: Lengths, use: Use) -> Codes:
    """Codes in which intervals without a test, from that of a death on, say so; or that they were missed."""
    died = death_day.notna().to_numpy()
    if not died.any():
        return codes
    column = at.column(death_day.fillna(0).to_numpy("int64"))
    later = died[:, None] & (np.arange(codes.shape[1]) >= column[:, None])
    tested = np.isin(codes, [state.code for state in TESTED])
    state = DIED if use.deaths == "apart" else MISSED
    return np.where(later & ~tested, np.uint8(state.code), codes).astype(np.uint8)
