from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes import sources
from iop_outcomes.cohort import retention
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES, check

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables(project: Path) -> Tables:
    return sources.read("uis", {"path": str(project / "data" / "uis" / "uis.csv")})


@pytest.fixture(scope="module")
def trial(tables: Tables) -> pd.DataFrame:
    """Follow-up, length of stay and arm, one row per person, from the canonical tables only."""
    one = tables["stays"].merge(tables["persons"], on="person_id").merge(tables["followups"], on="person_id")
    return pd.DataFrame(
        {
            "site": one["site_id"],
            "time": one["first_use_day"].fillna(one["no_use_through_day"]).astype(float),
            "event": one["first_use_day"].notna().astype(int),
            "stayed": (one["end_day"] - one["start_day"] >= 90).astype(int),
            "long": (one["assigned_arm"] == "long").astype(int),
        }
    )


def test_all_tables_keep_to_their_raw_declaration(tables: Tables) -> None:
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    assert {name: len(frame) for name, frame in tables.items()} == {
        "stays": 575,
        "persons": 575,
        "sessions": 0,
        "screens": 0,
        "followups": 575,
        "medications": 0,
        "periods": 0,
        "quarantine": 0,
        "arrivals": 7,
    }


def test_the_first_person_by_hand(tables: Tables) -> None:
    # 1,39,9,4,3,1,0,1,0,123,188,1: long arm at site A, left after 123 of 180 days, returned on day 188
    stay = tables["stays"].set_index("person_id").loc["1"]
    assert (stay["level_of_care"], stay["site_id"], stay["start_day"], stay["end_day"]) == (
        "3.5",
        "A",
        0,
        123,
    )
    assert (stay["planned_days"], stay["discharge_reason"]) == (180, "unplanned")
    person = tables["persons"].set_index("person_id").loc["1"]
    assert (person["age"], person["depression_score"], person["prior_treatments"]) == (39, 9, 1)
    assert (person["injection_use"], person["race"], person["assigned_arm"]) == ("recent", "white", "long")
    assert (person["trial"], person["observed_to_day"]) == ("UMARU IMPACT site A", 188)
    followup = tables["followups"].set_index("person_id").loc["1"]
    assert (followup["first_use_day"], followup["no_use_through_day"]) == (188, 187)


def test_someone_still_free_of_drugs_is_known_to_be_so_through_the_last_day(tables: Tables) -> None:
    # 5,24,5,2,1,5,1,1,0,173,551,0
    followup = tables["followups"].set_index("person_id").loc["5"]
    assert pd.isna(followup["first_use_day"])
    assert followup["no_use_through_day"] == 551


def test_stays_heap_at_the_planned_length_of_the_trial_at_both_sites(tables: Tables) -> None:
    stays = tables["stays"].merge(tables["persons"], on="person_id")
    at = stays["end_day"].between(stays["planned_days"] - 5, stays["planned_days"] + 20)
    around = pd.concat(
        [stays["end_day"].between(stays["planned_days"] + d - 5, stays["planned_days"] + d + 20) for d in (-45, 45)],
        axis=1,
    )
    for _, group in stays.groupby(["site_id", "assigned_arm"]):
        # more leave near the plan than in windows as wide before and after it
        assert at[group.index].sum() > around.loc[group.index].sum().max()


@pytest.mark.parametrize(
    ("landmark", "column", "people", "coefficient", "standard_error"),
    [
        (0, "stayed", 575, -0.912228590633467, 0.100592575266734),
        (90, "stayed", 414, -0.192991595019623, 0.123421208781146),
        (0, "long", 575, -0.245100287163755, 0.0932743853036226),
    ],
    ids=["naive", "landmark", "randomised"],
)
def test_hazard_ratios_of_r(
    trial: pd.DataFrame, landmark: int, column: str, people: int, coefficient: float, standard_error: float
) -> None:
    """R 4.2.2, survival 3.5-3, coxph with Efron ties and strata(SITE): 0.4016, 0.8245 and 0.7826.

    Without strata they are 0.4211, 0.8121 and 0.7886.
    """
    from lifelines import CoxPHFitter

    at_risk = trial[trial["time"] > landmark]
    assert len(at_risk) == people
    fit = CoxPHFitter().fit(at_risk[["time", "event", "site", column]], "time", "event", strata=["site"])
    assert fit.params_[column] == pytest.approx(coefficient, abs=1e-5)
    assert fit.standard_errors_[column] == pytest.approx(standard_error, abs=1e-5)


def test_r_values_are_those_of_the_reference_file(shared: Path) -> None:
    import json

    oracles = json.loads((shared / "oracles" / "oracles.json").read_text())["oracles"]
    values = oracles["NINETY_DAYS_UIS"]["values"]
    assert values["naive"]["stay90"]["coef"] == -0.912228590633467
    assert values["landmark90"]["fit"]["stay90"]["coef"] == -0.192991595019623
    assert values["itt_treat"]["TREAT"]["coef"] == -0.245100287163755


def test_a_folder_may_stand_for_the_file(project: Path) -> None:
    folder = project / "data" / "uis"
    assert sources.inputs("uis", {"path": str(folder)}) == [str(folder / "uis.csv")]


def test_a_missing_file_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"uis\.csv.*DATA="):
        sources.inputs("uis", {"path": str(tmp_path / "nothing.csv")})
    with pytest.raises(StudyError, match="no path"):
        sources.inputs("uis", {"path": None})


def test_a_cell_that_is_no_number_stops_without_being_quoted(tmp_path: Path, project: Path) -> None:
    text = (project / "data" / "uis" / "uis.csv").read_text().replace("1,39,9,", "1,thirty,9,", 1)
    (tmp_path / "uis.csv").write_text(text)
    with pytest.raises(StudyError, match="1 cell of the column 'AGE'") as caught:
        sources.read("uis", {"path": str(tmp_path / "uis.csv")})
    assert "thirty" not in str(caught.value)


@pytest.mark.parametrize(("tolerance", "points"), [(0, -20.6), (7, -3.0), (14, 2.5)])
def test_the_difference_in_leaving_unplanned_by_day_90_hangs_on_the_tolerance_of_plans(
    tables: Tables, tolerance: int, points: float
) -> None:
    """As retention has it from days and plans, and by hand from both."""
    own = tables["stays"].merge(tables["persons"][["person_id", "assigned_arm"]], on="person_id")
    days = own["end_day"] - own["start_day"]
    unplanned = (days < own["planned_days"] - tolerance) & (days <= 90)
    shares = unplanned.groupby(own["assigned_arm"]).mean()
    assert round(100 * (shares["long"] - shares["short"]), 1) == points
    people = own[["person_id"]].assign(
        record_id=own["person_id"], index_start_day=0, clock_start_day=0, observed_days=400
    )
    ends = {f"{of}_{end}": own["end_day"] for of in ("index", "episode") for end in ("end_day", "end_latest")}
    episodes = own[["person_id", "planned_days"]].assign(
        index_start_day=0, index_reason=own["discharge_reason"], episode_reason=own["discharge_reason"], **ends
    )
    name = f"index_plan_{tolerance}"
    found = retention.run(people, episodes, TABLES["episodes_by_gap"].empty(), follows=[name])["retention"]
    assert list((found["cause"] == "unplanned") & (found["days"] <= 90)) == list(unplanned)
