"""Non-inferiority and equivalence of two proportions and of two means, from counts and from samples.

Refused: counts that no table has, margins of the wrong sign. For adjusted estimates use `inference.equivalence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.inference import Equivalence
from iop_outcomes.estimators.base.rows import column


@dataclass(frozen=True)
class Score:
    """z: the statistic at a margin. risk1, risk0: the maximum likelihood risks that lie the margin apart."""

    z: float
    risk1: float
    risk0: float


def farrington_manning(events1: int, n1: int, events0: int, n0: int, margin: float) -> Score:
    """Score statistic of risk1 - risk0 against `margin` (Farrington & Manning 1990, Statistics in Medicine 9:1447).

    margin: the difference under the null hypothesis, within -1 and 1. The restricted risks solve the paper's cubic.
    """
    _check(events1, n1)
    _check(events0, n0)
    if not -1 < margin < 1:
        raise EstimationError("A margin of a risk difference lies between -1 and 1.")
    p1, p0, theta = events1 / n1, events0 / n0, n0 / n1
    a = 1 + theta
    b = -(1 + theta + p1 + theta * p0 + margin * (theta + 2))
    c = margin**2 + margin * (2 * p1 + theta + 1) + p1 + theta * p0
    d = -p1 * margin * (1 + margin)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.copysign(np.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    angle = 0.0 if u == 0 else (np.pi + np.arccos(np.clip(v / u**3, -1, 1))) / 3
    low, high = max(0.0, margin), min(1.0, 1 + margin)
    risk1 = float(np.clip(2 * u * np.cos(angle) - b / (3 * a), low, high))
    risk0 = risk1 - margin
    error = np.sqrt(risk1 * (1 - risk1) / n1 + risk0 * (1 - risk0) / n0)
    if error == 0:
        raise EstimationError("The risks at the margin have no variance, so the score statistic is not defined.")
    return Score(float((p1 - p0 - margin) / error), risk1, risk0)


def proportions(
    events1: int, n1: int, events0: int, n0: int, margin: float, method: str = "score", alpha: float = 0.05
) -> Equivalence:
    """Two one-sided tests of risk1 - risk0 against -margin and +margin.

    method: 'score' (Farrington & Manning) or 'wald'. The interval is Wald's of 1 - 2 alpha in both.
    """
    if method not in ("score", "wald"):
        raise EstimationError(f"Proportions are tested by 'score' or 'wald', not '{method}'.")
    if not 0 < margin < 1:
        raise EstimationError("The margin lies between 0 and 1; it is used below and above.")
    _check(events1, n1)
    _check(events0, n0)
    p1, p0 = events1 / n1, events0 / n0
    error = float(np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0))
    if method == "score":
        lower, upper = (farrington_manning(events1, n1, events0, n0, m).z for m in (-margin, margin))
    else:
        if error == 0:
            raise EstimationError("Without events, or with nothing but, Wald's test is not defined; use 'score'.")
        lower, upper = (p1 - p0 + margin) / error, (p1 - p0 - margin) / error
    below, above = float(stats.norm.sf(lower)), float(stats.norm.cdf(upper))
    reach = float(stats.norm.ppf(1 - alpha)) * error
    return Equivalence(below, above, max(below, above), p1 - p0 - reach, p1 - p0 + reach)


def means(first: ArrayLike, second: ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Two one-sided tests of the difference in means, variances unequal (Welch 1947, Biometrika 34:28)."""
    a, b = column(first, "first"), column(second, "second")
    if not margin > 0:
        raise EstimationError("The margin must be above 0; it is used below and above.")
    if min(a.size, b.size) < 2:
        raise EstimationError("Each sample needs two values or more.")
    u, v = a.var(ddof=1) / a.size, b.var(ddof=1) / b.size
    if u + v == 0:
        raise EstimationError("Neither sample varies, so their difference has no standard error.")
    degrees = (u + v) ** 2 / (u**2 / (a.size - 1) + v**2 / (b.size - 1))
    error, gap = float(np.sqrt(u + v)), float(a.mean() - b.mean())
    below, above = (float(stats.t.sf((margin + s * gap) / error, degrees)) for s in (1, -1))
    reach = float(stats.t.ppf(1 - alpha, degrees)) * error
    return Equivalence(below, above, max(below, above), gap - reach, gap + reach)


def _check(events: int, n: int) -> None:
    if events != int(events) or n != int(n) or not 0 <= events <= n or n == 0:
        raise EstimationError("A table needs whole numbers: people above 0, and events between 0 and the people.")
