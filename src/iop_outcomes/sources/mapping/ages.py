"""The age of each person on day 0, from the age that a column holds.

What the column holds is said by `age_at`: the age on day 0 itself, on the day of the row (`admission`), on the person's
first record, on a date or on that of another column, or the year of birth. In order: the day on which the age was known
is found; ages move by the days from there to day 0.

An age in whole years is known to the year: someone of 17 is between 17 and 18. Moved by part of a year it is one of two
ages; the likelier one is taken, as if birthdays were spread evenly, so that it may be off by one year. Moved by no day
it stays. A year of birth says no more.

Where nothing was declared and most people keep one age on rows more than a year apart, the report says that the column
seems to hold another age than that of the row. Refuses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import ColumnMapping
from iop_outcomes.sources.mapping.anchor import number
from iop_outcomes.sources.mapping.columns import Canonical
from iop_outcomes.sources.mapping.tallies import Tally
from iop_outcomes.tables.readings import AGE_MOVED, AGE_OPEN

if TYPE_CHECKING:
    import pandas as pd

COLUMN, YEAR = "age", 365.25
# days by which a first record must precede day 0 for an age of then to be another one, most often
APART = 183
# rows of a person that lie so far apart cannot hold one age; people by whom it is judged, and share that says so
FAR, ENOUGH, MOST = 400, 20, 0.8
# rows that are looked at for it
LOOKED_AT = 100_000

SAYS = {
    "admission": "the day of the row",
    "first_record": "the person's first record",
    "birth_year": "the year of birth",
}
ONE_AGE = (
    "persons.age: most people have one age on rows more than a year apart, so the column does not seem to hold the age "
    "on the day of the row, for which it is taken. Look up which age it holds, and say so with `age_at`."
)
PRECISION = (
    "persons.age: ages are known from {} and were moved to day 0 by the time between. They are known to the year: the "
    "likelier of two ages is taken, and some are off by one year."
)


def asked(mapped: ColumnMapping, ordered: bool) -> str | date | ColumnMapping | None:
    """What the column holds; the age of the row where rows are `ordered` (`first_by`) and nothing else is said."""
    return mapped.age_at or ("admission" if ordered else None)


def on_day_zero(
    persons: Canonical,
    held: str | date | ColumnMapping | None,
    zero: pd.Series,
    told: pd.Series | None,
    start: pd.Series,
) -> Canonical:
    """The persons with their age on day 0, where it is not that of the row.

    held: what the column holds. zero: day 0 of each row's person. told: the day on which each age was known, where a
    column holds it. start: the first day of a record by person. All in days of one count, from 1970-01-01 where the
    source has dates.
    """
    first = persons.frame["person_id"].map(start).astype("Int64")
    if held is None:
        people = int(persons.frame.loc[zero - first >= APART, "person_id"].nunique())
        return _with(persons, AGE_OPEN, people, people) if people else persons
    day = zero.astype("float64")
    if held == "birth_year":
        moved = (_years(day) - persons.frame[COLUMN].astype("float64") - 0.5) // 1
        return _moved(persons, moved.astype("Int64"), held)
    if isinstance(held, date):
        return _moved(persons, _later(persons, day - float(number(held) or 0)), held)
    known = first if held == "first_record" else zero if held == "day_zero" or told is None else told
    return _moved(persons, _later(persons, day - known.astype("float64")), held)


def of_rows(persons: Canonical, order: pd.Series) -> Canonical:
    """The persons with their age on day 0, where it is that of the row. order: the day of each row from day 0."""
    if not (order != 0).fillna(False).any():
        return persons
    return _moved(persons, _later(persons, -order.astype("float64").fillna(0)), "admission")


def cautioned(persons: Canonical, by: pd.Series) -> Canonical:
    """The persons, with a sentence where rows years apart hold one age. by: the day of each row."""
    return replace(persons, told=(*persons.told, ONE_AGE)) if _constant(persons, by) else persons


def _later(persons: Canonical, days: pd.Series) -> pd.Series:
    """Ages so many days later, in whole years; one that is not moved stays as it is."""
    age = persons.frame[COLUMN]
    moved = ((age.astype("float64") + 0.5 + days / YEAR) // 1).astype("Int64")
    return moved.where(days != 0, age)


def _moved(persons: Canonical, age: pd.Series, held: str | date | ColumnMapping) -> Canonical:
    """The persons of another age, told and counted where it differs."""
    changed = (age != persons.frame[COLUMN]).fillna(False).astype(bool)
    found = replace(persons, frame=persons.frame.assign(**{COLUMN: age}))
    if not changed.any():
        return found
    said = PRECISION.format(SAYS.get(str(held), "another date"))
    people = int(persons.frame.loc[changed, "person_id"].nunique())
    return _with(replace(found, told=(*found.told, said)), AGE_MOVED, int(changed.sum()), people)


def _with(persons: Canonical, outcome: str, rows: int, people: int) -> Canonical:
    row = Tally("persons", COLUMN, outcome, None, None, None, rows, people)
    return replace(persons, readings=(*persons.readings, row))


def _years(day: pd.Series) -> pd.Series:
    """Days from 1970-01-01 as years of the calendar, the part of the year as a fraction."""
    import pandas as pd

    moment = pd.to_datetime(day, unit="D")
    return moment.dt.year + (moment.dt.dayofyear - 1) / YEAR


def _constant(persons: Canonical, by: pd.Series) -> bool:
    """Whether people keep one age on rows that lie more than a year apart."""
    import pandas as pd

    rows = pd.DataFrame(
        {"person": persons.frame["person_id"], "day": by.astype("float64"), "age": persons.frame[COLUMN]}
    )
    rows = rows.iloc[:LOOKED_AT][persons.rule.iloc[:LOOKED_AT].isna()].dropna()
    seen = rows.groupby("person").agg(
        first=("day", "min"), last=("day", "max"), low=("age", "min"), high=("age", "max")
    )
    far = seen[seen["last"] - seen["first"] >= FAR]
    return len(far) >= ENOUGH and float((far["low"] == far["high"]).mean()) >= MOST
