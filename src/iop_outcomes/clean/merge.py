"""One record for what was recorded more than once.

In order: rows equal in every column become one. An open stay of which there is an ended version (`versions`) goes into
it; the ended one stands, with what only the open one tells of the plan. An open stay that others contradict is set
aside, as nobody knows when it ended: a later stay began at its level and site, or it began within one that ended; and
both, where a stay is open at one site and ended at another from one day on. Then stays of one person at one level, site
and kind of program that share a day become one. Where all of these begin within two days of each other and end within
two days of each other, they are copies of one stay and the first (by start, end, stay_id) stands; otherwise they are
joined, from the earliest start to the latest end, with all that is told of the end by the stay that ends last. Nothing
is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from iop_outcomes.clean import versions
from iop_outcomes.clean.versions import COPY_DAYS, OPEN, SITE

if TYPE_CHECKING:
    import pandas as pd

SAME = ["person_id", "level_of_care", SITE, "program_type"]
# the later columns only break ties, so that the order of the rows that came in does not show
TIES = ["stay_id", "discharge_reason", "planned_days", "scheduled_hours_per_week"]
# what an open version may know of a stay that its ended version does not
PLAN = ("planned_days", "scheduled_hours_per_week", "service")
# what is told of the end
ENDING = (
    "end_day", "end_day_latest", "discharge_reason", "level_at_discharge", "use_at_discharge",
    "employment_at_discharge", "arrests_at_discharge",
)  # fmt: skip

EARLIER = "open version of an ended stay"
NEAR = "near duplicate"
TWO_ENDS = "versions of one stay that end on different days"
OVERLAP = "overlap at one level and site"
REOPENED = "open, though a later stay began at its level and site"
WITHIN = "open, though begun within a stay that ended"
ELSEWHERE = "open at one site and ended at another from one day on"


class Merged(NamedTuple):
    """Stays that are left; how many went into others, by kind; the rule of those set aside, by index; and all that
    were not set aside, of which open versions end with their stay."""

    kept: pd.DataFrame
    merged: dict[str, int]
    aside: pd.Series
    valid: pd.DataFrame


def exact(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows without their exact copies, and how many copies there were."""
    copies = rows.duplicated()
    return rows[~copies], {"exact duplicate": int(copies.sum())}


def stays(rows: pd.DataFrame) -> Merged:
    """Stays that share no day with another at the same level, site and program.

    rows: valid stays. The index label of a merged stay is that of its first record.
    """
    import pandas as pd

    nothing = pd.Series(dtype=object)
    several = rows["person_id"].duplicated(keep=False)
    if not several.any():
        return Merged(rows, {}, nothing, rows)
    alone, own = rows[~several], rows[several]
    earlier = versions.superseded(own)
    left = _filled(own, earlier)
    aside = _contradicted(left)
    sound = left.drop(index=aside.index)
    kept, merged = _joined(sound)
    ends = [c for c in ENDING if c in rows]
    valid = rows.drop(index=aside.index)
    if len(earlier):
        valid.loc[earlier.index, ends] = own.loc[earlier, ends].set_axis(earlier.index)
    together = pd.concat([alone, kept]).sort_index() if len(alone) else kept
    return Merged(together.astype(rows.dtypes.to_dict()), {EARLIER: len(earlier), **merged}, aside, valid)


def spells(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Spells of medication without open versions of ended ones, and how many there were.

    rows: valid medications. Versions are of one person and medication and begin within two days of each other, the open
    one not after the ended one ended.
    """
    is_open = rows["end_day"].isna()
    if not is_open.any() or is_open.all():
        return rows, {}
    key = ["person_id", "medication"]
    pairs = rows[is_open].reset_index(names="at").merge(rows[~is_open], on=key, suffixes=("", "_ended"))
    apart = (pairs["start_day"] - pairs["start_day_ended"]).abs()
    earlier = pairs.loc[(apart <= COPY_DAYS) & (pairs["start_day"] <= pairs["end_day_ended"]), "at"].unique()
    return rows[~rows.index.isin(earlier)], {"open version of an ended spell": len(earlier)}


def _filled(rows: pd.DataFrame, earlier: pd.Series) -> pd.DataFrame:
    """The rows without open versions; what only those tell of the plan goes to the ended ones."""
    left = rows.drop(index=earlier.index)
    if not len(earlier):
        return left
    told = rows.loc[earlier.index].assign(ended=earlier).sort_values(["ended", "start_day", *TIES])
    for column in PLAN:
        if column in rows:
            known = told.dropna(subset=[column]).drop_duplicates("ended").set_index("ended")[column]
            left[column] = left[column].where(left[column].notna(), known.reindex(left.index))
    return left


def _contradicted(rows: pd.DataFrame) -> pd.Series:
    """The rule for open stays, and their like, of which others show that they ended, by index."""
    import pandas as pd

    said = pd.Series(None, index=rows.index, dtype=object)
    is_open = rows["end_day"].isna()
    if not is_open.any():
        return said.dropna()
    said = said.mask(versions.elsewhere(rows), ELSEWHERE)
    group = _groups(rows)
    starts = rows["start_day"].astype("int64")
    later = starts.groupby(group).transform("max") > starts + COPY_DAYS
    ends = rows["end_day"].fillna(-OPEN).astype("int64")
    # the latest end of those that began before; an open stay has none
    order = pd.DataFrame({"group": group, "start": starts, "end": ends}).sort_values(["group", "start"], kind="stable")
    begun = order.groupby(["group", "start"])["end"].max().groupby("group").cummax().groupby("group").shift()
    before = order.join(begun.rename("before"), on=["group", "start"])["before"].reindex(rows.index)
    said = said.mask(said.isna() & is_open & (starts < before), WITHIN)
    return said.mask(said.isna() & is_open & later, REOPENED).dropna()


def _groups(rows: pd.DataFrame) -> pd.Series:
    """The number of the person, level, site and kind of program that a stay belongs to."""
    return rows.assign(**{SITE: versions.spelled(rows["site_id"])}).groupby(SAME).ngroup()


def _joined(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Copies and overlaps as one stay each, and how many went into others, by kind."""
    import numpy as np

    if rows.empty:
        return rows, {}
    ordered = rows.assign(group=_groups(rows), last_day=rows["end_day"].fillna(OPEN).astype("int64"))
    ordered = ordered.sort_values(["group", "start_day", "last_day", *TIES])
    cluster = _clusters(ordered)
    spread = ordered.groupby(cluster)[["start_day", "last_day"]].agg(["min", "max"])
    size = ordered.groupby(cluster).size()
    together, ends = (spread[c, "max"] - spread[c, "min"] <= COPY_DAYS for c in ("start_day", "last_day"))
    near, two_ends = together & ends, together & ~ends
    first = ordered.groupby(cluster).head(1)
    latest = [c for c in ("end_day_latest",) if c in rows]
    last = ordered.assign(cluster=cluster).sort_values(["cluster", "last_day", *latest, "start_day", *TIES])
    last = last.groupby("cluster").tail(1).set_index(first.index)
    joined = ~near.set_axis(first.index)
    kept = first.assign(**{c: first[c].mask(joined, last[c]) for c in ENDING if c in rows})
    kinds = {NEAR: near, TWO_ENDS: two_ends, OVERLAP: ~together}
    return kept[rows.columns], {kind: int(np.sum((size - 1)[those])) for kind, those in kinds.items()}


def _clusters(ordered: pd.DataFrame) -> pd.Series:
    """The number of the chain of stays, each sharing a day with an earlier one, that a stay belongs to."""
    group = ordered["group"]
    reached = ordered.groupby(group)["last_day"].cummax().groupby(group).shift()
    begins = reached.isna() | (ordered["start_day"].astype("float64") > reached)
    return begins.cumsum()
