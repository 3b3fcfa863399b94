"""The age of each person on day 0, from the age that a column holds.

What the column holds is said by `age_at`: the age on day 0 itself, on the day of the row (`admission`), on the person's
first record, on a date or on that of another column, or the year of birth. In order: the day on which the age was known
is found; ages move by the days from there to day 0.

An age in whole years is known to the year: someone of 17 is between 17 and 18. Moved by part of a year it is one of two
ages; the likelier one is taken, as if birthdays were spread evenly, so that it may be off by one year. Moved by no day
it stays. A year of birth says no more.

Refuses rows of one person more than a year apart most of which hold the same age, where nothing was declared: then the
column holds another age than that of the row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
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

SAYS = {
    "admission": "the day of the row",
    "first_record": "the person's first record",
    "birth_year": "the year of birth",
}
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
    first: pd.Series,
) -> Canonical:
    """The persons with their age on day 0. Raises StudyError.

    zero: day 0 of each row's person. by: the day of each row, where rows are ordered (`first_by`). told: the day on
    which each age was known, where a column holds it. first: the first day of a record of each row's person. All in
    days of one count, from 1970-01-01 where the source has dates.
    """
    age, asked = persons.frame[COLUMN].astype("float64"), _asked(mapped, by)
    if asked is None:
        people = int(persons.frame.loc[zero - first >= APART, "person_id"].nunique())
        return (
            _with(persons, Tally("persons", COLUMN, AGE_OPEN, None, None, None, people, people)) if people else persons
        )
    if mapped.age_at is None and by is not None:
        _refuse_constant(persons, by)
    day = zero.astype("float64")
    if asked == "birth_year":
        moved = _whole_years(_years(day) - age - 0.5)
    else:
        known = {"day_zero": zero, "admission": by, "first_record": first}.get(str(asked), told)
        if isinstance(asked, date):
            since = (day - float(number(asked) or 0)) / YEAR
        else:
            since = (day - known.astype("float64")) / YEAR if known is not None else 0 * day
        # an age that is not moved stays as it is, whatever a fraction makes of it
        moved = _whole_years((age + 0.5 + since).where(since != 0, age))
    changed = (moved != persons.frame[COLUMN]).fillna(False).astype(bool) & zero.notna()
    if by is not None:
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


def _whole_years(age: pd.Series) -> pd.Series:
    import numpy as np

    return np.floor(age).astype("Int64")


def _years(day: pd.Series) -> pd.Series:
    """Days from 1970-01-01 as years of the calendar, the part of the year as a fraction."""
    import pandas as pd

    moment = pd.to_datetime(day, unit="D")
    return moment.dt.year + (moment.dt.dayofyear - 1) / YEAR


def _refuse_constant(persons: Canonical, by: pd.Series) -> None:
    """Raise StudyError where people keep one age on rows that lie more than a year apart."""
    import pandas as pd

    rows = pd.DataFrame(
        {"person": persons.frame["person_id"], "day": by.astype("float64"), "age": persons.frame[COLUMN]}
    )
    rows = rows[persons.rule.isna()].dropna()
    seen = rows.groupby("person").agg(
        first=("day", "min"), last=("day", "max"), low=("age", "min"), high=("age", "max")
    )
    far = seen[seen["last"] - seen["first"] >= FAR]
    share = float((far["low"] == far["high"]).mean()) if len(far) else 0.0
    if len(far) >= ENOUGH and share >= MOST:
        raise StudyError(
            f"persons.age: {share:.0%} of the people with rows more than a year apart have one age on all of them, so "
            "the column does not hold the age on the day of the row. Look up which age it holds, and say so with "
            "`age_at`: first_record, day_zero, a date, or the column that holds the date."
        )
