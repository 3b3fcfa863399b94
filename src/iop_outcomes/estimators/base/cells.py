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
    squared weights. holds: (r, C) whether a cluster has people in a cell; None without clusters. alone: (C, C) or (C,),
    with clusters, the covariance of the totals were people independent; None where there are too many cells.
    """

    columns: tuple[NDArray[np.generic], ...]
    weight: Array
    frequency: Array
    index: Whole
    square: Array
    root: Array
    holds: Mask | None = None
    alone: Array | None = None

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
        apart = None
        if self.alone is not None:
            apart = gradient.T @ (self.alone[:, None] * gradient if self.alone.ndim == 1 else self.alone @ gradient)
        return replace(inferred, part=part, apart=apart).clustered(np.arange(len(influence)))


@dataclass(frozen=True)
class Ground:
    """What cells of the same people share, whatever their columns: clusters, and the model of their weights.

    nuisance: in the units of its fit, or None. group: (n,) numbers of clusters, or None. by_group: (J, c q) influence
    of each cluster's people on the parameters. square: (c q, c q) covariance of the parameters, people independent.
    """

    nuisance: Nuisance | None
    group: Whole | None
    by_group: Array
    square: Array

    def cells(
        self,
        columns: Sequence[ArrayLike],
        weight: ArrayLike | None = None,
        frequency: ArrayLike | None = None,
        slope: Array | None = None,
    ) -> Cells:
        """Cells of the same people; arguments as of `collapse`."""
        values = [np.asarray(c) for c in columns]
        counted = rows(values[0].size, weight, frequency)
        index, first = cell_numbers(values)
        size = len(first)
        people, total, square = sums(counted, index, size)
        through = _through(counted, index, size, slope, self.nuisance)
        alone = self._alone(counted, index, square, through)
        root, holds = self._root(counted, index, size, through, alone)
        mean = np.divide(total, people, out=np.zeros(size), where=people > 0)
        alike = tuple(v[first] for v in values)
        return Cells(alike, mean, people, index, square, root, holds, None if self.group is None else alone)

    def _alone(self, counted: Rows, index: Whole, square: Array, through: Array) -> Array | None:
        """(C,) diagonal or (C, C) of the covariance of the totals, people independent; None for too many cells."""
        if self.nuisance is None:
            return square
        if len(square) > LARGEST:
            return None
        own = _nuisance_by(counted, index, len(square), self.nuisance, counted.weight) @ through.T
        return np.asarray(np.diag(square) + own + own.T + through @ self.square @ through.T)

    def _root(
        self, counted: Rows, index: Whole, size: int, through: Array, alone: Array | None
    ) -> tuple[Array, Mask | None]:
        """A matrix whose crossproduct is the covariance of the totals, and which clusters have a part in them."""
        if self.group is None:
            if alone is None:
                raise EstimationError(
                    f"The people fall into {size} cells, more than {LARGEST}, whose totals vary together as the "
                    "weights were estimated. Use the people themselves, or fewer and coarser columns."
                )
            if alone.ndim == 1:
                return np.sqrt(alone), None
            values, vectors = np.linalg.eigh(alone)
            return np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T, None
        group, groups = self.group, int(self.group.max()) + 1
        if count_groups(group, counted.used) < 2:
            raise EstimationError("A cluster-robust variance needs at least two clusters with people; there is one.")
        place = group * size + index
        # the totals' own mean is no part of their variance: influences add to zero through the gradient
        by_group = np.asarray(np.bincount(place, counted.total, groups * size), dtype=float).reshape(groups, size)
        if self.nuisance is not None:
            by_group = np.asarray(by_group + self.by_group @ through.T)
        holds = np.bincount(place, counted.used, groups * size).reshape(groups, size) > 0
        carries = np.bincount(group, _moves(counted, self.nuisance), groups) > 0  # a cluster of nobody is none
        return np.asarray(by_group[carries], dtype=float), holds[carries]


def ground(
    n: int,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    cluster: Labels | None = None,
    nuisance: Nuisance | None = None,
) -> Ground:
    """What the cells of n rows share; arguments as of `collapse`."""
    counted = rows(n, weight, frequency)
    known = None if nuisance is None else nuisance.fitted
    group = None if cluster is None else group_numbers(cluster, "cluster", _moves(counted, known))
    by_group, square = np.zeros((0, 0)), np.zeros((0, 0))
    if known is not None:
        square = _nuisance_square(counted, known)
        if group is not None:
            by_group = _nuisance_by(counted, group, int(group.max()) + 1, known, np.ones(n))
    return Ground(known, group, by_group, square)


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
    return ground(np.size(columns[0]), weight, frequency, cluster, nuisance).cells(columns, weight, frequency, slope)


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


def _moves(counted: Rows, nuisance: Nuisance | None) -> Mask:
    """(n,) rows that count, or move the parameters of the weights' model."""
    return counted.used if nuisance is None else counted.used | (nuisance.residual != 0).any(axis=1)


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
