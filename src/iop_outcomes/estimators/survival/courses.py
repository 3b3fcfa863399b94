"""Person-time in states, as the estimators of many states take it, checked.

What happens, in order: rows are checked and sorted by person and time; each is to begin where the person's row before
ended, in the state that it ended in. Refused: rows that overlap, leave a gap, go on in another state than the one
before ended in, end before they begin, or move to the state that they are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.rows import column, rows
from iop_outcomes.estimators.base.same_times import same_times
from iop_outcomes.estimators.survival.risksets import asked_times

CENSORED = -1


@dataclass(frozen=True)
class Course:
    """Person-time in states; the arrays are (r,) and sorted by person and time.

    person: number from 0. entry, exit: days; the person is in `state` on day entry, and until day exit, on which they
    are in `to`: another state, or CENSORED where observation ends or the row is only cut. states: their names, by code.
    """

    states: tuple[str, ...]
    person: Whole
    entry: Array
    exit: Array
    state: Whole
    to: Whole

    @property
    def first(self) -> Mask:
        """(r,) the first row of each person."""
        return np.diff(self.person, prepend=-1) > 0

    def code(self, name: str) -> int:
        """The code of a state by name; EstimationError naming those that there are."""
        if name not in self.states:
            raise EstimationError(f"There is no state '{name}'. States are {', '.join(self.states)}.")
        return self.states.index(name)


def course(
    states: Sequence[str], person: ArrayLike, entry: ArrayLike, exit: ArrayLike, state: ArrayLike, to: ArrayLike
) -> Course:
    """Rows of person-time in any order, checked and sorted; see Course. Raises EstimationError as the module says."""
    names = tuple(states)
    if len(set(names)) < len(names) or len(names) < 2:
        raise EstimationError("States are two or more different names.")
    who = _codes(person, "person", 0, np.inf)
    begins, ends = same_times(column(entry, "entry", who.size), column(exit, "exit", who.size))
    place = _codes(state, "state", 0, len(names) - 1, who.size)
    goes = _codes(to, "to", CENSORED, len(names) - 1, who.size)
    if (begins < 0).any() or (ends <= begins).any():
        raise EstimationError(
            "Some rows of person-time end no later than they begin, or begin before day 0. A row is from the day on "
            "which a state is entered, 0 at the earliest, to a later one on which it is left or last seen."
        )
    if (goes == place).any():
        raise EstimationError("Some rows move to the state that they are in; leave such moves out, or join the rows.")
    order = np.lexsort((begins, who))
    found = Course(names, who[order], begins[order], ends[order], place[order], goes[order])
    _refuse_broken(found)
    return found


def at_risk(course: Course, times: ArrayLike, frequency: ArrayLike | None = None) -> Array:
    """(k, states) people who are in each state and under observation just before each of `times` (k,)."""
    horizons = asked_times(times)
    own = rows(number_of_people(course, frequency), None, frequency).frequency[course.person]
    there = (course.entry < horizons[:, None]) & (horizons[:, None] <= course.exit)
    begun = (course.entry == 0) & (horizons[:, None] == 0)
    return np.asarray((there | begun) * own @ np.eye(len(course.states))[course.state])


def number_of_people(course: Course, given: ArrayLike | None) -> int:
    """How many people there are: as many as weights or frequencies, or as the course numbers."""
    least = int(course.person.max()) + 1
    n = least if given is None else np.asarray(given).size
    if n < least:
        raise EstimationError(f"Weights or frequencies of {n} people were given where the rows number {least} of them.")
    return n


def _codes(values: ArrayLike, what: str, low: float, high: float, n: int | None = None) -> Whole:
    """(n,) whole numbers within limits."""
    array = column(values, what, n)
    if (array != np.round(array)).any() or (array < low).any() or (array > high).any():
        limits = f"from {low:g}" + (f" to {high:g}" if np.isfinite(high) else " on")
        raise EstimationError(f"'{what}' holds something else than whole numbers {limits}.")
    return array.astype(np.int64)


def _refuse_broken(found: Course) -> None:
    """Refuse rows of a person that overlap, leave a gap, or do not go on in the state that the one before ended in."""
    same = ~found.first[1:]
    ends, begins = found.exit[:-1][same], found.entry[1:][same]
    if (begins < ends).any():
        raise EstimationError("Some rows of one person overlap; a person is in one state on every day.")
    if (begins > ends).any():
        raise EstimationError(
            "Between some rows of one person days are missing. Give the days without care a state of their own; where "
            "observation stopped, the rows after it are left out."
        )
    goes = np.where(found.to[:-1] == CENSORED, found.state[:-1], found.to[:-1])[same]
    if (goes != found.state[1:][same]).any():
        raise EstimationError(
            "Some rows of one person begin in another state than the one in which the row before ended."
        )
