"""Linear programs of what is told, solved by HiGHS as scipy brings it.

The audit of a release solves hundreds of small ones. `scipy.optimize.milp` makes more of each answer than is read here
(what every bound is worth, one at a time), which takes as long as solving it. So HiGHS is handed the same program in
the same way, and the numbers alone are read: they are those of `milp` to the last bit. Where scipy keeps HiGHS
elsewhere than it did, and for whole numbers, `milp` is asked.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    Numbers = NDArray[np.float64]

# what is needed of the bindings of HiGHS
PARTS = ("_Highs", "HighsLp", "HighsModelStatus", "HighsOptions", "MatrixFormat")


class Rows(NamedTuple):
    """Sums of weighted numbers, one per row, and between which limits each lies."""

    weights: csc_array
    low: Numbers
    high: Numbers


def least(cost: Numbers, rows: Rows, low: Numbers, high: Numbers) -> Numbers | None:
    """The numbers between two limits that cost least, while all rows hold; None where there are none.

    cost, low, high: one per column of the rows.
    """
    if (highs := bindings()) is not None:
        return by_highs(highs, cost, rows, low, high)
    # small ones are solved before they would be simplified
    return by_milp(cost, rows, low, high, presolve=False)


def least_whole(cost: Numbers, rows: Rows, low: Numbers, high: Numbers, branches: int) -> Numbers | None:
    """As `least`, in whole numbers; None also where so many branches of a search found none."""
    return by_milp(cost, rows, low, high, whole=True, node_limit=branches)


@cache
def bindings() -> ModuleType | None:
    """The bindings of HiGHS in scipy, which are its own business; None where they are not as they were."""
    try:
        from scipy.optimize._highspy import _core
    except ImportError:
        return None
    return _core if all(hasattr(_core, part) for part in PARTS) else None


def by_milp(
    cost: Numbers, rows: Rows, low: Numbers, high: Numbers, whole: bool = False, **options: float
) -> Numbers | None:
    """What scipy's `milp` finds."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    found: Numbers | None = milp(
        cost,
        constraints=LinearConstraint(*rows),
        bounds=Bounds(low, high),
        integrality=np.full(len(cost), int(whole)),
        options=options,
    ).x
    return found


def by_highs(highs: ModuleType, cost: Numbers, rows: Rows, low: Numbers, high: Numbers) -> Numbers | None:
    """What HiGHS finds where it is asked as `milp` asks it, without simplifying first."""
    import numpy as np

    weights = rows.weights
    program = highs.HighsLp()
    program.num_row_, program.num_col_ = weights.shape
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, low, high
    program.row_lower_, program.row_upper_ = rows.low, rows.high
    matrix = program.a_matrix_
    matrix.num_row_, matrix.num_col_ = weights.shape
    matrix.format_ = highs.MatrixFormat.kColwise
    matrix.start_, matrix.index_, matrix.value_ = weights.indptr, weights.indices, weights.data
    options = highs.HighsOptions()
    options.log_to_console, options.presolve = False, "off"
    solver = highs._Highs()
    solver.passOptions(options)
    solver.passModel(program)
    solver.run()
    if solver.getModelStatus() != highs.HighsModelStatus.kOptimal:
        return None
    return np.array(solver.getSolution().col_value, dtype=float)
