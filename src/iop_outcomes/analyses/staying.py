"""Strategies of how long to stay: had everyone of an arm stayed so long, against had everyone left by then.

Crude rows are of the people who happened to do what a strategy asks: who stayed had less use, and less reason to leave.
They are shown as a warning. The others are of everyone who started in the arm, by clones that are censored when they
depart from the strategy, and weighted for that (`estimators.causal.strategies`), with what was known of each week in
care (`person_weeks`). An outcome that was not observed leaves both the same way, by the rule of the question. Gates and
diagnostics of the weights are those of `clones`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer
from iop_outcomes.analyses.clones import ByClones, with_weights
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.person_weeks import LOST, Weeks, week_left
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.estimators.base.arrays import Whole
from iop_outcomes.estimators.causal.strategies import Followed, Strategy, strategy_means
from iop_outcomes.protocol import Analysis, Contrast, Endpoint, Gate, Inference, Stay, Strategies
from iop_outcomes.protocol.staying import AT_LEAST, AT_MOST, EXACTLY
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

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
    under = UnderStrategies(ask, outcome, whole, baseline, gate, weeks, setting)
    return replace(with_weights(ask, sample, under), counts=counts)


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
class UnderStrategies(ByClones):
    """A state on a day under two strategies of staying. weeks: of the N who started."""

    weeks: Weeks
    setting: Strategies

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """As of those compared; or nobody left, or followed one of the two."""
        return super().silent(ask, sample) or ("" if any(self.weeks.cause != "") else NO_ONE_LEFT)

    @cached_property
    def followed(self) -> Followed:
        """What comes of both strategies. Raises EstimationError."""
        weeks = self.weeks
        decides = {side.name: DECIDES[side.stay](side) for side in self.setting.sides}
        return strategy_means(
            self.answers, weeks.person, weeks.week, weeks.ways(), decides, self.weight, self.setting.truncated
        )
