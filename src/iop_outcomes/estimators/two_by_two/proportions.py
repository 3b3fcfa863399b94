"""Crude two-by-two tables: intervals for a risk, a difference and a ratio, from four counts.

Nothing is estimated but from the counts, so that what is released can be recomputed from released counts.
Refused: counts that are not whole, more events than people, an arm without people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats


@dataclass(frozen=True)
class Interval:
    """A point estimate and its confidence limits."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class RiskContrast:
    """risk1, risk0: Wilson. difference: risk1 - risk0, Newcombe. ratio: None where either arm has no events;
    log_ratio_std_error: of its logarithm."""

    risk1: Interval
    risk0: Interval
    difference: Interval
    ratio: Interval | None
    log_ratio_std_error: float | None


def wilson(events: int, n: int, level: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927, JASA 22:209)."""
    _check(events, n, level)
    z = _critical(level)
    p = events / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # At none or all the limit is exactly 0 or 1, which rounding would miss.
    return Interval(p, 0.0 if events == 0 else float(centre - half), 1.0 if events == n else float(centre + half))


def newcombe(events1: int, n1: int, events0: int, n0: int, level: float = 0.95) -> Interval:
    """Hybrid score interval of a difference in risk (Newcombe 1998, Stat Med 17:873, method 10)."""
    one, zero = wilson(events1, n1, level), wilson(events0, n0, level)
    gap = one.estimate - zero.estimate
    below = np.hypot(one.estimate - one.low, zero.high - zero.estimate)
    above = np.hypot(one.high - one.estimate, zero.estimate - zero.low)
    return Interval(gap, float(gap - below), float(gap + above))


def log_risk_ratio(events1: int, n1: int, events0: int, n0: int, level: float = 0.95) -> tuple[Interval, float]:
    """Logarithm of risk1 / risk0 with its interval, and its standard error (Katz 1978, Biometrics 34:469).

    Raises EstimationError where an arm has no events.
    """
    _check(events1, n1, level)
    _check(events0, n0, level)
    if events1 == 0 or events0 == 0:
        raise EstimationError("A risk ratio needs events in both arms; report the risk difference.")
    log_ratio = float(np.log(events1 / n1) - np.log(events0 / n0))
    error = float(np.sqrt(1 / events1 - 1 / n1 + 1 / events0 - 1 / n0))
    half = _critical(level) * error
    return Interval(log_ratio, log_ratio - half, log_ratio + half), error


def risk_contrast(events1: int, n1: int, events0: int, n0: int, level: float = 0.95) -> RiskContrast:
    """Everything a crude table says about two arms. events, n: people; level: of the confidence intervals."""
    ratio, error = None, None
    if events1 > 0 and events0 > 0:
        log_ratio, error = log_risk_ratio(events1, n1, events0, n0, level)
        ratio = Interval(*(float(np.exp(v)) for v in (log_ratio.estimate, log_ratio.low, log_ratio.high)))
    return RiskContrast(
        risk1=wilson(events1, n1, level),
        risk0=wilson(events0, n0, level),
        difference=newcombe(events1, n1, events0, n0, level),
        ratio=ratio,
        log_ratio_std_error=error,
    )


def _critical(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def _check(events: int, n: int, level: float) -> None:
    if events != int(events) or n != int(n):
        raise EstimationError("Events and people of a table must be whole numbers.")
    if not 0 <= events <= n or n == 0:
        raise EstimationError("A table needs people in both arms, and events no fewer than 0 and no more than people.")
    if not 0 < level < 1:
        raise EstimationError(f"A confidence level lies between 0 and 1; it was given as {level:g}.")
