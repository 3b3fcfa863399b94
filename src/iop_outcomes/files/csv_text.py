"""CSV that people open in a spreadsheet: no cell is taken for a formula, and nothing is changed for those who read it.

A spreadsheet computes a cell that begins with = + - @ (a tab, a line end, their full-width forms), also behind blanks
and quotation marks. Such text gets an apostrophe in front, by which a spreadsheet knows text; numbers stay as they are.
Text that begins with apostrophes before such a sign gets one more, so that `restored` undoes `shielded` exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# white space and signs that a spreadsheet skips before a formula, and what begins one
SKIPPED = '[\\s"\u201c\u201d\u200b\u200e\u2060\ufeff]*'
FORMULA = re.compile(f"'*(?:[\t\r\n]|{SKIPPED}[=+\\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe63\ufe62\ufe66\ufe6b])")
# the same in bytes of UTF-8, for a first look
SHIELDED = re.compile(b"'(?:['\"\\s=+@-]|[\xc2-\xef])")
NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")


def shielded(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def restored(cell: str) -> str:
    """The text of a cell that `shielded` made; any other cell as it is."""
    bare = cell[1:]
    return bare if cell[:1] == "'" and FORMULA.match(bare) and not NUMBER.fullmatch(bare) else cell


def write(frame: pd.DataFrame, path: Any = None, **options: Any) -> str | None:
    """A frame as CSV with '\\n' at the ends of lines, without its index; a text where no path is given.

    options: those of pandas.DataFrame.to_csv.
    """
    made: str | None = _each(frame, shielded).to_csv(path, index=False, lineterminator="\n", **options)
    return made


def read(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of text cells as `write` was given them."""
    return _each(frame, restored)


def _each(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The names and the texts of a frame changed."""
    import pandas as pd

    columns = {at: over(frame.iloc[:, at], change) for at in range(frame.shape[1])}
    names = [change(name) if isinstance(name, str) else name for name in frame.columns]
    return pd.DataFrame(columns, index=frame.index).set_axis(names, axis=1)


def over(values: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """The texts of a column changed, each distinct one once; what is no text stays."""
    if values.dtype.kind in "biufcmM":
        return values
    texts = (text for text in values.astype(object).unique() if isinstance(text, str))
    changed = {text: new for text in texts if (new := change(text)) != text}
    if not changed:
        return values
    return values.astype(object).map(lambda cell: changed.get(cell, cell) if isinstance(cell, str) else cell)


def may_hold(content: bytes) -> bool:
    """Whether some cell of a file may have been shielded: a search of its bytes that costs little."""
    return SHIELDED.search(content) is not None
