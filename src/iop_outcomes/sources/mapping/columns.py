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
from iop_outcomes.sources.mapping import dates, numbers
from iop_outcomes.tables import TABLES
from iop_outcomes.tables.declare import Column

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {"text": "object", "whole": "Int64", "number": "float64"}


@dataclass(frozen=True)
class Canonical:
    """A canonical table as far as it is read: typed columns, the first rule that each row breaks, columns of dates.

    frame: rows in the order of the source. rule: one str or None per row. dated: columns in days from 1970-01-01.
    """

    name: str
    frame: pd.DataFrame
    rule: pd.Series
    dated: tuple[str, ...]


def is_dated(table: str, column: str, mapped: ColumnMapping, source: Source) -> bool:
    """Whether a column holds calendar dates."""
    return TABLES[table].columns[column].unit == "day" and (mapped.dates or source.dates) == "calendar"


def canonical(name: str, text: pd.DataFrame, broken: pd.Series, source: Source) -> Canonical:
    """The canonical columns that a table maps, from the columns of its files, in the order of their declaration.

    text: columns of the files, one str or None per cell. broken: the rule that each row breaks already, or None.
    """
    import pandas as pd

    mapped = source.tables[name].columns
    order = [n for n in TABLES[name].columns if n in mapped]
    columns, rule = {}, broken
    for n in order:
        columns[n], found = convert(name, n, mapped[n], text, source)
        rule = rule.mask(rule.isna() & found.notna(), found)
    dated = tuple(n for n in order if is_dated(name, n, mapped[n], source))
    return Canonical(name, pd.DataFrame(columns, index=text.index), rule, dated)


def convert(
    table: str, name: str, mapped: ColumnMapping, text: pd.DataFrame, source: Source
) -> tuple[pd.Series, pd.Series]:
    """The values of one canonical column, and the rule that each row breaks in it, by name."""
    import numpy as np
    import pandas as pd

    if mapped.column is None:
        cells = pd.Series(mapped.value or None, index=text.index, dtype=object)
    else:
        cells = text[mapped.column]
    codes, distinct = pd.factorize(cells)
    # the last distinct cell stands for the missing ones, whose code is -1
    known = pd.Series([*distinct, None], dtype=object)
    rows = np.bincount(codes[codes >= 0], minlength=len(known)).astype(np.int64)
    known = meanings(known, mapped, source)
    declared = TABLES[table].columns[name]
    values, rule = _parsed(known, rows, declared, mapped, _dates(table, name, mapped, source))
    rule = rule.map(lambda said: said if pd.isna(said) else f"{said} {_in(said)}{name}")
    return tuple(s.take(codes).set_axis(text.index) for s in (values, rule))  # type: ignore[return-value]


def _in(said: str) -> str:
    return "" if said == "unreadable" else "in "


def meanings(cells: pd.Series, mapped: ColumnMapping, source: Source) -> pd.Series:
    """What the cells mean: missing ones are None, codes are replaced."""
    cells = cells.where(~cells.isin([*source.missing_values, *mapped.missing]), None)
    if not mapped.codes and not mapped.crosswalk:
        return cells
    found = cells.map(_codes(cells, mapped))
    listed = cells.isin(list(mapped.codes)) | found.notna()
    other = cells if mapped.other is None else cells.where(cells.isna(), mapped.other)
    found = found.where(listed, other)
    return found.where(found.notna() & (found != ""), None)


def _codes(cells: pd.Series, mapped: ColumnMapping) -> dict[str, str | None]:
    """The meaning of each code that occurs: that of the crosswalk, unless the mapping says something else."""
    if not mapped.crosswalk:
        return mapped.codes
    from iop_outcomes.sources import crosswalk

    levels = crosswalk.levels(mapped.crosswalk)
    return {c: levels.get(crosswalk.normalise(c)) for c in cells.dropna()} | mapped.codes


def _dates(table: str, name: str, mapped: ColumnMapping, source: Source) -> dates.Reading | None:
    """How the dates of a column are written; None where it holds none."""
    if not is_dated(table, name, mapped, source):
        return None
    where = f"{table}.{name}" + (f" (column '{mapped.column}')" if mapped.column else "")
    return dates.Reading(where, mapped.date_format or source.date_format, source.time_zone, mapped.excel_serial)


def _parsed(
    cells: pd.Series, rows: object, declared: Column, mapped: ColumnMapping, dated: dates.Reading | None
) -> tuple[pd.Series, pd.Series]:
    """Distinct cells in the type of the column, and the rule that each breaks."""
    import pandas as pd

    if dated is not None:
        return dates.parse(cells, rows, dated)  # type: ignore[arg-type]
    if declared.kind == "text":
        return cells, pd.Series(None, index=cells.index, dtype=object)
    factor = UNITS[declared.unit][mapped.unit] if mapped.unit else 1
    return numbers.parse(cells, declared.kind == "whole", mapped.decimal, factor)
