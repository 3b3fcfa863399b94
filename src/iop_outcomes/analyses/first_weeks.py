"""Weights of people in care at the end of the first weeks for the hours a week that they attended in these.

Two things stand between hours and what becomes of people: what they were like at the start, and, where it is on record,
how they did in the very weeks, which moves hours and is moved by them. A covariate of the second kind is never adjusted
for in the regression of the outcome: it is in the weights alone, of each week up to that week.

In order: the weight of the weeks, of everyone who started (the chance of being still in care at the end of each, and of
the fourth of hours that it had, without tests and craving up to then by the same with them); that of the mean hours
given the covariates at the start, of those who stayed (`generalised_propensity`); their product. Weights of weeks leave
alone how hours and what was known at the start go together, so that the second hold among people so weighted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.courses import course
from iop_outcomes.analyses.weighted_weeks import FEWEST, WeightedWeeks
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
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.protocol import Contrast
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK

if TYPE_CHECKING:
    import pandas as pd

# what the hours of a week are one of: a fourth of those of all weeks
FOURTHS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Started:
    """The n people who started in an arm. hours: (n,) a week in the window. staying: (n,) in care at its end. baseline:
    known of each at the start.
    """

    people: pd.DataFrame
    hours: Array
    staying: Mask
    baseline: ModelMatrix

    def weights(self, doses: pd.DataFrame, contrast: Contrast, days: int, told: bool) -> Weights:
        """Of those who stayed, for their hours. told: tests or craving of the weeks are on record.

        Raises EstimationError, as where tests are on record but not week by week.
        """
        of_hours = of_some(dose_weights(self._varied, self.hours[self.staying]), self.staying)
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
        hours = own.hours[person, week]
        category = np.searchsorted(np.unique(np.quantile(hours[there], FOURTHS)), hours, side="right")
        choices = [Choice(left, known & ~ends), Choice(left, known & ends), *chain(category, there)]
        stable, changing = histories.columns
        return stabilised_weights(
            [one for one in choices if one.fewest >= FEWEST], person, stable, changing, len(self.hours)
        )


def naive(staying: Mask) -> Weights:
    """Everyone who stayed weighs one: those who happened to attend such hours."""
    return of_some(unweighted(int(staying.sum())), staying)
