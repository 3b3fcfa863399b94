"""Cells of people who left a level of care, as they went on or did not, beside cells of an arm that holds them.

Those who stepped down, and all who could have, are some of the people who started in residential care: two such cells
of one level tell those who are in one only. By how many they differ is seen by the caller. The sides of two questions
on going on bear the same names, by which they are known to hold each other already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary.arms import NOT_STARTED, STARTED

if TYPE_CHECKING:
    from iop_outcomes.release.nesting import Cell

OF_A_CELL = ("cohort", "outcome", "variable", "horizon_days", "level", "detail")


def pairs(cells: Sequence[Cell], used: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of sums of cells by their positions. used: positions of rows of counts."""
    alike: dict[tuple[str, ...], tuple[dict[tuple[str, str], list[int]], list[int]]] = {}
    for i in used:
        key = cells[i].key
        if key["group_by"] != ALL or key["arm"] == ALL:
            continue
        left, others = alike.setdefault(tuple(key[name] for name in OF_A_CELL), ({}, []))
        if key["arm"] in (STARTED, NOT_STARTED):
            left.setdefault((key["analysis"], key["contrast"]), []).append(i)
        else:
            others.append(i)
    for left, others in alike.values():
        for sides in left.values():
            sums = [*((i,) for i in sides), *([tuple(sides)] if len(sides) > 1 else [])]
            yield from product(sums, [(i,) for i in others])
