"""Text as numbers: the value of a cell, or the rule that it breaks.

In order: text that is a number with a decimal point (or comma, where that is declared) is read and brought to the
canonical unit; whole numbers must be whole then. What is left is told apart: a comma, or a point, where the other was
declared, a separator of thousands, or not a number at all. 1,234 may be either of two numbers and is neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.sources import reading

if TYPE_CHECKING:
    import pandas as pd

# nothing that is counted here is larger, and everything below is exact
LARGEST = 1e9 - 1

THOUSANDS = {
    "point": r"[+-]?[0-9]{1,3}(?:[ ',\u00a0\u202f][0-9]{3}){2,}(?:\.[0-9]*)?"
    r"|[+-]?[0-9]{1,3}(?:[ '\u00a0\u202f][0-9]{3})(?:\.[0-9]*)?|[+-]?[0-9]{1,3}(?:,[0-9]{3})\.[0-9]*",
    "comma": r"[+-]?[0-9]{1,3}(?:[ '.\u00a0\u202f][0-9]{3}){2,}(?:,[0-9]*)?"
    r"|[+-]?[0-9]{1,3}(?:[ '\u00a0\u202f][0-9]{3})(?:,[0-9]*)?|[+-]?[0-9]{1,3}(?:\.[0-9]{3}),[0-9]*",
}
OTHER_MARK = {
    "point": ("decimal comma", r"[+-]?[0-9]*,[0-9]+"),
    "comma": ("decimal point", r"[+-]?[0-9]*\.[0-9]+"),
}


def parse(text: pd.Series, whole: bool, decimal: str = "point", factor: float = 1) -> tuple[pd.Series, pd.Series]:
    """Values in the canonical unit (Int64 or float64), and the rule that each cell breaks.

    text: one str or None per cell. decimal: 'point' or 'comma'. factor: the canonical unit per unit of the file.
    """
    import pandas as pd

    cells = text.astype("string")
    other, mark = OTHER_MARK[decimal]
    strange = cells.str.fullmatch(mark).fillna(False).astype(bool)
    pointed = cells.str.replace(",", ".", regex=False) if decimal == "comma" else cells
    fits = pointed.str.fullmatch(reading.NUMBER).fillna(False).astype(bool)
    if decimal == "comma":
        fits &= ~strange
    values = pd.Series(pd.to_numeric(pointed.where(fits), errors="coerce"), index=text.index, dtype="float64") * factor
    # a unit of a third leaves 20.000000000000004 minutes where 20 are meant
    values = values.round(9).where(values.abs() <= LARGEST)
    if whole:
        values = values.where(values == values.round())
    rule = pd.Series(None, index=text.index, dtype=object)
    unread = text.notna() & values.isna()
    rule = rule.mask(unread, "unreadable")
    rule = rule.mask(unread & cells.str.fullmatch(THOUSANDS[decimal]).fillna(False).astype(bool), "thousands separator")
    rule = rule.mask(unread & strange, other)
    return (values.astype("Int64") if whole else values), rule
