"""Weights made of propensity scores of two or more arms, how they move with the scores, and weighted means of arms.

What happens: a table of tilting functions h turns scores e_k(x) = P(arm k | x) into weights h(x) / e_z(x), z the arm
received, with their derivatives by the linear predictors of the score's model, by which `estimate.stack` counts that
the scores were estimated; weights are brought in to two of their quantiles where that is asked for (Cole & Hernan 2008,
American Journal of Epidemiology 168:656). h decides for whom the weighted contrasts of all arms speak (Li, Morgan &
Zaslavsky 2018, JASA 113:390, table 1; for several arms Li & Li 2019, Annals of Applied Statistics 13:2389, table 1).
Refused: scores of 0 or 1.

Of two arms the score may be given as P(arm 1) alone, (n,), and derivatives come alike; of K arms, coded 0 to K - 1, it
is (n, K), and derivatives by the predictors of arms 1 to K - 1 are (n, K - 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import codes, column, columns, indicator, quantile, rows
from iop_outcomes.estimators.regression.multinomial import checked_scores
from iop_outcomes.vocabulary import methods

Quantiles = tuple[float, float]


@dataclass(frozen=True)
class Tilt:
    """A kind of weights.

    population: whom the weighted contrasts speak for. value: h (n,) of the scores (n, K). slope: dh/de (n, K).
    stabilised: whether the weights of an arm are multiplied by its share, which changes no Hajek mean.
    """

    population: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    stabilised: bool = False


def _one(e: Array) -> Array:
    return np.ones(len(e))


def _least(e: Array) -> Array:
    """Where the smallest score is; of equal ones, the last."""
    arms = e.shape[1]
    return np.asarray(np.eye(arms)[arms - 1 - e[:, ::-1].argmin(axis=1)])


def _of_arm(k: int) -> Tilt:
    return Tilt(f"those in arm {k}", lambda e: e[:, k], lambda e: np.broadcast_to(np.eye(e.shape[1])[k], e.shape))


TILTS: dict[str, Tilt] = {
    methods.IPTW: Tilt("everyone", _one, np.zeros_like, stabilised=True),
    methods.IPTW_UNSTABILISED: Tilt("everyone", _one, np.zeros_like),
    methods.ATT: _of_arm(1),
    methods.ATC: _of_arm(0),
    methods.OVERLAP: Tilt(
        "those with a chance of every arm",
        lambda e: 1 / (1 / e).sum(axis=1),
        lambda e: ((1 / e).sum(axis=1)[:, None] * e) ** -2,
    ),
    methods.MATCHING: Tilt("those who could be matched", lambda e: e.min(axis=1), _least),
    methods.ENTROPY: Tilt(
        "those with a chance of every arm", lambda e: -(e * np.log(e)).sum(axis=1), lambda e: -np.log(e) - 1
    ),
}


def weights(
    kind: str,
    arm: ArrayLike,
    score: ArrayLike,
    frequency: ArrayLike | None = None,
    truncated: Quantiles | None = None,
) -> Array:
    """(n,) weights of a kind, one of TILTS.

    frequency: (n,) people per row, for the shares of stabilised weights and for quantiles. truncated: lower and upper
    quantile. Raises EstimationError for scores of 0 or 1.
    """
    tilt, group, e = _checked(kind, arm, score, frequency)
    received = np.take_along_axis(e, group[:, None], axis=1)[:, 0]
    found = _share(tilt, group, frequency) * tilt.value(e) / received
    return found if truncated is None else truncate(found, *truncated, frequency=frequency)[0]


def weight_slope(
    kind: str,
    arm: ArrayLike,
    score: ArrayLike,
    frequency: ArrayLike | None = None,
    truncated: Quantiles | None = None,
) -> Array:
    """(n,) or (n, K - 1) derivatives of the weights by the linear predictors, for `estimate.stack`.

    The shares of stabilised weights are taken as constants, as they cancel from Hajek means; so are quantiles: a
    truncated weight does not move.
    """
    tilt, group, e = _checked(kind, arm, score, frequency)
    own = np.eye(e.shape[1])[group]
    received = (e * own).sum(axis=1)
    h, slope = tilt.value(e), tilt.slope(e)
    share = _share(tilt, group, frequency)
    # de_k / d(predictor of arm b) = e_k (1{k = b} - e_b), and d log e_z / d(predictor of arm b) = 1{z = b} - e_b
    by_predictor = e * (slope - (slope * e).sum(axis=1)[:, None])
    moves = ((share / received)[:, None] * (by_predictor - h[:, None] * (own - e)))[:, 1:]
    if truncated is not None:
        moves = moves * truncate(share * h / received, *truncated, frequency=frequency)[1][:, None]
    return moves[:, 0] if np.ndim(score) == 1 else moves


def truncate(
    weight: ArrayLike, lower: float = 0.01, upper: float = 0.99, frequency: ArrayLike | None = None
) -> tuple[Array, Mask]:
    """Weights brought in to their own quantiles (of people), and which rows were left alone."""
    values = column(weight, "weight")
    low, high = quantile(values, (lower, upper), rows(values.size, None, frequency).frequency)
    return np.clip(values, low, high), (values >= low) & (values <= high)


def group_means(
    y: ArrayLike, arm: ArrayLike, names: Sequence[str], weight: ArrayLike, frequency: ArrayLike | None = None
) -> Estimate:
    """Hajek means sum W y / sum W of each of K arms, coded 0 to K - 1 and named by `names` (K)."""
    group = codes(arm, "arm", np.size(arm))
    outcome = columns(np.asarray(y, dtype=float)[:, None], ["y"], group.size)[:, 0]
    counted = rows(group.size, weight, frequency)
    own = np.eye(len(names))[group]
    size = counted.total @ own
    if (size == 0).any():
        raise EstimationError(f"No one with weight is in the arm '{names[int(size.argmin())]}', so it has no mean.")
    value = (counted.total * outcome) @ own / size
    return counted.estimate(names, value, own * (outcome[:, None] - value) / size, own > 0)


def _checked(kind: str, arm: ArrayLike, score: ArrayLike, frequency: ArrayLike | None) -> tuple[Tilt, Whole, Array]:
    """The tilt, (n,) codes of arms and (n, K) scores, which are looked at where there are people."""
    if kind not in TILTS:
        raise EstimationError(f"There are no weights of kind '{kind}'. Choose one of {', '.join(TILTS)}.")
    if np.ndim(score) == 1:
        treated = indicator(arm, "arm")
        group, s = treated.astype(np.int64), column(score, "score", treated.size)
        table: ArrayLike = np.column_stack([1 - s, s])
    else:
        group, table = codes(arm, "arm", np.size(arm)), score
    used = None if frequency is None else rows(group.size, None, frequency).used
    return TILTS[kind], group, checked_scores(table, group, used)


def _share(tilt: Tilt, group: Whole, frequency: ArrayLike | None) -> Array:
    """(n,) share of people in the arm of each row, or ones where weights are not stabilised."""
    if not tilt.stabilised:
        return np.ones(len(group))
    people = np.bincount(group, rows(len(group), None, frequency).frequency)
    return np.asarray((people / people.sum())[group])
