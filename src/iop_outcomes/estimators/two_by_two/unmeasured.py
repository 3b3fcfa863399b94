"""What an unmeasured confounder would have to be, so that it explains a ratio away.

Let U go along with the arms and with the outcome, beyond all that was adjusted for: RR_EU is the largest ratio, over
the values of U, of their frequency in one arm by that in the other; RR_UD the largest ratio of the outcome between
two values of U within an arm. Then U moves a ratio by no more than the bias factor

    B = RR_EU RR_UD / (RR_EU + RR_UD - 1)

whatever else is true of it (Ding & VanderWeele 2016, Epidemiology 27:368; of means of what is never below 0 as of
shares). The E-value is the least that both must be, where they are the same, for B to reach the ratio:
RR + sqrt(RR (RR - 1)), of the inverse where the ratio is below 1 (VanderWeele & Ding 2017, Annals of Internal Medicine
167:268). Odds and hazards of a common outcome are brought to the scale of risks first, by that paper's approximations.
Refused: ratios that are not above 0, strengths below 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from iop_outcomes.errors import EstimationError

# an outcome of fewer people than this is rare: odds and hazards are then near risks
RARE = 0.15


@dataclass(frozen=True)
class Needed:
    """E-values. estimate: to move it to no difference. limit: to move the nearer confidence limit there; 1 where the
    interval holds no difference already.
    """

    estimate: float
    limit: float


def bias_factor(with_arm: float, with_outcome: float) -> float:
    """The most by which a confounder of these strengths (RR_EU, RR_UD) moves a ratio, either way."""
    if not (with_arm >= 1 and with_outcome >= 1):
        raise EstimationError("Strengths of a confounder are ratios of 1 or more; take the inverse of one below 1.")
    if with_arm == inf or with_outcome == inf:
        return min(with_arm, with_outcome)
    return with_arm * with_outcome / (with_arm + with_outcome - 1)


def outcome_strength(ratio: float, with_arm: float) -> float:
    """How strongly (RR_UD) a confounder of some strength with the arms has to go along with the outcome to explain a
    ratio away; infinite where no strength would do, since the bias factor never exceeds RR_EU.
    """
    away = _away(ratio)
    if with_arm < 1:
        raise EstimationError("Strengths of a confounder are ratios of 1 or more; take the inverse of one below 1.")
    if away == 1:
        return 1.0
    return away * (with_arm - 1) / (with_arm - away) if with_arm > away else inf


def e_value(ratio: float) -> float:
    """The E-value of a ratio of risks: the same for a ratio and its inverse."""
    away = _away(ratio)
    return away + sqrt(away * (away - 1))


def e_values(ratio: float, low: float, high: float) -> Needed:
    """The E-values of a ratio of risks and of the limit of its interval that lies nearer 1."""
    if not low <= ratio <= high:
        raise EstimationError("The ratio does not lie within its limits.")
    return Needed(e_value(ratio), 1.0 if low <= 1 <= high else e_value(low if low > 1 else high))


def to_another(ratio: float, low: float, high: float, other: float) -> Needed:
    """The E-values for a ratio of risks, and for the limit of its interval that lies nearer, to be another ratio, such
    as a margin: those of the ratio by the other one (VanderWeele & Ding 2017, of a hypothesis other than 1).
    """
    _away(other)
    return e_values(ratio / other, low / other, high / other)


def of_odds(ratio: float, common: bool) -> float:
    """A ratio of odds as a ratio of risks: its square root where the outcome is common (RARE or more of people)."""
    _away(ratio)
    return sqrt(ratio) if common else ratio


def of_hazards(ratio: float, common: bool) -> float:
    """A ratio of hazards as a ratio of risks: (1 - .5^sqrt(HR)) / (1 - .5^sqrt(1 / HR)) where the outcome is common."""
    _away(ratio)
    return (1 - 0.5 ** sqrt(ratio)) / (1 - 0.5 ** sqrt(1 / ratio)) if common else ratio


def at_worst(ratio: float, with_arm: float, with_outcome: float) -> float:
    """What a ratio of risks might be but for a confounder of these strengths, had it moved it away from 1."""
    factor = bias_factor(with_arm, with_outcome)
    _away(ratio)
    return ratio / factor if ratio > 1 else ratio * factor


def _away(ratio: float) -> float:
    """The ratio or its inverse, whichever is above 1. Raises EstimationError."""
    if not 0 < ratio < inf:
        raise EstimationError("Only a ratio above 0 can be explained away.")
    return max(ratio, 1 / ratio)
