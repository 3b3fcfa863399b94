"""Restricted cubic splines: smooth in the middle, straight in the tails where data are thin.

What happens: knots are put at fixed quantiles of the people; a basis of k - 1 columns follows from k knots,
the first column x itself, so that a test of the others is a test of curvature. Refused: knots that coincide,
as with a variable that takes few values.

Basis after Harrell (2015, Regression Modeling Strategies, 2nd ed., section 2.4.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import column, quantile, rows

# Harrell 2015, table 2.3: quantiles at which k knots stand.
KNOT_QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def knots(x: ArrayLike, k: int, frequency: ArrayLike | None = None) -> Array:
    """(k,) knots at the usual quantiles of x (n,); k is 3, 4 or 5."""
    if k not in KNOT_QUANTILES:
        raise EstimationError(f"A spline here has {', '.join(map(str, KNOT_QUANTILES))} knots, not {k}.")
    values = column(x, "the spline's variable")
    return _distinct(quantile(values, KNOT_QUANTILES[k], rows(values.size, None, frequency).frequency))


def basis(x: ArrayLike, knots: ArrayLike) -> Array:
    """(n, k - 1) columns: x, and for j = 1 ... k - 2, with (.)+ the positive part and t the knots,

    [(x - t_j)+^3 - (x - t_k-1)+^3 (t_k - t_j) / (t_k - t_k-1) + (x - t_k)+^3 (t_k-1 - t_j) / (t_k - t_k-1)]
    divided by (t_k - t_1)^2, which leaves it in the unit of x.
    """
    values = column(x, "the spline's variable")
    t = _distinct(column(knots, "knots"))
    if t.size < 3:
        raise EstimationError("A restricted cubic spline needs at least three knots.")
    last, before, inner = t[-1], t[-2], t[:-2]
    cubes = np.maximum(values[:, None] - t, 0.0) ** 3
    bent = (
        cubes[:, :-2]
        - cubes[:, [-2]] * (last - inner) / (last - before)
        + cubes[:, [-1]] * (before - inner) / (last - before)
    )
    return np.column_stack([values, bent / (last - t[0]) ** 2])


def _distinct(knots: Array) -> Array:
    if (np.diff(knots) <= 0).any():
        raise EstimationError(
            "The spline's knots do not rise: its variable takes too few different values for so many knots. "
            "Take fewer knots, or categories."
        )
    return knots
