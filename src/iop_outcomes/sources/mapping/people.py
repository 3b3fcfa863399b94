"""One row per person from several, such as one per admission.

In order: rows that broke a rule stay as they are; rows of one person that contradict each other (in sex, in the day of
death, in age beyond the time between the rows) are set aside, all of them; of the others the first on or after day 0
stands, else the last before it, with the day of death and the latest observed day of any. The rest are merged into it
and counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iop_outcomes.sources.mapping.columns import Canonical
from iop_outcomes.sources.mapping.order import steady
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

MERGED = "merged: same person"
YEAR = 365.25
# ages are whole years, and some programs update them late
AGE_YEARS = 2


def one_each(persons: Canonical, order: pd.Series, own_age: bool = True) -> tuple[Canonical, dict[str, int]]:
    """Persons with one row each, and how many rows were merged.

    persons: in days from day 0. order: the day of each row from the person's day 0; missing where it is not known.
    own_age: each row holds the age of its own day; else all those of a person are of one day.
    """
    import pandas as pd

    rule = persons.rule.mask(persons.rule.isna(), _contradictions(persons, order if own_age else 0 * order))
    sound = rule.isna() & persons.frame["person_id"].notna()
    rows = persons.frame[sound]
    day = order[sound].astype("float64")
    keys = pd.DataFrame({"person_id": rows["person_id"], "before": ~(day >= 0), "far": day.abs()})
    ranked = rows.loc[steady(keys, rows)]
    standing = ranked.drop_duplicates("person_id").sort_index()
    for column, pick in (("death_day", "max"), ("observed_to_day", "max")):
        if column in rows:
            best = rows.groupby("person_id")[column].agg(pick)
            standing[column] = standing["person_id"].map(best).astype("Int64")
    merged = len(rows) - len(standing)
    frame = pd.concat([standing, persons.frame[~sound]]).sort_index().astype(persons.frame.dtypes.to_dict())
    kept = replace(persons, frame=frame, rule=rule.loc[frame.index])
    return kept, {MERGED: merged} if merged else {}


def _contradictions(persons: Canonical, order: pd.Series) -> pd.Series:
    """The rule for all sound rows of people whose rows contradict each other; None for others."""
    import pandas as pd

    sound = persons.rule.isna() & persons.frame["person_id"].notna()
    frame, said = persons.frame[sound], pd.Series(None, index=persons.frame.index, dtype=object)
    person = frame["person_id"]
    several: dict[str, pd.Series] = {}
    if "sex" in frame:
        several["sex"] = frame["sex"].mask(frame["sex"] == UNKNOWN).groupby(person).transform("nunique") > 1
    if "death_day" in frame:
        several["death_day"] = frame["death_day"].groupby(person).transform("nunique") > 1
    if "age" in frame:
        born = (frame["age"].astype("float64") - order[sound].astype("float64") / YEAR).groupby(person)
        several["age"] = born.transform("max") - born.transform("min") > AGE_YEARS
    for column, wrong in several.items():
        rows = wrong.index[wrong.fillna(False).astype(bool)]
        said.loc[rows] = said.loc[rows].fillna(f"rows of one person contradict each other in {column}")
    return said
