"""Cells of strategies of staying beside others that hold their people: who left in week 4 has left by week 4, and who
did either is of those who started in the arm.

Each cell counts people who left on some days: a side of a strategy between two of them, an arm on any; of hours a week
and of durations, who was in care on a day left on it or later, and others before. So a cell that holds the days of
another holds its people, and as well those of two whose days, or arms, are apart: who had left by week 4, and who was
in care on day 28. Two such sums of one level tell those who are in one only. By how many they differ is seen by the
caller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.protocol import InCare
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.arms import NOT_STARTED, STARTED, STAYED

if TYPE_CHECKING:
    from iop_outcomes.release.nesting import Cell

OF_A_CELL = ("cohort", "outcome", "variable", "horizon_days", "level", "detail")
EVERYONE = ""


class Span(NamedTuple):
    """People of an arm who left on some days. arm: EVERYONE where it is of all. of_strategy: a side of one."""

    at: int
    arm: str
    first: float
    last: float
    of_strategy: bool

    def holds(self, other: Span) -> bool:
        """All people of the other are in it."""
        return self.arm in (EVERYONE, other.arm) and self.first <= other.first and other.last <= self.last

    def apart(self, other: Span) -> bool:
        """Nobody is in both."""
        of_two = EVERYONE not in (self.arm, other.arm) and self.arm != other.arm
        return of_two or self.last < other.first or other.last < self.first


def pairs(
    cells: Sequence[Cell], used: Sequence[int], in_care: Mapping[str, InCare]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of sums of cells by their positions. used: positions of rows of counts. in_care: how contrasts divide
    people.
    """
    alike: dict[tuple[str, ...], list[Span]] = {}
    for i in used:
        if span := _span(i, cells[i], in_care):
            alike.setdefault(tuple(cells[i].key[name] for name in OF_A_CELL), []).append(span)
    for group in alike.values():
        if any(span.of_strategy for span in group):
            yield from _within(group)


def _within(group: Sequence[Span]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """One cell, or two that are apart, and one that holds them; one of them at least is of a strategy."""
    for whole in group:
        inside = [one for one in group if one.at != whole.at and whole.holds(one)]
        for one in inside:
            if whole.of_strategy or one.of_strategy:
                yield (one.at,), (whole.at,)
        for one, other in combinations(inside, 2):
            if one.apart(other) and (one.of_strategy or other.of_strategy):
                yield (one.at, other.at), (whole.at,)


def _span(at: int, cell: Cell, in_care: Mapping[str, InCare]) -> Span | None:
    """Whom a cell counts; None where they are not told apart by arm and day of leaving."""
    key = cell.key
    arm, asked = key["arm"], in_care.get(key["contrast"])
    if key["group_by"] != ALL or arm in (ALL, STARTED, NOT_STARTED):
        return None
    if asked is None:
        return Span(at, arm, 0, math.inf, False)
    if asked.sides:
        first, last = asked.sides[arm]
        return Span(at, asked.arm or EVERYONE, first, math.inf if last is None else last, True)
    if asked.of:
        return Span(at, arm, asked.day, math.inf, False)
    first, end = (asked.day, math.inf) if arm == STAYED else (0, asked.day - 1)
    return Span(at, EVERYONE, first, end, False)
