"""What interviews tell of people: the one nearest a horizon, when it was due, screens that speak for it, first use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import reaches
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.testing import ANY, POSITIVE

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]


def of_substance(screens: pd.DataFrame, endpoint: Endpoint) -> pd.DataFrame:
    """The screens that an endpoint asks about; or all."""
    return screens if endpoint.substance in ("", ANY) else screens[screens["substance"] == endpoint.substance]


def nearest(followups: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """By person, the interview due nearest the horizon; anchor: the day on which it was held, or due."""
    rows = followups.assign(
        anchor=followups["day"].fillna(followups["target_day"]), distance=(followups["target_day"] - horizon).abs()
    )
    near = rows[rows["distance"] <= endpoint.tolerance_days]
    return near.sort_values(["person_id", "distance", "anchor"]).drop_duplicates("person_id").set_index("person_id")


def due(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """The interview nearest the horizon was due by the end of observation; where none is listed, the horizon was."""
    target = people["person_id"].map(nearest(tables["followups"], endpoint, horizon)["target_day"])
    return reaches(people, target.astype("Int64").fillna(horizon))


def answer_due(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> pd.Series:
    """An interview that would cover the days to the horizon was due by the end of observation; where none is listed,
    the horizon was.
    """
    rows = tables["followups"]
    first = rows[rows["target_day"] >= horizon].groupby("person_id")["target_day"].min()
    return reaches(people, people["person_id"].map(first).astype("Int64").fillna(horizon))


def told_by_screen(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, horizon: int) -> set[object]:
    """Who used by a positive screen in the look-back of the interview due nearest the horizon, as `interview` counts
    them.
    """
    chosen = nearest(tables["followups"], endpoint, horizon)
    screens = tables["screens"]
    positive = of_substance(screens[screens["result"] == POSITIVE], endpoint)
    joined = positive.merge(chosen[["anchor", "lookback_days"]].reset_index(), on="person_id")
    within = (joined["day"] < joined["anchor"]) & (joined["day"] >= joined["anchor"] - joined["lookback_days"])
    asked = people.loc[due(people, tables, endpoint, horizon), "person_id"]
    within &= joined["person_id"].isin(asked) | joined["person_id"].isin(chosen.index[chosen["day"].notna()])
    return set(joined.loc[within.fillna(False).astype(bool), "person_id"])


def first_use(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Day of the first reported use from where the clock starts, or the last day that the answers cover.

    Of who used before that, nothing is known of the time after it.
    """
    rows = tables["followups"].groupby("person_id")
    first, through = rows["first_use_day"].min(), rows["no_use_through_day"].max()
    first = first.where((first >= 0).fillna(False).astype(bool))
    event = first.notna()
    return first.where(event, through).fillna(0).astype("int64"), event
