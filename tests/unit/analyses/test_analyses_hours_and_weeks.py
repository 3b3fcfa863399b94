"""Hours and weeks in a study: the same as from arrays, who is near a dose, what is told of nobody, what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import N, ask, people_of_a_contrast, run_dose

from iop_outcomes.estimators.causal.doses import Course, Dose
from iop_outcomes.estimators.causal.g_formula import dose_means
from iop_outcomes.tables import TABLES, check

WEEKS = 25
GRID = {"title": "", "contrast": "c", "hours": [6, 9, 30], "weeks": [2, 4], "fewest_near": 20}
ASK = {"contrast": "grid", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "observed_only"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """People of two levels who attend fewer hours after use, and leave in week 1 to 6; hours help, as weeks do."""
    made, rng = people_of_a_contrast(), np.random.default_rng(4)
    ids, first = made["people"]["person_id"].to_numpy(), arm(made)
    used = rng.random((N, 6)) < 0.4
    gone = rng.random((N, 6)) < 0.1 + 0.3 * used
    week = np.where(gone.any(axis=1), gone.argmax(axis=1), 5)
    hours = np.where(used, 6.0, 9.0) + rng.normal(0, 0.3, (N, 6))
    there = np.arange(WEEKS) <= week[:, None]
    person, at = np.nonzero(np.ones((N, WEEKS), dtype=bool))
    inside = there[person, at]
    within = np.minimum(at, 5)
    given = np.where(inside, hours[person, within], 0.0)
    doses = TABLES["doses"].empty().reindex(range(len(person))).assign(
        person_id=ids[person], week=at + 1,
        level_of_care=np.where(inside, np.where(first[person], "2.1", "3.5"), "none").astype(object),
        days_in_care=7 * inside, days_so_far=7 * (np.minimum(at, week[person]) + 1),
        hours_attended=given, hours_scheduled=np.where(inside, 9.0, np.nan), hours_so_far=0.0,
        source=np.where(inside, "sessions", "out_of_care").astype(object), reported=True,
        test=np.where(inside, np.where(used[person, within], "positive", "negative"), None).astype(object),
    )  # fmt: skip
    doses = check(TABLES["doses"], TABLES["doses"].cast(doses))
    chance = 0.5 + 0.04 * week + 0.02 * (hours * there[:, :6]).sum(axis=1) / 6 - 0.5 * used[:, :3].mean(axis=1)
    abstinent = pd.array(rng.random(N) < chance, dtype="boolean")
    return {**made, "doses": doses, "abstinence": made["abstinence"].assign(abstinent=abstinent, mature=True)}


def arm(cohort) -> np.ndarray:
    return (cohort["arms"].set_index("person_id")["arm"].loc[cohort["people"]["person_id"]] == 1).to_numpy()


def run(cohort, *methods: str, setting=GRID, **more):
    return run_dose(cohort, *(ask(method=m, **{**ASK, **more}) for m in methods), grids={"grid": setting})


def at(found, of: str, hours: float, weeks: int) -> pd.Series:
    rows = found["estimates"]
    return rows[(rows["of"] == of) & (rows["hours_per_week"] == hours) & (rows["weeks_of_care"] == weeks)].iloc[0]


def test_the_estimate_is_that_of_the_estimator_on_the_course_of_everyone(cohort):
    found = run(cohort, "g_formula")
    d = cohort["doses"].sort_values(["person_id", "week"])
    ids = np.sort(cohort["people"]["person_id"].to_numpy())
    first = pd.Series(arm(cohort), index=cohort["people"]["person_id"]).loc[ids].to_numpy()
    shape = (N, WEEKS)
    level = np.where(d["level_of_care"].eq("none").to_numpy().reshape(shape), 0, np.where(first, 1, 2)[:, None])
    test = d["test"].map({"positive": 1.0, "negative": 0.0}).to_numpy(dtype=float).reshape(shape)
    covariates = cohort["covariates"].set_index("person_id").loc[ids]
    fixed = np.column_stack([covariates["age"], covariates["sex"] == "female"]).astype(float)
    sites = cohort["people"].set_index("person_id")["site_id"].loc[ids].to_numpy()
    dummies = np.column_stack([sites == s for s in np.unique(sites)[1:]]).astype(float)
    course = Course.of(test, level, d["hours_attended"].to_numpy().reshape(shape), fixed, sites=dummies)
    answers = cohort["abstinence"].drop_duplicates("person_id").set_index("person_id")["abstinent"].loc[ids]
    asked = {"iop": Dose.of(1, 4, 9.0), "residential": Dose.of(2, 4, 9.0)}
    direct = dose_means(course, asked, after=answers.to_numpy(dtype=float), draws=60).estimate
    for place, of in enumerate(asked):
        row = at(found, of, 9, 4)
        assert row["status"] == "ok"
        assert row["estimate"] == pytest.approx(direct.value[place], abs=0.02)
        assert row["std_error"] == pytest.approx(direct.standard_error()[place], rel=0.25)
    gap = at(found, "difference", 9, 4)
    assert gap["estimate"] == pytest.approx(
        at(found, "iop", 9, 4)["estimate"] - at(found, "residential", 9, 4)["estimate"]
    )
    again = run(cohort, "g_formula")
    pd.testing.assert_frame_equal(found["estimates"], again["estimates"])


def test_a_dose_that_nobody_was_near_is_not_identifiable_at_either_level(cohort):
    found = run(cohort, "naive", "g_formula")
    far = found["estimates"][found["estimates"]["hours_per_week"] == 30]
    assert set(far["status"]) == {"gated"}
    assert far["estimate"].isna().all()
    assert far["reason"].str.startswith("not identifiable: fewer than 20 people of the arm").all()
    assert set(found["estimates"][found["estimates"]["hours_per_week"] == 9]["status"]) == {"ok"}
    one = cohort["doses"].assign(
        hours_attended=cohort["doses"]["hours_attended"] * np.where(cohort["doses"]["level_of_care"] == "3.5", 3, 1)
    )
    apart = run({**cohort, "doses": one}, "g_formula")
    assert at(apart, "iop", 9, 4)["status"] == "ok"
    assert at(apart, "iop", 9, 4)["estimate"] > 0
    for of in ("residential", "difference", "ratio"):
        assert at(apart, of, 9, 4)["status"] == "gated"
        assert "of the arm 'residential'" in at(apart, of, 9, 4)["reason"]


def test_people_stand_in_one_band_of_mean_hours_each(cohort):
    found = run(cohort, "naive", "g_formula")["counts"]
    own = found[found["outcome"] == "hours_at_level"]
    assert own.groupby("arm")["count"].sum().to_dict() == {
        "iop": arm(cohort).sum(),
        "residential": (~arm(cohort)).sum(),
    }
    assert own.groupby("arm").size().eq(8).all()
    near = own[own["level"].isin(["6 to under 9", "9 to under 12", "3 to under 6"])]
    assert near["count"].sum() == N


def test_naive_numbers_are_of_those_who_had_such_doses(cohort):
    found = run(cohort, "naive", "g_formula")
    rows = found["estimates"][found["estimates"]["status"] == "ok"]
    of = rows[rows["of"] == "iop"].pivot_table(
        index=["weeks_of_care", "hours_per_week"], columns="method", values="estimate"
    )
    assert (of["naive"] != of["g_formula"]).all()
    # who stays that long had less use
    assert of["naive"].loc[(4, 9)] > of["g_formula"].loc[(4, 9)] + 0.02


def test_without_hours_tests_or_a_reading_there_is_no_answer(cohort):
    doses = cohort["doses"]
    silent = run({**cohort, "doses": doses.assign(hours_attended=0.0)}, "g_formula")["estimates"]
    assert set(silent["reason"]) == {"no hours of care are on record week by week in this cohort"}
    untested = doses.assign(test=pd.Series([None] * len(doses), dtype=object))
    found = run({**cohort, "doses": untested}, "g_formula")["estimates"]
    assert set(found["status"]) == {"not_possible"}
    assert found["reason"].str.contains("must be known of some").all()
    drawn = run(cohort, "g_formula", missing_rule="imputed")["estimates"]
    assert set(drawn["status"]) == {"not_possible"}
    assert drawn["reason"].str.contains("needs more than what each person answered").all()
