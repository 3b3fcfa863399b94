"""Who is at risk when: sums over risk sets, and sums over the time that a row is at risk, in O(rows + times).

A row is at risk at event time u if entry < u <= time, in its own stratum. Only distinct event times matter,
so each row is turned into two positions among them, and every sum becomes a count by position and a
cumulative sum. No array of rows by times is ever built. Of rows that enter late, running sums are differences; where
those would lose their digits, as with weights many powers of ten apart, sums are taken by additions alone (`dyadic`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.rows import column
from iop_outcomes.estimators.base.same_times import same_times
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.survival.dyadic import Intervals

DIGITS = 1e-7  # a difference that is a smaller share of what it is taken of has lost too many digits


def follow_up(time: ArrayLike, entry: ArrayLike | None) -> tuple[Array, Array | None]:
    """time (n,) and entry (n,) or None, checked: finite, none negative, each entry before its time.

    Times that differ by rounding only are made equal, entries among them (`same_times`). An entry of 0 is someone
    followed from the start; it is turned into one before any time, so that a person who leaves on day 0 counts, and
    everyone is at risk on day 0.
    """
    time = column(time, "time")
    if entry is None:
        (time,) = same_times(time)
    else:
        time, entry = same_times(time, column(entry, "entry", time.size))
    if (time < 0).any():
        raise EstimationError("Some times are negative; time runs from each person's own day 0.")
    if entry is None:
        return time, None
    if (entry < 0).any():
        raise EstimationError("Some entry times are negative; time runs from each person's own day 0.")
    entry = np.where(entry == 0, -1.0, entry)
    if (entry >= time).any():
        raise EstimationError(
            "Some rows enter at or after the time at which they leave, so they are never at risk: a row is "
            "at risk where entry < u <= time. Leave such rows out, or take the entry from the day before."
        )
    return time, entry


def asked_times(times: ArrayLike) -> Array:
    """(k,) horizons, finite and from 0."""
    horizons = column(np.atleast_1d(np.asarray(times, dtype=float)), "times")
    if (horizons < 0).any():
        raise EstimationError("A horizon is negative; horizons are days from day 0.")
    return horizons


@dataclass(frozen=True)
class RiskSets:
    """Positions of n rows among T event times, which are sorted by stratum and then by time.

    times: (T,). first, last: (n,) a row is at risk at the positions first < k <= last. late: (n,) whether it
    entered after the first event time of its stratum. starts: position at which each stratum with events
    begins. dead: (d,) rows with an event; position: (d,) their event times.
    """

    times: Array
    first: Whole
    last: Whole
    late: Mask
    starts: Whole
    dead: Whole
    position: Whole

    def at_risk(self, values: Array) -> Array:
        """(T, ...) sums of values (n, ...) over the rows at risk at each event time."""
        return self._at_risk(lambda position, size: _counted(position, values, size), values)

    def at_risk_times(self, x: ModelMatrix, values: Array) -> Array:
        """(T, p) sums of values (n,) times x (n, p) over the rows at risk at each event time."""
        return self._at_risk(lambda position, size: x.grouped(position, values, size), values)

    def _at_risk(self, summed: Callable[[Whole, int], Array], values: Array) -> Array:
        """Sums over those at risk from `summed`, which sums over the rows of each position 0 ... size - 1."""
        size = len(self.times) + 1
        leave, enter = self._turns
        if enter is None:
            return tails(summed(leave, size)[:-1], self.starts)
        weight = _sizes(values)
        come, gone = (tails(_counted(at, weight, size)[:-1], self.starts) for at in (leave, enter))
        lost = np.flatnonzero(come - gone < DIGITS * come)
        if lost.size and self._there(lost, leave, enter).any():
            return self._intervals.over_rows(summed)
        return tails(summed(leave, size)[:-1], self.starts) - tails(summed(enter, size)[:-1], self.starts)

    def _there(self, positions: Whole, leave: Whole, enter: Whole) -> Mask:
        """Whether anyone is at risk at some positions (m,)."""
        size = len(self.times) + 1
        come, gone = (tails(_counted(at, np.ones(len(at)), size)[:-1], self.starts)[positions] for at in (leave, enter))
        return np.asarray(come > gone)

    @cached_property
    def _intervals(self) -> Intervals:
        """Positions at which each row is at risk."""
        return Intervals(self.first + 1, np.maximum(self.last, self.first) + 1, len(self.times))

    @cached_property
    def _turns(self) -> tuple[Whole, Whole | None]:
        """(n,) positions at which rows leave and, where any is late, enter; T for rows of which it is not to count."""
        ever, never = self.ever, len(self.times)
        late = ever & self.late
        return np.where(ever, self.last, never), np.where(late, self.first, never) if late.any() else None

    @property
    def staying(self) -> RiskSets:
        """Those at risk who have no event then."""
        last = self.last.copy()
        last[self.dead] -= 1
        return replace(self, last=last)

    @property
    def ever(self) -> Mask:
        """(n,) rows that are at risk at some event time; the others move nothing, whatever they are."""
        return self.last > self.first

    def by(self, time: float) -> Mask:
        """(n,) rows that are at risk at some event time up to `time`; without strata."""
        if self.from_start:
            return self.ever & bool(self.times[0] <= time)
        return self.ever & (np.append(self.times, np.inf).take(self.first + 1) <= time)

    def among_dead(self, values: Array) -> Array:
        """(T, ...) sums of values (d, ...) over the rows with an event at each event time."""
        return _counted(self.position, values, len(self.times))

    def while_at_risk(self, values: Array) -> Array:
        """(n, ...) sums of values (T, ...) over the event times at which each row is at risk."""
        running = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        until = running.take(self.last + 1, axis=0)
        if self.from_start:
            return until
        each = _sizes(values)
        size = np.concatenate([[0.0], np.cumsum(each)])
        before = size.take(self.first + 1)
        lost = np.flatnonzero((size.take(self.last + 1) - before < DIGITS * before) & self.ever)
        if lost.size:  # of nothing but zeros nothing is lost
            some = np.concatenate([[0], np.cumsum(each > 0)])
            if (some.take(self.last[lost] + 1) > some.take(self.first[lost] + 1)).any():
                return self._intervals.over_positions(values)
        return until - running.take(self.first + 1, axis=0)

    @cached_property
    def from_start(self) -> bool:
        """Whether every row is at risk from the first event time of all on: no strata, and none enters late."""
        return bool((self.first == -1).all())


def risk_sets(time: Array, event: Mask, entry: Array | None = None, strata: Whole | None = None) -> RiskSets:
    """Risk sets of rows with the given time (n,), event (n,), entry (n,) and stratum number (n,).

    Needs at least one event. Times that differ at all are different times here: they come from `follow_up`.
    """
    stratum = np.zeros(time.size, dtype=np.int64) if strata is None else strata
    grid = np.unique(time if entry is None else np.concatenate([time, entry]))
    width = len(grid) + 1
    leaves = stratum * width + np.searchsorted(grid, time)
    distinct = np.unique(leaves[event])
    upto = _upto(distinct, int(stratum.max() + 1) * width, time.size)
    begins = (np.searchsorted(distinct, np.arange(stratum.max() + 1) * width) - 1).take(stratum)
    first = begins
    if entry is not None:
        first = upto(stratum * width + np.searchsorted(grid, entry)) - 1
    dead = np.flatnonzero(event)
    last = upto(leaves) - 1
    return RiskSets(
        times=grid[distinct % width],
        first=first,
        last=last,
        late=first > begins,
        starts=np.searchsorted(distinct, np.unique(distinct // width) * width),
        dead=dead,
        position=last[dead],
    )


def _upto(distinct: Whole, size: int, n: int) -> Callable[[Whole], Whole]:
    """How many of the sorted `distinct` codes, of 0 ... size - 1, each of n codes is not below."""
    if size > 4 * n:
        return lambda codes: np.searchsorted(distinct, codes, side="right")
    there = np.zeros(size, dtype=np.int64)
    there[distinct] = 1
    return np.cumsum(there).take  # a look at a table costs less than a search


def compared(sets: RiskSets, x: ModelMatrix, frequency: Array, stratum: Whole) -> Mask:
    """(n,) rows that take part: at risk at an event time with someone else, in a stratum in which x (n, p) varies.

    Whatever they were, the others would add nothing to the partial likelihood: they were censored before the first
    event, came after the last, were alone at risk, or are all alike in a stratum of their own.
    """
    part, together = sets.ever, sets.at_risk(frequency) > 1
    if not together.all():
        part = part & (sets.while_at_risk(together.astype(float)) > 0)
    if not (stratum.any() and part.any()):
        return part
    some = np.flatnonzero(part)
    first = np.zeros(int(stratum.max()) + 1, dtype=np.int64)
    first[stratum[some[::-1]]] = some[::-1]
    reference = first[stratum]
    differs = (x.numeric != x.numeric[reference]).any(axis=1)
    for codes in x.codes:
        differs |= codes != codes[reference]
    return part & (np.bincount(stratum, differs & part)[stratum] > 0)


def _sizes(values: Array) -> Array:
    """(n,) largest absolute value of each row of values (n, ...)."""
    size = np.abs(values)
    return size if size.ndim == 1 else size.reshape(len(size), -1).max(axis=1, initial=0.0)


def _counted(position: Whole, values: Array, size: int) -> Array:
    """(size, ...) sums of values (n, ...) over the rows of each position."""
    if values.ndim == 1:
        return np.asarray(np.bincount(position, values, size), dtype=float)
    return np.stack([np.bincount(position, v, size) for v in values.T], axis=1)


def tails(values: Array, starts: Whole) -> Array:
    """Sums from each position to the end of its stratum, added from the end to keep small risk sets exact."""
    out = np.empty_like(values)
    for begin, end in zip(starts, [*starts[1:], len(values)], strict=True):
        out[begin:end] = np.cumsum(values[begin:end][::-1], axis=0)[::-1]
    return out
