"""HELP: 470 adults recruited in one detoxification unit and asked every six months for two years about the care that
they had and the days on which they used.

The file is the data frame `HELPfull` of the R package mosaicData as CSV, or a part of it with the columns below. The
trial, of a clinic that linked people to primary care: Samet JH and others, Addiction 2003;98:509-516.

In order: the rows are read, one per person and interview that was held; those of month 0 give the persons, each with
one day of detoxification; each later one gives a period of reported care, and each interview that was due, held or
not, a follow-up, the one at the baseline on day 0 among them.

Days are nominal, month 6 being day 180; the first interviews were held 153 to 274 days after the baseline, the last
639 to 1,310. A period runs from the previous interview that was held, which after missed ones is up to two years
before (NUM_INTERVALS): the documentation words the questions "in the last 6 months", but answers after missed
interviews tell of more (up to 640 nights), so that they are taken to cover the whole time.

Care is residential (E4A, a halfway house or residential facility; nights E4C), day treatment (E5A; days E5B) and
outpatient counselling (E7A; visits E7B). E4B counts admissions, not nights, and is not used; methadone maintenance,
detoxification, holding units and mutual help are none of the three. Amounts stand as they were told, even where they
are more than the period has days.

Days of use are the most of the last 30 days on which alcohol (H1_30), heroin (H3_30) or cocaine (H8_30) was used: 0
exactly when there was none of the three, otherwise at least so many. Other drugs are not counted. 27 people died
(DEAD), but no day is known: their missed interviews count like those of others.

Refuses a file without the columns below, cells in them that are not numbers, interviews at other months or twice for
one person, and people without a baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.sources import reading
from iop_outcomes.tables import conform
from iop_outcomes.vocabulary.causes import OTHER
from iop_outcomes.vocabulary.levels import DETOX, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

# either file will do; the first is a part of the second
FILES = ("HELP_panel_treatment_use.csv", "HELPfull.csv")

# in text and numbers as R writes them
NOT_AVAILABLE = "NA"
WHOLE = (
    "TIME", "NUM_INTERVALS", "GROUP", "AGE", "A1", "A9", "A10", "A13", "RACE", "PRIMSUB2", "HOMELESS",
    "E4A", "E5A", "E6", "E7A",
)  # fmt: skip
NUMBERS = ("CES_D", "PCS", "MCS", "INDTOT", "E4C", "E5B", "E7B", "H1_30", "H3_30", "H8_30")
COLUMNS = ("ID", *WHOLE, *NUMBERS)

MONTHS = (0, 6, 12, 18, 24)
DAYS_PER_MONTH = 30
LOOKBACK_DAYS = 30
USE = ["H1_30", "H3_30", "H8_30"]
# what a period tells: the answer, and how much
CARE = {
    "residential": ("E4A", "residential_nights", "E4C"),
    "day_treatment": ("E5A", "day_treatment_days", "E5B"),
    "outpatient": ("E7A", "outpatient_visits", "E7B"),
}
TREATED = ["E4A", "E5A", "E6", "E7A"]

YES_NO = {1: "yes", 0: "no"}
ARMS = {0: "usual care", 1: "HELP clinic"}
SEXES = {1: "male", 2: "female"}
RACES = {1: "black", 2: "white", 3: "hispanic", 4: "other"}
DRUGS = {1: "alcohol", 2: "cocaine", 3: "heroin"}
MARITAL = {1: "married", 2: "married", 3: "widowed", 4: "separated", 5: "divorced", 6: "never married"}
EMPLOYMENT = {1: "full time", 2: "part time", 3: "student", 4: "unemployed", 5: "controlled environment"}
HIGH_SCHOOL_YEARS = 12


def files(settings: Mapping[str, object]) -> list[Path]:
    """The one file: the path itself, or the first of FILES in the folder that it names. Raises StudyError."""
    path = plain_csv.place(settings)
    if path.is_file():
        return [path]
    found = [path / name for name in FILES if (path / name).is_file()]
    if not found:
        raise StudyError(
            f"{path} is neither a file nor a folder with one of {', '.join(FILES)}. Write the data frame HELPfull of "
            f"the R package mosaicData as CSV. {plain_csv.WHERE_TO_POINT}"
        )
    return found[:1]


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, and an empty quarantine. Raises StudyError."""
    (path,) = files(settings)
    rows = _rows(path)
    first, later = rows[rows["TIME"] == 0], rows[rows["TIME"] > 0]
    return conform.complete(
        {
            "stays": _stays(first),
            "persons": _persons(first),
            "followups": _followups(rows),
            "periods": _periods(later),
        }
    )


def _rows(path: Path) -> pd.DataFrame:
    """One row per person and interview held, in the order of the file."""
    text = plain_csv.read_csv(path, COLUMNS)[list(COLUMNS)]
    text = text.mask(text == NOT_AVAILABLE, None)
    rows = reading.numbers(path, reading.whole_numbers(path, text, *WHOLE), *NUMBERS)
    since = rows["NUM_INTERVALS"] * MONTHS[1]
    wrong = {
        f"are of another month than {', '.join(map(str, MONTHS))}": ~rows["TIME"].isin(MONTHS),
        "repeat an interview of a person": rows.duplicated(["ID", "TIME"]),
        "are of a person without a baseline (TIME 0)": ~rows["ID"].isin(rows.loc[rows["TIME"] == 0, "ID"]),
        "have no possible number of intervals (NUM_INTERVALS)": (rows["TIME"] > 0)
        & ~((since > 0) & (since <= rows["TIME"])).fillna(False).astype(bool),
    }
    for what, found in wrong.items():
        if found.any():
            raise StudyError(f"{path}: {int(found.sum())} rows {what}. Get the file again from its publisher.")
    return rows


def _stays(first: pd.DataFrame) -> pd.DataFrame:
    """The day of the baseline, spent in detoxification; its length and how it ended are not recorded."""
    import pandas as pd

    return pd.DataFrame(
        {
            "person_id": first["ID"],
            "stay_id": first["ID"],
            "site_id": "detoxification unit",
            "level_of_care": DETOX,
            "start_day": 0,
            "end_day": 0,
            "discharge_reason": OTHER,
            "program_type": "substance_use",
        }
    )


def _persons(first: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    consequences = first["INDTOT"]
    return pd.DataFrame(
        {
            "person_id": first["ID"],
            "observed_to_day": _day(max(MONTHS)),
            "age": first["AGE"],
            "sex": _recoded(first["A1"], SEXES),
            "assigned_arm": first["GROUP"].map(ARMS),
            "trial": "HELP",
            "race": _recoded(first["RACE"], RACES),
            "education": _education(first["A9"]),
            "employment": _recoded(first["A13"], EMPLOYMENT),
            "marital": _recoded(first["A10"], MARITAL),
            "stable_housing": _recoded(first["HOMELESS"], {0: "yes", 1: "no"}),
            "primary_drug": _recoded(first["PRIMSUB2"], DRUGS),
            "recent_treatment": _any(first[TREATED]),
            "severity": (consequences - consequences.mean()) / consequences.std(ddof=0),
            "depression_cesd": first["CES_D"],
            "mental_health_score": first["MCS"],
            "physical_health_score": first["PCS"],
        }
    )


def _education(years: pd.Series) -> pd.Series:
    found = (years > HIGH_SCHOOL_YEARS).map({True: "beyond high school", False: "high school"})
    return found.mask(years < HIGH_SCHOOL_YEARS, "less than high school").mask(years.isna(), UNKNOWN)


def _any(answers: pd.DataFrame) -> pd.Series:
    """'yes' where one answer is yes, 'no' where all are no."""
    none = (answers == 0).all(axis=1).map({True: "no", False: UNKNOWN})
    return none.mask((answers == 1).any(axis=1), "yes")


def _periods(later: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    told = {
        "person_id": later["ID"],
        "period": later["TIME"] // MONTHS[1],
        "from_day": _day(later["TIME"] - later["NUM_INTERVALS"] * MONTHS[1]),
        "to_day": _day(later["TIME"]),
    }
    for care, (answer, amount, number) in CARE.items():
        told[care] = _answer(later[answer])
        told[amount] = later[number].mask(later[answer] == 0, 0.0)
    return pd.DataFrame(told)


def _answer(code: pd.Series) -> pd.Series:
    """yes, no, unknown where it is missing; another code stays as it is, for the rules to set aside."""
    return code.map(YES_NO).fillna(code.astype("string").astype(object)).fillna(UNKNOWN)


def _followups(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per person and interview that was due; the days of use are missing where an answer is, and none is
    above 0. Employment is the usual one since the interview before.
    """
    import pandas as pd

    most = rows[USE].max(axis=1).where(rows[USE].notna().all(axis=1) | (rows[USE] > 0).any(axis=1))
    work = _recoded(rows["A13"], EMPLOYMENT)
    held = pd.DataFrame({"person_id": rows["ID"], "TIME": rows["TIME"], "days_used": most, "employment": work})
    first = rows.loc[rows["TIME"] == 0, ["ID"]]
    due = first.rename(columns={"ID": "person_id"}).merge(pd.DataFrame({"TIME": MONTHS}), how="cross")
    found = due.merge(held.assign(held=True), on=["person_id", "TIME"], how="left")
    target = _day(found["TIME"]).astype("Int64")
    return pd.DataFrame(
        {
            "person_id": found["person_id"],
            "target_day": target,
            "day": target.where(found["held"].notna()),
            "lookback_days": LOOKBACK_DAYS,
            "days_used": found["days_used"],
            "employment": found["employment"],
        }
    )


def _recoded(values: pd.Series, codes: Mapping[int, str]) -> pd.Series:
    return values.map(codes).fillna(UNKNOWN)


def _day(months: Any) -> Any:
    """Months as days from the baseline: a number or a column."""
    return months * DAYS_PER_MONTH
