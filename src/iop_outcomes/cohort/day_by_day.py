"""Each day of a window and what is known of it: free of use, with use, with some of the use of a look-back, or nothing.

In order: stretches that are known to be free (`known_days.free`) are marked; days of use that are known by their day
hold use; an interview that counts days of use without saying which spreads them evenly over its look-back, at least so
many as positive screens and first uses lie within it. Where several sources tell of a day, the one with most use
stands. Days from a death on are read as the endpoint says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort import known_days
from iop_outcomes.cohort.interviews import of_substance
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST
from iop_outcomes.vocabulary.testing import POSITIVE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Tables = Mapping[str, "pd.DataFrame"]
# of a day: nothing is known; it was free; it held use
UNKNOWN, FREE, USE = -1.0, 0.0, 1.0


def told(people: pd.DataFrame, tables: Tables, endpoint: Endpoint, first: int, last: int) -> NDArray[np.float64]:
    """(n, last - first + 1) what is known of each day from `first` to `last`: UNKNOWN, FREE, USE, or the share of a day
    that holds use, where days of use are counted without their dates.

    people: with `death_day` from where the clock starts. tables: as kinds of `cohort.abstinence` read them.
    """
    import pandas as pd

    row = pd.Series(np.arange(len(people)), index=people["person_id"].to_numpy())
    days = np.where(_covered(known_days.free(tables, endpoint), row, first, last), FREE, UNKNOWN)
    counted, single = _interviews(tables), _single(tables, endpoint)
    counted, single = _joined(counted, single)
    _hold(days, counted, row, first, last)
    _hold(days, single.assign(start=single["day"], end=single["day"], share=USE), row, first, last)
    if endpoint.deaths == COUNTED_AGAINST:
        dead = people["death_day"].astype("Float64").fillna(np.inf).to_numpy(dtype=float)
        days[np.arange(first, last + 1) >= dead[:, None]] = USE
    return days


def _covered(stretches: pd.DataFrame, row: pd.Series, first: int, last: int) -> NDArray[np.bool_]:
    """(n, k) days that lie in some stretch."""
    own = stretches[(stretches["end"] >= first) & (stretches["start"] <= last) & stretches["person_id"].isin(row.index)]
    at = row.loc[own["person_id"]].to_numpy()
    change = np.zeros((len(row), last - first + 2), dtype=np.int32)
    np.add.at(change, (at, own["start"].clip(lower=first).to_numpy() - first), 1)
    np.add.at(change, (at, own["end"].clip(upper=last).to_numpy() - first + 1), -1)
    return np.asarray(change.cumsum(axis=1)[:, :-1] > 0)


def _interviews(tables: Tables) -> pd.DataFrame:
    """Interviews that count days of use: person_id, start, end, days of the look-back, used."""
    held = tables["followups"].dropna(subset=["day", "days_used"])
    held = held[held["days_used"] > 0].reset_index(drop=True)
    length = held["lookback_days"].astype("int64")
    day = held["day"].astype("int64")
    return held[["person_id"]].assign(
        start=day - length, end=day - 1, length=length, used=held["days_used"].astype(float)
    )


def _single(tables: Tables, endpoint: Endpoint) -> pd.DataFrame:
    """Days that are known to hold use, each once: person_id, day."""
    import pandas as pd

    first = tables["followups"].dropna(subset=["first_use_day"])
    positive = of_substance(tables["screens"], endpoint)
    positive = positive[positive["result"] == POSITIVE]
    pairs = [rows[["person_id", name]].set_axis(["person_id", "day"], axis=1).astype({"day": "int64"})
             for rows, name in ((first, "first_use_day"), (positive, "day"))]  # fmt: skip
    return pd.concat(pairs, ignore_index=True).drop_duplicates(ignore_index=True)


def _joined(counted: pd.DataFrame, single: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Interviews with the share of each day of their look-back that holds use, and the days that lie in none of them.

    A day that is known, within a look-back, is one of those that were counted there.
    """
    pairs = counted.reset_index().merge(single.reset_index(names="place"), on="person_id")
    pairs = pairs[(pairs["day"] >= pairs["start"]) & (pairs["day"] <= pairs["end"])]
    inside = pairs["index"].value_counts().reindex(counted.index, fill_value=0)
    used = np.minimum(np.maximum(counted["used"], inside), counted["length"])
    return counted.assign(share=used / counted["length"]), single[~single.index.isin(pairs["place"])]


def _hold(days: NDArray[np.float64], stretches: pd.DataFrame, row: pd.Series, first: int, last: int) -> None:
    """Raise each day of a stretch to its share, where it is lower."""
    own = stretches[(stretches["end"] >= first) & (stretches["start"] <= last) & stretches["person_id"].isin(row.index)]
    start = own["start"].clip(lower=first).to_numpy(dtype=np.int64)
    length = own["end"].clip(upper=last).to_numpy(dtype=np.int64) - start + 1
    at = np.repeat(row.loc[own["person_id"]].to_numpy(), length)
    day = np.repeat(start - first - np.concatenate([[0], length.cumsum()[:-1]]), length) + np.arange(length.sum())
    share = np.repeat(own["share"].to_numpy(dtype=np.float64), length)
    np.maximum.at(days, (at, day), share)
