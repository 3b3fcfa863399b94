"""A curve at every event time with its robust standard error, in one pass.

`cuminc` gives each person's influence at chosen horizons; here the variance alone is wanted, at all T event times,
without n influences at each. In the notation of `cuminc`, the influence of row i on G(tau) is

    w_i ( P_i(tau) + R_i(tau) - G(tau) Q_i(tau) ),

P, Q and R being sums of S(u-) g_ki(u), g_i(u) / (1 - dL(u)) and G(u) g_i(u) / (1 - dL(u)) over the event times up to
tau at which i is under observation. Those stop changing when i leaves, and until then change alike for everyone at
risk. So the sum of squares over people is a quadratic in G(tau) whose coefficients are cumulative sums: O(rows +
times) for the whole curve, after people alike in all columns have become cells. Refused: what `cuminc` refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cells import cell_numbers, sums
from iop_outcomes.estimators.cuminc import Hazards, hazards
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.rows import indicator, rows


@dataclass(frozen=True)
class Curve:
    """A step function: value and standard_error (T,) from each of times (T,) on. at_risk: weight just before."""

    times: Array
    value: Array
    standard_error: Array
    at_risk: Array


def incidence_curves(
    time: ArrayLike,
    cause: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> dict[int, Curve]:
    """Aalen-Johansen curves of every cause that occurs; arguments as in `cuminc.cumulative_incidence`."""
    found, square = _collapsed(time, cause, weight, frequency, entry)
    causes = np.unique(found.cause[found.sets.dead])
    return {int(k): _curve(found, square, found.cause[found.sets.dead] == k) for k in causes}


def survival_curve(
    time: ArrayLike,
    event: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> Curve:
    """Kaplan-Meier curve; arguments as in `cuminc.survival`."""
    found, square = _collapsed(time, indicator(event, "event"), weight, frequency, entry)
    lost = _curve(found, square, np.ones(len(found.sets.dead), dtype=bool))
    return Curve(lost.times, found.survival[1:], lost.standard_error, lost.at_risk)


def _collapsed(
    time: ArrayLike, cause: ArrayLike, weight: ArrayLike | None, frequency: ArrayLike | None, entry: ArrayLike | None
) -> tuple[Hazards, Array]:
    """The hazards of cells of people alike in time, cause and entry, and (n,) sums of their squared weights."""
    columns = [np.asarray(c) for c in (time, cause, entry) if c is not None]
    if len({c.shape for c in columns}) > 1 or columns[0].ndim != 1 or columns[0].size == 0:
        hazards(time, cause, weight, frequency, entry)  # which says what is wrong
    counted = rows(columns[0].size, weight, frequency)
    index, first = cell_numbers(columns)
    people, total, square = sums(counted, index, len(first))
    mean = np.divide(total, people, out=np.zeros(len(first)), where=people > 0)
    alike = [c[first] for c in columns]
    found = hazards(alike[0], alike[1], mean, people, alike[2] if len(alike) > 2 else None)
    return found, square[found.kept]


def _curve(found: Hazards, square: Array, own: Array) -> Curve:
    """One cause: own (d,) says which events are its."""
    sets = found.sets
    if not own.any():
        raise EstimationError("The cause never happens, so it has no curve.")
    own_hazard = sets.among_dead(found.total[sets.dead] * own) / found.at_risk
    value = np.cumsum(found.survival[:-1] * own_hazard)
    stays = 1 - found.hazard
    inverse = np.divide(1.0, stays, out=np.zeros_like(stays), where=stays > 0)
    # what everyone at risk loses at each event time, summed: U = P + R and Q of the module's formula
    u = np.cumsum((found.survival[:-1] * own_hazard + value * found.hazard * inverse) / found.at_risk)
    q = np.cumsum(found.hazard * inverse / found.at_risk)
    begun_u, begun_q = (np.concatenate([[0.0], s])[sets.first + 1] for s in (u, q))
    left_u, left_q = (np.concatenate([[0.0], s])[sets.last + 1] for s in (u, q))
    # of the rows that have left: their own event, less what they lost while at risk
    gain_u, gain_q = begun_u - left_u, begun_q - left_q
    at, dead = sets.position, sets.dead
    gain_u[dead] += (own * found.survival[:-1][at] + value[at] * inverse[at]) / found.at_risk[at]
    gain_q[dead] += inverse[at] / found.at_risk[at]
    # gone by each event time: those whose last event time at risk it is and who are not under observation after it
    gone = _sums_of_gone(found, square, gain_u, gain_q)
    there = _sums_of_there(found, square, begun_u, begun_q)
    variance = gone[0] - 2 * value * gone[1] + value**2 * gone[2]
    # of those still at risk after tau, w (b - a) with a common to all: U(tau) - G(tau) Q(tau), b its value at entry
    common = u - value * q
    start = there[1] - value * there[2]
    squared = there[3] - 2 * value * there[4] + value**2 * there[5]
    variance += common**2 * there[0] - 2 * common * start + squared
    return Curve(sets.times, value, np.sqrt(np.clip(variance, 0, None)), found.at_risk)


def _sums_of_gone(found: Hazards, square: Array, u: Array, q: Array) -> Array:
    """(3, T) sums of w^2 u^2, w^2 u q, w^2 q^2 over the rows that have left by each event time.

    A row leaves at its event, or, censored, some time after its last event time at risk and before the next: until
    that next event time it is counted with those at risk, which gives the same numbers.
    """
    return np.stack([_by_end(found, square * v) for v in (u * u, u * q, q * q)])


def _by_end(found: Hazards, values: Array) -> Array:
    size = len(found.sets.times)
    ever = found.sets.last > found.sets.first
    return np.cumsum(np.bincount(found.sets.last[ever], values[ever], size))


def _sums_of_there(found: Hazards, square: Array, u: Array, q: Array) -> Array:
    """(6, T) sums of w^2 times 1, u, q, u^2, u q, q^2 over the rows at risk at, and not gone by, each event time."""
    size = len(found.sets.times)
    ever = found.sets.last > found.sets.first
    parts = []
    for v in (np.ones_like(u), u, q, u * u, u * q, q * q):
        values = (square * v)[ever]
        came = np.cumsum(np.bincount(found.sets.first[ever] + 1, values, size + 1)[:size])
        parts.append(came - np.cumsum(np.bincount(found.sets.last[ever], values, size)))
    return np.stack(parts)
