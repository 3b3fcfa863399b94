"""How a table is declared, and how a frame is held to its declaration.

A table is a name, a sentence, a key and columns; a column is a kind, a sentence, a unit and its allowed values.
`check` raises TableError on the first frame that does not match; it names columns and counts rows, never values. It
looks at a frame once, column by column (`tables.holds`); only a frame that does not pass there goes to pandera, which
has the last word and says what is wrong. Nothing is coerced here: a source coerces once, at the front door.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from iop_outcomes.errors import TableError

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

Kind = Literal["text", "whole", "number", "flag"]
# kinds that only further columns of a table can have: 'category' is text held as codes, 'code' a small whole number
OpenKind = Literal["text", "number", "category", "code"]

# the pandas dtype of each kind, without and with missing values
DTYPES: dict[tuple[Kind, bool], str] = {
    ("text", False): "object",
    ("text", True): "object",
    ("whole", False): "int64",
    ("whole", True): "Int64",
    ("number", False): "float64",
    ("number", True): "float64",
    ("flag", False): "bool",
    ("flag", True): "boolean",
}
OPEN_DTYPES: dict[OpenKind, str] = {"text": "object", "number": "float64", "category": "category", "code": "int16"}


@dataclass(frozen=True)
class Column:
    """One column: what it means, in what unit, what it may hold, and whether it can identify a person.

    optional: a table may lack it. absent_means_missing: a file may lack it, and it is then missing for everyone.
    missing: what programs write where a value is not known; of a number it counts only outside of the range, zero
    always. alone: a value out of range, or not allowed, is set aside alone, and not the row with it. cell: it counts
    the people of a cell, of which the disclosure policy says how few may be shown.
    """

    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    missing: tuple[str | float, ...] = ()
    alone: bool = False
    identifies: bool = False
    outcome: bool = False
    optional: bool = False
    cell: bool = False
    absent_means_missing: bool = False

    @property
    def dtype(self) -> str:
        """The pandas dtype that a frame must use for this column."""
        return DTYPES[(self.kind, self.nullable)]

    def expected(self) -> str:
        """What values are right, in words for a message."""
        if self.allowed:
            return ", ".join(self.allowed)
        return f"{self.meaning}, from {self.low:g} to {self.high:g} {self.unit}"


@dataclass(frozen=True, eq=False)
class Table:
    """A table that crosses a step boundary. `open_columns` names the kinds of any further columns allowed."""

    name: str
    meaning: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    open_columns: tuple[OpenKind, ...] = ()

    def digest(self, meanings: bool = False) -> str:
        """A short hash of the declaration: a step reruns when a table that it reads or writes is redeclared.

        meanings: whether the sentences count, which most steps do not read.
        """
        said = asdict(self)
        if not meanings:
            for part in (said, *said["columns"].values()):
                del part["meaning"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def loosened(self) -> Table:
        """The same columns before validation: right types, any value, anything may be missing, no key."""
        loose = {
            n: replace(c, nullable=True, allowed=(), low=None, high=None, missing=()) for n, c in self.columns.items()
        }
        return replace(self, name=f"raw_{self.name}", columns=loose, key=())

    def only(self, names: Sequence[str]) -> Table:
        """The same with the columns of these names alone; without its key where that is not among them."""
        columns = {n: c for n, c in self.columns.items() if n in names}
        return replace(self, columns=columns, key=self.key if set(self.key) <= set(columns) else ())

    def empty(self) -> pd.DataFrame:
        """A frame with the declared columns and no rows."""
        import pandas as pd

        required = {n: c for n, c in self.columns.items() if not c.optional}
        return pd.DataFrame({n: pd.Series(dtype=c.dtype) for n, c in required.items()})


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
    from iop_outcomes.tables.holds import holds

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
