"""What to write in the mapping for each canonical column, and why.

In order: a column of dates gets its format, one of numbers its unit, one of codes their meanings; what a person must
decide is written as TODO, which the study refuses until it is filled in. Canonical columns that a table needs and that
were not found get the value that says so, or TODO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iop_outcomes.protocol.mapping import UNITS
from iop_outcomes.sources.draft import codes, reads
from iop_outcomes.sources.draft.exports import MISSING_NUMBERS, Column
from iop_outcomes.sources.draft.recognise import Feed, Match
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import YES_NO_UNKNOWN
from iop_outcomes.vocabulary.testing import NOT_TOLD

TODO = "TODO"

# what columns say that were not found: a value, or a decision
ABSENT: dict[tuple[str, str], tuple[str, str]] = {
    ("stays", "site_id"): (TODO, "no program or facility was recognised: name the only one, or map a column"),
    ("stays", "level_of_care"): (TODO, "no level of care was recognised: map a column, or give the only one"),
    ("stays", "end_day"): (TODO, "no end of stays was recognised: map a column, or write '' if all are open"),
    ("stays", "discharge_reason"): (TODO, "no reason of discharge was recognised: map a column"),
    ("stays", "program_type"): (TODO, "what the programs treat: substance_use, mental_health or eating_disorder"),
    ("persons", "age"): ("", "no age at admission was recognised: missing for everyone"),
    ("persons", "sex"): ("unknown", "no sex was recognised"),
    ("persons", "observed_to_day"): (
        TODO,
        "last day on which records of the person could exist; `iop-outcomes deidentify --extract-date` carries it",
    ),
    ("sessions", "level_of_care"): (TODO, "the level of care of all sessions, where it is one; else map a column"),
    ("sessions", "modality"): ("unknown", "no modality was recognised: in_person or virtual, where all are"),
    ("screens", "substance"): (TODO, "what was tested for, where all screens are of one kind; else map a column"),
    ("medications", "end_day"): ("", "no end was recognised: missing while it goes on"),
    ("followups", "day"): (TODO, "the day on which the interview was held"),
    ("followups", "target_day"): (TODO, "the day on which the interview was due"),
    ("followups", "lookback_days"): (TODO, "days before the interview that it asks about, such as 30"),
    ("followups", "days_used"): ("", "no days of use were recognised: missing for everyone"),
}  # fmt: skip

# words in a name that tell a unit
UNIT_WORDS = {
    "minutes": ("minutes", "minute", "mins", "min"),
    "hours": ("hours", "hour", "hrs", "hr"),
    "quarter_hours": ("units", "unit", "qty", "quantity"),
    "days": ("days", "day"),
    "weeks": ("weeks", "week", "wks", "wk"),
    "months": ("months", "month"),
}


@dataclass(frozen=True)
class Entry:
    """One canonical column in the mapping.

    spec: keys of a ColumnMapping, in order. why: for the comment. notes: comments of single codes.
    """

    column: str
    spec: Mapping[str, Any]
    why: str
    notes: Mapping[str, str] = field(default_factory=dict)


def entries(feed: Feed, calendar: bool, moved: bool = False) -> list[Entry]:
    """The columns of a table, in the order of their declaration.

    calendar: the source holds calendar dates. moved: they were shifted, so that no date of the extract fits them.
    """
    declared = TABLES[feed.table].columns
    derived = {"stay_id"} | ({"observed_to_day"} if calendar and not moved else set())
    found = []
    for name, column in declared.items():
        if name in feed.columns:
            found.append(_entry(feed, name, feed.columns[name], calendar))
        elif (feed.table, name) == ("screens", "reason") and (told := _reasons_of_results(feed)):
            found.append(told)
        elif not (column.optional or column.absent_means_missing or name in derived):
            value, why = ABSENT.get((feed.table, name), (TODO, f"{column.meaning}: not recognised"))
            found.append(Entry(name, {"value": value}, why))
    return found


def _entry(feed: Feed, name: str, match: Match, calendar: bool) -> Entry:
    column, content = match.column, match.slot.content
    spec: dict[str, Any] = {"column": column.name}
    why = [match.why]
    notes: Mapping[str, str] = {}
    if content == "day":
        why.append(_dated(spec, column, calendar))
    elif content in ("number", "age", "minutes", "hours_per_week", "planned"):
        why.append(_numbered(spec, column, content))
        if content == "age":
            why.append(_aged(feed))
    elif content.startswith("codes:"):
        said, notes = _coded(spec, feed, name, column, content.removeprefix("codes:"))
        why.append(said)
    if content not in ("day", "person", "record"):
        missing = sorted(MISSING_NUMBERS & set(column.counts.index))
        spec |= {"missing": missing} if missing and "codes" not in spec else {}
    # a count of days has five digits, as a ZIP code has; the gate is told that it holds dates
    passing = ("dates", "ZIP codes") if {"excel_serial", "days_from"} & set(spec) else ("dates",)
    rules = [rule for rule in column.rules if not (content == "day" and rule in passing)]
    if rules:
        cure = (
            "`iop-outcomes deidentify` replaces it by pseudonyms"
            if content in ("person", "record")
            else "remove it, or allow it with a reason"
        )
        why.append(f"the identifier gate refuses it, as it looks like {' and '.join(rules)}: {cure}")
    return Entry(name, spec, "; ".join(filter(None, why)), notes)


def _reasons_of_results(feed: Feed) -> Entry | None:
    """Why tests are missing, where the codes of the results say so themselves."""
    if "result" not in feed.columns:
        return None
    column = feed.columns["result"].column
    person = feed.columns["person_id"].column.name if "person_id" in feed.columns else None
    said = {
        code: codes.meaning(code, "test_reason")[0] for code in sorted(codes.shareable(feed.export, column, person))
    }
    told = {code: reason for code, reason in said.items() if reason and reason != NOT_TOLD.name}
    if not told:
        return None
    why = "its codes seem to say why a test is missing, too: an error of the laboratory, or jail, is no missed test"
    return Entry("reason", dict(column=column.name, codes=told, other=""), why)


def _dated(spec: dict[str, Any], column: Column, calendar: bool) -> str:
    read = reads.dates(column)
    if read.layout == "undecided":
        spec["date_format"] = TODO
    elif read.layout == "excel":
        spec["excel_serial"] = True
    elif read.layout == "count":
        spec["days_from"] = TODO
    elif read.layout == "days" and calendar:
        spec["dates"] = "relative"
    elif read.layout not in ("iso", "days"):
        spec["date_format"] = read.layout
    return read.why


def _numbered(spec: dict[str, Any], column: Column, content: str) -> str:
    read = reads.numbers(column)
    if read.comma:
        spec["decimal"] = "comma"
    if read.clock == "short" and content in UNIT_OF:
        spec["unit"] = TODO
        return "its cells have the form 1:30: hours_minutes, or minutes_seconds?"
    if read.clock:
        return "each cell is a length of time, in hours, minutes and seconds: no unit is needed"
    unit, why = UNIT_OF[content](column, read) if content in UNIT_OF else ("", "")
    if unit:
        spec["unit"] = unit
    return why


def _aged(feed: Feed) -> str:
    """A caution: which age a column holds, its name and contents do not tell."""
    person = feed.columns.get("person_id")
    if person is not None and feed.export.frame[person.column.name].duplicated().any():
        return (
            "taken for the age on the day of the row: if it is that of the person's first record on every row, say "
            "`age_at: first_record`"
        )
    return (
        "taken for the age on day 0, the admission that is studied: if it is the age at the person's first record, on "
        "the day of the extract or on another, say so with `age_at`"
    )


def _said(column: Column) -> list[str]:
    """The units that the name of a column tells."""
    from iop_outcomes.privacy.identifiers.names import words

    parts = set(words(column.name).split("_"))
    return [unit for unit, said in UNIT_WORDS.items() if parts & set(said)]


def _session_unit(column: Column, read: reads.Numbers) -> tuple[str, str]:
    """Minutes, hours or quarters of an hour: as the name says, unless the size of the values speaks against it."""
    said = next((unit for unit in _said(column) if unit in UNITS["minutes"]), None)
    size = "minutes" if read.large > reads.MOST else "hours" if read.small > reads.MOST else None
    mixed = "; values of two sizes: a unit may change within the column" if min(read.small, read.large) > 0.05 else ""
    if said == "quarter_hours" and size == "hours":
        return said, f"billed units are taken for quarters of an hour: look up the unit of each code{mixed}"
    if said is None and size is not None:
        return size, f"most values are of the size of {size}{mixed}"
    if said is not None and size in (said, None):
        return said, f"its name says {said}{mixed}"
    against = f"its name says {said}, most values are of the size of {size}" if said else "its unit cannot be told"
    return TODO, f"{against}{mixed}: {', '.join(UNITS['minutes'])}"


def _week_unit(column: Column, read: reads.Numbers) -> tuple[str, str]:
    said = _said(column)
    if "minutes" in said:
        return "minutes_per_week", "its name says minutes"
    if "days" in said:
        return "hours_per_day", "its name says days"
    if read.median is not None and read.median > 168:
        return TODO, "most values are more hours than a week has"
    return "hours_per_week", ""


def _length_unit(column: Column, read: reads.Numbers) -> tuple[str, str]:
    said = [unit for unit in _said(column) if unit in UNITS["days"]]
    return (said[0], f"its name says {said[0]}") if said else ("days", "taken for days: its name does not say")


UNIT_OF = {"minutes": _session_unit, "hours_per_week": _week_unit, "planned": _length_unit}


def _coded(spec: dict[str, Any], feed: Feed, name: str, column: Column, kind: str) -> tuple[str, Mapping[str, str]]:
    """What is said of the codes of a column, and notes on single ones."""
    allowed = TABLES[feed.table].columns[name].allowed or YES_NO_UNKNOWN
    person = feed.columns["person_id"].column.name if "person_id" in feed.columns else None
    found = codes.suggest(feed.export, column, person, kind, allowed)
    if found.crosswalk:
        spec["crosswalk"] = found.crosswalk
    if found.meanings:
        spec["codes"] = {code: TODO if value is None else value for code, value in found.meanings.items()}
    why = [f"its codes are those of {found.crosswalk}" if found.crosswalk else ""]
    if found.hidden:
        why.append(
            f"TODO: {found.hidden} code{'s are' if found.hidden > 1 else ' is'} not shown, standing with fewer than "
            f"{codes.FEWEST} people or in a long list: add to `codes`, or say what `other` codes are"
        )
    if found.meanings or found.hidden:
        why.append(f"canonical: {', '.join(allowed)}")
    return "; ".join(filter(None, why)), found.notes
