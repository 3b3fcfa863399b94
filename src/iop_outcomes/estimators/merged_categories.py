"""Sums over the rows of a model matrix, with its categorical covariates merged: one look-up where there were several.

What happens: covariates of few categories are merged into ones of at most CELLS combinations, so that fifteen become
seven and their 105 pairs 21. With Z the numeric columns and an indicator of each combination, X = Z M, where M says
which columns a combination has; so X b = Z (M b), X'v = M'(Z'v) and X'diag(w)X = M'(Z'diag(w)Z) M. Z is never held:
its sums are counted by code, and those of pairs by pair of codes, over blocks of rows. A table without categories goes
through a product of matrices, block by block. Several coefficients or weights go through one pass.

Arrays run along the rows (k, n), as that is how they are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.model_matrix import Codes, ModelMatrix

# combinations of a merged covariate: a table of two of them (8 bytes a cell) stays in a processor's nearest memory
CELLS = 64
BLOCK = 2**18  # numbers of Z at a time


@dataclass(frozen=True)
class Merged:
    """numeric: (n, a). codes: (n,) of each merged covariate, below its size. columns: M, (a + sum(sizes), p)."""

    numeric: Array
    codes: tuple[Codes, ...]
    sizes: tuple[int, ...]
    columns: Array

    def times(self, beta: Array) -> Array:
        """(k, n) x b for each row of beta (k, p)."""
        spread = beta @ self.columns.T
        out = np.empty((len(beta), len(self.numeric)))
        a = self.numeric.shape[1]
        for at, codes in self._blocks():
            np.matmul(spread[:, :a], self.numeric[at].T, out=out[:, at])
            for code, place in zip(codes, self._places, strict=True):
                for line, table in zip(out, spread[:, place], strict=True):
                    line[at] += table[code]
        return out

    def crossproduct(self, v: Array) -> Array:
        """(k, p) sums of v x for each row of v (k, n)."""
        out = np.zeros((len(v), len(self.columns)))
        a = self.numeric.shape[1]
        for at, codes in self._blocks():
            out[:, :a] += v[:, at] @ self.numeric[at]
            for code, place, size in zip(codes, self._places, self.sizes, strict=True):
                for line, own in zip(out, v, strict=True):
                    line[place] += np.bincount(code, own[at], size)
        return np.asarray(out @ self.columns)

    def grams(self, weights: Callable[[slice], Array], k: int) -> Array:
        """(k, p, p) sums of w x x' for k weights; weights: from some rows to their (k, m), none negative."""
        out = np.zeros((k, len(self.columns), len(self.columns)))
        for at, codes in self._blocks():
            for total, own in zip(out, weights(at), strict=True):
                self._add_numeric(total, self.numeric[at], codes, own)
                self._add_pairs(total, codes, own)
        for total in out:
            total += np.tril(total, -1).T
        return np.stack([self.columns.T @ total @ self.columns for total in out]) if self.codes else out

    def _add_numeric(self, total: Array, numeric: Array, codes: list[NDArray[np.intp]], w: Array) -> None:
        a = numeric.shape[1]
        if a == 0:
            return
        root = numeric * np.sqrt(w)[:, None]
        total[:a, :a] += np.tril(root.T @ root)  # a product of a matrix with itself is half the work
        for at in range(a if codes else 0):
            weighted = w * numeric[:, at]
            for code, place, size in zip(codes, self._places, self.sizes, strict=True):
                total[place, at] += np.bincount(code, weighted, size)

    def _add_pairs(self, total: Array, codes: list[NDArray[np.intp]], w: Array) -> None:
        places, sizes = self._places, self.sizes
        for i, code in enumerate(codes):
            total[places[i], places[i]].flat[:: sizes[i] + 1] += np.bincount(code, w, sizes[i])
            for j in range(i):
                cells = np.bincount(code * sizes[j] + codes[j], w, sizes[i] * sizes[j])
                total[places[i], places[j]] += cells.reshape(sizes[i], sizes[j])

    def _blocks(self) -> Iterator[tuple[slice, list[NDArray[np.intp]]]]:
        """Blocks of rows, and the codes there."""
        size = max(1, BLOCK // max(1, self.numeric.shape[1] + len(self.codes)))
        for start in range(0, len(self.numeric), size):
            at = slice(start, start + size)
            yield at, [code[at].astype(np.intp) for code in self.codes]

    @cached_property
    def _places(self) -> list[slice]:
        """Where the combinations of each merged covariate stand among the columns of Z."""
        ends = self.numeric.shape[1] + np.cumsum([0, *self.sizes])
        return [slice(int(first), int(last)) for first, last in pairwise(ends)]


def merge(x: ModelMatrix) -> Merged:
    """A matrix with its categorical covariates merged.

    A numeric column that is the same for everyone, as the intercept is, becomes a part of M where there are categories.
    """
    groups = _groups([levels + 1 for levels in x.levels])
    same = (x.numeric == x.numeric[:1]).all(axis=0) & bool(groups)
    moving = np.flatnonzero(~same)
    starts = x.numeric.shape[1] + np.cumsum([0, *x.levels])
    codes: list[Codes] = []
    sizes, parts = [], [np.eye(x.shape[1])[moving]]
    for members in groups:
        size = int(np.prod([x.levels[at] + 1 for at in members]))
        merged, own, left = np.zeros(len(x.numeric), dtype=np.intp), np.zeros((size, x.shape[1])), np.arange(size)
        for at in members:
            merged = merged * (x.levels[at] + 1) + x.codes[at]
        for at in reversed(members):
            code, left = left % (x.levels[at] + 1), left // (x.levels[at] + 1)
            there = np.flatnonzero(code)
            own[there, starts[at] + code[there] - 1] = 1.0
        codes.append(merged.astype(np.uint8 if size <= 256 else np.int32))
        sizes.append(size)
        parts.append(own)
    if groups:
        parts[1][:, np.flatnonzero(same)] = x.numeric[0, same]
    return Merged(np.ascontiguousarray(x.numeric[:, moving]), tuple(codes), tuple(sizes), np.concatenate(parts))


def table(x: Array) -> Merged:
    """A table of numbers (n, p), as it is."""
    return Merged(x, (), (), np.eye(x.shape[1]))


def _groups(sizes: list[int]) -> list[list[int]]:
    """Which covariates are merged with each other: the largest first, each into the first group with room for it."""
    groups: list[list[int]] = []
    cells: list[int] = []
    for at in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        place = next((g for g, size in enumerate(cells) if size * sizes[at] <= CELLS), len(groups))
        if place == len(groups):
            groups.append([])
            cells.append(1)
        groups[place].append(at)
        cells[place] *= sizes[at]
    return groups
