"""Everything that a release counts, as it is: one system of cells and lines, and what is told of it.

In order: rows of counts, without those of outcomes that have a life table; what life tables say at the horizons that
estimates ask for, in the columns of counts; what they say on the days of curves. All lines of all of them (`counts`,
`nesting`, `days`) make one system, which is protected as a whole, once for each base that is tried. Counts of
companions stand beside it: nothing of them is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from iop_outcomes.protocol import InCare
from iop_outcomes.release import at_horizons, days, life_tables, nesting
from iop_outcomes.release import counts as tables
from iop_outcomes.release.levels import reading
from iop_outcomes.release.life_tables import Leaving, Question
from iop_outcomes.release.lines import Line
from iop_outcomes.release.numbers import Number
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.pools import called
from iop_outcomes.release.support import Cells, Evidence, horizon, size
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import Shown, System
from iop_outcomes.release.told import LifeTables
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.causes import STILL_AT_RISK
from iop_outcomes.vocabulary.readings import Reading

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True)
class Apart:
    """What is known of how cells lie within each other, and which are not released.

    contrasts, outcomes: those whose counts are kept back. cumulative: outcomes of which what is counted only grows.
    in_care: contrasts that divide people by who is in care on a day (`nesting.lines`).
    """

    contrasts: Collection[str]
    outcomes: Collection[str]
    cumulative: Collection[str]
    in_care: Mapping[str, InCare]

    def holds(self, contrast: object, outcome: object) -> bool:
        """Counts of the contrast or of the outcome are kept back."""
        return contrast in self.contrasts or outcome in self.outcomes


@dataclass(frozen=True)
class Ground:
    """Everything that is counted, as it is.

    kept, apart: rows of counts that may be told, and those of companions. horizons: rows of what life tables say at
    horizons, and the cells that they tell. arms: life tables by key. lines: of kept and horizons together. asked: days
    by question. told_apart: sets of causes that a question tells from all others.
    """

    levels: Mapping[str, Reading]
    kept: pd.DataFrame
    apart: pd.DataFrame
    horizons: pd.DataFrame
    cells: tuple[days.Cell, ...]
    arms: Mapping[life_tables.Key, Leaving]
    alone: frozenset[Question]
    lines: tuple[Line, ...]
    asked: Mapping[Question, Collection[int]]
    told_apart: Mapping[Question, Collection[Collection[str]]]


def gather(
    counts: pd.DataFrame,
    of_life: pd.DataFrame,
    estimates: pd.DataFrame,
    policy: Policy,
    levels: Mapping[str, Reading],
    known: Apart,
) -> Ground:
    """All that is counted. Counts of an outcome that has a life table are left to it, except of groups of people."""
    arms = life_tables.leavings(of_life)
    questions = {life_tables.question(key) for key in arms}
    asked = at_horizons.asked(estimates)
    told_apart = {q: _told_apart(q[2], levels) for q in questions}
    rows = list(zip(counts["analysis"], counts["contrast"], counts["outcome"], counts["group_by"], strict=True))
    replaced = [row[:3] in questions and row[3] == ALL for row in rows]
    companion = [known.holds(row[1], row[2]) for row in rows]
    own = [i for i, (r, c) in enumerate(zip(replaced, companion, strict=True)) if not (r or c)]
    kept = counts.iloc[own].reset_index(drop=True)
    apart = counts.iloc[[i for i, (r, c) in enumerate(zip(replaced, companion, strict=True)) if c and not r]]
    alone = frozenset(q for q in questions if known.holds(q[1], q[2]))
    followed = {key: leaving for key, leaving in arms.items() if life_tables.question(key) not in alone}
    made = life_tables.tables(followed, policy, asked, told_apart)
    horizons, cells = at_horizons.cells(made, estimates)
    frame = _one(kept, horizons)
    pools = {called(pool): pool for table in made.values() for pool in table.leaving.pools}
    nested = nesting.lines(
        frame, range(len(kept), len(frame)), _overlapping(frame), known.cumulative, known.in_care,
        [q[2] for q in questions if reading(q[2], levels).kind == "staying"], pools, policy,
    )  # fmt: skip
    # those of life tables are made with the cells of their curves
    lines = (*tables.lines(kept), *_once(nested, _first_rows(cells, len(kept))))
    return Ground(levels, kept, apart, horizons, tuple(cells), arms, alone, lines, asked, told_apart)


def _first_rows(cells: Iterable[days.Cell], start: int) -> dict[int, int]:
    """Of each row of a life table the first that tells the same cell; questions on the same people share cells."""
    first: dict[days.Cell, int] = {}
    return {position: first.setdefault(cell, position) for position, cell in enumerate(cells, start=start)}


def _once(lines: Iterable[Line], first: Mapping[int, int]) -> list[Line]:
    """The lines between the first rows of cells, each once."""
    found: dict[Line, None] = {}
    for line in lines:
        parts = tuple(sorted({first.get(i, i) for i in line.parts}))
        totals = [first.get(i, i) for i in line.totals]
        if len(parts) == len(line.parts) and len(set(totals)) == len(totals) and not set(parts) & set(totals):
            found[Line(parts, totals[0] if totals else None, line.rest, tuple(sorted(totals[1:])))] = None
    return list(found)


def _told_apart(outcome: str, levels: Mapping[str, Reading]) -> list[tuple[str, ...]]:
    """The sets of causes that an outcome tells from all others."""
    read = reading(outcome, levels)
    return [causes for causes in (read.events, read.lost) if causes]


def _overlapping(frame: pd.DataFrame) -> set[int]:
    """Positions of rows that are rounded as their tables overlap."""
    return {i for i, analysis in enumerate(frame["analysis"]) if analysis in tables.OVERLAPPING}


@dataclass(frozen=True)
class Telling:
    """What is told with a base, and the rows that stand in a block of cells of which some are withheld for another's
    sake.
    """

    evidence: Evidence
    in_need: frozenset[int]


def tell(ground: Ground, policy: Policy, base: int, coarse: Collection[int] = ()) -> Telling:
    """What is told of everything. base: of the blocks of cells that hold one of the rows `coarse`."""
    arms = {key: leaving for key, leaving in ground.arms.items() if life_tables.question(key) not in ground.alone}
    rules = replace(policy, rounding_base=base) if coarse else policy
    made = life_tables.tables(arms, rules, ground.asked, ground.told_apart)
    frame = _one(ground.kept, ground.horizons)
    same = _first_rows(ground.cells, len(ground.kept))
    rows = {cell: same[position] for position, cell in enumerate(ground.cells, start=len(ground.kept))}
    once = {table.key: table for table in made.values()}
    further = days.cells(once.values(), {cell: (i,) for cell, i in rows.items()}, len(frame), policy)
    at = {**rows, **{cell: len(frame) + i for i, cell in enumerate(further.cells)}}
    sizes = {days.Cell(key, 0, days.AT_RISK) for key, table in once.items() if not table.leaving.apart}
    system = _system(ground, frame, further, at, {at[cell] for cell in sizes}, policy)
    block = blocks(system)
    coarsened = {block[i] for i in coarse}
    own = tuple(max(b, base) if block[i] in coarsened else b for i, b in enumerate(system.bases))
    shown = protect(replace(system, bases=own), policy, policy.rounding_base)
    told = {cell: _number(shown, i) for cell, i in at.items()}
    told |= {cell: size(system.people[at[cell]], policy) for cell in sizes}
    lost = {block[i] for i, b in enumerate(shown.base) if b == 0 and not policy.small(system.people[i])}
    first = [same.get(i, i) for i in range(len(frame))]
    evidence = _evidence(ground, policy, tables.told(frame, _of_rows(shown, first)), made, told)
    return Telling(evidence, frozenset(i for i in first if block[i] in lost))


def _of_rows(shown: Shown, first: Sequence[int]) -> Shown:
    count, low, high = (tuple(part[i] for i in first) for part in (shown.count, shown.low, shown.high))
    return Shown(count, tuple(shown.base[i] for i in first), low, high)


def _system(
    ground: Ground,
    frame: pd.DataFrame,
    further: days.DayCells,
    at: Mapping[days.Cell, int],
    sizes: Collection[int],
    policy: Policy,
) -> System:
    """All cells and lines. sizes: positions of the number of everyone in an arm, which a reader may know."""
    people = (*tables.people_in(frame), *further.people)
    of_life = [replace(line, total=None) if line.total in sizes else line for line in further.lines]
    return System(
        people=people,
        lines=(*ground.lines, *of_life, *_between_days(at, people, policy)),
        bases=(*tables.bases(frame), *further.bases),
        drawn=frozenset(range(len(ground.kept), len(frame))),
    )


def _evidence(
    ground: Ground,
    policy: Policy,
    frame: pd.DataFrame,
    made: Mapping[life_tables.Key, life_tables.Table],
    told: Mapping[days.Cell, Number],
) -> Evidence:
    first = len(ground.kept)
    at = frame.iloc[first:].reset_index(drop=True)
    counts = _one(ground.kept, ground.apart)
    released = _one(frame.iloc[:first], tables.withheld(ground.apart))
    return Evidence(
        policy=policy,
        levels=ground.levels,
        counts=counts,
        released=released,
        groups=_groups(counts, released),
        followed=_by_question(ground.arms),
        life=LifeTables(policy, made, {cell: _told(found) for cell, found in told.items()}),
        keys=_by_question({key: key for key in ground.arms}),
        at_risk={key: told[days.Cell(table.key, 0, days.AT_RISK)] for key, table in made.items()},
        at_horizons=at,
        shown=_by_arm(at),
    )


def blocks(system: System) -> list[int]:
    """The block of each cell: cells that lines connect, directly or through others, are in one."""
    above = list(range(len(system.people)))

    def top(i: int) -> int:
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    for line in system.lines:
        members = [*line.parts, *line.totals]
        for i in members[1:]:
            above[top(i)] = top(members[0])
    return [top(i) for i in above]


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


def _one(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([first, second], ignore_index=True) if len(second) else first.reset_index(drop=True)


def _number(shown: Shown, i: int) -> Number:
    return Number(shown.count[i], shown.low[i], shown.high[i], shown.base[i])


def _by_question(arms: Mapping[life_tables.Key, T]) -> dict[Question, dict[str, T]]:
    found: dict[Question, dict[str, T]] = {}
    for key, one in arms.items():
        found.setdefault(life_tables.question(key), {})[key[3]] = one
    return found


def _groups(counts: pd.DataFrame, released: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Cells]]:
    found: dict[tuple[str, ...], dict[str, dict[str, tuple[int, Number]]]] = {}
    for row, shown in zip(counted(counts), tables.numbers(released), strict=True):
        if row["variable"] != ALL:  # no outcome of an estimate
            continue
        key = (
            row["analysis"], row["contrast"], row["outcome"], str(horizon(row)), row["group_by"], row["group"],
        )  # fmt: skip
        found.setdefault(key, {}).setdefault(row["arm"], {})[row["level"]] = (int(row["count"] or 0), shown)
    return {key: dict(arms) for key, arms in found.items()}


def _by_arm(at: pd.DataFrame) -> dict[tuple[life_tables.Key, int], dict[str, Number]]:
    """What life tables tell at horizons by arm and day: by level."""
    found: dict[tuple[life_tables.Key, int], dict[str, Number]] = {}
    for row, shown in zip(counted(at), tables.numbers(at), strict=True):
        key = (row["analysis"], row["cohort"], row["contrast"], row["arm"], row["outcome"])
        found.setdefault((key, int(row["horizon_days"] or 0)), {})[row["level"]] = shown
    return found
