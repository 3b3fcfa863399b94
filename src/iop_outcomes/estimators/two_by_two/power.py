"""How many people or events a question needs; what given people can show follows from their standard error, in
`base.margins`.

What happens: closed forms on the normal approximation, for two arms of independent people; clusters count by the design
effect, 1 + (m - 1) ICC, by which people are divided. Refused: probabilities, shares and ratios outside their range.
"""

from __future__ import annotations

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats

POWER = 0.80


def events_for_hazard_ratio(ratio: float, power: float = POWER, level: float = 0.95, share: float = 0.5) -> float:
    """Events that a log-rank test needs (Schoenfeld 1981, Biometrika 68:316).

        (z_{1 - alpha/2} + z_power)^2 / (share (1 - share) log(ratio)^2)

    share: of people in the first arm.
    """
    if ratio <= 0 or ratio == 1:
        raise EstimationError("A hazard ratio to be detected must be above 0 and other than 1.")
    _within(share=share, power=power, level=level)
    reach = stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power)
    return float(reach**2 / (share * (1 - share) * np.log(ratio) ** 2))


def events_for_margin(margin: float, power: float = 0.90, alpha: float = 0.025, share: float = 0.5) -> float:
    """Events that show a hazard ratio below a margin where the truth is 1 (one-sided alpha)."""
    if margin <= 1:
        raise EstimationError("A margin of non-inferiority for a hazard ratio must be above 1.")
    _within(share=share, power=power, alpha=alpha)
    reach = stats.norm.ppf(1 - alpha) + stats.norm.ppf(power)
    return float(reach**2 / (share * (1 - share) * np.log(margin) ** 2))


def people_for_margin(
    risk: float, margin: float, power: float = 0.90, alpha: float = 0.025, equivalence: bool = False
) -> float:
    """People in each arm that show a difference in risk within a margin, where the truth is no difference.

        (z_{1 - alpha} + z_power)^2 2 p (1 - p) / margin^2

    equivalence: two one-sided tests at alpha each, with z_{1 - (1 - power)/2} in place of z_power.
    """
    _within(risk=risk, margin=margin, power=power, alpha=alpha)
    reach = stats.norm.ppf(1 - alpha) + stats.norm.ppf(1 - (1 - power) / 2 if equivalence else power)
    return float(reach**2 * 2 * risk * (1 - risk) / margin**2)


def design_effect(people_per_cluster: float, correlation: float) -> float:
    """1 + (m - 1) ICC: by how much clusters of m people inflate a variance (Kish 1965, Survey Sampling)."""
    if people_per_cluster < 1 or not 0 <= correlation <= 1:
        raise EstimationError("A design effect needs clusters of at least one person and a correlation within 0 and 1.")
    return 1 + (people_per_cluster - 1) * correlation


def _within(**given: float) -> None:
    for name, value in given.items():
        if not 0 < value < 1:
            raise EstimationError(f"The {name} must lie between 0 and 1, and neither be 0 nor 1.")
