"""Further care after leaving: had everyone who left started it within so many days, against had nobody.

Crude rows are of the people who happened to start, and of those who did not: the sicker may start less often, or more.
They are shown as a warning. The others are of everyone who left as the question asks (`cohort.onward`), by clones that
are censored when they depart from a strategy, and weighted for that (`estimators.causal.starting`). Time zero is the
day of leaving. What is known then: the covariates at the start, the site, how long people were there, and what was
recorded of the weeks up to the last whole one before they left. Whoever left so late that the outcome would look back
to before the period has ended is not asked about. Days of outcomes count from the start of care, as interviews and
tests do. Gates and diagnostics of the weights are those of `clones`.
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
from iop_outcomes.analyses.outcomes import at_a_day
from iop_outcomes.analyses.person_weeks import EVENTS_PER_COLUMN, Weeks, indicators
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.causal.starting import starting_means
from iop_outcomes.estimators.causal.strategies import Followed
from iop_outcomes.protocol import Analysis, Endpoint, Gate, Inference, Starting
from iop_outcomes.tables.lookup import positions
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.methods import CRUDE

if TYPE_CHECKING:
    import pandas as pd

# of people who started within the period, who did not, and who died or were lost before that was told
FIRST, SECOND, NEITHER = 1, 0, 2
NOBODY_LEFT = "no one is on record as having left these levels of care, alive, in the ways that are asked about"
NOBODY_DID = "no one who left {did} further care within {days} days"


def answered(
    ask: Analysis, tables: Tables, setting: Starting, endpoint: Endpoint, gate: Gate, inference: Inference
) -> Answered:
    """Counts, estimates and diagnostics of one row."""
    names = (setting.first.name, setting.second.name)
    left = tables.onward[tables.onward["asked"] == ask.contrast]
    left = left[left["left_day"] + setting.within_days <= ask.horizon_days - endpoint.window_days]

    def without(reason: str, counts: tuple[results.Row, ...] = ()) -> Answered:
        return Answered(tuple(results.without(ask, names, "not_possible", reason)), counts=counts)

    if left.empty:
        return without(NOBODY_LEFT)
    among, own, left = who_left(tables, left)
    people = own.assign(arm=who_started(left, setting.within_days))
    sample = Sample(people, names, inference)
    outcome = at_a_day.read(tables.abstinence, sample.scores, ask, endpoint)
    counts = tuple(results.count_rows(ask, sample.label, outcome.levels))
    if nobody := nobody_did(people["arm"].to_numpy(), setting.within_days):
        return without(nobody, counts)
    if ask.method == CRUDE:
        return replace(answer(ask, sample, outcome, gate), counts=counts)
    whole = at_a_day.read(tables.abstinence, people, ask, endpoint)
    baseline = tables.baseline(among).dense()
    known = Known(left, baseline, people["site_id"].to_numpy(dtype=object), weeks_before(tables.doses, people, left))
    under = UnderStarting(ask, outcome, whole, baseline, gate, people["arm"].to_numpy(), known, setting)
    return replace(with_weights(ask, sample, under), counts=counts)


def who_left(tables: Tables, left: pd.DataFrame) -> tuple[Mask, pd.DataFrame, pd.DataFrame]:
    """(N,) who of everyone left; these n people; and their rows of the table onward, in their order."""
    among = tables.people["person_id"].isin(left["person_id"]).to_numpy()
    own = tables.people[among].reset_index(drop=True)
    return among, own, left.iloc[positions(own["person_id"], left["person_id"])].reset_index(drop=True)


def nobody_did(arm: Array, days: int) -> str:
    """That nobody of those who left started within so many days, or that nobody went without; '' where some did."""
    idle = [did for side, did in ((FIRST, "started"), (SECOND, "went without")) if not (arm == side).any()]
    return NOBODY_DID.format(did=idle[0], days=days) if idle else ""


def who_started(left: pd.DataFrame, grace: int) -> Array:
    """(n,) who started within the period, who did not, and who died or was lost in it before starting."""
    started = (left["started_after"] <= grace).fillna(False).to_numpy(dtype=bool)
    gone = ~started & (left["known_after"] < grace).to_numpy(dtype=bool)
    return np.select([started, gone], [FIRST, NEITHER], SECOND)


def weeks_before(doses: pd.DataFrame, people: pd.DataFrame, left: pd.DataFrame) -> Weeks:
    """The weeks of people up to the last whole one before they left: of a later day nothing was known then."""
    import pandas as pd

    whole = np.maximum(left["left_day"].to_numpy(dtype=np.int64) + 1, 0) // DAYS_PER_WEEK
    stay = pd.DataFrame({"days": whole * DAYS_PER_WEEK - 1, "cause": ""})
    return Weeks.of(doses, people, stay, int(whole.max()), None, np.empty((len(people), 0)))


@dataclass(frozen=True)
class Known:
    """What was known of n people on the day of leaving. left: rows of the table onward. fixed: (n, q) at the start.
    site: (n,). weeks: theirs, up to the last whole one.
    """

    left: pd.DataFrame
    fixed: Array
    site: results.Words
    weeks: Weeks

    def bearing(self, events: int) -> Array:
        """(n, p) the most columns that so many events can bear: all; without the site; how long they were there."""
        return next((t for t in self._tables if events >= EVENTS_PER_COLUMN * t.shape[1]), self._tables[-1])

    @cached_property
    def _tables(self) -> tuple[Array, ...]:
        days = self.left[["days_there", "left_day"]].to_numpy(dtype=float)
        person, told = self.weeks.last()
        by_week = np.zeros((len(days), told.shape[1] + 1))
        by_week[person, :-1] = told - told.mean(axis=0) if len(told) else told
        by_week[person, -1] = 1.0  # of some no whole week is on record
        columns = np.column_stack([days, self.fixed, by_week])
        without = columns[:, np.ptp(columns, axis=0) > 0]
        return np.column_stack([without, *indicators(self.site)]).astype(float), without, days[:, :1]


@dataclass(frozen=True)
class UnderStarting(ByClones):
    """A state on a day had everyone started, and had nobody. arm: (N,) who did. told_then: what was known of these."""

    arm: Array
    told_then: Known
    setting: Starting

    @cached_property
    def followed(self) -> Followed:
        """What comes of both. Raises EstimationError."""
        started, gone = self.arm == FIRST, self.arm == NEITHER
        table = self.told_then.bearing(min(int(started.sum()), int((self.arm == SECOND).sum())))
        few = self.told_then.bearing(int(gone.sum()))
        names = (self.setting.first.name, self.setting.second.name)
        answers = np.where(gone, 0.0, self.answers)
        return starting_means(
            answers, started, gone, table, self.setting.within_days, few, names, self.weight, self.setting.truncated
        )
