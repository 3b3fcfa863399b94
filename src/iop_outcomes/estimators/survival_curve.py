"""The whole Kaplan-Meier curve, weighted, with its robust standard error at every event time, and its quantiles.

What happens, in order: rows are checked and those without weight set aside; survival is the product over event times;
the squares of all people's influences are added up event time by event time from cumulative sums, O(rows + times);
limits follow on a scale of `limits`, and quantiles by turning the curve and its limits around. Refused: no events,
and what `risksets.follow_up` and `limits` refuse.

With Y(u) the weight at risk, h(u) the share of it that has the event, q = 1 / (Y (1 - h)) and A the running sum of
h q, one person of weight w who enters at e and leaves at x has influence

    - w S(t) (1{event at x <= t} q(x) - A(min(x, t)) + A(min(e, t)))

on S(t); the variance is the sum of their squares (Therneau & Grambsch 2000, Modeling Survival Data, section 7.1; in R
`survfit(robust = TRUE)`). With neither weights nor late entry it is Greenwood's. Once everyone at risk has had the
event, S is 0 and its standard error, too. Horizons of interest, contrasts and clusters are for `cuminc.survival`,
whose numbers these are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.limits import Quantiles, limits, quantiles
from iop_outcomes.estimators.risksets import RiskSets, follow_up, risk_sets
from iop_outcomes.estimators.rows import indicator, rows


@dataclass(frozen=True)
class SurvivalCurve:
    """times: (T,) event times. survival, standard_error: (T,) from each of them on. end: of the longest follow-up."""

    times: Array
    survival: Array
    standard_error: Array
    end: float

    def limits(self, scale: str = "log-log", level: float = 0.95) -> tuple[Array, Array]:
        """(T,) lower and (T,) upper pointwise limits; 0 to 0 from where survival is 0."""
        lower, upper = np.zeros_like(self.survival), np.zeros_like(self.survival)
        left = self.survival > 0
        critical = float(stats.norm.ppf(0.5 + level / 2))
        lower[left], upper[left] = limits(self.survival[left], self.standard_error[left], scale, critical)
        return lower, upper

    def quantiles(
        self, probability: ArrayLike = (0.25, 0.5, 0.75), scale: str = "log-log", level: float = 0.95
    ) -> Quantiles:
        """Times by which these shares have had the event; see `limits` for level stretches and heights not reached.

        Limits that survival of 0 would give are not taken, since 0 has no limits above it.
        """
        lower, upper = self.limits(scale, level)
        left = self.survival > 0
        unknown = np.where(left, 0.0, np.inf)
        return quantiles(self.times, self.survival, lower + unknown, upper + unknown, self.end, probability)


def survival_curve(
    time: ArrayLike,
    event: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> SurvivalCurve:
    """Kaplan-Meier survival after every event time. time, entry: (n,); event: (n,) zeros and ones."""
    exits, enters = follow_up(time, entry)
    everyone = rows(exits.size, weight, frequency)
    kept = np.flatnonzero(everyone.used)
    died = indicator(event, "event", exits.size)[kept]
    if not died.any():
        raise EstimationError("No events, so there is no curve to estimate. Look at the outcome's coding.")
    sets = risk_sets(exits[kept], died, None if enters is None else enters[kept])
    people, weights = everyone.frequency[kept], everyone.weight[kept]
    dead = sets.among_dead((people * weights)[sets.dead])
    # Counted in people, not in weight, so that the last hazard is 1 and not 1 less a rounding error.
    ends = sets.at_risk(people) == sets.among_dead(people[sets.dead])
    at_risk = np.where(ends, dead, sets.at_risk(people * weights))
    hazard = dead / at_risk
    survival: Array = np.asarray(np.cumprod(1 - hazard), dtype=float)
    q = np.where(ends, 0.0, 1 / np.where(ends, 1.0, at_risk * (1 - hazard)))
    variance = _squares(sets, q, np.cumsum(hazard * q), people * weights**2)
    error: Array = np.asarray(survival * np.sqrt(variance), dtype=float)
    return SurvivalCurve(sets.times, survival, error, float(exits[kept].max()))


def _squares(sets: RiskSets, q: Array, running: Array, weight: Array) -> Array:
    """(T,) sums over rows of weight (1{event by t} q - A(min(x, t)) + A(min(e, t)))^2."""
    before = np.concatenate([[0.0], running])  # before[k + 1] is A at position k
    entered = before[sets.first + 1]
    settled = entered - before[sets.last + 1]
    settled[sets.dead] += q[sets.position]
    ever = sets.last > sets.first
    size = len(running) + 1

    def between(values: Array) -> Array:
        """(T,) sums over the rows that are at risk at a position and still at the next one."""
        come = np.bincount(sets.first[ever] + 1, values[ever], size)
        gone = np.bincount(sets.last[ever], values[ever], size)
        return np.asarray(np.cumsum(come - gone)[:-1])

    left = np.cumsum(np.bincount(sets.last[ever], (weight * settled**2)[ever], size))[:-1]
    there = between(weight) * running**2 - 2 * running * between(weight * entered) + between(weight * entered**2)
    return np.asarray(left + np.maximum(there, 0.0))
