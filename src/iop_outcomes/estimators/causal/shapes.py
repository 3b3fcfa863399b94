"""Shapes of a curve of means over how long people stay: a line, one that bends at a threshold, a smooth one.

Whether staying pays more up to a day than beyond it is a question of the curve had everyone left then, never of the
days that people happened to stay. In order: a curve with the joint covariance of its points is taken, such as means
under "leave in week k" for many k (`strategies`); each shape is fitted to it by generalised least squares, which weighs
points by how well they are known, together; slopes are linear in the points, so that their errors follow from the
influences of the points, clusters included. How far a shape misses the points is a chi-squared statistic on as many
degrees of freedom as points are left (Greenland & Longnecker 1992, American Journal of Epidemiology 135:1301, who fit
trends to estimates that share people so).

Refused: fewer points than a shape has numbers and one more, a threshold with fewer than two points on a side, points
that tell the same twice, so that their covariance cannot be inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import column
from iop_outcomes.estimators.design_matrix import splines

LINE, BROKEN, SMOOTH = "line", "broken", "smooth"
SLOPE, BEFORE, AFTER, CHANGE = "slope", "slope_before", "slope_after", "change_of_slope"


@dataclass(frozen=True)
class Misfit:
    """How far a shape misses the points: a chi-squared statistic, its degrees of freedom, and its p value."""

    statistic: float
    degrees: int
    p_value: float


@dataclass(frozen=True)
class Shapes:
    """slopes: of the line; of the broken one before and after the threshold, and their difference, per unit of the
    axis. misfit: of each shape, by its name.
    """

    slopes: Estimate
    misfit: dict[str, Misfit]


def shapes(curve: Estimate, at: ArrayLike, threshold: float) -> Shapes:
    """The line, the line broken at a threshold, and a restricted cubic spline of three knots, its middle one there.

    curve: k means, in the order of at (k,), where they stand. Raises EstimationError as the module says.
    """
    x = column(at, "at")
    if x.size != curve.value.size or (np.diff(x) <= 0).any():
        raise EstimationError("A curve needs one place for each of its points, and places that rise.")
    if min((x < threshold).sum(), (x > threshold).sum()) < 2:
        raise EstimationError(f"A line that bends at {threshold:g} needs two points on either side of it.")
    root = _root(curve)
    bend = np.maximum(x - threshold, 0.0)
    one = np.ones_like(x)
    designs = {
        LINE: np.column_stack([one, x]),
        BROKEN: np.column_stack([one, x, bend]),
        SMOOTH: np.column_stack([one, splines.basis(x, [x[0], threshold, x[-1]])]),
    }
    fits = {name: _fit(design, root) for name, design in designs.items()}
    broken = fits[BROKEN]
    rows = np.vstack([fits[LINE][1], broken[1], broken[1] + broken[2], broken[2]])
    slopes = curve.transform((SLOPE, BEFORE, AFTER, CHANGE), lambda v: rows @ v, rows)
    return Shapes(slopes, {name: _misfit(curve.value, designs[name], fits[name], root) for name in designs})


def _root(curve: Estimate) -> Array:
    """(k, k) lower root of the covariance of the points."""
    try:
        return np.asarray(linalg.cholesky(curve.covariance(), lower=True))
    except linalg.LinAlgError:
        raise EstimationError(
            "The points of the curve tell some of each other exactly, so that no shape can be fitted to them: take "
            "fewer points, further apart, or people as independent where there are few clusters."
        ) from None


def _fit(design: Array, root: Array) -> Array:
    """(p, k) what the points are multiplied by to give the p numbers of a shape."""
    k, p = design.shape
    if k <= p:
        raise EstimationError(f"A shape of {p} numbers needs more than {p} points; the curve has {k}.")
    leaned = linalg.solve_triangular(root, design, lower=True)
    found = np.linalg.lstsq(leaned, linalg.solve_triangular(root, np.eye(k), lower=True), rcond=None)[0]
    return np.asarray(found)


def _misfit(value: Array, design: Array, fit: Array, root: Array) -> Misfit:
    left = linalg.solve_triangular(root, value - design @ (fit @ value), lower=True)
    degrees = len(value) - design.shape[1]
    statistic = float(left @ left)
    return Misfit(statistic, degrees, float(stats.chi2.sf(statistic, degrees)))
