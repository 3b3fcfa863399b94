"""One canonical column from the text of a file: what a cell means, or the rule that it breaks.

In order, on the distinct cells of the column: texts that mean missing are missing, and codes become what they mean
(`meanings`); what is left is read as a date, a number in the canonical unit, or text; rows are counted by what became
of their codes (`tallies`). A date is a number of days from 1970-01-01 here; `anchor` turns it into days from day 0.

Refuses what `dates` refuses, and spellings of which nobody can tell whether they are one value (`spelling.lookup`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol.mapping import UNITS, ColumnMapping, TableMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources.mapping import dates, kept_apart, lengths, meanings, numbers, serials
from iop_outcomes.sources.mapping.tallies import Tally, tally
from iop_outcomes.spelling import forms, lookup
from iop_outcomes.spelling.categories import PERSON
from iop_outcomes.spelling.people import Register
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import DAY
from iop_outcomes.tables.declare import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Canonical:
    """A canonical table as far as it is read: typed columns, the first rule that each row breaks, columns of dates.

    frame: rows in the order of the source. rule: one str or None per row. dated: columns in days from 1970-01-01.
    readings: rows of the table of that name. told: sentences on how its cells were read.
    """

    name: str
    frame: pd.DataFrame
    rule: pd.Series
    dated: tuple[str, ...]
    readings: tuple[Tally, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Converted:
    """One column: its values, the rule that each row breaks in it or None where none does, and how cells were read.

    how: what was overlooked in the spelling of codes and categories, in words.
    """

    values: pd.Series
    rule: pd.Series | None
    readings: tuple[Tally, ...] = ()
    how: frozenset[str] = frozenset()


def is_dated(declared: Column, mapped: ColumnMapping, source: Source) -> bool:
    """Whether a column holds calendar dates."""
    return declared.unit == "day" and (mapped.dates or source.dates) == "calendar"


def dates_in(name: str, source: Source) -> set[str]:
    """The columns of the files of a table that hold calendar dates."""
    mapped, declared = source.tables[name], TABLES[name].columns
    found = {c.column for n, c in mapped.columns.items() if is_dated(declared[n], c, source)}
    if mapped.first_by and is_dated(DAY, mapped.first_by, source):
        found.add(mapped.first_by.column)
    found |= {m.column for m in _moments(mapped) if is_dated(DAY, m, source)}
    return {column for column in found if column}


def _moments(mapped: TableMapping) -> list[ColumnMapping]:
    """The columns that hold the day on which an age was known."""
    return [c.age_at for c in mapped.columns.values() if isinstance(c.age_at, ColumnMapping)]


def canonical(
    name: str,
    text: pd.DataFrame,
    broken: pd.Series,
    source: Source,
    files: NDArray[np.int64] | None = None,
    register: Register | None = None,
) -> Canonical:
    """The canonical columns that a table maps, from the columns of its files, in the order of their declaration.

    text: columns of the files, one str or None per cell. broken: the rule that each row breaks already, or None. files:
    the number of the file that each row stands in; None for one file. register: identifiers of people seen so far.
    Raises StudyError.
    """
    import pandas as pd

    mapped = source.tables[name].columns
    order = [n for n in TABLES[name].columns if n in mapped]
    columns, rule, readings, told = {}, broken, list[Tally](), list[str]()
    for n in order:
        people = register if n == PERSON else None
        found = convert(f"{name}.{n}", TABLES[name].columns[n], mapped[n], text, source, files, people)
        columns[n], rule = found.values, first(rule, found.rule)
        readings += found.readings
        if found.how:
            told.append(f"{name}.{n} (column '{mapped[n].column}'): {lookup.sentence(found.how)}")
    dated = tuple(n for n in order if is_dated(TABLES[name].columns[n], mapped[n], source))
    return Canonical(name, pd.DataFrame(columns, index=text.index), rule, dated, tuple(readings), tuple(told))


def first(rule: pd.Series, found: pd.Series | None) -> pd.Series:
    """The rule that each row breaks first: one of those known before, else one that was found now."""
    return rule if found is None else rule.where(rule.notna(), found)


def convert(
    name: str,
    declared: Column,
    mapped: ColumnMapping,
    text: pd.DataFrame,
    source: Source,
    files: NDArray[np.int64] | None = None,
    register: Register | None = None,
) -> Converted:
    """The values of one column, the rule that each row breaks in it, and how its codes were read. Raises StudyError.

    name: table.column, for messages. declared: what the column should hold. text: columns of the files. files: the
    number of the file of each row. register: brings the identifiers that the column holds to one spelling.
    """
    import numpy as np
    import pandas as pd

    if mapped.column is None:
        cells = pd.Series(mapped.value or None, index=text.index, dtype=object)
    else:
        cells = kept_apart.cells_of(text, mapped)
    codes, distinct = pd.factorize(cells)
    # the last distinct cell stands for the missing ones, whose code is -1
    raw = pd.Series([*distinct, None], dtype=object)
    rows = np.bincount(codes[codes >= 0], minlength=len(raw))
    dated = is_dated(declared, mapped, source)
    kind = "date" if dated else declared.kind
    try:
        meant = meanings.meant(
            raw, rows, mapped, source, meanings.Slot(name, kind, declared.allowed), _together(codes, files)
        )
    except lookup.Ambiguous as wrong:
        raise _refusal(name, wrong, mapped, text, source) from None
    known = meant.values if register is None else _named(register, name.split(".")[0], meant.values, codes, files)
    if dated:
        where = name + (f" (column '{mapped.column}')" if mapped.column else "")
        layout = mapped.date_format or source.date_format
        values, rule = dates.parse(
            known, rows, dates.Reading(where, layout, source.time_zone, serials.is_count(mapped))
        )
    elif declared.kind == "text":
        values, rule = known, pd.Series(None, index=known.index, dtype=object)
    else:
        factor = UNITS[declared.unit][mapped.unit] if mapped.unit else 1
        known = lengths.as_numbers(name, known, declared.unit, mapped.unit, factor, mapped.decimal)
        values, rule = numbers.parse(known, declared.kind == "whole", mapped.decimal, factor)
    column = name.split(".")[1]
    rule = rule.map(
        lambda said: f"{said} {column}" if said == "unreadable" else f"{said} in {column}", na_action="ignore"
    )
    values, broken = values.take(codes).set_axis(text.index), rule.notna().any()
    tallies = tally(name, raw, codes, meant, mapped, persons_of(name, text, source))
    return Converted(values, rule.take(codes).set_axis(text.index) if broken else None, tallies, meant.how)


def _named(
    register: Register, table: str, known: pd.Series, codes: NDArray[np.int64], files: NDArray[np.int64] | None
) -> pd.Series:
    """Distinct identifiers of people in one spelling over all tables."""
    import numpy as np

    filled = np.flatnonzero(known.notna().to_numpy())
    place = np.full(len(known), -1)
    place[filled] = np.arange(len(filled))
    texts = known.to_numpy()[filled].tolist()
    spelt = register.names(table, texts, place[codes], files)
    if spelt is texts:
        return known
    changed = known.copy()
    changed.iloc[filled] = spelt
    return changed


def persons_of(name: str, text: pd.DataFrame, source: Source) -> pd.Series | None:
    """The cells that tell people apart in the files of a table, by its name or that of one of its columns."""
    mapped = source.tables[name.split(".")[0]].columns.get("person_id")
    return None if mapped is None or mapped.column is None else text[mapped.column]


def _together(codes: NDArray[np.int64], files: NDArray[np.int64] | None) -> lookup.Together:
    """Whether distinct cells, by position, stand in one file."""

    def together(at: Sequence[int]) -> bool:
        if files is None:
            return True
        held = [set(files[codes == i].tolist()) for i in at]
        return len(set[int]().union(*held)) < sum(map(len, held))

    return together


def _refusal(
    name: str, wrong: lookup.Ambiguous, mapped: ColumnMapping, text: pd.DataFrame, source: Source
) -> StudyError:
    persons = persons_of(name, text, source)

    def people(cell: str) -> int:
        return 0 if persons is None else int(persons[text[mapped.column].map(forms.tidy, "ignore") == cell].nunique())

    cure = (
        f"Write them one way in the export, list each of them under `codes` of that column, or put '{name}' into "
        "`source.as_written` where they are two values."
    )
    return lookup.refusal(f"{name} (column '{mapped.column}')", wrong, people, cure)
