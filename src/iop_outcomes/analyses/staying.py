"""Strategies of how long to stay: had everyone of an arm stayed so long, against had everyone left by then.

Crude rows are of the people who happened to do what a strategy asks: who stayed had less use, and less reason to leave.
They are shown as a warning. The others are of everyone who started in the arm, by clones that are censored when they
depart from the strategy, and weighted for that (`estimators.causal.strategies`), with what was known of each week in
care (`person_weeks`). An outcome that was not observed leaves both the same way, by the rule of the question.

The gate asks that the weights leave enough of the people who followed a strategy as effective number of them, and that
no one weighs too much. What the weights achieve is told in the diagnostics: the effective share, the largest weight,
the mean over everyone, which is 1 where the models of leaving are right, and the largest difference that the people of
a strategy keep, as weighted, from everyone in what was known at the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.person_weeks import LOST, Weeks, week_left
from iop_outcomes.analyses.rows import Row
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import EstimationError, NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.strategies import Followed, Strategy, strategy_means
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Stay, Strategies
from iop_outcomes.protocol.staying import AT_LEAST, AT_MOST, EXACTLY
from iop_outcomes.tables.results import (
    EFFECTIVE_SHARE,
    LARGEST_DIFFERENCE,
    LARGEST_WEIGHT,
    MEAN_WEIGHT,
    TRUNCATED_SHARE,
)
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.hazards import Ratios

# of people who follow the first strategy, the second, or neither
FIRST, SECOND, NEITHER = 1, 0, 2
DECIDES: dict[str, Callable[[Stay], Strategy]] = {
    AT_LEAST: lambda stay: Strategy.at_least(stay.weeks),
    EXACTLY: lambda stay: Strategy.exactly(stay.weeks, stay.grace_weeks),
    AT_MOST: lambda stay: Strategy.at_most(stay.weeks + stay.grace_weeks),
}
NO_ONE_LEFT = "no one of the arm is known to have left care in the weeks that the strategies decide"


def answered(
    ask: Analysis,
    tables: Tables,
    setting: Strategies,
    contrast: Contrast,
    endpoint: Endpoint,
    gate: Gate,
    inference: Inference,
) -> Answered:
    """Counts, estimates and diagnostics of one row."""
    value = FIRST if setting.arm == contrast.first.name else SECOND
    started = tables.arm(setting.contrast) == value
    own = tables.people[started].reset_index(drop=True)
    stay = of(tables.retention, setting.follows, own["person_id"])
    people = own.assign(arm=who_followed(stay, setting))
    sample = Sample(people, (setting.first.name, setting.second.name), inference)
    outcome = at_a_day.read(tables.abstinence, sample.scores, ask, endpoint)
    counts = tuple(results.count_rows(ask, sample.label, outcome.levels))
    if ask.method == CRUDE:
        return replace(answer(ask, sample, outcome, gate), counts=counts)
    whole = at_a_day.read(tables.abstinence, people, ask, endpoint)
    baseline = tables.baseline(started).dense()
    weeks = Weeks.of(tables.doses, people, stay, setting.decided, setting.plan_tolerance_days, baseline)
    under = UnderStrategies(ask, outcome, whole, weeks, baseline, setting, gate)
    found = replace(answer(ask, sample, under, gate), counts=counts)
    try:
        told = (*found.diagnostics, *under.told())
    except EstimationError:  # which the answer says itself
        return found
    if found.status != "ok":
        return replace(found, diagnostics=told)
    effective = {"n_effective": float(under.followed.effective.sum())}
    return replace(found, estimates=tuple(row | effective for row in found.estimates), diagnostics=told)


def who_followed(stay: pd.DataFrame, setting: Strategies) -> Whole:
    """(n,) which strategy each person followed, by the week of leaving; who died or was lost in one of the weeks in
    which a strategy asks to leave followed none.
    """
    week, lost = week_left(stay), stay["cause"].isin(LOST).to_numpy()
    found = np.full(len(stay), NEITHER)
    for side, value in zip(setting.sides, (FIRST, SECOND), strict=True):
        first, last = side.leaves
        done = (week >= first) if last is None else (week >= first) & (week <= last) & ~lost
        found[done] = value
    return found


@dataclass(frozen=True)
class UnderStrategies:
    """A state on a day under two strategies.

    outcome: of the n people who followed one, as a sample compares them. whole: of all N who started. weeks: of these.
    baseline: (N, q) what was known of them at the start.
    """

    ask: Analysis
    outcome: AtADay
    whole: AtADay
    weeks: Weeks
    baseline: Array
    setting: Strategies
    gate: Gate

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator, of those compared."""
        return self.outcome.used(ask)

    def state(self, ask: Analysis) -> Array | None:
        """None: the means are of more people than those compared."""
        return None

    def known(self, ask: Analysis) -> Array:
        """(n, 2) of those compared."""
        return self.outcome.known(ask)

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """As of those compared; or nobody left, or followed one of the two."""
        return self.outcome.silent(ask, sample) or ("" if any(self.weeks.cause != "") else NO_ONE_LEFT)

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few people who followed a strategy with the outcome, or without."""
        return self.outcome.few(ask, sample, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Under the first and the second strategy. Raises EstimationError where the weights are too uneven."""
        found = self.followed
        for name, share, largest in zip(found.estimate.names, self._shares, self._largest, strict=True):
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
        return sample.finish(found.estimate, ask.method)

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """None."""
        raise NotPossible("strategies of staying are compared by risks, not by hazards")

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """None."""
        raise NotPossible("strategies of staying are compared by risks, not by hazards")

    @cached_property
    def followed(self) -> Followed:
        """What comes of both strategies. Raises EstimationError."""
        state, weeks = self.whole.state(self.ask), self.weeks
        if state is None:
            raise NotPossible("this reading of missing answers needs more than what each person answered")
        decides = {side.name: DECIDES[side.stay](side) for side in self.setting.sides}
        weight = self.whole.used(self.ask).astype(float)
        return strategy_means(state, weeks.person, weeks.week, weeks.ways(), decides, weight, self.setting.truncated)

    @property
    def _shares(self) -> Array:
        """(2,) effective numbers of people by those who followed."""
        return self.followed.effective / self.followed.people

    @property
    def _largest(self) -> Array:
        """(2,) largest weight by the mean of those who followed."""
        return self.followed.largest * self.followed.people

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
            MEAN_WEIGHT: weight.sum(axis=0) / used.sum(),
            LARGEST_DIFFERENCE: differences,
            TRUNCATED_SHARE: self.followed.truncated / self.followed.people,
        }
        return [
            results.diagnostic(self.ask, quantity, round(float(value), 2), limits.get(quantity, np.nan), "info")
            | {"arm": name}
            for quantity, found in values.items()
            for name, value in zip(self.followed.estimate.names, found, strict=True)
        ]
