"""A first table of covariates that are categories, and their balance, from codes.

What happens: several covariates are read together as one cell number per person, people (or their weights) are added
up by cell and arm in one pass, and the cells are summed to the levels of each covariate. No indicator is ever made, so
that a national file takes milliseconds. Refused: codes that are no whole numbers or beyond their levels, and an arm
without anyone who has weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import codes, rows
from iop_outcomes.estimators.causal.balance import over_spread

# cells of several covariates taken together that still fit a processor's nearest memory
CELLS_AT_ONCE = 4096


@dataclass(frozen=True)
class CodedTable:
    """A first table of categories: `levels` rows, the levels of one covariate after those of another.

    covariate: (levels,) which of the covariates. level: (levels,) code. count: (levels, K) people. share: (levels, K)
    weighted proportion of an arm's people. difference: (levels,) standardised difference of the first two arms, arm 1
    - arm 0, or for K > 2 the largest of all pairs, absolute.
    """

    covariate: NDArray[np.int64]
    level: NDArray[np.int64]
    count: Array
    share: Array
    difference: Array


def table_of_codes(
    covariates: Sequence[NDArray[np.integer]],
    levels: Sequence[int],
    arm: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> CodedTable:
    """Counts, weighted shares and standardised differences of every level of coded covariates.

    covariates: one (n,) of whole numbers each, 0 to its levels - 1; small integer types are the fastest. levels: how
    many each has. arm: (n,) 0, 1, ..., K - 1. Several covariates are counted together in cells that are summed
    afterwards, so that people are passed over once for all of them. Raises EstimationError for codes out of range and
    for an arm without people.
    """
    if len(covariates) != len(levels) or not levels:
        raise EstimationError("A table of codes needs covariates, and the number of levels of each.")
    group = np.asarray(arm)
    if not np.issubdtype(group.dtype, np.integer):
        group = codes(arm, "arm", group.size)
    _check_codes([group, *covariates], group.size)
    count, sums = _margins(covariates, levels, group, _totals(group.size, weight, frequency))
    size, weighed = count[: levels[0]].sum(axis=0), sums[: levels[0]].sum(axis=0)
    if len(size) < 2 or (weighed <= 0).any():
        raise EstimationError("Balance compares arms, and one of them has no one with weight in it.")
    raw, share = count / size, sums / weighed
    spread = np.sqrt((raw * (1 - raw)).mean(axis=1))
    gap = share[:, 1] - share[:, 0] if len(size) == 2 else share.max(axis=1) - share.min(axis=1)
    which = np.repeat(np.arange(len(levels)), levels)
    level = np.concatenate([np.arange(k) for k in levels])
    return CodedTable(which, level, count, share, over_spread(gap, spread, np.full(len(gap), 1e-12)))


def _totals(n: int, weight: ArrayLike | None, frequency: ArrayLike | None) -> tuple[Array | None, Array | None]:
    """People, and total weight, of each row; None stands for ones, which need not be added up."""
    if weight is None and frequency is None:
        return None, None
    counted = rows(n, weight, frequency)
    people = None if frequency is None else counted.frequency
    return people, people if weight is None else counted.total


def _check_codes(given: Sequence[NDArray[np.integer]], n: int) -> None:
    for values in given:
        if not np.issubdtype(values.dtype, np.integer) or values.shape != (n,) or n == 0 or values.min() < 0:
            raise EstimationError(
                "Arms and covariates of a table of codes must be whole numbers from zero, one for each person, in an "
                "integer type: code categories first, missing ones as a level of their own."
            )


def _margins(
    covariates: Sequence[NDArray[np.integer]],
    levels: Sequence[int],
    group: NDArray[np.integer],
    totals: tuple[Array | None, Array | None],
) -> tuple[Array, Array]:
    """(sum of levels, arms) people, and their weight, of each level of each covariate."""
    arms = int(group.max()) + 1
    found: tuple[list[Array], list[Array]] = ([], [])
    for first, last in _batches(levels, arms):
        own = list(levels[first:last])
        cell = group.astype(np.intp)
        for values, k in zip(covariates[first:last], own, strict=True):
            if values.max() >= k:
                raise EstimationError(f"A covariate of {k} levels holds a code above {k - 1}.")
            cell *= k
            cell += values
        same = totals[0] is totals[1]
        for margins, total in zip(found, totals[:1] if same else totals, strict=False):
            cells = np.bincount(cell, total, arms * int(np.prod(own))).astype(float).reshape(arms, *own)
            margins.extend(_summed(cells))
    count = np.concatenate(found[0])
    return count, np.concatenate(found[1]) if found[1] else count


def _summed(cells: Array) -> list[Array]:
    """(levels, arms) sums over all axes but the arm's, the first, and one covariate's."""
    axes = range(1, cells.ndim)
    return [cells.sum(axis=tuple(a for a in axes if a != axis)).T for axis in axes]


def _batches(levels: Sequence[int], arms: int) -> list[tuple[int, int]]:
    """Runs of covariates that are counted together."""
    found, first, size = [], 0, arms
    for at, k in enumerate(levels):
        if at > first and size * k > CELLS_AT_ONCE:
            found.append((first, at))
            first, size = at, arms
        size *= k
    return [*found, (first, len(levels))]
