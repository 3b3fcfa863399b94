"""Days on which curves are told: which of those that could be are kept, and the cells that stand on them.

In order: candidate days are the horizons that estimates ask for, the multiples of the policy's step up to the last of
them, and days on which many leave at once, with the days before; of days by which it is not known who has left none is.
Curves end on the last on which all is shown (`end`); of each way of leaving those are kept between which the number
that is shown rises by nothing or by enough (`kept`: the horizons first, as many as go together with the last day, then
from the left what lies between); the cumulative numbers on these days are cells of the release like all others, and
lines say how they add up: over the causes on a day, and from each day to the next (`cells`). Between them a curve is
drawn straight.

Nobody is counted on another day than the true one: a number is as it is, rounded, or not told. Numbers beside the
horizons are rounded to the nearest five at least, so that a step between two of them never is a number of people; but
where no other table counts the same people, they are told as they are, and any day is a candidate.
Under a policy with midpoints the rounded number is told as the middle of its class. The classes are of the rounded and
not of the true number: of two roundings of one number, to the nearest five and in sixes, the ranges may share a single
one (18 to 22 and 13 to 18).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.vocabulary.causes import CENSORED, STILL_AT_RISK

if TYPE_CHECKING:
    from iop_outcomes.release.life_tables import Table

# a share of people that is drawn as none, where no number but a range is told
FEW = 0.02
# the level of the cell of all people at risk
AT_RISK = "at_risk"


class Cell(NamedTuple):
    """A cumulative number of a life table. table: key of the first arm that has the table. level: a cause, a pool, who
    is still there, or AT_RISK: everyone, on day 0.
    """

    table: tuple[str, ...]
    day: int
    level: str


@dataclass(frozen=True)
class Told:
    """What is told of a cell: its number, missing where the range is all, and the range that holds the true one."""

    count: int | None
    low: int
    high: int

    @property
    def number(self) -> int:
        """The number, or the middle of the range where there is none."""
        return (self.low + self.high) // 2 if self.count is None else self.count


# of each way of leaving, what is told by day
Ways = Mapping[str, Mapping[int, Told]]


@dataclass(frozen=True)
class DayCells:
    """The cells of life tables that stand in no row of counts. cells: in order, beginning at the position `start`.

    people: true number of each. bases: to which each is rounded at least. lines: over these positions and over those of
    the rows of counts.
    """

    start: int
    cells: tuple[Cell, ...]
    people: tuple[int, ...]
    bases: tuple[int, ...]
    lines: tuple[Line, ...]


def candidates(horizons: Collection[int], step: int, last: int, more: Collection[int] = ()) -> tuple[int, ...]:
    """The horizons, the multiples of the step and further days, from day 1 up to the last horizon, without one to
    `last`.
    """
    stop = max(horizons, default=last)
    return tuple(sorted({*range(step, stop + 1, step), *horizons, *(d for d in more if d <= stop)} - {0}))


def choose(
    people: int, shown: Ways, horizons: Collection[int], empty: int | None, policy: Policy
) -> dict[str, dict[int, Told]]:
    """Of each way of leaving the days that curves are told on, with its numbers; nothing where there is no curve.

    people: at risk, as shown. shown: of each way what is shown, by day. empty: the day from which on it is shown that
    no one is there any more, or None.
    """
    last = end(people, shown, empty, policy)
    if not last:
        return {}
    full = shown if empty is None or last < empty else emptied(people, shown, empty, last)
    found = {}
    for name, own in full.items():
        near = _few_as_none(snapped(own, horizons), last, people)
        numbers = {day: told.count or 0 for day, told in near.items()}
        found[name] = {day: near[day] for day in kept(numbers, horizons, last, policy.minimum_count)}
    return found


def _few_as_none(own: Mapping[int, Told], last: int, people: int) -> dict[int, Told]:
    """Before the last day, a number of which only a range is told is drawn as no one where it is of few people."""
    found = {}
    for day, told in own.items():
        if told.count is not None or day == last:
            found[day] = told
        elif told.high <= FEW * people:
            found[day] = replace(told, count=0)
    return found


def snapped(own: Mapping[int, Told], horizons: Collection[int]) -> dict[int, Told]:
    """The numbers of a way, of which one that may be that of a horizon is: the nearest to what is told that lies in its
    range. Else a number that is rounded up would be above that of a later horizon, which is not.
    """
    fixed = sorted({own[day].number for day in horizons if day in own})
    found = dict(own)
    for day, told in own.items():
        near = [n for n in fixed if told.low <= n <= told.high]
        if told.count is not None and near:
            found[day] = replace(told, count=min(near, key=lambda n: abs(n - told.number)))
    return found


def end(people: int, shown: Ways, empty: int | None, policy: Policy) -> int:
    """The last day on which the number of every way is shown, and those still there are none or enough; else day 0. Of
    those censored a range is enough.
    """
    known = [
        {d for d, told in own.items() if told.count is not None or name == CENSORED} for name, own in shown.items()
    ]
    shared = set.intersection(*known) if known else set()
    still = {day: people - sum(own[day].number for own in shown.values()) for day in shared}
    gone = {day for day in shared if empty is not None and day >= empty}
    return max((day for day, n in still.items() if day in gone or n == 0 or n >= policy.minimum_count), default=0)


def emptied(people: int, shown: Ways, empty: int, last: int) -> dict[str, dict[int, Told]]:
    """The ways, which from the day on which no one is there any more add up to everyone: what rounding lacks or has too
    much is given to those of the widest ranges, the largest first.
    """
    final = {name: own[last] for name, own in shown.items()}
    lacking = people - sum(told.number for told in final.values())
    for name in sorted(final, key=lambda name: (final[name].low - final[name].high, -final[name].number, name)):
        told = final[name]
        change = max(told.low - told.number, min(told.high - told.number, lacking))
        final[name], lacking = replace(told, count=told.number + change), lacking - change
    largest = max(final, key=lambda name: (final[name].number, name))
    final[largest] = replace(final[largest], count=final[largest].number + lacking)
    return {name: {d: final[name] if d >= empty else t for d, t in own.items()} for name, own in shown.items()}


def kept(numbers: Mapping[int, int], horizons: Collection[int], last: int, least: int) -> tuple[int, ...]:
    """The days of one way of leaving on which its number is told on curves, up to the last day, which is among them.

    numbers: what is shown by day, where it is; it only rises. least: the fewest people that a step may show.
    """
    days = sorted(day for day in numbers if day <= last)

    def apart(first: int, second: int) -> bool:
        return numbers[second] == numbers[first] or numbers[second] - numbers[first] >= least

    chain = _longest([d for d in days if d in {*horizons, last}], apart)
    shown, found = {0: 0, **numbers}, [0]
    for start, stop in zip((0, *chain), (*chain, None), strict=True):
        for day in days:
            between = day > start and (stop is None or day < stop)
            if between and (stop is None or apart(day, stop)) and _far(shown, found[-1], day, stop, least):
                found.append(day)
        found += [] if stop is None else [stop]
    inner = [d for a, d, b in zip(found, found[1:], found[2:], strict=False) if shown[a] == shown[b]]
    return tuple(d for d in found[1:] if d not in set(inner))


def _far(numbers: Mapping[int, int], before: int, day: int, stop: int | None, least: int) -> bool:
    """A day is as far from the one before as equal steps to the next fixed day would be, or no one left since."""
    step, left = numbers[day] - numbers[before], numbers[max(numbers) if stop is None else stop] - numbers[before]
    return step == 0 or step >= max(least, left / max(left // least, 1))


def _longest(days: Sequence[int], apart: Callable[[int, int], bool]) -> list[int]:
    """The most days of which each is apart from the one before, the last of all among them; of equals the first."""
    best: list[list[int]] = []
    for at, day in enumerate(days):
        before = [best[i] for i in range(at) if apart(days[i], day)]
        best.append([*max(before, key=len, default=[]), day])
    return best[-1] if best else []


def own_base(policy: Policy, alone: bool) -> int:
    """To which numbers of curves beside the horizons are rounded at least. alone: no other table counts the people."""
    return 1 if policy.exact or alone else OVERLAP_BASE


def midpoint(count: int, policy: Policy) -> int:
    """The middle of the class of a count, under a policy that tells curves in such."""
    width = policy.midpoint
    return count if not width or not count else -(-count // width) * width - width // 2


def cells(tables: Iterable[Table], rows: Mapping[Cell, Sequence[int]], start: int, policy: Policy) -> DayCells:
    """The cells of curves, and the lines of all cells of life tables.

    tables: each once. rows: positions of the rows of counts that tell a cell; several tell one where questions share
    people. start: position of the first further cell.
    """
    made = _Cells({cell: at[0] for cell, at in rows.items()}, start, policy)
    for at in rows.values():
        made.lines += [Line((other,), at[0]) for other in at[1:]]
    for table in tables:
        made.add(table)
    return DayCells(start, tuple(made.cells), tuple(made.people), tuple(made.bases), tuple(made.lines))


class _Cells:
    """Cells, and the lines between them, as they are gathered table by table."""

    def __init__(self, at: dict[Cell, int], start: int, policy: Policy) -> None:
        self.at, self.start, self.policy = at, start, policy
        self.cells: list[Cell] = []
        self.people: list[int] = []
        self.bases: list[int] = []
        self.lines: list[Line] = []

    def position(self, table: Table, day: int, level: str, base: int) -> int:
        """Of a cell, which is made where there is none."""
        cell = Cell(table.key, day, level)
        if cell not in self.at:
            self.at[cell] = self.start + len(self.cells)
            self.cells.append(cell)
            self.people.append(table.number(day, level))
            self.bases.append(base)
        return self.at[cell]

    def add(self, table: Table) -> None:
        """The cells and lines of one table."""
        base = own_base(self.policy, table.alone)
        whole = self.position(table, 0, AT_RISK, table.leaving.base)
        if table.leaving.apart:  # with the arm's size, which a reader may know
            self.lines.append(Line((whole,), None, table.leaving.apart))
        for name, levels in table.ways:
            days = sorted({*table.days.get(name, ()), *(() if len(levels) > 1 else table.horizons)})
            self._along(table, name, [(day, self.position(table, day, name, base)) for day in days])
        for day in table.days.get(STILL_AT_RISK, ()):
            self.position(table, day, STILL_AT_RISK, base)
        every = sorted({*table.horizons, *(d for days in table.days.values() for d in days)})
        told = {level for _, levels in table.ways if len(levels) > 1 for level in levels} | {STILL_AT_RISK}
        for level in sorted(told):
            at = [(day, self.at[cell]) for day in every if (cell := Cell(table.key, day, level)) in self.at]
            self._along(table, level, at[::-1] if level == STILL_AT_RISK else at)
        for day in every:
            self._on(table, day, whole)
        for name, levels in table.ways:
            for day in table.horizons if len(levels) > 1 else ():
                self._beside(table, name, levels, day)

    def _along(self, table: Table, level: str, at: Sequence[tuple[int, int]]) -> None:
        """From each number of a level to the next greater one."""
        for (one, part), (other, total) in pairwise(at):
            self.lines.append(Line((part,), total, table.number(other, level) - table.number(one, level)))

    def _beside(self, table: Table, name: str, levels: Sequence[str], day: int) -> None:
        """Between a way of several levels and all of these together, on a day on which the way is not told: of the days
        before and after it the nearest, and those until which few left.
        """
        own = tuple(i for level in levels if (i := self._at(table, day, level)) is not None)
        if len(own) < len(levels) or self._at(table, day, name) is not None:
            return
        days, number = table.days.get(name, ()), table.number(day, name)
        for side in ([d for d in days if d < day][::-1], [d for d in days if d > day]):
            for nth, other in enumerate(side):
                gap, at = abs(table.number(other, name) - number), self.at[Cell(table.key, other, name)]
                if nth and gap >= self.policy.minimum_count:
                    break
                self.lines.append(Line((at,), own[0], gap, own[1:]) if other < day else Line(own, at, gap))

    def _on(self, table: Table, day: int, whole: int) -> None:
        """Over the ways of leaving on a day, and over what a way of several levels holds."""
        parts = [STILL_AT_RISK]
        for name, levels in table.ways:
            own = [level for level in levels if self._at(table, day, level) is not None]
            parts += levels if own else [name]
            if len(levels) > 1 and own:
                self._sum(table, day, levels, self._at(table, day, name), table.number(day, name))
        self._sum(table, day, parts, whole, table.leaving.people)

    def _sum(self, table: Table, day: int, levels: Sequence[str], total: int | None, people: int) -> None:
        """A line of those of some levels on a day that are told; all others are its rest."""
        at = {level: i for level in levels if (i := self._at(table, day, level)) is not None}
        if at and total is not None:
            others = people - sum(table.number(day, x) for x in at)
            self.lines.append(Line(tuple(at.values()), total, None if len(at) == len(levels) else others))

    def _at(self, table: Table, day: int, level: str) -> int | None:
        return self.at.get(Cell(table.key, day, level))
