"""Life tables as they are, and which of their numbers may be told.

In order: the arms of life tables become tables of who leaves on which day by which cause; arms of questions on the same
people share one; causes that no question tells apart are counted together, and for drawing further ones by which too
few leave (`iop_outcomes.release.pools`); days are chosen on which cumulative numbers are told
(`iop_outcomes.release.days`); what is told of these is `iop_outcomes.release.told`. Nobody is counted as gone on a day
by which they are still there, and no one as still there who has left: a number that may not be shown is not told.

Who is not at risk (the cause NOT_AT_RISK, of a return to care or a first overdose) is in none of this: the people of
such an arm are those at risk, who with the arm's size give the others. The people at risk are rounded to the nearest
five then, under any policy that withholds anything: they are as many as have left care alive, and beside the life table
of leaving care would tell how many are still there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.release import pools
from iop_outcomes.release.days import AT_RISK, Told, candidates, choose, midpoint, own_base
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.tables.results import TOGETHER
from iop_outcomes.vocabulary.causes import CENSORED, NOT_AT_RISK, STILL_AT_RISK

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, ...]  # analysis, cohort, contrast, arm, outcome
Question = tuple[str, str, str]  # analysis, contrast, outcome
ARM = ["analysis", "cohort", "contrast", "arm", "outcome"]


@dataclass(frozen=True, order=True)
class Move:
    """People who leave on a day by a cause."""

    day: int
    cause: str
    count: int


@dataclass(frozen=True)
class Leaving:
    """The people of one arm and how they leave the risk set, in the order of days. Whoever does not leave stays. apart:
    people of the arm who are not at risk, and not among `people`. pools: causes that are counted together, under the
    name that `pools.called` gives them. open: days by which it is not known who has left, from the first of each span
    up to the day before the last.
    """

    people: int
    moves: tuple[Move, ...]
    apart: int = 0
    pools: tuple[tuple[str, ...], ...] = ()
    open: tuple[tuple[int, int], ...] = ()

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
        """Causes by which anyone leaves, sorted; censoring among them."""
        return tuple(sorted({m.cause for m in self.moves}))

    def gone(self, day: int | None, causes: Collection[str] | None = None) -> int:
        """People gone up to and including a day (None: ever) by some causes (None: by any, censoring
        included). A pool is among the causes if all that it holds are.
        """
        among = None if causes is None else self.named(causes)
        return sum(m.count for m in self.moves if (day is None or m.day <= day) and (among is None or m.cause in among))

    def named(self, causes: Collection[str]) -> set[str]:
        """The causes, and the names of the pools that hold no others."""
        return {*causes, *(pools.called(pool) for pool in self.pools if set(pool) <= set(causes))}

    def open_on(self, day: int) -> bool:
        """It is not known of everyone whether they had left by a day."""
        return any(first <= day < last for first, last in self.open)

    def at_risk(self, day: int) -> int:
        """People at risk just before a day."""
        return self.people - self.gone(day - 1)


@dataclass(frozen=True)
class Table:
    """The people of one arm, or of arms of several questions who leave alike, and what of them is told.

    key: of the first of these arms; cells are named by it. leaving: with pooled causes. horizons: days that estimates
    ask for, in order, by which it is known who has left. ways: names of what is drawn, with the levels that it holds;
    every cause by which anyone of the questions leaves is in one of them. days: on which a way is told on curves, and
    from which on no one is still there. alone: no other table counts the people.
    """

    key: Key
    leaving: Leaving
    horizons: tuple[int, ...]
    ways: pools.Ways
    days: Mapping[str, tuple[int, ...]]
    alone: bool = False

    def number(self, day: int, level: str) -> int:
        """The true number of a cell."""
        if level == AT_RISK:
            return self.leaving.people
        if level == STILL_AT_RISK:
            return self.leaving.people - self._gone(tuple(self._by_cause), day)
        return self._gone(dict(self.ways).get(level, (level,)), day)

    def _gone(self, levels: Collection[str], day: int) -> int:
        found = 0
        for level in levels:
            days, running = self._by_cause.get(level, ([], [0]))
            found += running[bisect_right(days, day)]
        return found

    @cached_property
    def _by_cause(self) -> dict[str, tuple[list[int], list[int]]]:
        """By cause the days of leaving, and the numbers gone before the first and by each of them."""
        found: dict[str, tuple[list[int], list[int]]] = {}
        for move in self.leaving.moves:
            days, running = found.setdefault(move.cause, ([], [0]))
            days.append(move.day)
            running.append(running[-1] + move.count)
        return found


def leavings(life_table: pd.DataFrame) -> Mapping[Key, Leaving]:
    """The arms of life tables by analysis, cohort, contrast, arm and outcome."""
    return {tuple(map(str, key)): _leaving(arm) for key, arm in life_table.groupby(ARM, sort=True)}


def _leaving(arm: pd.DataFrame) -> Leaving:
    cells = [Move(int(d), str(c), int(n)) for d, c, n in zip(arm["day"], arm["cause"], arm["count"], strict=True)]
    apart = sum(m.count for m in cells if m.cause == NOT_AT_RISK)
    moves = tuple(sorted(m for m in cells if m.count > 0 and m.cause not in (STILL_AT_RISK, NOT_AT_RISK)))
    earliest = arm["earliest"].fillna(arm["day"]).astype("int64")
    spans = {(int(first), int(last)) for first, last in zip(earliest, arm["day"], strict=True) if first < last}
    return Leaving(sum(m.count for m in cells) - apart, moves, apart, open=tuple(sorted(spans)))


def tables(
    arms: Mapping[Key, Leaving],
    policy: Policy,
    horizons: Mapping[Question, Collection[int]],
    apart: Mapping[Question, Collection[Collection[str]]],
    alone: bool = False,
) -> dict[Key, Table]:
    """The table of each arm; arms that leave alike share one.

    policy: with the base of the release. horizons: days that estimates ask for. apart: sets of causes that a question
    tells from all others; a question without one tells all apart. alone: no other table counts people of these.
    """
    asked: dict[Leaving, set[int]] = {}
    for key, leaving in arms.items():
        asked.setdefault(leaving, set()).update(horizons.get(question(key), ()))
    of_arms = {key: (question(key), leaving) for key, leaving in arms.items()}
    together = {} if policy.exact else pools.pooled(of_arms, apart)
    counted = {key: _together(leaving, together.get(key, ())) for key, leaving in arms.items()}
    last = {key: max(asked[leaving], default=leaving.last_day) for key, leaving in arms.items()}
    ways = pools.ways(of_arms, counted, last, policy)
    made: dict[Leaving, Table] = {}
    for key in sorted(arms):
        if arms[key] not in made:
            made[arms[key]] = _table(key, counted[key], sorted(asked[arms[key]]), ways[key], policy, alone)
    return {key: made[arms[key]] for key in arms}


def question(key: Key) -> Question:
    """The question of an arm."""
    analysis, _, contrast, _, outcome = key
    return analysis, contrast, outcome


def _together(leaving: Leaving, pooled: tuple[tuple[str, ...], ...]) -> Leaving:
    """The same people, with the causes of each pool under one name."""
    names = {cause: pools.called(pool) for pool in pooled for cause in pool}
    moves: Counter[tuple[int, str]] = Counter()
    for move in leaving.moves:
        moves[move.day, names.get(move.cause, move.cause)] += move.count
    counted = tuple(sorted(Move(day, cause, count) for (day, cause), count in moves.items()))
    return replace(leaving, moves=counted, pools=pooled)


def _table(key: Key, leaving: Leaving, horizons: Sequence[int], ways: pools.Ways, policy: Policy, alone: bool) -> Table:
    """The table with the days of its curves, chosen by what rounding alone would show."""
    known = tuple(day for day in horizons if not leaving.open_on(day))
    plain = Table(key, leaving, known, ways, {}, alone)
    if policy.exact:
        return plain
    step = 1 if alone else policy.curve_step_days
    every = candidates(horizons, step, leaving.last_day, _left_at_once(leaving, policy))
    days = [day for day in every if not leaving.open_on(day)]
    shown = {name: _shown(plain, name, days, policy) for name, _ in ways}
    there = {day: plain.number(day, STILL_AT_RISK) for day in days}
    empty = min((day for day, n in there.items() if n == 0 and policy.zeros_allowed), default=None)
    chosen = choose(policy.blurred(leaving.people, leaving.base), shown, horizons, empty, policy)
    # the last day before anyone left, where a later day of a few may turn out not to be told
    none = {name: [max(d for d, t in shown[name].items() if t.count == 0)] for name in chosen if _any(shown[name])}
    own = {name: tuple(sorted({*told, *none.get(name, ())})) for name, told in chosen.items()}
    return replace(plain, days={**own, STILL_AT_RISK: () if empty is None else (empty,)})


def _any(shown: Mapping[int, Told]) -> bool:
    """On some day it is shown that no one has left yet."""
    return any(told.count == 0 for told in shown.values())


def _left_at_once(leaving: Leaving, policy: Policy) -> set[int]:
    """Days on which so many leave by one cause that a step shows them, and the days before."""
    many = max(TOGETHER, 2 * policy.minimum_count)
    days = {move.day for move in leaving.moves if move.count >= many and move.cause != CENSORED}
    return days | {day - 1 for day in days}


def _shown(table: Table, name: str, days: Sequence[int], policy: Policy) -> dict[int, Told]:
    """What rounding alone would show of a way, by day: of a few people a range, where a zero may be shown."""
    single = len(dict(table.ways)[name]) == 1
    found = {}
    for day in days:
        number, base = table.number(day, name), 1 if single and day in table.horizons else own_base(policy, table.alone)
        if not policy.small(number):
            found[day] = Told(midpoint(policy.blurred(number, base), policy), *policy.alike(number, base))
        elif policy.zeros_allowed:
            found[day] = Told(None, 1, policy.minimum_count - 1)
    return found
