"""Read CSV files as text, and turn text into the types of the canonical tables. Nothing is coerced anywhere
else.

In order: `locate` finds the files or says which are missing; `read_csv` reads one as text, with empty cells
missing; `coerce` gives every column its declared kind and reports each row with a cell that cannot be read;
`complete` puts the frames of a source into the shape of the raw tables, the quarantine and the arrivals.

Refuses missing files, files that are not comma-separated UTF-8 text, lines with more or fewer cells than the
header, and columns that are not declared. Messages name files, columns and line numbers, never what stands in
a row.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes import csv_text
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import CANONICAL
from iop_outcomes.tables.declare import Table

if TYPE_CHECKING:
    import pandas as pd

NAMES = tuple(t.name for t in CANONICAL)

# how a cell must look to be read; nine digits are more days than anyone has
WHOLE = r"[+-]?[0-9]{1,9}(?:\.0*)?"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"

WHERE_TO_POINT = "Point to the data with DATA=<path>, `data` in the config, or `path` in the cohort's file."


def place(settings: Mapping[str, object]) -> Path:
    """The path that the settings give. Raises StudyError when they give none."""
    path = settings.get("path")
    if not path:
        raise StudyError(f"The source has no path. {WHERE_TO_POINT}")
    return Path(os.path.expanduser(str(path)))


def locate(folder: Path, required: Sequence[str], optional: Sequence[str] = ()) -> list[Path]:
    """The required files of a folder, then the optional ones it has. Raises StudyError for missing ones."""
    if not folder.is_dir():
        found = "is a file, not a folder" if folder.exists() else "does not exist"
        raise StudyError(f"{folder} {found}. Expected a folder with {', '.join(required)}. {WHERE_TO_POINT}")
    missing = [name for name in required if not (folder / name).is_file()]
    if missing:
        raise StudyError(
            f"The folder {folder} lacks {', '.join(missing)}. Expected in it: {', '.join(required)}. "
            f"Put the missing files there. {WHERE_TO_POINT}"
        )
    return [folder / name for name in (*required, *optional) if (folder / name).is_file()]


def read_csv(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV file as text: one str or None per cell, in the order of the file. UTF-8, with or without a BOM.

    columns: those that must be there; others are kept. Raises StudyError.
    """
    import pandas as pd

    text = _text(path)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [csv_text.restored(name.strip()) for name in next(lines, [])]
        _check_header(path, header, columns)
        rows = [_cells(path, lines.line_num, row, len(header)) for row in lines if row]
    except csv.Error:
        raise StudyError(
            f"{path}, line {lines.line_num}: not a CSV line (a quotation mark stands where none may). "
            "Export the file again as comma-separated UTF-8."
        ) from None
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    # cells that were kept from being formulas
    return csv_text.read(frame) if "'" in text else frame


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as wrong:
        raise StudyError(f"{path} cannot be read ({wrong.strerror}). {WHERE_TO_POINT}") from None
    if b"\0" in content:
        raise StudyError(f"{path} is not a text file. Export it again as comma-separated UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        raise StudyError(f"{path}, line {line}: not UTF-8. Export the file again as comma-separated UTF-8.") from None
    if not text.strip():
        raise StudyError(f"{path} is empty. Expected a header and one line per row.")
    return text


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        # not by name: in a file without a header these would be a person's values
        raise StudyError(
            f"{path}: the first line, which should be the header, holds {len(twice)} names more than once. "
            "Give each column its own name."
        )
    missing = [name for name in columns if name not in header]
    if missing:
        raise StudyError(
            f"{path}: the header lacks {', '.join(missing)}. Expected at least {', '.join(columns)}, "
            "separated by commas, in the first line."
        )


def _cells(path: Path, line: int, row: list[str], width: int) -> list[str | None]:
    if len(row) != width:
        raise StudyError(
            f"{path}, line {line}: {len(row)} cells, but the header has {width}. "
            "A comma inside a cell needs quotation marks around the cell."
        )
    return [cell.strip() or None for cell in row]


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
        if table.columns[n].kind == "text" and (missing := values.isna().to_numpy()).any():
            texts = values.to_numpy(dtype=object, copy=True)
            texts[missing] = None
            shaped[n] = pd.Series(texts, index=values.index, dtype=object)
    return pd.DataFrame(shaped, index=frame.index, copy=False)
