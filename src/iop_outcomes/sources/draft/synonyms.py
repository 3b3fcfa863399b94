"""Names that canonical columns go by in exports: data/reference/column_names.csv.

A name fits a synonym when it is the same words, the same letters, holds all words of it, or is much like it, in this
order. Refuses nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from iop_outcomes.tables import reference

FILE = "column_names.csv"
ALL = "*"
PERSONS = "persons"
TABLES = ("stays", PERSONS, "sessions", "screens", "followups", "medications")

EXACT, JOINED, PART, LIKE, CONTENTS = 1.0, 0.95, 0.6, 0.55, 0.5
# how alike two names must be that are not made of the same words, and how long at least
ALIKE, LONG = 0.87, 7


@dataclass(frozen=True)
class Slot:
    """A canonical column, what it holds, and the names that it goes by."""

    table: str
    column: str
    content: str
    synonyms: tuple[str, ...]


@cache
def slots() -> tuple[Slot, ...]:
    """All canonical columns that are looked for, by table."""
    rows = reference.rows(FILE)
    return tuple(
        Slot(table, row["column"], row["content"], tuple(row["synonyms"].split()))
        for table in TABLES
        for row in rows
        if row["table"] in (table, ALL)
    )


def named(name: str, synonyms: Sequence[str]) -> tuple[float, str]:
    """How well a name fits one of the synonyms, from 0 to 1, and how in words."""
    from iop_outcomes.privacy.identifiers.names import words

    plain = words(name)
    joined, parts = plain.replace("_", ""), set(plain.split("_"))
    if plain in synonyms:
        # earlier synonyms are the more usual ones
        return EXACT - 0.001 * synonyms.index(plain), "by its name"
    if joined in {s.replace("_", "") for s in synonyms}:
        return JOINED, "by its name"
    within = [len(w) / len(parts) for s in synonyms if (w := set(s.split("_"))) <= parts]
    if within:
        return PART + 0.3 * max(within), "by part of its name"
    if len(joined) >= LONG and difflib.get_close_matches(plain, synonyms, 1, ALIKE):
        return LIKE, "by a name much like it"
    return 0.0, ""


def known(name: str) -> bool:
    """Whether a name is one that some canonical column goes by."""
    return any(named(name, slot.synonyms)[0] >= JOINED for slot in slots())
