"""What the released cells of counts really hold, from the private tables: to choose targets and judge what is told."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

GROUP = ["analysis", "contrast", "arm", "outcome", "variable", "horizon_days", "group_by", "group"]
STILL, NOT_AT_RISK = "still_at_risk", "not_at_risk"
Life = dict[tuple[str, str, str, str], list[tuple[int, str, int]]]


def day(value: object) -> int:
    """A day, -1 where there is none."""
    return -1 if pd.isna(value) else int(str(value))


def lives(life_tables: pd.DataFrame) -> Life:
    """Day, cause and people of each life table, by analysis, contrast, outcome and arm."""
    found: Life = {}
    for r in life_tables.itertuples():
        key = (str(r.analysis), str(r.contrast), str(r.outcome), str(r.arm))
        found.setdefault(key, []).append((int(str(r.day)), str(r.cause), int(str(r.count))))
    return found


def gone(table: list[tuple[int, str, int]], level: str, by: int) -> int:
    """People of a life table who are in a level by a day: by some causes, or still there."""
    if level == STILL:
        return sum(n for d, c, n in table if d > by and c != NOT_AT_RISK)
    causes = level.split(" or ")
    return sum(n for d, c, n in table if d <= by and c in causes)


def cells(counts: pd.DataFrame, life_tables: pd.DataFrame, released: pd.DataFrame) -> list[int]:
    """The true number of people of every released row of counts."""
    known: dict[tuple[object, ...], int] = {}
    groups: dict[tuple[object, ...], dict[str, int]] = {}
    for r in counts.itertuples():
        key = _group(r)
        known[(*key, str(r.level), str(r.detail))] = int(str(r.count))
        groups.setdefault(key, {})[str(r.level)] = int(str(r.count))
    tables, true = lives(life_tables), []
    shown: dict[tuple[object, ...], set[str]] = {}
    for r in released.itertuples():
        shown.setdefault(_group(r), set()).add(str(r.level))
    for r in released.itertuples():
        key = _group(r)
        table = tables.get((str(r.analysis), str(r.contrast), str(r.outcome), str(r.arm)))
        if table and r.group_by == "all":
            true.append(gone(table, str(r.level), day(r.horizon_days)))
        else:
            cell = (*key, str(r.level), str(r.detail))
            true.append(known[cell] if cell in known else _pooled(groups.get(key, {}), shown[key]))
    return true


def _group(row: object) -> tuple[object, ...]:
    return tuple(day(row.horizon_days) if c == "horizon_days" else str(getattr(row, c)) for c in GROUP)


def _pooled(levels: Mapping[str, int], shown: set[str]) -> int:
    """People of levels that a release shows under one name: those that are shown under none."""
    return sum(people for level, people in levels.items() if level not in shown)
