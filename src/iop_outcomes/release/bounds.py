"""What lines give away when they are looked at in turn: ranges of numbers, tightened along every line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iop_outcomes.release.system import Equations

# limits that still move after so many rounds move by little
ROUNDS = 25


class Sums(NamedTuple):
    """Sums of signed numbers: row, column and sign (1 or -1) of each entry, and what each row adds up to."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    sign: NDArray[np.int64]
    right: NDArray[np.int64]


def propagated(
    equations: Equations | Sums, low: NDArray[np.float64], high: NDArray[np.float64]
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
