"""A time to an event that may not be seen: return to use, a run of screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import hazards
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.outcomes.at_a_day import UNTOLD
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.protocol import Analysis
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT
from iop_outcomes.vocabulary.levels import NOT_KNOWN

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.rows import Words
    from iop_outcomes.analyses.sample import Sample


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


def read(first_use: pd.DataFrame, people: pd.DataFrame, outcome: str) -> ToAnEvent:
    """The times of an outcome in the order of people."""
    own = in_order(first_use[first_use["outcome"] == outcome], people["person_id"])
    return ToAnEvent(own["days"].to_numpy(dtype=float), own["event"].to_numpy(dtype=bool))
