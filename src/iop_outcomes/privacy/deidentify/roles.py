"""What becomes of each column of an export.

In order: what is asked for by name holds (but a birth date is not shifted); then what the identifier gate finds (dates
are shifted, birth dates become ages, ages are capped, ZIP codes are cut, all else is dropped); then columns named as
identifiers get pseudonyms; columns in which nearly every row has a value of its own, and texts of very many kinds, are
undecided, and dropped; the rest is kept.

Refuses options that name a column no file has, and a file without exactly one of the columns of person identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from iop_outcomes.errors import StudyError
from iop_outcomes.privacy.identifiers.names import words

if TYPE_CHECKING:
    from iop_outcomes.privacy.identifiers.contents import Contents
    from iop_outcomes.privacy.identifiers.scan import Finding

Kind = Literal["person", "identifier", "date", "birth", "age", "zip", "keep", "drop"]

IDENTIFIER = re.compile(
    r"(?:\w+_)?(?:id|ids|guid|uuid|key)"
    r"|(?:case|stay|site|staff|visit|encounter|provider|facility|program|record|person|patient|client|episode|claim)id"
)
# what the gate finds, alone in a column, and what is done about it
BY_RULE: dict[str, Kind] = {"dates": "date", "birth dates": "birth", "ages over 89": "age", "ZIP codes": "zip"}
FEW, MANY, LONG = 10, 200, 10_000


@dataclass(frozen=True)
class Options:
    """What the person who runs it says of the columns, by their names.

    persons: of person identifiers, one in each file. identifiers: of other ones. dates: with their format, or None.
    relative: dates become days from the person's first date. extract: the last day that the export covers, carried with
    each person. entry_period: 'year' or 'quarter' of the person's first date, carried as it is; '' for none. reading:
    how files are read, as a mapping says it (delimiter, encoding, labels; sheet: those that are meant).
    """

    persons: Sequence[str]
    identifiers: Collection[str] = ()
    dates: Mapping[str, str | None] = field(default_factory=dict)
    keep: Collection[str] = ()
    drop: Collection[str] = ()
    relative: bool = False
    extract: date | None = None
    entry_period: str = ""
    reading: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """What becomes of a column, and why. found: the rules of the gate that speak against it."""

    column: str
    kind: Kind
    why: str = ""
    found: tuple[str, ...] = ()


def decide(columns: Sequence[Contents], findings: Sequence[Finding], options: Options) -> list[Role]:
    """The role of each column of one file, in the order of the file."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        if finding.rule not in found.setdefault(finding.column, []):
            found[finding.column].append(finding.rule)
    return [_role(column, tuple(found.get(column.name, [])), options) for column in columns]


def _role(column: Contents, found: tuple[str, ...], options: Options) -> Role:
    asked: list[tuple[Collection[str], Kind]] = [
        (options.persons, "person"), (options.drop, "drop"), (options.keep, "keep"),
        (options.identifiers, "identifier"), (options.dates, "date"),
    ]  # fmt: skip
    for names, kind in asked:
        if column.name in names and not (kind == "date" and "birth dates" in found):
            return Role(column.name, kind, "as asked", found)
    if column.name in options.dates:
        return Role(column.name, "birth", "as asked", found)
    if len(found) == 1 and found[0] in BY_RULE and not (found[0] == "ages over 89" and _years_of_birth(column)):
        return Role(column.name, BY_RULE[found[0]], "", found)
    if found:
        return Role(column.name, "drop", ", ".join(found), found)
    if IDENTIFIER.fullmatch(words(column.name)):
        return Role(column.name, "identifier")
    undecided = _undecided(column)
    return Role(column.name, "drop", f"undecided: {undecided}") if undecided else Role(column.name, "keep")


def _years_of_birth(column: Contents) -> bool:
    return "birth" in words(column.name) or "yob" in words(column.name)


def _undecided(column: Contents) -> str:
    """Why a column may hold a code that stands for a person, in words; empty where it may not."""
    if column.kind not in ("text", "number") or column.count <= FEW:
        return ""
    wholes, _ = column.wholes
    if column.kind == "number" or column.share(r"^[+-]?[0-9]*\.?[0-9]+$") > 0.9:
        # measures: small numbers, or numbers with decimals
        if wholes.size < 0.9 * column.count or wholes.max() < LONG:
            return ""
    elif column.count > MANY:
        return "very many different texts"
    return "nearly every row has a value of its own" if column.count >= 0.5 * column.rows else ""


def check_names_of(file: str, options: Options, names: Sequence[str]) -> None:
    """Raises StudyError where a file has not exactly one of the columns of person identifiers."""
    held = sum(name in names for name in options.persons)
    if held != 1:
        raise StudyError(
            f"{file} has {held or 'none'} of the columns of person identifiers: {', '.join(options.persons)}. Expected "
            "one in each file, and in each sheet of a workbook (--sheet names those that are meant); name it with --id."
        )


def check_known(options: Options, columns: Mapping[str, Sequence[str]]) -> None:
    """Hold the options to the names of the columns by file. Raises StudyError."""
    known = {name for names in columns.values() for name in names}
    asked = [*options.persons, *options.identifiers, *options.dates, *options.keep, *options.drop]
    unknown = sorted({name for name in asked if name not in known})
    if unknown:
        raise StudyError(f"No file has a column called {', '.join(unknown)}. Check the options against the headers.")
    twice = sorted({name for name in asked if asked.count(name) > 1})
    if twice:
        raise StudyError(f"The options give more than one role to {', '.join(twice)}. Give one.")
