"""Lengths of time in a column of numbers: 01:30:00 is an hour and a half, whatever the column counts in.

Workbooks, Stata, SPSS, SAS and R keep a length of time as a number with a display format; it is read as hours, minutes
and seconds, and means the same beside any `unit`. In order: text of three parts (36:15:00, 1 day 02:30:00) or of ISO
8601 (PT1H30M) is brought to the unit of the file's numbers; text of two parts is read as the unit says, hours_minutes
(1:30 is 90 minutes) or minutes_seconds (45:00 is 45 minutes).

Refuses text of two parts where neither is declared: 45:00 may be either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

# seconds in one of what a canonical column is counted in; in others a length of time has no place
SECONDS = {"minutes": 60, "hours a week": 3600, "days": 86_400}
# units of text with a colon, and seconds in the first part and the second
CLOCKS = {"hours_minutes": (3600, 60), "minutes_seconds": (60, 1)}

THREE_PARTS = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d{1,6})(?: days?,?)? )?"
    r"(?P<hours>\d{1,6}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d(?:\.\d*)?)",
    re.ASCII,
)
ISO = re.compile(
    r"(?P<sign>-?)P(?=.)(?:(?P<days>\d{1,6})D)?(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d*)?)S)?)?",
    re.ASCII,
)
TWO_PARTS = re.compile(r"(-?)(\d{1,6}):([0-5]\d)", re.ASCII)
PARTS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def as_numbers(
    name: str, text: pd.Series, canonical: str, unit: str | None, factor: float, decimal: str = "point"
) -> pd.Series:
    """The cells, lengths of time among them as numbers in the unit of the file. Raises StudyError.

    name: table.column, for messages. text: distinct cells, one str or None each. canonical: the unit of the canonical
    column. unit, decimal: as the mapping says them. factor: the canonical unit per unit of the file.
    """
    if canonical not in SECONDS:
        return text
    told = text.astype("string").str.contains(r":|^-?P[0-9T]", na=False).astype(bool)
    if not told.any():
        return text
    one = SECONDS[canonical] * factor
    cells = [str(cell) for cell in text[told]]
    found = [_seconds(cell, unit) for cell in cells]
    if unit not in CLOCKS and (doubtful := sum(bool(TWO_PARTS.fullmatch(cell)) for cell in cells)):
        raise StudyError(
            f"{name}: {doubtful} different cells have the form 1:30, which may be hours and minutes or minutes and "
            "seconds. Look up which, and declare `unit: hours_minutes` or `unit: minutes_seconds` for that column in "
            "the mapping."
        )
    known = [None if seconds is None else repr(seconds / one) for seconds in found]
    if decimal == "comma":
        known = [number and number.replace(".", ",") for number in known]
    changed = text.copy()
    changed[told] = [number or cell for number, cell in zip(known, cells, strict=True)]
    return changed


def _seconds(cell: str, unit: str | None) -> float | None:
    """The seconds in a length of time; None where a cell is none, or one of two parts that are not declared."""
    whole = THREE_PARTS.fullmatch(cell) or ISO.fullmatch(cell)
    if whole:
        parts = whole.groupdict()
        total = sum(size * float(parts[part] or 0) for part, size in PARTS.items())
        return -total if parts["sign"] else total
    two = TWO_PARTS.fullmatch(cell)
    if two and unit in CLOCKS:
        first, second = CLOCKS[unit]
        total = first * float(two[2]) + second * float(two[3])
        return -total if two[1] else total
    return None
