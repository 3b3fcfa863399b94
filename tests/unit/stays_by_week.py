"""People of a contrast who leave after use or complete, week by week, with what is on record of each week."""

from __future__ import annotations

import numpy as np
import pandas as pd
from contrast_people import N, people_of_a_contrast

from iop_outcomes.tables import TABLES, check


def people() -> dict[str, pd.DataFrame]:
    """People who leave after use, in week 1 to 6, or complete from week 3 on; everyone answers, and staying helps."""
    made, rng = people_of_a_contrast(), np.random.default_rng(3)
    ids = made["people"]["person_id"].to_numpy()
    used = rng.random((N, 6)) < 0.4
    drop = rng.random((N, 6)) < 0.06 + 0.3 * used
    done = (rng.random((N, 6)) < 0.25) & (np.arange(6) >= 2)
    gone = drop | done
    week = np.where(gone.any(axis=1), gone.argmax(axis=1), 5)
    cause = np.where(drop[np.arange(N), week], "unplanned", "completed").astype(object)
    days = 7 * week + 6
    stay = made["retention"].assign(days=np.tile(days, 2), days_latest=np.tile(days, 2), cause=np.tile(cause, 2))
    last = used[np.arange(N), week]
    chance = 0.15 + 0.1 * week - 0.1 * last
    person, at = np.nonzero(np.arange(6) <= week[:, None])
    doses = TABLES["doses"].empty().reindex(range(len(person))).assign(
        person_id=ids[person], week=at + 1, level_of_care="2.1", days_in_care=7, days_so_far=7 * (at + 1),
        planned_days_left=pd.array(7 * (2 - at), dtype="Int64"), hours_attended=9.0, hours_scheduled=9.0,
        hours_so_far=9.0 * (at + 1), source="sessions", reported=True,
        test=np.where(used[person, at], "positive", "negative").astype(object), craving=50.0,
    )  # fmt: skip
    doses = check(TABLES["doses"], TABLES["doses"].cast(doses))
    abstinent = pd.array(rng.random(N) < chance, dtype="boolean")
    return {
        **made, "retention": stay, "doses": doses,
        "abstinence": made["abstinence"].assign(abstinent=abstinent, mature=True),
    }  # fmt: skip


def arm(cohort: dict[str, pd.DataFrame]) -> np.ndarray:
    """(n,) who is in the first arm."""
    return (cohort["arms"].set_index("person_id")["arm"].loc[cohort["people"]["person_id"]] == 1).to_numpy()


def left(cohort: dict[str, pd.DataFrame]) -> np.ndarray:
    """(n,) the week in which each left."""
    own = cohort["retention"].query("follows == 'care'").set_index("person_id")
    return own["days"].loc[cohort["people"]["person_id"]].to_numpy() // 7 + 1
