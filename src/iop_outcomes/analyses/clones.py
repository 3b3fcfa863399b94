"""A state on a day under two strategies, by clones that are censored when they depart from one, and weighted for that.

The gate asks that the weights leave enough of the people who followed a strategy as effective number of them, that no
one weighs too much, and that their mean is near 1. What the weights achieve is told in the diagnostics: the effective
share, the largest weight, the mean over everyone, which is 1 where the models are right, and the largest difference
that the people of a strategy keep, as weighted, from everyone in what was known at the start.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.analyses.rows import Row
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.uneven import off_their_mean
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.strategies import Followed
from iop_outcomes.protocol import Analysis, Gate
from iop_outcomes.tables.results import (
    EFFECTIVE_SHARE,
    LARGEST_DIFFERENCE,
    LARGEST_WEIGHT,
    MEAN_WEIGHT,
    TRUNCATED_SHARE,
)


@dataclass(frozen=True)
class OfStrategies(WithoutHazards):
    """A state on a day under strategies. outcome: of the n people who are compared."""

    no_hazard: ClassVar[str] = "strategies are compared by risks, not by hazards"

    ask: Analysis
    outcome: AtADay

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator."""
        return self.outcome.used(ask)

    def state(self, ask: Analysis) -> Array | None:
        """None: the means are weighted, and of more people than those who followed one strategy."""
        return None

    def known(self, ask: Analysis) -> Array:
        """(n, 2)."""
        return self.outcome.known(ask)


@dataclass(frozen=True)
class ByClones(OfStrategies, ABC):
    """outcome: of the n people who followed a strategy, as a sample compares them. whole: of all N to whom both were
    open. baseline: (N, q) what was known of these at the start.
    """

    whole: AtADay
    baseline: Array
    gate: Gate

    @property
    @abstractmethod
    def followed(self) -> Followed:
        """What comes of both strategies. Raises EstimationError."""

    @property
    def answers(self) -> Array:
        """(N,) the state. Raises NotPossible where it does not follow from what each person answered."""
        return self.whole.answers(self.ask)

    @property
    def weight(self) -> Array:
        """(N,) 1 of who is in the denominator, else 0."""
        return self.whole.used(self.ask).astype(float)

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """As of those compared."""
        return self.outcome.silent(ask, sample)

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few people who followed a strategy with the outcome, or without."""
        return self.outcome.few(ask, sample, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Under the first and the second strategy. Raises EstimationError where the weights are too uneven, or off."""
        found = self.followed
        of_strategies = zip(found.estimate.names, self._shares, self._largest, self._means, strict=True)
        for name, share, largest, mean in of_strategies:
            if share < self.gate.min_effective_share:
                limit = self.gate.min_effective_share
                raise EstimationError(
                    f"the weights leave {share:.0%} of the people who followed '{name}' as effective sample "
                    f"(limit {limit:.0%})"
                )
            if largest > self.gate.max_weight:
                limit = self.gate.max_weight
                raise EstimationError(
                    f"one person under '{name}' weighs {largest:.0f} times the mean (limit {limit:g})"
                )
            if wrong := off_their_mean(mean, self.gate, f"weights of '{name}'"):
                raise EstimationError(wrong)
        return sample.finish(found.estimate, ask.method)

    @property
    def _shares(self) -> Array:
        """(2,) effective numbers of people by those who followed."""
        return self.followed.effective / self.followed.people

    @property
    def _largest(self) -> Array:
        """(2,) largest weight by the mean of those who followed."""
        return self.followed.largest * self.followed.people

    @property
    def _means(self) -> Array:
        """(2,) mean weights over everyone to whom both were open."""
        return np.asarray(self.followed.weight.sum(axis=0) / self.whole.used(self.ask).sum())

    def told(self) -> list[Row]:
        """Diagnostics of the weights of each strategy, to two decimals, as they speak of no one."""
        weight, used = self.followed.weight, self.whole.used(self.ask)
        spread = self.baseline[used].std(axis=0)
        varied = spread > 0
        away = (self.baseline[:, varied] - self.baseline[used][:, varied].mean(axis=0)) / spread[varied]
        differences = np.abs(weight.T @ away / weight.sum(axis=0)[:, None]).max(axis=1, initial=0.0)
        limits = {EFFECTIVE_SHARE: self.gate.min_effective_share, LARGEST_WEIGHT: self.gate.max_weight}
        values = {
            EFFECTIVE_SHARE: self._shares,
            LARGEST_WEIGHT: self._largest,
            MEAN_WEIGHT: self._means,
            LARGEST_DIFFERENCE: differences,
            TRUNCATED_SHARE: self.followed.truncated / self.followed.people,
        }
        return [
            results.diagnostic(self.ask, quantity, round(float(value), 2), limits.get(quantity, np.nan), "info")
            | {"arm": name}
            for quantity, found in values.items()
            for name, value in zip(self.followed.estimate.names, found, strict=True)
        ]


def with_weights(ask: Analysis, sample: Sample, under: ByClones) -> Answered:
    """Estimates of one row, with what its weights achieve."""
    found = answer(ask, sample, under, under.gate)
    try:
        told = (*found.diagnostics, *under.told())
    except EstimationError:  # which the answer says itself
        return found
    if found.status != "ok":
        return replace(found, diagnostics=told)
    effective = {"n_effective": float(under.followed.effective.sum())}
    return replace(found, estimates=tuple(row | effective for row in found.estimates), diagnostics=told)
