"""Comma-separated UTF-8 text as the package itself and publishers of data write it, and where files are looked for.

In order: `place` is the path that the settings give; `locate` finds the files of a folder or says which are missing;
`read_csv` reads one as text, with empty cells missing.

Refuses missing files, files that are not comma-separated UTF-8 text, and lines with more or fewer cells than the
header. Messages name files, columns and line numbers, never what stands in a row. Exports of other programs are read by
`files.formats`.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import csv_text

if TYPE_CHECKING:
    import pandas as pd

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
