"""What life tables say at the horizons that estimates ask for, as cumulative counts.

Of each arm, by each horizon: how many have left by each cause, and how many are still there. They are rows of counts
like all others, and hidden, rounded or told as a range with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.release.days import Cell
from iop_outcomes.release.life_tables import Key, Question, Table, question
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import exact
from iop_outcomes.vocabulary.causes import STILL_AT_RISK

if TYPE_CHECKING:
    import pandas as pd


def asked(estimates: pd.DataFrame) -> dict[Question, set[int]]:
    """Days that estimates ask for."""
    found: dict[Question, set[int]] = {}
    for row in estimates.itertuples():
        day = str(row.horizon_days)
        if day.isdigit():
            found.setdefault((str(row.analysis), str(row.contrast), str(row.outcome)), set()).add(int(day))
    return found


def cells(tables: Mapping[Key, Table], estimates: pd.DataFrame) -> tuple[pd.DataFrame, list[Cell]]:
    """The cumulative counts as they are, in the columns of counts, and for each row the cell that it tells.

    tables: of each arm. Rows of several questions on the same people tell one cell.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["counts"]
    everyone = estimates.loc[estimates["group_by"] == ALL, ["analysis", "contrast", "outcome", "horizon_days"]]
    days: dict[Question, set[int]] = {}
    for ask in everyone.dropna().itertuples():
        days.setdefault((str(ask.analysis), str(ask.contrast), str(ask.outcome)), set()).add(int(str(ask.horizon_days)))
    levels = _levels(tables)
    rows, told = [], []
    for key, table in sorted(tables.items()):
        for day in sorted(days.get(question(key), set()) & {*table.horizons}):
            for level in (*sorted(levels[question(key)]), STILL_AT_RISK):
                rows.append(_row(key, day, level) | exact(table.number(day, level)))
                told.append(Cell(table.key, day, level))
    return declared.cast(pd.DataFrame(rows, columns=list(declared.columns))), told


def _levels(tables: Mapping[Key, Table]) -> dict[Question, set[str]]:
    """The causes that rows of a question name: those of all its arms, and of every question that shares one of them, as
    a cause that the one names and the other does not would be known to be nobody.
    """
    found: dict[Question, set[str]] = {}
    for key, table in tables.items():
        found.setdefault(question(key), set()).update(table.leaving.causes)
    size = 0
    while size != (size := sum(map(len, found.values()))):
        shared: dict[Key, set[str]] = {}
        for key, table in tables.items():
            shared.setdefault(table.key, set()).update(found[question(key)])
        for key, table in tables.items():
            found[question(key)] |= shared[table.key]
    return found


def _row(key: Key, day: int, level: str) -> dict[str, object]:
    analysis, cohort, contrast, arm, outcome = key
    return {
        "analysis": analysis, "cohort": cohort, "contrast": contrast, "arm": arm, "outcome": outcome, "variable": ALL,
        "horizon_days": day, "group_by": ALL, "group": ALL, "level": level, "detail": "", "position": None,
    }  # fmt: skip
