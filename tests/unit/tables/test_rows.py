"""Rows of tables as dictionaries: what pandas gives, value by value and type by type."""

from __future__ import annotations

import pandas as pd
import pytest

from iop_outcomes.tables import TABLES
from iop_outcomes.tables.rows import counted, estimated

ROWS = {
    "counts": (counted, {"arm": "iop", "horizon_days": 90, "count": 12, "position": None, "status": "ok"}),
    "estimates": (estimated, {"of": "iop", "estimate": 0.25, "n": 130, "events": None, "from_day": None}),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_those_of_pandas(name: str) -> None:
    rows_of, row = ROWS[name]
    declared = TABLES[name].columns
    whole = pd.DataFrame([row, {**row, "horizon_days": None}], columns=list(declared))
    frame = whole.astype({column: told.dtype for column, told in declared.items()})
    for part in (frame, frame.head(1), frame.head(0)):
        mine, theirs = rows_of(part), part.to_dict("records")
        assert len(mine) == len(theirs) == len(part)
        for one, other in zip(mine, theirs, strict=True):
            assert [(k, type(v), str(v)) for k, v in one.items()] == [(k, type(v), str(v)) for k, v in other.items()]
    missing, whole_number = ("position", "count") if name == "counts" else ("events", "n")
    assert rows_of(frame)[0][missing] is None
    assert type(rows_of(frame)[0][whole_number]) is int
