"""Tests of the three trials on their own days, from visits and urine screens, and why a visit was missed.

ctn0094_uds.csv lists what was found, ctn0094_visit.csv who came when and why not. In order: a visit that was made
(`visit`, `final`) is a test for every substance that the trials looked for, negative for all that is not listed as
found on its day; what was found on a day without a visit is a positive of that substance alone. A visit that was missed
(`no visit`, `MISSING`) has the reason that stands first in REASONS; where it has no day, week k's visit (WKk) was due
on day 7k - 1. Other visits without a day are left out: nobody can tell when they were due.

Days count from (the first) randomisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.testing import NEGATIVE, NOT_TOLD, POSITIVE, URINE

if TYPE_CHECKING:
    import pandas as pd

# why a visit was missed, the first that is noted: column of the file, and reason
REASONS = {
    "is_in_jail": "in_jail", "is_in_hospital": "in_hospital", "is_illness": "excused", "is_on_vacation": "excused",
    "is_no_funding": "not_offered", "is_left_study": "left", "is_moved": "left", "is_missing_14_consecutive": "left",
    "is_unable": "unable", "is_no_show": "no_show", "is_forgot": "no_show",
}  # fmt: skip
COLUMNS = ("visit", "what", "when", *REASONS)
HELD, NOT_HELD = ("visit", "final"), ("no visit", "MISSING")
# names of the file, as this package spells substances
SUBSTANCES = {
    "Opioid": "opioid", "Methadone": "methadone", "Buprenorphine": "buprenorphine", "Cocaine": "cocaine",
    "Amphetamine": "amphetamine", "Mdma/Hallucinogen": "mdma", "Benzodiazepine": "benzodiazepine",
    "Sedatives": "barbiturate", "Thc": "cannabis", "Alcohol": "alcohol",
}  # fmt: skip
# what stands in a column that says why
FLAG = "1"
WEEK = r"^WK(\d+)$"


def missed(visits: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
    """Visits that were missed: who, day, reason; a day once.

    visits: text of the file, COLUMNS and `who`. start: by `who`, the study day of randomisation.
    """
    import pandas as pd

    own = visits[visits["what"].isin(NOT_HELD) & visits["who"].isin(start.index)]
    told = pd.Series(NOT_TOLD.name, index=own.index, dtype=object)
    for column, reason in reversed(REASONS.items()):
        told = told.mask(own[column] == FLAG, reason)
    week = pd.to_numeric(own["visit"].str.extract(WEEK)[0]).astype("Int64")
    day = (pd.to_numeric(own["when"]) - own["who"].map(start)).astype("Int64").fillna(7 * week - 1)
    found = pd.DataFrame({"who": own["who"], "day": day, "reason": told})
    found = found[found["day"].notna() & (found["day"] >= 0)]
    # of two on one day, one whose reason is known
    unknown = found["reason"] == NOT_TOLD.name
    return (
        found.assign(unknown=unknown)
        .sort_values(["who", "day", "unknown", "reason"])
        .drop_duplicates(["who", "day"])[["who", "day", "reason"]]
    )


def taken(visits: pd.DataFrame, found: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
    """Tests with a result: who, day, substance, result.

    visits: as for `missed`. found: text of ctn0094_uds.csv (who, what, when). start: as for `missed`.
    """
    import pandas as pd

    held = visits.loc[visits["what"].isin(HELD) & visits["when"].notna(), ["who", "when"]].drop_duplicates()
    panel = pd.DataFrame({"substance": list(SUBSTANCES.values())})
    positive = found.assign(substance=found["what"].map(SUBSTANCES), result=POSITIVE)
    positive = positive[["who", "when", "substance", "result"]].drop_duplicates()
    tests = held.merge(panel, how="cross").merge(positive, on=["who", "when", "substance"], how="outer")
    tests = tests[tests["who"].isin(start.index)]
    day = (pd.to_numeric(tests["when"]) - tests["who"].map(start)).astype("Int64")
    return tests.assign(day=day, result=tests["result"].fillna(NEGATIVE))[["who", "day", "substance", "result"]]


def screens(visits: pd.DataFrame, found: pd.DataFrame, start: pd.Series, last: pd.Series) -> pd.DataFrame:
    """The canonical table screens in raw form. last: by `who`, the last day of observation."""
    import pandas as pd

    tests = taken(visits, found, start)
    lacking = missed(visits, start)
    there = tests[["who", "day"]].drop_duplicates()
    lacking = lacking.merge(there, on=["who", "day"], how="left", indicator=True)
    lacking = lacking[lacking["_merge"] == "left_only"].drop(columns="_merge")
    panel = pd.DataFrame({"substance": list(SUBSTANCES.values())})
    rows = pd.concat([tests, lacking.merge(panel, how="cross").assign(result=MISSING)], ignore_index=True)
    rows = rows[rows["day"] <= rows["who"].map(last)]
    rows = rows.rename(columns={"who": "person_id"}).assign(specimen=URINE)
    return rows.sort_values(["person_id", "day", "substance"], ignore_index=True)
