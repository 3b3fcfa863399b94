"""Which canonical column each column of an export feeds, and which canonical tables each table of it.

In order: names are compared with known ones (`synonyms`); a column is taken when its contents fit what the canonical
column holds; each canonical column takes the best of its candidates, and a column feeds one canonical column of a
table; codes that speak for themselves (levels of care, reasons of discharge, results of screens) are recognised by
their contents. A table of the export feeds the one table of events whose columns it has most of, and persons where it
tells most about them.

Refuses nothing: what is not recognised is left for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from iop_outcomes.sources.draft import codes, reads
from iop_outcomes.sources.draft.exports import Column, Export
from iop_outcomes.sources.draft.synonyms import PERSONS, Slot, named, slots
from iop_outcomes.tables import TABLES

# what a table of events must have, and persons; one of each group
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "stays": (("person_id",), ("start_day",), ("end_day", "level_of_care", "discharge_reason")),
    "sessions": (("person_id",), ("day",), ("minutes",)),
    "screens": (("person_id",), ("day",), ("result",)),
    "followups": (("person_id",), ("target_day", "day"), ("days_used", "first_use_day", "no_use_through_day")),
    "medications": (("person_id",), ("medication",), ("start_day",)),
}
EVENTS = tuple(NEEDED)
# columns of persons that any table may have, and that do not make it one of persons
NOT_PERSONAL = ("person_id", "observed_to_day", "entry_period")

# how well contents alone tell, beside the scores of names
CONTENTS = 0.5
# sets of codes that are recognised without a name, when this share of the cells belongs to them
TELLING = ("level", "discharge_reason", "result", "test_reason", "sex", "modality")
SURE = 0.9
# of tests without a result
REASONS = "codes:test_reason"


@dataclass(frozen=True)
class Match:
    """A column of the export for a canonical one. why: in words; name: how well the name fits, 0 to 1."""

    slot: Slot
    column: Column
    name: float
    why: str


def matched(export: Export) -> dict[str, dict[str, Match]]:
    """For each canonical table the columns of the export that it could take, by canonical column."""
    return {table: _assigned(table, [c for c in export.columns if c.shown]) for table in (*EVENTS, PERSONS)}


def _assigned(table: str, columns: Sequence[Column]) -> dict[str, Match]:
    own = [slot for slot in slots() if slot.table == table]
    candidates = sorted(_candidates(own, columns), key=lambda m: (-m.name, m.column.position))
    taken: dict[str, Match] = {}
    for match in candidates:
        if match.slot.column not in taken and match.column not in [m.column for m in taken.values()]:
            taken[match.slot.column] = match
    return {name: taken[name] for name in TABLES[table].columns if name in taken}


def _candidates(own: Iterable[Slot], columns: Sequence[Column]) -> Iterator[Match]:
    for slot in own:
        for column in columns:
            score, how = named(column.name, slot.synonyms)
            if score and not misfit(column, slot.content):
                yield Match(slot, column, score, how)
            elif not score and _tells(column, slot.content) and not _named_otherwise(column):
                yield Match(slot, column, CONTENTS, "by its contents")


def _named_otherwise(column: Column) -> bool:
    """Whether a column bears the name of something that codes alone must not make another: 1, 2, 3 are levels, too."""
    return any(named(column.name, slot.synonyms)[0] >= SURE and not misfit(column, slot.content) for slot in slots())


def misfit(column: Column, content: str) -> str:
    """Why the contents of a column do not fit what a canonical column holds; '' where they do."""
    if not column.filled:
        return "it is empty"
    if content == "day":
        read = reads.dates(column)
        return "" if read.layout else read.why
    if content in ("number", "minutes", "hours_per_week", "planned", "age"):
        share = reads.numbers(column).share
        return "" if share >= reads.MOST else f"only {reads.percent(share)} of its cells read as numbers"
    if content == "codes:level" and not codes.of_levels(column):
        return "its codes do not look like levels of care"
    if content == REASONS and codes.covered(column, "test_reason") < codes.SOME:
        return "its codes do not look like reasons for which a test is missing"
    return ""


def _tells(column: Column, content: str) -> bool:
    """Whether the contents alone tell that they are codes of a set."""
    kind = content.removeprefix("codes:")
    return kind != content and kind in TELLING and not column.rules and codes.covered(column, kind) >= SURE


@dataclass(frozen=True)
class Feed:
    """A canonical table, the table of the export that feeds it, and its columns."""

    table: str
    export: Export
    columns: Mapping[str, Match]


def feeds(exports: Sequence[Export]) -> list[Feed]:
    """Which canonical tables the tables of an export feed: each at most one of events, and one of them persons."""
    found: dict[str, list[Feed]] = {}
    for export in exports:
        by_table = matched(export)
        fitting = [t for t in EVENTS if all(any(c in by_table[t] for c in group) for group in NEEDED[t])]
        best = max(fitting, key=lambda t: (_weight(by_table[t]), -EVENTS.index(t)), default=None)
        for table in filter(None, (best, PERSONS if _personal(by_table[PERSONS]) else None)):
            found.setdefault(table, []).append(Feed(table, export, by_table[table]))
    chosen = {t: max(options, key=lambda f: _weight(f.columns)) for t, options in found.items()}
    return [chosen[t] for t in ("stays", PERSONS, *EVENTS[1:]) if t in chosen]


def _weight(columns: Mapping[str, Match]) -> float:
    return sum(match.name for match in columns.values())


def _personal(columns: Mapping[str, Match]) -> bool:
    return "person_id" in columns and any(c not in NOT_PERSONAL for c in columns)
