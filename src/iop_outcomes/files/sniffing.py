"""What separates the cells of a text file, told from its first lines.

In order: a first line 'sep=;' as Excel writes it decides; else each of comma, semicolon, tab and pipe is tried on the
first lines. One that gives the header at least two cells, and most lines as many cells as the header, fits; exactly one
must fit. Where none occurs the file has one column.

Refuses when two fit, or when lines hold one that the header does not.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files.text_cells import BLANKS

if TYPE_CHECKING:
    from _csv import Reader

WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
NAMES = {sign: word for word, sign in WORDS.items()}
LINES = 200
# share of the first lines that must have as many cells as the header
MOST = 0.5

EXCEL = re.compile(r'"?sep=(.)"?[ ,;\t|]*(\r\n|\r|\n)')


def given(where: str, delimiter: object) -> str:
    """A delimiter as the study says it, by sign or by word. Raises StudyError."""
    sign = WORDS.get(str(delimiter).lower(), str(delimiter))
    if len(sign) != 1 or sign.isalnum() or sign in '"\r\n':
        raise StudyError(
            f"{where}: `delimiter` must be one sign that no value holds, or one of {', '.join(WORDS)}. A file with "
            "cells of fixed width, or with blanks between cells, has to be exported again."
        )
    return sign


def rows(text: str, delimiter: str) -> Reader:
    """The rows of delimited text, blank lines among them as []. Raises csv.Error."""
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)


def fits(row: Sequence[str], width: int) -> bool:
    """The row has as many cells as the header; cells beyond it in which nothing stands do not count."""
    return len(row) == width or (len(row) > width and not any(cell.strip(BLANKS) for cell in row[width:]))


def sniff(where: str, text: str, whole: bool) -> str:
    """The delimiter of a file that begins with text. whole: text is the whole file. Raises StudyError."""
    first = {sign: _first_rows(text, sign, whole) for sign in NAMES}
    fitting = [sign for sign, found in first.items() if found and len(found[0]) > 1 and _agreeing(found) >= MOST]
    if len(fitting) == 1:
        return fitting[0]
    if fitting or any(_occurs(found) for found in first.values()):
        which = " and ".join(NAMES[sign] for sign in fitting) or f"none of {', '.join(WORDS)}"
        raise StudyError(
            f"{where}: what separates its cells cannot be told: {which} would fit both the header and the lines below. "
            f"Remove titles above the header, or say `delimiter`: {', '.join(WORDS)}, or another sign."
        )
    return ","


def _first_rows(text: str, delimiter: str, whole: bool) -> list[list[str]]:
    """The first rows that are not blank, up to the first that cannot be read."""
    found: list[list[str]] = []
    cut = not whole  # the last line may be cut off
    try:
        for row in rows(text, delimiter):
            if any(cell.strip(BLANKS) for cell in row):
                found.append(row)
            if len(found) > LINES:
                break
    except csv.Error:
        cut = False  # the line that is cut off was not counted
    return found[:-1] if cut and len(found) > 1 else found


def _occurs(found: list[list[str]]) -> bool:
    """The delimiter stands in the header, or in most rows below it."""
    return len(found) > 0 and (len(found[0]) > 1 or sum(len(row) > 1 for row in found) > MOST * len(found))


def _agreeing(found: list[list[str]]) -> float:
    """Share of the rows that have as many cells as the first."""
    return sum(fits(row, len(found[0])) for row in found) / len(found)
