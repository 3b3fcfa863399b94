"""Days of which people told, at interviews, whether they used.

An interview on day d asks about the days up to d - 1. Of a look-back without use every day is free of it; of one with
use on each day every day has it; of any other only what the interview dates is known: the first use, the days before
it, and that a look-back that lies within one interval has a day of use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.protocol import Use

if TYPE_CHECKING:
    import pandas as pd


def told(followups: pd.DataFrame, use: Use) -> pd.DataFrame:
    """One row per person and day of which something is known: person_id, day, used.

    followups: canonical, days from time zero. A day that one interview calls free of use and another does not has two.
    """
    import pandas as pd

    held = followups[followups["day"].notna() & followups["days_used"].notna()]
    until = held["day"].astype("int64") - 1
    since = held["day"].astype("int64") - held["lookback_days"].astype("int64")
    none, all_ = held["days_used"] == 0, held["days_used"] >= held["lookback_days"]
    within = (since - use.begins) // use.interval_days == (until - use.begins) // use.interval_days
    dated = followups[followups["first_use_day"].notna()]
    through = followups[followups["no_use_through_day"].notna()]
    parts = [
        _days(held.loc[none, "person_id"], since[none], until[none], used=False),
        _days(held.loc[all_, "person_id"], since[all_], until[all_], used=True),
        _days(held.loc[within & ~none, "person_id"], until[within & ~none], until[within & ~none], used=True),
        _days(dated["person_id"], dated["first_use_day"], dated["first_use_day"], used=True),
        _days(through["person_id"], 0 * through["no_use_through_day"], through["no_use_through_day"], used=False),
    ]
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def _days(person: pd.Series, since: pd.Series, until: pd.Series, used: bool) -> pd.DataFrame:
    """Each day from one to another, both in it."""
    import pandas as pd

    first, last = since.to_numpy("int64"), until.to_numpy("int64")
    each = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(each)), each)
    day = np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each) + first[row]
    return pd.DataFrame({"person_id": person.to_numpy(dtype=object)[row], "day": day, "used": used})
