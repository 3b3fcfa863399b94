"""Rows of results tables made by hand: what a row leaves out is plain, as in most rows of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.rows import exact

PLAIN: dict[str, dict[str, Any]] = {
    "counts": {"variable": "all", "group_by": "all", "group": "all", "detail": ""},
    "estimates": {"group_by": "all", "group": "all", "missing_rule": "none", "reason": ""},
    "curves": {"missing_rule": "none"},
    "diagnostics": {
        "arm": "all", "outcome": "all", "missing_rule": "none", "variable": "all", "level": "all", "group_by": "all",
        "group": "all",
    },
}  # fmt: skip


def made(name: str, rows: Sequence[Mapping[str, Any]], **plain: Any) -> pd.DataFrame:
    """A declared table, checked. plain: further values of columns that a row leaves out."""
    table = TABLES[name]
    columns = table.columns
    unknown = {key for row in rows for key in row} - set(columns)
    assert not unknown, unknown
    filled = [{**PLAIN.get(name, {}), **plain, **row} for row in rows]
    if name == "counts":
        filled = [{**exact(row["count"]), **row} if row.get("count") is not None else row for row in filled]
    return check(table, table.cast(pd.DataFrame(filled, columns=list(columns))))
