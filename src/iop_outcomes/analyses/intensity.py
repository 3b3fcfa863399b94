"""Intensity: abstinence at a horizon against attended hours a week, among people still in care at the window's end.

Hours are a restricted cubic spline in a logistic model fitted within each arm, adjusted for baseline, standardised over
the arm's own people. Use within the window moves the hours and is moved by them: where it is on record there is nothing
to adjust for that comes before the hours, and the answer is not possible. Curves and contrasts are drawn only
between the 5th and the 95th percentile of the hours that the arm's people attended: beyond lies extrapolation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, together
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Intensity
from iop_outcomes.tables.results import BY_ARM
from iop_outcomes.vocabulary.answers import OUT_OF_CARE
from iop_outcomes.vocabulary.measures import FEWER_HOURS, MORE_HOURS
from iop_outcomes.vocabulary.methods import SPLINE

if TYPE_CHECKING:
    pass

SUPPORT = (0.05, 0.95)
GRID_POINTS = 41
SIDES = (MORE_HOURS, FEWER_HOURS)
WITHIN_THE_WINDOW = (
    "it would adjust for screens and reported use of the same {days} days whose hours it compares, not for what came "
    "before them"
)


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Intensity,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
) -> Answered:
    """Counts, estimates and curves of one row, for each arm of the contrast (the arm is the row's group)."""
    window = tables.window(setting.window_days)
    outcome = at_a_day.read(tables.abstinence, tables.people, ask, endpoint)
    arm, staying = tables.arm(setting.contrast), window["in_care_at_end"].to_numpy()
    if window["hours_per_week"].isna().all():
        silent = "no attended hours are recorded in this cohort"
    else:
        silent = outcome.untold()
    if not silent and tables.use_within(setting.window_days, staying & ~np.isnan(arm)):
        silent = WITHIN_THE_WINDOW.format(days=setting.window_days)
    if silent:
        return Answered(tuple(results.without(ask, SIDES, "not_possible", silent)))
    hours, used = window["hours_per_week"].to_numpy(), outcome.used(ask)
    found = []
    for side, value in ((contrast.first, 1), (contrast.second, 0)):
        members = arm == value
        # out of care by the window's end, or their level of the outcome
        shown = np.where(staying, outcome.levels, OUT_OF_CARE)[members]
        label = np.full(members.sum(), side.name, dtype=object)
        found.append(Answered(counts=tuple(results.count_rows(ask, label, shown, Some(BY_ARM, side.name)))))
        chosen = members & staying & used
        beside = tables.baseline(chosen)
        sample = Sample(tables.people[chosen].assign(arm=1).reset_index(drop=True), SIDES, inference, beside=beside)
        own = _ByHours(outcome.happened()[chosen], hours[chosen], setting, setting.compare.get(side.name), sample)
        found.append(_of_an_arm(ask, sample, own, gate, side.name))
    return together(found)


def _of_an_arm(ask: Analysis, sample: Sample, outcome: _ByHours, gate: Gate, name: str) -> Answered:
    """The contrast of more with fewer hours, and the curve, which needs no hours to compare."""
    found = answer(ask, sample, outcome, gate, some=Some(BY_ARM, name))
    return found if found.status == "gated" else replace(found, curves=tuple(outcome.curve(ask, name)))


@dataclass(frozen=True)
class _ByHours(WithoutHazards):
    """An outcome against hours a week, of the people of one arm who are in care.

    abstinent: (n,). hours: (n,) a week. wanted: the hours to compare, fewer first. sample: the people, with baseline
    covariates beside them.
    """

    no_hazard: ClassVar[str] = "hours a week are compared by risks, not by hazards"

    abstinent: Mask
    hours: Array
    setting: Intensity
    wanted: tuple[float, float] | None
    sample: Sample

    def used(self, ask: Analysis) -> Mask:
        """(n,) everyone."""
        return np.ones(len(self.hours), dtype=bool)

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
        events = int(self.abstinent.sum())
        if min(events, len(self.abstinent) - events) < fewest:
            return f"fewer than {fewest} people with, or without, the outcome among those still in care"
        return ""

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """At more and at fewer hours."""
        whole = self._standardised
        if not self._inside:
            raise NotPossible("the hours to compare lie outside the 5th to 95th percentile seen in this arm")
        fewer, more = whole.names[-2:]
        return whole.take(more, fewer)

    def curve(self, ask: Analysis, name: str) -> Iterator[Row]:
        """Points over the hours that were attended."""
        whole = self._standardised
        errors, reach = whole.standard_error(), whole.critical(self.sample.inference.confidence_level)
        for x, value, error in zip(self._grid, whole.value, errors, strict=False):
            at = round(float(x), 3)
            yield results.curve_point(ask, name, ask.outcome, "hours_per_week", at, float(value), float(error), reach)

    @property
    def _grid(self) -> Array:
        low, high = np.quantile(self.hours, SUPPORT)
        return np.linspace(low, high, GRID_POINTS)

    @property
    def _inside(self) -> bool:
        return self.wanted is not None and self._grid[0] <= self.wanted[0] and self.wanted[1] <= self._grid[-1]

    @cached_property
    def _standardised(self) -> Estimate:
        """Mean predicted abstinence at each point of the grid, and at the hours to compare if they lie within it."""
        at = splines.knots(self.hours, self.setting.knots)
        other = np.empty((len(self.hours), 0)) if self.sample.beside is None else self.sample.beside.dense()
        other = other[:, np.ptp(other, axis=0) > 0]

        def at_hours(value: float | Array) -> Array:
            return np.hstack([splines.basis(np.broadcast_to(value, len(self.hours)), at), other])

        columns = at_hours(self.hours)
        names = tuple(f"column {j + 1}" for j in range(columns.shape[1]))
        model = effects.fit_outcome("logistic", columns, self.abstinent.astype(float), names)
        points = np.concatenate([self._grid, self.wanted]) if self.wanted and self._inside else self._grid
        return self.sample.finish(effects.standardised_curve(model, at_hours, points), SPLINE)
