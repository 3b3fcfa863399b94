"""Ways of leaving that compete with each other, and events beside leaving that death competes with.

Weighted cumulative incidence is Aalen-Johansen, never one minus Kaplan-Meier: completion, transfer, death and other
exits compete with an unplanned discharge. The level is left on its last day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import hazards
from iop_outcomes.analyses.outcomes.followed import Followed, Quantity, columns
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.vocabulary.causes import LEAVING
from iop_outcomes.vocabulary.endpoints import COUNTED, EVENTS
from iop_outcomes.vocabulary.measures import RISK

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Competing(Followed):
    """One cause, counted, among all that end what is followed. alone: its event is no way of leaving care."""

    alone: bool = False

    @cached_property
    def event(self) -> Mask:
        """(n,) whether the person left by the cause that is counted."""
        return np.asarray(self.cause == self.counted, dtype=bool)

    @property
    def last_seen(self) -> Array:
        """(n,) the day of leaving, or of the end of observation."""
        return self.days

    @cached_property
    def codes(self) -> Whole:
        """(n,) causes as whole numbers from 1 in the order of COUNTED, 0 when censored."""
        return np.select([self.cause == c for c in COUNTED], range(1, len(COUNTED) + 1), 0)

    @property
    def curves(self) -> tuple[str, ...]:
        """Every cause of leaving; an event that is none stands alone."""
        return (self.counted,) if self.alone else LEAVING

    def risk(self, name: str) -> Quantity:
        """Cumulative incidence of a cause."""
        return cuminc.cumulative_incidence, {"cause": self.codes, "which": COUNTED.index(name) + 1}

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Cumulative incidences by the horizon."""
        if ask.measure != RISK:
            raise NotPossible("a mean of days is of days in care, and this outcome is a way of leaving or an event")
        return super().means(ask, sample)

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> hazards.Ratios:
        """Cause-specific: others who leave are censored. Grouped-time hazards where the days are not known."""
        if not self.exact_to(ask.horizon_days):
            return self._grouped(ask, sample)
        days, event = np.minimum(self.days, ask.horizon_days), self.happened(ask)
        whole = hazards.over_all_days(ask, sample, days, event, self.at_risk)
        periods, p_value = hazards.by_period(ask, sample, days, event, fewest)
        return replace(whole, periods=periods, one_ratio=p_value)

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """Others who leave stay at risk; censoring is estimated within each arm."""
        if not self.exact_to(ask.horizon_days):
            raise NotPossible("lengths of stay are known as intervals, and subdistribution hazards need the day")
        days = np.minimum(self.days, ask.horizon_days)
        cause = np.where(self.happened(ask), 1, np.where(self.left & (self.days <= days), 2, 0))
        return hazards.of_subdistributions(ask, sample, days, cause, self.at_risk)

    def _grouped(self, ask: Analysis, sample: Sample) -> hazards.Ratios:
        """Of lengths of stay known as intervals, of which none holds the horizon."""
        day = ask.horizon_days

        def ratio(rows: Alike) -> Estimate:
            own = self.alike(rows)
            low, high, left = own.earliest - 1, own.days, own.left & (own.days <= day)
            borders = np.unique(np.concatenate([[0.0, day], low[left], high[left]]))
            seen = borders[np.searchsorted(borders, np.minimum(own.days, day), side="right") - 1]
            cause = np.where(left, np.where(own.event, 1, 2), 0)
            low, high = np.where(left, low, seen), np.where(left, high, seen)
            return hazards.grouped_time(rows, sample.names[0], low, high, cause, borders)

        return hazards.Ratios(sample.marginal(ask.method, ratio, self.traits, self.at_risk))


def read(retention: pd.DataFrame, people: pd.DataFrame, endpoint: Endpoint) -> Competing | None:
    """What an endpoint follows, in the order of people; None where its event is recorded of no one."""
    alone = endpoint.kind in EVENTS
    if alone and not (retention["follows"] == endpoint.followed).any():
        return None
    days, earliest, cause, reach = columns(retention, endpoint.followed, people)
    drawn = alone or endpoint.followed in ("care", "index")
    return Competing(days, earliest, cause, endpoint.counted, drawn, reach, alone=alone)
