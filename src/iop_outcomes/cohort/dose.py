"""How much care people attended in the first weeks, and what was known of their use by then.

Hours are attended minutes in the window [0, window_days) from time zero, per week of the window. Without a sessions
table they are missing. Screens due in the window give the shares positive and missed (0 where none was due), the last
interview whose look-back ends within the window gives the share of days with use, so that an analysis from the landmark
at the window's end can adjust for use up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def run(
    people: pd.DataFrame,
    retention: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    windows: Sequence[int],
) -> dict[str, pd.DataFrame]:
    """The table dose: one row per window and person, people in the order of people; empty without windows."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    if not windows:
        return {"dose": TABLES["dose"].empty()}
    care = retention.set_index("person_id").loc[people["person_id"], "care_days"].to_numpy()
    parts = [
        pd.DataFrame(
            {
                "person_id": people["person_id"],
                "window_days": window,
                "in_care_at_end": care >= window,
                "hours_per_week": _hours(people, sessions, window),
                **_screen_shares(people, screens, window),
                "reported_use": _reported(people, followups, window),
            }
        )
        for window in windows
    ]
    return {"dose": pd.concat(parts, ignore_index=True)}


def _hours(people: pd.DataFrame, sessions: pd.DataFrame, window: int) -> pd.Series | float:
    if sessions.empty:
        return float("nan")
    since = _since_zero(people, sessions, "day")
    attended = sessions[((since >= 0) & (since < window)).to_numpy()].groupby("person_id")["minutes"].sum()
    return people["person_id"].map(attended).fillna(0.0).astype("float64") / 60 / (window / 7)


def _screen_shares(people: pd.DataFrame, screens: pd.DataFrame, window: int) -> dict[str, pd.Series]:
    since = _since_zero(people, screens, "day")
    due = screens[((since >= 0) & (since < window)).to_numpy()]
    return {
        name: people["person_id"]
        .map((due["result"] == value).groupby(due["person_id"]).mean())
        .fillna(0.0)
        .astype("float64")
        for name, value in (("positive_screens", "positive"), ("missed_screens", "missing"))
    }


def _reported(people: pd.DataFrame, followups: pd.DataFrame, window: int) -> pd.Series:
    # an interview on day d asks about the days up to d - 1
    since = _since_zero(people, followups, "day")
    held = followups[((since > 0) & (since <= window + 1)).to_numpy() & followups["days_used"].notna().to_numpy()]
    last = held.sort_values(["person_id", "day"]).drop_duplicates("person_id", keep="last").set_index("person_id")
    share = (last["days_used"] / last["lookback_days"]).clip(upper=1)
    return people["person_id"].map(share).astype("float64")


def _since_zero(people: pd.DataFrame, rows: pd.DataFrame, column: str) -> pd.Series:
    """Days from the person's time zero; -1 where the person is not eligible or the day is missing."""
    start = rows["person_id"].map(people.set_index("person_id")["index_start_day"]).astype("Int64")
    return (rows[column].astype("Int64") - start).fillna(-1)
