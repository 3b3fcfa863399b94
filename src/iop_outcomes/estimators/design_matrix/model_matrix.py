"""The covariates of a model: numeric columns as they are, categories as codes, never as a table of indicators.

What happens: a matrix of n rows and p columns is held as numeric columns (n, a) and, for each categorical covariate, a
code per row: 0 for the reference, which has no column, and 1 ... L for its L columns. The four sums that a model
needs (x b, X'v, X'diag(w)X and sums by group) are taken without ever holding the n by p table: looked up by code or
counted by code, with neighbouring covariates joined into one code so that a pass over the rows serves several. A
national file of 500,000 people and 82 columns takes 8 MB, and 5 MB more as joint codes, in place of 320. Refused:
codes that are not whole numbers from zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.rows import columns
from iop_outcomes.estimators.design_matrix.joint_codes import Codes, JointCode, alone, join, limit

BLOCK = 2048
FEW_ROWS = 1_001  # among which a middle is found
FLAT = 1e-14  # a spread this small beside the size of the numbers is rounding


@dataclass(frozen=True)
class ModelMatrix:
    """numeric: (n, a). codes: one array (n,) of whole numbers per categorical covariate. levels: its columns.

    names: of the p = a + sum(levels) columns, numeric ones first.
    """

    numeric: Array
    names: tuple[str, ...]
    codes: tuple[Codes, ...] = ()
    levels: tuple[int, ...] = ()
    _offsets: tuple[int, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        starts = self.numeric.shape[1] + np.cumsum([0, *self.levels])
        if len(self.names) != starts[-1]:
            raise EstimationError(f"A matrix of {starts[-1]} columns was given {len(self.names)} names.")
        for codes, levels in zip(self.codes, self.levels, strict=True):
            if codes.size and (codes.min() < 0 or codes.max() > levels):
                raise EstimationError(f"Codes of a covariate of {levels} columns must lie between 0 and {levels}.")
        object.__setattr__(self, "_offsets", tuple(int(s) for s in starts[:-1]))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.numeric), len(self.names)

    def take(self, rows: ArrayLike | slice) -> ModelMatrix:
        """The same columns of some rows."""
        at = rows if isinstance(rows, slice) else np.asarray(rows)
        return ModelMatrix(self.numeric[at], self.names, tuple(c[at] for c in self.codes), self.levels)

    @property
    def spans(self) -> list[slice]:
        """The columns of each categorical covariate."""
        return [slice(start, start + levels) for start, levels in zip(self._offsets, self.levels, strict=True)]

    def keep(self, wanted: Mask) -> ModelMatrix:
        """Some of the columns, those where `wanted` (p,) is true.

        A category without its column belongs to the reference, and the codes of the others close up.
        """
        a = self.numeric.shape[1]
        coded, levels = [], []
        for codes, span in zip(self.codes, self.spans, strict=True):
            here = wanted[span]
            if here.any():
                place = np.concatenate([[0], np.cumsum(here) * here]).astype(codes.dtype)
                coded.append(codes if here.all() else place[codes])
                levels.append(int(here.sum()))
        numeric = self.numeric if wanted[:a].all() else self.numeric[:, wanted[:a]]
        names = tuple(name for name, stays in zip(self.names, wanted, strict=True) if stays)
        return ModelMatrix(numeric, names, tuple(coded), tuple(levels))

    def varying(self, among: Mask) -> ModelMatrix:
        """The columns that vary among some rows (n,); of categories, those that some of them have and some have not."""
        some = self.take(among)
        people: Array = some.crossproduct(np.ones(some.shape[0]))
        wanted = (people > 0) & (people < some.shape[0])
        a = self.numeric.shape[1]
        wanted[:a] = np.ptp(some.numeric, axis=0) > 0
        return self.keep(wanted)

    def with_column(self, name: str, values: ArrayLike) -> ModelMatrix:
        """A numeric column in front, of values (n,) or of one value for all rows."""
        column = np.broadcast_to(np.asarray(values, dtype=float), len(self.numeric))
        return ModelMatrix(np.column_stack([column, self.numeric]), (name, *self.names), self.codes, self.levels)

    def with_intercept(self, name: str) -> ModelMatrix:
        """A column of ones in front."""
        return self.with_column(name, 1.0)

    def times(self, beta: Array) -> Array:
        """x b for beta (p,) or (p, k); (n,) or (n, k)."""
        out = np.empty((len(self.numeric), *beta.shape[1:]))
        for rows, product in self.products(beta):
            out[rows] = product
        return out

    def products(self, beta: Array) -> Iterator[tuple[slice, Array]]:
        """Blocks of rows, each with x b for beta (p,) or (p, k), (m,) or (m, k); a block is valid until the next."""
        n, a = self.numeric.shape
        step = BLOCK if beta.ndim == 2 else 8 * BLOCK  # numbers that fit into the processor's cache
        tables = [one.indicators @ beta[one.columns] for one in self._joint]
        sums, found = np.empty((2, min(step, n), *beta.shape[1:]))
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            m = rows.stop - start
            np.matmul(self.numeric[rows], beta[:a], out=sums[:m])
            for one, table in zip(self._joint, tables, strict=True):
                sums[:m] += table.take(one.codes[rows], axis=0, out=found[:m], mode="clip")  # "raise" would copy
            yield rows, sums[:m]

    def crossproduct(self, v: Array) -> Array:
        """X'v for v (n,) or (n, k); (p,) or (p, k)."""
        if v.ndim == 2:
            return (
                np.column_stack([self.crossproduct(one) for one in v.T]) if v.shape[1] else np.empty((self.shape[1], 0))
            )
        place = np.empty(len(v), dtype=np.int64)
        return np.concatenate([v @ self.numeric, *(one.by_column(one.counted(v, place)[0]) for one in self._joint)])

    def gram(self, w: Array) -> Array:
        """(p, p) X'diag(w)X, for w (n,) of either sign."""
        a, place = self.numeric.shape[1], np.empty(len(w), dtype=np.int64)
        out = np.empty((self.shape[1], self.shape[1]))
        out[:a, :a] = _gram_of_numbers(self.numeric, w)
        for at, one in enumerate(self._joint):
            for column, numbers in enumerate(self.numeric.T):
                out[column, one.columns] = one.by_column(one.counted(w * numbers, place)[0])
            out[one.columns, one.columns] = one.by_column(one.indicators.T * one.counted(w, place))
            for other in self._joint[at + 1 :]:
                cells = other.by_column(other.counted(w, place, one.codes, one.size))
                out[one.columns, other.columns] = one.indicators.T @ cells
        below = np.tril_indices(len(out), -1)
        out[below] = out.T[below]
        return out

    def grouped(self, group: NDArray[np.int64], v: Array, size: int) -> Array:
        """(size, p) sums of v x over the rows of each group 0 ... size - 1; v (n,)."""
        out, place = np.empty((size, self.shape[1])), np.empty(len(v), dtype=np.int64)
        for at, column in enumerate(self.numeric.T):
            out[:, at] = np.bincount(group, v * column, size)
        # joint codes pay while the groups have no more cells than there are rows
        for one in self._joint if size * limit(len(v)) <= len(v) else self._single:
            out[:, one.columns] = one.by_column(one.counted(v, place, group, size))
        return out

    def dense(self, rows: slice = slice(None)) -> Array:
        """(m, p) table of some rows."""
        part = self.take(rows)
        out = np.zeros((len(part.numeric), self.shape[1]))
        out[:, : part.numeric.shape[1]] = part.numeric
        for codes, start in zip(part.codes, self._offsets, strict=True):
            there = np.flatnonzero(codes)
            out[there, start + codes[there].astype(np.int64) - 1] = 1.0
        return out

    @cached_property
    def _single(self) -> list[JointCode]:
        """Each categorical covariate alone."""
        return alone(self.codes, self.spans)

    @cached_property
    def _joint(self) -> list[JointCode]:
        """The categorical covariates, neighbours joined."""
        return join(self._single, limit(len(self.numeric)))


def _gram_of_numbers(x: Array, w: Array) -> Array:
    """(a, a) x'diag(w)x of a table (n, a)."""
    if x.size <= BLOCK * 64:
        return np.asarray(x.T @ (x * w[:, None]))
    out = np.zeros((x.shape[1], x.shape[1]))
    negative = bool((w < 0).any())
    root = np.sqrt(np.abs(w))  # a table by itself takes half as long as by another
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        part = x[rows] * root[rows, None]
        out += part.T @ (part * np.sign(w[rows])[:, None] if negative else part)
    return out


def model_matrix(x: ArrayLike | ModelMatrix, names: Sequence[str], n: int | None = None) -> ModelMatrix:
    """The covariates of a model from a table (n, p) of finite numbers, or a matrix that is one already.

    names: p labels; where there are none, a table's columns are 'column 1', 'column 2', ...
    """
    if not isinstance(x, ModelMatrix):
        if not len(names) and np.ndim(x) == 2:
            names = [f"column {at + 1}" for at in range(np.shape(x)[1])]
        return ModelMatrix(columns(x, names, n), tuple(names))
    if n is not None and x.shape[0] != n:
        raise EstimationError(f"The covariates have {x.shape[0]} rows where {n} were expected, one for each row.")
    if names and tuple(names) != x.names:
        raise EstimationError("The names given differ from those of the covariates; leave them out, or give the same.")
    return x


def categories(
    values: dict[str, ArrayLike], numeric: ArrayLike | None = None, numeric_names: Sequence[str] = ()
) -> ModelMatrix:
    """A matrix from codes: for each categorical covariate (n,) whole numbers, of which the smallest is the reference.

    numeric: (n, a) further columns, named by numeric_names. Columns of a covariate are named 'covariate=code'.
    """
    coded, levels, names = [], [], list(numeric_names)
    for name, raw in values.items():
        codes = np.asarray(raw)
        if codes.dtype.kind not in "iub" or (codes.size and codes.min() < 0):
            raise EstimationError(f"The codes of '{name}' must be whole numbers from zero, one for each row.")
        present = np.bincount(codes) > 0
        kept = np.flatnonzero(present)
        place = np.cumsum(present) - 1
        coded.append(np.take(place.astype(np.int32 if len(kept) > 255 else np.uint8), codes))
        levels.append(len(kept) - 1)
        names += [f"{name}={code}" for code in kept[1:]]
    n = len(coded[0]) if coded else np.asarray(numeric).shape[0]
    table = np.empty((n, 0)) if numeric is None else columns(numeric, numeric_names, n)
    return ModelMatrix(table, tuple(names), tuple(coded), tuple(levels))


def together(first: ModelMatrix, second: ModelMatrix) -> ModelMatrix:
    """The columns of both, of the same rows: numbers first."""
    a, b = first.numeric.shape[1], second.numeric.shape[1]
    names = (*first.names[:a], *second.names[:b], *first.names[a:], *second.names[b:])
    numeric = np.hstack([first.numeric, second.numeric])
    return ModelMatrix(numeric, names, (*first.codes, *second.codes), (*first.levels, *second.levels))


def centred(x: ModelMatrix, people: Array) -> tuple[ModelMatrix, Array, Array]:
    """Numeric columns less a value from their middle and over their spread among `people` (n,) of each row; the middle
    and the spread, (p,).

    The middle is the median of some rows that count: numbers far from zero keep their digits, and so do the others
    where one lies far out, which would draw a mean away from them. Columns that do not vary are zero, with scale one.
    Categories stay as they are, with centre zero.
    """
    centre, scale = np.zeros(x.shape[1]), np.ones(x.shape[1])
    a = x.numeric.shape[1]
    if a == 0:
        return x, centre, scale
    counted = np.flatnonzero(people > 0)
    some = counted[:: max(len(counted) // FEW_ROWS, 1)]
    # the lower of two in the middle, which is a value of the column
    middle = np.sort(x.numeric[some], axis=0)[(len(some) - 1) // 2]
    away = x.numeric - middle
    share = people / people.sum()
    spread = np.sqrt(np.maximum(share @ away**2 - (share @ away) ** 2, 0.0))
    flat = spread <= FLAT * np.sqrt(share @ x.numeric**2)
    spread[flat] = 1.0
    away /= spread
    away[:, flat] = 0.0
    centre[:a], scale[:a] = middle, spread
    return ModelMatrix(away, x.names, x.codes, x.levels), centre, scale


def standardised_within(x: ModelMatrix, stratum: NDArray[np.int64], part: Mask) -> tuple[ModelMatrix, Array, Array]:
    """Numeric columns less their mean in each stratum and over their root mean square there, that scale (p,), and the
    means (strata, p).

    stratum: (n,) numbers. part: (n,) rows that take part; the others have no say in means and scale, and zeros for
    numbers, so that what they hold cannot stand in the way of the others' fit. Neither centre nor scale changes a
    partial likelihood, and no digits are lost to cancellation. Columns that do not vary are zero. Categories stay as
    they are, with mean zero and scale one.
    """
    scale, a, strata = np.ones(x.shape[1]), x.numeric.shape[1], int(stratum.max(initial=0)) + 1
    means = np.zeros((strata, x.shape[1]))
    if a == 0 or not part.any():
        return x, scale, means
    whole = bool(part.all())
    numeric, own = (x.numeric, stratum) if whole else (x.numeric[part], stratum[part])
    people = np.maximum(np.bincount(own, minlength=strata), 1)
    # from the first row of each stratum, which keeps the digits of numbers far from zero
    first = np.zeros(strata, dtype=np.int64)
    first[own[::-1]] = np.arange(len(own))[::-1]
    start = numeric[first]
    away = numeric - start[own]
    middle = np.stack([np.bincount(own, column, strata) / people for column in away.T], axis=1)
    away -= middle[own]
    spread = np.sqrt((away**2).mean(axis=0))
    flat = spread <= FLAT * np.sqrt((numeric**2).mean(axis=0))
    spread[flat] = 1.0
    away /= spread
    away[:, flat] = 0.0
    scale[:a], means[:, :a] = spread, start + middle
    standard = away
    if not whole:
        standard = np.zeros_like(x.numeric)
        standard[part] = away
    return ModelMatrix(standard, x.names, x.codes, x.levels), scale, means
