"""An estimate held against a margin: is the first group no worse, as good, better, worse, or is it open?

In order: an estimate with its standard error and degrees of freedom, or a table of counts, gets limits at 95 % and at
90 %; limits are turned so that above 0 the first group does better, and logarithms are taken of ratios; the verdict
follows from where they lie relative to 0 and to minus the margin (`verdict`). Non-inferiority is the one-sided test at
0.025, which the 95 % interval mirrors; equivalence asks besides for two one-sided tests at 0.05, which the 90 %
interval mirrors (Schuirmann 1987, J Pharmacokin Biopharm 15:657; ICH E9, section 3.3.2).

Refused: a margin on the wrong side of no difference, an estimate without a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.vocabulary.directions import FEWER, MORE
from iop_outcomes.vocabulary.verdicts import (
    EQUIVALENT,
    INCONCLUSIVE,
    INFERIOR,
    LESS_THAN_MARGIN,
    NON_INFERIOR,
    NOT_ANSWERABLE,
    SUPERIOR,
)

OUTER, INNER = 0.95, 0.90
# the power with which a margin is to be met, or a difference detected
FOR_A_MARGIN, TO_DETECT = 0.90, 0.80
# beyond so many degrees of freedom the t distribution is the normal one, to four digits of its quantiles
MANY = 1e5


@dataclass(frozen=True)
class Scale:
    """How a quantity is compared. ratio: by its logarithm, no difference being 1. better: MORE or FEWER of it."""

    ratio: bool
    better: str

    def turned(self, value: float) -> float:
        """The value where above 0 is better for the first group."""
        plain = float(np.log(value)) if self.ratio else float(value)
        return plain if self.better == MORE else -plain

    def back(self, value: float) -> float:
        """The quantity of a turned value."""
        plain = value if self.better == MORE else -value
        return float(np.exp(plain)) if self.ratio else plain

    def margin(self, given: float) -> float:
        """How much worse may still count as no worse, above 0. Raises EstimationError on the wrong side."""
        if self.better not in (MORE, FEWER):
            raise EstimationError(f"Which way is better is said by {MORE} or {FEWER}, not '{self.better}'.")
        if self.ratio and given <= 0:
            raise EstimationError("The margin of a ratio lies above 0.")
        found = -self.turned(given)
        if not found > 0:
            side = "above" if self.better == FEWER else "below"
            raise EstimationError(
                f"The margin {given:g} is no worse than no difference: {self.better} is better here, so that it lies "
                f"{side} {1 if self.ratio else 0}."
            )
        return found


@dataclass(frozen=True)
class Limits:
    """Turned limits, above 0 better for the first group: of the 95 % interval, and of the 90 % interval within it."""

    low: float
    high: float
    inner_low: float
    inner_high: float

    def widened(self, by: float) -> Limits:
        """The same where each limit may be off by so much, as protection may have moved it."""
        return Limits(self.low - by, self.high + by, self.inner_low - by, self.inner_high + by)

    def beside(self, other: Limits) -> Limits:
        """The limits that hold whichever of the two is right: what both say, and no more."""
        return Limits(
            min(self.low, other.low),
            max(self.high, other.high),
            min(self.inner_low, other.inner_low),
            max(self.inner_high, other.inner_high),
        )


def limits(value: float, error: float, degrees: float, scale: Scale) -> Limits:
    """Turned limits of an estimate. error: standard error, of the logarithm of a ratio. degrees: of freedom."""
    if not error > 0:
        raise EstimationError("The estimate has no standard error, so nothing can be tested about it.")
    middle = scale.turned(value)
    outer, inner = (float(stats.t.ppf(0.5 + level / 2, degrees)) * error for level in (OUTER, INNER))
    return Limits(middle - outer, middle + outer, middle - inner, middle + inner)


def degrees_behind(error: float, low: float, high: float, level: float, ratio: bool = False) -> float:
    """Degrees of freedom of the t distribution by which limits lie about an estimate; infinite where normal.

    error: standard error, of the logarithm of a ratio. low, high: limits at the level. Solved from
    (high - low) / (2 error) = t_{level}, as the half-width falls with the degrees.
    """
    from scipy.optimize import brentq

    width = float(np.log(high) - np.log(low)) if ratio else high - low
    critical = width / (2 * error)
    at = 0.5 + level / 2

    def over(log_degrees: float) -> float:
        return float(stats.t.ppf(at, np.exp(log_degrees))) - critical

    if over(np.log(MANY)) >= 0:
        return float("inf")
    if over(0.0) <= 0:
        return 1.0
    return float(np.exp(brentq(over, 0.0, np.log(MANY))))


def verdict(turned: Limits, margin: float | None) -> str:
    """One of the closed list, from where the limits lie. margin: how much worse is still no worse, above 0, or None."""
    if turned.low > 0:
        return SUPERIOR
    if turned.high < 0:
        return LESS_THAN_MARGIN if margin is not None and turned.low > -margin else INFERIOR
    if margin is None:
        return NOT_ANSWERABLE
    if not turned.low > -margin:
        return INCONCLUSIVE
    inside = -margin < turned.inner_low and turned.inner_high < margin
    return EQUIVALENT if inside else NON_INFERIOR


@dataclass(frozen=True)
class Tests:
    """p values. no_worse: one-sided, against being worse by the margin or more. equivalent: of two one-sided tests."""

    no_worse: float
    equivalent: float


def tests(value: float, error: float, degrees: float, margin: float, scale: Scale) -> Tests:
    """Both tests of an estimate against a margin, which is on the scale of the quantity (-0.1, or 1.25 of a ratio)."""
    within, middle = scale.margin(margin), scale.turned(value)
    below = float(stats.t.sf((middle + within) / error, degrees))
    above = float(stats.t.sf((within - middle) / error, degrees))
    return Tests(below, max(below, above))


def times_as_many(error: float, margin: float, power: float = FOR_A_MARGIN, alpha: float = 0.025) -> float:
    """By how many times the people there are would have to be multiplied to show no worse, were there no difference.

        ((z_{1 - alpha} + z_power) error / margin)^2

    error: standard error with the people there are, which holds whatever clusters, weights and missing answers cost.
    margin: on the same scale, above 0; of a ratio its logarithm. Below 1: fewer would have done.
    """
    if not margin > 0:
        raise EstimationError("A margin that is to be met lies above 0.")
    reach = float(stats.norm.ppf(1 - alpha) + stats.norm.ppf(power))
    return (reach * error / margin) ** 2


def detectable(error: float, power: float = TO_DETECT, level: float = OUTER) -> float:
    """The smallest difference that an estimate with this standard error shows with the power: (z + z_power) error."""
    return float(stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power)) * error
