"""The gate on the way out: nothing leaves the folder `release` that is not declared.

Each file there is one that this run released, by its name; of a known type, by its content as well; of at most 16 MB;
a table has the columns that are declared for it, at most so many rows, and no column that tells people apart. A link to
elsewhere is no file of a release. What is wrong stops the run with the names of files and columns, before the manifest
ties anything. Limits of size and rows are those of OpenSAFELY's output checking (docs/releasing-files).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError

MOST_BYTES = 16 << 20
MOST_ROWS = 5_000
# tables with a row for every cell or point of every question
LONG = {"counts": 50_000, "curves": 50_000, "estimates": 50_000, "diagnostics": 50_000, "ledger": 50_000}
# what is written last, and of which an earlier run may have left its own
LAST = ("manifest.json", "ro-crate-metadata.json")
TYPES = (".csv", ".html", ".json", ".png", ".svg", ".txt", ".yaml")
PNG = b"\x89PNG\r\n\x1a\n"
FIGURES = "figures"

# columns of the figures' data beside those of the released tables
OF_FIGURES: dict[str, str] = {
    "across": "definition of the level along the rows",
    "arm_label": "the arm as the figure names it",
    "care": "level of care",
    "covariate": "the covariate as the figure names it",
    "day": "day from time zero",
    "difference": "first less second",
    "down": "definition of the level along the columns",
    "field": "field of the records",
    "first": "of the first arm, or the first of two levels",
    "first_error": "what protection may have changed the first arm's share by, either way",
    "high": "upper end of a bin",
    "kind": "what is shown: of completeness, of hours",
    "last_day": "longest day that is asked about",
    "low": "lower end of a bin",
    "most": "the greatest height that the records allow on the same day",
    "origin": "level of care that people come from",
    "panel": "the panel of the figure",
    "part": "the part of the figure",
    "people": "people, as they are released",
    "second": "of the second arm, or the second of two levels",
    "second_error": "what protection may have changed the second arm's share by, either way",
    "share": "share of people, from released counts",
    "shown": "the number as the figure writes it",
    "source": "an earlier study as the figure names it, or what is compared here",
    "shrunken": "the difference drawn to the mean of the groups of its modifier",
    "side": "0 first arm, 1 second",
    "size": "the value without its sign",
    "step": "step from one level of care to the next",
    "to": "level of care that people go to",
    "told": "whether the share may be told",
    "truth": "the known truth of a simulated cohort",
    "weighted": "by a weighted method",
    "with_arm": "how strongly a confounder goes along with the arms, as a ratio",
    "with_outcome": "how strongly a confounder goes along with the outcome within an arm, as a ratio",
}


def check(folder: Path, released: Sequence[Path]) -> None:
    """Raise StudyError unless the folder holds the released files alone, each as it is declared.

    folder: the release. released: the files of this run; the manifest may be there beside them.
    """
    declared = {path.resolve() for path in released}
    there = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    links = [path for path in there if path.is_symlink()]
    if links:
        raise StudyError(
            f"{_named(links, folder)}: a link stands in {folder} in place of a file. What it points to was not "
            "released; take it away and run again."
        )
    others = [
        path for path in there if path.resolve() not in declared and path.relative_to(folder).as_posix() not in LAST
    ]
    if others:
        raise StudyError(
            f"{_named(others, folder)}: not part of this release, and yet in {folder}. Nothing may leave with it that "
            "no rule has let out. Move what you want to keep elsewhere, delete the rest, and run again."
        )
    for path in released:
        if wrong := _wrong(path, path.relative_to(folder)):
            raise StudyError(
                f"{path.relative_to(folder).as_posix()} may not leave {folder}: {wrong}. If nobody edited the file, "
                "this is a defect; please report it."
            )


def _wrong(path: Path, name: Path) -> str:
    """What speaks against a file; empty where nothing does."""
    if path.suffix not in TYPES:
        return f"its type {path.suffix or '(none)'} is not among {', '.join(TYPES)}"
    size = path.stat().st_size
    if size > MOST_BYTES:
        return f"it has {size / (1 << 20):.0f} MB, where at most {MOST_BYTES >> 20} are let out"
    content = path.read_bytes()
    if path.suffix == ".png":
        return "" if content.startswith(PNG) else "its content is no PNG image"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "its content is no text in UTF-8"
    if path.suffix == ".csv":
        return _wrong_table(text, name)
    if path.suffix == ".svg" and ("<script" in text.lower() or "<svg" not in text):
        return "it is no drawing, or one with a script"
    return _wrong_json(text) if path.suffix == ".json" else ""


def _wrong_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        return "its content is no JSON"
    return ""


def _wrong_table(text: str, name: Path) -> str:
    """What speaks against a table: a column that is not declared, one that tells people apart, too many rows."""
    from iop_outcomes.tables import TABLES

    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        columns = next(rows, [])
        widths = [len(row) for row in rows]
    except csv.Error:
        return "it cannot be read as a table"
    most = MOST_ROWS if FIGURES in name.parts else LONG.get(name.stem, MOST_ROWS)
    if len(widths) > most:
        return f"it has {len(widths):,} rows, where at most {most:,} are let out"
    if any(width != len(columns) for width in widths):
        return "some of its rows are longer or shorter than its header"
    if telling := sorted(set(columns) & _telling()):
        return f"its column {telling[0]} can tell people apart"
    if FIGURES in name.parts:
        known = {*OF_FIGURES, *(c for t in _released() for c in TABLES[t].columns)}
        unknown = [column for column in columns if column not in known]
        return f"its column {unknown[0]} is not declared for a figure's data" if unknown else ""
    if name.stem not in _released():
        return "no such table is released"
    if columns != list(TABLES[name.stem].columns):
        return f"its columns are not those declared ({', '.join(TABLES[name.stem].columns)})"
    return ""


def _released() -> tuple[str, ...]:
    from iop_outcomes.provenance.dictionary import RELEASED

    return (*RELEASED, "dictionary")


def _telling() -> set[str]:
    """Columns of any table that can tell one person from another."""
    from iop_outcomes.tables import TABLES

    return {name for table in TABLES.values() for name, column in table.columns.items() if column.identifies}


def _named(paths: Iterable[Path], folder: Path) -> str:
    names = [path.relative_to(folder).as_posix() for path in paths]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
