"""Where people were from time zero on: at which level of care, out of it, or dead.

In order, for each unit: stays are cut into segments that share no day, each at one level (`clean.episodes`); from the
first day of a segment the person is at its level, from the day after it out of care, by how its stay ended, unless
another segment begins then; from the day of a death on dead. Stretches in one place that follow each other are one.
Days before time zero, beyond the end of observation, beyond the last day on which leaving unplanned could begin and
still be known, and beyond the last day that is asked about, are cut off. Nothing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.steps.store import NOTHING, Wanted
from iop_outcomes.vocabulary.causes import COMPLETED, DIED
from iop_outcomes.vocabulary.places import OF_LEVEL, OUT_COMPLETED, OUT_OTHERWISE

if TYPE_CHECKING:
    import pandas as pd

UNIT, DAY, PLACE, RANK = "person_id", "day", "place", "rank"
# of what begins on one day, the last in this order counts
OUT, CARE, DEAD = 0, 1, 2
# a day before any record
LONG_BEFORE = -1_000_000


def run(people: pd.DataFrame, persons: pd.DataFrame, stays: pd.DataFrame, last_day: int) -> dict[str, pd.DataFrame]:
    """The table places. last_day: the last that is asked about; 0 where nothing is, and the table has no row."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    declared = TABLES["places"]
    if not last_day or not len(people):
        return {"places": declared.empty()}
    moved = from_zero(stays, people)
    units = people.set_index("person_id")
    zero = units["index_start_day"].astype("Int64")
    own = persons.set_index("person_id")
    death = units["record_id"].map(own["death_day"]).astype("Int64") - zero
    known = units["observed_days"].astype("Int64")
    if "dropout_known_to_day" in own:
        told = units["record_id"].map(own["dropout_known_to_day"]).astype("Int64") - zero
        known = known.where(told.isna() | (known <= told), told)
    known = known.clip(lower=0, upper=last_day)
    begun = pd.concat([_at_first(units), *_of_care(moved, death), _of_death(death)], ignore_index=True)
    rows = _stretches(begun, known, last_day)
    open_ended = moved.loc[moved["end_day_latest"].notna(), UNIT] if "end_day_latest" in moved else ()
    return {"places": declared.cast(rows.assign(exact=~rows[UNIT].isin(open_ended)))}


def reads(last_day: int) -> dict[str, Wanted]:
    """Nothing of records where nothing is asked."""
    return {} if last_day else dict.fromkeys(("people", "persons", "stays"), NOTHING)


def _at_first(units: pd.DataFrame) -> pd.DataFrame:
    """Out of care before anything is on record: who was in none at time zero."""
    import pandas as pd

    return pd.DataFrame({UNIT: units.index, DAY: LONG_BEFORE, PLACE: OUT_OTHERWISE, RANK: OUT})


def _of_care(stays: pd.DataFrame, death: pd.Series[int]) -> list[pd.DataFrame]:
    """Days on which people came to a level, and on which they were out of care after it: those of OUT and CARE."""
    import pandas as pd

    from iop_outcomes.clean.episodes import days_of_care

    if stays.empty:
        return []
    care = days_of_care(stays, death.rename("death_day").rename_axis(UNIT).reset_index())
    at = {UNIT: care[UNIT], DAY: care["start_day"], PLACE: care["level_of_care"].map(OF_LEVEL), RANK: CARE}
    ended = care[care["end_day"].notna()]
    out = ended["discharge_reason"].map({COMPLETED: OUT_COMPLETED}).fillna(OUT_OTHERWISE)
    after = {UNIT: ended[UNIT], DAY: ended["end_day"] + 1, PLACE: out, RANK: OUT}
    return [pd.DataFrame(at), pd.DataFrame(after)]


def _of_death(death: pd.Series[int]) -> pd.DataFrame:
    """Days of death."""
    import pandas as pd

    died = death.dropna()
    return pd.DataFrame({UNIT: died.index, DAY: died.to_numpy(), PLACE: DIED, RANK: DEAD})


def _stretches(begun: pd.DataFrame, known: pd.Series[int], last_day: int) -> pd.DataFrame:
    """Rows of the table from days on which people came to a place. known: the last known day of each unit; of the dead
    every day is.
    """
    own = begun.astype({DAY: "int64"}).sort_values([UNIT, DAY, RANK], kind="stable")
    known = own[UNIT].map(known).astype("int64")
    own = own.assign(known=known, dead=(own[PLACE] == DIED).astype("int64"))
    # nothing begins after a death
    own = own[(own.groupby(UNIT)["dead"].cumsum() == own["dead"]) & (own[DAY] <= own["known"])]
    # what was last so by time zero is so on it
    own = own.assign(day=own[DAY].clip(lower=0)).drop_duplicates([UNIT, DAY], keep="last")
    own = own[(own[UNIT] != own[UNIT].shift()) | (own[PLACE] != own[PLACE].shift())]
    following = own[UNIT].shift(-1) == own[UNIT]
    left = own[DAY].shift(-1).where(following, own["known"].mask(own["dead"] == 1, last_day))
    rows = own.assign(left=left, moved_to=own[PLACE].shift(-1).mask(~following))
    rows = rows.rename(columns={DAY: "entered"})
    # who came to a place on the last known day is told of by the stretch before
    return rows.loc[rows["left"] > rows["entered"], [UNIT, "entered", "left", "place", "moved_to"]]
