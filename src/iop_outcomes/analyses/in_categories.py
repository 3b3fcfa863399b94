"""Hours a week in categories: abstinence at a horizon by what people attended, of those in care at the window's end.

Within each arm the mean of each category, and its difference from the category that the study names: as people came
(naive), or among people weighted for the category that they were in (`first_weeks`). Categories ask for no form of the
curve, and hide none of it: within one of them hours still differ. One with few people has no number and is no part of
the model; who attended none of the hours is in a category apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from iop_outcomes.analyses import first_weeks
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, together
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.first_weeks import Started, at_one_level, scheduled
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.rows import Row, Some
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.uneven import diagnosed, uneven
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.causal.generalised_propensity import by_category
from iop_outcomes.estimators.causal.marginal_structural import Weights
from iop_outcomes.protocol import Analysis, Categories, Contrast, Endpoint, Gate, Inference, Intensity
from iop_outcomes.tables import bands
from iop_outcomes.tables.results import BY_HOURS
from iop_outcomes.vocabulary.measures import DIFFERENCE
from iop_outcomes.vocabulary.methods import NAIVE

NO_HOURS = "no attended hours are recorded in this cohort"
FEW_PEOPLE = "fewer than {fewest} people of the arm, in care at the end of the window, attended such hours"
FEW_EVENTS = "fewer than {fewest} people with, or without, the outcome among those who attended such hours"
NOT_COMPARED = "there is no number for the category that others are compared with"
WHOSE = "weights for categories of hours"
# one category has nothing to be compared with
FEWEST_CATEGORIES = 2


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Intensity,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
) -> Answered:
    """Counts, estimates and diagnostics of one row, for each arm of the contrast (the arm is the row's group).

    setting: with categories, or those that categories have where nothing else is said.
    """
    categories = setting.categories or Categories()
    window = tables.window(setting.window_days)
    outcome = at_a_day.read(tables.abstinence, tables.people, ask, endpoint)
    arm, staying = tables.arm(setting.contrast), window["in_care_at_end"].to_numpy()
    hours = window["hours_per_week"].to_numpy()
    silent = NO_HOURS if window["hours_per_week"].isna().all() else outcome.untold()
    told = not silent and tables.use_within(setting.window_days, staying & ~np.isnan(arm))
    found = []
    for side, value in ((contrast.first, 1), (contrast.second, 0)):
        members = arm == value
        people = tables.people[members].assign(arm=value).reset_index(drop=True)
        started = Started(
            people, hours[members], staying[members], tables.baseline(members), scheduled(tables.doses, people)
        )
        own = _OfArm(ask, tables, setting, categories, contrast, side.name, members, started, outcome, gate, told)
        found.append(own.without("not_possible", silent) if silent else own.answered(inference))
    return together(found)


@dataclass(frozen=True)
class _OfArm:
    """A question of one arm. members: (N,) of everyone; started: these n. told: use within the window is on record."""

    ask: Analysis
    tables: Tables
    setting: Intensity
    categories: Categories
    contrast: Contrast
    name: str
    members: Mask
    started: Started
    outcome: AtADay
    gate: Gate
    told: bool

    def without(self, status: str, reason: str) -> Answered:
        """Why no category has a number."""
        return Answered(tuple(chain.from_iterable(self._row_without(one, status, reason) for one in self._names)))

    def answered(self, inference: Inference) -> Answered:
        """The categories with enough people, each with its difference from the one that the study names."""
        counts = tuple(self._counts())
        if len(self._enough) < FEWEST_CATEGORIES:
            reason = FEW_PEOPLE.format(fewest=self.categories.fewest)
            return replace(self.without("gated", reason), counts=counts)
        try:
            whole = self._weights()
            used = whole.brought_in(self.setting.truncated)
            told = tuple(self._of_weights(whole, used))
            if wrong := "" if self.ask.method == NAIVE else uneven(whole, used, self.gate, WHOSE):
                return replace(self.without("gated", wrong), counts=counts, diagnostics=told)
            estimate = self._means(used, inference)
        except EstimationError as wrong:
            return replace(self.without("gated", str(wrong)), counts=counts)
        rows = tuple(self._rows(estimate, inference.confidence_level, used))
        return Answered(rows, diagnostics=told, counts=counts)

    @property
    def _names(self) -> tuple[str, ...]:
        """(K,) all categories, fewer hours first."""
        return self.categories.names

    @cached_property
    def _category(self) -> Whole:
        """(n,) which of them each person is in."""
        return np.searchsorted(bands.hours_from(self.categories.cuts), np.nan_to_num(self.started.hours), side="right")

    @cached_property
    def _enough(self) -> tuple[int, ...]:
        """Which categories have enough people in care at the end of the window, whatever their outcome."""
        people = np.bincount(self._category[self.started.staying], minlength=len(self._names))
        return tuple(int(one) for one in np.flatnonzero(people >= self.categories.fewest))

    @cached_property
    def _among(self) -> Mask:
        """(n,) who is in one of these."""
        return np.asarray(self.started.staying & np.isin(self._category, self._enough))

    @cached_property
    def _compared(self) -> Mask:
        """(n,) of these, whose outcomes are compared: by weights of those alone who stayed at one level of care."""
        if self.ask.method == NAIVE:
            return self._among
        window = self.tables.doses, self.started.people, self.setting.window_days
        return np.asarray(self._among & at_one_level(*window))

    @cached_property
    def _there(self) -> Mask:
        """(n,) of these, who is in the denominator."""
        return np.asarray(self._compared & self.outcome.used(self.ask)[self.members])

    @property
    def _code(self) -> Whole:
        """(n,) place among the categories with enough people; 0 of whoever is in none, and counts for nothing."""
        return np.where(self._compared, np.searchsorted(self._enough, self._category), 0)

    @property
    def _y(self) -> Array:
        return self.outcome.happened()[self.members].astype(float)

    def _weights(self) -> Weights:
        """Of those among the categories. Raises EstimationError."""
        if self.ask.method == NAIVE:
            return first_weeks.naive(self._compared)
        given = self._code, self._compared, self.tables.doses, self.contrast, self.setting.window_days, self.told
        return self.started.category_weights(*given)

    def _means(self, weights: Weights, inference: Inference) -> Estimate:
        """Of each category with enough people, by its name. Raises EstimationError."""
        names = [self._names[one] for one in self._enough]
        beside = None if self.ask.method == NAIVE else self.started.beside(self._y, self._there)
        own = weights.people.astype(float)
        response = by_category(self._y, self._code, names, observed=self._there, weight=own, beside=beside)
        found = response.means(weights).estimate
        people = self.started.people.assign(arm=1)
        return Sample(people, (self.name, self.name), inference).finish(found, self.ask.method)

    def _rows(self, estimate: Estimate, level: float, used: Weights) -> Iterator[Row]:
        reference = self._reference
        fewest = self.gate.min_events
        absent = {name: FEW_PEOPLE.format(fewest=self.categories.fewest) for name in self._names}
        absent |= dict.fromkeys(estimate.names, FEW_EVENTS.format(fewest=fewest))
        numbered = {name for name in estimate.names if self._fewest(name) >= fewest}
        for name in self._names:
            if name not in numbered:
                yield from self._row_without(name, "gated", absent[name])
                continue
            some = self._some(name)
            people = self._effective(used, name)
            yield results.from_estimate(self.ask, name, estimate.take(name), level, people, tested=False, some=some)
            if reference in numbered - {name}:
                gap, people = difference(estimate, name, reference), self._effective(used, name, reference)
                yield results.from_estimate(self.ask, DIFFERENCE, gap, level, people, some=some)
            elif reference and name != reference:
                missing = {"status": "gated", "reason": NOT_COMPARED}
                yield results.row(self.ask, DIFFERENCE, some) | missing

    def _effective(self, used: Weights, *names: str) -> dict[str, float]:
        """Of the people of these categories."""
        own = self._there & np.isin(self._category, [self._names.index(name) for name in names])
        return {"n_effective": effective_sample_size(used.weight[own])}

    def _row_without(self, name: str, status: str, reason: str) -> Iterator[Row]:
        """A category without a number, and without a difference where one was asked for."""
        compared = self._reference and name != self._reference
        for of in (name, DIFFERENCE) if compared else (name,):
            yield results.row(self.ask, of, self._some(name)) | {"status": status, "reason": reason}

    @property
    def _reference(self) -> str:
        return self.categories.compared_with(self.name)

    def _some(self, name: str) -> Some:
        """A category of the arm, by where it begins."""
        return Some(BY_HOURS, self.name, hours_per_week=self.categories.begins(name))

    def _fewest(self, name: str) -> int:
        """People of a category with the outcome, or without it, whichever are fewer."""
        own = self._there & (self._category == self._names.index(name))
        return int(min((self._y[own] == 1).sum(), (self._y[own] == 0).sum()))

    def _counts(self) -> Iterator[Row]:
        """People of each category with enough of them, by what became of them."""
        label = np.asarray(self._names, dtype=object)[self._category[self._among]]
        levels = self.outcome.levels[self.members][self._among]
        yield from results.count_rows(self.ask, label, levels, Some(BY_HOURS, self.name))

    def _of_weights(self, whole: Weights, used: Weights) -> Iterator[Row]:
        """Diagnostics: what the weights achieve."""
        if self.ask.method != NAIVE:
            yield from (row | {"arm": self.name} for row in diagnosed(self.ask, whole, used, self.gate))
