"""Cells of strategies of staying that hold people of another: who left in week 4 has left by week 4.

Two such cells of one level tell those who are in one only. By how many they differ is seen by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from iop_outcomes.protocol import InCare
from iop_outcomes.tables.results import ALL

if TYPE_CHECKING:
    from iop_outcomes.release.nesting import Cell

OF_A_CELL = ("cohort", "outcome", "variable", "horizon_days", "level", "detail")


def pairs(
    cells: Sequence[Cell], used: Sequence[int], in_care: Mapping[str, InCare]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of cells by their positions. used: positions of rows of counts. in_care: how contrasts divide people."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for i in used:
        key = cells[i].key
        asked = in_care.get(key["contrast"])
        if asked is not None and asked.arm and key["group_by"] == ALL:
            own = tuple(key[name] for name in OF_A_CELL)
            alike.setdefault((*own, str(asked.of), asked.arm), []).append(i)
    for group in alike.values():
        for one, other in combinations(group, 2):
            yield (one,), (other,)
