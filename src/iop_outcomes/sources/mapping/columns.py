"""One canonical column from the text of a file: what a cell means, or the rule that it breaks.

In order, on the distinct cells of the column: texts that mean missing are missing; codes become what they mean, own
ones first, then those of the crosswalk, then all others; what is left is read as a date, a number in the canonical
unit, or text. A date is a number of days from 1970-01-01 here; `anchor` turns it into days from day 0.

Refuses what `dates` refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import UNITS, ColumnMapping
from iop_outcomes.protocol.records import Source
from iop_outcomes.sources.mapping import dates, lengths, numbers, serials
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.canonical import DAY
from iop_outcomes.tables.declare import Column

if TYPE_CHECKING:
    import pandas as pd

# stands for an empty cell among the codes of a mapping, and for missing among what they mean
EMPTY = ""


@dataclass(frozen=True)
class Canonical:
    """A canonical table as far as it is read: typed columns, the first rule that each row breaks, columns of dates.

    frame: rows in the order of the source. rule: one str or None per row. dated: columns in days from 1970-01-01.
    """

    name: str
    frame: pd.DataFrame
    rule: pd.Series
    dated: tuple[str, ...]


def is_dated(declared: Column, mapped: ColumnMapping, source: Source) -> bool:
    """Whether a column holds calendar dates."""
    return declared.unit == "day" and (mapped.dates or source.dates) == "calendar"


def dates_in(name: str, source: Source) -> set[str]:
    """The columns of the files of a table that hold calendar dates."""
    mapped, declared = source.tables[name], TABLES[name].columns
    found = {c.column for n, c in mapped.columns.items() if is_dated(declared[n], c, source)}
    if mapped.first_by and is_dated(DAY, mapped.first_by, source):
        found.add(mapped.first_by.column)
    return {column for column in found if column}


def canonical(name: str, text: pd.DataFrame, broken: pd.Series, source: Source) -> Canonical:
    """The canonical columns that a table maps, from the columns of its files, in the order of their declaration.

    text: columns of the files, one str or None per cell. broken: the rule that each row breaks already, or None.
    """
    import pandas as pd

    mapped = source.tables[name].columns
    order = [n for n in TABLES[name].columns if n in mapped]
    columns, rule = {}, broken
    for n in order:
        columns[n], found = convert(f"{name}.{n}", TABLES[name].columns[n], mapped[n], text, source)
        rule = first(rule, found)
    dated = tuple(n for n in order if is_dated(TABLES[name].columns[n], mapped[n], source))
    return Canonical(name, pd.DataFrame(columns, index=text.index), rule, dated)


def first(rule: pd.Series, found: pd.Series | None) -> pd.Series:
    """The rule that each row breaks first: one of those known before, else one that was found now."""
    return rule if found is None else rule.where(rule.notna(), found)


def convert(
    name: str, declared: Column, mapped: ColumnMapping, text: pd.DataFrame, source: Source
) -> tuple[pd.Series, pd.Series | None]:
    """The values of one column, and the rule that each row breaks in it; None where none does.

    name: table.column, for messages. declared: what the column should hold. text: columns of the files.
    """
    import numpy as np
    import pandas as pd

    if mapped.column is None:
        cells = pd.Series(mapped.value or None, index=text.index, dtype=object)
    else:
        cells = text[mapped.column]
    codes, distinct = pd.factorize(cells)
    # the last distinct cell stands for the missing ones, whose code is -1
    known = meanings(pd.Series([*distinct, None], dtype=object), mapped, source)
    rows = np.bincount(codes[codes >= 0], minlength=len(known))
    if is_dated(declared, mapped, source):
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
    return values, rule.take(codes).set_axis(text.index) if broken else None


def meanings(cells: pd.Series, mapped: ColumnMapping, source: Source) -> pd.Series:
    """What the cells mean: codes are replaced, and what means missing is missing."""
    cells = cells.mask(cells.isin([*source.missing_values, *mapped.missing]))
    if not mapped.codes and not mapped.crosswalk:
        return cells
    found = cells.map(_codes(cells, mapped))
    listed = cells.isin(list(mapped.codes)) | found.notna()
    other = cells if mapped.other is None else cells.where(cells.isna(), mapped.other)
    found = found.where(listed, other)
    return found.mask(cells.isna(), mapped.codes.get(EMPTY)).replace(EMPTY, None)


def _codes(cells: pd.Series, mapped: ColumnMapping) -> dict[str, str | None]:
    """The meaning of each code that occurs: that of the crosswalk, unless the mapping says something else."""
    if not mapped.crosswalk:
        return mapped.codes
    from iop_outcomes.sources import crosswalk

    levels = crosswalk.levels(mapped.crosswalk)
    return {c: levels.get(crosswalk.normalise(c)) for c in cells.dropna()} | mapped.codes
