"""Dates that `deidentify` moved, held against a mapping that speaks of the calendar.

Refused: an extract date or an enrolment beside moved dates, which are each person's own; dates of which some moved and
some did not, or that moved under different keys; relative days that are read as dates, and dates that are read as days.
The period of entry, which follows from day 0 elsewhere, is false where day 0 moved: it is missing unless it is mapped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.files import text_cells
from iop_outcomes.privacy import shifted
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources.mapping import file_rows
from iop_outcomes.sources.mapping.columns import dates_in

NO_PERIOD = (
    "Dates were shifted when the records were de-identified: the period in which people came into the records is not "
    "known."
)


def check(source: Source, settings: Mapping[str, object]) -> bool:
    """Whether the dates of the files moved, as the notes beside them say. Raises StudyError as the module says."""
    notes = dict(_notes(source, settings))
    found = {path: note for path, note in notes.items() if note is not None}
    if not found:
        return False
    dates = next(iter(found.values())).dates
    shifted.refuse_calendar(source, dates, ", ".join(sorted({path.name for path in found})))
    if len({(note.dates, note.key) for note in found.values()}) > 1:
        raise StudyError(
            f"The dates and identifiers of {_named(found)} were de-identified under different keys, or in different "
            "ways: neither people nor dates of one file are those of another. Run `iop-outcomes deidentify` on all of "
            "them at once."
        )
    _refuse_mixed(source, settings, found)
    return True


def set_aside(source: Source, settings: Mapping[str, object]) -> list[str]:
    """Sentences on the rows that `deidentify` could not trust and left out; their number is in the note beside them."""
    notes = {path.name: note for path, note in _notes(source, settings) if note is not None}
    found = {name: set(note.set_aside.get(name, ())) - {*text_cells.OF_NOBODY} for name, note in notes.items()}
    return [
        f"Some rows of {name} were set aside when the records were de-identified, as they could not be trusted "
        f"({', '.join(sorted(rules))})."
        for name, rules in sorted(found.items())
        if rules
    ]


def _notes(source: Source, settings: Mapping[str, object]) -> Iterator[tuple[Path, shifted.Note | None]]:
    for name, mapped in source.tables.items():
        for path in file_rows.files_of(name, mapped, settings):
            yield path, shifted.note_of(path)


def _refuse_mixed(source: Source, settings: Mapping[str, object], found: Mapping[Path, shifted.Note]) -> None:
    """Raise StudyError where some columns of dates moved and others did not."""
    if source.dates == "relative":
        return
    fixed = []
    for name, mapped in source.tables.items():
        dated = dates_in(name, source)
        if mapped.query and dated:
            fixed.append(f"the query of {name}")
        for path in file_rows.files_of(name, mapped, settings):
            moved: Collection[str] = found[path].files[path.name] if path in found else ()
            still = sorted(dated - set(moved))
            fixed += [f"{path.name} ({', '.join(still)})"] if still else []
    if fixed:
        raise StudyError(
            f"The dates of {_named(found)} were shifted, those of {'; '.join(dict.fromkeys(fixed))} were not: no "
            "interval between them is true. Run `iop-outcomes deidentify` on all of them at once, without --keep."
        )


def _named(paths: Collection[Path]) -> str:
    return ", ".join(sorted({path.name for path in paths}))
