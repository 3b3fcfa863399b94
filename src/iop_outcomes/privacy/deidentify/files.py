"""Read the tables of an export as frames, and write what came of them: comma-separated UTF-8 text, or Parquet.

A table is a file, or a sheet of a workbook: of one with several, each that is shown and not empty, unless some are
named. All are read as a mapping reads them (`iop_outcomes.files`), as text; Parquet keeps its types, and is written as
Parquet. What a file says of itself (metadata, indexes) is not carried over.

Rows that cannot be trusted are set aside: it cannot be said whose their cells are, so nothing of them is written, and
they are counted under their rule. Refuses other kinds of files, options that no file takes, files of which so many rows
cannot be trusted that it is the file that is misread, and columns of dates with two readings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import columnar, csv_text, day_counts, formats, spreadsheet, text_cells

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET = ".csv", ".parquet"
# the share of rows that may be set aside, as `max_quarantined_share` of a study has it
MOST = 0.05


@dataclass(frozen=True)
class Part:
    """A table of an export: its file, how it is read, what messages call it, and the name under which it is written."""

    path: Path
    options: Mapping[str, object]
    name: str
    target: str


@dataclass(frozen=True)
class Contents:
    """What stands in a table. set_aside: rows that cannot be trusted, by rule. doubts: as in text_cells.Cells."""

    frame: pd.DataFrame
    set_aside: Mapping[str, int] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)


def parts(paths: Sequence[Path], options: Mapping[str, object] = {}) -> list[Part]:
    """The tables of the files, in order. options: those of `formats.read`; sheet: names or numbers of several.

    Raises StudyError for files of other kinds, missing ones, two of one name, and options that no file takes.
    """
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
    found = [part for path in paths for part in _parts(path, options)]
    names = [part.target for part in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyError(f"Several tables would be written as {', '.join(twice)}. Rename their files.")
    return found


def _parts(path: Path, options: Mapping[str, object]) -> Iterator[Part]:
    given = {name: value for name, value in options.items() if name in formats.options_of(path)}
    stem = path.name[: len(path.name) - len(formats.suffix(path))]
    if "sheet" not in formats.options_of(path):
        as_it_is = formats.suffix(path) in (CSV, PARQUET)
        yield Part(path, given, path.name, path.name if as_it_is else f"{stem}{CSV}")
        return
    sheets = _sheets(path, given.pop("sheet", None))
    for sheet in sheets:
        # by number: the name of a sheet may be a person's
        several = len(sheets) > 1
        told = f"{path.name}, sheet {sheet}" if several else path.name
        yield Part(path, {**given, "sheet": sheet}, told, f"{stem}_{sheet}{CSV}" if several else f"{stem}{CSV}")


def _sheets(path: Path, asked: object) -> list[int]:
    """The numbers of the sheets that are meant. Raises StudyError."""
    if asked is None:
        return spreadsheet.filled(path) or [1]
    named = [asked] if isinstance(asked, str | int) else list(asked) if isinstance(asked, Sequence) else []
    return [spreadsheet.number(path, sheet) for sheet in named]


def read(part: Part, serials: Collection[str] = ()) -> Contents:
    """What stands in a table. serials: columns that hold Excel's serial numbers. Raises StudyError."""
    if formats.suffix(part.path) == PARQUET:
        return Contents(columnar.typed(part.path))
    cells = formats.read(part.path, part.options)
    rules = Counter(map(str, cells.broken))
    _refuse_misread(part, rules, len(cells.frame))
    frame = cells.frame.drop(index=list(cells.broken.index)).reset_index(drop=True)
    frame = day_counts.counted(frame, dict.fromkeys(serials), cells.shift)
    return Contents(frame.astype(object).mask(frame.isna(), other=None), dict(sorted(rules.items())), cells.doubts)


def _refuse_misread(part: Part, rules: Mapping[str, int], rows: int) -> None:
    count = sum(n for rule, n in rules.items() if rule not in text_cells.OF_NOBODY)
    if count > MOST * rows:
        raise StudyError(
            f"{part.name}: {count} of {rows} rows cannot be trusted ({', '.join(sorted(rules))}). Correct or remove "
            "them, as it cannot be said whose cells are whose; if the wrong mark parts the cells, name it with "
            "--delimiter."
        )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame in the form that the name of the file says; the same frame gives the same bytes."""
    if path.suffix.lower() == CSV:
        csv_text.write(frame, path, encoding="utf-8")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), path)
