"""What is analysed: a person's first episode of care, every episode, or every period that the person told of.

`candidates` makes one row per unit, each with its time zero; `from_zero` gives the records of a unit with days counted
from there. A person of several units has a key with the unit's number behind a slash for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.protocol import Population
from iop_outcomes.tables.holds import ascending
from iop_outcomes.tables.lookup import positions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

YEAR = 365.25


def candidates(
    population: Population,
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    periods: pd.DataFrame,
    broken: set[str],
) -> pd.DataFrame:
    """One row per unit in the order of its key: columns of persons, of the episode, and those derived.

    population: its unit is first_episode (one row per person, without an episode where there is none), episode or
    period. broken: people of whom a stay or an admission record was set aside.
    """
    import pandas as pd

    unit = population.unit
    begun = (
        _periods(periods, population.period_days) if unit == "period" else episodes[episodes["index_start_day"] >= 0]
    )
    order = ["person_id", "index_start_day"]
    begun = begun if ascending([begun[name] for name in order]) else begun.sort_values(order)
    if unit == "first_episode":
        begun = begun.drop_duplicates("person_id")
    # a join by names takes ten times as long as to see that they come in one order
    alone = unit == "first_episode" and set(persons) & set(begun) == {"person_id"}
    known = positions(persons["person_id"], begun["person_id"]) if alone else None
    treated = persons["person_id"].isin(begun["person_id"]).to_numpy(copy=True) if known is None else known >= 0
    # others may have care before day 0
    treated[~treated] = persons["person_id"][~treated].isin(episodes["person_id"])
    told = persons.assign(record_trusted=_yes(~persons["person_id"].isin(broken)), treated=_yes(treated))
    if known is None:
        merged = told.merge(begun, on="person_id", how="left", validate="one_to_many")
    else:
        merged = pd.concat([told.reset_index(drop=True), placed(begun.drop(columns="person_id"), known)], axis=1)
    merged = merged.assign(
        record_id=merged["person_id"],
        treated_from_day_0=_yes(merged["index_start_day"].notna()),
        observed_days=merged["observed_to_day"].astype("Int64") - merged["index_start_day"].astype("Int64"),
    )
    merged = merged.assign(age=_age_then(merged["age"], merged["index_start_day"]))
    keyed = _keyed(merged, unit)
    keyed = keyed if keyed["person_id"].is_monotonic_increasing else keyed.sort_values("person_id")
    return keyed.reset_index(drop=True)


def placed(rows: pd.DataFrame, at: NDArray[np.intp]) -> pd.DataFrame:
    """The rows at positions (n,); missing where the position is -1."""
    rows = rows.reset_index(drop=True)
    return (rows.reindex(at) if (at < 0).any() else rows.take(at)).reset_index(drop=True)


def opening(people: pd.DataFrame, episodes: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of the episode that begins at each unit's time zero, in the order of people; missing where none does.

    people: record_id and index_start_day of each unit. episodes: of one person and index_start_day there is one.
    """
    own, day = people["record_id"], people["index_start_day"].to_numpy()
    if ascending([episodes["person_id"]]):  # one of each person
        at = positions(own, episodes["person_id"])
        same = at >= 0
        same[same] = episodes["index_start_day"].to_numpy()[at[same]] == day[same]
        at = np.where(same, at, -1)
    else:
        keys = ["person_id", "index_start_day"]
        sought = people[["record_id", "index_start_day"]].set_axis(keys, axis="columns")
        found = sought.merge(episodes[keys].assign(at=range(len(episodes))), on=keys, how="left", validate="m:1")
        at = found["at"].fillna(-1).to_numpy(dtype=np.intp)
    return placed(episodes[list(columns)], at).set_index(people.index)


def reaches(people: pd.DataFrame, day: int | pd.Series) -> pd.Series:
    """(n,) bool: each unit's own observation reaches a day, from time zero, whether the person lived to see it or not.

    people: `observed_days` and `death_day`. Observation does not end with a death, so that the dead are due where the
    living are: were they always due, the early deaths of people who entered late would count without their survivors.
    Records whose last day is that of the death were ended by it, and say nothing of how long they would have gone on:
    of these people every day is reached.
    """
    return (people["observed_days"] >= day).astype(bool) | ended_by_death(people)


def ended_by_death(people: pd.DataFrame) -> pd.Series:
    """(n,) bool: the last day of the records is that of the death."""
    return (people["death_day"] == people["observed_days"]).fillna(False).astype(bool)


def _yes(true: pd.Series | NDArray[np.bool_]) -> NDArray[np.object_]:
    return np.where(true, "yes", "no").astype(object)


def _age_then(age: pd.Series, day: pd.Series) -> pd.Series:
    """Ages on day 0 as those at time zero. In whole years they are known to the year: the likelier of two is taken."""
    years = day.astype("float64").fillna(0) / YEAR
    then = ((age.astype("float64") + 0.5 + years) // 1).astype("Int64")
    return then.where(years != 0, age)


def _keyed(merged: pd.DataFrame, unit: str) -> pd.DataFrame:
    if unit == "first_episode":
        return merged
    number = merged.groupby("record_id").cumcount() + 1
    return merged.assign(person_id=merged["record_id"] + "/" + number.astype(str))


def _periods(periods: pd.DataFrame, days: int) -> pd.DataFrame:
    """Periods in the columns of episodes. Time zero lies a fixed time before the interview at the period's end.

    A person who missed interviews tells of a longer period; the horizon must be the next interview all the same.
    """
    from iop_outcomes.cohort.periods import care_of

    zero = periods["to_day"] - days
    return periods.assign(
        reported_care=care_of(periods),
        site_id="all",
        index_level="none",
        index_start_day=zero,
        episode_start_day=zero,
        planned_days=float("nan"),
        scheduled_hours_per_week=float("nan"),
        program_type="substance_use",
        days_since_previous=float("nan"),
    )


def from_zero(rows: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The records of each unit: person_id is the unit's key, and every day is counted from its time zero.

    rows: a canonical table; days are its columns `day` and `..._day`. People who are not eligible have none.
    """
    units = people[["person_id", "record_id", "index_start_day"]].rename(
        columns={"person_id": "unit", "record_id": "person_id"}
    )
    joined = rows.merge(units, on="person_id", how="inner")
    start = joined["index_start_day"].astype("Int64")
    days = [c for c in rows.columns if c.endswith("_day") or c == "day"]
    moved = joined.assign(person_id=joined["unit"], **{c: joined[c].astype("Int64") - start for c in days})
    return moved[list(rows.columns)]
