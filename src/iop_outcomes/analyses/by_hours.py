"""An outcome of people of one arm by the hours a week that they attended: means on a restricted cubic spline of these.

Adjusted: a logistic model with what was known at the start, standardised over the arm's own people. Weighted: the
spline alone, among people weighted for their hours (`first_weeks`), or, naively, as they came. Curves and contrasts
are drawn only between the 5th and the 95th percentile of the hours that the arm's people attended; of weighted ones
only where enough people, counted by their weights, had nearly such hours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.analyses.rows import Row
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.uneven import uneven
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.base.rows import label
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.causal.generalised_propensity import Response, by_dose, effective_near
from iop_outcomes.estimators.causal.marginal_structural import TRUNCATIONS, Weights
from iop_outcomes.estimators.causal.weights import Quantiles
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.protocol import Analysis, Gate, Intensity

SUPPORT = (0.05, 0.95)
GRID_POINTS = 41
OUTSIDE = "the hours to compare lie outside the 5th to 95th percentile seen in this arm"
WHOSE = "weights for hours"


@dataclass(frozen=True)
class ByHours(WithoutHazards, ABC):
    """abstinent: (n,). hours: (n,) a week. there: (n,) who is in care at the end of the window, and in the denominator.
    wanted: the hours to compare, fewer first. sample: the people, with baseline covariates beside them.
    """

    no_hazard: ClassVar[str] = "hours a week are compared by risks, not by hazards"
    outside: ClassVar[str] = OUTSIDE

    ask: Analysis
    abstinent: Mask
    hours: Array
    there: Mask
    setting: Intensity
    wanted: tuple[float, float] | None
    sample: Sample

    @property
    @abstractmethod
    def standardised(self) -> Estimate:
        """Means at each point of the grid, and at the hours to compare if they are within. Raises EstimationError."""

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is there."""
        return self.there

    def state(self, ask: Analysis) -> None:
        """None: shares are of hours, and standardised."""

    def known(self, ask: Analysis) -> Array:
        """(n, 1)."""
        return self.abstinent[:, None].astype(float)

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """Nothing that is of one arm alone."""
        return ""

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few with or without the outcome: hours are no sides, so that the arm counts as a whole."""
        events, people = int(self.abstinent[self.there].sum()), int(self.there.sum())
        if min(events, people - events) < fewest:
            return f"fewer than {fewest} people with, or without, the outcome among those still in care"
        return ""

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """At more and at fewer hours."""
        whole = self.standardised
        if not self.inside or self.wanted is None:
            raise NotPossible(self.outside)
        return whole.take(*(label(hours) for hours in reversed(self.wanted)))

    def curve(self, name: str) -> Iterator[Row]:
        """Points over the hours that were attended. Raises EstimationError."""
        whole = self.standardised
        errors, reach = whole.standard_error(), whole.critical(self.sample.inference.confidence_level)
        told = dict(zip(whole.names, zip(whole.value, errors, strict=True), strict=True))
        for x in self.grid:
            value, error = told[label(float(x))]
            at = round(float(x), 3)
            yield results.curve_point(
                self.ask, name, self.ask.outcome, "hours_per_week", at, float(value), float(error), reach
            )

    @property
    def grid(self) -> Array:
        """Hours at which the curve has points."""
        return self._attended

    @cached_property
    def _attended(self) -> Array:
        low, high = np.quantile(self.hours[self.there], SUPPORT)
        return np.linspace(low, high, GRID_POINTS)

    @property
    def inside(self) -> bool:
        """The hours to compare lie within the grid."""
        if self.wanted is None or not len(self.grid):
            return False
        return bool(self.grid[0] <= self.wanted[0] and self.wanted[1] <= self.grid[-1])

    @property
    def points(self) -> list[float]:
        """The grid, and the hours to compare if they lie within it, each once."""
        return list(dict.fromkeys([*map(float, self.grid), *(self.wanted if self.wanted and self.inside else ())]))


@dataclass(frozen=True)
class Adjusted(ByHours):
    """By a regression on what was known at the start; everyone is there."""

    @cached_property
    def standardised(self) -> Estimate:
        """Means of predictions."""
        at = splines.knots(self.hours, self.setting.knots)
        other = np.empty((len(self.hours), 0)) if self.sample.beside is None else self.sample.beside.dense()
        other = other[:, np.ptp(other, axis=0) > 0]

        def at_hours(value: float | Array) -> Array:
            return np.hstack([splines.basis(np.broadcast_to(value, len(self.hours)), at), other])

        columns = at_hours(self.hours)
        names = tuple(f"column {j + 1}" for j in range(columns.shape[1]))
        model = effects.fit_outcome("logistic", columns, self.abstinent.astype(float), names)
        return self.sample.finish(effects.standardised_curve(model, at_hours, self.points), self.ask.method)


@dataclass(frozen=True)
class Weighted(ByHours):
    """Among weighted people. whole: weights of the n, as they were estimated. gate: what these must reach. beside: what
    the outcome is regressed on beside hours (n, p), averaged over those who have weights; None: nothing.
    """

    outside: ClassVar[str] = f"{OUTSIDE}, or where too few people, counted by their weights, had nearly such hours"

    whole: Weights
    gate: Gate
    beside: Array | None = None

    @cached_property
    def weights(self) -> Weights:
        """Brought in to the quantiles of the study."""
        return self.whole.brought_in(self.setting.truncated)

    @property
    def effective(self) -> float:
        """Effective number of those who are there."""
        return effective_sample_size(self.weights.weight[self.there])

    @cached_property
    def standardised(self) -> Estimate:
        """Raises EstimationError where the weights are uneven, or off their mean, or nowhere are enough people."""
        if wrong := uneven(self.whole, self.weights, self.gate, WHOSE):
            raise EstimationError(wrong)
        if not len(self.grid):
            fewest = self.setting.fewest_near
            raise EstimationError(f"nowhere have {fewest} people, counted by their weights, nearly the same hours")
        return self.sample.finish(self._response(self.points).means(self.weights).estimate, self.ask.method)

    @cached_property
    def grid(self) -> Array:
        """Where enough people had nearly such hours."""
        points = self._attended
        near = effective_near(self.hours[self.there], points, self.weights.weight[self.there])
        enough = np.flatnonzero(near >= self.setting.fewest_near)
        return np.asarray(points[enough[0] : enough[-1] + 1] if len(enough) else points[:0])

    def brought_in(self) -> Iterator[tuple[Quantiles, Weights, float]]:
        """What hangs on the largest weights: these by the quantiles to which they are brought in, and the difference
        of more and fewer hours, missing where there are none to compare.
        """
        if self.wanted is None or not self.inside:
            return
        fewer, more = map(label, self.wanted)
        found = self._response(list(self.wanted)).truncations(self.whole, TRUNCATIONS)
        for pair, one in found.items():
            yield pair, one.weights, float(difference(one.estimate, more, fewer).value[0])

    def _response(self, points: list[float]) -> Response:
        y, people = self.abstinent.astype(float), self.whole.people.astype(float)
        return by_dose(
            y, self.hours, points, self.setting.knots, observed=self.there, weight=people, among=self.there,
            beside=self.beside,
        )  # fmt: skip
