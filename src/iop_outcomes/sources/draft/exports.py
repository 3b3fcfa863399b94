"""The tables of an unknown export: which files there are, and what their columns hold.

In order: folders give the files in them whose names tell a format; each file, and each filled sheet of a workbook, is
read as text; files with the same columns are one table; each column gets a profile: its distinct texts with their
number of rows, texts that mean missing, and what the identifier gate says of it.

A file that cannot be read is told by name and reason, and left out, as are rows that cannot be trusted. Names of
columns that may be a person's values are not shown. Refuses when nothing at all could be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats, spreadsheet
from iop_outcomes.sources.draft.synonyms import known

if TYPE_CHECKING:
    import pandas as pd

# texts that mean missing in any column, and numbers that mean missing in columns that hold no days
MISSING = frozenset({"na", "n/a", "#n/a", "null", ".", "-", "--", "nan"})
MISSING_NUMBERS = frozenset({"-7", "-8", "-9", "-99", "-999"})

# so many known names make a first line a header
KNOWN_NAMES = 2

# how a table is read, and its columns
Key = tuple[tuple[tuple[str, object], ...], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    counts: rows by distinct text, without texts that mean missing. missing: those of them that occur. rules: rules of
    the identifier gate that it breaks. shown: its name may be written down.
    """

    name: str
    position: int
    counts: pd.Series
    missing: tuple[str, ...]
    rules: tuple[str, ...]
    shown: bool

    @cached_property
    def filled(self) -> int:
        """Cells that hold something."""
        return int(self.counts.sum())

    def share(self, pattern: str) -> float:
        """The share of filled cells that have the pattern as a whole."""
        if not self.filled:
            return 0.0
        fits = self.counts.index.to_series().astype("string").str.fullmatch(pattern).to_numpy(bool)
        return float(self.counts[fits].sum() / self.filled)


@dataclass(frozen=True, eq=False)
class Export:
    """One table: the files it stands in (within the folder), how to read them, their rows as text, its columns."""

    files: tuple[str, ...]
    options: Mapping[str, object]
    frame: pd.DataFrame
    columns: tuple[Column, ...]

    @property
    def label(self) -> str:
        """The table in words, for comments."""
        sheet = f", sheet {self.options['sheet']}" if "sheet" in self.options else ""
        return f"{', '.join(self.files)}{sheet}"


@dataclass(frozen=True)
class Found:
    """What files hold: their common folder, the tables in them, and in words what could not be read."""

    folder: str
    exports: tuple[Export, ...]
    unread: tuple[str, ...]


def collect(paths: Sequence[Path], options: Mapping[str, object] = {}) -> Found:
    """The tables of the files. options: delimiter, encoding and labels, for those that take them. Raises StudyError."""
    files = _files(paths)
    folder = os.path.commonpath([str(path.parent) for path in files])
    tables: dict[Key, list[tuple[str, pd.DataFrame]]] = {}
    unread: list[str] = []
    for path in files:
        for asked in _ways(path, options):
            try:
                cells = formats.read(path, asked)
            except StudyError as wrong:
                unread.append(str(wrong))
                continue
            if len(cells.broken):
                unread.append(f"{cells.where}: some rows ({', '.join(sorted(set(cells.broken)))}), which are set aside")
            unread += [
                f"{cells.where}: the dates in column {list(cells.frame).index(name) + 1}, which {why}"
                for name, why in cells.doubts.items()
            ]
            within = Path(os.path.relpath(path, folder)).as_posix()
            key = (tuple(asked.items()), tuple(cells.frame.columns))
            tables.setdefault(key, []).append((within, cells.frame.drop(index=cells.broken.index)))
    if not tables:
        raise StudyError(f"None of the files could be read. {' '.join(unread)}")
    return Found(folder, tuple(_export(key, parts) for key, parts in tables.items()), tuple(unread))


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and those of known formats in the folders that are named. Raises StudyError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [
                p for p in path.iterdir() if p.is_file() and formats.known(p) and not p.name.startswith((".", "~$"))
            ]
            if not inside:
                raise StudyError(f"The folder {path} holds no file of a known format: {', '.join(formats.FORMATS)}.")
            found += sorted(inside)
        elif path.is_file():
            found.append(path)
        else:
            raise StudyError(f"{path} does not exist. Name files of an export, or the folder that holds them.")
    return list(dict.fromkeys(found))


def _ways(path: Path, options: Mapping[str, object]) -> list[dict[str, object]]:
    """How to read each table of a file: a workbook may have several."""
    takes = formats.options_of(path)
    given = {name: value for name, value in options.items() if value is not None and name in takes}
    if "sheet" not in takes:
        return [given]
    try:
        numbers = spreadsheet.filled(path)
    except StudyError:
        return [given]  # reading it tells why
    return [{**given, "sheet": n} for n in numbers] if len(numbers) > 1 else [given]


def _export(key: Key, parts: list[tuple[str, pd.DataFrame]]) -> Export:
    import pandas as pd

    frame = _spelt(pd.concat([f for _, f in parts], ignore_index=True))
    return Export(tuple(name for name, _ in parts), dict(key[0]), frame, tuple(_columns(frame)))


def _spelt(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells without what programs add to them: `1.0` is 1 where no cell of its column has another fraction."""
    import pandas as pd

    from iop_outcomes.spelling import forms

    respelt = {}
    for name in frame.columns:
        codes, distinct = pd.factorize(frame[name])
        neat = [str(c) for c in forms.all_tidy(list(distinct))]
        of = forms.column(neat)
        plain = [forms.unmarked(c, of) for c in neat]
        if plain != list(distinct):
            respelt[name] = pd.Series([*plain, None], dtype=object).take(codes).set_axis(frame.index)
    return frame.assign(**respelt)


def _columns(frame: pd.DataFrame) -> Iterable[Column]:
    from iop_outcomes.privacy import identifiers
    from iop_outcomes.privacy.identifiers import contents, scan
    from iop_outcomes.privacy.identifiers.names import trusted

    held = list(contents.columns(frame))
    rules: dict[int, list[str]] = {}
    for finding in identifiers.findings(frame):
        rules.setdefault(finding.position, []).append(finding.rule)
    names = [column.name for column in held]
    header = trusted(names, scan.repeated(held)) or sum(known(name) for name in names) >= KNOWN_NAMES
    for position, name in enumerate(frame.columns, 1):
        counts = frame[name].value_counts(sort=False).sort_index()
        absent = [text for text in counts.index if text.lower() in MISSING]
        yield Column(
            name,
            position,
            counts.drop(absent),
            tuple(absent),
            tuple(dict.fromkeys(rules.get(position, ()))),
            header and len(name) <= scan.LONGEST_NAME and not scan.in_text(name),
        )
