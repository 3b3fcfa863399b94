"""What a file or a query gives: text cells, and the rows that cannot be trusted.

In order: `text` turns one value of a typed format into text and `column` many; `headed` puts rows under the names in
the first line. There, columns without a name in which nothing stands and empty rows at the end are left out: a
spreadsheet leaves both behind. Empty rows between others, and lines that are the header again, are kept and reported.

Refuses names that are missing or occur twice, and a first line that looks like data. Messages tell columns by
position: in a file without a header the names would be a person's values.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

# what is cut from both ends of a cell: white space as Python knows it, and the byte-order mark
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# above this a double no longer holds every whole number
WHOLE_BELOW = 2.0**53
# rows in which names of columns are looked for, to see a file without a header
LOOKED_AT = 1000

LETTER = re.compile(r"[^\W\d_]")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")

EMPTY_ROW = "empty row"
HEADER_AGAIN = "header repeated"
# rules of rows that hold nothing of anybody
OF_NOBODY = (EMPTY_ROW, HEADER_AGAIN)


@dataclass(frozen=True)
class Cells:
    """One table of text.

    frame: one str or None per cell, object columns, rows in the order of the source. broken: the rule that a row
    breaks, by position of the row from 0; empty when all can be trusted. where: the file's name or 'query of <table>'.
    shift: days to add to Excel's serial numbers, so that they count from 1899-12-30. doubts: by column, why its dates
    cannot be trusted. apart: by column, missing values that the file keeps apart (`special_missing`), a text or None
    per row; in the frame they are missing.
    """

    frame: pd.DataFrame
    broken: pd.Series
    where: str
    shift: int = 0
    doubts: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, pd.Series] = field(default_factory=dict)


def _number(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < WHOLE_BELOW else repr(value)


def _decimal(value: decimal.Decimal) -> str | None:
    if value.is_nan():
        return None
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _length(value: datetime.timedelta) -> str:
    return length(round(value.total_seconds()))


def length(seconds: int) -> str:
    """A length of time as hours, minutes and seconds, however many hours: 36:15:00."""
    sign, seconds = "-" * (seconds < 0), abs(seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _moment(value: datetime.datetime) -> str | None:
    return None if value != value else value.isoformat()  # NaT is not equal to itself


# how a value of each type is written; the first that fits
WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[..., str | None]], ...] = (
    (str, lambda value: value.strip(BLANKS) or None),
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (float, _number),
    (decimal.Decimal, _decimal),
    (datetime.datetime, _moment),
    ((datetime.date, datetime.time), lambda value: value.isoformat()),
    (datetime.timedelta, _length),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex() or None),
    ((list, tuple, dict), lambda value: json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)),
)


def text(value: object) -> str | None:
    """A value as text: ISO dates and times, whole numbers without a fraction, true and false; None when missing."""
    if value is None:
        return None
    for types, write in WRITTEN:
        if isinstance(value, types):
            return write(value)
    return str(value)


def column(values: Iterable[object]) -> list[str | None]:
    """Many values as text. Equal values share one str: a table of codes stays small."""
    known: dict[tuple[type, object], str | None] = {}
    written: list[str | None] = []
    for value in values:
        try:
            key = (type(value), value)
            if key not in known:
                known[key] = text(value)
            written.append(known[key])
        except TypeError:  # lists and dicts of a database cannot be looked up
            written.append(text(value))
    return written


def refuse_doubted(where: str, doubts: Mapping[str, str], dated: Collection[str]) -> None:
    """Raise StudyError where a column of dates holds two readings. doubts: as in Cells; dated: columns of dates."""
    doubted = [f"the column '{name}' {why}" for name, why in doubts.items() if name in dated]
    if doubted:
        raise StudyError(f"{where}: {'; '.join(doubted)}.")


def plain(names: Iterable[str]) -> list[str]:
    """Names of columns on one line each, without blanks at the ends."""
    return [" ".join(name.strip(BLANKS).split()) for name in names]


def checked(where: str, names: Sequence[str]) -> list[str]:
    """Names that a format declares, on one line each. Raises StudyError for names that are missing or occur twice."""
    names = plain(names)
    _check_names(where, names, range(1, len(names) + 1))
    return names


def named(
    where: str, names: Sequence[str], columns: Sequence[Sequence[str | None]], broken: Mapping[int, str] = {}
) -> Cells:
    """Cells from text columns of a format that declares their names. Raises StudyError for names that occur twice."""
    import pandas as pd

    names = checked(where, names)
    index = pd.RangeIndex(len(columns[0]) if columns else 0)
    data = {
        name: pd.Series(list(values), index=index, dtype=object) for name, values in zip(names, columns, strict=True)
    }
    return Cells(pd.DataFrame(data, index=index, columns=pd.Index(names, dtype=object)), _broken(broken), where)


def headed(where: str, names: Sequence[str], frame: pd.DataFrame, broken: Mapping[int, str] = {}) -> Cells:
    """Cells under the names of a first line.

    names: one per column of frame, blank where the line has none. frame: text cells. broken: rules by position of row.
    Raises StudyError.
    """
    names = plain(names)
    kept = [i for i, name in enumerate(names) if name or frame.iloc[:, i].notna().any()]
    if len(kept) < len(names):
        names, frame = [names[i] for i in kept], frame.iloc[:, kept]
    if not names:
        raise StudyError(
            f"{where} is empty. Expected the names of the columns in the first line, and one line per row."
        )
    _check_names(where, names, [i + 1 for i in kept])
    frame = frame.set_axis(names, axis=1)
    rules = {**_empty(frame), **_again(frame), **broken}
    rows = _last_filled(frame, rules)
    if rows < len(frame):
        frame = frame.iloc[:rows]
        rules = {row: rule for row, rule in rules.items() if row < rows}
    _check_header(where, frame.iloc[:LOOKED_AT].drop(index=[r for r in rules if r < LOOKED_AT], errors="ignore"))
    return Cells(frame, _broken(rules), where)


def _broken(rules: Mapping[int, str]) -> pd.Series:
    import pandas as pd

    rows = sorted(rules)
    return pd.Series([rules[r] for r in rows], index=pd.Index(rows, dtype="int64"), dtype=object)


def _check_names(where: str, names: Sequence[str], positions: Sequence[int]) -> None:
    """positions: where each name stands in the first line, from 1; messages tell them in place of the names."""
    missing = [at for at, name in zip(positions, names, strict=True) if not name]
    if missing:
        raise StudyError(
            f"{where}: the first line gives no name to {_columns(missing)}. Expected the name of each "
            "column in the first line: remove titles above the header, name the column, or remove it."
        )
    twice = [at for at, name in zip(positions, names, strict=True) if names.count(name) > 1]
    if twice:
        raise StudyError(
            f"{where}: names of columns occur more than once, in {_columns(twice)}. Give each column its own name."
        )


def _columns(positions: Sequence[int]) -> str:
    shown = ", ".join(map(str, positions[:5])) + ", ..." * (len(positions) > 5)
    return f"column{'s' * (len(positions) > 1)} {shown}"


def _check_header(where: str, frame: pd.DataFrame) -> None:
    """Values in place of names: a date, an address, or many that have no letter or stand in their own column too."""
    names = list(frame.columns)
    certain = any(DATE.match(name) or "@" in name for name in names)
    doubtful = sum(not LETTER.search(name) or bool((frame[name] == name).any()) for name in names)
    if certain or 2 * doubtful >= len(names):
        raise StudyError(
            f"{where}: the first line looks like data, not like names of columns. Expected a header: put the name of "
            "each column into the first line."
        )


def _empty(frame: pd.DataFrame) -> dict[int, str]:
    import numpy as np

    rows = np.flatnonzero(frame.iloc[:, 0].isna())
    filled = frame.iloc[rows].notna().any(axis=1).to_numpy()
    return dict.fromkeys(rows[~filled].tolist(), EMPTY_ROW)


def _again(frame: pd.DataFrame) -> dict[int, str]:
    import numpy as np

    rows = np.flatnonzero(frame.iloc[:, 0] == frame.columns[0])
    same = (frame.iloc[rows] == frame.columns.to_numpy()).all(axis=1).to_numpy()
    return dict.fromkeys(rows[same].tolist(), HEADER_AGAIN)


def _last_filled(frame: pd.DataFrame, rules: Mapping[int, str]) -> int:
    rows = len(frame)
    while rows and rules.get(rows - 1) == EMPTY_ROW:
        rows -= 1
    return rows
