"""Read an export as a frame, and write what came of it: comma-separated UTF-8 text, or Parquet.

Every format that a mapping reads is read, past Parquet as text; what is not Parquet is written as comma-separated
UTF-8. Cells of Parquet keep their types. Nothing that a file says of itself (metadata, indexes) is carried over.
Refuses other kinds of files, and files of which a row cannot be trusted: it could not be said whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import csv_text, formats, plain_csv, sniffing

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET = ".csv", ".parquet"
# bytes in which the delimiter is looked for
HEAD = 1 << 20


def check(paths: list[Path], options: Mapping[str, str] = {}) -> None:
    """Raises StudyError for files of other kinds, missing ones, two of one name, and options that no file takes."""
    for path in paths:
        if not formats.known(path):
            raise StudyError(
                f"{path}: expected a CSV or a Parquet file, or another format that a mapping reads: "
                f"{', '.join(formats.FORMATS)}. Export it as one of these."
            )
        if not path.is_file():
            raise StudyError(f"{path} does not exist. Name the files of the export.")
    idle = sorted(name for name in options if not any(name in formats.options_of(path) for path in paths))
    if idle:
        raise StudyError(f"None of the files takes --{', --'.join(idle)}. Leave it out.")
    names = [target(path) for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyError(f"Several files are called {', '.join(twice)}, and all go into one folder. Rename them.")


def target(path: Path) -> str:
    """The name under which a file is written."""
    ending = formats.suffix(path)
    return path.name if ending in (CSV, PARQUET) else f"{path.name[: len(path.name) - len(ending)]}{CSV}"


def read(path: Path, options: Mapping[str, str] = {}) -> pd.DataFrame:
    """A file as a frame. options: those of `formats.read`, for files that take them. Raises StudyError."""
    if path.suffix.lower() != PARQUET:
        given = {name: value for name, value in options.items() if name in formats.options_of(path)}
        return plain_csv.read_csv(path) if not given and _by_commas(path) else _any(path, given)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path).replace_schema_metadata(None)
    except (OSError, pa.ArrowException):
        raise StudyError(f"{path} cannot be read as Parquet. Export it again.") from None
    return table.to_pandas(types_mapper=_nullable, date_as_object=False, ignore_metadata=True)


def _by_commas(path: Path) -> bool:
    """A CSV file whose cells are parted by commas, as far as that can be told."""
    if path.suffix.lower() != CSV:
        return False
    with path.open("rb") as content:
        head = content.read(HEAD)
    text = head.decode("utf-8-sig", "replace")
    if b"\0" in head or sniffing.EXCEL.match(text):
        return False
    try:
        return sniffing.sniff(path.name, text, len(head) < HEAD) == ","
    except StudyError:
        return True  # reading it as such tells what is wrong


def _any(path: Path, options: Mapping[str, str]) -> pd.DataFrame:
    """A file of any format as text: one str or None per cell."""
    cells = formats.read(path, {n: int(v) if n == "sheet" and v.isdigit() else v for n, v in options.items()})
    if len(cells.broken):
        rules = ", ".join(sorted(set(cells.broken)))
        raise StudyError(
            f"{cells.where}: {len(cells.broken)} rows cannot be trusted ({rules}). Correct or remove them, as it "
            "cannot be said whose cells are whose; if the wrong mark parts the cells, name it with --delimiter."
        )
    return cells.frame.astype(object).mask(cells.frame.isna(), other=None)


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
