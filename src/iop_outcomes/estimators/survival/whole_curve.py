"""A curve at every event time with its robust standard error, in one pass.

`cuminc` gives each person's influence at chosen horizons; here the variance alone is wanted, at all T event times,
without n influences at each. In the notation of `cuminc`, the influence of row i on G(tau) is

    w_i ( P_i(tau) + R_i(tau) - G(tau) Q_i(tau) ),

P, Q and R being sums of S(u-) g_ki(u), g_i(u) / (1 - dL(u)) and G(u) g_i(u) / (1 - dL(u)) over the event times up to
tau at which i is under observation. Those stop changing when i leaves, and until then change alike for everyone at
risk. So the sum of squares over people is a quadratic in G(tau) whose coefficients are cumulative sums: O(rows +
times) for the whole curve, after people alike in all columns have become cells. With late entry and weights many powers
of ten apart the quadratic loses its digits to the heaviest, and each cell's influence is written out instead. Refused:
what `cuminc` refuses, and such weights where that would be too many numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.cells import cell_numbers, sums
from iop_outcomes.estimators.base.rows import indicator, rows
from iop_outcomes.estimators.survival.cuminc import Hazards, hazards
from iop_outcomes.estimators.survival.limits import Quantiles, limits, quantiles

# how far apart squared weights may be before influences are written out where they can be, and before nothing is said
UNEVEN, HOPELESS = 1e9, 1e11
MOST_WRITTEN = 400_000_000  # numbers, a block at a time
BLOCK = 1_000_000


@dataclass(frozen=True)
class Curve:
    """A step function: value and standard_error (T,) from each of times (T,) on. at_risk: weight just before."""

    times: Array
    value: Array
    standard_error: Array
    at_risk: Array


@dataclass(frozen=True)
class SurvivalCurve(Curve):
    """A curve of survival; its pointwise limits ignore clusters (horizons with clusters are for `cuminc.survival`).

    end: of the longest follow-up.
    """

    end: float

    def limits(self, scale: str = "log-log", level: float = 0.95) -> tuple[Array, Array]:
        """(T,) lower and (T,) upper pointwise limits; 0 to 0 from where survival is 0."""
        lower, upper = np.zeros_like(self.value), np.zeros_like(self.value)
        left = self.value > 0
        critical = float(stats.norm.ppf(0.5 + level / 2))
        lower[left], upper[left] = limits(self.value[left], self.standard_error[left], scale, critical)
        return lower, upper

    def quantiles(
        self, probability: ArrayLike = (0.25, 0.5, 0.75), scale: str = "log-log", level: float = 0.95
    ) -> Quantiles:
        """Times by which these shares have had the event; see `limits` for level stretches and heights not reached.

        Limits that survival of 0 would give are not taken, since 0 has no limits above it.
        """
        lower, upper = self.limits(scale, level)
        left = self.value > 0
        unknown = np.where(left, 0.0, np.inf)
        return quantiles(self.times, self.value, lower + unknown, upper + unknown, self.end, probability)


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
) -> SurvivalCurve:
    """Kaplan-Meier curve; arguments as in `cuminc.survival`. In R `survfit(robust = TRUE)`."""
    found, square = _collapsed(time, indicator(event, "event"), weight, frequency, entry)
    error = _survival_error(found, square)
    return SurvivalCurve(found.sets.times, found.survival[1:], error, found.at_risk, found.last_followed)


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


@dataclass(frozen=True)
class _Sum:
    """A sum over the event times at which a row is under observation. running: (T,) for a row at risk from the start.

    begun: (n,) what had run up when a row came under observation. final: (n,) the sum of a row that has left: its own
    event, less what ran up while it was at risk.
    """

    running: Array
    begun: Array
    final: Array


def _sum(found: Hazards, by_time: Array, by_event: Array) -> _Sum:
    """by_time: (T,) what a row at risk loses at each event time. by_event: (d,) what a row with an event gains."""
    running = np.cumsum(by_time)
    before = np.concatenate([[0.0], running])
    begun = before[found.sets.first + 1]
    final = begun - before[found.sets.last + 1]
    final[found.sets.dead] += by_event
    return _Sum(running, begun, final)


def _leaving(found: Hazards) -> _Sum:
    """Q of the module's formula, with `final` and `running` of opposite sign."""
    return _sum(found, *_of_leaving(found))


def _of_leaving(found: Hazards) -> tuple[Array, Array]:
    """(T,) what a row at risk loses of Q at each event time, and (d,) what a row with an event gains."""
    stays = found.stays
    inverse = np.divide(1.0, stays * found.at_risk, out=np.zeros_like(stays), where=stays > 0)
    return found.hazard * inverse, inverse[found.sets.position]


def _uneven(found: Hazards, square: Array) -> bool:
    """Whether rows enter late with weights so far apart that sums of their squares lose digits to the heaviest."""
    if found.sets.from_start:
        return False
    apart = float(square.max()) / float(square[square > 0].min())
    written = len(square) * len(found.sets.times) <= MOST_WRITTEN
    if apart > HOPELESS and not written:
        raise EstimationError(
            "With late entry, and weights so many powers of ten apart, the standard errors of a whole curve cannot be "
            "told: the heaviest takes the digits of the others. Truncate the weights, or ask for single horizons."
        )
    return apart > UNEVEN and written


def _written_out(found: Hazards, square: Array, parts: Sequence[tuple[Array, Array, Array | None]]) -> Array:
    """(T,) sums over the rows of squares of their influence, block by block.

    parts: sums over the times at risk up to each time, by_time (T,) and by_event (d,) as for `_sum`, times a factor
    (T,).
    """
    sets, size = found.sets, len(found.sets.times)
    event = np.full(len(square), -1, dtype=np.int64)
    event[sets.dead] = np.arange(len(sets.dead))
    variance, each = np.zeros(size), np.arange(size)
    step = max(BLOCK // size, 1)
    for start in range(0, len(square), step):
        rows_ = slice(start, min(start + step, len(square)))
        there = (each > sets.first[rows_, None]) & (each <= sets.last[rows_, None])
        dies = np.flatnonzero(event[rows_] >= 0)
        own = event[rows_][dies]
        total = np.zeros(there.shape)
        for by_time, by_event, factor in parts:
            moved = np.where(there, -by_time, 0.0)
            moved[dies, sets.position[own]] += by_event[own]
            np.cumsum(moved, axis=1, out=moved)
            total += moved if factor is None else moved * factor
        variance += square[rows_] @ total**2
    return variance


def _survival_error(found: Hazards, square: Array) -> Array:
    """(T,) of survival, whose influence is -S(t) Q: exact where survival is small, and 0 where it is 0."""
    if _uneven(found, square):
        q_by_time, q_by_event = _of_leaving(found)
        return np.asarray(found.survival[1:] * np.sqrt(_written_out(found, square, ((q_by_time, q_by_event, None),))))
    q = _leaving(found)
    variance = _gone(found, square * q.final**2) + q.running**2 * _there(found, square)
    variance += _there(found, square * q.begun**2) - 2 * q.running * _there(found, square * q.begun)
    return np.asarray(found.survival[1:] * np.sqrt(np.maximum(variance, 0)))


def _curve(found: Hazards, square: Array, own: Array) -> Curve:
    """One cause: own (d,) says which events are its."""
    sets, at = found.sets, found.sets.position
    own_hazard = sets.among_dead(found.total[sets.dead] * own) / found.at_risk
    pace = found.survival[:-1]
    value = np.cumsum(pace * own_hazard)
    stays = found.stays
    inverse = np.divide(1.0, stays, out=np.zeros_like(stays), where=stays > 0)
    lost = (pace * own_hazard + value * found.hazard * inverse) / found.at_risk
    gained = (own * pace[at] + (value * inverse)[at]) / found.at_risk[at]
    if _uneven(found, square):
        variance = _written_out(found, square, ((lost, gained, None), (*_of_leaving(found), -value)))
        return Curve(sets.times, value, np.sqrt(variance), found.at_risk)
    u = _sum(found, lost, gained)
    q = _leaving(found)
    parts = [_gone(found, square * v) for v in (u.final**2, u.final * q.final, q.final**2)]
    variance = parts[0] - 2 * value * parts[1] + value**2 * parts[2]
    # of those still at risk, w (b - a): a = U - G Q is common to all, b is a when they came under observation
    common = u.running - value * q.running
    start = _there(found, square * u.begun) - value * _there(found, square * q.begun)
    crossed = _there(found, square * u.begun * q.begun)
    squared = _there(found, square * u.begun**2) - 2 * value * crossed + value**2 * _there(found, square * q.begun**2)
    variance += common**2 * _there(found, square) - 2 * common * start + squared
    return Curve(sets.times, value, np.sqrt(np.maximum(variance, 0)), found.at_risk)


def _gone(found: Hazards, values: Array) -> Array:
    """(T,) sums over the rows that have left by each event time.

    A row leaves at its event, or, censored, some time after its last event time at risk and before the next, between
    which nothing changes.
    """
    ever = found.sets.last > found.sets.first
    return np.asarray(np.cumsum(np.bincount(found.sets.last[ever], values[ever], len(found.sets.times))))


def _there(found: Hazards, values: Array) -> Array:
    """(T,) sums over the rows that have come under observation by each event time and have not left by it."""
    ever, size = found.sets.last > found.sets.first, len(found.sets.times)
    came = np.bincount(found.sets.first[ever] + 1, values[ever], size + 1)[:size]
    return np.asarray(np.cumsum(came)) - _gone(found, values)
