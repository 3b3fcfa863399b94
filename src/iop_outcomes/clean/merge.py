"""One record for what was recorded more than once.

In order: rows equal in every column become one; stays of one person at one level, site and kind of program
that share a day become one. Where all of these begin within two days of each other and end within two days of
each other, they are copies of one stay and the first (by start, end, stay_id) stands; otherwise they are
joined, from the earliest start to the latest end with the reason of the stay that ends last. Nothing is
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.clean.rules import OPEN

if TYPE_CHECKING:
    import pandas as pd

COPY_DAYS = 2
SAME = ["person_id", "level_of_care", "site_id", "program_type"]
# the later columns only break ties, so that the order of the rows that came in does not show
TIES = ["stay_id", "discharge_reason", "planned_days", "scheduled_hours_per_week"]


def exact(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows without their exact copies, and how many copies there were."""
    copies = rows.duplicated()
    return rows[~copies], {"exact duplicate": int(copies.sum())}


def stays(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Stays that share no day with another at the same level, site and program; how many went into others, by
    kind.

    rows: valid stays. The index label of a merged stay is that of its first record.
    """
    if not rows["person_id"].duplicated().any():
        return rows, {}
    ordered = rows.assign(last_day=rows["end_day"].fillna(OPEN).astype("int64")).sort_values(
        [*SAME, "start_day", "last_day", *TIES]
    )
    cluster = _clusters(ordered)
    spread = ordered.groupby(cluster)[["start_day", "last_day"]].agg(["min", "max"])
    size = ordered.groupby(cluster).size()
    near = (spread["start_day", "max"] - spread["start_day", "min"] <= COPY_DAYS) & (
        spread["last_day", "max"] - spread["last_day", "min"] <= COPY_DAYS
    )
    first = ordered.groupby(cluster).head(1)
    last = ordered.assign(cluster=cluster).sort_values(["cluster", "last_day", "start_day", *TIES])
    last = last.groupby("cluster").tail(1).set_index(first.index)
    joined = ~near.set_axis(first.index)
    kept = first.assign(
        end_day=first["end_day"].mask(joined, last["end_day"]),
        discharge_reason=first["discharge_reason"].mask(joined, last["discharge_reason"]),
    )
    merged = {
        "near duplicate": int((size - 1)[near].sum()),
        "overlap at one level and site": int((size - 1)[~near].sum()),
    }
    return kept[rows.columns], merged


def _clusters(ordered: pd.DataFrame) -> pd.Series:
    """The number of the chain of stays, each sharing a day with an earlier one, that a stay belongs to."""
    group = ordered.groupby(SAME).ngroup()
    reached = ordered.groupby(group)["last_day"].cummax().groupby(group).shift()
    begins = reached.isna() | (ordered["start_day"].astype("float64") > reached)
    return begins.cumsum()
