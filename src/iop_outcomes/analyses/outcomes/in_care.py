"""Being in care still, and days in care.

Out of care is who has had the last day in care: that is the day after, so that a person discharged on day 90 was still
in care on day 90, and the mean counts days in care, first and last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses.outcomes.followed import Followed, Quantity, columns
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.vocabulary.endpoints import STAYING
from iop_outcomes.vocabulary.measures import MEAN_DAYS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class InCare(WithoutHazards, Followed):
    """People who are still there, not those who left. days: of the day after the last one. counted: in STAYING."""

    no_hazard: ClassVar[str] = "being in care has no hazard: ask for that of leaving"

    @cached_property
    def event(self) -> Mask:
        """(n,) whether being there was lost."""
        return self.left & (self.cause != STAYING[self.counted])

    @property
    def last_seen(self) -> Array:
        """(n,) the last day in care, or of observation."""
        return self.days - 1

    def there(self, ask: Analysis) -> Array:
        """(n,) 1 for who is there still."""
        return 1 - super().there(ask)

    @property
    def curves(self) -> tuple[str, ...]:
        """Its own alone."""
        return (self.counted,)

    def risk(self, name: str) -> Quantity:
        """The probability of being there; who completed may count as there."""
        kept = STAYING[name]
        if not kept:
            return cuminc.survival, {"event": self.left}
        return _kept, {"cause": np.select([self.cause == kept, self.left], [2, 1], 0)}

    def measured(self, ask: Analysis) -> Quantity:
        """Mean days up to the horizon, or the share who are there on it."""
        if ask.measure == MEAN_DAYS:
            return cuminc.restricted_mean, {"event": self.left, "tau": [ask.horizon_days]}
        return super().measured(ask)

    def unclear(self, ask: Analysis) -> str:
        """Mean days need every length of stay to the day."""
        if ask.measure != MEAN_DAYS:
            return super().unclear(ask)
        return "" if self.exact_to(ask.horizon_days) else "lengths of stay are known as intervals, not to the day"

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Mean days need no events."""
        return "" if ask.measure == MEAN_DAYS else super().few(ask, sample, fewest)


def _kept(**arguments: object) -> Estimate:
    """Probability of not having left by cause 1; who left by cause 2 stays counted."""
    lost = cuminc.cumulative_incidence(which=1, **arguments)  # type: ignore[arg-type]
    return lost.transform(lost.names, lambda v: 1 - v, -np.eye(len(lost.names)))


def read(retention: pd.DataFrame, people: pd.DataFrame, endpoint: Endpoint) -> InCare:
    """What an endpoint follows, in the order of people."""
    days, earliest, cause, reach = columns(retention, endpoint.followed, people, later=1)
    return InCare(days, earliest, cause, endpoint.kind, endpoint.followed in ("care", "index"), reach)
