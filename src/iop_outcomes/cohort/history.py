"""What was recorded of people up to the day of an answer, for readings of those that are missing.

For each person, endpoint and horizon that such a reading asks about: the last screen and how long before, screens due,
missed and positive, care on the day and days in it, attended hours, what the interview before said, what was last seen
of use at all, and whether a screen or a death tells the answer even where the interview was missed. Screens are read as
the endpoint reads them: of its substances, one a day, with prescriptions, specimens and reasons as the study's `use`
has them; excused ones are not due, and one that is inconclusive is not clear of use. Of an endpoint that is itself a
screen, those in its own days are left out. Days are counted from where the endpoint's clock starts; nothing after the
horizon is read but screens that are a part of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import clocks, interviews
from iop_outcomes.cohort.retention import of
from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import asked
from iop_outcomes.cohort.use.asked import USUAL, USUAL_GAP_DAYS
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST, MISSING
from iop_outcomes.vocabulary.endpoints import KINDS
from iop_outcomes.vocabulary.testing import NEGATIVE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

RECENT_DAYS = 28


def run(
    people: pd.DataFrame,
    followups: pd.DataFrame,
    screens: pd.DataFrame,
    sessions: pd.DataFrame,
    retention: pd.DataFrame,
    endpoints: Sequence[Endpoint],
    remembered: Mapping[str, Sequence[int]],
    medications: pd.DataFrame | None = None,
    stays: pd.DataFrame | None = None,
    use: Use = USUAL,
    gap_days: int = USUAL_GAP_DAYS,
) -> dict[str, pd.DataFrame]:
    """The table history.

    people: with `death_day` from time zero. remembered: days by outcome for which some reading stands on it.
    medications: what is prescribed, for tests to be read by `use`. stays: needed where a clock starts with the return
    to the community; gap_days: as they are linked to episodes.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    empty = TABLES["history"].empty()
    own = [e for e in endpoints if remembered.get(e.outcome)]
    if not own:
        return {"history": empty}
    care = of(retention, "care", people["person_id"])["days"].to_numpy()
    parts = []
    for clock in dict.fromkeys(e.clock for e in own):
        moved, there = clocks.with_start(clock, people, stays, use, gap_days)
        passed = (moved["index_start_day"] - people["index_start_day"]).to_numpy(dtype="int64")
        left = (care - passed).clip(min=0)
        held, attended = from_zero(followups, there), from_zero(sessions, there)
        tests = asked.read(there, screens, medications, use)
        for endpoint in (e for e in own if e.clock == clock):
            read = asked.of(tests, endpoint.tests, use).screens
            parts += [_of(moved, held, read, attended, left, endpoint, day) for day in remembered[endpoint.outcome]]
    return {"history": pd.concat(parts, ignore_index=True)[list(empty.columns)].astype(empty.dtypes)}


def _of(
    people: pd.DataFrame,
    followups: pd.DataFrame,
    screens: pd.DataFrame,
    sessions: pd.DataFrame,
    care: NDArray[np.int64],
    endpoint: Endpoint,
    horizon: int,
) -> pd.DataFrame:
    """Rows of one question. screens: as the endpoint reads them. care: (n,) days from where its clock starts."""
    import pandas as pd

    ids = people["person_id"]
    last_day = horizon - endpoint.tolerance_days if KINDS[endpoint.kind].screened else horizon
    own = screens[(screens["day"] >= 0) & (screens["day"] <= last_day)].astype({"day": "int64"})
    last = _last_screen(own)
    before = _interview_before(followups, endpoint, horizon)
    counts = own.assign(
        missed=own["result"] == MISSING, positive=~own["result"].isin([MISSING, NEGATIVE]), due=True
    ).groupby("person_id")[["due", "missed", "positive"]].sum()  # fmt: skip
    found = pd.DataFrame(
        {
            "person_id": ids,
            "outcome": endpoint.outcome,
            "horizon_days": horizon,
            "last_screen_positive": ids.map(last["positive"]).astype("boolean").array,
            "days_since_screen": (horizon - ids.map(last["day"]).astype("Int64")).array,
            **{
                f"screens_{name}": ids.map(counts[name]).fillna(0).astype("int64").to_numpy() for name in counts.columns
            },
            "in_care_then": care >= horizon,
            "days_in_care": care.clip(max=horizon),
            **_hours(ids, sessions, horizon),
            "abstinent_before": ids.map(before["abstinent"]).astype("boolean").array,
            "certain": _certain(people, followups, screens, endpoint, horizon),
        }
    )
    # of the last screen and of that interview, whichever was later
    later = (ids.map(before["day"]).astype("Int64") > ids.map(last["day"]).astype("Int64").fillna(-1)).fillna(False)
    found["abstinent_last"] = (~found["last_screen_positive"]).mask(later.to_numpy(), found["abstinent_before"])
    return found


def _last_screen(own: pd.DataFrame) -> pd.DataFrame:
    """By person, the day of the last screen given, and whether it was not negative; there is one a day."""
    given = own[own["result"] != MISSING].sort_values(["person_id", "day"])
    last = given.drop_duplicates("person_id", keep="last").set_index("person_id")
    return last.assign(positive=last["result"] != NEGATIVE)[["day", "positive"]]


def _interview_before(followups: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """By person, the day of the last interview held that was due before the one asked about, and whether it told of no
    use.
    """
    early = followups["target_day"] < horizon - endpoint.tolerance_days
    held = followups[early & (followups["day"] <= horizon).fillna(False) & followups["days_used"].notna()]
    last = held.sort_values(["person_id", "day"]).drop_duplicates("person_id", keep="last").set_index("person_id")
    return last.assign(abstinent=last["days_used"] == 0)[["day", "abstinent"]]


def _certain(
    people: pd.DataFrame, followups: pd.DataFrame, screens: pd.DataFrame, endpoint: Endpoint, horizon: int
) -> NDArray[np.bool_]:
    """(n,) of whom a positive screen tells the answer, whether the interview was held or not, or a death by the day,
    where deaths count against the outcome: of the dead who had used before, too.
    """
    died = (people["death_day"] <= horizon).fillna(False).to_numpy(dtype=bool)
    known = died & (endpoint.deaths == COUNTED_AGAINST)
    if KINDS[endpoint.kind].told_by_screen:
        told = interviews.told_by_screen(people, {"followups": followups, "screens": screens}, endpoint, horizon)
        known |= people["person_id"].isin(told).to_numpy()
    return known


def _hours(ids: pd.Series, sessions: pd.DataFrame, horizon: int) -> dict[str, object]:
    """Attended up to the horizon, and in the last days before it; missing without a table of sessions."""
    if sessions.empty:
        return {"hours": float("nan"), "recent_hours": float("nan")}
    until = sessions[sessions["day"].between(0, horizon - 1)]
    recent = until[until["day"] >= horizon - RECENT_DAYS]
    return {
        name: (ids.map(part.groupby("person_id")["minutes"].sum()).fillna(0.0).astype("float64") / 60).to_numpy()
        for name, part in (("hours", until), ("recent_hours", recent))
    }
