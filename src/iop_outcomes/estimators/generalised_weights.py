"""Weights for three or more arms, made of generalised propensity scores, and the weighted means of the arms.

What happens: a table of tilting functions h turns scores e_k(x) = P(arm k | x) into weights h(x) / e_z(x), z the arm
received, with their derivatives by the linear predictors of the multinomial model, by which `estimate.stack` counts
that the scores were estimated; weights are brought in to two of their quantiles where that is asked for. h decides for
whom the weighted contrasts of all arms speak (Li & Li 2019, Annals of Applied Statistics 13:2389, table 1). The kinds
have the names of `propensity.WEIGHTINGS`, and for two arms the same weights. Refused: scores of 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Estimate
from iop_outcomes.estimators.multinomial import checked_scores
from iop_outcomes.estimators.propensity import truncate
from iop_outcomes.estimators.rows import codes, columns, rows
from iop_outcomes.estimators.truncation import Quantiles


@dataclass(frozen=True)
class Tilt:
    """A kind of weights for K arms.

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


TILTS: dict[str, Tilt] = {
    "iptw": Tilt("everyone", _one, np.zeros_like, stabilised=True),
    "iptw_unstabilised": Tilt("everyone", _one, np.zeros_like),
    "overlap": Tilt(
        "those with a chance of every arm",
        lambda e: 1 / (1 / e).sum(axis=1),
        lambda e: ((1 / e).sum(axis=1)[:, None] * e) ** -2,
    ),
    "matching": Tilt("those who could be matched", lambda e: e.min(axis=1), _least),
    "entropy": Tilt(
        "those with a chance of every arm", lambda e: -(e * np.log(e)).sum(axis=1), lambda e: -np.log(e) - 1
    ),
}


def generalised_weights(
    kind: str,
    arm: ArrayLike,
    score: ArrayLike,
    target: int | None = None,
    truncated: Quantiles | None = None,
    frequency: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """(n,) weights, and (n, K - 1) their derivatives by the linear predictors of arms 1 to K - 1.

    kind: one of TILTS, or 'att' for the people of arm `target`. arm: (n,) coded 0 to K - 1. score: (n, K). truncated:
    lower and upper quantile of the weights, taken as known; a truncated weight does not move with the scores.
    frequency: (n,) people per row, for the quantiles and for the shares of stabilised weights, which are taken as
    constants, as they cancel from Hajek means. Raises EstimationError for scores of 0 or 1.
    """
    group = codes(arm, "arm", np.size(arm))
    e = checked_scores(score, group)
    tilt = _tilt(kind, e.shape[1], target)
    own = np.eye(e.shape[1])[group]
    received = (e * own).sum(axis=1)
    h, slope = tilt.value(e), tilt.slope(e)
    # de_k / d(predictor of arm b) = e_k (1{k = b} - e_b), and d log e_z / d(predictor of arm b) = 1{z = b} - e_b
    by_predictor = e * (slope - (slope * e).sum(axis=1)[:, None])
    by_received = h[:, None] * (own - e)
    people = rows(len(group), None, frequency).frequency
    share = (people @ own / people.sum())[group] if tilt.stabilised else np.ones(len(group))
    weight, moves = share * h / received, ((share / received)[:, None] * (by_predictor - by_received))[:, 1:]
    if truncated is None:
        return weight, moves
    within, untouched = truncate(weight, *truncated, frequency=frequency)
    return within, moves * untouched[:, None]


def _tilt(kind: str, arms: int, target: int | None) -> Tilt:
    if kind == "att":
        if target is None or not 0 <= target < arms:
            raise EstimationError(f"Weights of kind 'att' need the target arm, one of 0 to {arms - 1}.")
        there = np.eye(arms)[target]
        return Tilt("those in the target arm", lambda e: e @ there, lambda e: np.broadcast_to(there, e.shape))
    if kind not in TILTS:
        raise EstimationError(f"There are no weights of kind '{kind}'. Choose one of att, {', '.join(TILTS)}.")
    return TILTS[kind]


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
    return counted.estimate(names, value, own * (outcome[:, None] - value) / size)
