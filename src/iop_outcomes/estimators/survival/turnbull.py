"""Survival from interval-censored times without a model (Turnbull's estimator).

What happens, in order: intervals are checked; the innermost intervals, the only ones that can carry mass, are found by
sorting all ends; their masses are those of the largest likelihood, found by self-consistency (EM) with extrapolation;
the solution is checked against the conditions of a maximum. Refused: intervals as in `parametric.check_intervals`, and
masses that do not settle.

Intervals are (lower, upper]: after lower, by upper at the latest; lower equal to upper is that time exactly, and an
infinite upper end an event not yet seen. So an event at 30 is in (0, 30] and not in (30, 60]. (lifelines takes both
ends as belonging to the interval; shift its left ends.) Within an innermost interval the estimate says nothing about
when the mass comes: survival there is only known between two bounds.

With A the (n, m) table of innermost intervals in each person's, the masses p maximise sum of W log(A p) (Turnbull 1976,
JRSS B 38:290; Peto 1973, Applied Statistics 22:86), and at the maximum sum of W A / (A p) is the total weight where
p is above 0, and at most that elsewhere (Gentleman & Geyer 1994, Biometrika 81:618). No standard error is given: it
shrinks with the cube root of n where inspection is continuous, and neither influence nor bootstrap holds in general.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.base.rows import column, rows
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.survival.parametric import check_intervals

MAXIMUM_ITERATIONS = 20_000
TOLERANCE = 1e-9
NO_MASS = 1e-7
# order of ends at one time: a closed beginning, an end, an open beginning
CLOSED_BEGIN, END, OPEN_BEGIN = 0, 1, 2


@dataclass(frozen=True)
class TurnbullCurve:
    """lower, upper: (m,) innermost intervals (lower, upper] that carry mass (m,); mass after all times has upper
    infinite.
    """

    lower: Array
    upper: Array
    mass: Array

    def survival(self, times: ArrayLike) -> tuple[Array, Array]:
        """(k,) least and (k,) greatest probability of no event by each of times that the data allow."""
        ends = np.unique(np.concatenate([self.lower, self.upper]))
        t = placed(column(np.atleast_1d(np.asarray(times, dtype=float)), "times"), ends[np.isfinite(ends)])[:, None]
        exact = self.lower == self.upper
        surely = np.where(exact, self.lower > t, self.lower >= t)
        return surely @ self.mass, (self.upper > t) @ self.mass


def turnbull(
    lower: ArrayLike, upper: ArrayLike, weight: ArrayLike | None = None, frequency: ArrayLike | None = None
) -> TurnbullCurve:
    """The distribution of event times known to lie in (lower, upper], (n,) each; see the module for their ends."""
    begin, end = check_intervals(lower, upper)
    total = rows(begin.size, weight, frequency).total
    kept = total > 0
    begin, end, total = begin[kept], end[kept], total[kept] / total[kept].sum()
    times, at = np.unique(np.concatenate([begin, end]), return_inverse=True)
    at = at.ravel()
    left = 3 * at[: len(begin)] + np.where(begin == end, CLOSED_BEGIN, OPEN_BEGIN)
    right = 3 * at[len(begin) :] + END
    inner_left, inner_right = _innermost(left, right)
    first = np.searchsorted(inner_left, left, side="left")
    last = np.searchsorted(inner_right, right, side="right")
    ranges, pattern = np.unique(np.column_stack([first, last]), axis=0, return_inverse=True)
    shares = np.asarray(np.bincount(pattern.ravel(), total), dtype=float)
    mass = _masses(ranges[:, 0], ranges[:, 1], shares, len(inner_left))
    carries = mass > NO_MASS
    mass = np.where(carries, mass, 0.0)[carries]
    return TurnbullCurve(times[inner_left // 3][carries], times[inner_right // 3][carries], mass / mass.sum())


def _innermost(left: Whole, right: Whole) -> tuple[Whole, Whole]:
    """Beginnings that are followed by an end, and those ends, among all ends in order."""
    ends = np.unique(np.concatenate([left, right]))
    is_end = ends % 3 == END
    here = np.flatnonzero(~is_end[:-1] & is_end[1:])
    return ends[here], ends[here + 1]


def _masses(first: Whole, last: Whole, weight: Array, m: int) -> Array:
    """The (m,) masses of the largest likelihood, of patterns that hold the intervals first <= j < last."""

    def pull(mass: Array) -> Array:
        """(m,) derivatives of the log likelihood, one at the maximum where there is mass."""
        running = np.concatenate([[0.0], np.cumsum(mass)])
        share = weight / np.maximum(running[last] - running[first], 1e-300)
        steps = np.bincount(first, share, m + 1) - np.bincount(last, share, m + 1)
        return np.asarray(np.cumsum(steps)[:m])

    def likelihood(mass: Array) -> float:
        running = np.concatenate([[0.0], np.cumsum(mass)])
        return float(weight @ np.log(np.maximum(running[last] - running[first], 1e-300)))

    mass = np.full(m, 1 / m)
    for _ in range(MAXIMUM_ITERATIONS):
        slope = pull(mass)
        if slope.max() - 1 < TOLERANCE:
            return mass
        once = mass * slope
        twice = once * pull(once)
        # squared extrapolation (Varadhan & Roland 2008, Scandinavian Journal of Statistics 35:335)
        r, v = once - mass, twice - 2 * once + mass
        far = max(float(np.linalg.norm(r)) / max(float(np.linalg.norm(v)), 1e-300), 1.0)
        guess = np.maximum(mass + 2 * far * r + far**2 * v, 1e-3 * twice)
        guess = guess * pull(guess)
        guess = guess / guess.sum()
        mass = guess if likelihood(guess) >= likelihood(twice) else twice
    raise EstimationError(
        f"The masses of {m} innermost intervals did not settle. Round the ends of intervals, for example to weeks."
    )
