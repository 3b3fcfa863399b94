"""Cells of one comparison of stays that hold people of another: those at risk on the landmark, of all who are compared;
who followed a strategy, and who followed one that asks for less.

Two such cells of one level tell those who are in one only. What they differ by is seen by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from iop_outcomes.protocol import InCare
from iop_outcomes.tables.results import ALL, BY_AT_RISK_DAY, BY_EVENT_FREE_DAY

if TYPE_CHECKING:
    from iop_outcomes.release.nesting import Cell

Pair = tuple[tuple[int, ...], tuple[int, ...]]
# how people are grouped where they are those of an arm who were left on a day
LEFT_ON_A_DAY = (BY_AT_RISK_DAY, BY_EVENT_FREE_DAY)
OF_A_CELL = ("outcome", "variable", "horizon_days", "level", "detail")


def pairs(cells: Sequence[Cell], used: Sequence[int], in_care: Mapping[str, InCare]) -> Iterator[Pair]:
    """Pairs of cells by their positions. used: positions of rows of counts. in_care: how contrasts divide people."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for i in used:
        key = cells[i].key
        asked = in_care.get(key["contrast"])
        own = tuple(key[name] for name in ("cohort", *OF_A_CELL))
        if asked is not None and asked.arm and key["group_by"] == ALL:
            alike.setdefault((*own, str(asked.of), asked.arm), []).append(i)
        if asked is not None and not asked.of and key["group_by"] in (ALL, *LEFT_ON_A_DAY):
            alike.setdefault((*own, key["contrast"], key["arm"]), []).append(i)
    for group in alike.values():
        for one, other in combinations(group, 2):
            yield (one,), (other,)
