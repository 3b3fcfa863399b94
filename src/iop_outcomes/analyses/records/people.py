"""One row per unit of analysis with what its records say: the stay at the index level, its hours, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import opening, placed
from iop_outcomes.tables.lookup import positions

if TYPE_CHECKING:
    import pandas as pd

# columns of the episode that begins at a unit's time zero
OF_EPISODE = ("index_end_day", "index_reason", "episode_end_day", "episode_reason", "scheduled_hours_per_week")


def described(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    stays: pd.DataFrame,
    sessions: pd.DataFrame,
    episodes: pd.DataFrame,
) -> pd.DataFrame:
    """One row per unit, in the order of people: columns of people, and

    index_end_day, index_reason, episode_end_day, episode_reason (missing while open, or where observation ended
    before), scheduled_hours_per_week, delivered_hours_per_week (of the stay that opens the index level; missing where
    the source has no sessions), death_day (from time zero), age.
    """
    import pandas as pd

    units = people.reset_index(drop=True)
    units = pd.concat([units, opening(units, episodes, OF_EPISODE)], axis=1)
    last = units["index_start_day"] + units["observed_days"]
    for end, reason in (("index_end_day", "index_reason"), ("episode_end_day", "episode_reason")):
        unseen = (units[end].astype("Int64") > last).fillna(True).astype(bool)
        units = units.assign(**{end: units[end].astype("Int64").mask(unseen), reason: units[reason].mask(unseen)})
    known = placed(persons[["death_day", "age"]], positions(units["record_id"], persons["person_id"]))
    return units.assign(
        delivered_hours_per_week=_delivered(units, persons, stays, sessions),
        death_day=known["death_day"].astype("Int64") - units["index_start_day"].astype("Int64"),
        age=known["age"].astype("Float64"),
    )


def _delivered(
    units: pd.DataFrame, persons: pd.DataFrame, stays: pd.DataFrame, sessions: pd.DataFrame
) -> pd.Series | float:
    """Attended hours a week of the stay that opens the index level."""
    from iop_outcomes.cohort import hours

    if sessions.empty:
        return float("nan")
    keys = ["person_id", "level_of_care", "start_day"]
    units = units[["record_id", "index_level", "index_start_day"]].set_axis(keys, axis="columns")
    given = sessions[sessions["person_id"].isin(units["person_id"])]
    found = stays.assign(hours=hours.delivered(stays, given, persons))[[*keys, "stay_id", "hours"]]
    opening = units.drop_duplicates().merge(found, on=keys).sort_values("stay_id").drop_duplicates(keys)
    return units.merge(opening, on=keys, how="left", validate="many_to_one")["hours"]
