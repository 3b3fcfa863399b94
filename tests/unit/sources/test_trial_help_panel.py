from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from parts import endpoint

from iop_outcomes import clean, sources
from iop_outcomes.cohort import abstinence, population, retention, units
from iop_outcomes.cohort.periods import CARE, UNKNOWN, care_of
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment, Population
from iop_outcomes.sources.trials.help_panel import COLUMNS
from iop_outcomes.tables import TABLES, check

Tables = dict[str, pd.DataFrame]

BASELINE = {
    "TIME": 0, "NUM_INTERVALS": 1, "GROUP": 1, "AGE": 40, "A1": 2, "A9": 12, "A10": 6, "A13": 1, "RACE": 1,
    "PRIMSUB2": 3, "HOMELESS": 1, "E4A": 0, "E5A": 0, "E6": 0, "E7A": 1, "CES_D": 30, "PCS": 50.5, "MCS": 30.25,
    "INDTOT": 40,
}  # fmt: skip


def row(who: str, month: int, **cells: object) -> dict[str, object]:
    """A follow-up: no care, no use, unless told otherwise; columns of the baseline are empty."""
    told = {"E4A": 0, "E5A": 0, "E7A": 0, "H1_30": 0, "H3_30": 0, "H8_30": 0}
    return {"ID": who, "TIME": month, "NUM_INTERVALS": 1, **told, **cells}


def first(who: str, **cells: object) -> dict[str, object]:
    return {"ID": who, **BASELINE, **cells}


@pytest.fixture
def panel(tmp_path: Path) -> Callable[..., Path]:
    """Write the rows as the panel's file and give its folder."""

    def write(*rows: dict[str, object], na: str = "", name: str = "HELPfull.csv") -> Path:
        pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object).to_csv(tmp_path / name, index=False, na_rep=na)
        return tmp_path

    return write


def tables(folder: Path) -> Tables:
    return sources.read("help", {"path": str(folder)})


def cleaned(raw: Tables) -> Tables:
    named = {n if n in ("quarantine", "arrivals") else f"raw_{n}": frame for n, frame in raw.items()}
    return clean.run(**named, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)


SEEN_TWICE = (
    first("a"),
    row("a", 6, E4A=1, E4C=45, H1_30=3, H8_30=12),
    row("a", 24, NUM_INTERVALS=3, E5A=1, E5B=20, E7A=1, E7B=5),
    first("b", A1=1, HOMELESS=0, E7A=0, INDTOT=20),
)


@pytest.mark.parametrize("na", ["", "NA"])
def test_people_by_hand(panel: Callable[..., Path], na: str) -> None:
    persons = tables(panel(*SEEN_TWICE, na=na))["persons"].set_index("person_id")
    assert persons.loc["a", ["age", "sex", "race", "education", "marital", "primary_drug"]].tolist() == [
        40, "female", "black", "high school", "never married", "heroin",
    ]  # fmt: skip
    assert persons.loc["a", ["stable_housing", "recent_treatment", "assigned_arm"]].tolist() == [
        "no", "yes", "HELP clinic",
    ]  # fmt: skip
    assert persons.loc["b", ["sex", "stable_housing", "recent_treatment"]].tolist() == ["male", "yes", "no"]
    assert persons["severity"].tolist() == [1, -1]
    assert persons.loc["a", ["depression_cesd", "mental_health_score", "physical_health_score"]].tolist() == [
        30, 30.25, 50.5,
    ]  # fmt: skip
    assert set(persons["observed_to_day"]) == {720}


def test_periods_run_from_the_previous_interview_that_was_held(panel: Callable[..., Path]) -> None:
    periods = tables(panel(*SEEN_TWICE))["periods"]
    assert periods[["person_id", "period", "from_day", "to_day"]].to_numpy().tolist() == [
        ["a", 1, 0, 180],
        ["a", 4, 180, 720],
    ]
    assert periods[["residential", "day_treatment", "outpatient"]].to_numpy().tolist() == [
        ["yes", "no", "no"],
        ["no", "yes", "yes"],
    ]
    # nights are E4C, not the number of stays; none where the answer is no
    assert periods["residential_nights"].tolist() == [45, 0]
    assert periods["day_treatment_days"].tolist() == [0, 20]
    assert periods["outpatient_visits"].tolist() == [0, 5]


def test_every_interview_that_was_due_is_a_row(panel: Callable[..., Path]) -> None:
    followups = tables(panel(*SEEN_TWICE))["followups"].set_index(["person_id", "target_day"])
    assert followups.loc["a", "day"].tolist() == [0, 180, pd.NA, pd.NA, 720]
    assert followups.loc["b", "day"].tolist() == [0, *[pd.NA] * 4]
    assert followups.loc[("a", 180), "days_used"] == 12
    assert followups.loc[("a", 720), "days_used"] == 0
    assert set(followups["lookback_days"]) == {30}


@pytest.mark.parametrize(
    ("alcohol", "heroin", "cocaine", "expected"),
    [(0, 0, 0, 0), (3, 0, 12, 12), (None, 0, 0, None), (None, 4, 0, 4), (None, None, None, None)],
)
def test_days_of_use_are_zero_only_when_all_three_are(
    panel: Callable[..., Path], alcohol: object, heroin: object, cocaine: object, expected: float | None
) -> None:
    folder = panel(first("a"), row("a", 6, H1_30=alcohol, H3_30=heroin, H8_30=cocaine))
    found = tables(folder)["followups"]["days_used"].iloc[1]
    assert pd.isna(found) if expected is None else found == expected


def test_what_is_read_passes_the_rules(panel: Callable[..., Path]) -> None:
    raw = tables(panel(*SEEN_TWICE))
    for name, frame in raw.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    found = cleaned(raw)
    assert found["quarantine"].empty
    assert found["episodes"].empty  # detoxification never starts the clock
    assert found["intake"].set_index("table")["rows"].to_dict() == {
        "persons": 2, "stays": 2, "sessions": 0, "screens": 0, "followups": 10, "medications": 0, "periods": 2,
    }  # fmt: skip


def test_an_unknown_answer_is_set_aside_and_counted(panel: Callable[..., Path]) -> None:
    found = cleaned(tables(panel(first("a"), row("a", 6, E4A=7), row("a", 12, E4A=None))))
    assert found["quarantine"][["table", "rule"]].to_numpy().tolist() == [["periods", "unknown residential"]]
    assert found["periods"]["residential"].tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([first("a"), row("a", 7)], "1 rows are of another month than 0, 6, 12, 18, 24"),
        ([first("a"), row("a", 6), row("a", 6)], "1 rows repeat an interview"),
        ([first("a"), row("b", 6)], "1 rows are of a person without a baseline"),
        ([first("a"), row("a", 6, NUM_INTERVALS=2)], "1 rows have no possible number of intervals"),
        ([first("a", AGE="forty")], "1 cell of the column 'AGE' cannot be read as a whole number"),
    ],
)
def test_a_file_that_is_not_the_panel_is_refused(
    panel: Callable[..., Path], rows: list[dict[str, object]], said: str
) -> None:
    with pytest.raises(StudyError, match=said) as wrong:
        tables(panel(*rows))
    assert "forty" not in str(wrong.value)


def test_without_a_file_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"HELP_panel_treatment_use\.csv, HELPfull\.csv.*mosaicData"):
        sources.inputs("help", {"path": str(tmp_path)})


def test_the_part_is_read_where_both_files_are(panel: Callable[..., Path]) -> None:
    panel(first("a"))
    folder = panel(first("a"), name="HELP_panel_treatment_use.csv")
    assert sources.inputs("help", {"path": str(folder)}) == [str(folder / "HELP_panel_treatment_use.csv")]
    assert sources.inputs("help", {"path": str(folder / "HELPfull.csv")}) == [str(folder / "HELPfull.csv")]


@pytest.mark.parametrize(
    ("residential", "day_treatment", "outpatient", "care"),
    [
        ("yes", "no", "no", "residential"),
        ("yes", "no", "unknown", "residential"),
        ("yes", "yes", "yes", "residential_and_day"),
        ("no", "yes", "unknown", "day_treatment"),
        ("no", "no", "yes", "outpatient_only"),
        ("no", "no", "no", "none"),
        ("no", "no", "unknown", "unknown"),
        ("unknown", "no", "yes", "unknown"),
        ("yes", "unknown", "yes", "unknown"),
    ],
)
def test_care_of_a_period(residential: str, day_treatment: str, outpatient: str, care: str) -> None:
    told = {"residential": [residential], "day_treatment": [day_treatment], "outpatient": [outpatient]}
    found = care_of(pd.DataFrame(told, index=[7]))
    assert found.to_dict() == {7: care}
    assert care in (*CARE, UNKNOWN)


ABSTINENT = endpoint("abstinent", "interview", substance="any", tolerance_days=14)


def outcomes(found: Tables) -> pd.DataFrame:
    """Care and abstinence of each period, by the steps that a cohort of periods goes through."""
    candidates = units.candidates(
        Population(unit="period", period_days=180), found["persons"], found["episodes"], found["periods"], set()
    )
    told = candidates[candidates["index_start_day"].notna()].reset_index(drop=True)
    people = population.people_of(told, Adjustment(), "partial_hospitalization")
    stays = retention.run(people, found["episodes"], found["episodes_by_gap"])["retention"]
    rows = abstinence.run(
        people, found["followups"], found["screens"], found["persons"], found["episodes"], stays, [ABSTINENT],
        {"abstinent": [180]},
    )  # fmt: skip
    return rows["abstinence"].assign(care=people["reported_care"].to_numpy())


@pytest.mark.parametrize("name", ["HELP_panel_treatment_use.csv", "HELPfull.csv"])
def test_the_panel_gives_back_the_crude_numbers(shared: Path, name: str) -> None:
    found = cleaned(tables(shared / "data" / "help" / name))
    assert found["quarantine"].empty
    assert len(found["persons"]) == 470
    seen = found["followups"].groupby("target_day")["day"].count()
    assert seen.to_dict() == {0: 470, 180: 254, 360: 217, 540: 254, 720: 277}
    by_care = outcomes(found).groupby("care")["abstinent"].agg(["count", "sum"])
    assert by_care.loc[["residential", "outpatient_only", "none"]].to_numpy().tolist() == [
        [326, 207],
        [165, 61],
        [458, 164],
    ]
    # 63 %, 37 % and 36 %
    assert (100 * by_care["sum"] / by_care["count"]).astype(float).round().loc[
        ["residential", "outpatient_only", "none"]
    ].tolist() == [63, 37, 36]
