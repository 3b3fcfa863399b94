"""Standard errors for few clusters: bias-reduced linearisation (CR2) with Satterthwaite's degrees of freedom.

What happens, in order: a weighted linear regression is fitted (a difference between two weighted means is one, with the
arm as its column); the residuals of each cluster are stretched by the inverse square root of the variance they would
have if people were independent and alike; the sandwich of the stretched residuals is unbiased under that working
model, and its degrees of freedom for each coefficient follow from how unevenly the clusters carry it. With sites of
similar size and mixed arms these come near J - 1; where few sites hold an arm they are far fewer, and J - 1 misleads.
Refused: one cluster, collinear columns, a coefficient carried by one cluster alone.

Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton 2018, JBES 36:672, equations 10 and 11, with the
identity as working covariance. Weights count as known: stacking is for `estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Labels
from iop_outcomes.estimators.regression import INTERCEPT, with_intercept
from iop_outcomes.estimators.rows import column, columns, refuse_collinear, rows


@dataclass(frozen=True)
class FewClusters:
    """Coefficients of names, 'intercept' first: value (p,), covariance (p, p), degrees (p,) of freedom of each."""

    names: tuple[str, ...]
    value: Array
    covariance: Array
    degrees: Array

    def standard_error(self) -> Array:
        """(p,)"""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """(p,) lower and (p,) upper confidence limits."""
        reach = stats.t.ppf(0.5 + level / 2, self.degrees) * self.standard_error()
        return self.value - reach, self.value + reach

    def p_value(self) -> Array:
        """(p,) two-sided p values against zero."""
        return np.asarray(2 * stats.t.sf(np.abs(self.value) / self.standard_error(), self.degrees))


def cr2(
    x: ArrayLike, y: ArrayLike, names: Sequence[str], cluster: Labels, weight: ArrayLike | None = None
) -> FewClusters:
    """Weighted linear regression of y (n,) on x (n, p), an intercept added, clustered by labels (n,).

    weight: (n,) of each person; rows without weight take no part. Raises EstimationError as the module says.
    """
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, None)
    used = counted.used
    design = with_intercept(columns(x, names, outcome.size))[used]
    labels = (INTERCEPT, *names)
    w, y_used = counted.weight[used] / counted.weight[used].mean(), outcome[used]
    groups = np.unique(np.asarray(cluster).astype(str)[used], return_inverse=True)[1]
    if groups.max() < 1:
        raise EstimationError("A cluster-robust variance needs at least two clusters; there is one.")
    refuse_collinear(np.sqrt(w)[:, None] * design, labels, "linear model")
    bread = np.linalg.inv(design.T @ (design * w[:, None]))
    square = bread @ (design.T @ (design * (w**2)[:, None])) @ bread
    value = bread @ (design.T @ (w * y_used))
    residual = y_used - design @ value
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    parts = [_cluster(design[m], w[m], residual[m], bread, square) for m in members]
    scores = np.stack([p.score for p in parts]) @ bread
    covariance = scores.T @ scores
    return FewClusters(labels, value, covariance, _degrees(parts, bread, square, labels))


@dataclass(frozen=True)
class _Cluster:
    """Of one cluster: score (p,), x'W A e; and, for the vectors a = A W x M c of each coefficient c, (p, p) tables
    a'a, a'x and a'W x by coefficient. alone: (p,) whether it decides a coefficient by itself."""

    score: Array
    own: Array
    through: Array
    weighted: Array
    alone: Array


def _cluster(x: Array, w: Array, residual: Array, bread: Array, square: Array) -> _Cluster:
    """A is the inverse square root of B = I - x M x'W - W x M x' + x M X'W^2 X M x', which differs from the identity
    only in the space of x and W x: that is all that is decomposed."""
    wx = x * w[:, None]
    basis = np.linalg.qr(np.hstack([x, wx]))[0]
    bx, bwx = basis.T @ x, basis.T @ wx
    cross = bx @ bread @ bwx.T
    inner = np.eye(basis.shape[1]) - cross - cross.T + bx @ square @ bx.T
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    stretch = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-10)), 0.0)
    change = vectors @ ((stretch - 1)[:, None] * vectors.T)
    turned = wx @ bread
    a = turned + basis @ (change @ (basis.T @ turned))
    stretched = residual + basis @ (change @ (basis.T @ residual))
    lost = (vectors[:, values <= 1e-10].T @ basis.T @ turned) ** 2
    alone = lost.sum(axis=0) > 1e-12 * np.diag(square)
    return _Cluster(wx.T @ stretched, (a**2).sum(axis=0), a.T @ x, a.T @ wx, alone)


def _degrees(parts: Sequence[_Cluster], bread: Array, square: Array, names: Sequence[str]) -> Array:
    """(p,) (sum of eigenvalues)^2 / sum of squares of the J x J matrix p_g'p_h, p_g = (I - H)'a_g."""
    degrees = np.empty(len(bread))
    for c in range(len(bread)):
        own = np.array([p.own[c] for p in parts])
        u, v = (np.stack([getattr(p, n)[c] for p in parts]) for n in ("through", "weighted"))
        crossed = v @ bread @ u.T
        product = np.diag(own) - crossed - crossed.T + u @ square @ u.T
        if any(p.alone[c] for p in parts):
            raise EstimationError(
                f"The coefficient of {names[c]} rests on one cluster alone, which leaves no residual there to judge "
                "its variance by. Merge that cluster with another, or leave it out."
            )
        degrees[c] = np.trace(product) ** 2 / (product**2).sum()
    return degrees
