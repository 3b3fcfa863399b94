"""Who is at risk in a Fine-Gray model: people with a competing event stay, with a weight that falls.

What happens: in each censoring group the product-limit estimate G of remaining uncensored is taken, weighted as the
rows are; a person with a competing event at T_i is kept at risk at every later event time u with weight
G(u-) / G(T_i-) (Fine & Gray 1999, JASA 94:496). Sums over those at risk are then

    sum over T_i >= u of v_i  +  sum over groups of G(u-) * sum over competing T_i < u of v_i / G(T_i-),

two cumulative sums per group, and sums over the times at which a row is at risk are the same read backwards: no array
of rows by times is built. What the estimation of G adds to each row's influence is one more cumulative sum
(`add_through_censoring`). Nothing is refused here; `fine_gray` checks the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.design_matrix.model_matrix import BLOCK, ModelMatrix
from iop_outcomes.estimators.survival.risksets import RiskSets, risk_sets


@dataclass(frozen=True)
class TiedCensoring:
    """How the derivative by G treats a censoring at the very time of an event.

    side: 'left', G(u-) / G(T_i-) has a factor for censoring times c with T_i <= c < u, as it is computed;
    'right', T_i < c <= u. product: whether a factor 1 - dL(c) is differentiated, or exp(-dL(c)).
    """

    side: Literal["left", "right"]
    product: bool


@dataclass(frozen=True)
class CensoringGroup:
    """The censoring of one group of rows.

    rows: (m,) numbers of its rows; competing: (c,) those with a competing event. sets: who is at risk of being
    censored, at C times, by place among `rows`. at_risk, hazard: (C,). inverse: (c,) 1 / G(T_i-). curve: (T,) G(u-) at
    the event times of interest. codes: (c,) and (T,) places of T_i and of u on the time scale of `sets`.
    """

    rows: Whole
    competing: Whole
    sets: RiskSets
    at_risk: Array
    hazard: Array
    inverse: Array
    curve: Array
    competing_codes: Whole
    event_codes: Whole


@dataclass(frozen=True)
class SubdistributionSets(RiskSets):
    """Risk sets of the cause of interest, with those who had a competing event; see RiskSets."""

    groups: tuple[CensoringGroup, ...] = ()

    def at_risk(self, values: Array) -> Array:
        """(T, ...) sums of values (n, ...) over those at risk, the ones with a competing event by their weight."""
        out = super().at_risk(values)
        for group in self.groups:
            after = self.last[group.competing] + 1
            weighted = (values[group.competing].T * group.inverse).T
            out = out + (np.cumsum(_by_place(after, weighted, len(self.times) + 1)[:-1], axis=0).T * group.curve).T
        return out

    def at_risk_times(self, x: ModelMatrix, values: Array) -> Array:
        """(T, p) sums of values (n,) times x (n, p) over those at risk."""
        out = super().at_risk_times(x, values)
        size = len(self.times) + 1
        for group in self.groups:
            weighted = values[group.competing] * group.inverse
            cells = x.take(group.competing).grouped(self.last[group.competing] + 1, weighted, size)[:-1]
            np.cumsum(cells, axis=0, out=cells)
            cells *= group.curve[:, None]
            out += cells
        return out

    def while_at_risk(self, values: Array) -> Array:
        """(n, ...) sums of values (T, ...) over the event times at which each row is at risk, by its weight then."""
        out = super().while_at_risk(values)
        self.add_after_competing(out, values, np.ones(len(self.last)))
        return out

    def through_censoring(self, tied: TiedCensoring) -> Mask:
        """(n,) rows that move some G(u-) / G(T_i-): at risk of being censored after a competing event and before one of
        interest."""
        out = np.zeros(len(self.last), dtype=bool)
        for group in self.groups:
            times = group.sets.times
            start = np.searchsorted(times, group.competing_codes, side=tied.side).min(initial=len(times))
            stop = np.searchsorted(times, group.event_codes, side=tied.side).max(initial=0)
            moved = start + np.flatnonzero(group.hazard[start:stop] < 1)
            if len(moved):
                out[group.rows] = group.sets.last >= moved[0]
        return out

    def add_after_competing(self, out: Array, values: Array, factor: Array) -> None:
        """Add to out (n, ...) factor (n,) times the part of `while_at_risk` after a competing event."""
        for group in self.groups:
            ahead, scale = _ahead((values.T * group.curve).T), factor[group.competing] * group.inverse
            for some in _blocks(len(group.competing)):
                rows = group.competing[some]
                out[rows] += (ahead[self.last[rows] + 1].T * scale[some]).T

    def add_through_censoring(
        self,
        out: Array,
        mass: Array,
        by_time: Array,
        tied: TiedCensoring,
        slope: tuple[ModelMatrix, Array, Array] | None = None,
    ) -> None:
        """Add to out (n, k) the derivative by the total weight of each row of a sum, through the estimation of G.

        The sum's derivative by the logarithm of the weight of a row i at u is -mass_i G(u-) / G(T_i-) times
        (x_i turn a(u) - by_time(u)): mass (n,), by_time (T, k), slope = (x, turn (p, k), a (T,)), or None for no x.
        """
        for group in self.groups:
            if not (len(group.hazard) and len(group.competing)):
                continue
            moved = _through_group(group, mass[group.competing], by_time, tied, slope)
            running = np.concatenate([np.zeros((1, moved.shape[1])), np.cumsum(moved * group.hazard[:, None], axis=0)])
            for some in _blocks(len(group.rows)):
                out[group.rows[some]] -= running[group.sets.last[some] + 1]
            for some in _blocks(len(group.sets.dead)):
                out[group.rows[group.sets.dead[some]]] += moved[group.sets.position[some]]


def _through_group(
    group: CensoringGroup,
    mass: Array,
    by_time: Array,
    tied: TiedCensoring,
    slope: tuple[ModelMatrix, Array, Array] | None,
) -> Array:
    """(C, k) what a row's being censored at each time moves per unit of weight; being at risk takes hazard times it."""
    times, size = group.sets.times, len(group.hazard)
    start = np.searchsorted(times, group.competing_codes, side=tied.side)
    stop = np.searchsorted(times, group.event_codes, side=tied.side)

    def later(values: Array) -> Array:
        """Sums over the event times after each censoring time."""
        return np.asarray(_ahead(_by_place(stop, (values.T * group.curve).T, size + 1))[1 : size + 1])

    gone = mass * group.inverse
    moved = -np.cumsum(np.bincount(start, gone, size + 1)[:size])[:, None] * later(by_time)
    if slope is not None:
        x, turn, a = slope
        cells = np.cumsum(x.take(group.competing).grouped(start, gone, size + 1)[:size], axis=0)
        moved += (cells @ turn) * later(a)[:, None]
    left = group.at_risk * (1 - group.hazard) if tied.product else group.at_risk
    # where all are censored G is zero from there on, and so is its derivative
    moved *= (np.where(group.hazard < 1, 1.0, 0.0) / np.where(left > 0, left, 1.0))[:, None]
    return moved


def subdistribution_sets(
    time: Array,
    cause: Whole,
    which: int,
    total: Array,
    people: Array,
    group: Whole,
    events_first: bool,
) -> SubdistributionSets:
    """Sets at risk for cause `which`.

    time, total, people (n,): follow-up, total weight, frequency. cause: (n,), 0 censored. group: (n,) numbers of the
    censoring groups. events_first: whether those with an event at c are gone when others are censored at c.
    """
    base = risk_sets(time, cause == which)
    grid = np.unique(time)
    # twice the rank leaves room for censoring just after events of the same time
    codes = 2 * np.searchsorted(grid, time)
    event_codes = 2 * np.searchsorted(grid, base.times)
    censored = cause == 0
    leaves = codes + (censored if events_first else 0)
    competing = ~censored & (cause != which)
    groups = []
    for one in np.unique(group):
        members = np.flatnonzero(group == one)
        groups.append(_group(members, leaves, censored, competing, total, people, codes, event_codes))
    return SubdistributionSets(**vars(base), groups=tuple(groups))


def _group(
    members: Whole,
    leaves: Whole,
    censored: Mask,
    competing: Mask,
    total: Array,
    people: Array,
    codes: Whole,
    event_codes: Whole,
) -> CensoringGroup:
    sets = risk_sets(leaves[members].astype(float), censored[members])
    at_risk = hazard = np.empty(0)
    if len(sets.dead):
        out = sets.among_dead(total[members][sets.dead])
        # counted in people, so that the last hazard is 1 and not 1 less a rounding error
        everyone = sets.at_risk(people[members]) == sets.among_dead(people[members][sets.dead])
        at_risk = np.where(everyone, out, sets.at_risk(total[members]))
        hazard = out / at_risk
    curve = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    gone = members[competing[members]]
    return CensoringGroup(
        rows=members,
        competing=gone,
        sets=sets,
        at_risk=at_risk,
        hazard=hazard,
        inverse=1 / curve[np.searchsorted(sets.times, codes[gone])],
        curve=curve[np.searchsorted(sets.times, event_codes)],
        competing_codes=codes[gone],
        event_codes=event_codes,
    )


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, n, BLOCK))


def _ahead(values: Array) -> Array:
    """(T + 1, ...) sums of values (T, ...) from each place to the end, the last one zero."""
    out = np.zeros((len(values) + 1, *values.shape[1:]))
    out[:-1] = np.cumsum(values[::-1], axis=0)[::-1]
    return out


def _by_place(at: Whole, values: Array, size: int) -> Array:
    if values.ndim == 1:
        return np.asarray(np.bincount(at, values, size), dtype=float)
    return np.stack([np.bincount(at, v, size) for v in values.T], axis=1)
