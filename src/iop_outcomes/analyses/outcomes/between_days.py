"""An event that is known to lie between two days: first use, after the last day known to be free of it and by the first
by which it is known.

Its times are compared by an accelerated failure time model of intervals, which takes no day within them for the event's
own. All intervals are taken whole, those that end beyond the horizon too: cut there, who had the event by an interview
held shortly after it would count as seen last at the interview before, and who had not, as free of it up to the
horizon, so that times came out too long. Curves of the share still free of it are drawn without a model (Turnbull's, of
which the data leave open a least and a greatest height on each day), by the model, and, to be held against both, as if
the event had happened on the day by which it is known. They have no limits, as the standard error of Turnbull's curve
has no simple form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.hazards import Ratios
from iop_outcomes.analyses.outcomes.to_an_event import DAY_0, ToAnEvent, called
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.parametric import AcceleratedFailureTime, free_by, interval_failure_time
from iop_outcomes.estimators.survival.turnbull import turnbull
from iop_outcomes.protocol import Analysis
from iop_outcomes.vocabulary.dated import BECAME_KNOWN, EARLIEST, LATEST, MODELLED
from iop_outcomes.vocabulary.measures import DISTRIBUTIONS

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.sample import Sample

STEP_DAYS = 7


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
        fit, name = self._fit(ask, sample)
        return Ratios(sample.finish(called(fit, name, sample), ask.method))

    def _fit(self, ask: Analysis, sample: Sample) -> tuple[AcceleratedFailureTime, str]:
        """The model, and the name of the first arm in it."""
        x, names = sample.columns(self.used(ask))
        weight = sample.weight(ask.method) * self.used(ask)
        lower, upper = self._between
        return interval_failure_time(x, lower, upper, names, DISTRIBUTIONS[ask.measure], weight=weight), names[0]

    @property
    def _between(self) -> tuple[Array, Array]:
        """(n,) and (n,): the event lies after the first and by the second, which is infinite where it was not seen."""
        upper = np.where(self.seen, np.maximum(self.days, DAY_0), np.inf)
        return np.minimum(self.after, upper), upper

    def used(self, ask: Analysis) -> Mask:
        """(n,) of whom something is known."""
        return self.seen | (self.days > 0)

    def curves(self, ask: Analysis, sample: Sample) -> Iterator[results.Row]:
        """Points of the share free of the event in each arm, every week and on the horizon, under each reading of the
        day. Raises EstimationError.
        """
        weight = sample.weight(ask.method) * self.used(ask)
        fit, arm = self._fit(ask, sample)
        for name, here in ((sample.names[0], sample.arm == 1), (sample.names[1], sample.arm == 0)):
            some = here & (weight > 0)
            days = self._drawn(ask, some)
            lower, upper = (end[some] for end in self._between)
            least, greatest = turnbull(lower, upper, weight[some]).survival(days)
            known = cuminc.survival(self.days[some], self.seen[some], days, weight[some]).value
            model = free_by(fit, days, {arm: float(name == sample.names[0])})
            for reading, heights in ((EARLIEST, least), (LATEST, greatest), (BECAME_KNOWN, known), (MODELLED, model)):
                for day, height in zip(days, heights, strict=True):
                    yield results.curve_point(ask, name, ask.outcome, reading.axis, day, float(height), np.nan, np.nan)

    def _drawn(self, ask: Analysis, some: Mask) -> Array:
        """Days of an arm's curve: as far as somebody is followed without the event, or all have had it."""
        last = ask.horizon_days if self.seen[some].all() else min(ask.horizon_days, int(self.days[some].max()))
        return np.unique([*range(STEP_DAYS, last + 1, STEP_DAYS), last]).astype(float)


def read(first_use: pd.DataFrame, people: pd.DataFrame, outcome: str) -> BetweenDays:
    """The two days of an outcome in the order of people."""
    own = in_order(first_use[first_use["outcome"] == outcome], people["person_id"])
    days, seen = own["days"].to_numpy(dtype=float), own["event"].to_numpy(dtype=bool)
    return BetweenDays(days, seen, own["after_days"].to_numpy(dtype=float))
