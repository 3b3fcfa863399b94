"""Hours of care that people attended during a stay, beside those that were scheduled.

In order:

1. A stay runs from its first to its last day, both counted; an open one to the end of observation, none beyond a
   death. Where the end is known only as an interval, its earliest day counts.
2. Each session goes to one stay of its person that covers its day: to one at the session's level of care where there
   is one, else to the highest level; among equals to the stay begun last, then the first by stay_id. A session
   outside every stay goes nowhere.
3. Attended minutes are divided by the weeks of the stay: its days / 7, and at least one week. A stay of two days with
   one session of three hours has three hours a week, not ten.

Without a sessions table hours are missing; with one, a stay without a session has 0 hours. Nothing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.levels import LEVELS

if TYPE_CHECKING:
    import pandas as pd

RANK = {level: rank for rank, level in enumerate(LEVELS)}


def delivered(stays: pd.DataFrame, sessions: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """Attended hours per week of each stay, with the index of stays; missing without sessions."""
    return attended(stays, sessions, persons)["hours_per_week"]


def attended(stays: pd.DataFrame, sessions: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """What each stay delivered, with the index of stays.

    stays, sessions, persons: canonical tables. Columns: days (length, both ends counted), weeks (at least 1), hours,
    sessions (with attended time), hours_per_week, sessions_per_week, hours_per_session (missing without a session),
    delivered_share (hours_per_week / scheduled_hours_per_week, missing where none are scheduled).
    """
    import pandas as pd

    days = length(stays, persons)
    weeks = (days.astype("float64") / DAYS_PER_WEEK).clip(lower=1)
    if sessions.empty:
        hours = held = pd.Series(float("nan"), index=stays.index)
    else:
        given = assigned(stays, sessions, persons)
        given = given[given["minutes"] > 0]
        by_stay = given.groupby("stay_id")["minutes"]
        known = days.notna()
        hours = (stays["stay_id"].map(by_stay.sum()).astype("float64").fillna(0.0) / 60).where(known)
        held = stays["stay_id"].map(by_stay.size()).astype("float64").fillna(0.0).where(known)
    scheduled = stays["scheduled_hours_per_week"]
    return pd.DataFrame(
        {
            "days": days,
            "weeks": weeks,
            "hours": hours,
            "sessions": held,
            "hours_per_week": hours / weeks,
            "sessions_per_week": held / weeks,
            "hours_per_session": hours / held.where(held > 0),
            "delivered_share": hours / weeks / scheduled.where(scheduled > 0),
        },
        index=stays.index,
    )


def by_week(stays: pd.DataFrame, sessions: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """One row per stay and week of it, in the order of stays: stay_id, week (from 1), days, hours.

    days: those of the week that the stay has, fewer than 7 in its last. Weeks without a session have 0 hours; without
    a sessions table there are no rows.
    """
    import numpy as np
    import pandas as pd

    if sessions.empty:
        return pd.DataFrame(
            {
                "stay_id": pd.Series(dtype=object),
                "week": pd.Series(dtype="int64"),
                "days": pd.Series(dtype="int64"),
                "hours": pd.Series(dtype="float64"),
            }
        )
    days = length(stays, persons).fillna(0).astype("int64")
    count = (-(-days // DAYS_PER_WEEK)).to_numpy()
    row = np.repeat(np.arange(len(stays)), count)
    week = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1
    given = assigned(stays, sessions, persons)
    hours = (given["minutes"] / 60).groupby([given["stay_id"], given["since"] // DAYS_PER_WEEK + 1]).sum()
    frame = pd.DataFrame(
        {
            "stay_id": stays["stay_id"].to_numpy()[row],
            "week": week,
            "days": np.minimum(days.to_numpy()[row] - DAYS_PER_WEEK * (week - 1), DAYS_PER_WEEK),
        }
    )
    keys = pd.MultiIndex.from_frame(frame[["stay_id", "week"]])
    return frame.assign(hours=hours.reindex(keys).fillna(0.0).to_numpy())


def length(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """Days of each stay, both ends counted (Int64); missing where the person is not known or was dead."""
    days = _last_day(stays, persons) - stays["start_day"] + 1
    return days.where(days > 0)


def _last_day(stays: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    known = persons.set_index("person_id")
    observed = stays["person_id"].map(known["observed_to_day"]).astype("Int64")
    death = stays["person_id"].map(known["death_day"]).astype("Int64")
    last = stays["end_day"].astype("Int64").fillna(observed)
    return last.mask((death < last).fillna(False).astype(bool), death)


def assigned(stays: pd.DataFrame, sessions: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """The sessions that a stay covers, each once: stay_id, since (days from the stay's start), minutes."""
    import pandas as pd

    covers = pd.DataFrame(
        {
            "person_id": stays["person_id"],
            "stay_id": stays["stay_id"],
            "stay_level": stays["level_of_care"],
            "start": stays["start_day"],
            "last": _last_day(stays, persons),
        }
    )
    days = sessions[["person_id", "day", "minutes", "level_of_care"]].reset_index(drop=True)
    pairs = days.rename_axis("session").reset_index().merge(covers, on="person_id")
    pairs = pairs[(pairs["start"] <= pairs["day"]) & (pairs["day"] <= pairs["last"]).fillna(False).astype(bool)]
    pairs = pairs.assign(
        other=pairs["level_of_care"] != pairs["stay_level"], rank=pairs["stay_level"].map(RANK).astype("int64")
    )
    ordered = pairs.sort_values(
        ["session", "other", "rank", "start", "stay_id"], ascending=[True, True, False, False, True]
    )
    once = ordered.drop_duplicates("session")
    return pd.DataFrame(
        {"stay_id": once["stay_id"], "since": once["day"] - once["start"], "minutes": once["minutes"]}
    ).reset_index(drop=True)
