"""Read any file or database into text cells. What the cells mean is decided by the mapping, not here.

`read` takes a file by the suffix of its name; `query` takes a SQL query. Both give `Cells`: a frame with one str or
None per cell, and the rows that cannot be trusted. Typed formats are written as text: dates and times in ISO form,
whole numbers without a fraction, true and false; missing values of every kind are None.

Refuses suffixes that are not known, options that a format does not have, and what each format refuses. Messages name
files, columns and lines, never what stands in a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from iop_outcomes.errors import StudyError
from iop_outcomes.files import columnar, database, delimited, r_files, spreadsheet, statistical
from iop_outcomes.files.text_cells import Cells

TEXT = (".csv", ".tsv", ".txt", ".dat")

# the module that reads files of a suffix
FORMATS: dict[str, ModuleType] = {
    **dict.fromkeys((*TEXT, *(f"{suffix}.gz" for suffix in TEXT)), delimited),
    **dict.fromkeys((".parquet",), columnar),
    **dict.fromkeys((".dta", ".sav", ".zsav", ".por", ".sas7bdat", ".xpt"), statistical),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), spreadsheet),
    **dict.fromkeys((".rds", ".rdata", ".rda"), r_files),
}
# what may be said about the files of a module
OPTIONS: dict[ModuleType, tuple[str, ...]] = {
    delimited: ("delimiter", "encoding"),
    columnar: (),
    statistical: ("encoding", "labels"),
    spreadsheet: ("sheet",),
    r_files: (),
}

__all__ = ["FORMATS", "Cells", "known", "options_of", "query", "read"]


def suffix(path: Path) -> str:
    """The known suffix that the name ends in, or ''."""
    return next((s for s in sorted(FORMATS, key=len, reverse=True) if path.name.lower().endswith(s)), "")


def known(path: Path) -> bool:
    """Whether the name of a file tells a format that can be read."""
    return bool(suffix(path))


def options_of(path: Path) -> tuple[str, ...]:
    """The options that files of this name take."""
    format_ = FORMATS.get(suffix(path))
    return () if format_ is None else OPTIONS[format_]


def read(path: Path, options: Mapping[str, object] = {}) -> Cells:
    """A file as text cells.

    options: delimiter and encoding of text, encoding and labels (labels: true for labels in place of codes) of Stata,
    SPSS and SAS, sheet (name or number) of a workbook; those that are None are not given. Raises StudyError.
    """
    path = Path(path)
    format_ = FORMATS.get(suffix(path))
    if format_ is None:
        raise StudyError(
            f"{path.name}: its name does not tell a format that can be read. Expected one of {', '.join(FORMATS)}. "
            "Rename the file, or export it in one of these."
        )
    given = {name: value for name, value in options.items() if value is not None}
    strange = [name for name in given if name not in OPTIONS[format_]]
    if strange:
        expected = f"only {', '.join(OPTIONS[format_])}" if OPTIONS[format_] else "no option"
        raise StudyError(f"{path.name}: files of this format take {expected}. Remove {', '.join(strange)}.")
    if not path.is_file():
        raise StudyError(f"{path.name} does not exist, or is not a file. Check the path.")
    found: Cells = format_.read(path, given)
    return found


def query(url_env: str, sql: str, where: str) -> Iterator[Cells]:
    """The rows of a SQL query in batches, at least one, each with all columns.

    url_env: name of the environment variable that holds the address. where: 'query of <table>'. Raises StudyError.
    """
    return database.query(url_env, sql, where)
