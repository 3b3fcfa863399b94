"""A Gaussian copula with margins of any kind: normal variables behind numbers and categories, and their correlations.

A category is what an interval of its normal variable says, a number what its quantile is. What is seen of the
dependence of two such variables is the correlation of their scores: of a number its normal score, of a category the
mean of the normal variable within its interval. With a_m and b_m the coefficients of the two scores in normalised
Hermite polynomials, the correlation of scores under a correlation r of the normal variables is the sum of a_m b_m r^m
(Mehler 1866; Kendall & Stuart 1979, The Advanced Theory of Statistics vol. 2, section 26.27), which is solved for r.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Whole

TERMS = 30
# correlations of the normal variables go so far, and the smallest eigenvalue of their matrix is so large
FARTHEST, SMALLEST = 0.95, 0.01


def borders(shares: Sequence[float]) -> Array:
    """(k + 1,) ends of the intervals of k categories, from minus to plus infinity. shares: of the categories."""
    whole = np.concatenate([[0.0], np.cumsum(shares) / np.sum(shares)])
    return np.asarray(stats.norm.ppf(np.clip(whole, 0.0, 1.0)))


def scores(shares: Sequence[float]) -> Array:
    """(k,) score of each category: the mean of the normal variable within its interval, brought to unit variance."""
    whole = np.asarray(shares) / np.sum(shares)
    density = _density(borders(shares))
    within = (density[:-1] - density[1:]) / np.maximum(whole, 1e-12)
    size = float(np.sqrt(whole @ within**2))
    return within / size if size > 0 else within


def coefficients(shares: Sequence[float] | None) -> Array:
    """(TERMS,) of the score in normalised Hermite polynomials of degree 1 and up; None: of a number's normal score."""
    found = np.zeros(TERMS)
    if shares is None:
        found[0] = 1.0
        return found
    ends, own = borders(shares), scores(shares)
    inner = np.where(np.isfinite(ends), ends, 0.0)
    before, at = np.ones_like(inner), inner.copy()
    density, size = _density(ends), 1.0
    for degree in range(1, TERMS + 1):
        size *= np.sqrt(degree)
        # the integral of He_m phi over (a, b) is He_{m-1}(a) phi(a) - He_{m-1}(b) phi(b)
        edge = before * density
        found[degree - 1] = float(own @ (edge[:-1] - edge[1:])) / size
        before, at = at, inner * at - degree * before
    return found


def latent(seen: float, first: Array, second: Array) -> float:
    """Correlation of two normal variables whose scores correlate by `seen`. first, second: (TERMS,) coefficients."""
    from scipy.optimize import brentq

    product, powers = first * second, np.arange(1, TERMS + 1)

    def over(r: float) -> float:
        return float(product @ (np.sign(r) ** powers * np.abs(r) ** powers)) - seen

    if over(-FARTHEST) >= 0:
        return -FARTHEST
    if over(FARTHEST) <= 0:
        return FARTHEST
    return float(brentq(over, -FARTHEST, FARTHEST))


def nearest(matrix: Array) -> Array:
    """(p, p) a correlation matrix near to one that rounding may have made impossible: small eigenvalues are raised."""
    if not len(matrix):
        return matrix
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    raised = (vectors * np.maximum(values, SMALLEST)) @ vectors.T
    size = np.sqrt(np.diag(raised))
    return np.asarray(raised / np.outer(size, size))


def normal(matrix: Array, people: int, rng: np.random.Generator) -> Array:
    """(people, p) normal variables with these correlations."""
    root = np.linalg.cholesky(nearest(matrix)) if len(matrix) else matrix
    return np.asarray(rng.standard_normal((people, len(matrix))) @ root.T)


def category(values: Array, shares: Sequence[float]) -> Whole:
    """(n,) places among the categories of normal variables (n,)."""
    return np.asarray(np.searchsorted(borders(shares)[1:-1], values, side="right"))


def number(values: Array, at: Sequence[float], quantiles: Sequence[float]) -> Array:
    """(n,) numbers of normal variables (n,): straight between the quantiles, and as straight beyond the last ones."""
    places, told = np.asarray(stats.norm.ppf(np.asarray(at))), np.asarray(quantiles)
    inside = np.interp(values, places, told)
    slopes = np.diff(told)[[0, -1]] / np.diff(places)[[0, -1]]
    below, above = np.minimum(values - places[0], 0.0), np.maximum(values - places[-1], 0.0)
    return np.asarray(inside + slopes[0] * below + slopes[1] * above)


def _density(ends: Array) -> Array:
    there = np.isfinite(ends)
    return np.asarray(np.exp(-(np.where(there, ends, 0.0) ** 2) / 2) / np.sqrt(2 * np.pi) * there)
