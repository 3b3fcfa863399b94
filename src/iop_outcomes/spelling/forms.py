"""One value written two ways: which spellings are one value, and where nobody can tell.

A value passes through programs that add a fraction (`1.0`), cut leading zeros (`0906`), pad with blanks or change the
case. In order, each step on distinct cells:

1. `tidy`: characters that look the same are the same: blanks of every kind, full-width letters, dashes, accents, the
   digits of every script. What a spreadsheet puts around a cell that it shall take for text goes: `="01"`, `'01`.
2. `plain`: what a program adds to a whole number goes: `.0`, also as `,0`, separators of thousands, `+`, `-0`, an
   exponent. A decimal comma is a point; `1,001` is a thousand and one.
3. `folded`: capital and small letters are the same.
4. `bare`: zeros before a number, and at the end of its fraction, are left out.

Nothing is refused here: `lookup` finds the codes of a list, and says where nobody can tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from iop_outcomes.protocol import base

BLANK = re.compile(r"\s+")
# among cells that stand on lines of their own: blanks at the ends of one, or several in a row
UNTIDY = re.compile(r" [ \n]|\n\n|\n |[\t\r\f\v]|^[\"'=]", re.MULTILINE)
# marks by which a spreadsheet, or who writes for one, keeps a cell from being read as a number
FORCED = re.compile(r"""=?"([^"]*)"|'([^']*)'?""")
FORCING = ("=", '"', "'")
# characters that cannot be seen, or turn the direction of those around them
UNSEEN = dict.fromkeys(map(ord, f"{base.TURNING}{base.UNSEEN}\u200c\u200d"))
LOOKS = {
    **UNSEEN,
    **{0xFF01 + i: chr(0x21 + i) for i in range(94)},
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e"), '"'),
}
# separators of thousands are never written beside an exponent: 1,001E+03 is 1001 with a decimal comma
NUMBER = re.compile(
    r"(?P<sign>[+-]?)"
    r"(?P<digits>[0-9]{1,3}(?:[ ,'][0-9]{3})+(?![0-9,]*[eE])|[0-9]{1,3}(?:[ .'][0-9]{3})+(?=,)|[0-9]+)"
    r"(?:\.(?P<fraction>[0-9]*)|,(?P<comma>[0-9]+))?"
    r"(?:[eE](?P<power>[+-]?[0-9]{1,2}))?"
)
# a line that may be a number with something that can be left out
REDUCIBLE = re.compile(r"^0[0-9]+$|^(?=[^\n]*[ ,'.+eE-])[0-9 ,'.+eE-]+$", re.MULTILINE)
WHOLE = re.compile(r"\+?([0-9]+)(?P<point>\.0*|,0{1,2}|,0{4,})?")
ZERO = re.compile(r"[+-]?0+(?:[.,]0*)?")
FRACTION = re.compile(r"[+-]?[0-9]*(?:\.|,(?![0-9]{3}$))0*[1-9][0-9]*(?:[eE][+-]?[0-9]+)?")
SEPARATORS = re.compile(r"[ ,'_-]+")
# digits of a mantissa that a spreadsheet shows; more exponent than these, and digits were lost
SHOWN_DIGITS = 4


@dataclass(frozen=True)
class Column:
    """What is known of the cells of a column as a whole.

    numbers: all of them look like numbers, so that 1e3 is one. fractions: some have a fraction, so that `.0` may carry
    meaning.
    """

    numbers: bool = True
    fractions: bool = False


def column(cells: Iterable[str]) -> Column:
    """What is known of a column from its distinct cells."""
    numbers, fractions = True, False
    for cell in cells:
        if not (cell.isascii() and cell.isdigit()):
            numbers = numbers and NUMBER.fullmatch(tidy(cell)) is not None
            fractions = fractions or (FRACTION.fullmatch(cell) is not None and not _whole_power(cell))
    return Column(numbers, fractions)


def _whole_power(cell: str) -> bool:
    return "." not in plain(cell)


def tidy(cell: str) -> str:
    """The cell with one kind of blank, letter, digit and dash, without the marks around what shall be text."""
    if not cell.isascii():
        cell = "".join(map(_digit, unicodedata.normalize("NFC", cell.translate(LOOKS))))
    elif (
        "  " not in cell and "\t" not in cell and "\n" not in cell and cell.strip() == cell and cell[:1] not in FORCING
    ):
        return cell
    cell = BLANK.sub(" ", cell).strip()
    forced = FORCED.fullmatch(cell)
    return cell if forced is None else (forced[1] or forced[2] or "").strip()


def _digit(mark: str) -> str:
    """A digit of any script as 0 to 9; any other character as it is."""
    return mark if mark.isascii() or not mark.isdecimal() else str(unicodedata.decimal(mark))


def all_tidy(cells: Sequence[str | None]) -> list[str | None]:
    """Every cell `tidy`; fast, where they all are."""
    together = "\n".join(filter(None, cells))
    if together.isascii() and not UNTIDY.search(together) and together.strip() == together:
        return list(cells)
    return [None if cell is None else tidy(cell) for cell in cells]


def plain(cell: str, of: Column = Column()) -> str:
    """A tidy cell without what a program adds to a whole number; any other text as it is."""
    found = NUMBER.fullmatch(cell)
    if found is None:
        return cell
    sign, power, fraction = found["sign"], found["power"], _fraction(found)
    digits = re.sub("[^0-9]", "", found["digits"])
    if power is not None:
        return _expanded(cell, digits, fraction or "", int(power)) if of.numbers else cell
    if fraction is not None and (fraction.strip("0") or of.fractions):
        digits = f"{digits}.{fraction}"
    return digits if sign == "+" or not digits.strip("0.") else sign + digits


def _fraction(found: re.Match[str]) -> str | None:
    """The digits after a decimal point or comma; None where there is neither."""
    return found["fraction"] if found["comma"] is None else found["comma"]


def _expanded(cell: str, digits: str, fraction: str, power: int) -> str:
    """The whole number that an exponent stands for; the cell where it is none."""
    left = fraction.rstrip("0")
    if power < len(left):
        return cell
    return "-" * cell.startswith("-") + digits + left + "0" * (power - len(left))


def lost_digits(cell: str) -> bool:
    """Whether a spreadsheet has shortened a long number: 1.23457E+11."""
    found = NUMBER.fullmatch(cell)
    if found is None or found["power"] is None:
        return False
    shown = len(_fraction(found) or "")
    return shown >= SHOWN_DIGITS and int(found["power"]) > shown


def folded(cell: str, of: Column = Column()) -> str:
    """A tidy cell without `plain`'s additions, in small letters."""
    return plain(cell, of).casefold()


def bare(cell: str, of: Column = Column()) -> str:
    """A tidy cell also without zeros before a number or at the end of its fraction. Equal values are equal here."""
    if cell.isascii() and cell.isdigit():
        return cell.lstrip("0") or "0"
    small = folded(cell, of)
    found = NUMBER.fullmatch(small)
    if found is None or found["power"] is not None:
        return small
    digits, fraction = found["digits"].lstrip("0") or "0", (_fraction(found) or "").rstrip("0")
    return found["sign"] + digits + (f".{fraction}" if fraction else "")


def unmarked(cell: str, of: Column = Column()) -> str:
    """A tidy cell as it is kept: `1.0` is 1 and -0 is 0; all else stays."""
    if ZERO.fullmatch(cell):
        return plain(cell, of)
    found = WHOLE.fullmatch(cell)
    return cell if found is None or (found["point"] and of.fractions) else found[1]


def joined(cell: str, of: Column = Column()) -> str:
    """`bare`, with blanks, hyphens and underscores as one: for lists that are closed."""
    return SEPARATORS.sub("_", bare(cell, of))


Step = Callable[[str, Column], str]
# what is overlooked, in words, at each step
STEPS: tuple[tuple[str, Step], ...] = (
    ("blanks or characters that look alike", lambda cell, of: cell),
    ("'.0', a sign or separators in numbers", plain),
    ("capital and small letters", folded),
    ("zeros before or after the digits", bare),
)
CLOSED = (*STEPS, ("blanks, hyphens or underscores", joined))
CASE, ZEROS = 2, 3


def difference(one: str, other: str, of: Column = Column()) -> str:
    """What sets two spellings of one value apart, in words; '' for the same text."""
    if one == other:
        return ""
    one, other = tidy(one), tidy(other)
    return next((said for said, step in CLOSED if step(one, of) == step(other, of)), "")


def words(cells: Iterable[str | None]) -> bool:
    """Whether all cells are words of which nothing is left out: no numbers but plain ones, no blanks to be cut."""
    lines = "\n".join(filter(None, cells))
    tidied = lines.isascii() and lines.strip() == lines and not UNTIDY.search(lines)
    return tidied and not REDUCIBLE.search(lines)


def pattern(cell: str) -> str:
    """What a spelling looks like, in words that tell no value."""
    digits = cell.lstrip("+-")
    if re.fullmatch(r"0[0-9]+", digits):
        return "digits with zeros before them"
    if cell.isdigit():
        return "digits"
    found = NUMBER.fullmatch(cell)
    if found is None:
        said = "small letters" if cell == cell.lower() else "capital letters" if cell == cell.upper() else "both cases"
        return f"text in {said}"
    if found["power"] is not None:
        return "digits with an exponent"
    fraction = _fraction(found)
    if fraction is not None:
        return "digits with .0" if not fraction.strip("0") else "digits with a fraction"
    return "digits with a sign or separators"
