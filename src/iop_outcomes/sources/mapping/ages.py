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


def on_day_zero(
    persons: Canonical,
    mapped: ColumnMapping,
    zero: pd.Series,
    by: pd.Series | None,
    told: pd.Series | None,
    start: pd.Series,
) -> Canonical:
    """The persons with their age on day 0.

    zero: day 0 of each row's person. by: the day of each row, where rows are ordered (`first_by`). told: the day on
    which each age was known, where a column holds it. start: the first day of a record by person. All in
    days of one count, from 1970-01-01 where the source has dates.
    """
    age, asked = persons.frame[COLUMN].astype("float64"), _asked(mapped, by)
    if asked is None:
        people = int(persons.frame.loc[zero - _first(persons, start) >= APART, "person_id"].nunique())
        return (
            _with(persons, Tally("persons", COLUMN, AGE_OPEN, None, None, None, people, people)) if people else persons
        )
    if mapped.age_at is None and by is not None and _constant(persons, by):
        persons = replace(persons, told=(*persons.told, ONE_AGE))
    day = zero.astype("float64")
    if asked == "birth_year":
        moved = _whole_years(_years(day) - age - 0.5)
    else:
        known = {"day_zero": zero, "admission": by}.get(str(asked), told)
        known = _first(persons, start) if asked == "first_record" else known
        if isinstance(asked, date):
            since = (day - float(number(asked) or 0)) / YEAR
        else:
            since = (day - known.astype("float64")) / YEAR if known is not None else 0 * day
        # an age that is not moved stays as it is, whatever a fraction makes of it
        moved = _whole_years((age + 0.5 + since).where(since != 0, age))
    changed = (moved != persons.frame[COLUMN]).fillna(False).astype(bool) & zero.notna()
    if by is not None and changed.any():
        # where a person has a row of day 0, that one stands
        changed &= ~persons.frame["person_id"].isin(persons.frame.loc[by == zero, "person_id"])
    found = replace(persons, frame=persons.frame.assign(**{COLUMN: moved}))
    if not changed.any():
        return found
    rows, people = int(changed.sum()), int(persons.frame.loc[changed, "person_id"].nunique())
    said = PRECISION.format(SAYS.get(str(asked), "another date"))
    return _with(
        replace(found, told=(*found.told, said)), Tally("persons", COLUMN, AGE_MOVED, None, None, None, rows, people)
    )


def _asked(mapped: ColumnMapping, by: pd.Series | None) -> str | date | ColumnMapping | None:
    """What the column holds; the age of the row where rows are ordered and nothing else is said."""
    return mapped.age_at or ("admission" if by is not None else None)


def _with(persons: Canonical, row: Tally) -> Canonical:
    return replace(persons, readings=(*persons.readings, row))


def _first(persons: Canonical, start: pd.Series) -> pd.Series:
    return persons.frame["person_id"].map(start).astype("Int64")


def _whole_years(age: pd.Series) -> pd.Series:
    import numpy as np

    return np.floor(age).astype("Int64")


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
