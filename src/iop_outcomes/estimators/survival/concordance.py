"""Concordance of a risk score with the order of events: Harrell's C and Uno's C, with standard errors.

What happens, in order: scores, times, events and rows are checked and rows without weight set aside; for every person
with an event, those known to have none by then are counted by whether their score is lower, equal or higher, in
O(n log n) and without pairs being written out; the proportion of pairs in which the earlier event has the higher
score follows, ties in the score counted as one half, and each row's influence from the pairs it is part of. With
strata only people of one stratum are compared, and all strata's pairs are added up. Refused: no comparable pair, an
unknown weighting of the event times.

Persons i and j are comparable at the event of i at u if T_j > u, or T_j = u and j is censored. Over these

    C = sum of W_i W_j k(u) (1{score_i > score_j} + 1{equal} / 2) / sum of W_i W_j k(u),

with k = 1 for Harrell's C (Harrell et al. 1982, JAMA 247:2543), whose limit depends on the censoring, and 1 / G(u-)^2
for Uno's (Uno et al. 2011, Statistics in Medicine 30:1105), with G the product-limit estimate of remaining uncensored
in the stratum; people with an event at u are gone when others are censored at u. C is a ratio of quadratic forms in the
weights, so the derivative by the weight of a row is (its pairs' part of the numerator - C times that of the
denominator) over the denominator. R's `survival::concordance` takes G as known (`censoring='known'`); the default also
counts its estimation. (R takes k = 1 in strata with a single event, whatever was asked for.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.rows import column, indicator, rows
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.survival.risksets import follow_up, risk_sets, tails

# k(u) from G(u-), and its derivative by log G(u-) over k(u).
PAIR_WEIGHTS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "harrell": (np.ones_like, 0.0),
    "uno": (lambda g: g**-2.0, -2.0),
}
CENSORING = ("derivative", "known")


@dataclass(frozen=True)
class Concordance:
    """estimate: C, named 'concordance'. Pairs, weighted by W_i W_j but not by k(u): concordant, discordant, tied in the
    score (tied_x), with events at one time (tied_y), or both (tied_xy).
    """

    estimate: Estimate
    concordant: float
    discordant: float
    tied_x: float
    tied_y: float
    tied_xy: float


def concordance(
    score: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    weighting: str = "harrell",
    horizon: float | None = None,
    censoring: str = "derivative",
    strata: ArrayLike | None = None,
) -> Concordance:
    """Probability that of two people the one with the higher score has the earlier event.

    score: (n,) larger for those at higher risk. time: (n,) from day 0. event: (n,) zeros and ones. weighting: one of
    PAIR_WEIGHTS. horizon: only events up to it count; for Uno's C a time that enough people are followed to. censoring:
    one of CENSORING, see the module. strata: (n,) any labels; people are compared within them. Raises EstimationError
    as the module says.
    """
    if weighting not in PAIR_WEIGHTS or censoring not in CENSORING:
        raise EstimationError(
            f"'weighting' must be one of {', '.join(PAIR_WEIGHTS)}, and 'censoring' one of {', '.join(CENSORING)}; "
            f"they are '{weighting}' and '{censoring}'."
        )
    exits = follow_up(time, None)[0]
    n = exits.size
    counted = rows(n, weight, frequency)
    kept = np.flatnonzero(counted.used)
    died = indicator(event, "event", n)[kept]
    total, people = counted.total[kept], counted.frequency[kept]
    stratum = labelled(strata, "strata", n, kept)[1]
    times, place = np.unique(exits[kept], return_inverse=True)
    leaves = 2 * (stratum * len(times) + place) + ~died
    key = np.unique(column(score, "score", n)[kept], return_inverse=True)[1]
    counts = died if horizon is None else died & (exits[kept] <= placed(np.array([float(horizon)]), times))
    g = _Censoring.of(leaves, ~died, total, people, stratum, 2 * len(times))
    k, slope = PAIR_WEIGHTS[weighting]
    times_weight = np.where(counts, k(g.before), 0.0)
    pairs = _compare(leaves, key, stratum, total, total * times_weight)
    counted_pairs = pairs.later @ (total * counts)
    # each row's pairs as the one with the event, and as the other, in whose pairs lower and higher change places
    own = times_weight * pairs.later
    lower, equal, higher = own + pairs.earlier[::-1]
    whole = float(total @ own.sum(axis=0))
    if not whole > 0:
        raise EstimationError(
            "No two people can be compared: no one has an event while others are still followed. Choose a later "
            "horizon, or look at the outcome's coding."
        )
    value = float(total @ (own[0] + own[1] / 2)) / whole
    gradient = (lower + equal / 2 - value * (lower + equal + higher)) / whole
    part = lower + equal + higher > 0
    if slope and censoring == "derivative":
        moved = total * (own[0] + own[1] / 2 - value * own.sum(axis=0)) / whole
        gradient = gradient + slope * g.derivative(moved)
        part |= g.moves(total * own.sum(axis=0) / whole)
    everywhere, there = np.zeros((n, 1)), np.zeros(n, dtype=bool)
    everywhere[kept, 0], there[kept] = gradient, part
    tied_y, tied_xy = _tied_times(leaves[died], key[died], total[died], people[died])
    return Concordance(
        counted.estimate(("concordance",), [value], everywhere, there),
        concordant=float(counted_pairs[0]),
        discordant=float(counted_pairs[2]),
        tied_x=float(counted_pairs[1]),
        tied_y=tied_y,
        tied_xy=tied_xy,
    )


@dataclass(frozen=True)
class _Pairs:
    """later: (3, n) weight of those who leave later with lower, equal, higher score. earlier: (3, n) value of those who
    leave earlier, likewise.
    """

    later: Array
    earlier: Array


def _compare(leaves: Whole, key: Whole, stratum: Whole, weight: Array, value: Array) -> _Pairs:
    """Sums over the other rows of the stratum by the order of leaving and of the score, a bit of the rank at a time.

    Two different ranks share their leading bits down to one where they differ: sorted by those bits and then by score,
    all such pairs are found by cumulative sums. Rows that leave at the same rank never meet. Bits above those of the
    ranks tell strata apart, which never meet either.
    """
    rank = np.unique(leaves, return_inverse=True)[1]
    bits = int(rank.max()).bit_length()
    rank = rank + (stratum << bits)
    later, earlier = np.zeros((len(rank), 3)), np.zeros((len(rank), 3))
    row = np.lexsort((key, stratum))
    for bit in reversed(range(bits)):
        block = rank[row] >> bit
        second = (block & 1).astype(bool)
        fences = _fences(block >> 1, key[row])
        some, other = np.flatnonzero(~second), np.flatnonzero(second)
        later[row[some]] += _sums(np.where(second, weight[row], 0.0), fences, some)
        earlier[row[other]] += _sums(np.where(second, 0.0, value[row]), fences, other)
        row = _parted(row, second, fences)
    return _Pairs(later.T, earlier.T)


Fences = tuple[Whole, Whole, Whole, Whole]


def _fences(block: Whole, key: Whole) -> Fences:
    """Of each row of a sorted table: where its block begins, its score in the block begins and ends, its block ends."""
    new_block = np.append(True, block[1:] != block[:-1])
    new_key = new_block | np.append(True, key[1:] != key[:-1])
    (first, last), (same, beyond) = (_spans(new) for new in (new_block, new_key))
    return first, same, beyond, last


def _spans(new: Mask) -> tuple[Whole, Whole]:
    starts = np.flatnonzero(new)
    number = np.cumsum(new) - 1
    return starts[number], np.append(starts[1:], len(new))[number]


def _sums(values: Array, fences: Fences, rows: Whole) -> Array:
    """(m, 3) sums over the block of each of `rows`, of those with lower, equal and higher score."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    first, same, beyond, last = (running[f[rows]] for f in fences)
    return np.stack([same - first, beyond - same, last - beyond], axis=1)


def _parted(row: Whole, second: Mask, fences: Fences) -> Whole:
    """The rows with each block's second half after its first, otherwise in the same order."""
    first, last = fences[0], fences[3]
    firsts = np.concatenate([[0], np.cumsum(~second)])
    before = firsts[:-1] - firsts[first]
    place = first + np.where(second, firsts[last] - firsts[first] + np.arange(len(row)) - first - before, before)
    out = np.empty_like(row)
    out[place] = row
    return out


def _tied_times(leaves: Whole, key: Whole, total: Array, people: Array) -> tuple[float, float]:
    """Pairs with events at one time, of different and of equal score."""

    def pairs(labels: Whole) -> float:
        sums = np.bincount(labels, total)
        return float((sums @ sums - (total**2 / people).sum()) / 2)

    both = np.unique(leaves * (key.max(initial=0) + 1) + key, return_inverse=True)[1]
    tied_xy = pairs(both)
    return pairs(np.unique(leaves, return_inverse=True)[1]) - tied_xy, tied_xy


@dataclass(frozen=True)
class _Censoring:
    """The product-limit estimate of remaining uncensored, in each stratum. before: (n,) G just before each row's time.

    at_risk, hazard: (C,) at the censoring times, sorted by stratum and then by time. begin, first, last: (n,) of each
    row, the place of its stratum's first censoring time, and of the first that is not before, and after, it leaves.
    starts: where each stratum with censoring begins.
    """

    before: Array
    at_risk: Array
    hazard: Array
    begin: Whole
    first: Whole
    last: Whole
    starts: Whole

    @classmethod
    def of(cls, leaves: Whole, censored: Mask, total: Array, people: Array, stratum: Whole, width: int) -> _Censoring:
        """From the rows' times, as whole numbers that rise from stratum to stratum by width, and who is censored."""
        if not censored.any():
            none = np.zeros(len(leaves), dtype=np.int64)
            return cls(np.ones(len(leaves)), np.empty(0), np.empty(0), none, none, none, np.empty(0, dtype=np.int64))
        sets = risk_sets(leaves.astype(float), censored, None, stratum)
        out = sets.among_dead(total[sets.dead])
        # counted in people, so that the last hazard is 1 and not 1 less a rounding error
        everyone = sets.at_risk(people) == sets.among_dead(people[sets.dead])
        at_risk = np.where(everyone, out, sets.at_risk(total))
        hazard = out / at_risk
        curve = np.empty(len(hazard))
        for start, stop in zip(sets.starts, [*sets.starts[1:], len(hazard)], strict=True):
            curve[start:stop] = np.cumprod(1 - hazard[start:stop])
        begin, first = (np.searchsorted(sets.times, at) for at in (stratum * width, leaves))
        before = np.where(first > begin, curve[np.maximum(first - 1, 0)], 1.0)
        return cls(before, at_risk, hazard, begin, first, np.searchsorted(sets.times, leaves, "right"), sets.starts)

    def derivative(self, moved: Array) -> Array:
        """(n,) derivative by each weight of a sum whose derivative by log G before each time is moved (n,)."""
        if not len(self.hazard):
            return np.zeros(len(moved))
        survives = self.hazard < 1
        ahead = np.where(survives, self._ahead(moved), 0.0)
        step = ahead / np.where(survives, self.at_risk * (1 - self.hazard), 1.0)
        out = self._while_at_risk(step * self.hazard)
        return np.asarray(out - np.where(self.last > self.first, step[np.minimum(self.first, len(step) - 1)], 0.0))

    def moves(self, share: Array) -> Mask:
        """(n,) rows through whose censoring, or being at risk of it, some pairs come to count more than others.

        share: (n,) of all pairs' weight. A factor of G that all pairs have in common moves nothing.
        """
        if not len(self.hazard):
            return np.zeros(len(share), dtype=bool)
        ahead = self._ahead(share)
        live = (ahead > 0) & (ahead < 1 - 1e-12) & (self.hazard < 1)
        return self._while_at_risk(live.astype(float)) > 0

    def _ahead(self, values: Array) -> Array:
        """(C,) sums of values (n,) over the rows of the stratum that leave after each censoring time."""
        after = self.first > self.begin
        summed: Array = np.asarray(np.bincount(self.first[after] - 1, values[after], len(self.hazard)), dtype=float)
        return tails(summed, self.starts)

    def _while_at_risk(self, values: Array) -> Array:
        """(n,) sums of values (C,) over the censoring times of its stratum at which each row is at risk."""
        running = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray(running[self.last] - running[self.begin])
