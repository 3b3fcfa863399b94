"""Endpoints that are known later than they happen: a run of screens is dated to its first, and known with its last.

One rule censors them all: who has had no event is followed to the last day on which one could begin and still be
known. A run of four weekly screens that began with one of the last three would not be known, so that nobody is at risk
there; time at risk in which no event can occur makes hazard ratios wrong wherever follow-up differs between arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.cohort.interviews import of_substance
from iop_outcomes.protocol import Endpoint

if TYPE_CHECKING:
    import pandas as pd


def run_of_screens(
    people: pd.DataFrame, tables: Mapping[str, pd.DataFrame], endpoint: Endpoint
) -> tuple[pd.Series, pd.Series]:
    """Day of the first of so many screens in a row that count, or of the last with which a run could begin.

    Who had fewer screens than a run takes was never at risk, and has no day.
    """
    screens = of_substance(tables["screens"], endpoint)
    rows = screens[screens["day"] >= endpoint.from_day].sort_values(["person_id", "day"])
    counts = rows["result"].isin([one.strip() for one in endpoint.counts.split(",")])
    # people and unbroken stretches of screens that count
    stretch = (~counts).groupby(rows["person_id"]).cumsum()
    length = counts.groupby([rows["person_id"], stretch]).cumsum()
    begin = rows["day"].where(counts).groupby([rows["person_id"], stretch]).transform("min")
    reached = begin[counts & (length == endpoint.run)].groupby(rows["person_id"]).min()
    known = last_start(rows, endpoint.run)
    event = known.index.to_series().isin(reached.index)
    return reached.reindex(known.index).fillna(known).astype("int64"), event


def last_start(rows: pd.DataFrame, run: int) -> pd.Series:
    """By person, the day of the last record with which so many in a row could begin; people with fewer are left out.

    rows: person_id and day, in their order.
    """
    to_come = rows.groupby("person_id").cumcount(ascending=False)
    return rows[to_come == run - 1].set_index("person_id")["day"]
