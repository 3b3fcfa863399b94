"""Turn text into the types of the canonical tables. Nothing is coerced anywhere else.

`coerce` gives every column of a canonical table its declared kind and reports each row with a cell that cannot be read;
`numbers` and `whole_numbers` do the same for files of a publisher, in which every cell can be read.

Refuses columns that are not declared, and cells of a published file that are no numbers. Messages name files and
columns, never what stands in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.declare import Table

if TYPE_CHECKING:
    import pandas as pd

# how a cell must look to be read; nine digits are more days than anyone has
WHOLE = r"[+-]?[0-9]{1,9}(?:\.0*)?"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"


def declared_only(path: Path, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The frame with columns that may be absent added, or StudyError naming columns not declared, or missing."""
    known = list(table.columns)
    fillable = [n for n, c in table.columns.items() if c.absent_means_missing]
    required = [n for n, c in table.columns.items() if not c.optional and n not in fillable]
    unknown = [name for name in frame.columns if name not in known]
    # a file without a header would show a person's values as column names
    if len(unknown) == len(frame.columns):
        raise StudyError(
            f"{path}: none of the names in its first line is a column of '{table.name}'. Expected a header, "
            f"separated by commas. Columns: {', '.join(known)}. Required: {', '.join(required)}."
        )
    missing = [name for name in required if name not in frame.columns]
    if unknown or missing:
        wrong = [f"the column '{n}' is not declared" for n in unknown] + [
            f"the column '{n}' is missing" for n in missing
        ]
        raise StudyError(
            f"{path}: {'; '.join(wrong)}. Columns of '{table.name}': {', '.join(known)}. "
            f"Required: {', '.join(required)}. Rename or remove the column in the file."
        )
    return frame.assign(**{name: None for name in fillable if name not in frame.columns})


def coerce(name: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A canonical table from text, and the quarantine rows of what could not be read.

    frame: text cells, columns declared in the table `name`. Every row is kept, unreadable cells missing; a
    row with such a cell is reported under the first of them, with its position from 0.
    """
    import pandas as pd

    columns = TABLES[name].columns
    typed = {n: parse(frame[n], columns[n].kind) for n in frame.columns}
    rule = pd.Series(None, index=frame.index, dtype=object)
    for n in frame.columns:
        unreadable = frame[n].notna() & typed[n].isna()
        rule = rule.where(rule.notna() | ~unreadable, f"unreadable {n}")
    broken = rule[rule.notna()]
    quarantine = pd.DataFrame(
        {
            "table": pd.Series(name, index=broken.index, dtype=object),
            "rule": broken,
            "row": broken.index.astype("int64"),
            "person_id": frame.loc[broken.index, "person_id"],
        }
    )
    return pd.DataFrame(typed), quarantine.reset_index(drop=True)


def parse(text: pd.Series, kind: str) -> pd.Series:
    """Text cells as one kind: text, whole (Int64) or number (float64). What cannot be read is missing."""
    import pandas as pd

    if kind == "text":
        return text
    fits = text.astype("string").str.fullmatch(WHOLE if kind == "whole" else NUMBER).fillna(False)
    numbers = pd.to_numeric(text.where(fits), errors="coerce").astype("float64")
    return numbers.round().astype("Int64") if kind == "whole" else numbers


def whole_numbers(path: Path, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with the named columns as Int64. Raises StudyError where a cell is not a whole number."""
    return _numbers(path, frame, columns, "whole")


def numbers(path: Path, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with the named columns as float64. Raises StudyError where a cell is not a number."""
    return _numbers(path, frame, columns, "number")


def _numbers(path: Path, frame: pd.DataFrame, columns: Sequence[str], kind: str) -> pd.DataFrame:
    parsed = {n: parse(frame[n], kind) for n in columns}
    for n, values in parsed.items():
        bad = int((frame[n].notna() & values.isna()).sum())
        if bad:
            raise StudyError(
                f"{path}: {bad} cell{'s' * (bad != 1)} of the column '{n}' cannot be read as a {kind}"
                f"{' number' * (kind == 'whole')}. Get the file again from its publisher."
            )
    return frame.assign(**parsed)
