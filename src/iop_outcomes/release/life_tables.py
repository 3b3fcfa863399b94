"""Life tables that may be seen: people count as gone in batches, once enough have left for the same reason.

In order: causes that no question tells apart are counted together (`iop_outcomes.release.pools`); in each arm the
people are counted (an arm below the minimum is withheld); those who leave by one cause are taken in the order of days
into batches, each closed as soon as it holds the minimum; a batch moves the number gone by its size (a multiple of the
rounding base) on its mean day; who is in no full batch stays at risk. Horizons that estimates ask for close the batch
before them, as many of them as leave the minimum, or no one, between one and the next: the number gone by then is
exact. By any other day some people are held back, and the table does not say who is still there: `told` says which
numbers are true, and no other is let out as a count. Tables that are the same share their horizons, or one would give
away what the other holds back. If at the end a few people would remain, between 1 and the minimum, the last move is
taken back; so it is if a reader could tell how many wait to be counted by each cause.

The result is always a valid life table: the numbers gone rise by at least the minimum at a time, their sum is
at most the people, and the number at risk only falls, so it is enough or zero on every day.

Who is not at risk (the cause NOT_AT_RISK, of a return to care or a first overdose) is in none of this: the people of
such an arm are those at risk, who with the arm's size give the others. An arm in which those are a few is withheld.
Elsewhere the people at risk are rounded to the nearest five, under any policy that withholds anything: they are as many
as have left care alive, and beside the life table of leaving care would tell how many wait there. Batches of
neighbours replaced by their mean are micro-aggregation (Domingo-Ferrer & Mateo-Sanz 2002, IEEE Transactions
on Knowledge and Data Engineering 14:189). Dating a batch to its last day instead, as the Kaplan-Meier output
of ACRO does (AI-SDC, SACRO project, 2023), makes every curve late, and mean days in care too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.release.pools import called, pooled
from iop_outcomes.vocabulary.causes import NOT_AT_RISK, STILL_AT_RISK

if TYPE_CHECKING:
    import pandas as pd

Question = tuple[str, str, str]  # analysis, contrast, outcome
ARM = ["analysis", "cohort", "contrast", "arm", "outcome"]


@dataclass(frozen=True, order=True)
class Move:
    """People counted as gone on a day by a cause."""

    day: int
    cause: str
    count: int


@dataclass(frozen=True)
class Leaving:
    """The people of one arm and how they leave the risk set, in the order of days. Whoever does not leave stays. apart:
    people of the arm who are not at risk, and not among `people`; not known of a held table. pools: causes that are
    counted together, under the name that `pools.called` gives them.
    """

    people: int
    moves: tuple[Move, ...]
    apart: int = 0
    pools: tuple[tuple[str, ...], ...] = ()

    @property
    def base(self) -> int:
        """To which its people are rounded at least."""
        return OVERLAP_BASE if self.apart else 1

    @property
    def last_day(self) -> int:
        """The day of the last move, 0 without one."""
        return max((m.day for m in self.moves), default=0)

    @property
    def causes(self) -> tuple[str, ...]:
        """Causes by which anyone is counted as gone, sorted; censoring among them."""
        return tuple(sorted({m.cause for m in self.moves}))

    def gone(self, day: int | None, causes: Collection[str] | None = None) -> int:
        """People gone up to and including a day (None: ever) by some causes (None: by any, censoring
        included). A pool is among the causes if all that it holds are.
        """
        among = None if causes is None else self.named(causes)
        return sum(m.count for m in self.moves if (day is None or m.day <= day) and (among is None or m.cause in among))

    def named(self, causes: Collection[str]) -> set[str]:
        """The causes, and the names of the pools that hold no others."""
        return {*causes, *(called(pool) for pool in self.pools if set(pool) <= set(causes))}

    def at_risk(self, day: int) -> int:
        """People at risk just before a day."""
        return self.people - self.gone(day - 1)


def hold(
    life_table: pd.DataFrame, policy: Policy, horizons: Mapping[Question, Collection[int]] | None = None
) -> pd.DataFrame:
    """The life tables as they may be seen, in the same columns.

    horizons: days that estimates ask for, by analysis, contrast and outcome. Beside each cause's people on
    the days on which they are counted, every arm has one row of cause 'still_at_risk' on the day of its last
    move, so that its counts add up to its people. Arms with too few people, at risk or not, are left out.
    """
    import pandas as pd

    rows = []
    for key, held in held_back(leavings(life_table), policy, horizons or {}, {}).items():
        staying = Move(held.last_day, STILL_AT_RISK, held.people - held.gone(None))
        rows += [(*key, move.day, move.cause, move.count) for move in (*held.moves, staying)]
    columns = [*ARM, "day", "cause", "count"]
    return pd.DataFrame(rows, columns=columns).astype({"day": "int64", "count": "int64"})


def held_back(
    arms: Mapping[tuple[str, ...], Leaving],
    policy: Policy,
    horizons: Mapping[Question, Collection[int]],
    apart: Mapping[Question, Collection[Collection[str]]],
) -> dict[tuple[str, ...], Leaving]:
    """The arms as they may be seen, without those of too few people. Keys are those of `leavings`.

    horizons: as in `hold`. apart: sets of causes that a question tells from all others; without one it tells all apart.
    """
    asked: dict[Leaving, set[int]] = {}
    for (analysis, _, contrast, _, outcome), leaving in arms.items():
        asked.setdefault(leaving, set()).update(horizons.get((analysis, contrast, outcome), ()))
    pools = {} if policy.exact else pooled({key: (_question(key), one) for key, one in arms.items()}, apart)
    found = {
        key: _held(_together(leaving, pools.get(key, ())), policy, sorted(asked[leaving]))
        for key, leaving in arms.items()
    }
    return {key: held for key, held in found.items() if held is not None}


def _question(key: tuple[str, ...]) -> Question:
    analysis, _, contrast, _, outcome = key
    return analysis, contrast, outcome


def _together(leaving: Leaving, pools: tuple[tuple[str, ...], ...]) -> Leaving:
    """The same people, with the causes of each pool under one name."""
    names = {cause: called(pool) for pool in pools for cause in pool}
    moves: Counter[tuple[int, str]] = Counter()
    for move in leaving.moves:
        moves[move.day, names.get(move.cause, move.cause)] += move.count
    counted = tuple(sorted(Move(day, cause, count) for (day, cause), count in moves.items()))
    return replace(leaving, moves=counted, pools=pools)


def told(followed: Leaving, held: Leaving, day: int | None, policy: Policy) -> dict[str, tuple[int, bool]]:
    """What a held table says of each cause up to a day, and of those still at risk, and whether it is true.

    followed: the same arm as it is. Where people are rounded, true is what rounding gives.
    """
    full = _together(followed, held.pools)
    found = {}
    for cause in full.causes:
        shown, truly = held.gone(day, (cause,)), full.gone(day, (cause,))
        found[cause] = (shown, shown == truly or (shown > 0 and truly - shown < policy.rounding_base))
    still, truly = held.people - held.gone(day), followed.people - followed.gone(day)
    base = policy.coarser(followed.base)
    near = abs(still - truly) <= (0 if base == 1 else base)
    return {**found, STILL_AT_RISK: (still, near and all(true for _, true in found.values()))}


def leavings(life_table: pd.DataFrame) -> Mapping[tuple[str, ...], Leaving]:
    """The arms of life tables, private or held, by analysis, cohort, contrast, arm and outcome."""
    return {tuple(map(str, key)): _leaving(arm) for key, arm in life_table.groupby(ARM, sort=True)}


def _leaving(arm: pd.DataFrame) -> Leaving:
    cells = [Move(int(d), str(c), int(n)) for d, c, n in zip(arm["day"], arm["cause"], arm["count"], strict=True)]
    apart = sum(m.count for m in cells if m.cause == NOT_AT_RISK)
    moves = tuple(sorted(m for m in cells if m.count > 0 and m.cause not in (STILL_AT_RISK, NOT_AT_RISK)))
    return Leaving(sum(m.count for m in cells) - apart, moves, apart)


def _held(leaving: Leaving, policy: Policy, horizons: Sequence[int]) -> Leaving | None:
    """One arm as it may be seen, or None when it has too few people, at risk or not."""
    if policy.small(leaving.people) or policy.small(leaving.apart):
        return None
    people = policy.blurred(leaving.people, leaving.base)
    moves = sorted(
        m for c in leaving.causes for m in _moves(leaving, c, policy, horizons, _kept(leaving, c, policy, horizons))
    )
    taken_back = False
    while moves and not _enough_remain(leaving, people, moves, policy, taken_back):
        moves.pop()
        taken_back = True
    return Leaving(people, tuple(moves), pools=leaving.pools)


def _kept(leaving: Leaving, cause: str, policy: Policy, horizons: Sequence[int]) -> list[int]:
    """The most horizons of which each counts the minimum more than the one before, or as many; the first of equals."""
    best: list[list[int]] = []
    gone = [leaving.gone(day, (cause,)) for day in horizons]
    for at, count in enumerate(gone):
        before = [best[i] for i in range(at) if count == gone[i] or count - gone[i] >= policy.minimum_count]
        longest = max(before, key=len, default=[])
        # whoever is counted by the first horizon is counted from nothing
        best.append([*longest, at] if longest or count == 0 or count >= policy.minimum_count else [])
    return [horizons[i] for i in max(best, key=len, default=[])]


@dataclass
class _Batch:
    """People, the sum of their days, and the last day on which any of them left."""

    people: int = 0
    days: float = 0.0
    last: int = 0

    def join(self, people: int, days: float, last: int = 0) -> None:
        """Take people in."""
        self.people, self.days, self.last = self.people + people, self.days + days, max(self.last, last)

    def part(self, people: int) -> _Batch:
        """Take people out, each with the mean day of all."""
        days = self.days * people / self.people
        self.join(-people, -days)
        return _Batch(people, days, self.last)


def _moves(leaving: Leaving, cause: str, policy: Policy, horizons: Sequence[int], kept: Sequence[int]) -> list[Move]:
    """The moves of one cause: every batch on its mean day, after the last of the horizons before it was full.

    kept: horizons that close a batch.
    """
    own = [m for m in leaving.moves if m.cause == cause]
    moves: Counter[int] = Counter()
    waiting, start = _Batch(), -1
    for end in (*kept, None):
        stretch = [m for m in own if start < m.day and (end is None or m.day <= end)]
        for batch in _closed(stretch, waiting, policy, at_horizon=end is not None):
            passed = max((day for day in horizons if day < batch.last), default=-1)
            moves[max(round(batch.days / batch.people), passed + 1)] += batch.people
        start = start if end is None else end
    return [Move(day, cause, people) for day, people in moves.items()]


def _closed(moves: Sequence[Move], waiting: _Batch, policy: Policy, at_horizon: bool) -> list[_Batch]:
    """The batches closed within a stretch of days. At a horizon, who still waits joins the last of them."""
    closed: list[_Batch] = []
    for move in moves:
        waiting.join(move.count, float(move.count * move.day), move.day)
        full = policy.released_step(waiting.people)
        if full:
            closed.append(waiting.part(full))
    if at_horizon and closed and waiting.people:
        last = closed.pop()
        waiting.join(last.people, last.days, last.last)
        closed.append(waiting.part(policy.released_step(waiting.people)))
    return closed


def _enough_remain(leaving: Leaving, people: int, moves: Collection[Move], policy: Policy, taken_back: bool) -> bool:
    """No one remains at the end, or enough people do, and it cannot be told who among them waits.

    Of people who are rounded and yet all gone, the moves would give the number that rounding hides.
    Once a move of at least the minimum was taken back, one person more than the minimum would be that one
    waiting.
    """
    remaining = people - sum(m.count for m in moves)
    if policy.exact or (remaining == 0 and leaving.base == 1):
        return True
    waiting = {leaving.gone(None, (c,)) - sum(m.count for m in moves if m.cause == c) for c in leaving.causes}
    pinned = policy.rounding_base == 1 and waiting <= {0, policy.minimum_count - 1}
    return remaining >= policy.minimum_count + 2 * taken_back and not pinned
