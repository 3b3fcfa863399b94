"""Dose: landmarks, what comes after is not adjusted for, and what lies beyond the follow-up of a group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import N, ask, people_of_a_contrast, run_dose
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from iop_outcomes.estimators.cox.cox import cox


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def test_the_landmark_is_among_people_without_the_event_by_then(cohort):
    hazard = {"contrast": "stay_90", "outcome": "return_to_use", "horizon_days": 365, "measure": "hazard_ratio"}
    found = run_dose(cohort, ask(method="naive", **hazard), ask(method="landmark", **hazard))
    people = found["counts"].groupby(["group_by", "group"])["count"].sum()
    assert people["all", "all"] == N
    assert people["event_free_day", "90"] == (cohort["first_use"]["days"] > 90).sum()


def test_without_hours_the_intensity_is_not_possible_and_says_why(cohort):
    found = run_dose(
        cohort,
        ask(
            contrast="hours",
            outcome="abstinent",
            horizon_days=180,
            measure="dose_response",
            method="spline",
            missing_rule="observed_only",
        ),
    )
    assert set(found["estimates"]["status"]) == {"not_possible"}
    assert found["estimates"]["reason"].str.contains("hours").all()


def test_hazards_of_dose_beyond_the_follow_up_of_a_group_are_not_possible(cohort):
    hazard = {"contrast": "stay_90", "outcome": "return_to_use", "horizon_days": 365, "measure": "hazard_ratio"}
    found = run_dose(cohort, ask(method="naive", **hazard), ask(method="landmark", **hazard))["estimates"]
    assert set(found["status"]) == {"not_possible"}
    assert found["reason"].str.contains("can be followed to about day 210 at most").all()


SOME = np.arange(N) % 3 == 0
USE = [{"positive_screens": SOME * 0.5}, {"missed_screens": SOME * 0.2}, {"reported_use": np.where(SOME, 0.1, np.nan)}]
STAY = {"contrast": "stay_90", "horizon_days": 180}


@pytest.mark.parametrize("columns", [{}, *USE])
def test_a_risk_of_staying_is_never_adjusted_for_what_comes_after_leaving(cohort, columns):
    asked = [
        ask(outcome="abstinent", method=method, missing_rule=rule, **STAY)
        for method in ("crude", "landmark_adjusted") for rule in ("missing_is_using", "observed_only")
    ]  # fmt: skip
    found = run_dose(cohort, *asked, within_sites=False, **columns)["estimates"].set_index("method")
    assert set(found.loc["crude", "status"]) == {"ok"}
    adjusted = found.loc["landmark_adjusted"]
    assert set(adjusted["status"]) == {"ok"}
    bare = run_dose(cohort, *asked, within_sites=False)["estimates"].set_index("method").loc["landmark_adjusted"]
    pd.testing.assert_frame_equal(adjusted, bare)


def test_a_share_from_the_landmark_is_of_those_at_risk_then_adjusted_for_the_start(cohort):
    asked = ask(outcome="abstinent", method="landmark_adjusted", missing_rule="observed_only", **STAY)
    there = np.arange(N) % 9 != 0
    found = run_dose(cohort, asked, at_risk_at_end=there)
    rows = found["estimates"].set_index("of")["estimate"]
    people = cohort["people"].set_index("person_id")
    answer = cohort["abstinence"].set_index("person_id").loc[people.index, "abstinent"]
    stay = cohort["retention"].query("follows == 'care'").set_index("person_id").loc[people.index]
    used = there & answer.notna().to_numpy()
    age = cohort["covariates"].set_index("person_id").loc[people.index, "age"].to_numpy()
    stayed = (stay["days"] >= 90).to_numpy(dtype=float)
    x = np.column_stack([np.ones(N), stayed, (age - 40) / 10, people["sex"] == "female"]).astype(float)
    fit = GLM(answer[used].to_numpy(dtype=float), x[used], family=Binomial()).fit()
    for side, name in ((1.0, "stayed"), (0.0, "left_earlier")):
        at = x[used].copy()
        at[:, 1] = side
        assert rows[name] == pytest.approx(fit.predict(at).mean(), abs=1e-7)
    # who died before the landmark is told apart neither by a second count nor by an effective number
    assert found["estimates"]["n_effective"].isna().all()
    assert set(found["counts"]["group_by"]) == {"all"}
    assert found["counts"]["count"].sum() == N


@pytest.mark.parametrize("columns", USE)
def test_a_hazard_of_staying_is_adjusted_for_baseline_only_and_not_where_use_is_on_record(cohort, columns):
    asked = ask(outcome="return_to_use", method="landmark_adjusted", measure="hazard_ratio", **STAY)
    # whoever returned to use did so whether they had left or not
    cohort = {**cohort, "first_use": cohort["first_use"].assign(days=np.roll(cohort["first_use"]["days"], 7))}
    (row,) = run_dose(cohort, asked, within_sites=False)["estimates"].to_dict("records")
    assert row["status"] == "ok"
    people = cohort["people"].set_index("person_id")
    use = cohort["first_use"].set_index("person_id").loc[people.index]
    stay = cohort["retention"].query("follows == 'care'").set_index("person_id").loc[people.index]
    there = (use["days"] > 90).to_numpy()
    age = cohort["covariates"].set_index("person_id").loc[people.index, "age"]
    x = np.column_stack([stay["days"] >= 90, age, people["sex"] == "female"]).astype(float)[there]
    days = np.minimum(use["days"], 180)[there].to_numpy(dtype=float)
    event = (use["event"] & (use["days"] <= 180))[there].to_numpy()
    fit = cox(x, days, event, ["stayed", "age", "female"])
    assert np.log(row["estimate"]) == pytest.approx(fit.estimate.value[0], abs=1e-8)
    (row,) = run_dose(cohort, asked, within_sites=False, **columns)["estimates"].to_dict("records")
    assert (row["status"], pd.isna(row["estimate"])) == ("not_possible", True)
    assert "comes after leaving" in row["reason"]


@pytest.mark.parametrize("columns", USE)
def test_hours_are_not_compared_where_use_of_the_same_days_is_on_record(cohort, columns):
    asked = ask(contrast="hours", outcome="abstinent", horizon_days=180, measure="dose_response", method="spline",
                missing_rule="observed_only")  # fmt: skip
    hours = {"hours_per_week": np.random.default_rng(3).uniform(2, 12, N)}
    found = run_dose(cohort, asked, compare={"iop": (4, 9)}, **hours)
    assert set(found["estimates"].query("group == 'iop'")["status"]) == {"ok"}
    assert len(found["curves"])
    found = run_dose(cohort, asked, compare={"iop": (4, 9)}, **hours, **columns)
    assert set(found["estimates"]["status"]) == {"not_possible"}
    assert found["estimates"]["reason"].str.contains("the same 90 days whose hours it compares").all()
    assert found["curves"].empty
    assert found["counts"].empty
