"""Propensity scores, and the weights made of them; how well they balance is told by `balance`.

What happens, in order: a logistic model of the arm gives each person's score and influence on its
coefficients; a table of tilting functions h turns scores into weights, and their derivatives into the
slopes by which `estimate.stack` counts that the score was estimated. Refused: separation, which means that some
kind of person is only ever seen in one arm, and scores of exactly 0 or 1.

With s = P(arm 1 | x), arm 1 gets weight h(s) / s and arm 0 gets h(s) / (1 - s); h decides for whom the
weighted contrast speaks (Li, Morgan & Zaslavsky 2018, JASA 113:390, table 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Nuisance
from iop_outcomes.estimators.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression import solve
from iop_outcomes.estimators.rows import Mask, column, indicator, quantile, rows


@dataclass(frozen=True)
class Propensity:
    """A logistic model of the arm.

    score: (n,) probability of arm 1. nuisance: its coefficients with each person's influence on them.
    coefficient: (q,), intercept first. standard_error: (q,), as the model implies.
    """

    score: Array
    nuisance: Nuisance
    coefficient: Array
    standard_error: Array

    @property
    def names(self) -> tuple[str, ...]:
        """(q,) names of the coefficients, the intercept first."""
        return self.nuisance.matrix.names


@dataclass(frozen=True)
class Weighting:
    """A kind of weights.

    population: whom the weighted contrast speaks for. tilt: h(s). slope: dh/ds. stabilised: whether the
    weights of an arm are multiplied by its share, which changes no Hajek mean.
    """

    population: str
    tilt: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    stabilised: bool = False


WEIGHTINGS: dict[str, Weighting] = {
    "iptw": Weighting("everyone", np.ones_like, np.zeros_like, stabilised=True),
    "iptw_unstabilised": Weighting("everyone", np.ones_like, np.zeros_like),
    "att": Weighting("those in arm 1", lambda s: s, np.ones_like),
    "atc": Weighting("those in arm 0", lambda s: 1 - s, lambda s: -np.ones_like(s)),
    "overlap": Weighting("those with a chance of either arm", lambda s: s * (1 - s), lambda s: 1 - 2 * s),
    "matching": Weighting(
        "those who could be matched", lambda s: np.minimum(s, 1 - s), lambda s: np.where(s <= 0.5, 1.0, -1.0)
    ),
    "entropy": Weighting(
        "those with a chance of either arm",
        lambda s: -s * np.log(s) - (1 - s) * np.log1p(-s),
        lambda s: np.log1p(-s) - np.log(s),
    ),
}


def fit_propensity(
    x: ArrayLike | ModelMatrix, arm: ArrayLike, frequency: ArrayLike | None = None, names: Sequence[str] = ()
) -> Propensity:
    """Logistic model of arm (n,), zeros and ones, on x (n, p), to which an intercept is added.

    names: p labels. frequency: (n,) people per row.
    Raises EstimationError naming the columns: collinear, or separation.
    """
    treated = indicator(arm, "arm")
    try:
        fitted = solve("logistic", x, treated, names, frequency=frequency)
    except EstimationError as refusal:
        raise EstimationError(f"The propensity score cannot be estimated. {refusal}") from refusal
    return Propensity(fitted.mean, fitted.nuisance(), fitted.coefficient, fitted.standard_error())


def known_propensity(score: ArrayLike, arm: ArrayLike, terms: ModelMatrix) -> Propensity:
    """The Propensity of scores (n,) that were fitted earlier, on columns `terms` (n, q), the intercept first."""
    s, treated = column(score, "score"), indicator(arm, "arm")
    inverse: Array = np.asarray(np.linalg.inv(terms.gram(s * (1 - s))), dtype=float)
    coefficient = inverse @ terms.crossproduct(s * (1 - s) * np.log(s / (1 - s)))
    nuisance = Nuisance(terms, (treated - s)[:, None], inverse)
    return Propensity(s, nuisance, coefficient, np.sqrt(np.diag(inverse)))


def weights(kind: str, arm: ArrayLike, score: ArrayLike, frequency: ArrayLike | None = None) -> Array:
    """(n,) weights of one of WEIGHTINGS. frequency enters the arms' shares, for stabilised weights only."""
    weighting, treated, s = _weighting(kind, arm, score)
    received = np.where(treated, s, 1 - s)
    return _share(weighting, treated, frequency) * weighting.tilt(s) / received


def weight_slope(kind: str, arm: ArrayLike, score: ArrayLike, frequency: ArrayLike | None = None) -> Array:
    """(n,) derivative of each weight by the linear predictor of the logistic model, for `estimate.stack`.

    The shares of stabilised weights are taken as constants, as they cancel from Hajek means.
    """
    weighting, treated, s = _weighting(kind, arm, score)
    received = np.where(treated, s, 1 - s)
    sign = np.where(treated, 1.0, -1.0)
    by_score = weighting.slope(s) / received - sign * weighting.tilt(s) / received**2
    return np.asarray(_share(weighting, treated, frequency) * by_score * s * (1 - s))


def truncate(
    weight: ArrayLike, lower: float = 0.01, upper: float = 0.99, frequency: ArrayLike | None = None
) -> tuple[Array, Mask]:
    """Weights brought in to their own quantiles (of people), and which rows were left alone.

    The slope of a truncated weight is zero: multiply `weight_slope` by the second array.
    """
    values = column(weight, "weight")
    low, high = quantile(values, (lower, upper), rows(values.size, None, frequency).frequency)
    return np.clip(values, low, high), (values >= low) & (values <= high)


def _weighting(kind: str, arm: ArrayLike, score: ArrayLike) -> tuple[Weighting, Mask, Array]:
    if kind not in WEIGHTINGS:
        raise EstimationError(f"There are no weights of kind '{kind}'. Choose one of {', '.join(WEIGHTINGS)}.")
    treated = indicator(arm, "arm")
    s = column(score, "score", treated.size)
    if (s <= 0).any() or (s >= 1).any():
        raise EstimationError(
            "Some propensity scores are 0 or 1: people of that kind are only ever in one arm and cannot be "
            "compared. Restrict the cohort to those for whom either arm is possible."
        )
    return WEIGHTINGS[kind], treated, s


def _share(weighting: Weighting, treated: Mask, frequency: ArrayLike | None) -> Array:
    if not weighting.stabilised:
        return np.ones(treated.size)
    people = rows(treated.size, None, frequency).frequency
    share = float(people @ treated / people.sum())
    return np.where(treated, share, 1 - share)
