"""A TEDS-D file, in any format that SAMHSA publishes, as one typed table: a row per discharge, codes as small integers.

In order: the header is read, and names are recognised whatever their case and year; the columns asked for are read, as
integers where every cell is one; where some are not (a file already decoded to labels, a stray word), they are read as
text and each distinct text is looked up among the labels of the year. A blank cell is -9, SAMHSA's missing. Text that
is no code and no label of the year becomes UNREADABLE, which is in no list of codes: the row is quarantined later.

With a folder for typed copies, the table is written there as Parquet, and read from there the next time.

Refuses files that are not TEDS-D, lines with more or fewer cells than the header, and formats that it does not know.
Messages name files, columns and line numbers, never what stands in a row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.codebooks.tedsd import codes, labels
from iop_outcomes.errors import StudyError
from iop_outcomes.files import owner
from iop_outcomes.sources.tedsd import packages
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED = ("DISYR", "CASEID", "STFIPS", "AGE", "LOS", "REASON", "SERVICES_D")
DELIMITERS = ",\t;|"
HEADER_BYTES = 65536
BLOCK_BYTES = 1 << 20
TEXT = (".csv", ".tsv", ".tab", ".txt")
SUFFIXES = (*TEXT, *packages.SUFFIXES)
# part of the name of a typed copy: raise it when the same file would be typed differently
TYPED_AS = 1


def typed(path: Path, columns: Sequence[str] = (), cache: Path | None = None) -> pa.Table:
    """The variables of a file, one row per discharge in the order of the file. Raises StudyError.

    columns: the variables to read, those that the file lacks left out; all of TEDS-D's when none are named. cache: a
    folder for typed copies. Types: labels.TYPES, int8 for the others.
    """
    if cache is None:
        return _read(path, columns)
    copy = cache / f"{path.stem}-{_fingerprint(path)}.parquet"
    if not copy.is_file():
        write_parquet(_read(path, ()), copy)
    return read_parquet(copy, columns)


def variables_of(path: Path) -> list[str]:
    """The variables that a file holds, in its order. Raises StudyError when it is not a TEDS-D file."""
    if path.suffix.lower() in TEXT:
        return [n for n in _checked(path, _header(path)[0]) if n]
    return [n for n in _checked(path, _opened(path).names) if n]


def others(path: Path) -> pa.Table:
    """The columns that TEDS-D does not have, as they are: for the identifier gate, and for nothing else."""
    import pyarrow as pa

    if path.suffix.lower() in TEXT:
        names, delimiter = _header(path)
        odd = [n for n, v in zip(names, _checked(path, names), strict=True) if v is None]
        if not odd:
            return pa.table({})
        try:
            return _parse(path, names, dict.fromkeys(odd, pa.string()), delimiter, "latin-1")
        except pa.ArrowInvalid:
            return pa.table({n: pa.array([], pa.string()) for n in odd})
    file = _opened(path)
    odd = [n for n, v in zip(file.names, _checked(path, file.names), strict=True) if v is None]
    return file.read({n: n for n in odd}) if odd else pa.table({})


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a typed table in one move, for its owner only.

    Not packed, and columns without missing cells declared so: it reads fastest.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    beside = path.with_name(f".{path.name}.part")
    whole = pa.schema([f.with_nullable(table[f.name].null_count > 0) for f in table.schema])
    with owner.closed(path, always=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.cast(whole), beside, compression="none", row_group_size=1 << 20)
    os.replace(beside, path)


def read_parquet(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """A table that write_parquet wrote. Raises StudyError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            there = [n for n in file.schema_arrow.names if not columns or n in columns]
            return file.read(columns=there, use_threads=True)
    except (pa.ArrowException, OSError):
        raise StudyError(f"{path} is not a readable Parquet file. Delete it and run again.") from None


def _fingerprint(path: Path) -> str:
    """Of the file and of the tables of codes: what a typed copy depends on."""
    there = path.stat()
    # a copy may keep the time of its content; the time of the file's entry it cannot keep
    state = (there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino)
    parts = [str(TYPED_AS), path.name, *map(str, state)]
    parts += [reference.path(name).read_text(encoding="utf-8") for name in ("tedsd/variables.csv", "tedsd/codes.csv")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _read(path: Path, columns: Sequence[str]) -> pa.Table:
    if path.suffix.lower() in TEXT:
        names, delimiter = _header(path)
        wanted = _wanted(_checked(path, names), columns)
        return labels.coded(_delimited(path, wanted, delimiter))
    file = _opened(path)
    wanted = _wanted(_checked(path, file.names), columns)
    return labels.coded(file.read({n: v for n, v in zip(file.names, wanted, strict=True) if v}))


def _opened(path: Path) -> packages.Opened:
    """A file that is not text. Raises StudyError for a format that is not known."""
    if path.suffix.lower() not in packages.SUFFIXES:
        raise StudyError(
            f"{path} is in no format that is read here. Expected one of {', '.join(SUFFIXES)}; unpack archives first."
        )
    return packages.opened(path)


def _wanted(variables: list[str | None], columns: Sequence[str]) -> list[str | None]:
    return [v if v and (not columns or v in columns) else None for v in variables]


def _checked(path: Path, names: Sequence[str]) -> list[str | None]:
    """The variable of each column of the file; None for columns that TEDS-D does not have."""
    found = [codes.variable(name) for name in names]
    twice = sorted({v for v in found if v and found.count(v) > 1})
    if twice:
        raise StudyError(f"{path}: {', '.join(twice)} stands in it more than once. Keep one column of each name.")
    missing = [v for v in REQUIRED if v not in found]
    if missing:
        raise StudyError(
            f"{path} is not a TEDS-D file: it lacks {', '.join(missing)}. Expected SAMHSA's public use file of "
            "discharges with its own column names; the file of admissions, TEDS-A, has no length of stay. "
            "data/README.md says where to get it."
        )
    return found


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line of a text file, and the character that separates them."""
    try:
        with path.open("rb") as file:
            start = file.read(HEADER_BYTES)
    except OSError as wrong:
        raise StudyError(f"{path} cannot be read ({wrong.strerror}).") from None
    if not start.strip():
        raise StudyError(f"{path} is empty. Expected a header and one line per discharge.")
    if b"\0" in start:
        raise StudyError(f"{path} is not a text file, or not UTF-8. Get it again from SAMHSA as CSV.")
    line = start.removeprefix(b"\xef\xbb\xbf").decode("latin-1").splitlines()[0]
    tried = [(next(csv.reader(io.StringIO(line), delimiter=d)), d) for d in DELIMITERS]
    return max(tried, key=lambda found: sum(codes.variable(n) is not None for n in found[0]))


def _delimited(path: Path, wanted: list[str | None], delimiter: str) -> pa.Table:
    """A text file: integers, or text where some cell is none."""
    import pyarrow as pa

    names = [n or f"column {i}" for i, n in enumerate(wanted)]
    taken = [n for n in wanted if n]
    text = dict.fromkeys(taken, pa.dictionary(pa.int32(), pa.string()))
    for types, encoding in (({n: labels.arrow_type(n) for n in taken}, "utf8"), (text, "utf8"), (text, "latin-1")):
        try:
            return _parse(path, names, types, delimiter, encoding)
        except pa.ArrowInvalid:
            continue
    _refuse_shape(path, names, delimiter)
    raise StudyError(f"{path} is not a readable text file. Get it again from SAMHSA as CSV.")


def _parse(
    path: Path,
    names: list[str],
    types: dict[str, pa.DataType],
    delimiter: str,
    encoding: str,
    odd: Callable[[pa.csv.InvalidRow], str] | None = None,
) -> pa.Table:
    """The columns named in types. odd: what is called for a line with more or fewer cells than names."""
    from pyarrow import csv as arrow

    return arrow.read_csv(
        path,
        # lines are counted where only one thread reads
        read_options=arrow.ReadOptions(
            column_names=names, skip_rows=1, block_size=BLOCK_BYTES, encoding=encoding, use_threads=odd is None
        ),
        parse_options=arrow.ParseOptions(delimiter=delimiter, invalid_row_handler=odd),
        convert_options=arrow.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
        ),
    )


def _refuse_shape(path: Path, names: list[str], delimiter: str) -> None:
    """Raise StudyError for the first line that has not as many cells as the header."""
    import pyarrow as pa

    seen: list[tuple[int, int]] = []

    def odd(row: pa.csv.InvalidRow) -> str:
        seen.append((row.number, row.actual_columns))
        return "error"

    try:
        _parse(path, names, {names[0]: pa.string()}, delimiter, "latin-1", odd)
    except pa.ArrowInvalid:
        for line, cells in seen:
            raise StudyError(
                f"{path}, line {line}: {cells} cells, but the header has {len(names)}. Get the file again from SAMHSA."
            ) from None
