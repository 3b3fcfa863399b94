"""Delimited rows read in one sweep by Arrow, where nothing in them can be read in two ways.

In order: every quotation mark is looked at: it must open a cell right after a delimiter or a line's start, close it
right before one, or be doubled inside it; Arrow then splits the bytes into columns of text; blanks are cut off, and
empty cells are missing.

Gives None, and leaves the rows to the careful reader, for everything else: one column only, other quotation marks,
rows that differ from the header in their number of cells, bytes that are not UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iop_outcomes.files.text_cells import BLANKS

if TYPE_CHECKING:
    import pandas as pd

QUOTE = ord('"')
LINE_ENDS = (ord("\n"), ord("\r"))
# bytes looked at in one go, and the longest row
CHUNK = 1 << 24
BLOCK = 1 << 22


def read(body: memoryview, delimiter: str, width: int) -> pd.DataFrame | None:
    """The rows below a header as text, columns by number from 0; None where they call for care.

    body: UTF-8 without the header. width: cells in the header.
    """
    import pyarrow as pa
    from pyarrow import csv

    if width < 2 or len(delimiter.encode()) > 1 or not bytes(body[:BLOCK]).strip():
        return None
    quoted = quoting(body, ord(delimiter))
    if quoted is None:
        return None
    names = [str(i) for i in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            csv.ReadOptions(column_names=names, block_size=BLOCK),
            csv.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted),
            csv.ConvertOptions(column_types={n: pa.string() for n in names}),
        )
    except pa.ArrowInvalid:
        return None
    return frame(table)


def frame(table: Any) -> pd.DataFrame:
    """An Arrow table of text columns as cells, columns by number."""
    import pandas as pd

    return pd.DataFrame({i: trimmed(values).to_pandas() for i, values in enumerate(table.columns)}, dtype=object)


def trimmed(values: Any) -> Any:
    """Arrow text without blanks at the ends; empty text is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cut = pc.utf8_trim(values, characters=BLANKS)
    return pc.if_else(pc.equal(cut, ""), pa.scalar(None, cut.type), cut)


def quoting(body: memoryview, delimiter: int) -> bool | None:
    """Whether there are quotation marks at all; None where one stands at a place that can be read in two ways."""
    import numpy as np

    whole = np.frombuffer(body, dtype=np.uint8)
    border = np.zeros(256, dtype=bool)
    border[[delimiter, QUOTE, *LINE_ENDS]] = True
    seen = 0
    for start in range(0, len(whole), CHUNK):
        marks = start + np.flatnonzero(whole[start : start + CHUNK] == QUOTE)
        opening, closing = (marks[(seen + np.arange(len(marks))) % 2 == side] for side in (0, 1))
        seen += len(marks)
        before = border[whole[np.maximum(opening - 1, 0)]] | (opening == 0)
        after = border[whole[np.minimum(closing + 1, len(whole) - 1)]] | (closing == len(whole) - 1)
        if not (before.all() and after.all()):
            return None
    return None if seen % 2 else seen > 0
