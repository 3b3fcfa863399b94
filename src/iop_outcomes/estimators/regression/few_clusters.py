"""Standard errors for few clusters: bias-reduced linearisation (CR2) with Satterthwaite's degrees of freedom.

What happens, in order: a weighted linear regression is fitted (a difference between two weighted means is one, with the
arm as its column); the residuals of each cluster are stretched by the inverse square root of the variance they would
have if people were independent and alike; the sandwich of the stretched residuals is unbiased under that working
model, and its degrees of freedom for each coefficient follow from how unevenly the clusters carry it. With sites of
similar size and mixed arms these come near J - 1; where few sites hold an arm they are far fewer, and J - 1 misleads.
A coefficient that rests on one cluster alone, as that of an indicator of a site, has no standard error, and the others
keep theirs: with indicators of all sites, that of the arm is the answer. Refused: one cluster, collinear columns, a
model in which every column rests on one cluster alone.

Where a cluster's residuals would have no variance in some direction, as with an indicator of it, they are not stretched
there: the root is that of the generalised inverse, as in R's clubSandwich. (It gives an indicator's coefficient a
standard error all the same, of the other clusters' residuals.)

Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton 2018, JBES 36:672, equations 10 and 11, with the
identity as working covariance. Weights count as known: stacking is for `estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Labels, Mask
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.rows import column, columns, refuse_collinear, rows
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.estimators.regression.glm import standardised
from iop_outcomes.estimators.regression.separation import INTERCEPT

# with as many, the plain sandwich with J - 1 degrees of freedom serves
ENOUGH = 40


@dataclass(frozen=True)
class FewClusters:
    """Coefficients of names, 'intercept' first: value (p,), covariance (p, p), degrees (p,) of freedom of each.

    alone: names of those that rest on one cluster alone; their covariances and degrees are NaN, and so are their limits
    and p values. `take` refuses them.
    """

    names: tuple[str, ...]
    value: Array
    covariance: Array
    degrees: Array
    alone: tuple[str, ...] = ()

    def take(self, *names: str) -> FewClusters:
        """The named coefficients only. Raises EstimationError where one rests on one cluster alone, or is none."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise EstimationError(f"{', '.join(unknown)}: no such coefficient among {', '.join(self.names)}.")
        _refuse_alone([name for name in names if name in self.alone])
        at = [self.names.index(name) for name in names]
        return FewClusters(tuple(names), self.value[at], self.covariance[np.ix_(at, at)], self.degrees[at])

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

    weight: (n,) of each person; rows without weight take no part, and their clusters may be missing. Raises
    EstimationError as the module says.
    """
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, None)
    used = counted.used
    standard, back = standardised(model_matrix(columns(x, names, outcome.size), names), counted)
    design, labels = standard.dense()[used], standard.names
    w, y_used = counted.weight[used] / counted.weight[used].mean(), outcome[used]
    groups = labelled(cluster, "cluster", outcome.size, used)[1]
    if groups.max() < 1:
        raise EstimationError("A cluster-robust variance needs at least two clusters; there is one.")
    refuse_collinear(np.sqrt(w)[:, None] * design, labels, "linear model")
    bread = np.linalg.inv(design.T @ (design * w[:, None]))
    square = bread @ (design.T @ (design * (w**2)[:, None])) @ bread
    centre = w @ y_used / w.sum()  # so that what is fitted is not far from zero
    fitted = bread @ (design.T @ (w * (y_used - centre)))
    residual = y_used - centre - design @ fitted
    fitted[0] += centre
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    # turn: from scores to the coefficients of the columns as given, as is `back` from those of the centred ones
    turn = bread @ back.T
    parts = [_cluster(design[m], w[m], residual[m], bread, square, turn) for m in members]
    scores = np.stack([p.score for p in parts]) @ turn
    covariance, degrees = scores.T @ scores, _degrees(parts, bread, square)
    alone = np.any([_alone(design[m], w[m], bread, back) for m in members], axis=0)
    names_alone = tuple(name for name, yes in zip(labels, alone, strict=True) if yes)
    if alone[1:].all() and alone.any():
        _refuse_alone([name for name in names_alone if name != INTERCEPT] or names_alone)
    covariance[alone], covariance[:, alone], degrees[alone] = np.nan, np.nan, np.nan
    return FewClusters(labels, back @ fitted, covariance, degrees, names_alone)


@dataclass(frozen=True)
class _Cluster:
    """Of one cluster: score (p,), x'W A e; and, for the vectors a = A W x M c of each coefficient c, (p, p) tables
    a'a, a'x and a'W x by coefficient."""

    score: Array
    own: Array
    through: Array
    weighted: Array


def _cluster(x: Array, w: Array, residual: Array, bread: Array, square: Array, turn: Array) -> _Cluster:
    """A is the inverse square root of B = I - x M x'W - W x M x' + x M X'W^2 X M x', which differs from the identity
    only in the space of x and W x: that is all that is decomposed. turn: (p, p) M c of each coefficient c."""
    wx = x * w[:, None]
    basis = np.linalg.qr(np.hstack([x, wx]))[0]
    bx, bwx = basis.T @ x, basis.T @ wx
    cross = bx @ bread @ bwx.T
    inner = np.eye(basis.shape[1]) - cross - cross.T + bx @ square @ bx.T
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    stretch = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-10)), 0.0)
    change = vectors @ ((stretch - 1)[:, None] * vectors.T)
    turned = wx @ turn
    a = turned + basis @ (change @ (basis.T @ turned))
    stretched = residual + basis @ (change @ (basis.T @ residual))
    return _Cluster(wx.T @ stretched, (a**2).sum(axis=0), a.T @ x, a.T @ wx)


def _alone(x: Array, w: Array, bread: Array, back: Array) -> Mask:
    """(p,) coefficients that have no estimate without this cluster.

    Directions in which all information is the cluster's are eigenvectors, of value 1, of its share of the whole.
    """
    root = np.linalg.cholesky(bread)
    shares, directions = np.linalg.eigh(root.T @ (x.T @ (x * w[:, None])) @ root)
    turned = back @ root
    only = turned @ directions[:, shares > 1 - 1e-10]
    return np.asarray((only**2).sum(axis=1) > 1e-12 * (turned**2).sum(axis=1))


def _degrees(parts: Sequence[_Cluster], bread: Array, square: Array) -> Array:
    """(p,) (sum of eigenvalues)^2 / sum of squares of the J x J matrix p_g'p_h, p_g = (I - H)'a_g."""
    degrees = np.empty(len(bread))
    for c in range(len(bread)):
        own = np.array([p.own[c] for p in parts])
        u, v = (np.stack([getattr(p, n)[c] for p in parts]) for n in ("through", "weighted"))
        crossed = v @ bread @ u.T
        product = np.diag(own) - crossed - crossed.T + u @ square @ u.T
        degrees[c] = np.trace(product) ** 2 / (product**2).sum() if product.any() else np.nan
    return degrees


def _refuse_alone(names: Sequence[str]) -> None:
    if names:
        raise EstimationError(
            f"The coefficient of {', '.join(names)} rests on one cluster alone, which leaves no residual there to "
            "judge its variance by. Merge that cluster with another, or leave it out."
        )
