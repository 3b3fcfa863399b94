"""How much care people attended in the first weeks, how often tests were due, and what was known of their use by then.

Tests a week are days of the window on which one was due, given or not. Hours are attended minutes in the window
[0, window_days) from time zero, per week of the window. Without a sessions table they are missing. Screens due in the
window give the shares that were not clear of use, and missed (0 where none was due), read by the study's `use`: one a
day, those that are excused not due. The last interview whose look-back ends within the window gives the share of days
with use, so that an analysis from the landmark at the window's end can adjust for use up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.retention import of
from iop_outcomes.cohort.tested import scheduled
from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL
from iop_outcomes.protocol import Use
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.testing import INCONCLUSIVE, POSITIVE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def run(
    people: pd.DataFrame,
    retention: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    windows: Sequence[int],
    medications: pd.DataFrame | None = None,
    use: Use = USUAL,
) -> dict[str, pd.DataFrame]:
    """The table dose: one row per window and person, people in the order of people; empty without windows.

    people: with `death_day` from time zero, missing where nobody knows of a death.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    if not windows:
        return {"dose": TABLES["dose"].empty()}
    tests = asked.of_any_substance(people, screens, medications, use)
    care = of(retention, "care", people["person_id"])["days"].to_numpy()
    parts = [
        pd.DataFrame(
            {
                "person_id": people["person_id"],
                "window_days": window,
                "in_care_at_end": care >= window,
                "at_risk_at_end": _at_risk(people, window),
                "hours_per_week": _hours(people, sessions, window),
                "tests_per_week": scheduled(people, screens, 0, window),
                **_screen_shares(people, tests, window),
                "reported_use": _reported(people, followups, window),
            }
        )
        for window in windows
    ]
    return {"dose": pd.concat(parts, ignore_index=True)}


def _at_risk(people: pd.DataFrame, window: int) -> NDArray[np.bool_]:
    alive = (people["death_day"] >= window).fillna(True).to_numpy(dtype=bool)
    return np.asarray(alive & (people["observed_days"] >= window).to_numpy())


def _hours(people: pd.DataFrame, sessions: pd.DataFrame, window: int) -> pd.Series | float:
    if sessions.empty:
        return float("nan")
    own = from_zero(sessions, people)
    attended = own[own["day"].between(0, window - 1)].groupby("person_id")["minutes"].sum()
    return people["person_id"].map(attended).fillna(0.0).astype("float64") / 60 / (window / 7)


def _screen_shares(people: pd.DataFrame, tests: pd.DataFrame, window: int) -> dict[str, pd.Series]:
    due = tests[tests["day"].between(0, window - 1)]
    return {
        name: people["person_id"]
        .map(due["result"].isin(values).groupby(due["person_id"]).mean())
        .fillna(0.0)
        .astype("float64")
        for name, values in (("positive_screens", (POSITIVE, INCONCLUSIVE)), ("missed_screens", (MISSING,)))
    }


def _reported(people: pd.DataFrame, followups: pd.DataFrame, window: int) -> pd.Series:
    # an interview on day d asks about the days up to d - 1
    own = from_zero(followups, people)
    held = own[own["day"].between(1, window + 1).fillna(False).astype(bool) & own["days_used"].notna()]
    last = held.sort_values(["person_id", "day"]).drop_duplicates("person_id", keep="last").set_index("person_id")
    share = (last["days_used"] / last["lookback_days"]).clip(upper=1)
    return people["person_id"].map(share).astype("float64")
