"""How alike the arms are in their covariates, before and after weighting, and what the weights cost.

What happens: means, variances and distribution functions of each covariate are compared between two arms, in all
people or within strata; with more than two arms, the pair that differs most speaks. Covariates come as a table, or as a
ModelMatrix: its categories stay codes, which are counted, and only its numeric columns go through sums of squares and
distribution functions, measured from the middle of their range so that numbers far from zero keep their digits. (For
all levels of categories, the reference too, see `coded_balance`.) The ruler of every
standardised difference is the spread before weighting, so that weights cannot improve balance by changing the ruler.
Refused: an arm without anyone who has weight, and missing values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.labels import as_labels, refuse_missing
from iop_outcomes.estimators.base.rows import codes, indicator, rows
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix

Covariates = ArrayLike | ModelMatrix
NO_DIFFERENCE = 1e-12  # of the size of a column


def effective_sample_size(weight: ArrayLike, frequency: ArrayLike | None = None) -> float:
    """(sum w)^2 / sum w^2 over people (Kish 1965, Survey Sampling): equal weights worth as much."""
    counted = rows(np.size(weight), weight, frequency)
    return float(counted.total.sum() ** 2 / (counted.frequency * counted.weight**2).sum())


def standardised_difference(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) difference in weighted means, arm 1 - arm 0, over the pooled standard deviation before weighting.

    The spread is sqrt((v1 + v0) / 2), v the sample variance, or p (1 - p) for columns of zeros and ones
    (Austin 2009, Statistics in Medicine 28:3083). It stays unweighted so that weights cannot improve balance
    by changing the ruler. A column that does not vary within the arms has difference 0, or infinite where the
    arms differ.
    """
    covariates, (one, zero), rounding = _two_arms(x, arm, weight, frequency)
    gap = _mean(covariates, one, weighted=True) - _mean(covariates, zero, weighted=True)
    return over_spread(gap, _ruler(covariates, one, zero), rounding)


def weighted_means(x: Covariates, arm: ArrayLike, weight: ArrayLike) -> Array:
    """(p,) means of the people for whom weights speak: half way between the arms, whose weighted means are theirs where
    weights balance. Raises EstimationError where an arm has no one with weight.
    """
    treated = indicator(arm, "arm")
    covariates = model_matrix(x if isinstance(x, ModelMatrix) else np.asarray(x, dtype=float), (), treated.size)
    counted = rows(treated.size, weight, None)
    sides = [counted.total * here for here in (treated, ~treated)]
    if not all(side.sum() > 0 for side in sides):
        raise EstimationError("Means of those for whom weights speak need people with weight in both arms.")
    return np.asarray(sum(covariates.crossproduct(side) / side.sum() for side in sides) / 2)


def variance_ratio(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) weighted variance in arm 1 over that in arm 0 (Austin 2009, Statistics in Medicine 28:3083).

    Not a number for columns of zeros and ones, whose variance says nothing beyond their mean, and where arm 0
    does not vary.
    """
    covariates, (one, zero), _ = _two_arms(x, arm, weight, frequency)
    top, bottom = _variance(covariates, one, True), _variance(covariates, zero, True)
    defined = (bottom > 0) & ~_binary(covariates)
    return np.where(defined, top / np.where(defined, bottom, 1.0), np.nan)


def distance(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) Kolmogorov-Smirnov distance: the largest gap between the arms' weighted distribution functions.

    x: (n, p). For a column of zeros and ones it is the difference in proportions (Austin & Stuart 2015, Statistics in
    Medicine 34:3661).
    """
    covariates, (one, zero), _ = _two_arms(x, arm, weight, frequency)
    share = [side.frequency * side.weight for side in (one, zero)]
    gap = share[0] / share[0].sum() - share[1] / share[1].sum()
    found = np.abs(covariates.crossproduct(gap))
    for at in np.flatnonzero(~_binary(covariates)):
        order = np.argsort(covariates.numeric[:, at], kind="stable")
        values, below = covariates.numeric[order, at], np.cumsum(gap[order])
        last = np.append(values[1:] > values[:-1], True)
        found[at] = np.abs(below[last]).max()
    return np.asarray(found)


@dataclass(frozen=True)
class Within:
    """Balance inside strata. strata: the s that hold both arms. difference: (s, p). people: (s,) of a stratum.

    one_arm: the strata where only one arm has people with weight, which nothing can be compared in.
    """

    strata: NDArray[np.object_]
    difference: Array
    people: Array
    one_arm: NDArray[np.object_]

    @property
    def largest(self) -> Array:
        """(p,) the difference farthest from zero over the strata, with its sign."""
        at = np.abs(self.difference).argmax(axis=0)
        return np.asarray(self.difference[at, np.arange(self.difference.shape[1])])

    @property
    def average(self) -> Array:
        """(p,) mean difference over the strata, by their people: what is left when strata are held apart."""
        return np.asarray(self.people @ self.difference / self.people.sum())


def within_strata(
    x: Covariates,
    arm: ArrayLike,
    strata: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    spread: Array | None = None,
) -> Within:
    """Differences in weighted means inside each stratum (n,), a site for example, over the spread in all people.

    The ruler is the pooled standard deviation of the whole, before weighting: that of a stratum with a dozen people
    is too rough to measure by. Where no stratum holds both arms, `strata` and `difference` have no rows. spread: (p,)
    the ruler, where it is known already.
    """
    covariates, (one, zero), rounding = _two_arms(x, arm, weight, frequency)
    given = as_labels(strata)
    if given.shape != (covariates.shape[0],):
        raise EstimationError(
            f"'strata' has shape {given.shape} where {covariates.shape[0]} labels were expected, one for each row."
        )
    refuse_missing(given, "strata")
    names, code = np.unique(given.astype(str) if given.dtype == object else given, return_inverse=True)
    people = np.bincount(code, one.frequency + zero.frequency, len(names)).astype(float)
    total = one.weight * (one.frequency + zero.frequency)
    cell = 2 * code + (zero.frequency > 0)
    totals = np.bincount(cell, total, 2 * len(names)).reshape(-1, 2).T
    sums = covariates.grouped(cell, total, 2 * len(names))
    means = sums.reshape(len(names), 2, -1) / np.where(totals > 0, totals, 1.0).T[:, :, None]
    both = (totals[0] > 0) & (totals[1] > 0)
    gap = (means[:, 0] - means[:, 1])[both]
    ruler = _ruler(covariates, one, zero) if spread is None else spread
    difference = over_spread(gap, ruler, rounding)
    alone = (totals[0] > 0) != (totals[1] > 0)
    return Within(names[both].astype(object), difference, people[both], names[alone].astype(object))


def largest_pairwise_difference(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> Array:
    """(p,) largest absolute standardised difference over all pairs of K arms, coded 0, 1, ..., K - 1.

    The ruler is the same for all pairs: the root of the mean of the arms' variances before weighting (McCaffrey and
    others 2013, Statistics in Medicine 32:3388). With two arms it is the absolute `standardised_difference`.
    """
    covariates, sides, rounding = _arms(x, arm, weight, frequency)
    means = np.array([_mean(covariates, side, True) for side in sides])
    variance = np.mean([_variance(covariates, side, False) for side in sides], axis=0)
    gap = means.max(axis=0) - means.min(axis=0)
    return over_spread(gap, np.sqrt(variance), rounding)


@dataclass(frozen=True)
class _Arm:
    """(n,) weights and frequencies, zero outside the arm."""

    weight: Array
    frequency: Array


def _two_arms(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None, frequency: ArrayLike | None
) -> tuple[ModelMatrix, tuple[_Arm, _Arm], Array]:
    treated = indicator(arm, "arm")
    covariates, rounding = _matrix(x, treated.size)
    counted = rows(treated.size, weight, frequency)
    if not ((counted.used & treated).any() and (counted.used & ~treated).any()):
        raise EstimationError("Balance compares two arms, and one of them has no one with weight in it.")
    first, second = (_Arm(counted.weight, counted.frequency * here) for here in (treated, ~treated))
    return covariates, (first, second), rounding


def _arms(
    x: Covariates, arm: ArrayLike, weight: ArrayLike | None, frequency: ArrayLike | None
) -> tuple[ModelMatrix, list[_Arm], Array]:
    """The covariates, weights and frequencies of each of K arms, and differences that are none."""
    group = codes(arm, "arm", np.size(arm))
    covariates, rounding = _matrix(x, group.size)
    counted = rows(group.size, weight, frequency)
    sides = [_Arm(counted.weight, counted.frequency * (group == k)) for k in range(group.max() + 1)]
    if len(sides) < 2 or any((side.frequency @ side.weight) <= 0 for side in sides):
        raise EstimationError("Balance compares arms, and one of them has no one with weight in it.")
    return covariates, sides, rounding


def _matrix(x: Covariates, n: int) -> tuple[ModelMatrix, Array]:
    """The covariates, numeric columns that lie farther from zero than they are wide less the middle of their range; and
    (p,) differences so small that they are none."""
    plain = model_matrix(x if isinstance(x, ModelMatrix) else np.asarray(x, dtype=float), (), n)
    a = plain.numeric.shape[1]
    rounding = np.full(plain.shape[1], NO_DIFFERENCE)
    if not a:
        return plain, rounding
    low, high = plain.numeric.min(axis=0), plain.numeric.max(axis=0)
    middle = low / 2 + high / 2
    middle = np.where((np.abs(middle) > high - low) & (high > low), middle, 0.0)
    rounding[:a] = NO_DIFFERENCE * np.maximum(high - middle, middle - low)
    rounding[:a] += np.finfo(float).eps * np.maximum(np.abs(low), np.abs(high))
    if not middle.any():
        return plain, rounding
    return ModelMatrix(plain.numeric - middle, plain.names, plain.codes, plain.levels), rounding


def over_spread(gap: Array, spread: Array, rounding: Array) -> Array:
    """gap / spread; 0 where neither is above rounding, infinite where only the gap is."""
    flat = spread <= rounding
    without_spread = np.where(np.abs(gap) <= rounding, 0.0, np.copysign(np.inf, gap))
    return np.where(flat, without_spread, gap / np.where(flat, 1.0, spread))


def pooled_deviation(x: Covariates, arm: ArrayLike, frequency: ArrayLike | None = None) -> Array:
    """(p,) root of the mean of the two arms' variances before weighting: the ruler of standardised differences."""
    covariates, (one, zero), _ = _two_arms(x, arm, None, frequency)
    return _ruler(covariates, one, zero)


def _ruler(x: ModelMatrix, one: _Arm, zero: _Arm) -> Array:
    return np.asarray(np.sqrt((_variance(x, one, False) + _variance(x, zero, False)) / 2))


def _mean(x: ModelMatrix, arm: _Arm, weighted: bool) -> Array:
    total = arm.frequency * arm.weight if weighted else arm.frequency
    return np.asarray(x.crossproduct(total) / total.sum())


def _variance(x: ModelMatrix, arm: _Arm, weighted: bool) -> Array:
    """Sample variance; weighted over sum w - sum w^2 / sum w, which is n - 1 for equal weights."""
    weight = arm.weight if weighted else np.ones_like(arm.weight)
    total = arm.frequency * weight
    mean = _mean(x, arm, weighted)
    denominator = total.sum() - (total * weight).sum() / total.sum()
    found = mean * (1 - mean)
    other = np.flatnonzero(~_binary(x))
    if other.size:
        apart = (x.numeric[:, other] - mean[other]) ** 2
        found[other] = total @ apart / denominator if denominator > 0 else 0.0
    return np.asarray(found)


def _binary(x: ModelMatrix) -> Mask:
    """(p,) columns of zeros and ones; those of categories are."""
    a = x.numeric.shape[1]
    found = np.ones(x.shape[1], dtype=bool)
    for first in range(0, len(x.numeric), 2048):  # in parts that stay in a processor's memory
        part = x.numeric[first : first + 2048]
        apart = part * part - part
        found[:a] &= np.einsum("ij,ij->j", apart, apart) == 0
        if not found[:a].any():
            break
    return found
