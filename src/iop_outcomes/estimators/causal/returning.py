"""Means had everyone started care within a grace period, and had nobody, of an event that may come within the period:
clone, censor, weight, day by day.

An event before care was started belongs to both strategies: until it came, the person had departed from neither. So it
cannot be decided at the end of the period alone who followed which: those who start early can no longer have the event
before it, and of those who did not start, too few would be left who had it. The chance of starting on a day is modelled
by logistic regression on the day and on what was known at time zero, of those who have neither started nor had the
event. With S(t) the chance of not having started by day t that follows from it, and F(t) = 1 - S(t), a person weighs

    under `none`    1 / S(t) of who had not started by the event on day t, or by the last day of the period, t;
    under `start`   1 / F(last) of who started; (F(last) - F(t)) / (F(last) S(t)) of who had the event on day t.

Under `none` whoever starts is censored then (Cain et al. 2010, International Journal of Biostatistics 6:2). Under
`start` everyone without the event has started by the last day, when those like them did who started in it: days are
drawn from F(t) / F(last). Without events in the period these are the weights of one decision (`starting`). On one day
starting comes before the event. The models count in the standard error (M-estimation, as in `strategies`). Refused: a
group that nobody is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.causal.chances import Chance, Scaled, fit_chance, standardised
from iop_outcomes.estimators.causal.strategies import Followed


def returning_means(
    y: Array,
    started: Array,
    ended: Array,
    x: Array,
    grace: int,
    names: tuple[str, str] = ("start", "none"),
    weight: Array | None = None,
    most: float | None = None,
) -> Followed:
    """Both means of y (n,), 0 and 1 or numbers.

    started, ended: (n,) days from time zero, from 1 on, on which further care was started, and on which the event came,
    or a death; infinite where they did not. Only those within the period are read, and the event where it came before
    care was started. x: (n, p) what the chance of starting depends on. grace: days of the period. weight: (n,) of
    people, in the means alone. most: quantile of weights beyond which they are cut off. Raises EstimationError.
    """
    seen = _Seen.of(started, ended, grace)
    if not seen.started.any() or seen.started.all():
        who = "nobody" if not seen.started.any() else "everybody"
        raise EstimationError(f"Within {grace} days {who} starts further care, so that there is nothing to compare.")
    model = _model(seen, x)
    counted = rows(y.size, weight, None)
    value, cut = np.empty(2), np.zeros(2, dtype=np.int64)
    gradient, weights, through = (np.zeros((y.size, 2)) for _ in range(3))
    for k, (own, slope) in enumerate((_under_start(seen, model), _under_none(seen, model))):
        there = (own > 0) & counted.used
        if not there.any():
            raise EstimationError(f"Nobody followed the strategy '{names[k]}', so it has no mean.")
        limit = np.inf if most is None else float(np.quantile(own[there], most))
        free = own <= limit
        held = np.where(there, np.minimum(own, limit), 0.0)
        cut[k], weights[:, k] = int((~free & there).sum()), counted.weight * held
        total = weights[:, k].sum()
        value[k] = weights[:, k] @ y / total
        gradient[:, k] = held * (y - value[k]) / total
        moved = (counted.weight * gradient[:, k] * free)[:, None] * slope
        through[:, k] = model.through(moved)
    found = counted.estimate(names, value, gradient, weights > 0)
    stacked = Estimate(found.names, found.value, found.influence + through, found.frequency, part=found.known_part())
    return Followed(stacked, weights, cut)


@dataclass(frozen=True)
class _Seen:
    """day: (n,) of starting, of the event before it, or else the last of the period. started, had: (n,) which of both.
    grace: days of the period.
    """

    day: Array
    started: Mask
    had: Mask
    grace: int

    @classmethod
    def of(cls, started: Array, ended: Array, grace: int) -> _Seen:
        """What came first within the period. Refuses days before 1, and missing ones."""
        for name, days in (("started", started), ("ended", ended)):
            if np.isnan(days).any() or (days < 1).any():
                raise EstimationError(f"`{name}` holds days before 1 or missing ones: give infinity where none came.")
        has = (started <= grace) & (started <= ended)
        had = ~has & (ended <= grace)
        return cls(np.where(has, started, np.where(had, ended, grace)), has, had, grace)

    @property
    def days(self) -> Array:
        """(grace,) the days of the period."""
        return np.arange(1.0, self.grace + 1)


@dataclass(frozen=True)
class _Starting:
    """chance: (n, grace) of starting on each day of the period, had nothing come before. x: its columns, of each person
    one day after the other. fitted: to the days that were seen.
    """

    chance: Array
    x: Scaled
    fitted: Chance

    @property
    def without(self) -> Array:
        """(n, grace) the chance of not having started by the end of each day."""
        return np.exp(np.log1p(-self.chance).cumsum(axis=1))

    def through(self, moved: Array) -> Array:
        """(n,) influence by way of the model. moved: (n, grace) of a mean by the linear predictors."""
        return np.asarray(self.fitted.influence @ self.x.sums(moved.ravel()))


def _model(seen: _Seen, x: Array) -> _Starting:
    """The chance of starting on each day."""
    n, days = len(seen.day), seen.days
    person, day = np.repeat(np.arange(n), seen.grace), np.tile(days, n)
    # the first day stands apart, as a transfer is one
    shape = [day == 1, np.log(day), np.log(day) ** 2] if seen.grace > 1 else []
    table = np.column_stack([*shape, np.asarray(x, dtype=float).reshape(n, -1)[person]])
    there = day <= seen.day[person]
    scaled, happened = standardised((table,), there), seen.started[person] & (day == seen.day[person])
    fitted = fit_chance(scaled.take(there), happened[there], person[there], n)
    chance = expit(scaled.take(np.ones_like(there)) @ fitted.beta)
    return _Starting(np.asarray(chance.reshape(n, seen.grace)), scaled, fitted)


def _under_none(seen: _Seen, model: _Starting) -> tuple[Array, Array]:
    """(n,) weights, and (n, grace) derivatives of their logs by the linear predictors of the days."""
    chance, without = model.chance, model.without
    at = without[np.arange(len(seen.day)), seen.day.astype(int) - 1]
    return np.where(seen.started, 0.0, 1 / at), chance * (seen.days <= seen.day[:, None])


def _under_start(seen: _Seen, model: _Starting) -> tuple[Array, Array]:
    """The same."""
    chance, without = model.chance, model.without
    by_then = without[np.arange(len(seen.day)), seen.day.astype(int) - 1]
    last = without[:, -1]
    some = 1 - last
    yet = np.where(seen.had, by_then - last, 0.0)
    had = np.where(yet > 0, yet / (some * by_then), 0.0)
    weights = np.where(seen.started, 1 / some, had)
    # of the chance of having started by the last day
    slope = -chance * (last / some)[:, None]
    so_far = chance * (seen.days <= seen.day[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        of_yet = (last[:, None] * chance - by_then[:, None] * so_far) / yet[:, None]
    return weights, slope + np.where((yet > 0)[:, None], of_yet + so_far, 0.0)
