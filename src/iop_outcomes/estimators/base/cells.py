"""People as cells: rows that are alike in every column of a marginal comparison, and what inference needs of them.

What happens: rows with the same values (arm, time, cause, ...) become one cell that holds the number of its people and
their total weight; any estimator takes the cells with `weight` and `frequency` as its rows. Its gradient by the cells'
totals and the covariance of those totals give the covariance of the estimate, exactly as from the people: a person acts
on a weighted curve or mean only through the total of a cell. The covariance of the totals counts unequal weights,
clusters, and the estimation of the weights, so every horizon, cause and contrast afterwards costs nothing, whatever the
number of people. Models collapse in the same way, with their covariates among the columns: up to about five coarse ones
that saves many rows, with twelve or more next to none; `saved` tells. Refused: more than LARGEST cells where the
weights were estimated, as their totals then vary together.

With W_c the total of cell c, w_i the weight of person i, J_c the derivative of W_c by the score's coefficients and n_i
the influence of i on them, the totals vary as the sum over people of (1{i in c} w_i + J_c n_i).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Labels, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate, count_groups
from iop_outcomes.estimators.base.labels import group_numbers
from iop_outcomes.estimators.base.rows import Rows, rows
from iop_outcomes.estimators.base.stacking import Nuisance

LARGEST = 5_000
SMALL_WHOLE = 100_000


@dataclass(frozen=True)
class Cells:
    """C cells. columns: their values, (C,) each, in the order given. frequency: people; weight: their mean weight.

    index: (n,) cell of each row. root: (r, C), whose crossproduct is the covariance of the totals, or (C,), the
    diagonal of one; with clusters its rows are theirs, without the factor for their number. square: (C,) sums of
    squared weights. holds: (r, C) whether a cluster has people in a cell; None without clusters.
    """

    columns: tuple[NDArray[np.generic], ...]
    weight: Array
    frequency: Array
    index: Whole
    square: Array
    root: Array
    holds: Mask | None = None

    @property
    def saved(self) -> float:
        """How many rows stand behind a cell, on average."""
        return len(self.index) / len(self.weight)

    def infer(self, estimate: Estimate) -> Estimate:
        """The estimate made from the cells, with the people's covariance and degrees of freedom."""
        if estimate.influence.shape[0] != len(self.weight):
            raise EstimationError("This estimate was not made from these cells: the number of rows differs.")
        gradient = estimate.gradient
        influence = self.root[:, None] * gradient if self.root.ndim == 1 else self.root @ gradient
        inferred = Estimate(estimate.names, estimate.value, influence, np.ones(len(influence)))
        if self.holds is None:
            return inferred
        part = (self.holds.astype(np.float32) @ estimate.parts.astype(np.float32)) > 0
        part = part if part.shape[1] == len(estimate.names) else part[:, 0]
        return replace(inferred, part=part).clustered(range(len(influence)))


def collapse(
    columns: Sequence[ArrayLike],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    cluster: Labels | None = None,
    slope: Array | None = None,
    nuisance: Nuisance | None = None,
) -> Cells:
    """Cells of rows that are alike in all columns (n,).

    cluster: (n,) labels of people who depend on each other. slope, nuisance: as in `estimate.stack`, where the weights
    were estimated. Raises EstimationError where there are too many cells for that.
    """
    values = [np.asarray(c) for c in columns]
    counted = rows(values[0].size, weight, frequency)
    index, first = cell_numbers(values)
    size = len(first)
    people, total, square = sums(counted, index, size)
    root, holds = _root(counted, index, size, square, cluster, slope, nuisance)
    mean = np.divide(total, people, out=np.zeros(size), where=people > 0)
    return Cells(tuple(v[first] for v in values), mean, people, index, square, root, holds)


def sums(counted: Rows, index: Whole, size: int) -> tuple[Array, Array, Array]:
    """(C,) people, total weight and sum of squared weights of each cell."""
    parts = (counted.frequency * counted.used, counted.total, counted.total * counted.weight)
    people, total, square = (np.asarray(np.bincount(index, v, size), dtype=float) for v in parts)
    return people, total, square


def cell_numbers(columns: Sequence[NDArray[np.generic]]) -> tuple[Whole, Whole]:
    """(n,) number of the cell of each row, and (C,) one row of each cell; cells are in the order of their values."""
    codes = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        own = _codes(column)
        codes = codes * (int(own.max(initial=0)) + 1) + own
        if codes.max(initial=0) > 50 * SMALL_WHOLE:
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    present = np.bincount(codes) > 0
    index = (np.cumsum(present) - 1)[codes]
    first = np.empty(int(present.sum()), dtype=np.int64)
    first[index[::-1]] = np.arange(codes.size)[::-1]
    return index, first


def _codes(column: NDArray[np.generic]) -> Whole:
    """Whole numbers from zero for the values of a column; small whole numbers are taken as they are."""
    if column.dtype.kind in "biuf" and column.size:
        low, high = float(column.min()), float(column.max())
        if low >= 0 and high < SMALL_WHOLE:
            whole = column.astype(np.int64)
            if column.dtype.kind != "f" or bool((whole == column).all()):
                return whole
    return np.asarray(np.unique(column, return_inverse=True)[1], dtype=np.int64)


def _root(
    counted: Rows,
    index: Whole,
    size: int,
    square: Array,
    cluster: Labels | None,
    slope: Array | None,
    nuisance: Nuisance | None,
) -> tuple[Array, Mask | None]:
    """A matrix whose crossproduct is the covariance of the cells' totals, and which clusters have a part in them."""
    nuisance = None if nuisance is None else nuisance.fitted
    through = _through(counted, index, size, slope, nuisance)
    if cluster is None:
        if nuisance is None:
            return np.sqrt(square), None
        if size > LARGEST:
            raise EstimationError(
                f"The people fall into {size} cells, more than {LARGEST}, whose totals vary together as the weights "
                "were estimated. Use the people themselves, or fewer and coarser columns."
            )
        covariance = np.diag(square)
        own = _nuisance_by(counted, index, size, nuisance, counted.weight)
        covariance += own @ through.T + through @ own.T + through @ _nuisance_square(counted, nuisance) @ through.T
        values, vectors = np.linalg.eigh(covariance)
        return np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T, None
    moves = counted.used if nuisance is None else counted.used | (nuisance.residual != 0).any(axis=1)
    group = group_numbers(cluster, "cluster", moves)
    groups = int(group.max()) + 1
    if count_groups(group, counted.used) < 2:
        raise EstimationError("A cluster-robust variance needs at least two clusters with people; there is one.")
    by_group: Array = np.asarray(np.bincount(group * size + index, counted.total, groups * size), dtype=float)
    by_group = by_group.reshape(groups, size)
    # the totals' own mean is no part of their variance: influences add to zero through the gradient
    if nuisance is not None:
        by_group = by_group + _nuisance_by(counted, group, groups, nuisance, np.ones(len(index))) @ through.T
    holds = np.bincount(group * size + index, counted.used, groups * size).reshape(groups, size) > 0
    carries = np.bincount(group, moves, groups) > 0  # a cluster of nobody is none
    return by_group[carries], holds[carries]


def _through(counted: Rows, index: Whole, size: int, slope: Array | None, nuisance: Nuisance | None) -> Array:
    """(C, c q) derivative of each cell's total by the parameters of the weights' model."""
    if nuisance is None or slope is None:
        return np.zeros((size, 0))
    slopes = slope[:, None] if slope.ndim == 1 else slope
    return np.hstack([nuisance.matrix.grouped(index, counted.frequency * s, size) for s in slopes.T])


def _nuisance_by(counted: Rows, index: Whole, size: int, nuisance: Nuisance, factor: Array) -> Array:
    """(size, c q) sums over the people of each group of factor times their influence on the parameters."""
    parts = [nuisance.matrix.grouped(index, counted.frequency * factor * r, size) for r in nuisance.residual.T]
    return np.asarray(np.hstack(parts) @ nuisance.inverse)


def _nuisance_square(counted: Rows, nuisance: Nuisance) -> Array:
    """(c q, c q) covariance of the parameters."""
    residuals = nuisance.residual.T
    blocks = [[nuisance.matrix.gram(counted.frequency * a * b) for b in residuals] for a in residuals]
    return np.asarray(nuisance.inverse @ np.block(blocks) @ nuisance.inverse)
