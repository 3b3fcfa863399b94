"""What each interval of use patterns says of everyone: shares of people with a negative test, as missing ones are read.

A mixed interval is a test that was taken and is not negative. Who has no interval of that number any more (not due),
for whom no test was scheduled, and whose test is excused are in no denominator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import MISSED, NEGATIVE, TESTED


@dataclass(frozen=True)
class Shares:
    """Of k intervals. number: of each; negative, tested, missed: people, (k,) each."""

    number: NDArray[np.int64]
    negative: NDArray[np.int64]
    tested: NDArray[np.int64]
    missed: NDArray[np.int64]

    @property
    def missing_is_using(self) -> NDArray[np.float64]:
        """(k,) negative of all whose test was due; missing where no one's was."""
        return _share(self.negative, self.tested + self.missed)

    @property
    def observed_only(self) -> NDArray[np.float64]:
        """(k,) negative of those who were tested; missing where no one was."""
        return _share(self.negative, self.tested)


def shares(patterns: Patterns) -> Shares:
    """The people of each interval, in the order of the columns."""

    def people(*states: int) -> NDArray[np.int64]:
        return np.asarray(np.isin(patterns.codes, states).sum(axis=0), dtype=np.int64)

    return Shares(
        patterns.numbers,
        people(NEGATIVE.code),
        people(*(state.code for state in TESTED)),
        people(MISSED.code),
    )


def _share(some: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(of > 0, some / np.maximum(of, 1), np.nan)
