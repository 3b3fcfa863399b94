"""What crossing lines of rounded cells give together: limits of each cell, tightened along every line in turn.

A cell that is shown lies among the counts that are shown alike; a hidden one holds someone. Along each line the parts
add up to the total: what is known of the others limits each. Cells that are left with too few values are pinned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iop_outcomes.release.lines import Line
    from iop_outcomes.release.system import Equations

# a hidden cell with fewer values than this left open is pinned
LEAST_OPEN = 3
# limits that still move after so many rounds move by little
ROUNDS = 25


def pinned(counts: Sequence[int], lines: Sequence[Line], hidden: Collection[int], policy: Policy) -> set[int]:
    """Positions of the small cells that crossing lines give away, among lines whose cells are rounded."""
    import numpy as np

    rounded = [line for line in lines if line.base > 1]
    if not rounded:
        return set()
    everyone = float(sum(counts) + 1)
    least, most = _limits(counts, rounded, hidden, policy, everyone)
    row = np.repeat(np.arange(len(rounded)), [len(line.parts) for line in rounded])
    part = np.concatenate([np.asarray(line.parts, dtype=np.int64) for line in rounded])
    of_cell = np.asarray([r for r, line in enumerate(rounded) if line.total is not None], dtype=np.int64)
    total = np.asarray([line.total for line in rounded if line.total is not None], dtype=np.int64)
    apart = np.asarray([everyone if line.rest else 0.0 for line in rounded])
    whole = np.asarray([float(sum(counts[i] for i in line.parts) + line.rest) for line in rounded])
    for _ in range(ROUNDS):
        low, high = least.copy(), most.copy()
        sums = [np.bincount(row, ends[part], len(rounded)) for ends in (low, high)]
        whole_low, whole_high = whole.copy(), whole.copy()
        whole_low[of_cell], whole_high[of_cell] = low[total], high[total]
        np.maximum.at(least, part, (whole_low - apart - sums[1])[row] + high[part])
        np.minimum.at(most, part, (whole_high - sums[0])[row] + low[part])
        np.maximum.at(least, total, sums[0][of_cell])
        np.minimum.at(most, total, (sums[1] + apart)[of_cell])
        if np.array_equal(low, least) and np.array_equal(high, most):
            break
    small = {i for line in rounded for i in line.parts if counts[i] > 0 and policy.small(counts[i])}
    return {i for i in small if most[i] - least[i] + 1 < LEAST_OPEN}


def _limits(
    counts: Sequence[int], lines: Sequence[Line], hidden: Collection[int], policy: Policy, everyone: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest value of each cell before any line is looked at."""
    import numpy as np

    least, most = np.zeros(len(counts)), np.full(len(counts), everyone)
    for line in lines:
        for i in (*line.parts, *(() if line.total is None else (line.total,))):
            if i in hidden:
                least[i] = float(counts[i] > 0)
            else:
                least[i], most[i] = policy.alike(counts[i], line.base)
    return least, most


def propagated(
    equations: Equations, low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ranges of all numbers, tightened along every equation in turn. They may still be wider than is possible."""
    import numpy as np

    row, column, sign = equations.row, equations.column, equations.sign
    if not len(row):
        return low, high
    right = equations.right[row].astype(float)
    plus = sign > 0
    for _ in range(ROUNDS):
        least = np.where(plus, low[column], -high[column])
        most = np.where(plus, high[column], -low[column])
        others = [np.bincount(row, ends)[row] - ends for ends in (least, most)]
        upper, lower = right - others[0], right - others[1]
        before = low.copy(), high.copy()
        low, high = low.copy(), high.copy()
        np.maximum.at(low, column, np.where(plus, lower, -upper))
        np.minimum.at(high, column, np.where(plus, upper, -lower))
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break
    return low, high
