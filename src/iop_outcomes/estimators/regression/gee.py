"""Generalised estimating equations: regression of repeated outcomes of people, such as weekly screens.

What happens, in order: rows are put in order of cluster and time; the regression with working independence is fitted by
`regression`, which refuses what has no estimate, and whose centred and scaled columns serve from there on; the working
correlation is estimated from its residuals, and both in turn until they settle; the influence of a cluster is its score
times the inverse of the expected derivative. Refused: fewer than two clusters, a working correlation that is none,
weights that change within a cluster unless the working correlation is independence, and frequencies (there is no such
argument: repeat the clusters).

With mu and v the mean and variance of the canonical family, e = (y - mu) / sqrt v, and R the working correlation of the
rows of a cluster, the coefficients solve

    sum over clusters of W x' sqrt v R^-1 e = 0

(Liang & Zeger 1986, Biometrika 73:13). They are right whatever R is, if the regression is and rows are missing
completely at random; a wrong R costs precision, and the robust covariance says how much. With weights for rows that are
missing at random, and with covariates that change over time and depend on earlier outcomes, only independence is right
(Pepe & Anderson 1994, Communications in Statistics 23:939).

The correlation is estimated by moments as geepack's `geeglm` does: phi is the mean of e^2 (not divided by n - p, as in
statsmodels and SAS), 'exchangeable' the mean of e_j e_k / phi over all pairs of a cluster, and 'ar1', with d the time
between two rows, least squares of e_j e_k / phi on alpha^d over all pairs (others take neighbours only). alpha may lie
below zero where all d are whole numbers, as in geepack; between them its power has no meaning. Weights enter as so many
clusters; geepack takes their squares there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.labels import as_labels, labelled
from iop_outcomes.estimators.base.rows import column, columns, rows
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.regression.glm import CONVERGED, LARGE

MAXIMUM_ITERATIONS = 100
EDGE = 1e-3  # a correlation this near to the end of its range that is drawn beyond it is none

# e = (y - mu) / sqrt v of y and the linear predictor, and sqrt v of the predictor, in forms that keep their digits
# where v is next to nothing; by the names that `regression` has for the families
FAMILIES: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array], Array]]] = {
    "logistic": (
        lambda y, eta: np.where(y > 0, y * np.exp(-eta / 2), 0.0) - np.where(y < 1, (1 - y) * np.exp(eta / 2), 0.0),
        lambda eta: np.sqrt(expit(eta) * expit(-eta)),
    ),
    "poisson": (
        lambda y, eta: np.where(y > 0, y * np.exp(-eta / 2), 0.0) - np.exp(eta / 2),
        lambda eta: np.exp(eta / 2),
    ),
    "linear": (lambda y, eta: y - eta, np.ones_like),
}


@dataclass(frozen=True)
class GeeFit:
    """estimate: coefficients, 'intercept' first, with influence of the n rows and the clusters set.

    correlation: alpha, 0 under independence. scale: phi.
    """

    estimate: Estimate
    correlation: float
    scale: float


def gee(
    family: str,
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    cluster: ArrayLike,
    correlation: str = "independence",
    wave: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> GeeFit:
    """Regression of y (n,) on x (n, p), without intercept, for rows in clusters (n,), any labels.

    family: 'logistic', 'poisson' or 'linear'. correlation: one of CORRELATIONS. wave: (n,) the times of the rows,
    for 'ar1', by default their order within the cluster. weight: (n,) of rows. The standard errors carry the factor
    J / (J - 1) of `Estimate.covariance` for J clusters, and t limits; geepack's do not.
    """
    if family not in FAMILIES:
        raise EstimationError(f"The family can be {', '.join(FAMILIES)}, not '{family}'.")
    if correlation not in CORRELATIONS:
        raise EstimationError(f"The working correlation can be {', '.join(CORRELATIONS)}, not '{correlation}'.")
    outcome = column(y, "y")
    n = outcome.size
    counted = rows(n, weight, None)
    groups = _groups(cluster, wave, counted.used)
    _check_weights(correlation, groups, counted.weight)
    start = glm.solve(family, columns(x, names, n), outcome, names, weight)
    standard, back = start.centred.matrix.dense()[groups.order], start.centred.back
    total = counted.weight[groups.order]
    with np.errstate(over="ignore", invalid="ignore"):
        state = _solve(
            family,
            CORRELATIONS[correlation],
            standard,
            outcome[groups.order],
            total / total.mean(),
            groups,
            np.asarray(np.linalg.solve(back, start.coefficient), dtype=float),
        )
    gradient = np.zeros((n, standard.shape[1]))
    gradient[groups.order] = state.pull @ np.linalg.inv(state.bread) @ back.T / total.mean()
    estimate = counted.estimate(start.names, back @ state.beta, gradient)
    return GeeFit(estimate.clustered(as_labels(cluster)), state.alpha, state.phi)


@dataclass(frozen=True)
class _Groups:
    """order: (m,) rows with weight by cluster and wave. number: (m,) cluster. begins: (m,) first of its cluster.
    wave: (m,). size: (J,) rows of each cluster.
    """

    order: Whole
    number: Whole
    begins: np.ndarray
    wave: Array
    size: Whole

    def sums(self, values: Array) -> Array:
        """(J, ...) of values (m, ...)."""
        return np.asarray(np.add.reduceat(values, np.flatnonzero(self.begins), axis=0))


@dataclass(frozen=True)
class Correlation:
    """estimate: alpha from groups, weights and residuals e / sqrt phi. whiten: values (m, c) times a root of R^-1."""

    estimate: Callable[[_Groups, Array, Array], float]
    whiten: Callable[[_Groups, float, Array], Array]


def _exchangeable(groups: _Groups, total: Array, residual: Array) -> float:
    weight = total[groups.begins]
    pairs = float(weight @ (groups.size * (groups.size - 1.0)))
    products = float(weight @ (groups.sums(residual) ** 2 - groups.sums(residual**2)))
    alpha = products / pairs
    lowest = -1 / max(int(groups.size.max()) - 1, 1)
    if not lowest < alpha < 1:
        _refuse_correlation(alpha, lowest)
    return alpha


def _whiten_exchangeable(groups: _Groups, alpha: float, values: Array) -> Array:
    # R^-1/2 = (1 - k J / m) / sqrt(1 - alpha), J the matrix of ones
    shrink = 1 - np.sqrt((1 - alpha) / (1 + (groups.size - 1) * alpha))
    means = groups.sums(values) * (shrink / groups.size)[:, None]
    return np.asarray((values - means[groups.number]) / np.sqrt(1 - alpha))


def _autoregressive(groups: _Groups, total: Array, residual: Array) -> float:
    """Least squares of the products of pairs on alpha to the power of their distance, by Gauss-Newton from 0."""
    distances, products, weights = [], [], []
    for apart in range(1, int(groups.size.max())):
        same = groups.number[apart:] == groups.number[:-apart]
        distances.append((groups.wave[apart:] - groups.wave[:-apart])[same])
        products.append((residual[apart:] * residual[:-apart])[same])
        weights.append(total[apart:][same])
    d, at = np.unique(np.concatenate(distances), return_inverse=True)
    if d[0] <= 0:
        raise EstimationError("Two rows of a cluster have the same wave, so the order of time is not known.")
    pairs = np.bincount(at.ravel(), np.concatenate(weights))
    mean = np.bincount(at.ravel(), np.concatenate(weights) * np.concatenate(products)) / pairs
    whole = bool((d == np.round(d)).all())
    start = float(np.clip(abs(mean[0]), 0.01, 0.9)) ** (1 / float(d[0]))
    # an even distance does not tell a sign
    alpha = -start if mean[0] < 0 and whole and d[0] % 2 == 1 else start
    lowest = -1.0 if whole else 0.0
    if mean[0] < 0 and not whole:
        raise EstimationError(
            "The working correlation comes out below 0, whose powers have no meaning at distances between whole "
            "numbers. Number the waves 1, 2, 3, ..., or use 'independence', whose estimates are as right."
        )

    def loss(at: float) -> float:
        return float(pairs @ (mean - at**d) ** 2) if lowest < at < 1 else np.inf

    for _ in range(MAXIMUM_ITERATIONS):
        slope = d * alpha ** (d - 1)
        step = wanted = float((pairs * slope) @ (mean - alpha**d) / max((pairs * slope) @ slope, 1e-300))
        while abs(step) > 1e-13 and not loss(alpha + step) <= loss(alpha):
            step /= 2
        alpha += step
        if abs(step) < 1e-12:
            break
    if not lowest < alpha + wanted < 1 and not lowest + EDGE < alpha < 1 - EDGE:
        _refuse_correlation(alpha + wanted, lowest)
    return alpha


def _whiten_autoregressive(groups: _Groups, alpha: float, values: Array) -> Array:
    gap = np.diff(groups.wave, prepend=0.0)
    power = np.where(groups.begins, 0.0, alpha ** np.where(groups.begins, 1.0, gap))
    before = np.vstack([np.zeros((1, values.shape[1])), values[:-1]])
    return np.asarray((values - power[:, None] * before) / np.sqrt(1 - power**2)[:, None])


CORRELATIONS: dict[str, Correlation] = {
    "independence": Correlation(lambda groups, total, residual: 0.0, lambda groups, alpha, values: values),
    "exchangeable": Correlation(_exchangeable, _whiten_exchangeable),
    "ar1": Correlation(_autoregressive, _whiten_autoregressive),
}


@dataclass(frozen=True)
class _State:
    """pull: (m, q) parts of the score by row, per unit of weight. bread: (q, q)."""

    beta: Array
    alpha: float
    phi: float
    pull: Array
    bread: Array


def _solve(family: str, working: Correlation, x: Array, y: Array, total: Array, groups: _Groups, beta: Array) -> _State:
    pearson, spread = FAMILIES[family]
    for _ in range(MAXIMUM_ITERATIONS):
        predictor = x @ beta
        root, residual = spread(predictor), pearson(y, predictor)
        phi = float(total @ residual**2 / total.sum())
        if not np.isfinite(phi):
            break
        alpha = working.estimate(groups, total, residual / np.sqrt(phi))
        white_x = working.whiten(groups, alpha, root[:, None] * x)
        white = working.whiten(groups, alpha, residual[:, None])
        pull, bread = white_x * white, white_x.T @ (white_x * total[:, None])
        try:
            step = np.linalg.solve(bread, total @ pull)
        except np.linalg.LinAlgError:
            break
        beta = beta + step
        if not np.isfinite(beta).all():
            break
        if (np.abs(x @ step) / np.maximum(np.abs(predictor) / LARGE, 1.0)).max() < CONVERGED:
            return _State(beta, alpha, phi, pull, bread)
    if working is CORRELATIONS["independence"]:
        raise EstimationError(
            "The estimating equations did not settle: the values of some column lie on scales too far apart. Take the "
            "logarithm of skewed numbers."
        )
    raise EstimationError(
        "The estimating equations did not settle with this working correlation. Take 'independence', whose estimates "
        "are as right."
    )


def _groups(cluster: ArrayLike, wave: ArrayLike | None, used: Mask) -> _Groups:
    number = labelled(cluster, "cluster", used.size, used)[1]
    times = np.arange(used.size, dtype=float) if wave is None else column(wave, "wave", used.size)
    order = np.lexsort((times[used], number))
    number = number[order]
    begins = np.concatenate([[True], number[1:] != number[:-1]])
    size = np.bincount(number)
    if len(size) < 2:
        raise EstimationError("Estimating equations need at least two clusters with weight; there is one.")
    # without waves, rows of a cluster are one apart, whatever lies between them in the data
    sorted_times = np.arange(len(number), dtype=float) if wave is None else times[used][order]
    return _Groups(np.flatnonzero(used)[order], number, begins, sorted_times, size)


def _check_weights(correlation: str, groups: _Groups, weight: Array) -> None:
    if correlation == "independence":
        return
    if groups.size.max() < 2:
        raise EstimationError("Every cluster has one row, so there is no correlation to estimate. Use 'independence'.")
    inside = weight[groups.order]
    if (inside != inside[groups.begins][groups.number]).any():
        raise EstimationError(
            "Weights change within clusters, for example those for being observed at a visit. Then only the working "
            "correlation 'independence' gives right estimates."
        )


def _refuse_correlation(alpha: float, lowest: float) -> None:
    raise EstimationError(
        f"The working correlation comes out at {alpha:.2f}, where this form allows {lowest:.2f} to 1. Use "
        "'independence', whose estimates are as right."
    )
