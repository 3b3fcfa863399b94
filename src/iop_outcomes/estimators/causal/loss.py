"""The chance of not being lost to follow-up by a day, in time, and what an estimate gains and loses through it.

What happens: follow-up is cut into periods; a pooled logistic model of being lost in a period, among those who entered
it, has the period, the arm, the covariates and the arm by period (Robins & Finkelstein 2000, Biometrics 56:779).
Whoever left within a period was there for a part of it, and counts in the model, and in the chance, for that part. A
person's chance of being there still is the product of staying through every period before the day, or before what was
followed happened; whose state on the day is known weighs its inverse. What changes in time (the last screen,
attendance) stands in the model as it was when the period began: such things follow from the arm and foretell both loss
and what is followed, so that they are weighted by and never adjusted for. The estimation of the model is counted: the
influence of a person on its coefficients is that of all of the person's periods. Coefficients are held by a weak prior,
so that a kind of person who is never lost is no obstacle. Refused: a day that nobody's follow-up reaches.

Weights are not stabilised by the chance given arm alone, as those of models of hazards are: people whose state is known
before the day, as they have left, would be multiplied by another chance than those followed to it, and shares would be
of neither. Within those followed to the day it is one number for an arm, and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.rows import column, columns, indicator
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

PERIOD_DAYS = 30


@dataclass(frozen=True)
class StillFollowed:
    """Each person's chance of not being lost before their state on the day was known.

    value: (n,). known: (n,) whose state on the day is. score: (n, p) sums over a person's periods of residual times
    columns. moves: (n, p) derivatives of the log of 1 / value by the coefficients. root: (p, p) lower Cholesky root of
    the information.
    """

    value: Array
    known: Mask
    score: Array
    moves: Array
    root: Array

    @cached_property
    def _influence(self) -> Array:
        """(n, p) of each person on the coefficients."""
        return np.asarray(linalg.cho_solve((self.root, True), self.score.T).T)

    def through(self, moves: Array) -> Array:
        """(n, k) influence that comes through the model. moves: (n, k) derivatives of an estimate by the logarithm of
        each person's 1 / value.
        """
        return self._influence @ (self.moves.T @ moves)


def still_followed(
    time: ArrayLike,
    lost: ArrayLike,
    horizon: float,
    arm: ArrayLike,
    x: ArrayLike,
    period: float = PERIOD_DAYS,
    varying: ArrayLike | None = None,
) -> StillFollowed:
    """The chance by a horizon, of people last seen at time (n,), who were lost (n,) then, or left what is followed.

    arm: (n,) zeros and ones. x: (n, q) covariates, which may have no column. varying: (n, K, v) the same as they were
    when each of the first K periods began, which must reach to the horizon. Raises EstimationError.
    """
    last, gone = column(time, "time"), indicator(lost, "lost")
    n = last.size
    first = indicator(arm, "arm", n).astype(float)
    table = np.asarray(x, dtype=float).reshape(n, -1)
    table = columns(table, [f"covariate {at + 1}" for at in range(table.shape[1])], n)
    if not (last >= horizon).any() and gone.all():
        raise EstimationError(f"Nobody is followed to day {horizon:g}, so nobody's state on it is known.")
    starts = np.arange(0.0, horizon, period)
    lost_by = gone & (last < horizon)
    ends = np.minimum(starts + period, horizon)
    # periods that were passed whole, and the one in which a person was lost, or left part of the way through
    passed = (np.minimum(last, horizon)[:, None] >= ends).sum(axis=1)
    person, at = _rows(np.minimum(passed + 1, len(starts)))
    happened = lost_by[person] & (at == passed[person])
    share = np.clip((last[person] - starts[at]) / (ends - starts)[at], 0.0, 1.0)
    weight = np.where(happened, 1.0, share)
    moving = np.empty((n, len(starts), 0)) if varying is None else np.asarray(varying, dtype=float)
    if moving.ndim != 3 or moving.shape[0] != n or moving.shape[1] < len(starts) or not np.isfinite(moving).all():
        raise EstimationError(
            f"What changes in time has the shape {moving.shape}, or gaps; complete numbers of {n} people at the "
            f"beginning of {len(starts)} periods were expected."
        )
    z = _columns(at, first[person], np.hstack([table[person], moving[person, at]]), len(starts))
    beta, root = posterior_mode(z, happened.astype(float), weight)
    hazard = expit(z @ beta)
    stayed = np.where(happened, 0.0, weight)
    log_value = np.bincount(person, stayed * np.log1p(-hazard), n)
    score, moves = (_summed(person, each, z, n) for each in (weight * (happened - hazard), stayed * hazard))
    return StillFollowed(np.exp(log_value), ~lost_by, score, moves, root)


def _rows(periods: Whole) -> tuple[Whole, Whole]:
    """Person and period of each row, of people with so many periods (n,) from the first."""
    person = np.repeat(np.arange(len(periods)), periods)
    start = np.cumsum(periods) - periods
    return person, np.arange(len(person)) - start[person]


def _columns(at: Whole, arm: Array, x: Array, periods: int) -> Array:
    """(r, p) intercept, periods but the first, arm, arm by period, and covariates, with unit deviation."""
    later = (at[:, None] == np.arange(1, periods)).astype(float)
    raw = np.hstack([later, arm[:, None], arm[:, None] * later, x])
    away = raw - raw.mean(axis=0) if len(raw) else raw
    spread = away.std(axis=0) if len(raw) else np.ones(raw.shape[1])
    return np.column_stack([np.ones(len(at)), away / np.where(spread > 1e-12, spread, np.inf)])


def _summed(person: Whole, weight: Array, z: Array, n: int) -> Array:
    """(n, p) sums over each person's rows of weight (r,) times columns (r, p)."""
    return np.column_stack([np.bincount(person, weight * column_of, n) for column_of in z.T])
