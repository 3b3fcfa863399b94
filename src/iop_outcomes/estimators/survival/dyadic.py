"""Sums over intervals of positions by additions alone, where differences of running sums would lose their digits.

What happens: positions 0 ... size - 1 are the leaves of a binary tree; an interval is at most two nodes of each of its
levels; sums over the rows whose interval holds a position, and sums over the positions of a row's interval, are sums
over nodes. No sum holds anything that is taken off again, so that weights 10^16 apart do no harm. It takes twice as
many passes as the tree has levels, against two of running sums: for the few cases that need it (`RiskSets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole


@dataclass(frozen=True)
class Intervals:
    """begin, end: (n,) positions begin <= k < end of each row, none where they are equal. size: positions."""

    begin: Whole
    end: Whole
    size: int

    @property
    def leaves(self) -> int:
        """The number of leaves, a power of two."""
        return 1 << max(self.size - 1, 0).bit_length()

    def nodes(self) -> Iterator[tuple[Whole, Mask]]:
        """(n,) a node of each row and whether it is one of its interval, as often as it takes."""
        low, high = self.begin + self.leaves, self.end + self.leaves
        while (low < high).any():
            open_ = low < high
            left, right = open_ & (low % 2 == 1), open_ & (high % 2 == 1)
            yield low, left
            yield high - 1, right
            low, high = (low + left) // 2, (high - right) // 2

    def over_rows(self, summed: Callable[[Whole, int], Array]) -> Array:
        """(size, ...) sums over the rows whose interval holds each position.

        summed: from (n,) numbers 0 ... m, m for rows that are not to count, and m + 1, sums over the rows of each
        number, (m + 1, ...).
        """
        m, tree = 2 * self.leaves, None
        for node, there in self.nodes():
            found = summed(np.where(there, node, m), m + 1)[:m]
            tree = found if tree is None else tree + found
        if tree is None:
            tree = summed(np.full(len(self.begin), m), m + 1)[:m]
        first = 1
        while first < self.leaves:  # what holds for a node holds for the two below it
            tree[2 * first : 4 * first] += np.repeat(tree[first : 2 * first], 2, axis=0)
            first *= 2
        return np.asarray(tree[self.leaves : self.leaves + self.size])

    def over_positions(self, values: Array) -> Array:
        """(n, ...) sums of values (size, ...) over the positions of each row's interval."""
        tree = np.zeros((2 * self.leaves, *values.shape[1:]))
        tree[self.leaves : self.leaves + self.size] = values
        first = self.leaves // 2
        while first:
            tree[first : 2 * first] = tree[2 * first : 4 * first : 2] + tree[2 * first + 1 : 4 * first : 2]
            first //= 2
        out = np.zeros((len(self.begin), *values.shape[1:]))
        for node, there in self.nodes():
            out[there] += tree[node[there]]
        return out
