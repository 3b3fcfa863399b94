"""A mapping held against the canonical tables: columns that do not exist, units, dates and ages that do not fit.

Nothing is raised here: what is wrong is told in words, for the error that names the study's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from iop_outcomes.protocol.mapping import UNITS, ColumnMapping, Dates, TableMapping
from iop_outcomes.tables.canonical import CANONICAL
from iop_outcomes.tables.declare import Column
from iop_outcomes.vocabulary.levels import LEVELS

TABLES = {table.name: table for table in CANONICAL}


def problem(name: str, mapped: TableMapping, dates: Dates, derived: set[str]) -> str | None:
    """What is wrong with the mapping of a table, in words; None if nothing. derived: columns it need not map."""
    if name not in TABLES:
        return f"`{name}` is no canonical table; tables: {', '.join(TABLES)}"
    declared = TABLES[name].columns
    unknown = [n for n in mapped.columns if n not in declared]
    if unknown:
        return f"{name} has no column {', '.join(unknown)}; columns: {', '.join(declared)}"
    required = [n for n, c in declared.items() if not (c.optional or c.absent_means_missing or n in derived)]
    lacking = [n for n in required if n not in mapped.columns]
    if lacking:
        return (
            f"{name} needs {', '.join(lacking)}; map a column of the file, or give every row a `value` "
            "(an empty one is missing)"
        )
    if mapped.first_by and name != "persons":
        return f"`first_by` is for persons; {name} keeps all rows of a person"
    wrong = (_column_problem(f"{name}.{n}", declared[n], c, dates) for n, c in mapped.columns.items())
    return next((w for w in wrong if w), None) or _age_problem(name, mapped, dates)


def _age_problem(name: str, mapped: TableMapping, dates: Dates) -> str | None:
    """What is wrong with what is said of ages, in words; None if nothing."""
    for n, column in mapped.columns.items():
        at = column.age_at
        checks: Mapping[str, bool] = {
            f"{name}.{n} is not persons.age: `age_at` does not fit": (name, n) != ("persons", "age"),
            "`age_at: admission` needs `first_by`, the day of each row": at == "admission" and mapped.first_by is None,
            "`age_at` as a date or a year of birth needs `dates: calendar`": dates == "relative"
            and (isinstance(at, date) or at == "birth_year"),
            "`age_at` needs the `column` that holds the date": isinstance(at, ColumnMapping) and at.column is None,
        }
        if at is not None and (said := next((s for s, wrong in checks.items() if wrong), None)):
            return said
    return None


def _column_problem(name: str, declared: Column, mapped: ColumnMapping, dates: Dates) -> str | None:
    """What is wrong with the mapping of one column, in words; None if nothing."""
    dated = declared.unit == "day" and (mapped.dates or dates) == "calendar"
    number = declared.kind != "text" and not dated
    units = {} if dated else UNITS.get(declared.unit, {})
    given = {v for v in (*mapped.codes.values(), mapped.other, mapped.value) if v}
    unknown = sorted(given - set(declared.allowed)) if declared.allowed else []
    checks: Mapping[str, bool] = {
        f"{name} cannot be {', '.join(unknown)}; expected {', '.join(declared.allowed)}": bool(unknown),
        f"{name} cannot be counted in {mapped.unit}; possible: {', '.join(units) or 'nothing'}": (
            mapped.unit is not None and mapped.unit not in units
        ),
        f"{name} holds no dates: `date_format`, `excel_serial` and `days_from` do not fit": (
            not dated and (mapped.date_format is not None or mapped.excel_serial or mapped.days_from is not None)
        ),
        f"{name} holds no days: `dates` does not fit": declared.unit != "day" and mapped.dates is not None,
        f"{name} holds dates, but the source has `dates: relative`": mapped.dates == "calendar" and dates == "relative",
        f"{name} holds days, but day 0 is found from its dates": mapped.dates == "relative"
        and name == "stays.start_day",
        f"{name} holds no numbers: `decimal` does not fit": not number and mapped.decimal == "comma",
        f"{name} is no level of care: `crosswalk` does not fit": bool(mapped.crosswalk and declared.allowed != LEVELS),
    }
    return next((said for said, wrong in checks.items() if wrong), None)
