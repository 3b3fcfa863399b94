"""Means under doses by weights: a marginal structural model of what hours and weeks of care do, among recorded weeks.

In order: of each week in care the choices that followed are modelled, on what is stable (level, week, scheduled and
last hours, what was known at the start, site) and on use and craving as they were told by then: to leave or not, where
the plan ends apart from elsewhere; to go on at another level, where it ends; and the category of the week's hours. The
weights of `marginal_structural` follow, and the outcome is regressed on weeks and hours of care, and weeks at each
level, of those observed; where there are outcomes enough, hours and what was known at the start count by how early and
how late care ended. What nobody told of use stands as it last was, at first in the middle, and is marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.courses import FIRST_LEVEL, in_weeks
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.doses import OUT, Course, Dose
from iop_outcomes.estimators.causal.marginal_structural import (
    Choice,
    MarginalStructuralModel,
    Structural,
    Weights,
    chain,
    stabilised_weights,
)
from iop_outcomes.estimators.causal.week_models import ENOUGH_LAST, ENOUGH_TOTAL, FADES
from iop_outcomes.tables.bands import WEEKLY_FROM
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK

if TYPE_CHECKING:
    import pandas as pd

# where straight lines may bend: of hours, of weeks from 0, and of weeks of care in the regression of the outcome
HOURS_BEND, WEEKS_BEND, CARE_BENDS = (3.0, 6.0, 9.0, 12.0, 20.0), (1.0, 4.0, 12.0), (4.0, 13.0)
# weeks that went the other way, below which a choice tells of next to nobody
FEWEST = 25
# outcomes of each kind by columns of the regression, below which what fades is left out of it, and then sites
EVENTS_PER_COLUMN = 5


@dataclass(frozen=True)
class WeightedWeeks:
    """Weeks of n people. course: what was recorded. scheduled: (n, T) hours. plan_left: (n, T) days to the planned end
    of the stay at the end of the week, missing without one. observed: (n, T) weeks within observation. names: of what
    was known at the start.
    """

    course: Course
    scheduled: Array
    plan_left: Array
    observed: Mask
    names: tuple[str, ...]

    @classmethod
    def of(cls, course: Course, doses: pd.DataFrame, people: pd.DataFrame, names: Sequence[str]) -> WeightedWeeks:
        """From rows of the table doses, people in the order of the course."""
        own, place, _ = in_weeks(doses, people, course.weeks)
        shape = course.used.shape
        scheduled, left, there = np.zeros(shape), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        scheduled[place] = own["hours_scheduled"].fillna(0.0).to_numpy(dtype=float)
        left[place] = own["planned_days_left"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        there[place] = True
        return cls(course, scheduled, left, there, tuple(names))

    @cached_property
    def at(self) -> tuple[Whole, Whole]:
        """(m,) person and week of each week in care."""
        person, week = np.nonzero(self.course.level != OUT)
        return person, week

    @cached_property
    def followed(self) -> Mask:
        """(m,) the week after each is within observation."""
        person, week = self.at
        return (week + 1 < self.course.weeks) & self.observed[person, np.minimum(week + 1, self.course.weeks - 1)]

    @cached_property
    def ending(self) -> Mask:
        """(m,) the plan ends by the end of the week after each."""
        return np.asarray(self.plan_left[self.at] < DAYS_PER_WEEK)

    @cached_property
    def choices(self) -> list[Choice]:
        """Of each week in care what could go one way or another, and did."""
        person, week = self.at
        level = self.course.level
        later = level[person, np.minimum(week + 1, self.course.weeks - 1)]
        goes_on, ends = self.followed, self.ending
        left, moved = later == OUT, (later != level[person, week]) & (later != OUT)
        category = np.searchsorted(WEEKLY_FROM, self.course.hours[person, week], side="right")
        choices = [
            Choice(left, goes_on & ~ends), Choice(left, goes_on & ends), Choice(moved, goes_on & ends & ~left),
            *chain(category),
        ]  # fmt: skip
        return [one for one in choices if one.fewest >= FEWEST]

    @cached_property
    def columns(self) -> tuple[Array, Array]:
        """(m, p) stable and (m, q) changing columns."""
        person, week = self.at
        course, level = self.course, self.course.level[self.at]
        levels = [level == one for one in np.unique(level)[1:]]
        scheduled = self.scheduled[person, week]
        planned = [*_bent(scheduled, HOURS_BEND), *(scheduled > cut for cut in WEEKLY_FROM[1:])]
        last = _bent(_before(course.hours, 0.0)[person, week], HOURS_BEND)
        parts = [*levels, self.ending, *_bent(week, WEEKS_BEND), *planned, *last, *course.start[person].T]
        parts += [scheduled * one for one in levels]
        states = [*_told(course.used, person, week)]
        if course.craving is not None:
            states += _told(course.craving, person, week)
        return np.column_stack(parts).astype(float), np.column_stack(states).astype(float)

    @cached_property
    def weights(self) -> Weights:
        """Stabilised weights. Raises EstimationError where nothing varies."""
        stable, changing = self.columns
        return stabilised_weights(self.choices, self.at[0], stable, changing, len(self.course.used))

    def means(self, doses: Mapping[str, Dose], after: Array, weights: Weights) -> Structural:
        """Means of after (n,), 0 or 1, missing where nobody knows, under doses.

        Raises EstimationError as `marginal_structural` does.
        """
        course, known = self.course, ~np.isnan(after)
        events = int(min((after[known] == 0).sum(), (after[known] == 1).sum()))
        own = self._history(course.level, course.hours, fading=True)
        fading = events >= EVENTS_PER_COLUMN * (own.shape[1] + course.start.shape[1])
        if not fading:
            own = self._history(course.level, course.hours, fading=False)
        varied = np.ptp(own[known], axis=0) > 0
        start, labels = course.fixed, list(self.names)
        if events >= EVENTS_PER_COLUMN * (varied.sum() + course.start.shape[1]):
            start, labels = course.start, [*labels, *(f"site {j + 1}" for j in range(course.sites.shape[1]))]
        shown = np.ptp(start[known], axis=0) > 0
        called = [*(f"summary of care {j + 1}" for j in range(varied.sum()))]
        model = MarginalStructuralModel(
            "logistic", after, own[:, varied], start[:, shown], known,
            names=(*called, *(label for label, there in zip(labels, shown, strict=True) if there)),
        )  # fmt: skip
        regimes = {}
        for name, dose in doses.items():
            level = dose.levels(1, course.weeks)
            regimes[name] = self._history(level, np.where(level != OUT, dose.hours, 0.0), fading)[:, varied]
        return model.means(regimes, weights)

    def _history(self, level: Whole, hours: Array, fading: bool) -> Array:
        """(n, r) summary of care, or (1, r) of what everyone had. fading: (n, r) with hours in all, and what was known
        at the start, by how early and how late care ended, as in `week_models.ended`. With one slope for all weeks,
        means at the end of a planned stay were low by up to a hundredth, in 300 samples of 4,000 people.
        """
        own = _summary(level, hours, self._levels)
        if not fading:
            return own
        weeks, total = (level != OUT).sum(axis=1), np.minimum(hours.sum(axis=1), ENOUGH_TOTAL)
        away = (np.maximum(FADES - weeks, 0.0)[:, None], np.maximum(weeks - FADES, 0.0)[:, None])
        parts = [own, *(total[:, None] * one for one in away), *(self.course.fixed * one for one in away)]
        people = len(self.course.fixed)
        return np.hstack([np.broadcast_to(part, (people, part.shape[1])) for part in parts])

    @property
    def _levels(self) -> list[int]:
        """Levels of care but the first."""
        return [int(one) for one in np.unique(self.course.level) if one not in (OUT, FIRST_LEVEL)]


def _summary(level: Whole, hours: Array, levels: Sequence[int]) -> Array:
    """(n, r) weeks of care, hours, those beyond enough in a week and in all, and weeks at levels."""
    total = hours.sum(axis=1)
    weeks = _bent((level != OUT).sum(axis=1), CARE_BENDS)
    own = [total, np.maximum(hours - ENOUGH_LAST, 0).sum(axis=1), np.maximum(total - ENOUGH_TOTAL, 0)]
    return np.column_stack([*weeks, *own, *((level == one).sum(axis=1) for one in levels)]).astype(float)


def _bent(values: Array | Whole, places: Sequence[float]) -> list[Array]:
    return [np.asarray(values, dtype=float), *(np.maximum(values - at, 0.0) for at in places)]


def _before(values: Array, first: float) -> Array:
    """(n, T) of each week what stood in the one before."""
    return np.hstack([np.full((len(values), 1), first), values[:, :-1]])


def _told(values: Array, person: Whole, week: Whole) -> list[Array]:
    """(m,) what was last told by each week, what by the one before, and whether this week did not tell."""
    known = ~np.isnan(values)
    at = np.where(known, np.arange(values.shape[1]), -1)
    last = np.maximum.accumulate(at, axis=1)
    middle = float(np.median(values[known]))
    carried = np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), middle)
    return [carried[person, week], _before(carried, middle)[person, week], ~known[person, week]]
