"""UMARU IMPACT: people randomised to a short or a long planned stay in residential treatment, at two sites.

The file is `uis` of the R package quantreg: 575 complete rows of the data of Hosmer, Lemeshow & May 2008, Applied
Survival Analysis, 2nd edition. The trials: McCusker and others, American Journal of Public Health 1995;85:1426,
and Addiction 1997;92 (doi 10.1111/j.1360-0443.1997.tb02868.x).

In order: the file is read; each person gets one residential stay (level 3.5) from day 0 to the length of stay;
one interview answers for the time to the return to drugs. Planned lengths are those of the trials: 90 or 180 days
at site A, 180 or 360 at site B. A stay of at least its planned length is completed, a shorter one unplanned.

Three things to know. The file's FRAC divides by 90 and 180 days at both sites, against the plan of site B, where
stays heap at 180 and 360 days; it is not used. CENSOR = 1 is the return to drugs or the loss to follow-up, which
the trial took for a return; the file cannot tell them apart. Sex is not in the file.

Refuses a file without the columns below, and cells in them that are not numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.sources import reading
from iop_outcomes.tables import conform
from iop_outcomes.vocabulary.causes import COMPLETED, UNPLANNED
from iop_outcomes.vocabulary.levels import RESIDENTIAL, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

FILE = "uis.csv"
WHOLE = ("AGE", "HC", "IV", "NDT", "RACE", "TREAT", "SITE", "LEN.T", "TIME", "CENSOR")
COLUMNS = ("ID", "BECK", *WHOLE)

SITES = {0: "A", 1: "B"}
ARMS = {0: "short", 1: "long"}
PLANNED_DAYS = {("A", "short"): 90, ("A", "long"): 180, ("B", "short"): 180, ("B", "long"): 360}
RACES = {0: "white", 1: "other"}
INJECTION_USE = {1: "never", 2: "previous", 3: "recent"}
DRUGS = {1: "heroin and cocaine", 2: "heroin", 3: "cocaine", 4: "neither heroin nor cocaine"}


def files(settings: Mapping[str, object]) -> list[Path]:
    """The one file: the path itself, or uis.csv in the folder that it names. Raises StudyError."""
    path = plain_csv.place(settings)
    if path.is_dir():
        return plain_csv.locate(path, [FILE])
    if not path.is_file():
        raise StudyError(f"{path} does not exist. Expected the UIS data, {FILE}. {plain_csv.WHERE_TO_POINT}")
    return [path]


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, and an empty quarantine. Raises StudyError."""
    (path,) = files(settings)
    text = reading.numbers(path, plain_csv.read_csv(path, COLUMNS), "BECK")
    people = reading.whole_numbers(path, text, *WHOLE)
    people = people.assign(site=people["SITE"].map(SITES), arm=people["TREAT"].map(ARMS))
    return conform.complete({"stays": _stays(people), "persons": _persons(people), "followups": _followups(people)})


def _stays(people: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    planned = pd.Series(
        [PLANNED_DAYS.get(key) for key in zip(people["site"], people["arm"], strict=True)], index=people.index
    )
    return pd.DataFrame(
        {
            "person_id": people["ID"],
            "stay_id": people["ID"],
            "site_id": people["site"],
            "level_of_care": RESIDENTIAL,
            "start_day": 0,
            "end_day": people["LEN.T"],
            "discharge_reason": (people["LEN.T"] >= planned).map({True: COMPLETED, False: UNPLANNED}),
            "planned_days": planned.astype("float64"),
            "program_type": "substance_use",
        }
    )


def _persons(people: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "person_id": people["ID"],
            "observed_to_day": people[["TIME", "LEN.T"]].max(axis=1),
            "age": people["AGE"],
            "sex": UNKNOWN,
            "assigned_arm": people["arm"],
            "trial": "UMARU IMPACT site " + people["site"],
            "race": people["RACE"].map(RACES).fillna(UNKNOWN),
            "primary_drug": people["HC"].map(DRUGS).fillna(UNKNOWN),
            "injection_use": people["IV"].map(INJECTION_USE).fillna(UNKNOWN),
            "prior_treatments": people["NDT"].astype("float64"),
            "depression_score": people["BECK"],
        }
    )


def _followups(people: pd.DataFrame) -> pd.DataFrame:
    """One answer per person, which covers all time since admission: the first day of use, or none so far."""
    import pandas as pd

    returned = people["CENSOR"] == 1
    return pd.DataFrame(
        {
            "person_id": people["ID"],
            "target_day": people["TIME"],
            "day": people["TIME"],
            "lookback_days": people["TIME"],
            "first_use_day": people["TIME"].where(returned),
            "no_use_through_day": people["TIME"].mask(returned, people["TIME"] - 1),
        }
    )
