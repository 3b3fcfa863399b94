"""How a frame is held to the declaration of its table.

`check` raises TableError on the first frame that does not match; it names columns and counts rows, never values. It
looks at a frame once, column by column (`tables.holds`); only a frame that does not pass there goes to pandera, which
has the last word and says what is wrong. Nothing is coerced here: a source coerces once, at the front door.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from iop_outcomes.errors import TableError
from iop_outcomes.tables.declare import OPEN_DTYPES, Column, OpenKind, Table
from iop_outcomes.tables.holds import holds

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa


def _checks(column: Column) -> list[pa.Check]:
    import pandera.pandas as pa

    checks = []
    if column.allowed:
        checks.append(pa.Check.isin(list(column.allowed), error="a value outside " + ", ".join(column.allowed)))
    if column.low is not None:
        checks.append(pa.Check.ge(column.low, error=f"a value below {column.low:g}"))
    if column.high is not None:
        checks.append(pa.Check.le(column.high, error=f"a value above {column.high:g}"))
    if column.kind == "text":
        checks.append(pa.Check(_is_text, error="a value that is not text"))
    return checks


def _is_text(values: pd.Series | pd.Index) -> bool:
    """No value is anything but text; fast, as millions of cells pass here."""
    import pandas as pd

    return pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty")


def _open_check(kinds: tuple[OpenKind, ...]) -> pa.Check:
    """The type of a further column is that of one of the kinds, and categories are text."""
    import pandera.pandas as pa

    def one_of(values: pd.Series) -> bool:
        if str(values.dtype) == "category":
            return "category" in kinds and _is_text(values.cat.categories)
        return str(values.dtype) in {OPEN_DTYPES[kind] for kind in kinds}

    return pa.Check(one_of, error=f"has another type than {' or '.join(kinds)}")


@cache
def schema(table: Table) -> pa.DataFrameSchema:
    """The pandera schema of a table."""
    import pandera.pandas as pa

    columns = {
        name: pa.Column(c.dtype, _checks(c), nullable=c.nullable, required=not c.optional)
        for name, c in table.columns.items()
    }
    if table.open_columns:
        known = "|".join(table.columns)
        columns[f"^(?!({known})$).+$"] = pa.Column(
            None, _open_check(table.open_columns), nullable=False, required=False, regex=True
        )
    return pa.DataFrameSchema(columns, strict=True, unique=list(table.key) or None, coerce=False, name=table.name)


def check(table: Table, frame: pd.DataFrame, where: str = "") -> pd.DataFrame:
    """Return the frame, unchanged, or raise TableError naming the columns that break the declaration."""
    if holds(table, frame):
        return frame
    import pandera.errors

    try:
        schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as broken:
        raise TableError(_explain(table, broken.failure_cases, where)) from None
    return frame


def _explain(table: Table, cases: pd.DataFrame, where: str) -> str:
    """One paragraph: which columns, what is wrong, in how many rows. Values are left out on purpose."""
    seen: dict[tuple[str, str], int] = {}
    for row in cases.itertuples():
        rule = str(row.check)
        if rule in ("column_in_schema", "column_in_dataframe"):
            column = str(row.failure_case)
            rule = {"column_in_schema": "is not declared", "column_in_dataframe": "is missing"}[rule]
        elif rule.startswith("dtype("):
            column, rule = str(row.column), f"has type {row.failure_case}, expected {rule[7:-2]}"
        else:
            column = str(row.column or "the key " + ", ".join(table.key))
        seen[(column, rule)] = seen.get((column, rule), 0) + 1
    said = [f"{column}: {rule} ({n} row{'s' * (n != 1)})" for (column, rule), n in sorted(seen.items())]
    place = f" in {where}" if where else ""
    return f"Table '{table.name}'{place} does not keep to its declaration. " + "; ".join(said) + "."
