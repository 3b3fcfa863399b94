"""Who has left care by a day: as the answers of those in care on it tell, and as curves do.

A contrast that divides an arm by who is in care on a day (hours a week on day 28, staying at least 13 weeks) counts
those who are not. So do curves of leaving care, by each way of leaving, on that day or on days before and after.
Whoever knows the one and some of the other knows the rest, so that lines tie them together. People still in care at
horizons are tied in `nesting`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.protocol import InCare
from iop_outcomes.release.counts import people_of
from iop_outcomes.release.days import Cell
from iop_outcomes.release.life_tables import Key, Table
from iop_outcomes.release.lines import Line
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import counted
from iop_outcomes.vocabulary.answers import OUT_OF_CARE

if TYPE_CHECKING:
    import pandas as pd


class Window(NamedTuple):
    """Rows of counts of everyone in an arm who is not in care on a day. of: the contrast and the arm."""

    rows: tuple[int, ...]
    of: tuple[str, str]
    day: int


def windows(kept: pd.DataFrame, in_care: Mapping[str, InCare]) -> tuple[Window, ...]:
    """The windows of rows of counts, by their positions. in_care: by contrast how it divides people."""
    sums: dict[tuple[str, ...], list[int]] = {}
    found: dict[tuple[str, ...], tuple[tuple[str, str], int]] = {}
    for i, row in enumerate(counted(kept)):
        asked = in_care.get(row["contrast"])
        if asked is None or not asked.of or people_of(row)[0] != ALL:
            continue
        if row["level"] != OUT_OF_CARE if asked.arm is None else row["arm"] == asked.staying:
            continue
        named = (row["analysis"], row["contrast"], row["arm"], row["outcome"], row["variable"], row["horizon_days"])
        key = tuple(map(str, named))
        sums.setdefault(key, []).append(i)
        found[key] = (asked.of, asked.arm or row["arm"]), asked.day
    return tuple(Window(tuple(rows), *found[key]) for key, rows in sums.items())


def lines(
    found: Collection[Window],
    tables: Mapping[Key, Table],
    of_care: Collection[str],
    at: Mapping[Cell, int],
    people: Mapping[int, int],
    least: int,
) -> Iterator[Line]:
    """Lines between windows and the cells of curves.

    tables: by arm. of_care: outcomes of leaving care at any level. at: positions of cells. people: true numbers by
    position. least: a greater difference is no secret.
    """
    same: dict[tuple[str, str], dict[Key, Table]] = {}
    for (_, _, contrast, arm, outcome), table in tables.items():
        if outcome in of_care:
            same.setdefault((contrast, arm), {})[table.key] = table
    # several windows, one of each question, are of one table
    ways: dict[Key, list[dict[int, tuple[int, ...]]]] = {}
    for window in found:
        for key, table in sorted(same.get(window.of, {}).items()):
            if key not in ways:
                ways[key] = [_by_day(table, name, levels, at) for name, levels in table.ways]
            yield from _of_one(window, ways[key], people, least)


def _by_day(table: Table, name: str, levels: Sequence[str], at: Mapping[Cell, int]) -> dict[int, tuple[int, ...]]:
    """The cells of a way of leaving by the day on which they are told: one, or one of each of its levels."""
    own = {level: {c.day: i for c, i in at.items() if c.table == table.key and c.level == level} for level in levels}
    apart = set.intersection(*(set(days) for days in own.values()))
    whole = {c.day: (i,) for c, i in at.items() if c.table == table.key and c.level == name}
    return {day: tuple(own[level][day] for level in levels) for day in apart} | whole


def _of_one(
    window: Window, ways: Sequence[Mapping[int, tuple[int, ...]]], people: Mapping[int, int], least: int
) -> Iterator[Line]:
    """From what is told of each way on the day or last before it to the window, and from that to what is told on the
    day or next after it.
    """
    gone = sum(people[i] for i in window.rows)
    before = [max((d for d in days if d <= window.day), default=None) for days in ways]
    after = [min((d for d in days if d >= window.day), default=None) for days in ways]
    by_then = [i for days, d in zip(ways, before, strict=True) if d is not None for i in days[d]]
    if by_then and (rest := gone - sum(people[i] for i in by_then)) >= 0:
        yield Line(tuple(sorted(by_then)), window.rows[0], rest, window.rows[1:])
    if None in after:
        return
    later = sorted(i for days, d in zip(ways, after, strict=True) if d is not None for i in days[d])
    if later and 0 <= (rest := sum(people[i] for i in later) - gone) < least:
        yield Line(window.rows, later[0], rest, tuple(later[1:]))
