"""How a table is declared; how a frame is held to it is said in `tables.enforce`.

A table is a name, a sentence, a key and columns; a column is a kind, a sentence, a unit and its allowed values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

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

    @cached_property
    def _types(self) -> dict[str, Any]:
        """The types of the columns, as pandas has them: it takes its time to find those of names."""
        import pandas as pd

        return {n: pd.api.types.pandas_dtype(c.dtype) for n, c in self.columns.items()}

    def cast(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A copy of the frame whose declared columns, all of which it has, are of their types: what `astype` gives, in
        a fraction of its time for few rows of many columns. Raises what it raises.
        """
        found = frame.copy()
        there = frame.dtypes
        for name, dtype in self._types.items():
            if there[name] != dtype:
                found[name] = frame[name].astype(dtype)
        return found

    def empty(self) -> pd.DataFrame:
        """A frame with the declared columns and no rows."""
        import pandas as pd

        required = {n: c for n, c in self.columns.items() if not c.optional}
        return pd.DataFrame({n: pd.Series(dtype=c.dtype) for n, c in required.items()})
