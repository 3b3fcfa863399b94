"""Who is at risk when: sums over risk sets, and sums over the time that a row is at risk, in O(rows + times).

A row is at risk at event time u if entry < u <= time, in its own stratum. Only distinct event times matter,
so each row is turned into two positions among them, and every sum becomes a count by position and a
cumulative sum. No array of rows by times is ever built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.model_matrix import ModelMatrix
from iop_outcomes.estimators.rows import Mask, Whole, column


def follow_up(time: ArrayLike, entry: ArrayLike | None) -> tuple[Array, Array | None]:
    """time (n,) and entry (n,) or None, checked: finite, none negative, each entry before its time.

    An entry of 0 is someone followed from the start; it is turned into one before any time, so that a person
    who leaves on day 0 counts, and everyone is at risk on day 0.
    """
    time = column(time, "time")
    if (time < 0).any():
        raise EstimationError("Some times are negative; time runs from each person's own day 0.")
    if entry is None:
        return time, None
    entry = column(entry, "entry", time.size)
    if (entry < 0).any():
        raise EstimationError("Some entry times are negative; time runs from each person's own day 0.")
    entry = np.where(entry == 0, -1.0, entry)
    if (entry >= time).any():
        raise EstimationError(
            "Some rows enter at or after the time at which they leave, so they are never at risk: a row is "
            "at risk where entry < u <= time. Leave such rows out, or take the entry from the day before."
        )
    return time, entry


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
        ever = self.last > self.first
        come = _tails(self._by_position(self.last[ever], values[ever]), self.starts)
        late = ever & self.late
        if not late.any():
            return come
        return come - _tails(self._by_position(self.first[late], values[late]), self.starts)

    def at_risk_times(self, x: ModelMatrix, values: Array) -> Array:
        """(T, p) sums of values (n,) times x (n, p) over the rows at risk at each event time."""
        size = len(self.times)
        ever = self.last > self.first
        come = _tails(x.grouped(np.where(ever, self.last, size), values, size + 1)[:-1], self.starts)
        late = ever & self.late
        if not late.any():
            return come
        return come - _tails(x.grouped(np.where(late, self.first, size), values, size + 1)[:-1], self.starts)

    def among_dead(self, values: Array) -> Array:
        """(T, ...) sums of values (d, ...) over the rows with an event at each event time."""
        return self._by_position(self.position, values)

    def while_at_risk(self, values: Array) -> Array:
        """(n, ...) sums of values (T, ...) over the event times at which each row is at risk."""
        running = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        return np.asarray(running[self.last + 1] - running[self.first + 1])

    def _by_position(self, at: Whole, values: Array) -> Array:
        size = len(self.times)
        if values.ndim == 1:
            return np.asarray(np.bincount(at, values, size), dtype=float)
        return np.stack([np.bincount(at, v, size) for v in values.T], axis=1)


def risk_sets(time: Array, event: Mask, entry: Array | None = None, strata: Whole | None = None) -> RiskSets:
    """Risk sets of rows with the given time (n,), event (n,), entry (n,) and stratum number (n,).

    Needs at least one event. Times that differ at all are different times: days should be whole numbers.
    """
    stratum = np.zeros(time.size, dtype=np.int64) if strata is None else strata
    grid = np.unique(time if entry is None else np.concatenate([time, entry]))
    width = len(grid) + 1
    leaves = stratum * width + np.searchsorted(grid, time)
    distinct = np.unique(leaves[event])
    begins = np.searchsorted(distinct, stratum * width) - 1
    first = begins
    if entry is not None:
        first = np.searchsorted(distinct, stratum * width + np.searchsorted(grid, entry), side="right") - 1
    dead = np.flatnonzero(event)
    return RiskSets(
        times=grid[distinct % width],
        first=first,
        last=np.searchsorted(distinct, leaves, side="right") - 1,
        late=first > begins,
        starts=np.searchsorted(distinct, np.unique(distinct // width) * width),
        dead=dead,
        position=np.searchsorted(distinct, leaves[dead]),
    )


def _tails(values: Array, starts: Whole) -> Array:
    """Sums from each position to the end of its stratum, added from the end to keep small risk sets exact."""
    out = np.empty_like(values)
    for begin, end in zip(starts, [*starts[1:], len(values)], strict=True):
        out[begin:end] = np.cumsum(values[begin:end][::-1], axis=0)[::-1]
    return out
