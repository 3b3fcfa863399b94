"""The mapping file: which columns of an export feed which canonical tables, and how their codes, units and dates read.

A mapping is data; it is typed here and held against the canonical tables before the first row is read. What it says
about files is checked when they are read, in `iop_outcomes.sources.mapping`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from iop_outcomes.protocol.base import Part
from iop_outcomes.tables.canonical import CANONICAL, LEVELS
from iop_outcomes.tables.declare import Column

TABLES = {table.name: table for table in CANONICAL}

Dates = Literal["calendar", "relative"]
AgeAt = Literal["day_zero", "admission", "first_record", "birth_year"]
Crosswalk = Literal["asam3", "asam4", "procedure", "revenue", "teds_services"]
Unit = Literal[
    "minutes", "quarter_hours", "hours", "hours_per_week", "minutes_per_week", "hours_per_day",
    "days", "weeks", "months", "hours_minutes", "minutes_seconds",
]  # fmt: skip

# by the unit of the canonical column: what a file may count in, and how much of the canonical unit one of it is. A
# month is 30 days: programs of one, two and three months are those of 30, 60 and 90 days. Of text with a colon
# (hours_minutes 1:30, minutes_seconds 45:00) the unit is that of the first part.
UNITS: dict[str, dict[str, float]] = {
    "minutes": {"minutes": 1, "quarter_hours": 15, "hours": 60, "hours_minutes": 60, "minutes_seconds": 1},
    "hours a week": {"hours_per_week": 1, "minutes_per_week": 1 / 60, "hours_per_day": 7, "hours_minutes": 1},
    "days": {"days": 1, "weeks": 7, "months": 30},
    "day": {"days": 1, "weeks": 7},
}

# delimiters by name
MARKS = ("comma", "semicolon", "tab", "pipe")

# ISO 8601, year first: read everywhere, and ambiguous nowhere
ISO = "iso"
DIRECTIVES = ("%Y", "%m", "%d", "%b", "%B", "%j", "%H", "%I", "%M", "%S", "%f", "%p")


def _text(value: Any) -> Any:
    """A code as the file has it. YAML reads 1 as a number and yes as a truth; a file holds text."""
    if isinstance(value, bool):
        raise ValueError("YAML reads yes, no, on, off, true and false as truths: write the code in quotation marks")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) else value


def _meaning(value: Any) -> Any:
    """A canonical value. An unquoted yes or no means itself: no canonical value is a truth."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _text(value)


def _key(value: Any) -> Any:
    """A code to look up; null is an empty cell, as empty text is."""
    return "" if value is None else _text(value)


Code = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float)]
Key = Annotated[str, BeforeValidator(_key, json_schema_input_type=str)]
Meaning = Annotated[str, BeforeValidator(_meaning, json_schema_input_type=str | int | float | bool)]


def _moment(value: Any) -> Any:
    """When an age was known: a word, a date, or the mapping of a column that holds the date."""
    if isinstance(value, str) and value not in get_args(AgeAt):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"`age_at` is one of {', '.join(get_args(AgeAt))}, a date such as 2024-06-30, or the column that holds "
                "the date: { column: name }"
            ) from None
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def check_date_format(layout: str | None) -> str | None:
    """The format, or ValueError where it does not tell year, month and day."""
    if layout is None or layout == ISO:
        return layout
    used = re.findall(r"%.?", layout)
    if "%y" in used:
        raise ValueError("two-digit years (%y) are not read, as 24 may be 1924 or 2024: export four digits (%Y)")
    unknown = sorted(set(used) - set(DIRECTIVES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not known in a date format; known: {' '.join(DIRECTIVES)}, or iso")
    if len(used) != len(set(used)):
        raise ValueError("a date format names each part once")
    whole = "%Y" in used and ("%j" in used or ("%d" in used and {"%m", "%b", "%B"} & set(used)))
    if not whole:
        raise ValueError("a date format names year (%Y), month (%m, %b or %B) and day (%d), such as '%m/%d/%Y'; or iso")
    return layout


class ColumnMapping(Part):
    """Where one canonical column comes from. A plain string is the name of the file's column."""

    column: str | None = Field(default=None, min_length=1, description="name of the column in the file")
    value: Meaning | None = Field(
        default=None, description="the same for every row, in place of a column; empty text is missing"
    )
    codes: dict[Key, Meaning | None] = Field(
        default={},
        description="what each code of the file means; null is missing, on the left too: what an empty cell means",
    )
    other: Meaning | None = Field(
        default=None,
        description="what codes not listed become, empty text for missing; without it they stay, and are set aside "
        "where the canonical column does not allow them",
    )
    crosswalk: Crosswalk | None = Field(default=None, description="code system that tells the level of care")
    unit: Unit | None = Field(default=None, description="what the file counts in")
    dates: Dates | None = Field(
        default=None, description="this column holds dates, or days from day 0, unlike the others of the source"
    )
    date_format: str | None = Field(default=None, description="as `date_format` of the source, for this column")
    excel_serial: bool = Field(
        default=False,
        description="whole numbers are Excel's day counts, from 1899-12-30, or from the day that the workbook names",
    )
    days_from: date | None = Field(
        default=None,
        description="whole numbers count days from this date: 1960-01-01 in SAS and Stata, 1970-01-01 in R, 1904-01-01 "
        "in workbooks of older Macs",
    )
    decimal: Literal["point", "comma"] = Field(default="point", description="mark of decimals")
    missing: list[Code] = Field(default=[], description="texts that mean missing in this column")
    age_at: Annotated[AgeAt | date | ColumnMapping | None, BeforeValidator(_moment)] = Field(
        default=None,
        description="persons.age only: which age the column holds, brought to day 0. day_zero: that age itself; "
        "admission: on the day of the row (`first_by`, and then the default); first_record: on the person's first "
        "record in stays; a date; { column: ... } that holds the date; birth_year: the year of birth",
    )

    _format = field_validator("date_format")(check_date_format)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        if (self.column is None) == (self.value is None):
            raise ValueError("name either the file's `column` or a `value` that is the same for every row")
        if self.value is not None and (self.codes or self.crosswalk or self.other is not None):
            raise ValueError("a `value` is canonical already: it takes no `codes`, `crosswalk` or `other`")
        if self.excel_serial and self.days_from:
            raise ValueError("whole numbers are either Excel's day counts (`excel_serial`) or days since `days_from`")
        if self.other is not None and not (self.codes or self.crosswalk):
            raise ValueError(
                "`other` says what codes not listed become: list some under `codes`, or name a `crosswalk`"
            )
        return self


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Columns = dict[str, Annotated[ColumnMapping, BeforeValidator(_column, json_schema_input_type=str | ColumnMapping)]]


class Filter(Part):
    """Rows of a file that are read: by what stands in one of its columns. `null` is an empty cell."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    column: str = Field(min_length=1, description="name of the column in the file")
    in_: list[Code | None] | None = Field(default=None, alias="in", description="rows with one of these are read")
    not_in: list[Code | None] | None = Field(default=None, description="rows with one of these are left out")

    @model_validator(mode="after")
    def _one_side(self) -> Filter:
        if bool(self.in_) == bool(self.not_in):
            raise ValueError("a filter lists codes under either `in` or `not_in`")
        return self


class Enrolment(Part):
    """Admissions that belong to the cohort."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_: date | None = Field(default=None, alias="from", description="first day of admission; none: no limit")
    to: date | None = Field(default=None, description="last day of admission; none: no limit")

    @model_validator(mode="after")
    def _in_order(self) -> Enrolment:
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError("enrolment ends before it begins")
        return self


class TableMapping(Part):
    """One canonical table: the files, or the query, that feed it, and its columns."""

    files: list[str] = Field(
        default=[], description="files within the source's folder, as names or patterns (sessions_*.csv)"
    )
    query: str | None = Field(default=None, min_length=1, description="SQL query, where the source has a `database`")
    sheet: int | str | None = Field(
        default=None, description="Excel: name or number of the sheet; without it, the only filled one"
    )
    labels: bool | None = Field(default=None, description="Stata, SPSS, SAS: read labels of values, not codes")
    delimiter: str | None = Field(default=None, description="what parts cells in text files; by default it is found")
    encoding: str | None = Field(default=None, description="of text files; by default UTF-8")
    columns: Columns = Field(min_length=1, description="canonical column: where it comes from")
    ignore: list[str] = Field(default=[], description="columns of the file that are known and not used")
    ignore_others: bool = Field(default=False, description="columns that are not named here are not used")
    where: list[Filter] = Field(default=[], description="rows that are read; all filters must hold")
    first_by: Annotated[ColumnMapping, BeforeValidator(_column, json_schema_input_type=str | ColumnMapping)] | None = (
        Field(
            default=None,
            description="persons only: the file has several rows of one person (one per admission, say); this column, "
            "a date or day, orders them, and the first on or after day 0 stands for the person",
        )
    )

    _files = field_validator("files", mode="before", json_schema_input_type=str | list[str])(_listed)

    @field_validator("files")
    @classmethod
    def _within_the_folder(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            parts = PurePosixPath(pattern.replace("\\", "/"))
            if not pattern.strip() or parts.is_absolute() or ".." in parts.parts:
                raise ValueError("files are named within the source's folder: no absolute path and no ..")
        return patterns

    @field_validator("delimiter")
    @classmethod
    def _one_mark(cls, mark: str | None) -> str | None:
        if mark is not None and mark not in MARKS and (len(mark) != 1 or mark in '\r\n"'):
            raise ValueError(f"a delimiter is one character, or one of {', '.join(MARKS)}")
        return mark

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            return name if name is None else codecs.lookup(name).name
        except LookupError:
            raise ValueError("this encoding is not known; use utf-8, cp1252, utf-16 or another of Python's") from None

    @model_validator(mode="after")
    def _one_origin(self) -> TableMapping:
        if self.files and self.query:
            raise ValueError("name either `files` or a `query`")
        twice = sorted(set(self.ignore) & self.used())
        if twice:
            raise ValueError(f"used and ignored: {', '.join(twice)}; decide on one")
        return self

    def used(self) -> set[str]:
        """The columns of the file that the mapping uses."""
        own = (*self.columns.values(), self.first_by)
        moments = (c.age_at for c in self.columns.values() if isinstance(c.age_at, ColumnMapping))
        mapped = {c.column for c in (*own, *moments) if c and c.column}
        return mapped | {f.column for f in self.where}


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
