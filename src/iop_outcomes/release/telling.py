"""What is told of everything that is counted, with one base.

In order: the days of curves are chosen, and what life tables say on them joins the ground; all cells and lines make
one system, which is held against earlier releases (`ledger`) and protected as a whole; blocks of cells that hold a row
named as coarse are rounded to the base. The number of everyone in an arm of whom all are at risk is its size, which a
reader may know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from iop_outcomes.release import counts as tables
from iop_outcomes.release import days, ledger, life_tables, windows
from iop_outcomes.release.ground import Ground, OfGroup, first_rows, stacked
from iop_outcomes.release.life_tables import Question
from iop_outcomes.release.lines import Line, connected
from iop_outcomes.release.numbers import NOTHING, Number
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.support import Cells, Evidence, size
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Shown, System
from iop_outcomes.release.told import LifeTables
from iop_outcomes.vocabulary.causes import STILL_AT_RISK

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True)
class Telling:
    """What is told with a base, and the rows that stand in a block of cells of which some are withheld for another's
    sake.
    """

    evidence: Evidence
    in_need: frozenset[int]


def tell(
    ground: Ground, policy: Policy, base: int, coarse: Collection[int] = (), done: dict[System, Shown] | None = None
) -> Telling:
    """What is told of everything. base: of the blocks of cells that hold one of the rows `coarse`.

    done: parts that were protected with another base, to which this call adds its own.
    """
    rules = replace(policy, rounding_base=base) if coarse else policy
    made = life_tables.tables(ground.told, rules, ground.asked, ground.told_apart)
    frame = stacked(ground.kept, ground.horizons)
    same = first_rows(ground.cells, len(ground.kept))
    rows = {cell: same[position] for position, cell in enumerate(ground.cells, start=len(ground.kept))}
    once = {table.key: table for table in made.values()}
    further = days.cells(once.values(), {cell: (i,) for cell, i in rows.items()}, len(frame), policy)
    at = {**rows, **{cell: len(frame) + i for i, cell in enumerate(further.cells)}}
    numbers = dict(enumerate((*tables.people_in(frame), *further.people)))
    tied = windows.lines(ground.windows, made, ground.of_care, at, numbers, policy.minimum_count)
    further = replace(further, lines=(*further.lines, *tied))
    sizes = {days.Cell(key, 0, days.AT_RISK) for key, table in once.items() if not table.leaving.apart}
    # what estimates are read from, and on a last horizon what ends a curve if it is not told
    dear = ground.dear | {i for cell, i in at.items() if cell.day in once[cell.table].horizons}
    system = _system(ground, frame, further, at, {at[cell] for cell in sizes}, dear, policy)
    coarser = {at[cell]: once[cell.table].leaving.base for cell in rows if cell.level == STILL_AT_RISK}
    block = blocks(system)
    coarsened = {block[i] for i in coarse}
    least = [1 if policy.exact else max(b, coarser.get(i, 1)) for i, b in enumerate(system.bases)]
    own = tuple(max(b, base) if block[i] in coarsened else b for i, b in enumerate(least))
    system = replace(system, bases=own)
    whole = replace(_system(ground, frame, further, at, (), dear, policy), bases=own)
    held = ledger.held(frame, further.cells, whole, ground.before, policy)
    if held.moved:  # the number of everyone is told as other numbers are
        policy, sizes, system = replace(policy, held=True), set(), whole
        shown = ledger.shown(frame, further.cells, system, held, ground.before, policy)
    else:
        # tables that overlap are rounded whatever the base, and mostly done already
        alike = {block[i] for i in tables.overlapping(frame, ground.modifiers)}
        apart = [[i for i, b in enumerate(block) if (b in alike) is overlaps] for overlaps in (True, False)]
        shown = _protected(held.over(system), apart, policy, {} if done is None else done)
    told = {cell: _number(shown, i) for cell, i in at.items()}
    told |= {cell: size(system.people[at[cell]], policy) for cell in sizes}
    lost = {block[i] for i, b in enumerate(shown.base) if b == 0 and not policy.small(system.people[i])}
    first = [same.get(i, i) for i in range(len(frame))]
    evidence = _evidence(ground, policy, frame, _of_rows(shown, first), made, told)
    return Telling(evidence, frozenset(i for i in first if block[i] in lost))


def _protected(system: System, apart: Sequence[Sequence[int]], policy: Policy, done: dict[System, Shown]) -> Shown:
    """What is told of each cell. apart: cells that no line connects. Parts that were protected before are not again."""
    cells: dict[int, tuple[int | None, int, int | None, int | None]] = {}
    for positions in apart:
        part = _part(system, positions)
        if part not in done:
            done[part] = protect(part, policy, policy.rounding_base)
        found = done[part]
        told = zip(found.count, found.base, found.low, found.high, strict=True)
        cells |= dict(zip(positions, told, strict=True))
    own = [cells[i] for i in range(len(system.people))]
    return Shown(*(tuple(row[k] for row in own) for k in range(4)))  # type: ignore[arg-type]


def _part(system: System, positions: Sequence[int]) -> System:
    """The cells at some positions, with the lines between them."""
    place = {position: i for i, position in enumerate(positions)}
    lines = [line.at(place) for line in system.lines if line.parts[0] in place]
    return System(
        people=tuple(system.people[i] for i in positions),
        lines=tuple(lines),
        bases=tuple(system.bases[i] for i in positions),
        withheld=frozenset(place[i] for i in system.withheld if i in place),
        dear=frozenset(place[i] for i in system.dear if i in place),
        gates=tuple(tuple(place[i] for i in cells) for cells in system.gates if cells[0] in place),
    )


def _of_rows(shown: Shown, first: Sequence[int]) -> Shown:
    count, low, high = (tuple(part[i] for i in first) for part in (shown.count, shown.low, shown.high))
    return Shown(count, tuple(shown.base[i] for i in first), low, high)


def _system(
    ground: Ground,
    frame: pd.DataFrame,
    further: days.DayCells,
    at: Mapping[days.Cell, int],
    sizes: Collection[int],
    dear: Collection[int],
    policy: Policy,
) -> System:
    """All cells and lines. sizes: positions of the number of everyone in an arm, which a reader may know. dear: from
    which estimates are read, and on which curves end.
    """
    people = (*tables.people_in(frame), *further.people)
    of_life = [replace(line, total=None) if line.total in sizes else line for line in further.lines]
    return System(
        people=people,
        lines=(*ground.lines, *of_life, *_between_days(at, people, policy)),
        bases=(*tables.bases(frame, policy, ground.modifiers), *further.bases),
        withheld=ground.withheld,
        dear=frozenset(dear),
        gates=ground.gates,
    )


def _evidence(
    ground: Ground,
    policy: Policy,
    rows: pd.DataFrame,
    shown: Shown,
    made: Mapping[life_tables.Key, life_tables.Table],
    told: Mapping[days.Cell, Number],
) -> Evidence:
    first, frame = len(ground.kept), tables.told(rows, shown)
    at = frame.iloc[first:].reset_index(drop=True)
    numbers = [_number(shown, i) for i in range(len(rows))]
    counts = stacked(ground.kept, ground.apart)
    released = stacked(frame.iloc[:first], tables.withheld(ground.apart))
    return Evidence(
        policy=policy,
        levels=ground.levels,
        modifiers=ground.modifiers,
        counts=counts,
        released=released,
        groups=_groups(ground.keys.groups, numbers),
        followed=_by_question(ground.arms),
        life=LifeTables(policy, made, {cell: _told(found) for cell, found in told.items()}),
        keys=_by_question({key: key for key in ground.arms}),
        at_risk={key: told[days.Cell(table.key, 0, days.AT_RISK)] for key, table in made.items()},
        at_horizons=at,
        shown=_by_arm(ground.keys.horizons, numbers[first:]),
    )


def blocks(system: System) -> list[int]:
    """The block of each cell: cells that lines and gates connect, directly or through others, are in one."""
    return connected(system.lines, len(system.people), system.gates)


def _between_days(at: Mapping[days.Cell, int], people: Sequence[int], policy: Policy) -> list[Line]:
    """Lines from a number gone by one day to that by a later one, not the next, where few have left between."""
    by_day: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for cell, position in sorted(at.items()):
        if cell.level != days.AT_RISK:
            by_day.setdefault((cell.table, cell.level), []).append(position)
    found = []
    for (_, level), positions in by_day.items():
        rising = positions[::-1] if level == STILL_AT_RISK else positions
        for i, less in enumerate(rising):
            for more in rising[i + 2 :]:
                gap = people[more] - people[less]
                if gap >= policy.minimum_count:
                    break
                found.append(Line((less,), more, gap))
    return found


def _told(number: Number) -> days.Told | None:
    return None if number.range is None else days.Told(number.count, *number.range)


def _number(shown: Shown, i: int) -> Number:
    return Number(shown.count[i], shown.low[i], shown.high[i], shown.base[i])


def _by_question(arms: Mapping[life_tables.Key, T]) -> dict[Question, dict[str, T]]:
    found: dict[Question, dict[str, T]] = {}
    for key, one in arms.items():
        found.setdefault(life_tables.question(key), {})[key[3]] = one
    return found


def _groups(rows: Iterable[OfGroup], numbers: Sequence[Number]) -> dict[tuple[str, ...], dict[str, Cells]]:
    found: dict[tuple[str, ...], dict[str, dict[str, tuple[int, Number]]]] = {}
    for row in rows:
        told = NOTHING if row.place is None else numbers[row.place]
        found.setdefault(row.group, {}).setdefault(row.arm, {})[row.level] = (row.people, told)
    return {key: dict(arms) for key, arms in found.items()}


def _by_arm(
    rows: Iterable[tuple[life_tables.Key, int, str]], numbers: Sequence[Number]
) -> dict[tuple[life_tables.Key, int], dict[str, Number]]:
    """What life tables tell at horizons by arm and day: by level."""
    found: dict[tuple[life_tables.Key, int], dict[str, Number]] = {}
    for (key, day, level), told in zip(rows, numbers, strict=True):
        found.setdefault((key, day), {})[level] = told
    return found
