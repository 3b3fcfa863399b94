"""Missing answers drawn several times from what was recorded, for every method the same draws.

The answer and the one of the interview before are imputed in the order of time (`estimators.missing.in_time`), among
those who were asked and alive; of whoever was not, nothing is drawn. Each completed data set gives the answer of all of
them, as drawn or with the log odds of those missing moved by a delta in each arm: the same draws serve for every delta.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.missing.history import History
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.missing.in_time import Completed, impute_in_time
from iop_outcomes.protocol import Imputation
from iop_outcomes.vocabulary.answers import MISSING_RULES

if TYPE_CHECKING:
    from iop_outcomes.analyses.sample import Sample

Deltas = tuple[float, float]
AS_DRAWN: Deltas = (0.0, 0.0)


def deltas_of(rule: str, how: Imputation) -> Deltas:
    """By how much a rule moves the log odds of the drawn answers of each arm."""
    return (how.delta, how.delta) if MISSING_RULES[rule].shifted else AS_DRAWN


@dataclass(frozen=True)
class Draw:
    """One completed data set. asked: (n,) of whom it gives an answer. first: (n,) in the first arm."""

    completed: Completed
    asked: Mask
    first: Mask

    def state(self, deltas: Deltas = AS_DRAWN) -> Array:
        """(n,) 1 for who is in the state; 0 of whoever was not asked, or had died."""
        moved = np.where(self.first[self.asked], *deltas)
        found = np.zeros(len(self.asked))
        found[self.asked] = self.completed.last(moved)
        return found


def draws(
    sample: Sample, state: Array, history: History, asked: Mask, seen: Mask, imputations: int, passes: int, seed: int
) -> Iterator[Draw]:
    """Completed data sets. state: (n,) of those seen. asked: (n,) alive, and asked. Raises EstimationError."""
    own = history.take(asked)
    answer = np.where(seen, state, np.nan)[asked]
    earlier = own.earlier
    states = answer[:, None] if np.isnan(earlier).all() else np.column_stack([earlier, answer])
    fixed = history.fixed(sample)[asked]
    for completed in impute_in_time(states, fixed, imputations, seed, passes=passes):
        yield Draw(completed, asked, sample.arm == 1)
