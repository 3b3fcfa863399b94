"""Tests that were due by a regular schedule and are on no record; and tests thinned to a schedule that arms share.

Time from the first day of interval 1 is cut into periods of so many days, which may differ between sites. A period in
which no test is on record, given or not, has one that was missed, on its last day; one that observation or care does
not cover whole has none, but where the study's last interval is the one that observation reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.symbols import EXCUSED, MISSED
from iop_outcomes.protocol import Use

if TYPE_CHECKING:
    import pandas as pd


def thinned(by_day: pd.DataFrame, one_in_days: int, begins: int) -> pd.DataFrame:
    """One test in so many days: the last that was due, whatever its result; an excused one where there is no other.

    by_day: as `tests.by_day` gives them. one_in_days: 0 leaves them as they are. begins: day on which the first of the
    periods begins.
    """
    if not one_in_days:
        return by_day
    period = (by_day["day"] - begins) // one_in_days
    ordered = by_day.assign(period=period, due=by_day["code"] != EXCUSED.code).sort_values(
        ["person_id", "period", "due", "day"], kind="stable"
    )
    last = ~ordered.duplicated(["person_id", "period"], keep="last")
    return ordered.loc[last, list(by_day.columns)]


def refuse_unknown_sites(people: pd.DataFrame, use: Use) -> None:
    """Raises StudyError for a site of the schedule that no one is of. people: site_id."""
    unknown = set(use.schedule.sites) - set(people["site_id"])
    if unknown:
        raise StudyError(
            f"`use.schedule.sites` names {len(unknown)} site(s) that no one in the cohort is of. Expected names of "
            "sites as the records have them (`stays.site_id`)."
        )


def missed(people: pd.DataFrame, by_day: pd.DataFrame, use: Use, in_care_to: pd.Series) -> pd.DataFrame:
    """Rows of `tests.by_day` for tests that were due and are not on record; none where the schedule is recorded.

    people: (n) person_id, site_id, observed_days. by_day: tests of the class. in_care_to: (n) the last day in care,
    from time zero. Raises StudyError for a site that no one is of.
    """
    import pandas as pd

    schedule = use.schedule
    if schedule.kind == "recorded" or people.empty:
        return by_day.iloc[:0]
    refuse_unknown_sites(people, use)
    every = people["site_id"].map(schedule.sites).fillna(schedule.every_days).to_numpy("int64")
    observed = people["observed_days"].to_numpy("int64")
    until = observed if schedule.until == "observed" else np.minimum(observed, in_care_to.to_numpy("int64"))
    whole = (until - use.begins + 1) // every
    periods = whole if use.last_interval == "whole" else (until - use.begins) // every + 1
    periods = np.maximum(periods, 0)
    person = np.repeat(np.arange(len(people)), periods)
    number = np.arange(len(person)) - np.repeat(np.cumsum(periods) - periods, periods)
    width = int(periods.max(initial=0))
    at = pd.Index(people["person_id"]).get_indexer(pd.Index(by_day["person_id"]))
    period = (by_day["day"].to_numpy("int64") - use.begins) // every[np.maximum(at, 0)]
    held = (at >= 0) & (period >= 0) & (period < width)
    lacking = ~np.isin(person * width + number, np.unique(at[held] * width + period[held]))
    person, number = person[lacking], number[lacking]
    day = np.minimum(use.begins + (number + 1) * every[person] - 1, until[person])
    # as the tests of the person that are on record; who has none, as those of others
    own = by_day.groupby("person_id")["due_covers"].max().where(lambda days: days > 0)
    usual = own.max() if own.notna().any() else np.inf
    would_cover = people["person_id"].map(own).fillna(usual).to_numpy("float64")
    return pd.DataFrame(
        {
            "person_id": people["person_id"].to_numpy()[person],
            "day": day,
            "code": np.full(len(day), MISSED.code, dtype=np.uint8),
            "covers": np.zeros(len(day)),
            "due_covers": would_cover[person],
        }
    )
