"""What is inferred from an estimate: intervals, tests, several at once, equivalence.

Everything here takes an `Estimate` and its covariance, whatever made it; degrees of freedom are those of its clusters
(J - 1), or infinite. Refused: a quantity without variance, a covariance that cannot be inverted, margins of the wrong
sign. Averages over imputations are in `pooling`; tables of two by two in `proportions` and `equivalence`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import column

DRAWS = 2**14  # quasi-random points; the critical value is good to about two parts in a thousand


@dataclass(frozen=True)
class Scale:
    """A scale on which an interval is symmetric. forth: to it, with `slope` its derivative; back: from it."""

    forth: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    back: Callable[[Array], Array]
    lowest: float
    highest: float


SCALES: dict[str, Scale] = {
    "plain": Scale(lambda v: v, np.ones_like, lambda v: v, -np.inf, np.inf),
    "log": Scale(np.log, lambda v: 1 / v, np.exp, 0.0, np.inf),
    "log-log": Scale(
        lambda v: np.log(-np.log(v)), lambda v: 1 / (v * np.log(v)), lambda v: np.exp(-np.exp(v)), 0.0, 1.0
    ),
    "logit": Scale(logit, lambda v: 1 / (v * (1 - v)), expit, 0.0, 1.0),
}


@dataclass(frozen=True)
class Interval:
    """(k,) estimates with their confidence limits."""

    value: Array
    low: Array
    high: Array


def interval(estimate: Estimate, level: float = 0.95, scale: str = "plain") -> Interval:
    """Confidence intervals of each quantity, symmetric on one of SCALES.

    Refused on a scale that an estimate is at the end of, such as a probability of 0 or 1 on 'log-log'.
    """
    return _interval(estimate, estimate.critical(level), scale)


def simultaneous(estimate: Estimate, level: float = 0.95, scale: str = "plain", seed: int = 0) -> Interval:
    """Intervals that hold for all quantities at once (Hothorn, Bretz & Westfall 2008, Biometrical Journal 50:346).

    Their half-width is the quantile of the largest absolute t of the quantities under their own correlation.
    """
    return _interval(estimate, float(np.quantile(_largest(estimate, seed), level)), scale)


def adjusted(p: ArrayLike, method: str) -> Array:
    """(k,) p values adjusted for being several: 'holm' for the family-wise error (Holm 1979, Scandinavian Journal of
    Statistics 6:65), 'benjamini-hochberg' for the false discovery rate (1995, JRSS B 57:289).

    Not by statsmodels, whose `multipletests` looks through all objects of the process for garbage at every call, a
    second of a large one (0.15.0); tests hold the two together. Raises EstimationError.
    """
    if method not in ADJUSTED:
        raise EstimationError(f"P values are adjusted by one of {', '.join(ADJUSTED)}, not '{method}'.")
    values = column(p, "p")
    if (values < 0).any() or (values > 1).any():
        raise EstimationError("P values lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    found = np.empty(len(values))
    found[order] = np.minimum(ADJUSTED[method](values[order]), 1.0)
    return found


def _holm(p: Array) -> Array:
    """p: (k,) from the smallest on."""
    return np.asarray(np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def _benjamini_hochberg(p: Array) -> Array:
    """p: (k,) from the smallest on."""
    return np.asarray(np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1])


ADJUSTED: dict[str, Callable[[Array], Array]] = {"holm": _holm, "benjamini-hochberg": _benjamini_hochberg}


def single_step(estimate: Estimate, seed: int = 0) -> Array:
    """(k,) p values adjusted by the correlation of the quantities: how often the largest |t| exceeds each."""
    t = np.abs(estimate.value) / estimate.standard_error()
    largest = np.sort(_largest(estimate, seed))
    return np.asarray(1 - np.searchsorted(largest, t, side="left") / len(largest))


@dataclass(frozen=True)
class JointTest:
    """statistic: chi-square (or F times its numerator degrees). degrees, denominator: of freedom."""

    statistic: float
    degrees: int
    denominator: float
    p_value: float


def joint(estimate: Estimate) -> JointTest:
    """Wald test that all quantities are zero; F with J - 1 - k + 1 denominator degrees where people are clustered
    (Hotelling's T-square for J cluster sums; Korn & Graubard 1990, American Statistician 44:270)."""
    covariance = estimate.covariance()
    k = len(estimate.names)
    size = np.sqrt(np.diag(covariance))
    if (size == 0).any() or np.linalg.cond(covariance / np.outer(size, size)) > 1e12:
        raise EstimationError(
            "A joint test needs quantities of which none follows from the others; leave one out. With clusters, there "
            "must be more clusters than quantities."
        )
    wald = float(estimate.value @ np.linalg.solve(covariance, estimate.value))
    if np.isinf(estimate.degrees):
        return JointTest(wald, k, np.inf, float(stats.chi2.sf(wald, k)))
    left = estimate.degrees - k + 1
    if left <= 0:
        raise EstimationError("A joint test needs more clusters than quantities.")
    p = stats.f.sf(wald * left / (estimate.degrees * k), k, left)
    return JointTest(wald, k, left, float(p))


@dataclass(frozen=True)
class Equivalence:
    """p values of the two one-sided tests and of both; low, high: the interval of 1 - 2 alpha that they mirror.

    p_lower: against the quantity lying at or below the lower margin (non-inferiority where more is better).
    """

    p_lower: float
    p_upper: float
    p_value: float
    low: float
    high: float


def equivalence(estimate: Estimate, lower: float, upper: float, alpha: float = 0.05) -> Equivalence:
    """Two one-sided tests of one quantity against a lower and an upper margin (Schuirmann 1987, J Pharmacokin
    Biopharm 15:657). A margin may be infinite: then the other is a test of non-inferiority or non-superiority.

    Margins are on the scale of the quantity: logarithms for a ratio.
    """
    if len(estimate.names) != 1:
        raise EstimationError("Equivalence is tested for one quantity at a time.")
    if not lower < upper:
        raise EstimationError("The lower margin must lie below the upper one.")
    value, error = float(estimate.value[0]), float(estimate.standard_error()[0])
    if error == 0:
        raise EstimationError("The quantity has no standard error, so nothing can be tested about it.")
    below = float(stats.t.sf((value - lower) / error, estimate.degrees))
    above = float(stats.t.sf((upper - value) / error, estimate.degrees))
    reach = float(stats.t.ppf(1 - alpha, estimate.degrees)) * error
    return Equivalence(below, above, max(below, above), value - reach, value + reach)


def _interval(estimate: Estimate, critical: float, scale: str) -> Interval:
    if scale not in SCALES:
        raise EstimationError(f"Intervals are made on one of the scales {', '.join(SCALES)}, not '{scale}'.")
    on, value, error = SCALES[scale], estimate.value, estimate.standard_error()
    if (value <= on.lowest).any() or (value >= on.highest).any():
        raise EstimationError(
            f"An estimate lies at the end, or outside, of what the scale '{scale}' can show, so it has no interval "
            "there. Use 'plain', or an exact interval of the count."
        )
    middle, half = on.forth(value), critical * error * np.abs(on.slope(value))
    ends = np.stack([on.back(middle - half), on.back(middle + half)])
    return Interval(value, ends.min(axis=0), ends.max(axis=0))


def _largest(estimate: Estimate, seed: int) -> Array:
    """(DRAWS,) largest absolute value of a draw of the quantities' joint t distribution; the same for a seed."""
    from scipy.stats import qmc

    covariance = estimate.covariance()
    size = np.sqrt(np.diag(covariance))
    if (size == 0).any():
        raise EstimationError("A quantity has no standard error, so nothing holds for all of them at once.")
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    k = len(size)
    points = qmc.Sobol(k + 1, seed=seed).random(DRAWS)
    normal = stats.norm.ppf(np.clip(points[:, :k], 1e-12, 1 - 1e-12))
    draws = np.abs((normal * np.sqrt(np.clip(values, 0, None))) @ vectors.T).max(axis=1)
    if np.isinf(estimate.degrees):
        return np.asarray(draws)
    return np.asarray(draws / np.sqrt(stats.chi2.ppf(points[:, k], estimate.degrees) / estimate.degrees))
