"""What the table retention follows: days and causes of leaving, and who can be followed to a day.

Where leaving unplanned is known later than it happens, whoever shows none is followed to the last day on which one
could begin and still be known, and no further: of the days after it nobody can say who had left. So whatever is
followed of care stands on one clock: incidences of all ways of leaving, being in care, days in it, hazards, counts of
people.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self

import numpy as np

from iop_outcomes.analyses import doubly_robust
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.cohort.retention import of
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.loss import PERIOD_DAYS, still_followed
from iop_outcomes.estimators.causal.observed import Score, means_by_observation
from iop_outcomes.estimators.regression.imputation import cumulative_hazard
from iop_outcomes.estimators.survival import cuminc, pseudo
from iop_outcomes.protocol import Analysis
from iop_outcomes.vocabulary.causes import CENSORED, NOT_AT_RISK
from iop_outcomes.vocabulary.methods import AIPW, METHODS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.analyses.hazards import Ratios

# an estimator of `cuminc`, and its arguments beside arms, days, horizons and weights
Quantity = tuple[Callable[..., Estimate], dict[str, object]]


@dataclass(frozen=True)
class Followed(ABC):
    """Days (n,) and causes (n,) of leaving what an endpoint follows, of everyone; NOT_AT_RISK is one of the causes.

    days: by when it was left. earliest: when it may have been left first, where the end is known as an interval only.
    counted: what the endpoint counts, the name of its curve. drawn: it has weighted curves; the same question under
    another rule has none. reach: (n,) the last day to which each could be followed, whatever happened; None where that
    is not told. course: (n, K, v) what was recorded by the beginning of each month, for weights for loss; None where
    none are asked.
    """

    days: Array
    earliest: Array
    cause: NDArray[np.object_]
    counted: str
    drawn: bool = True
    reach: Array | None = None
    course: Array | None = None

    @cached_property
    def traits(self) -> tuple[Array, Array, Array]:
        """(n,) each: days, earliest and the number of the cause, all that a marginal estimate knows of people."""
        return self.days, self.earliest, self._numbered[0].astype(float)

    @cached_property
    def _numbered(self) -> tuple[Whole, NDArray[np.object_]]:
        """(n,) numbers of the causes, and their names."""
        import pandas as pd

        numbers, names = pd.factorize(self.cause)
        return np.asarray(numbers), np.asarray(names)

    def alike(self, rows: Alike) -> Self:
        """The same of rows of people who are alike in `traits`."""
        days, earliest, cause = rows.columns
        if days is self.days:
            return self
        names = self._numbered[1][cause.astype(int)]
        return replace(self, days=days, earliest=earliest, cause=names, reach=None, course=None)

    @cached_property
    def left(self) -> Mask:
        """(n,) whether the person was seen to leave."""
        return (self.cause != CENSORED) & self.at_risk

    @cached_property
    def at_risk(self) -> Mask:
        """(n,) whether what is followed could happen to the person; all others have no part in any estimate."""
        return np.asarray(self.cause != NOT_AT_RISK, dtype=bool)

    @property
    @abstractmethod
    def event(self) -> Mask:
        """(n,) whether what is counted happened; of being there, whether it was lost."""

    @property
    @abstractmethod
    def last_seen(self) -> Array:
        """(n,) the last day on which each was seen."""

    @property
    @abstractmethod
    def curves(self) -> tuple[str, ...]:
        """Names of the curves that belong together with what is counted."""

    @abstractmethod
    def risk(self, name: str) -> Quantity:
        """One curve by its name, one of `curves`."""

    def measured(self, ask: Analysis) -> Quantity:
        """What a row of the sheet asks for, at its horizon."""
        estimator, arguments = self.risk(self.counted)
        return estimator, {**arguments, "times": [ask.horizon_days]}

    def open_on(self, day: float) -> bool:
        """It is not known of everyone whether they had left by a day: lengths of stay are intervals that hold it."""
        earliest, days = self._spans
        return bool(((earliest <= day) & (day < days)).any())

    def exact_to(self, day: float) -> bool:
        """Every leaving up to a day is known to the day."""
        earliest, days = self._spans
        return not bool(((earliest < days) & (earliest <= day)).any())

    @cached_property
    def _spans(self) -> tuple[Array, Array]:
        """Earliest and latest days of leaving, each pair once."""
        import pandas as pd

        pairs = pd.DataFrame({"earliest": self.earliest, "days": self.days}).drop_duplicates()
        return pairs["earliest"].to_numpy(), pairs["days"].to_numpy()

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is at risk."""
        return self.at_risk

    def happened(self, ask: Analysis) -> Mask:
        """(n,) whether what is counted happened by the horizon."""
        return self.event & (self.days <= ask.horizon_days)

    def state(self, ask: Analysis) -> Array | None:
        """(n,) 1 for whom what is counted happened by the horizon; None where someone was last seen before."""
        early = self.at_risk & (self.cause == CENSORED) & (self.last_seen < ask.horizon_days)
        return None if early.any() else self.there(ask)

    def known(self, ask: Analysis) -> Array:
        """(n, 3) the event by the horizon, leaving, and its cumulative hazard by then (White & Royston 2009, Statistics
        in Medicine 28:1982).
        """
        return np.column_stack([self.happened(ask), self.left, cumulative_hazard(self.days, self.left)])

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """Lengths of stay are intervals that cannot tell, or an arm cannot be followed to the horizon."""
        return self.unclear(ask) or self._beyond(ask.horizon_days, sample)

    def unclear(self, ask: Analysis) -> str:
        """Why lengths of stay that are known as intervals cannot answer, or ''."""
        if self.open_on(ask.horizon_days):
            return f"lengths of stay are known as intervals, and day {ask.horizon_days} lies within one"
        return ""

    def _beyond(self, day: float, sample: Sample) -> str:
        some = self.at_risk
        reach = self.last_seen if self.reach is None else self.reach
        waiting = (self.cause == CENSORED) & (reach < day)
        return two_sides.beyond(sample.arm[some], reach[some], waiting[some], sample.names, day)

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few events, or people without one, in an arm."""
        some = self.at_risk
        return two_sides.too_few(sample.arm[some], self.happened(ask)[some], sample.names, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """The measure in each arm, first arm first; doubly robust from pseudo-observations."""
        if ask.method == AIPW:
            estimator, arguments = self.measured(ask)
            every = pseudo.pseudo_observations(estimator, sample.label, sample.names, time=self.days, **arguments)
            outcome = every[:, 0]
            found = doubly_robust.of_times(sample, outcome)
            return sample.finish(found, AIPW)
        if METHODS[ask.method].loss:
            return self._weighing_loss(ask, sample)
        by_arm = partial(self._by_arm, lambda own: own.measured(ask), sample.names)
        return sample.marginal(ask.method, by_arm, self.traits, self.at_risk)

    def _weighing_loss(self, ask: Analysis, sample: Sample) -> Estimate:
        """Shares with everyone weighing, too, for those like them who were lost before their state on the day was
        known.
        """
        if not sample.compared.all():
            raise NotPossible("weights for loss to follow-up are made of two arms, and there are more alongside")
        gone = self.at_risk & (self.cause == CENSORED)
        terms, first = sample.propensity.matrix.dense()[:, 1:], sample.arm == 1
        chance = still_followed(self.last_seen, gone, ask.horizon_days, first, terms, PERIOD_DAYS, self.course)
        score = Score(sample.slope(METHODS[ask.method].weights), sample.propensity.nuisance)
        known = chance.known & self.at_risk
        given, names = (self.there(ask), first, known, chance, sample.weight(ask.method)), sample.names
        return sample.finish(means_by_observation(*given, score=score, names=names), ask.method)

    def there(self, ask: Analysis) -> Array:
        """(n,) 1 for who is counted by a share of people on the day, of those of whom that is known."""
        return self.happened(ask).astype(float)

    def curve(self, ask: Analysis, sample: Sample, name: str, arm: str, times: Sequence[int]) -> Estimate:
        """One of `curves` at some days in one arm. Raises EstimationError."""

        def quantity(own: Followed) -> Quantity:
            estimator, arguments = own.risk(name)
            return estimator, {**arguments, "times": times}

        return sample.marginal(ask.method, partial(self._by_arm, quantity, (arm,)), self.traits, self.at_risk)

    def _by_arm(self, quantity: Callable[[Followed], Quantity], arms: tuple[str, ...], rows: Alike) -> Estimate:
        """A quantity in each of some arms, from rows of people who are alike."""
        own = self.alike(rows)
        estimator, arguments = quantity(own)
        weights = {"weight": rows.weight, "frequency": rows.frequency}
        return cuminc.by_arm(estimator, rows.label, arms, time=own.days, **weights, **arguments)

    @abstractmethod
    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """The ratio over all days, and by period; NotPossible where what is counted has no hazard."""

    @abstractmethod
    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """The finished log ratio of subdistribution hazards; NotPossible where what is counted has no hazard."""


def columns(
    retention: pd.DataFrame, follows: str, people: pd.DataFrame, later: int = 0
) -> tuple[Array, Array, NDArray[np.object_], Array | None]:
    """(n,) days, earliest days, causes, and how far each could be followed, in the order of people; days so many later.

    The last is None where the table does not tell it. Who left after it is not known to have: others may have left by
    then, which would be known later still.
    """
    own = of(retention, follows, people["person_id"])
    days, earliest = (own[c].to_numpy(dtype=float) for c in ("days_latest", "days"))
    told = [c for c in ("known_days", "observable_days") if c in own]
    reach, cause = own[told[0]].to_numpy(dtype=float) if told else None, own["cause"].to_numpy()
    if reach is not None:
        late = (days > reach) & (cause != NOT_AT_RISK)
        days, earliest = np.where(late, reach, days), np.where(late, reach, earliest)
        cause = np.where(late, CENSORED, cause)
    return days + later, earliest + later, cause, reach
