"""Events that are followed beside leaving care: engagement, further treatment, return to care, death, overdose.

Each kind of endpoint is a function of its name that gives the day on which its clock starts, missing where the event
could not happen to a unit, and the day of the event; an event that is recorded of no one is not followed at all, as
silence is then no evidence. Death competes with every other event; whatever lies beyond the end of observation is
censored there.

Engaged is who has so many days with attended care, counted from a day on. Further treatment is asked of people who were
seen to leave the index level: its clock starts on their last day there, and its event is the first day of care at any
level but detoxification after it, in the same episode or a later one; the day after is 1. Who died there has died on
day 0 of that clock, so that the few deaths need no denominator of their own, which would tell them. Return to care is
asked of people who were seen to leave their episode alive: its clock starts on their last day in care, and its event is
the first day of the next episode, which begins more days after it than the gap rule has. Whoever was still there when
observation ended is not at risk of these two, nor of a return who died in care, nor of a first overdose who had one
before time zero. They have the cause NOT_AT_RISK and 0 days: it is here that this is decided, and everyone later reads
it from the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.cohort.units import from_zero, opening
from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.causes import CENSORED, DIED, NOT_AT_RISK
from iop_outcomes.vocabulary.endpoints import EVENTS
from iop_outcomes.vocabulary.levels import DETOX

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
Follow = Callable[["pd.DataFrame", Tables, Endpoint], tuple["pd.Series", "pd.Series"]]

KINDS: Functions[Follow] = Functions(EVENTS)


def followed(people: pd.DataFrame, tables: Tables, endpoints: Sequence[Endpoint]) -> Iterator[pd.DataFrame]:
    """Rows of the table retention for each endpoint of a kind in EVENTS whose event is recorded of anyone.

    tables: sessions, persons, episodes and stays.
    """
    import pandas as pd

    for endpoint in endpoints:
        start, day = KINDS[endpoint.kind](people, tables, endpoint)
        death = _days(tables["persons"], people, "death_day") - start
        end = people["observed_days"].astype("Int64") - start
        # on one day, the event comes before death, and both before the end of observation
        last = pd.concat([day, death, end], axis=1).min(axis=1).fillna(0)
        cause = pd.Series(CENSORED, index=people.index, dtype=object)
        cause = cause.mask((death <= last).fillna(False).astype(bool), DIED)
        cause = cause.mask((day <= last).fillna(False).astype(bool), EVENTS[endpoint.kind])
        at_risk = (start.notna() & (last >= 0)).astype(bool)
        cause, last = cause.where(at_risk, NOT_AT_RISK), last.where(at_risk, 0)
        if (cause == EVENTS[endpoint.kind]).any():
            reach = end.where(at_risk, 0).fillna(0).clip(lower=0).astype("int64")
            yield pd.DataFrame(
                {
                    "person_id": people["person_id"],
                    "follows": endpoint.outcome,
                    "days": last.astype("int64"),
                    "days_latest": last.astype("int64"),
                    "cause": cause,
                    "observable_days": reach,
                    "known_days": reach,
                }
            )


def _days(persons: pd.DataFrame, people: pd.DataFrame, column: str) -> pd.Series:
    """A day of persons, counted from each unit's time zero, in the order of people."""
    import pandas as pd

    if column not in persons:
        return pd.Series(pd.NA, index=people.index, dtype="Int64")
    day = people["record_id"].map(persons.set_index("person_id")[column]).astype("Int64")
    return day - people["index_start_day"].astype("Int64")


def _from_time_zero(people: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(0, index=people.index, dtype="Int64")


@KINDS.answers
def engaged(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Day of the last of so many days with attended care."""
    sessions = from_zero(tables["sessions"], people)
    counted = sessions[(sessions["day"] >= endpoint.from_day) & (sessions["minutes"] > 0)]
    days = counted[["person_id", "day"]].drop_duplicates().sort_values(["person_id", "day"])
    reached = days[days.groupby("person_id").cumcount() == endpoint.sessions - 1].set_index("person_id")["day"]
    return _from_time_zero(people), people["person_id"].map(reached).astype("Int64")


@KINDS.answers
def death(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Day of death."""
    return _from_time_zero(people), _days(tables["persons"], people, "death_day")


@KINDS.answers
def overdose(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Day of the first overdose; one before time zero says nothing of the time after it."""
    day = _days(tables["persons"], people, "overdose_day")
    # of who has none on record the comparison is missing, and they are at risk
    return _from_time_zero(people).mask((day < 0).fillna(False).astype(bool)), day


@KINDS.answers
def continued(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Last day at the index level of who left it, and days from there to the first day of treatment after it."""
    left = opening(people, tables["episodes"], ("index_end_day",))["index_end_day"].astype("Int64")
    end = left - people["index_start_day"].astype("Int64")
    seen = end <= people["observed_days"]
    care = tables["stays"][tables["stays"]["level_of_care"] != DETOX]
    pairs = people[["record_id"]].assign(left=left, unit=people["person_id"])
    pairs = pairs.merge(care, left_on="record_id", right_on="person_id")
    # a stay that goes on beyond the last day at the index level, begun before it or not, is at another level
    later = pairs[(pairs["end_day"].isna() | (pairs["end_day"] > pairs["left"])).fillna(False).astype(bool)]
    first = later["start_day"].where(later["start_day"] > later["left"], later["left"] + 1) - later["left"]
    since = first.groupby(later["unit"]).min()
    return end.where(seen.fillna(False).astype(bool)), people["person_id"].map(since).astype("Int64")


@KINDS.answers
def readmitted(people: pd.DataFrame, tables: Tables, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Last day of the episode of who left it alive, and days from there to the first day of the next."""
    ordered = tables["episodes"].sort_values(["person_id", "episode"])
    following = ordered.groupby("person_id")["episode_start_day"].shift(-1)
    own = ordered.assign(next_start=following)[
        ["person_id", "index_start_day", "episode_end_day", "episode_reason", "next_start"]
    ]
    merged = people[["record_id", "index_start_day", "observed_days"]].merge(
        own.rename(columns={"person_id": "record_id"}), on=["record_id", "index_start_day"], how="left"
    )
    merged.index = people.index
    zero = merged["index_start_day"].astype("Int64")
    end = merged["episode_end_day"].astype("Int64") - zero
    seen = (end <= merged["observed_days"]) & (merged["episode_reason"] != DIED)
    start = end.where(seen.fillna(False).astype(bool))
    return start, merged["next_start"].astype("Int64") - zero - start
