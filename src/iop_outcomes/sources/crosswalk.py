"""Levels of care behind the codes of other systems: ASAM's 3rd and 4th edition, procedure and revenue codes, TEDS.

The table is data/reference/level_crosswalk.csv: one row per code with its level, what it is, and a source that a
reader can check. A code that says less than a level (H0018, 0944) has the nearest level, a note, and in `other_levels`
those that it may stand for as well; a code that is no level of care at all (an assessment, a recovery residence) has
none.

A code is looked up as it is written; then without what spreadsheets and databases do to it, where that is a code of
the system: 906.0 and 906 are revenue code 0906. Codes are held against the table alone, so that no zero or fraction is
dropped that carries meaning: asam4's 1.0 is not its 1.

Refuses a system that the table does not have.
"""

from __future__ import annotations

import re
from functools import cache

from iop_outcomes.errors import StudyError
from iop_outcomes.spelling import forms
from iop_outcomes.tables import reference

FILE = "level_crosswalk.csv"

# systems that write their levels in Roman numerals too
ROMAN_SYSTEMS = ("asam3", "asam4")
ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}
# digits of the codes that spreadsheets strip of their leading zeros
PADDED = {"revenue": 4}


def normalise(code: str) -> str:
    """A code as the crosswalk writes it: upper case, without spaces, hyphens and a leading 'ASAM' or 'Level'.

    'Level III.7-WM' is 'III.7WM'. Roman numerals stay: `levels` knows both.
    """
    bare = "".join(mark for mark in forms.tidy(code).upper() if mark not in " -_")
    for word in ("ASAM", "LEVEL"):
        bare = bare.removeprefix(word)
    return bare


def systems() -> tuple[str, ...]:
    """The names of the systems, in the order of the table."""
    return tuple(dict.fromkeys(row["system"] for row in reference.rows(FILE)))


def levels(system: str) -> dict[str, str]:
    """The level of care of each normalised code that has one. Raises StudyError for an unknown system."""
    return {code: row["level_of_care"] for code, row in _rows(system).items() if row["level_of_care"]}


def program_types(system: str) -> dict[str, str]:
    """What the program treats, for each normalised code that tells. Raises StudyError for an unknown system."""
    return {code: row["program_type"] for code, row in _rows(system).items() if row["program_type"]}


def other_levels(system: str) -> dict[str, tuple[str, ...]]:
    """Further levels that a code may stand for, for each normalised code that is ambiguous. Raises StudyError."""
    return {code: tuple(row["other_levels"].split()) for code, row in _rows(system).items() if row["other_levels"]}


def find(system: str, code: str) -> str | None:
    """The normalised code of the system that a cell stands for, or None. Raises StudyError for an unknown system."""
    rows, bare = _rows(system), normalise(code)
    return next((way for way in (bare, *_respelt(bare)) if way in rows), None)


def _respelt(code: str) -> list[str]:
    """A code without what programs add to whole numbers (.0, an exponent), then without zeros before and after it.

    A fraction with a comma is also looked up with a point.
    """
    whole = forms.plain(code)
    code = whole if forms.NUMBER.fullmatch(code) and "." in whole else code
    return [whole, re.sub(r"^0+(?=[0-9])", "", whole), re.sub(r"(\.[0-9]*?)0+$", r"\1", code)]


def no_level(system: str) -> frozenset[str]:
    """The normalised codes that are known and are no level of care. Raises StudyError for an unknown system."""
    return frozenset(code for code, row in _rows(system).items() if not row["level_of_care"])


@cache
def _rows(system: str) -> dict[str, dict[str, str]]:
    """The rows of a system by each way in which their code may be written."""
    known = systems()
    if system not in known:
        raise StudyError(
            f"The system of codes '{system}' is not known. Known, from data/reference/{FILE}: {', '.join(known)}."
        )
    found = [row for row in reference.rows(FILE) if row["system"] == system]
    return {code: row for row in found for code in _spellings(system, normalise(row["code"]))}


def _spellings(system: str, code: str) -> list[str]:
    """The code itself, in Roman numerals where the system has them, and without leading zeros where it pads."""
    spellings = [code]
    if system in ROMAN_SYSTEMS and code[0] in ROMAN:
        spellings.append(ROMAN[code[0]] + code[1:])
    if system in PADDED:
        spellings.append(code.zfill(PADDED[system]).lstrip("0"))
    return list(dict.fromkeys(spellings))
