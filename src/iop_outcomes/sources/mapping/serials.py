"""Which columns of a table's files hold dates as whole numbers of days, and from which day they count.

Excel's count begins on 1899-12-30, or on 1904-01-01 where a workbook says so; SAS and Stata count from 1960-01-01, R
from 1970-01-01. `files.day_counts` brings the numbers of such a column to Excel's usual count, in which `dates` reads
them, and writes them as dates for the identifier gate.
"""

from __future__ import annotations

from iop_outcomes.files.epochs import DAY_0
from iop_outcomes.protocol.mapping import ColumnMapping
from iop_outcomes.protocol.records import Source


def declared(name: str, source: Source) -> dict[str, int | None]:
    """The columns of a table's files that hold counts of days: days to add to be Excel's, None where the file tells."""
    mapped = source.tables[name]
    columns = [c for c in (*mapped.columns.values(), mapped.first_by) if c is not None and c.column]
    return {str(c.column): _shift(c) for c in columns if is_count(c)}


def is_count(mapped: ColumnMapping) -> bool:
    """Whether whole numbers of a column are counts of days."""
    return mapped.excel_serial or mapped.days_from is not None


def _shift(mapped: ColumnMapping) -> int | None:
    return None if mapped.days_from is None else (mapped.days_from - DAY_0).days
