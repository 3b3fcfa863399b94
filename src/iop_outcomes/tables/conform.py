"""Frames in the shape of the declared tables: `typed` for one of them, `complete` for the raw tables of a source.

No value is read or changed; a column that does not fit its declared type is a defect of whoever made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import CANONICAL
from iop_outcomes.tables.declare import Table

if TYPE_CHECKING:
    import pandas as pd

NAMES = tuple(t.name for t in CANONICAL)


def complete(
    tables: Mapping[str, pd.DataFrame], quarantine: Sequence[pd.DataFrame] = (), arrivals: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """All canonical tables in their raw types, quarantine and arrivals; empty where the source has nothing.

    arrivals: rows that were not passed on ('excluded: why', 'merged: why'), or None where all were; the rows read are
    added to them.
    """
    import pandas as pd

    found = [q for q in quarantine if len(q)]
    empty = TABLES["quarantine"].empty()
    whole = {name: _raw(name, tables.get(name)) for name in NAMES}
    return {
        **whole,
        "quarantine": pd.concat(found, ignore_index=True) if found else empty,
        "arrivals": _arrivals(whole, arrivals),
    }


def _arrivals(tables: Mapping[str, pd.DataFrame], left_out: pd.DataFrame | None) -> pd.DataFrame:
    """The table arrivals: what was left out, below the rows that were read."""
    import pandas as pd

    gone = TABLES["arrivals"].empty() if left_out is None else left_out[left_out["outcome"] != "read"]
    read = {n: len(frame) + int(gone.loc[gone["table"] == n, "rows"].sum()) for n, frame in tables.items()}
    first = pd.DataFrame({"table": list(read), "outcome": "read", "rows": list(read.values())})
    both = pd.concat([first, gone], ignore_index=True) if len(gone) else first
    return typed(TABLES["arrivals"], both)


def _raw(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    table = TABLES[f"raw_{name}"]
    if frame is None:
        return table.empty()
    required = [n for n, c in table.columns.items() if not c.optional or n in frame.columns]
    return typed(table, frame.reset_index(drop=True).reindex(columns=required))


def typed(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The declared columns that the frame has, in declared order and types; missing text is None."""
    import pandas as pd

    # column by column, as frames of millions of rows are not copied for nothing
    types: dict[str, Any] = {n: c.dtype for n, c in table.columns.items() if n in frame.columns}
    shaped = {n: frame[n] if frame[n].dtype == dtype else frame[n].astype(dtype) for n, dtype in types.items()}
    for n, values in shaped.items():
        # to see that all are texts takes a third of the time of looking for missing ones
        whole = table.columns[n].kind != "text" or pd.api.types.infer_dtype(values, skipna=False) == "string"
        if not whole and (missing := values.isna().to_numpy()).any():
            texts = values.to_numpy(dtype=object, copy=True)
            texts[missing] = None
            shaped[n] = pd.Series(texts, index=values.index, dtype=object)
    return pd.DataFrame(shaped, index=frame.index, copy=False)
