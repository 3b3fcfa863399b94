"""Intensity: abstinence at a horizon against attended hours a week, among people still in care at the window's end.

Within each arm means by hours are a spline as people came (naive), adjusted for the start, or among people weighted for
their hours (`by_hours`, `first_weeks`). Use within the window moves the hours and is moved by them: where it is on
record, a regression has nothing to adjust for that comes before the hours, and its answer is not possible; weights take
it up week by week. People who attended none of the hours are among the others, with no hours; where no hours are on
record at all, nothing is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import first_weeks
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer, together
from iop_outcomes.analyses.by_hours import Adjusted, ByHours, Weighted
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.first_weeks import Started
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.uneven import achieved, diagnosed
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.estimators.causal.marginal_structural import Weights
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Intensity
from iop_outcomes.tables.results import (
    BY_ARM,
    CORRELATION,
    CORRELATION_BEFORE,
    DIFFERENCE_BROUGHT_IN,
    LARGEST_CORRELATION,
    LARGEST_CORRELATION_BEFORE,
    MEAN_WEIGHT,
)
from iop_outcomes.vocabulary.answers import OUT_OF_CARE
from iop_outcomes.vocabulary.measures import FEWER_HOURS, MORE_HOURS
from iop_outcomes.vocabulary.methods import NAIVE, SPLINE

if TYPE_CHECKING:
    from iop_outcomes.estimators.base.arrays import Array

SIDES = (MORE_HOURS, FEWER_HOURS)
NO_HOURS = "no attended hours are recorded in this cohort"
WITHIN_THE_WINDOW = (
    "it would adjust for screens and reported use of the same {days} days whose hours it compares, not for what came "
    "before them"
)
# weights of people, or why there are none, by comparison and arm
Known = dict[tuple[str, str], Weights | str]


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Intensity,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
    known: Known,
) -> Answered:
    """Counts, estimates, diagnostics and curves of one row, for each arm of the contrast (the arm is the row's group).

    known: weights that rows before it have made.
    """
    window = tables.window(setting.window_days)
    outcome = at_a_day.read(tables.abstinence, tables.people, ask, endpoint)
    arm, staying = tables.arm(setting.contrast), window["in_care_at_end"].to_numpy()
    silent = NO_HOURS if window["hours_per_week"].isna().all() else outcome.untold()
    told = not silent and tables.use_within(setting.window_days, staying & ~np.isnan(arm))
    if told and ask.method == SPLINE:
        silent = WITHIN_THE_WINDOW.format(days=setting.window_days)
    if silent:
        return Answered(tuple(results.without(ask, SIDES, "not_possible", silent)))
    found, of_weeks = [], (tables.doses, tables.people, setting.window_days)
    for side, value in ((contrast.first, 1), (contrast.second, 0)):
        members = arm == value
        # out of care by the window's end, or their level of the outcome
        shown = np.where(staying, outcome.levels, OUT_OF_CARE)[members]
        label = np.full(members.sum(), side.name, dtype=object)
        found.append(Answered(counts=tuple(results.count_rows(ask, label, shown, Some(BY_ARM, side.name)))))
        compared = staying if ask.method == NAIVE else staying & first_weeks.at_one_level(*of_weeks)
        of_arm = _OfArm(ask, tables, setting, contrast, side.name, members, compared, outcome, gate, inference, told)
        found.append(of_arm.answered(known))
    return together(found)


@dataclass(frozen=True)
class _OfArm:
    """A question of one arm. members, staying: (N,) of everyone. told: use within the window is on record."""

    ask: Analysis
    tables: Tables
    setting: Intensity
    contrast: Contrast
    name: str
    members: Mask
    staying: Mask
    outcome: AtADay
    gate: Gate
    inference: Inference
    told: bool

    def answered(self, known: Known) -> Answered:
        """The contrast of more with fewer hours, and the curve, which needs no hours to compare."""
        some = Some(BY_ARM, self.name)
        if self.ask.method == SPLINE:
            return _shown(self.ask, self._adjusted(), self.gate, some)
        weights = self._weights(known)
        if isinstance(weights, str):
            return Answered(tuple(results.without(self.ask, SIDES, "gated", weights, some)))
        outcome = Weighted(*self._people(self.members), whole=weights, gate=self.gate, beside=self._beside)
        found = _shown(self.ask, outcome, self.gate, some)
        if self.ask.method == NAIVE:
            return found
        told = tuple(row | {"arm": self.name} for row in self._of_weights(outcome))
        people = {"n_effective": outcome.effective} if found.status == "ok" else {}
        return replace(
            found, estimates=tuple(r | people for r in found.estimates), diagnostics=(*found.diagnostics, *told)
        )

    def _adjusted(self) -> ByHours:
        """Of those who are there alone."""
        return Adjusted(*self._people(self.members & self.staying & self.outcome.used(self.ask)))

    def _people(self, among: Mask) -> tuple[Analysis, Mask, Array, Mask, Intensity, tuple[float, float] | None, Sample]:
        """What an outcome by hours is made of, of people `among` (N,)."""
        there = self.staying & self.outcome.used(self.ask)
        people = self.tables.people[among].assign(arm=1).reset_index(drop=True)
        sample = Sample(people, SIDES, self.inference, beside=self.tables.baseline(among))
        wanted = self.setting.compare.get(self.name)
        happened, hours = self.outcome.happened()[among], self._hours[among]
        return self.ask, happened, hours, there[among], self.setting, wanted, sample

    @property
    def _hours(self) -> Array:
        return self.tables.window(self.setting.window_days)["hours_per_week"].to_numpy()

    @property
    def _beside(self) -> Array | None:
        """Nothing of the naive answer."""
        if self.ask.method == NAIVE:
            return None
        there = self.staying & self.outcome.used(self.ask)
        return self._started.beside(self.outcome.happened()[self.members].astype(float), there[self.members])

    @cached_property
    def _started(self) -> Started:
        own, value = self.members, int(self.name == self.contrast.first.name)
        people = self.tables.people[own].assign(arm=value).reset_index(drop=True)
        return Started(
            people, self._hours[own], self.staying[own], self.tables.baseline(own),
            first_weeks.scheduled(self.tables.doses, people),
        )  # fmt: skip

    def _weights(self, known: Known) -> Weights | str:
        if self.ask.method == NAIVE:
            return first_weeks.naive(self.staying[self.members])
        key = self.ask.contrast, self.name
        if key not in known:
            try:
                known[key] = self._started.weights(
                    self.tables.doses, self.contrast, self.setting.window_days, self.told
                )
            except EstimationError as wrong:
                known[key] = str(wrong)
        return known[key]

    def _of_weights(self, outcome: Weighted) -> Iterator[Row]:
        """Diagnostics: what the weights achieve, and how the difference hangs on the largest of them, to two decimals,
        as they speak of no one.
        """
        whole, used = outcome.whole, outcome.weights
        names, before, after = self._started.correlations(used)
        yield from diagnosed(self.ask, whole, used, self.gate)
        for quantity, values in ((LARGEST_CORRELATION_BEFORE, before), (LARGEST_CORRELATION, after)):
            yield self._told(quantity, round(float(np.abs(values).max(initial=0)), 2))
        for name, *both in zip(names, before, after, strict=True):
            for quantity, value in zip((CORRELATION_BEFORE, CORRELATION), both, strict=True):
                yield self._told(quantity, round(float(value), 2)) | {"variable": name}
        for (low, high), weights, gap in outcome.brought_in():
            for quantity, value in {**achieved(weights), MEAN_WEIGHT: weights.mean}.items():
                yield self._told(quantity, round(value, 2)) | {"variable": f"{low:g} to {high:g}"}
            yield self._told(DIFFERENCE_BROUGHT_IN, gap) | {"variable": f"{low:g} to {high:g}"}

    def _told(self, quantity: str, value: float) -> Row:
        return results.diagnostic(self.ask, quantity, value, np.nan, "info")


def _shown(ask: Analysis, outcome: ByHours, gate: Gate, some: Some) -> Answered:
    found = answer(ask, outcome.sample, outcome, gate, some=some)
    return found if found.status == "gated" else replace(found, curves=tuple(outcome.curve(some.group)))
