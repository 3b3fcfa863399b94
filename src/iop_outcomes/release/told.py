"""Life tables as they are told: of each way of leaving the numbers that are shown, and nothing else.

In order: of each way the days are kept between which the number that is shown rises by nothing or by enough; between
them it is taken to rise evenly, so that curves are straight there; days are dropped on which too few are shown to be
there still, or to have left since the day before (`valid`). Crude estimates and curves are computed from the result,
which holds no number of the table as it is: two tables that are told alike give the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from iop_outcomes.release import pools
from iop_outcomes.release.days import AT_RISK, Cell, Told, choose, midpoint
from iop_outcomes.release.life_tables import Key, Leaving, Table
from iop_outcomes.release.policy import Policy
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK

# a number of people below this is none
NOBODY = 1e-9
# before anyone left
NO_ONE = Told(0, 0, 0)


@dataclass(frozen=True)
class Way:
    """What is told of one way of leaving. causes: that it holds. days: on which it is told, in order, from 0, before
    anyone left. told: the number gone by each.
    """

    name: str
    causes: frozenset[str]
    days: tuple[int, ...]
    told: tuple[Told, ...]

    def at(self, day: int) -> tuple[float, int, int]:
        """The number gone by a day, on a straight line between those that are told, and the range of the true one."""
        after = bisect_left(self.days, day)
        if self.days[after] == day:
            told = self.told[after]
            return float(told.number), told.low, told.high
        (first, second), (one, other) = self.days[after - 1 : after + 1], self.told[after - 1 : after + 1]
        part = (day - first) / (second - first)
        return one.number + part * (other.number - one.number), one.low, other.high


@dataclass(frozen=True)
class AsTold:
    """The life table of an arm as far as it is told.

    people: at risk. ways: of leaving, censoring among them. days: on which curves of all ways together have points, in
    order, from 0. exact: the table as it is, where everything may be shown.
    """

    people: Told
    ways: tuple[Way, ...] = ()
    days: tuple[int, ...] = (0,)
    exact: Leaving | None = None

    @property
    def last_day(self) -> int:
        """To which it is told."""
        return self.days[-1]

    def among(self, causes: Collection[str]) -> list[Way] | None:
        """The ways by which some causes are left, all but censoring without any; None where one of them is told with
        others only.
        """
        asked = set(causes)
        events = [way for way in self.ways if way.name != CENSORED]
        found = [way for way in events if way.causes <= asked] if asked else events
        mixed = any(way.causes & asked and not way.causes <= asked for way in events)
        return None if asked and mixed else found


@dataclass(frozen=True)
class LifeTables:
    """All life tables of a release, as they are and as they are told.

    tables: by arm. told: of each cell, None or nothing where it is withheld.
    """

    policy: Policy
    tables: Mapping[Key, Table]
    told: Mapping[Cell, Told | None]

    @cached_property
    def seen(self) -> dict[Key, AsTold]:
        """The tables as they are told, without those of too few people."""
        own = {table.key: as_told(table, self.told, self.policy) for table in self.tables.values()}
        found = {key: own[table.key] for key, table in self.tables.items()}
        return {key: seen for key, seen in found.items() if seen is not None}

    def only(self, keep: Callable[[Key], bool]) -> LifeTables:
        """Those of some arms."""
        return replace(self, tables={key: table for key, table in self.tables.items() if keep(key)})

    def still(self, key: Key, day: int) -> Told | None:
        """People of an arm who are still there at the end of a day: on day 0, before anyone left, and at horizons."""
        table = self.tables[key]
        if self.policy.exact:
            number = table.number(day, STILL_AT_RISK) if day else table.leaving.people
            return Told(number, number, number)
        return self.told.get(Cell(table.key, day, STILL_AT_RISK if day else AT_RISK))


def as_told(table: Table, told: Mapping[Cell, Told | None], policy: Policy) -> AsTold | None:
    """The table as far as it is told; None where the people at risk are not.

    told: of each cell, None or nothing where it is withheld.
    """
    people = told.get(Cell(table.key, 0, AT_RISK))
    if people is None or people.count is None:
        return None
    if policy.exact:
        return AsTold(people, days=(0, _followed(table)), exact=table.leaving)
    shown = {name: _shown(table, name, told, policy) for name, _ in table.ways}
    there = {day: told.get(Cell(table.key, day, STILL_AT_RISK)) for day in _days(table, STILL_AT_RISK)}
    empty = min((day for day, cell in there.items() if cell is not None and cell.high == 0), default=None)
    chosen = choose(people.number, shown, table.horizons, empty, policy)
    ways = [
        Way(name, _causes(table, levels), (0, *chosen[name]), (NO_ONE, *chosen[name].values()))
        for name, levels in table.ways
        if chosen
    ]
    return valid(people, ways, policy)


def _followed(table: Table) -> int:
    """The last day that is asked about, or that on which the last person left or was censored before."""
    last = max((0, *table.horizons))
    return last if table.leaving.gone(last) < table.leaving.people else min(last, table.leaving.last_day)


def _days(table: Table, name: str) -> list[int]:
    """On which a way, or who is still there, may be told."""
    return sorted({*table.horizons, *table.days.get(name, ())} - {0})


def _shown(table: Table, name: str, told: Mapping[Cell, Told | None], policy: Policy) -> dict[int, Told]:
    """What is told of a way, by day."""
    found = {day: cell for day in _days(table, name) if (cell := told.get(Cell(table.key, day, name))) is not None}
    return {
        day: cell if cell.count is None else replace(cell, count=midpoint(cell.count, policy))
        for day, cell in found.items()
    }


def _causes(table: Table, levels: tuple[str, ...]) -> frozenset[str]:
    """The causes of some levels."""
    return frozenset(c for level in levels for c in pools.parts(level, table.leaving.pools))


def valid(people: Told, ways: Sequence[Way], policy: Policy) -> AsTold:
    """The ways on days on which those still there are none or enough, as are those who leave between two of them. Days
    on which those censored alone are told are no points of a curve. A day that is too near is taken from the ways that
    rise least after it, and only then from the one that rises most, which without it would seem to rise before.
    """
    own = list(ways)
    while True:
        end = min((way.days[-1] for way in own), default=0)
        events = [way for way in own if way.name != CENSORED]
        days = sorted({0, *(d for way in events for d in way.days if d <= end)})
        wrong = _wrong(people, own, days, policy)
        if wrong is None:
            return AsTold(people, tuple(own), tuple(sorted({0, *(d for way in own for d in way.days if d <= end)})))
        spared = _steepest(events, wrong, days)
        own = [way if way.name in (CENSORED, spared) else _without(way, wrong) for way in own]


def _steepest(ways: Sequence[Way], day: int, days: Sequence[int]) -> str | None:
    """Of several ways that are told on a day, the one that rises most until the next; None where one only is."""
    following = next((d for d in days if d > day), None)
    told = [way for way in ways if day in way.days]
    if following is None or len(told) < 2:
        return None
    return max(told, key=lambda way: (way.at(following)[0] - way.at(day)[0], way.name)).name


def _wrong(people: Told, ways: Sequence[Way], days: Sequence[int], policy: Policy) -> int | None:
    """The first day on which too few are still there, or too few have left since the day before; of the last the
    day before.
    """
    least, left = policy.minimum_count - NOBODY, 0.0
    for before, day in pairwise(days):
        gone = {way.name: way.at(day)[0] for way in ways}
        still = people.number - sum(gone.values())
        step = sum(n for name, n in gone.items() if name != CENSORED) - left
        if not (abs(still) < NOBODY or still >= least):
            return day
        if NOBODY < step < least:
            return before if before and day == days[-1] else day
        left += step
    return None


def _without(way: Way, day: int) -> Way:
    pairs = [(d, t) for d, t in zip(way.days, way.told, strict=True) if d != day]
    return replace(way, days=tuple(d for d, _ in pairs), told=tuple(t for _, t in pairs))
