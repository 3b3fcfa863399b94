"""Days in a controlled environment, and the day of return to the community.

Stays at the study's `controlled` levels are joined where they share a day or follow each other day by day; an open stay
runs to the end of observation, and one whose end is an interval to its earliest day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def spells(people: pd.DataFrame, stays: pd.DataFrame, levels: Sequence[str]) -> pd.DataFrame:
    """Unbroken spells at some levels: person_id (of the unit), start, end; days from time zero, first to last.

    people: the table people. stays: canonical.
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
    begins = reached.isna() | (found["start"] > reached + 1)
    merged = found.groupby(begins.cumsum().to_numpy()).agg(
        person_id=("person_id", "first"), start=("start", "min"), end=("end", "max")
    )
    return merged.reset_index(drop=True)


def community_day(people: pd.DataFrame, controlled: pd.DataFrame) -> pd.Series:
    """The first day from time zero on outside of controlled spells, in the order of people; missing for who has none
    within observation.

    controlled: as `spells` gives them.
    """
    inside = controlled[(controlled["start"] <= 0) & (controlled["end"] >= 0)]
    ends = people["person_id"].map(inside.set_index("person_id")["end"]).astype("Int64")
    day = (ends + 1).fillna(0)
    return day.where(day <= people["observed_days"])


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
