"""Three opioid treatment trials of the NIDA Clinical Trials Network, harmonised (CTN-0094): 2,492 randomised
people.

The folder holds tables of the R packages public.ctn0094data and public.ctn0094extra as CSV, and the endpoints
of CTNote (Odom, Brandt and others; published_endpoints.csv). Day 0 is the day of (the first) randomisation.

In order: the people randomised in phase 1 are taken; their trial, level of care and drug follow from the arm
(the arms of CTN-0051 started inpatient, level 3.7; all others outpatient, level 1); their weekly pattern
gives one stay, and one opioid screen per week that was due; baseline weeks give screens at negative days;
doses give one medication spell.

The pattern is CTNote's `usePatternUDS`, from which the published endpoints were computed: character k is week
k, days 7(k-1) to 7(k-1)+6, set to its middle day. `-` is negative, `+` positive, `*` mixed within the week
and read as positive, `o` missed, `_` not due. Its week 1 contains the day of randomisation. The `Phase_1` and
`Phase_2` strings of weekly_opioid_pattern.csv are a later derivation (weeks begin the day after
randomisation, the drug of the arm is not counted) and give other endpoints; only `Baseline` is taken from
there, whose last week ends on day 0: a screen given on day 0 can be in both. A week that was missed has the reason
that the visits tell. With `screens: tests` the screens are those of `ctn0094_tests`, on their own days and by
substance, in place of the weekly pattern; baseline weeks are left to it too.

The stay is attendance of scheduled screens, not dosing. Four missed weeks in a row are a dropout (CTNote's
DrT_ctnNinetyFour_2023): with the first of them in week k the stay ends on day 7(k-1), unplanned; without, it
ends with the last week of the pattern, completed. A run that began in one of the last three weeks would not be known: a
dropout is known to week n - 3 of n. Deaths have a visit but no date: the day that visit was due
stands for it, and who died within a week after the last day in treatment died in treatment.

Refuses missing files or columns, arms that are not those of the three trials, and people who are there twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.files import plain_csv
from iop_outcomes.sources import reading
from iop_outcomes.sources.trials import ctn0094_tests
from iop_outcomes.tables import conform
from iop_outcomes.vocabulary.answers import MISSING
from iop_outcomes.vocabulary.causes import COMPLETED, DIED, UNPLANNED
from iop_outcomes.vocabulary.levels import INTENSIVE_INPATIENT, OUTPATIENT, UNKNOWN
from iop_outcomes.vocabulary.testing import INCONCLUSIVE, NEGATIVE, NOT_TOLD, POSITIVE

if TYPE_CHECKING:
    import pandas as pd

# the files, with the columns that are read beside `who`
FILES: dict[str, tuple[str, ...]] = {
    "ctn0094_randomization.csv": ("treatment", "which", "when"),
    "ctn0094_everybody.csv": ("project",),
    "ctn0094_demographics.csv": (
        "age", "is_hispanic", "race", "job", "is_living_stable", "education", "marital", "is_male",
    ),
    "ctn0094_site_masked.csv": ("site_masked",),
    "ctn0094_asi.csv": ("used_iv",),
    "ctn0094_psychiatric.csv": ("has_schizophrenia", "has_major_dep", "has_bipolar", "has_anx_pan"),
    "ctn0094_treatment.csv": ("amount", "when"),
    "ctn0094_visit.csv": (*ctn0094_tests.COLUMNS, "is_dead"),
    "weekly_opioid_pattern.csv": ("Baseline",),
    "published_endpoints.csv": ("usePatternUDS",),
}  # fmt: skip

ONE_ROW_EACH = [
    name for name in FILES if name not in ("ctn0094_randomization.csv", "ctn0094_treatment.csv", "ctn0094_visit.csv")
]

# level of care and drug of each arm
ARMS = {
    "Inpatient BUP": (INTENSIVE_INPATIENT, "buprenorphine"),
    "Inpatient NR-NTX": (INTENSIVE_INPATIENT, "extended-release naltrexone"),
    "Methadone": (OUTPATIENT, "methadone"),
    "Outpatient BUP": (OUTPATIENT, "buprenorphine"),
    "Outpatient BUP + EMM": (OUTPATIENT, "buprenorphine"),
    "Outpatient BUP + SMM": (OUTPATIENT, "buprenorphine"),
}

MISSED, NOT_DUE = "o", "_"
RESULTS = {"-": NEGATIVE, "+": POSITIVE, "*": INCONCLUSIVE, MISSED: MISSING}
# read beside the others where tests are wanted on their own days
FOUND = "ctn0094_uds.csv"
DROPOUT = MISSED * 4

DISORDERS = list(FILES["ctn0094_psychiatric.csv"])
YES_NO = {"Yes": "yes", "No": "no"}


def files(settings: Mapping[str, object]) -> list[Path]:
    """The ten files of the folder, and ctn0094_uds.csv where tests are wanted on their own days. Raises StudyError
    naming those that are missing.
    """
    return plain_csv.locate(plain_csv.place(settings), [*FILES, *([FOUND] if _on_their_days(settings) else [])])


def _on_their_days(settings: Mapping[str, object]) -> bool:
    return settings.get("screens") == "tests"


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in raw form, and an empty quarantine. Raises StudyError."""
    paths = files(settings)
    columns = {**FILES, FOUND: ("what", "when")}
    text = {path.name: plain_csv.read_csv(path, ("who", *columns[path.name])) for path in paths}
    people = _people(plain_csv.place(settings), text)
    return conform.complete(
        {
            "stays": _stays(people),
            "persons": _persons(people),
            "screens": _tests(people, text) if _on_their_days(settings) else _screens(people, text),
            "medications": _medications(people, text["ctn0094_treatment.csv"], paths[0].parent),
        }
    )


def dropout_week(pattern: str) -> int | None:
    """The week, from 1, in which the first four missed weeks in a row begin; None without such a run."""
    begin = pattern.find(DROPOUT)
    return None if begin < 0 else begin + 1


def _people(folder: Path, text: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per randomised person, in the order of `who`: text as recorded, pattern, day of death."""
    people = _randomised(folder / "ctn0094_randomization.csv", text["ctn0094_randomization.csv"])
    for name in ONE_ROW_EACH:
        people = people.merge(_once(folder / name, text[name])[["who", *FILES[name]]], on="who", how="left")
    without = int(people["usePatternUDS"].isna().sum())
    if without:
        raise StudyError(f"{folder / 'published_endpoints.csv'}: {without} randomised people have no weekly pattern.")
    people = reading.whole_numbers(folder / "ctn0094_demographics.csv", people, "age")
    people = people.assign(
        days=7 * people["usePatternUDS"].str.len(),
        death_day=people["who"].map(_death_days(text["ctn0094_visit.csv"])).astype("Int64"),
        level=people["treatment"].map(lambda arm: ARMS[arm][0]),
        drug=people["treatment"].map(lambda arm: ARMS[arm][1]),
    )
    return people.sort_values("who", key=lambda who: who.str.zfill(9)).reset_index(drop=True)


def _randomised(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The people randomised in phase 1, with their arm and the study day of randomisation."""
    first = rows.loc[rows["which"] == "1", ["who", "treatment", "when"]]
    unknown = int((~first["treatment"].isin(list(ARMS))).sum())
    if unknown:
        raise StudyError(
            f"{path}: {unknown} people have an unknown arm. Known arms: {', '.join(ARMS)}. "
            "Get the file again from the package public.ctn0094data."
        )
    return reading.whole_numbers(path, _once(path, first), "when")


def _once(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    twice = int(frame["who"].duplicated().sum())
    if twice:
        raise StudyError(f"{path}: {twice} rows repeat a person. Expected one row per person (column 'who').")
    return frame


def _death_days(visits: pd.DataFrame) -> pd.Series:
    """By person, the day on which the visit that records a death was due: 7k for week k's visit, WKk."""
    weeks = visits.loc[visits["is_dead"] == ctn0094_tests.FLAG].set_index("who")["visit"].str.extract(r"^WK(\d+)$")[0]
    return 7 * weeks.dropna().astype("int64").groupby(level=0).min()


def _stays(people: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    week = people["usePatternUDS"].map(dropout_week).astype("Int64")
    end = (7 * (week - 1)).fillna(people["days"])
    reason = week.isna().map({True: COMPLETED, False: UNPLANNED})
    died = (people["death_day"] <= end + 7).fillna(False).astype(bool)
    return pd.DataFrame(
        {
            "person_id": people["who"],
            "stay_id": people["who"],
            "site_id": people["site_masked"],
            "level_of_care": people["level"],
            "start_day": 0,
            "end_day": end,
            "discharge_reason": reason.mask(died, DIED),
            "program_type": "substance_use",
        }
    )


def _persons(people: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    disorders = people[DISORDERS]
    cooccurring = (disorders == "No").all(axis=1).map({True: "no", False: UNKNOWN})
    return pd.DataFrame(
        {
            "person_id": people["who"],
            "observed_to_day": people["days"],
            # the first day of the last week in which a run of four could begin
            "dropout_known_to_day": people["days"] - 7 * len(DROPOUT),
            "death_day": people["death_day"],
            "age": people["age"],
            "sex": _recoded(people["is_male"], {"Yes": "male", "No": "female"}),
            "assigned_arm": people["treatment"],
            "trial": "CTN-00" + people["project"],
            "race": people["race"].replace("Refused/missing", None).fillna(UNKNOWN),
            "hispanic": _recoded(people["is_hispanic"], YES_NO),
            "education": people["education"].fillna(UNKNOWN),
            "employment": people["job"].fillna(UNKNOWN),
            "marital": people["marital"].fillna(UNKNOWN),
            "stable_housing": _recoded(people["is_living_stable"], YES_NO),
            "primary_drug": "opioid",
            "injection_use": _recoded(people["used_iv"], {"Yes": "ever", "No": "never"}),
            "cooccurring_disorder": cooccurring.mask((disorders == "Yes").any(axis=1), "yes"),
        }
    )


def _recoded(values: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    return values.map(codes).fillna(UNKNOWN)


def _tests(people: pd.DataFrame, text: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per test and substance, on the day of the test."""
    own = people.set_index("who")
    return ctn0094_tests.screens(text["ctn0094_visit.csv"], text[FOUND], own["when"], own["days"])


def _screens(people: pd.DataFrame, text: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per person and week in which a screen was due, on the middle day of the week, with the reason that the
    week's visit was missed.
    """
    import pandas as pd

    rows = [
        (who, day, RESULTS.get(mark))
        for who, before, after in zip(
            people["who"], people["Baseline"].fillna(""), people["usePatternUDS"], strict=True
        )
        for day, mark in _days(before, after)
        if mark != NOT_DUE
    ]
    screens = pd.DataFrame(rows, columns=["person_id", "day", "result"]).assign(substance="opioid")
    told = ctn0094_tests.missed(text["ctn0094_visit.csv"], people.set_index("who")["when"])
    told = told.assign(week=told["day"] // 7).drop_duplicates(["who", "week"])
    weeks = screens.assign(week=screens["day"] // 7).merge(
        told[["who", "week", "reason"]], left_on=["person_id", "week"], right_on=["who", "week"], how="left"
    )
    told_why = (screens["result"] == MISSING) & weeks["reason"].notna() & (weeks["reason"] != NOT_TOLD.name)
    return screens.assign(reason=weeks["reason"].astype(object).mask(~told_why, None))


def _days(before: str, after: str) -> list[tuple[int, str]]:
    """Marks with the middle day of their week: baseline weeks end on day 0, -7, ..., others begin on 0, 7."""
    baseline = [(-3 - 7 * (len(before) - 1 - i), mark) for i, mark in enumerate(before)]
    return baseline + [(7 * i + 3, mark) for i, mark in enumerate(after)]


def _medications(people: pd.DataFrame, doses: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """One spell per person: the drug of the arm, from the first day with a dose to the last."""
    import pandas as pd

    path = folder / "ctn0094_treatment.csv"
    given = reading.numbers(path, reading.whole_numbers(path, doses, "when"), "amount")
    given = given[(given["amount"] > 0) & given["when"].notna()]
    spells = given.groupby("who")["when"].agg(["min", "max"])
    dosed = people[people["who"].isin(spells.index)]
    found = spells.loc[dosed["who"]].reset_index(drop=True).set_index(dosed.index)
    return pd.DataFrame(
        {
            "person_id": dosed["who"],
            "medication": dosed["drug"],
            "start_day": found["min"] - dosed["when"],
            "end_day": found["max"] - dosed["when"],
        }
    )
