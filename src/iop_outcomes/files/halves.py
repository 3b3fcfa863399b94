"""Columns of a workbook in which some dates are cells of dates, and others text that a program did not turn into one.

A spreadsheet that takes the month first turns the text 03/04/2024 into the 4th of March, and leaves 13/04/2024 as it
is: of a column that was written day first, half is text and half are dates, and the dates are wrong. The same happens
the other way round. Such a column reads without an error, whatever format is declared.

It is doubted where cells of dates stand beside text of the form 13/04/2024, unless both show that nothing was turned:
some dates lie beyond the 12th of a month, and enough of the text would itself have been turned; or the text is a stray
cell among many dates that lie all over the month. Text that names the month, or begins with the year, has one reading,
and is not doubted.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

NUMERIC = re.compile(r"\s*(\d{1,2})([-/. ])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d).*", re.DOTALL)
MONTHS = 12
# about four in ten days are no later than the 12th, in text that nothing was done to
ENOUGH = 0.2
# text that is stray: one cell, or this share; among so many dates, of which this share lies beyond the 12th
STRAY, MANY, BEYOND = 0.01, 30, 0.4
# rows that are named
NAMED = 5


def doubt(values: Sequence[object], first: int) -> str:
    """Why the dates of a column cannot be trusted, in words without values; '' where they can.

    values: cells as the workbook has them. first: the row of the first of them in the sheet.
    """
    dates = [v for v in values if isinstance(v, datetime.date)]
    if not dates:
        return ""
    found = {i: NUMERIC.fullmatch(v) for i, v in enumerate(values, first) if isinstance(v, str)}
    texts = {i: (int(m[1]), int(m[3])) for i, m in found.items() if m}
    if not texts:
        return ""
    either = sum(max(parts) <= MONTHS for parts in texts.values())
    beyond = sum(d.day > MONTHS for d in dates)
    stray = len(texts) <= max(1, STRAY * len(dates)) and len(dates) >= MANY and beyond >= BEYOND * len(dates)
    if stray or (beyond and either >= ENOUGH * len(texts)):
        return ""
    shown = ", ".join(map(str, list(texts)[:NAMED])) + ", ..." * (len(texts) > NAMED)
    return (
        f"has two readings: {len(dates)} of its cells are dates, and {len(texts)} hold text such as 13/04/2024 (row"
        f"{'s' * (len(texts) > 1)} {shown}). So a spreadsheet leaves a column behind that it read in the wrong order "
        "of day and month: what could be turned was turned, 03/04/2024 into the 4th of March, and the dates may be as "
        "wrong as the text is right. Get the export as a text file and map that, or import the text again with this "
        "column as text, or as dates in the order in which they were written"
    )
