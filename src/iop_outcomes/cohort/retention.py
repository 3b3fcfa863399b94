"""When and how people left the index level of care and the whole episode, counted from time zero.

A stay that is still open is censored at the end of observation, and so is whatever would lie beyond it. Leaving the
index level by stepping down counts as completed or transferred there, and not as leaving the episode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def run(people: pd.DataFrame, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The table retention: one row per person, in the order of people."""
    import pandas as pd

    found = people.merge(episodes, on=["person_id", "index_start_day"], how="left", validate="one_to_one")
    columns = {"person_id": people["person_id"]}
    for level in ("index", "care"):
        source = "index" if level == "index" else "episode"
        days = found[f"{source}_end_day"] - found["index_start_day"]
        censored = days.isna() | (days > found["observed_days"])
        columns[f"{level}_days"] = days.where(~censored, found["observed_days"]).astype("int64")
        columns[f"{level}_cause"] = found[f"{source}_reason"].where(~censored, "censored").astype(object)
    return {"retention": pd.DataFrame(columns)}
