"""Being back at a level of care that was left: had everyone who left started further care within so many days, against
had nobody.

Time zero is the day of leaving, and days of the outcome count from it. A return within the period counts under both
strategies where it came before further care was started, as the person had departed from neither; so does a death,
after which nobody returns (`estimators.causal.returning`). Whoever has not returned by the day, dead or alive, is
without the event. Who could not have been observed to the day, whatever happened, is left out. Crude rows compare those
who started within the period with all others, returns before they could have started among these: they are shown as a
warning. What is known on the day of leaving, gates and diagnostics are those of `starting`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.answer import Answered, answer
from iop_outcomes.analyses.clones import ByClones, with_weights
from iop_outcomes.analyses.dose_tables import Tables
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.analyses.starting import FIRST, NOBODY_LEFT, SECOND, Known, nobody_did, weeks_before, who_left
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.causal.returning import returning_means
from iop_outcomes.estimators.causal.strategies import Followed
from iop_outcomes.protocol import Analysis, Gate, Inference, Starting
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT, NOT_YET_OBSERVED
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd


def answered(ask: Analysis, tables: Tables, setting: Starting, gate: Gate, inference: Inference) -> Answered:
    """Counts, estimates and diagnostics of one row."""
    names = (setting.first.name, setting.second.name)
    left = tables.onward[tables.onward["asked"] == ask.contrast]

    def without(reason: str, counts: tuple[results.Row, ...] = ()) -> Answered:
        return Answered(tuple(results.without(ask, names, "not_possible", reason)), counts=counts)

    if left.empty:
        return without(NOBODY_LEFT)
    among, own, left = who_left(tables, left)
    days = Days.of(left)
    soon = (days.started <= setting.within_days) & (days.started <= days.ended)
    people = own.assign(arm=np.where(soon, FIRST, SECOND))
    sample, outcome = Sample(people, names, inference), AtADay(days.levels(ask.horizon_days))
    counts = tuple(results.count_rows(ask, sample.label, outcome.levels))
    if nobody := nobody_did(people["arm"].to_numpy(), setting.within_days):
        return without(nobody, counts)
    if ask.method == CRUDE:
        return replace(answer(ask, sample, outcome, gate), counts=counts)
    baseline = tables.baseline(among).dense()
    known = Known(left, baseline, people["site_id"].to_numpy(dtype=object), weeks_before(tables.doses, people, left))
    under = UnderReturning(ask, outcome, outcome, baseline, gate, days, soon, known, setting)
    return replace(with_weights(ask, sample, under), counts=counts)


@dataclass(frozen=True)
class Days:
    """Days (n,) from leaving: on which further care was started, and the person was back; infinite where they were not.
    ended: of the return, or the first on which nothing more is known. observed: to which the person could have been
    observed, infinite where records end with the death.
    """

    started: Array
    back: Array
    ended: Array
    observed: Array

    @classmethod
    def of(cls, left: pd.DataFrame) -> Days:
        """Those of rows of the table onward."""
        started, back, observed = (
            left[name].to_numpy(dtype=float, na_value=np.inf)
            for name in ("started_after", "returned_after", "observed_after")
        )
        known = left["known_after"].to_numpy(dtype=float)
        return cls(started, back, np.minimum(back, known + 1), observed)

    def levels(self, day: int) -> results.Words:
        """(n,) whether each was back by a day."""
        late, back = self.observed < day, self.back <= day
        return np.select([late, back], [NOT_YET_OBSERVED, EVENT], NO_EVENT).astype(object)


@dataclass(frozen=True)
class UnderReturning(ByClones):
    """Being back by a day had everyone started, and had nobody. soon: (n,) who started within the period, before being
    back. told_then: what was known on the day of leaving.
    """

    days: Days
    soon: Mask
    told_then: Known
    setting: Starting

    @cached_property
    def followed(self) -> Followed:
        """What comes of both. Raises EstimationError."""
        table = self.told_then.bearing(min(int(self.soon.sum()), int((~self.soon).sum())))
        names = (self.setting.first.name, self.setting.second.name)
        return returning_means(
            self.answers, self.days.started, self.days.ended, table, self.setting.within_days, names, self.weight,
            self.setting.truncated,
        )  # fmt: skip
