"""Read an export as a frame, and write what came of it: comma-separated UTF-8 text, or Parquet.

Cells of CSV are text; those of Parquet keep their types. Nothing that a file says of itself (metadata, indexes) is
carried over. Refuses other kinds of files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes import csv_text
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import reading

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET = ".csv", ".parquet"


def check(paths: list[Path]) -> None:
    """Raises StudyError for files of other kinds, missing ones, and two of one name."""
    for path in paths:
        if path.suffix.lower() not in (CSV, PARQUET):
            raise StudyError(f"{path}: expected a CSV or a Parquet file. Export it as one of the two.")
        if not path.is_file():
            raise StudyError(f"{path} does not exist. Name the files of the export.")
    names = [path.name for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyError(f"Several files are called {', '.join(twice)}, and all go into one folder. Rename them.")


def read(path: Path) -> pd.DataFrame:
    """A file as a frame. Raises StudyError."""
    if path.suffix.lower() == CSV:
        return reading.read_csv(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path).replace_schema_metadata(None)
    except (OSError, pa.ArrowException):
        raise StudyError(f"{path} cannot be read as Parquet. Export it again.") from None
    return table.to_pandas(types_mapper=_nullable, date_as_object=False, ignore_metadata=True)


def _nullable(kind: object) -> object:
    """Types that keep missing values in columns of whole numbers and flags."""
    import pandas as pd
    import pyarrow as pa

    whole = {pa.int8(): "Int8", pa.int16(): "Int16", pa.int32(): "Int32", pa.int64(): "Int64"}
    if kind in whole:
        return pd.api.types.pandas_dtype(whole[kind])
    return pd.BooleanDtype() if kind == pa.bool_() else None


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame in the form that the name of the file says; the same frame gives the same bytes."""
    if path.suffix.lower() == CSV:
        csv_text.write(frame, path, encoding="utf-8")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), path)
