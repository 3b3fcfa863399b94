"""Neighbouring categorical covariates joined into one code, so that one pass over people counts several of them.

What happens: each covariate is a code with as many values as it has categories; neighbours are joined as long as a code
has no more values than `limit`, so that a table by two codes stays in the processor's cache and has no more cells than
there are people; sums by value are turned into sums by column. Nothing is refused here: `model_matrix` checks codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.estimators.base.arrays import Array

JOINT_CODES = 512  # a table by two joint codes, 2 MB, stays in the processor's cache
FEW = 64  # a table by two codes of so many values costs little for any number of people
Codes = NDArray[np.integer]


@dataclass(frozen=True)
class JointCode:
    """Neighbouring categorical covariates as one code, with a value for each combination of their codes.

    codes: (n,) values 0 ... c - 1. columns: where their q columns stand in the matrix. indicators: (c, q), what those
    columns hold at each value.
    """

    codes: Codes
    columns: slice
    indicators: Array

    @property
    def size(self) -> int:
        """Values, c."""
        return len(self.indicators)

    def joined(self, right: JointCode) -> JointCode:
        """This and the one whose columns follow, as one code."""
        left = np.repeat(self.indicators, right.size, axis=0)
        indicators = np.hstack([left, np.tile(right.indicators, (self.size, 1))])
        codes = (self.codes * np.int64(right.size) + right.codes).astype(np.min_scalar_type(len(indicators) - 1))
        return JointCode(codes, slice(self.columns.start, right.columns.stop), indicators)

    def counted(self, v: Array, place: NDArray[np.int64], group: Codes | None = None, size: int = 1) -> Array:
        """(size, c) sums of v (n,) over the rows of each group 0 ... size - 1 and each value; one group if None.

        place: (n,) is written over; it serves many sums, as they would spend much of their time on fresh memory.
        """
        if group is None:
            place[:] = self.codes
        else:
            np.multiply(group, self.size, out=place, dtype=np.int64)
            place += self.codes
        return np.asarray(np.bincount(place, v, size * self.size), dtype=float).reshape(size, self.size)

    def by_column(self, cells: Array) -> Array:
        """(..., q) sums of cells (..., c) over the values at which each column is one."""
        return np.asarray(cells @ self.indicators)


def alone(codes: Sequence[Codes], columns: Sequence[slice]) -> list[JointCode]:
    """Each covariate by itself. codes: 0 for the reference, which has no column. columns: where those of each stand."""
    return [
        JointCode(own, span, np.eye(span.stop - span.start + 1)[:, 1:])
        for own, span in zip(codes, columns, strict=True)
    ]


def join(codes: Sequence[JointCode], most: int) -> list[JointCode]:
    """Neighbours joined, as long as a code has at most so many values."""
    out: list[JointCode] = []
    for one in codes:
        if out and out[-1].size * one.size <= most:
            out[-1] = out[-1].joined(one)
        else:
            out.append(one)
    return out


def limit(people: int) -> int:
    """Values that a joint code may have, so that two of them have few cells, or no more than people."""
    return max(FEW, min(JOINT_CODES, isqrt(people)))
