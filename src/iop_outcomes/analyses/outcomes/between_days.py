"""An event that is known to lie between two days: first use, after the last day known to be free of it and by the first
by which it is known.

Its times are compared by an accelerated failure time model of intervals, which takes no day within them for the event's
own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.hazards import Ratios
from iop_outcomes.analyses.outcomes.to_an_event import ToAnEvent
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival.parametric import interval_failure_time
from iop_outcomes.protocol import Analysis

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.sample import Sample


@dataclass(frozen=True)
class BetweenDays(ToAnEvent):
    """days: (n,) by which the event had happened, or the last day known. after: (n,) the last day before it on which it
    had not.
    """

    after: Array

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """None."""
        raise NotPossible("of a time between two days the ratio of times is estimated")

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """None."""
        raise NotPossible("the day of the event is not known: ask for the ratio of times")

    def modelled(self, ask: Analysis, sample: Sample) -> Ratios:
        """The log ratio of times of the first arm by the second."""
        x, names = sample.columns(self.used(ask))
        seen, day = self.happened(ask), float(ask.horizon_days)
        lower = np.minimum(self.after, day)
        # day 0 itself, whose logarithm is none, is taken as half a day
        upper = np.where(seen, np.maximum(self.days, 0.5), np.inf)
        weight = sample.weight(ask.method) * self.used(ask)
        fit = interval_failure_time(x, np.minimum(lower, upper), upper, names, weight=weight).estimate.take(names[0])
        return Ratios(sample.finish(replace(fit, names=(sample.called,)), ask.method))


def read(first_use: pd.DataFrame, people: pd.DataFrame, outcome: str) -> BetweenDays:
    """The two days of an outcome in the order of people."""
    own = in_order(first_use[first_use["outcome"] == outcome], people["person_id"])
    days, seen = own["days"].to_numpy(dtype=float), own["event"].to_numpy(dtype=bool)
    return BetweenDays(days, seen, own["after_days"].to_numpy(dtype=float))
