"""Doses of care by the week, of each unit from its time zero on: hours, level, days, and what was told in the week.

In order, for so many weeks of each unit, as far as they begin while it is observed:

1. a day lies in care where a stay covers it (first and last day counted; an open stay goes to the end of observation,
   none beyond a death; of an end known as an interval the earliest day); of stays that overlap, the highest level
   stands, of these the one with most scheduled hours;
2. hours attended are the minutes of the week's sessions. A week in care without a session has no hours where sessions
   are reported, that is where someone of the same site who entered in the same period has any; else nobody knows, the
   hours are missing, and those that were scheduled stand in for them in what is added up (`source`);
3. tests of the week, read by the study's `use`: positive where one is positive or inconclusive, missing where all that
   were due were missed; excused tests are not due. Craving is the mean of what was told at sessions.

Units are taken so many at a time, so that the table of days stays small. Nothing is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.hours import RANK
from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL
from iop_outcomes.protocol import Use
from iop_outcomes.steps.store import NOTHING, Wanted
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.doses import OF_SESSIONS, OF_STAYS, OUT_OF_CARE
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.levels import LEVELS, NO_LEVEL
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

UNITS_AT_ONCE = 20_000
# what stands for a day without a stay, and for a plan that is not known
OUT, NO_PLAN = -1, np.iinfo(np.int32).min
LEVEL_NAMES = np.array([*LEVELS, NO_LEVEL], dtype=object)
TESTS = np.array([None, MISSING, NEGATIVE, POSITIVE], dtype=object)


def run(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    stays: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    weeks: int,
    medications: pd.DataFrame | None = None,
    use: Use = USUAL,
) -> dict[str, pd.DataFrame]:
    """The table doses, units in the order of people; without a row where no weeks are asked for."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["doses"]
    if not weeks or not len(people):
        return {"doses": declared.empty()}
    records = {"stays": stays, "sessions": sessions}
    reported = _reported(people, from_zero(sessions, people), weeks)
    parts = []
    for first in range(0, len(people), UNITS_AT_ONCE):
        some = slice(first, first + UNITS_AT_ONCE)
        own = people.iloc[some]
        moved = {name: from_zero(rows, own) for name, rows in records.items()}
        moved["screens"] = asked.of_any_substance(own, screens, medications, use)
        parts.append(_weeks(own, _last_day(own, persons), moved, reported[some], weeks))
    return {"doses": declared.cast(pd.concat(parts, ignore_index=True))}


def reads(weeks: int) -> dict[str, Wanted]:
    """Nothing of records where no weeks are asked for; else what tells days, hours and tests."""
    if not weeks:
        return dict.fromkeys(("people", "persons", "stays", "sessions", "screens", "medications"), NOTHING)
    days = ("person_id", "level_of_care", "start_day", "end_day", "planned_days", "scheduled_hours_per_week")
    own = ("person_id", "record_id", "site_id", "entry_period", "index_start_day", "observed_days")
    return {
        "people": Wanted(own),
        "persons": Wanted(("person_id", "death_day")),
        "stays": Wanted(days),
        "sessions": Wanted(("person_id", "day", "minutes", "craving")),
        "screens": Wanted(("person_id", "day", "substance", "result", "reason", "specimen", "validity")),
        "medications": Wanted(("person_id", "medication", "start_day", "end_day")),
    }


def _last_day(people: pd.DataFrame, persons: pd.DataFrame) -> NDArray[np.int64]:
    """(n,) last day on which each unit is observed: the end of observation, or a death."""
    death = people["record_id"].map(persons.set_index("person_id")["death_day"]).astype("Float64")
    dead = (death - people["index_start_day"]).fillna(np.inf).to_numpy(dtype=float)
    return np.minimum(people["observed_days"].to_numpy(), dead).astype(np.int64)


def _reported(people: pd.DataFrame, sessions: pd.DataFrame, weeks: int) -> NDArray[np.bool_]:
    """(n,) whether someone of the unit's site who entered in the same period has a session in these weeks."""
    within = sessions[sessions["day"].between(0, DAYS_PER_WEEK * weeks - 1)]
    own = people["person_id"].isin(within["person_id"])
    found = own.groupby([people["site_id"], people["entry_period"]]).transform("any")
    return np.asarray(found.to_numpy(dtype=bool))


def _weeks(
    people: pd.DataFrame,
    last: NDArray[np.int64],
    records: Mapping[str, pd.DataFrame],
    reported: NDArray[np.bool_],
    weeks: int,
) -> pd.DataFrame:
    """The rows of some units. records: with days from their time zero. last: (n,) last day of each."""
    import pandas as pd

    row = pd.Index(people["person_id"])
    shape = (len(people), weeks)
    care = _days_in_care(records["stays"], row, last, DAYS_PER_WEEK * weeks)
    by_week = (*shape, DAYS_PER_WEEK)
    inside = (care.rank != OUT).reshape(by_week)
    days = inside.sum(axis=2)
    scheduled = np.where(inside, care.hours.reshape(by_week) / DAYS_PER_WEEK, 0.0).sum(axis=2)
    # counted from the week's last day in care
    final = DAYS_PER_WEEK - 1 - inside[:, :, ::-1].argmax(axis=2)
    plan = np.take_along_axis(care.left.reshape(by_week), final[:, :, None], axis=2)[:, :, 0]
    minutes, held = _by_week(records["sessions"], records["sessions"]["minutes"], row, shape)
    known = reported[:, None] | (held > 0)
    attended = np.where(known, minutes / 60, np.nan)
    in_care = days > 0
    source = np.select([known & (in_care | (held > 0)), in_care], [OF_SESSIONS, OF_STAYS], OUT_OF_CARE)
    added = np.where(known, minutes / 60, np.nan_to_num(scheduled))
    there = DAYS_PER_WEEK * np.arange(weeks) <= last[:, None]
    at, week = np.nonzero(there)
    return pd.DataFrame(
        {
            "person_id": people["person_id"].to_numpy()[at],
            "week": week + 1,
            "level_of_care": LEVEL_NAMES[care.rank.reshape(by_week).max(axis=2)[there]],
            "days_in_care": days[there],
            "days_so_far": days.cumsum(axis=1)[there],
            "planned_days_left": _whole(np.where(in_care, plan, NO_PLAN)[there]),
            "hours_attended": attended[there],
            "hours_scheduled": scheduled[there],
            "hours_so_far": added.cumsum(axis=1)[there],
            "source": source[there].astype(object),
            "reported": reported[at],
            "test": TESTS[_tests(records["screens"], row, shape)[there]],
            "craving": _craving(records["sessions"], row, shape)[there],
        }
    )


def _whole(days: NDArray[np.int64]) -> pd.api.extensions.ExtensionArray:
    """(m,) days, missing without a plan."""
    import pandas as pd

    return pd.arrays.IntegerArray(days.astype(np.int64), days == NO_PLAN)


@dataclass(frozen=True)
class Care:
    """(n, days) of each day: the rank of its level, OUT without a stay; hours a week scheduled, NaN where the stay does
    not say; days to the planned end of the stay, NO_PLAN without.
    """

    rank: NDArray[np.int8]
    hours: NDArray[np.float64]
    left: NDArray[np.int64]


def _days_in_care(stays: pd.DataFrame, row: pd.Index, last: NDArray[np.int64], days: int) -> Care:
    """What is known of each of so many days. last: (n,) last day of each unit."""
    rank = np.full((len(row), days), OUT, dtype=np.int8)
    hours = np.full(rank.shape, np.nan)
    left = np.full(rank.shape, NO_PLAN, dtype=np.int64)
    own = stays.assign(rank=stays["level_of_care"].map(RANK))
    own = own.sort_values(["rank", "scheduled_hours_per_week", "start_day"], na_position="first", kind="stable")
    at = _rows(own, row)
    start = own["start_day"].to_numpy(dtype=np.int64)
    end = np.minimum(own["end_day"].astype("Float64").fillna(np.inf).to_numpy(dtype=float), last[at]).astype(np.int64)
    planned = own["planned_days"].to_numpy(dtype=float)
    first, length = np.maximum(start, 0), np.minimum(end, days - 1) - np.maximum(start, 0) + 1
    stay = np.repeat(np.arange(len(own)), np.maximum(length, 0))
    day = first[stay] + np.arange(len(stay)) - np.searchsorted(stay, stay)
    # of several stays on a day the one that comes last stands
    place = at[stay], day
    rank[place] = own["rank"].to_numpy()[stay]
    hours[place] = own["scheduled_hours_per_week"].to_numpy()[stay]
    end_of_plan = start + np.nan_to_num(planned).astype(np.int64) - 1
    left[place] = np.where(np.isnan(planned)[stay], NO_PLAN, end_of_plan[stay] - day)
    return Care(rank, hours, left)


def _by_week(
    rows: pd.DataFrame, values: pd.Series, row: pd.Index, shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, weeks) sums of values by the week of their day, and how many there are."""
    week = rows["day"].to_numpy(dtype=np.int64) // DAYS_PER_WEEK
    use = (week >= 0) & (week < shape[1]) & values.notna().to_numpy()
    cell = _rows(rows, row)[use] * shape[1] + week[use]
    size = shape[0] * shape[1]
    total = np.bincount(cell, values.to_numpy(dtype=float)[use], size).reshape(shape)
    return np.asarray(total), np.asarray(np.bincount(cell, minlength=size).reshape(shape))


def _rows(records: pd.DataFrame, row: pd.Index) -> NDArray[np.intp]:
    """(m,) the position of each record's unit."""
    import pandas as pd

    return np.asarray(row.get_indexer(pd.Index(records["person_id"])))


def _craving(sessions: pd.DataFrame, row: pd.Index, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(n, weeks) mean craving; missing where none was told."""
    if "craving" not in sessions:
        return np.full(shape, np.nan)
    total, told = _by_week(sessions, sessions["craving"], row, shape)
    return np.where(told > 0, total / np.maximum(told, 1), np.nan)


def _tests(screens: pd.DataFrame, row: pd.Index, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(n, weeks) positions in TESTS: none due, all missed, all that were given negative, or one that was not."""
    told = screens["result"].map({MISSING: 1, NEGATIVE: 2}).fillna(3).astype("int64").to_numpy()
    week = screens["day"].to_numpy(dtype=np.int64) // DAYS_PER_WEEK
    use = (week >= 0) & (week < shape[1])
    found = np.zeros(shape, dtype=np.int64)
    np.maximum.at(found, (_rows(screens, row)[use], week[use]), told[use])
    return found
