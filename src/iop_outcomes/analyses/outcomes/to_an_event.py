"""A time to an event that may not be seen: return to use, a run of screens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import hazards
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.outcomes.at_a_day import UNTOLD
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival.parametric import AcceleratedFailureTime, accelerated_failure_time
from iop_outcomes.protocol import Analysis
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT
from iop_outcomes.vocabulary.levels import NOT_KNOWN
from iop_outcomes.vocabulary.measures import DISTRIBUTIONS

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Words
    from iop_outcomes.analyses.sample import Sample


# the time of an event on day 0
DAY_0 = 0.5


def called(fit: AcceleratedFailureTime, name: str, sample: Sample) -> Estimate:
    """The log ratio of times of a fit, by its name in the model, under that of the comparison."""
    return replace(fit.estimate.take(name), names=(sample.called,))


@dataclass(frozen=True)
class ToAnEvent:
    """days: (n,) to the event, or to the last day known. seen: (n,) whether the event was."""

    days: Array
    seen: Mask

    def happened(self, ask: Analysis) -> Mask:
        """(n,) whether the event was seen by the horizon."""
        return self.seen & (self.days <= ask.horizon_days)

    def levels(self, ask: Analysis) -> Words:
        """(n,) 'event' or 'no_event' up to the horizon, or 'not_known' for whom nothing is known after day 0."""
        return np.select([self.happened(ask), self.used(ask)], [EVENT, NO_EVENT], NOT_KNOWN)

    def used(self, ask: Analysis) -> Mask:
        """(n,) of whom something is known."""
        return self.happened(ask) | (self.days > 0)

    def state(self, ask: Analysis) -> None:
        """None: its share by a day is not estimated."""

    def known(self, ask: Analysis) -> Array:
        """(n, 2) the event by the horizon, and the days up to it."""
        return np.column_stack([self.happened(ask), np.minimum(self.days, ask.horizon_days)])

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """It is known of no one, or an arm cannot be followed to the horizon."""
        some, day = self.used(ask), ask.horizon_days
        waiting = ~self.seen & (self.days < day)
        beyond = two_sides.beyond(sample.arm[some], self.days[some], waiting[some], sample.names, day)
        return beyond if some.any() else UNTOLD

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few events, or people without one, in an arm."""
        some = self.used(ask)
        return two_sides.too_few(sample.arm[some], self.happened(ask)[some], sample.names, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """None."""
        raise NotPossible("of a time to an event its hazard ratio is estimated, and no risk or mean")

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> hazards.Ratios:
        """Over all days up to the horizon."""
        days = np.minimum(self.days, ask.horizon_days)
        return hazards.over_all_days(ask, sample, days, self.happened(ask), self.used(ask))

    def modelled(self, ask: Analysis, sample: Sample) -> hazards.Ratios:
        """The log ratio of times of the first arm by the second, who has no event by the horizon being censored."""
        x, names = sample.columns(self.used(ask))
        days, weight = np.minimum(self.days, ask.horizon_days), sample.weight(ask.method) * self.used(ask)
        # an event on day 0, whose logarithm is none, is taken as one at half a day
        days = np.where(self.happened(ask), np.maximum(days, DAY_0), days)
        distribution = DISTRIBUTIONS[ask.measure]
        fit = accelerated_failure_time(x, days, self.happened(ask), names, distribution, weight=weight)
        return hazards.Ratios(sample.finish(called(fit, names[0], sample), ask.method))

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """None: nothing competes with the event."""
        raise NotPossible("no other event competes with this one: ask for its hazard ratio")


def read(first_use: pd.DataFrame, people: pd.DataFrame, outcome: str) -> ToAnEvent:
    """The times of an outcome in the order of people."""
    own = in_order(first_use[first_use["outcome"] == outcome], people["person_id"])
    return ToAnEvent(own["days"].to_numpy(dtype=float), own["event"].to_numpy(dtype=bool))
