"""What the codes of a column may mean, and which of them may be shown.

In order: codes that are canonical values already need nothing; for levels of care, a system of the crosswalk that
knows most of the cells is named; other codes are compared with the words in data/reference/code_words.csv, and what
they suggest is for a person to check.

A code is shown only where the column is a short list and no identifier, the code is short, and it stands in at least
eleven rows and with at least eleven people: a mapping needs it, and it tells of no person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from iop_outcomes.sources import crosswalk
from iop_outcomes.sources.draft.exports import Column, Export
from iop_outcomes.tables import reference

FILE = "code_words.csv"

LONGEST_LIST, LONGEST_CODE, FEWEST = 30, 40, 11
# a crosswalk that knows this share of the cells is taken
KNOWN = 0.8
# systems whose codes are small numbers, and words in a name that speak for them
BARE = {"teds_services": ("services", "teds"), "asam3": ("asam", "level", "loc"), "asam4": ("asam", "level", "loc")}
# a column whose name alone does not tell holds levels of care when it knows this share of the cells
SOME = 0.3
# a column with one of these in its name holds levels of care, whatever its codes
LEVEL_WORDS = frozenset({"level", "loc", "asam", "trtsetng"})
NUMBERS = re.compile(r"[0-9]")


@dataclass(frozen=True)
class Suggestion:
    """meanings: codes that may be shown, with the canonical value that they suggest or None. notes: by code.

    crosswalk: the system that tells levels of care, whose codes are not listed. hidden: codes that are not shown.
    """

    crosswalk: str | None = None
    meanings: dict[str, str | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    hidden: int = 0


@cache
def _words(kind: str) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    found = [row for row in reference.rows(FILE) if row["set"] == kind]
    return tuple((re.compile(row["pattern"]), row["value"], row["note"]) for row in found)


def meaning(code: str, kind: str) -> tuple[str | None, str]:
    """The canonical value that a code suggests, or None, and a note."""
    plain = re.sub(r"[\W_]+", " ", code).strip().lower()
    return next(((value, note) for look, value, note in _words(kind) if look.fullmatch(plain)), (None, ""))


def covered(column: Column, kind: str) -> float:
    """The share of cells whose code suggests something."""
    if not column.filled or len(column.counts) > LONGEST_LIST:
        return 0.0
    known = [n for code, n in column.counts.items() if meaning(str(code), kind)[0] is not None]
    best = max((_known(column, system) for system in crosswalk.systems()), default=0.0) if kind == "level" else 0.0
    bare = all(NUMBERS.fullmatch(str(code)) for code in column.counts.index)
    return max(sum(known) / column.filled, 0.0 if bare else best)


def of_levels(column: Column) -> bool:
    """Whether a column that is named like one of levels of care may hold them: its name says level, or a code does."""
    from iop_outcomes.privacy.identifiers.names import words

    said = set(words(column.name).split("_"))
    return bool(said & LEVEL_WORDS) or covered(column, "level") >= SOME


def _known(column: Column, system: str) -> float:
    """The share of cells whose code a system of the crosswalk has."""
    rows = sum(n for code, n in column.counts.items() if crosswalk.find(system, str(code)) is not None)
    return float(rows / column.filled) if column.filled else 0.0


def system_of(column: Column) -> str | None:
    """The system of the crosswalk that knows most cells of a column, where it knows enough of them."""
    from iop_outcomes.privacy.identifiers.names import words

    bare = all(NUMBERS.fullmatch(str(code)) for code in column.counts.index)
    said = set(words(column.name).split("_"))
    allowed = [s for s in crosswalk.systems() if not bare or said & set(BARE.get(s, ()))]
    best = max(allowed, key=lambda s: (_known(column, s), -allowed.index(s)), default=None)
    return best if best is not None and _known(column, best) >= KNOWN else None


def suggest(export: Export, column: Column, person: str | None, kind: str, allowed: tuple[str, ...]) -> Suggestion:
    """What to write about the codes of a column. person: the column that tells people apart. allowed: their values."""
    if set(column.counts.index) <= set(allowed):
        return Suggestion()
    system = system_of(column) if kind == "level" else None
    open_ = [str(c) for c in column.counts.index if system is None or crosswalk.find(system, str(c)) is None]
    shown = [code for code in open_ if code in shareable(export, column, person)]
    said = {code: meaning(code, kind) for code in shown}
    return Suggestion(
        system,
        {code: code if code in allowed else value for code, (value, _) in said.items()},
        {code: note for code, (_, note) in said.items() if note},
        len(open_) - len(shown),
    )


def shareable(export: Export, column: Column, person: str | None) -> frozenset[str]:
    """The codes that may be shown."""
    if column.rules or person is None or person == column.name or len(column.counts) > LONGEST_LIST:
        return frozenset()
    people = export.frame.groupby(column.name)[person].nunique()
    often = column.counts[(column.counts >= FEWEST) & (people.reindex(column.counts.index) >= FEWEST)]
    return frozenset(str(code) for code in often.index if len(str(code)) <= LONGEST_CODE)
