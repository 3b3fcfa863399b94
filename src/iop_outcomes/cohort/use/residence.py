"""Days in a controlled environment, and the day of return to the community.

Stays at the study's `controlled` levels are joined where they share a day or follow each other day by day, and for the
day of return where the days between them are no return; an open stay runs to the end of observation, and one whose end
is an interval to its earliest day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.use.asked import USUAL_GAP_DAYS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def spells(people: pd.DataFrame, stays: pd.DataFrame, levels: Sequence[str], gap_days: int = 1) -> pd.DataFrame:
    """Spells at some levels: person_id (of the unit), start, end; days from time zero, first to last.

    people: the table people. stays: canonical. gap_days: most days from the last day of a stay to the first of the next
    of a spell; of 1, none lies between them.
    """
    import pandas as pd

    own = stays.loc[stays["level_of_care"].isin(list(levels)), ["person_id", "start_day", "end_day"]]
    units = people[["person_id", "record_id", "index_start_day", "observed_days"]].rename(
        columns={"person_id": "unit", "record_id": "person_id"}
    )
    joined = own.merge(units, on="person_id")
    zero, last = joined["index_start_day"].astype("int64"), joined["observed_days"].astype("int64")
    start = joined["start_day"].astype("int64") - zero
    end = (joined["end_day"].astype("Int64") - zero).fillna(last).clip(upper=last).astype("int64")
    found = pd.DataFrame({"person_id": joined["unit"], "start": start, "end": end})
    found = found[found["end"] >= found["start"]].sort_values(["person_id", "start", "end"], kind="stable")
    reached = found.groupby("person_id")["end"].cummax().groupby(found["person_id"]).shift()
    return _joined(found, reached.isna() | (found["start"] > reached + gap_days))


def _joined(ordered: pd.DataFrame, begins: pd.Series) -> pd.DataFrame:
    """Rows as one spell each, from one that begins to the last before the next."""
    merged = ordered.groupby(begins.cumsum().to_numpy()).agg(
        person_id=("person_id", "first"), start=("start", "min"), end=("end", "max")
    )
    return merged.reset_index(drop=True)


def community_day(
    people: pd.DataFrame,
    controlled: pd.DataFrame,
    others: pd.DataFrame | None = None,
    gap_days: int = USUAL_GAP_DAYS,
) -> pd.Series:
    """The first day from time zero on that is in the community, in the order of people; missing for who has none within
    observation.

    controlled: spells at controlled levels, as `spells` gives them; others: at other ones. Days between two controlled
    spells are no return where no more than gap_days lie from the last day of one to the first of the next, counted as
    for episodes of care, and no other spell begins in between: who waits for a bed is on the way, and who steps down to
    outpatient care has returned.
    """
    away = _on_the_way(controlled, controlled.iloc[:0] if others is None else others, gap_days)
    inside = away[(away["start"] <= 0) & (away["end"] >= 0)]
    ends = people["person_id"].map(inside.set_index("person_id")["end"]).astype("Int64")
    day = (ends + 1).fillna(0)
    return day.where(day <= people["observed_days"])


def _on_the_way(controlled: pd.DataFrame, others: pd.DataFrame, gap_days: int) -> pd.DataFrame:
    """Controlled spells, with the days between two of them that are no return."""
    before = controlled.groupby("person_id")["end"].shift()
    near = controlled["start"] - before <= gap_days
    gaps = controlled.assign(before=before)[near].reset_index(names="at")
    pairs = gaps.merge(others[["person_id", "start"]], on="person_id", suffixes=("", "_other"))
    home = (pairs["start_other"] >= pairs["before"]) & (pairs["start_other"] < pairs["start"])
    return _joined(controlled, ~near | controlled.index.isin(pairs.loc[home, "at"]))


def days_within(
    spell: pd.DataFrame, position: Mapping[object, int], begins: int, length: int, first: int, k: int
) -> NDArray[np.int64]:
    """(n, k) days of each person's interval that lie in spells.

    spell: as `spells` gives them. position: the row of each person. begins: day on which interval 1 begins; first: the
    number of the first column's interval.
    """
    found = np.zeros((len(position), k), dtype=np.int64)
    rows = spell["person_id"].map(position)
    own = spell[rows.notna()]
    row = rows.dropna().to_numpy("int64")
    start = begins + (first - 1) * length
    low, high = own["start"].to_numpy() - start, own["end"].to_numpy() - start
    inside = (high >= 0) & (low < k * length)
    row, low, high = row[inside], np.maximum(low[inside], 0), np.minimum(high[inside], k * length - 1)
    since, until = low // length, high // length
    each = until - since + 1
    spells_of = np.repeat(np.arange(len(row)), each)
    column = np.arange(len(spells_of)) - np.repeat(np.cumsum(each) - each, each) + since[spells_of]
    begin = np.maximum(low[spells_of], column * length)
    end = np.minimum(high[spells_of], (column + 1) * length - 1)
    np.add.at(found, (row[spells_of], column), end - begin + 1)
    return found
