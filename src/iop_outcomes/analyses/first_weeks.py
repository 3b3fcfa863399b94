"""Weights of people in care at the end of the first weeks for the hours a week that they attended in these.

Two things stand between hours and what becomes of people: what they were like at the start, and, where it is on record,
how they did in the very weeks, which moves hours and is moved by them. A covariate of the second kind is never adjusted
for in the regression of the outcome: it is in the weights alone, of each week up to that week.

Hours that were scheduled are of a third kind: they bound the hours of these weeks, and go on after them. Whoever
attends more for having been scheduled more does so later as well, which is not what hours of the first weeks do. So
they are in the regression of the outcome, with what was known at the start (`beside`), by which nothing is left that
the weights of weeks hold fixed. Whoever moved to another level of care has its hours then and later: weights are of
those who did not (`at_one_level`). Without either, in simulated cohorts, 11 hours a week against 7 seemed to do four
times what they do.

In order: the weight of the weeks, of everyone who started (the chance of being still there at the end of each, and of
the eighth of the scheduled hours that was attended, without tests and craving up to then by the same with them); that
of the mean hours given the covariates at the start, of those who stayed (`generalised_propensity`); their product.
Weights of weeks leave alone how hours and what was known at the start go together, so that the second hold among people
so weighted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.courses import course, in_weeks
from iop_outcomes.analyses.person_weeks import EVENTS_PER_COLUMN, indicators
from iop_outcomes.analyses.weighted_weeks import FEWEST, WeightedWeeks
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.doses import OUT
from iop_outcomes.estimators.causal.generalised_propensity import (
    category_weights,
    dose_correlation,
    dose_weights,
    of_some,
    product,
    seen_in_all,
    unweighted,
)
from iop_outcomes.estimators.causal.marginal_structural import Choice, Weights, chain, stabilised_weights
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, together
from iop_outcomes.protocol import Contrast
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.levels import NO_LEVEL

if TYPE_CHECKING:
    import pandas as pd

# what the attended share of a week's hours is one of: an eighth of those of all weeks
EIGHTHS = tuple(place / 8 for place in range(1, 8))
SCHEDULED, NOT_SCHEDULED = "scheduled hours", "no scheduled hours"
NOBODY_CAME = "nobody of the arm who was in care at the end of the window attended any hours in it"


@dataclass(frozen=True)
class Started:
    """The n people who started in an arm. hours: (n,) a week in the window. staying: (n,) in care at its end, without
    having moved. baseline: known of each at the start. scheduled: (n, k) hours that each was to attend, as `scheduled`
    has them; None: nothing of these is known.
    """

    people: pd.DataFrame
    hours: Array
    staying: Mask
    baseline: ModelMatrix
    scheduled: ModelMatrix | None = None

    def weights(self, doses: pd.DataFrame, contrast: Contrast, days: int, told: bool) -> Weights:
        """Of those who stayed, for their hours. told: tests or craving of the weeks are on record.

        Raises EstimationError, as where tests are on record but not week by week.
        """
        hours = self.hours[self.staying]
        if not (hours > 0).any():
            raise EstimationError(NOBODY_CAME)
        of_hours = of_some(dose_weights(self._varied, hours), self.staying)
        return product(of_hours, self._of_weeks(doses, contrast, days // DAYS_PER_WEEK)) if told else of_hours

    def category_weights(
        self, category: Whole, among: Mask, doses: pd.DataFrame, contrast: Contrast, days: int, told: bool
    ) -> Weights:
        """Of those who stayed and are `among` (n,) some categories, for the `category` (n,) that they are in, of 0 to
        K - 1; the others have none. told: as of `weights`.

        Raises EstimationError.
        """
        own = category[among]
        x = seen_in_all(self.baseline.take(among), own)
        found = of_some(category_weights(x, own), among)
        if not told:
            return found
        weeks = self._of_weeks(doses, contrast, days // DAYS_PER_WEEK)
        return product(found, replace(weeks, people=weeks.people & among))

    def correlations(self, weights: Weights) -> tuple[tuple[str, ...], Array, Array]:
        """Names of the columns known at the start, and (p,) their correlations with hours as people came, and
        weighted.
        """
        hours, table = self.hours[self.staying], self._varied
        before = dose_correlation(table, hours)
        return table.names, before, dose_correlation(table, hours, weights.weight[self.staying])

    def beside(self, y: Array, observed: Mask) -> Array | None:
        """(n, p) what the outcome y (n,), 0 or 1, of those observed is regressed on beside hours: scheduled hours, what
        was known at the start, and site, as far as there are people with and without the outcome for it, of every
        value both. None: nothing is left.
        """
        events = int(min(y[observed].sum(), (1 - y[observed]).sum()))
        for parts in self._tables:
            whole = reduce(together, parts)
            told = seen_in_all(whole.take(observed), y[observed]).names
            kept = whole.keep(np.isin(whole.names, told))
            if len(told) and events >= EVENTS_PER_COLUMN * len(told):
                return kept.dense()
        return None

    @property
    def _tables(self) -> Iterator[list[ModelMatrix]]:
        """What the outcome is regressed on, the most of it first."""
        planned = [] if self.scheduled is None else [self.scheduled]
        sites = np.column_stack([np.empty((len(self.people), 0)), *indicators(self.people["site_id"].to_numpy(object))])
        of_site = ModelMatrix(sites, tuple(f"site {place + 1}" for place in range(sites.shape[1])))
        yield [*planned, self.baseline, of_site]
        yield [*planned, self.baseline]
        if planned:
            yield planned

    @property
    def _varied(self) -> ModelMatrix:
        """What varies among those who stayed."""
        among = self.baseline.take(self.staying)
        return among.keep(np.isin(among.names, self.baseline.varying(self.staying).names))

    def _of_weeks(self, doses: pd.DataFrame, contrast: Contrast, weeks: int) -> Weights:
        own = course(doses, self.people, contrast, weeks + 1, self.baseline.dense())
        histories = WeightedWeeks.of(own, doses, self.people, self.baseline.names)
        person, week = histories.at
        there = week < weeks
        # what became of the last week of the window is told by who stayed, as everywhere
        out = own.level[person, np.minimum(week + 1, weeks)] == OUT
        left = np.where(week == weeks - 1, ~self.staying[person], out)
        known, ends = histories.followed & there, histories.ending
        scheduled = histories.scheduled[person, week]
        hours = own.hours[person, week] / np.where(scheduled > 0, scheduled, 1.0)
        category = np.searchsorted(np.unique(np.quantile(hours[there], EIGHTHS)), hours, side="right")
        choices = [Choice(left, known & ~ends), Choice(left, known & ends), *chain(category, there)]
        stable, changing = histories.columns
        return stabilised_weights(
            [one for one in choices if one.fewest >= FEWEST], person, stable, changing, len(self.hours)
        )


def scheduled(doses: pd.DataFrame, people: pd.DataFrame) -> ModelMatrix | None:
    """The logarithm of hours scheduled in the first week, of people (n,), and whether there are none, where the two
    kinds are: whoever has none stands in the middle. None: nobody has any on record.
    """
    own, (person, _), _ = in_weeks(doses, people, 1)
    hours = np.full(len(people), np.nan)
    hours[person] = own["hours_scheduled"].to_numpy(dtype=float)
    known = np.nan_to_num(hours) > 0
    if not known.any():
        return None
    log = np.log(np.where(known, hours, np.median(hours[known])))
    names = (SCHEDULED,) if known.all() else (SCHEDULED, NOT_SCHEDULED)
    return ModelMatrix(np.column_stack([log, ~known])[:, : len(names)], names)


def at_one_level(doses: pd.DataFrame, people: pd.DataFrame, days: int) -> Mask:
    """(n,) had no week at another level of care than the one where they started, of those in a window of days."""
    own, _, at = in_weeks(doses, people, days // DAYS_PER_WEEK)
    level = own["level_of_care"].to_numpy(dtype=object)
    moved = (level != NO_LEVEL) & (level != people["index_level"].to_numpy(dtype=object)[at])
    return np.bincount(at[moved], minlength=len(people)) == 0


def naive(staying: Mask) -> Weights:
    """Everyone who stayed weighs one: those who happened to attend such hours."""
    return of_some(unweighted(int(staying.sum())), staying)
