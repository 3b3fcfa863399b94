"""Who left some levels of care alive, when they started care at others, and when they were back.

In order, for each question and unit: of the stays at the levels that are left, from the unit's clock on (the first day
of detoxification, where care began with it), the first run: stays that follow each other without a day between; the
last of these that ends tells the last day and the way of leaving. A run that is still open has not been left. Who left
in another way than the question asks about, was there for too few days, or left on the day of a death or beyond the end
of observation, is not in the table. Further care is the first stay at a level that is started which goes on beyond the
last day, from the day after it: a transfer on that day starts after 1 day. So is being back the first stay at a level
that counts as a return. Beyond a death, or the end of observation, nothing starts. Nothing is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.protocol import Starting
from iop_outcomes.steps.store import NOTHING, Wanted

if TYPE_CHECKING:
    import pandas as pd


def run(
    people: pd.DataFrame, persons: pd.DataFrame, stays: pd.DataFrame, starting: Mapping[str, Starting]
) -> dict[str, pd.DataFrame]:
    """The table onward; without a row where nothing is asked, or nobody left."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["onward"]
    if not starting or not len(people):
        return {"onward": declared.empty()}
    moved = from_zero(stays, people)
    units = people.set_index("person_id")
    death = units["record_id"].map(persons.set_index("person_id")["death_day"]).astype("Int64")
    alive = (death - units["index_start_day"].astype("Int64") - 1).rename("alive")
    last = pd.concat([alive, units["observed_days"].astype("Int64")], axis=1).min(axis=1).astype("Int64")
    clock = units["clock_start_day"].astype("Int64") - units["index_start_day"].astype("Int64")
    # of records that end with a death nobody knows how long they would have gone on
    ends = units["observed_days"].astype("Int64").mask((alive + 1 == units["observed_days"]).fillna(False))
    parts = [_asked(name, one, moved, last, clock, ends) for name, one in starting.items()]
    return {"onward": declared.cast(pd.concat(parts, ignore_index=True)) if any(map(len, parts)) else declared.empty()}


def reads(starting: Mapping[str, Starting]) -> dict[str, Wanted]:
    """Nothing of records where nothing is asked; else what tells levels, days and ways of leaving."""
    if not starting:
        return dict.fromkeys(("people", "persons", "stays"), NOTHING)
    own = ("person_id", "record_id", "index_start_day", "clock_start_day", "observed_days")
    levels = ("person_id", "level_of_care", "start_day", "end_day", "discharge_reason")
    return {"people": Wanted(own), "persons": Wanted(("person_id", "death_day")), "stays": Wanted(levels)}


def _asked(
    name: str, asked: Starting, stays: pd.DataFrame, last: pd.Series, clock: pd.Series, ends: pd.Series
) -> pd.DataFrame:
    """The rows of one question. stays: of units, from their time zero. last, clock, ends: by unit, the last day alive
    and observed, the day from which stays count, and the end of observation, missing where a death made it.
    """
    left = _left(stays[stays["level_of_care"].isin(asked.leaves)], clock)
    there = left["left_day"] - left["began"] + 1
    known = last.reindex(left.index) - left["left_day"]
    kept = left["way"].isin(asked.left_as) & (there >= asked.at_least_days) & (known >= 0)
    left = left.assign(days_there=there, known_after=known)[kept.fillna(False).astype(bool)]
    after = {
        "started_after": _came(stays[stays["level_of_care"].isin(asked.starts)], left),
        "returned_after": _came(stays[stays["level_of_care"].isin(asked.returns)], left),
        "observed_after": ends.reindex(left.index) - left["left_day"],
    }
    columns = ["person_id", "asked", "left_day", "days_there", "started_after", "known_after", *list(after)[1:]]
    return left.assign(asked=name, **after).reset_index()[columns]


def _left(stays: pd.DataFrame, clock: pd.Series) -> pd.DataFrame:
    """By unit, of its first run of stays: began, left_day and way; without those whose run is open."""
    import pandas as pd

    own = stays[(stays["start_day"] >= stays["person_id"].map(clock)).fillna(False).astype(bool)]
    own = own.sort_values(["person_id", "start_day", "end_day"], kind="stable", na_position="last")
    far = int(pd.concat([own["start_day"], own["end_day"]]).max()) + 1 if len(own) else 0
    end = own["end_day"].fillna(far)
    reached = end.groupby(own["person_id"]).cummax()
    before = reached.groupby(own["person_id"]).shift()
    apart = (own["start_day"] > before + 1).fillna(False).astype(int)
    first = apart.groupby(own["person_id"]).cumsum() == 0
    run = own.assign(end=end)[first].sort_values(["person_id", "end"], kind="stable")
    ended = run.drop_duplicates("person_id", keep="last").set_index("person_id")
    found = pd.DataFrame(
        {
            "began": run.groupby("person_id")["start_day"].min(),
            "left_day": ended["end"].astype("Int64"),
            "way": ended["discharge_reason"].astype(object),
        }
    ).rename_axis("person_id")
    return found[(found["left_day"] < far).fillna(False).astype(bool)]


def _came(stays: pd.DataFrame, left: pd.DataFrame) -> pd.Series:
    """By unit of `left`, days to the first day of a stay that goes on beyond its last day there."""
    own = stays[stays["person_id"].isin(left.index)]
    day = own["person_id"].map(left["left_day"]).astype("Int64")
    onward = (own["end_day"].isna() | (own["end_day"] > day)).fillna(False).astype(bool)
    after = (own["start_day"].astype("Int64") - day)[onward].clip(lower=1)
    found = after.groupby(own.loc[onward, "person_id"]).min().reindex(left.index)
    return found.where(found <= left["known_after"]).astype("Int64")
