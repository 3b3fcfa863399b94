"""Propensity scores, the weights made of them, and how well the weights balance.

What happens, in order: a logistic model of the arm gives each person's score and influence on its
coefficients; a table of tilting functions h turns scores into weights, and their derivatives into the
slopes by which `estimate.stack` counts that the score was estimated; balance is measured against the spread
before weighting. Refused: separation, which means that some kind of person is only ever seen in one arm, and
scores of exactly 0 or 1.

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
from iop_outcomes.estimators.rows import Mask, column, columns, indicator, quantile, rows


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


def effective_sample_size(weight: ArrayLike, frequency: ArrayLike | None = None) -> float:
    """(sum w)^2 / sum w^2 over people (Kish 1965, Survey Sampling): equal weights worth as much."""
    counted = rows(np.size(weight), weight, frequency)
    return float(counted.total.sum() ** 2 / (counted.frequency * counted.weight**2).sum())


def standardised_difference(
    x: ArrayLike, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) difference in weighted means, arm 1 - arm 0, over the pooled standard deviation before weighting.

    The spread is sqrt((v1 + v0) / 2), v the sample variance, or p (1 - p) for columns of zeros and ones
    (Austin 2009, Statistics in Medicine 28:3083). It stays unweighted so that weights cannot improve balance
    by changing the ruler. A column that does not vary within the arms has difference 0, or infinite where the
    arms differ.
    """
    covariates, (one, zero) = _two_arms(x, arm, weight, frequency)
    gap = _mean(covariates, one, weighted=True) - _mean(covariates, zero, weighted=True)
    spread = np.sqrt((_variance(covariates, one, False) + _variance(covariates, zero, False)) / 2)
    rounding = 1e-12 * np.abs(covariates).max(axis=0)
    flat = spread <= rounding
    without_spread = np.where(np.abs(gap) <= rounding, 0.0, np.copysign(np.inf, gap))
    return np.where(flat, without_spread, gap / np.where(flat, 1.0, spread))


def variance_ratio(
    x: ArrayLike, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) weighted variance in arm 1 over that in arm 0 (Austin 2009, Statistics in Medicine 28:3083).

    Not a number for columns of zeros and ones, whose variance says nothing beyond their mean, and where arm 0
    does not vary.
    """
    covariates, (one, zero) = _two_arms(x, arm, weight, frequency)
    top, bottom = _variance(covariates, one, True), _variance(covariates, zero, True)
    defined = (bottom > 0) & ~_binary(covariates)
    return np.where(defined, top / np.where(defined, bottom, 1.0), np.nan)


@dataclass(frozen=True)
class _Arm:
    """(n,) weights and frequencies, zero outside the arm."""

    weight: Array
    frequency: Array


def _two_arms(
    x: ArrayLike, arm: ArrayLike, weight: ArrayLike | None, frequency: ArrayLike | None
) -> tuple[Array, tuple[_Arm, _Arm]]:
    treated = indicator(arm, "arm")
    values = np.asarray(x, dtype=float)
    covariates = columns(values, [f"column {at + 1}" for at in range(values.shape[-1])], treated.size)
    counted = rows(treated.size, weight, frequency)
    if not ((counted.used & treated).any() and (counted.used & ~treated).any()):
        raise EstimationError("Balance compares two arms, and one of them has no one with weight in it.")
    first, second = (_Arm(counted.weight, counted.frequency * here) for here in (treated, ~treated))
    return covariates, (first, second)


def _mean(x: Array, arm: _Arm, weighted: bool) -> Array:
    total = arm.frequency * arm.weight if weighted else arm.frequency
    return np.asarray(total @ x / total.sum())


def _variance(x: Array, arm: _Arm, weighted: bool) -> Array:
    """Sample variance; weighted over sum w - sum w^2 / sum w, which is n - 1 for equal weights."""
    weight = arm.weight if weighted else np.ones_like(arm.weight)
    total = arm.frequency * weight
    mean = _mean(x, arm, weighted)
    denominator = total.sum() - (total * weight).sum() / total.sum()
    sample = total @ (x - mean) ** 2 / denominator if denominator > 0 else np.zeros(x.shape[1])
    return np.where(_binary(x), mean * (1 - mean), sample)


def _binary(x: Array) -> Mask:
    return np.asarray(((x == 0) | (x == 1)).all(axis=0))


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
