"""Day 0 of each person, and calendar dates as days from it.

In order: dates after the extract break a rule, unless they may lie ahead; day 0 of a person is
the start of the first stay within the enrolment that is not detoxification; dates become days from day 0, earlier ones
negative; records of people without a day 0 are left out and counted, save those that are set aside under a rule of
their own. A source with days from day 0 passes through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from iop_outcomes.protocol.mapping import Enrolment
from iop_outcomes.sources.mapping.columns import Canonical
from iop_outcomes.vocabulary.levels import DETOX, LEVELS

if TYPE_CHECKING:
    import pandas as pd

EPOCH = date(1970, 1, 1)
# dates that may lie after the extract: what is due, what is only bounded, and the end of an enrolment
MAY_LIE_AHEAD = ("observed_to_day", "target_day", "end_day_latest")

NO_STAY = "excluded: no treatment stay in the enrolment period"
NO_RECORD = "excluded: no row of stays that was read is of this person"
NO_READABLE_STAY = "excluded: no treatment stay that could be read"


@dataclass(frozen=True)
class Anchors:
    """By person_id: day 0 in days from 1970-01-01. unread: people whose only treatment stays could not be read.

    recorded: everyone of whom stays has a row.
    """

    zero: pd.Series
    unread: frozenset[str]
    recorded: frozenset[str]


def number(day: date | None) -> int | None:
    """A date in days from 1970-01-01."""
    return None if day is None else (day - EPOCH).days


def within_extract(table: Canonical, extract: date | None) -> Canonical:
    """The table, with a rule for each row that has a date after the extract."""
    rule, last = table.rule, number(extract)
    for column in table.dated:
        if last is not None and column not in MAY_LIE_AHEAD:
            late = (table.frame[column] > last).fillna(False).astype(bool)
            rule = rule.mask(rule.isna() & late, f"{column} after the extract date")
    return replace(table, rule=rule)


def anchors(stays: Canonical, enrolment: Enrolment) -> Anchors:
    """Day 0 of each person who has one. stays: with start_day in days from 1970-01-01."""
    frame = stays.frame[["person_id", "level_of_care", "start_day"]]
    sound = _sound(stays) & frame["person_id"].notna()
    begin, end = number(enrolment.from_), number(enrolment.to)
    treated = frame[sound & (frame["level_of_care"] != DETOX)]
    if begin is not None:
        treated = treated[treated["start_day"] >= begin]
    zero = treated.groupby("person_id")["start_day"].min()
    if end is not None:
        zero = zero[zero <= end]
    unread = set(frame.loc[~sound, "person_id"].dropna()) - set(zero.index)
    return Anchors(zero, frozenset(unread), frozenset(frame["person_id"]))


def _sound(stays: Canonical) -> pd.Series:
    """Stays that may set a day 0: they broke no rule, and level and start are known."""
    frame = stays.frame
    return stays.rule.isna() & frame["level_of_care"].isin(LEVELS) & frame["start_day"].notna()


def relative(table: Canonical, found: Anchors) -> tuple[Canonical, dict[str, int]]:
    """The table in days from day 0, without records of people who have none; and how many of those, by reason."""
    person = table.frame["person_id"]
    zero = person.map(found.zero).astype("Int64")
    frame = table.frame.assign(**{c: table.frame[c] - zero for c in table.dated})
    sound = _sound(table) if table.name == "stays" else table.rule.isna()
    out = sound & person.notna() & zero.isna()
    gone = person[out]
    unread, strange = gone.isin(found.unread), gone.isin(set(gone) - found.recorded)
    left_out = {
        NO_STAY: int((~unread & ~strange).sum()),
        NO_READABLE_STAY: int(unread.sum()),
        NO_RECORD: int(strange.sum()),
    }
    return replace(table, frame=frame[~out], rule=table.rule[~out]), {why: n for why, n in left_out.items() if n}


def observed_to(persons: Canonical, extract: date | None) -> Canonical:
    """Persons with `observed_to_day`: the extract, or the end of enrolment where that came first."""
    import pandas as pd

    last = number(extract)
    if last is None:
        return persons
    known = persons.frame.get("observed_to_day", pd.Series(pd.NA, index=persons.frame.index, dtype="Int64"))
    observed = known.fillna(last).clip(upper=last)
    dated = tuple(dict.fromkeys([*persons.dated, "observed_to_day"]))
    return replace(persons, frame=persons.frame.assign(observed_to_day=observed), dated=dated)


def entry_period(persons: pd.DataFrame, found: Anchors) -> pd.Series:
    """The calendar quarter of each person's day 0 (2024Q1)."""
    import pandas as pd

    zero = persons["person_id"].map(found.zero).astype("float64")
    quarter = pd.to_datetime(zero, unit="D").dt.to_period("Q").astype("string").astype(object)
    return quarter.where(zero.notna())
