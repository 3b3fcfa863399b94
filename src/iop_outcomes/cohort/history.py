"""What was recorded of people up to the day of an answer, for readings of those that are missing.

For each person, endpoint and horizon that such a reading asks about: the last screen and how long before, screens due,
missed and positive, care on the day and days in it, attended hours, what the interview before said, what was last seen
of use at all, and whether a screen tells the answer even where the interview was missed. Of an endpoint that is itself
a screen, those in its own days are left out. Days are counted from time zero; nothing after the horizon is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort.retention import of
from iop_outcomes.cohort.units import from_zero
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.endpoints import KINDS

if TYPE_CHECKING:
    import pandas as pd

RECENT_DAYS = 28
ANY = "any"


def run(
    people: pd.DataFrame,
    followups: pd.DataFrame,
    screens: pd.DataFrame,
    sessions: pd.DataFrame,
    retention: pd.DataFrame,
    endpoints: Sequence[Endpoint],
    asked: Mapping[str, Sequence[int]],
) -> dict[str, pd.DataFrame]:
    """The table history. asked: days by outcome for which some reading stands on it."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    empty = TABLES["history"].empty()
    own = [(e, day) for e in endpoints for day in asked.get(e.outcome, ())]
    if not own:
        return {"history": empty}
    tables = (from_zero(followups, people), from_zero(screens, people), from_zero(sessions, people))
    parts = [_of(people, *tables, retention, endpoint, day) for endpoint, day in own]
    return {"history": pd.concat(parts, ignore_index=True)[list(empty.columns)].astype(empty.dtypes)}


def _of(
    people: pd.DataFrame,
    followups: pd.DataFrame,
    screens: pd.DataFrame,
    sessions: pd.DataFrame,
    retention: pd.DataFrame,
    endpoint: Endpoint,
    horizon: int,
) -> pd.DataFrame:
    import pandas as pd

    ids = people["person_id"]
    last_day = horizon - endpoint.tolerance_days if KINDS[endpoint.kind].screened else horizon
    own = screens if endpoint.substance in ("", ANY) else screens[screens["substance"] == endpoint.substance]
    own = own[(own["day"] >= 0) & (own["day"] <= last_day)].astype({"day": "int64"})
    last = _last_screen(own)
    before = _interview_before(followups, endpoint, horizon)
    care = of(retention, "care", ids)["days"].to_numpy()
    counts = own.assign(
        missed=own["result"] == MISSING, positive=~own["result"].isin([MISSING, "negative"]), due=True
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
            "told_by_screen": ids.isin(_told_by_screen(followups, own, endpoint, horizon)).to_numpy(),
        }
    )
    # of the last screen and of that interview, whichever was later
    later = (ids.map(before["day"]).astype("Int64") > ids.map(last["day"]).astype("Int64").fillna(-1)).fillna(False)
    found["abstinent_last"] = (~found["last_screen_positive"]).mask(later.to_numpy(), found["abstinent_before"])
    return found


def _last_screen(own: pd.DataFrame) -> pd.DataFrame:
    """By person, the day of the last screen given, and whether any of that day was positive."""
    given = own[own["result"] != MISSING]
    by_day = given.assign(positive=given["result"] != "negative").groupby(["person_id", "day"])["positive"].max()
    days = by_day.reset_index().sort_values(["person_id", "day"])
    return days.drop_duplicates("person_id", keep="last").set_index("person_id")


def _interview_before(followups: pd.DataFrame, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """By person, the day of the last interview held that was due before the one asked about, and whether it told of no
    use.
    """
    early = followups["target_day"] < horizon - endpoint.tolerance_days
    held = followups[early & (followups["day"] <= horizon).fillna(False) & followups["days_used"].notna()]
    last = held.sort_values(["person_id", "day"]).drop_duplicates("person_id", keep="last").set_index("person_id")
    return last.assign(abstinent=last["days_used"] == 0)[["day", "abstinent"]]


def _told_by_screen(followups: pd.DataFrame, own: pd.DataFrame, endpoint: Endpoint, horizon: int) -> set[object]:
    """Who had a positive screen within the look-back of the interview that is due nearest the horizon."""
    if not KINDS[endpoint.kind].told_by_screen or followups.empty:
        return set()
    near = followups.assign(distance=(followups["target_day"] - horizon).abs())
    near = near[near["distance"] <= endpoint.tolerance_days].sort_values(["person_id", "distance", "target_day"])
    chosen = near.drop_duplicates("person_id")
    positive = own[~own["result"].isin([MISSING, "negative"])]
    joined = positive.merge(chosen.rename(columns={"day": "held_day"}), on="person_id")
    anchor = joined["held_day"].fillna(joined["target_day"])
    within = (joined["day"] < anchor) & (joined["day"] >= anchor - joined["lookback_days"])
    return set(joined.loc[within.fillna(False).astype(bool), "person_id"])


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
