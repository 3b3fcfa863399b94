"""What was recorded of people by the beginning of each month of follow-up, for weights for loss to follow-up in time.

Of each person and month: whether the last screen given was positive, whether the last that was due was missed, and the
hours attended in the 28 days before. Screens are read by the study's `use`, of all substances, one a day. Nothing of
the month itself is read, as who is lost within it cannot be told from what came later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL
from iop_outcomes.protocol import Use
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.testing import NEGATIVE

if TYPE_CHECKING:
    import pandas as pd

MONTH_DAYS = 30
RECENT_DAYS = 28


def run(
    people: pd.DataFrame,
    screens: pd.DataFrame,
    sessions: pd.DataFrame,
    last_day: int,
    medications: pd.DataFrame | None = None,
    use: Use = USUAL,
) -> dict[str, pd.DataFrame]:
    """The table course, of the months that begin before `last_day`; 0 where no weights are asked for."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    empty = TABLES["course"].empty()
    days = range(0, last_day, MONTH_DAYS)
    if not days:
        return {"course": empty}
    attended = from_zero(sessions, people)
    tests = asked.of_any_substance(people, screens, medications, use)
    tests = tests[tests["day"] >= 0].sort_values(["person_id", "day"], kind="stable")
    parts = [_by(people["person_id"], tests, attended, day) for day in days]
    return {"course": pd.concat(parts, ignore_index=True)[list(empty.columns)].astype(empty.dtypes)}


def _by(who: pd.Series, tests: pd.DataFrame, attended: pd.DataFrame, day: int) -> pd.DataFrame:
    """By the beginning of a day."""
    import pandas as pd

    before = tests[tests["day"] < day]
    due, given = (
        own.drop_duplicates("person_id", keep="last").set_index("person_id")["result"]
        for own in (before, before[before["result"] != MISSING])
    )
    recent = attended[attended["day"].between(max(day - RECENT_DAYS, 0), day - 1)]
    minutes = recent.groupby("person_id")["minutes"].sum()
    positive = (given != NEGATIVE).astype("boolean")
    return pd.DataFrame(
        {
            "person_id": who,
            "day": day,
            "last_screen_positive": who.map(positive).astype("boolean").array,
            "last_screen_missed": who.isin(due.index[due == MISSING]).to_numpy(),
            "recent_hours": (who.map(minutes).fillna(0.0).astype("float64") / 60).to_numpy(),
        }
    )
