"""Hours and weeks in a study: the same as from arrays, who is near a dose, what is told of nobody, what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, N, ask, people_of_a_contrast, run_dose, with_limits

from iop_outcomes.analyses.courses import course
from iop_outcomes.analyses.weighted_weeks import WeightedWeeks
from iop_outcomes.estimators.causal.doses import Course, Dose
from iop_outcomes.estimators.causal.g_formula import dose_means
from iop_outcomes.estimators.causal.marginal_structural import MarginalStructuralModel, Weights
from iop_outcomes.tables import TABLES, check

WEEKS = 25
GRID = {
    "title": "", "contrast": "c", "hours": [6, 9, 30], "weeks": [2, 4], "fewest_near": 20,
    "compare": {"iop": [6, 9], "residential": [9, 30]},
}  # fmt: skip
ASK = {"contrast": "grid", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "observed_only"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """Hours of a week tell its use all but surely."""
    return made_with(0.3)


@pytest.fixture(scope="module")
def mixed() -> dict[str, pd.DataFrame]:
    """Any hours are seen after use and without it."""
    return made_with(2.5)


def made_with(spread: float) -> dict[str, pd.DataFrame]:
    """People of two levels who attend fewer hours after use, and leave in week 1 to 6; hours help, as weeks do."""
    made, rng = people_of_a_contrast(), np.random.default_rng(4)
    ids, first = made["people"]["person_id"].to_numpy(), arm(made)
    used = rng.random((N, 6)) < 0.4
    gone = rng.random((N, 6)) < 0.1 + 0.3 * used
    week = np.where(gone.any(axis=1), gone.argmax(axis=1), 5)
    hours = np.maximum(np.where(used, 6.0, 9.0) + rng.normal(0, spread, (N, 6)), 0.5)
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


def test_more_hours_of_one_arm_have_an_interval_of_their_own(mixed):
    found = run(mixed, "naive", "g_formula", "marginal_structural")["estimates"]
    own = found[found["group_by"] == "arm"].set_index(["weeks_of_care", "group", "method"])
    # by their weights too few people are near 6 hours for 4 weeks
    for method, weeks in (("naive", 4), ("g_formula", 4), ("marginal_structural", 2)):
        more, fewer = (
            at({"estimates": found[found["method"] == method]}, "iop", hours, weeks) for hours in (9, 6)
        )  # fmt: skip
        row = own.loc[(weeks, "iop", method)]
        assert row["estimate"] == pytest.approx(more["estimate"] - fewer["estimate"], abs=1e-12)
        # both speak of the same people, so that their difference is surer than if they did not
        apart = float(np.hypot(more["std_error"], fewer["std_error"]))
        assert 0 < row["std_error"] < apart
        assert row["conf_high"] - row["conf_low"] == pytest.approx(2 * 1.96 * row["std_error"], rel=1e-3)
        gated = own.loc[(4, "residential", method)]
        assert gated["status"] == "gated"
        assert "of the arm 'residential' stayed so long" in gated["reason"]
    assert found["hours_per_week"].isna().sum() == 3 * 2 * 2


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


def test_people_near_a_dose_count_by_their_weights_where_a_model_of_these_speaks(cohort):
    wide = GRID | {"truncated": [0, 1]}
    gate = with_limits(min_effective_share=0.0001, max_weight=1e6, max_mean_weight_gap=10)
    shown = run_dose(cohort, *(ask(method=m, **ASK) for m in ("g_formula", "marginal_structural")),
                     grids={"grid": wide}, gate=gate)["estimates"]  # fmt: skip
    means = shown[shown["of"].isin(["iop", "residential"])]
    far = means[(means["method"] == "marginal_structural") & means["estimate"].isna()]
    assert len(far)
    assert far["reason"].str.endswith("nearly such hours a week, counted by their weights").all()
    # weights are no more people than there are
    assert means.groupby("method")["estimate"].count()["marginal_structural"] <= means["method"].eq("g_formula").sum()


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
    assert found["reason"].str.contains("no test tells of use in any week").all()
    drawn = run(cohort, "g_formula", missing_rule="imputed")["estimates"]
    assert set(drawn["status"]) == {"not_possible"}
    assert drawn["reason"].str.contains("needs more than what each person answered").all()


def test_weights_of_what_people_did_tell_the_same_as_models_of_use(mixed):
    """Two answers that rest on different models, and the naive one, which lies on one side of both."""
    found = run(mixed, "naive", "g_formula", "marginal_structural")
    rows = found["estimates"][found["estimates"]["status"] == "ok"]
    of = rows[rows["of"] == "iop"].pivot_table(
        index=["weeks_of_care", "hours_per_week"], columns="method", values=["estimate", "std_error"]
    )
    # fewer people than asked for are near a dose where some weigh much more than others
    of = of.dropna()
    assert len(of) >= 3
    value, error = of["estimate"], of["std_error"]["marginal_structural"]
    assert (error > 0).all()
    assert ((value["marginal_structural"] - value["g_formula"]).abs() < 3 * error).all()
    assert value["naive"].loc[(4, 9)] > value["marginal_structural"].loc[(4, 9)] + 0.01
    again = run(mixed, "marginal_structural")["estimates"]
    own = found["estimates"][found["estimates"]["method"] == "marginal_structural"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, again)


def test_what_the_weights_achieve_stands_beside_and_uneven_ones_are_gated(mixed):
    found = run(mixed, "marginal_structural")
    told = found["diagnostics"].set_index("quantity")["value"]
    assert set(told.index) == {"effective_share", "largest_weight", "mean_weight", "truncated_share"}
    assert told["mean_weight"] == pytest.approx(1, abs=0.1)
    assert 0.3 < told["effective_share"] < 1
    assert told["truncated_share"] == pytest.approx(0.02, abs=0.01)
    whole = run(mixed, "marginal_structural", setting={**GRID, "truncated": [0.0, 1.0]})["diagnostics"]
    whole = whole.set_index("quantity")["value"]
    assert whole["truncated_share"] == 0
    assert whole["largest_weight"] > told["largest_weight"]
    strict = with_limits(max_weight=1.01)
    uneven = run_dose(mixed, ask(method="marginal_structural", **ASK), grids={"grid": GRID}, gate=strict)
    assert set(uneven["estimates"]["status"]) == {"gated"}
    assert uneven["estimates"]["reason"].str.contains("one person weighs .* times the mean").all()
    assert len(uneven["diagnostics"]) == 4


def test_weights_whose_mean_is_off_are_gated(mixed):
    asked = ask(method="marginal_structural", **ASK)
    gate = with_limits(max_mean_weight_gap=0.0001)
    off = run_dose(mixed, asked, grids={"grid": GRID}, gate=gate)
    assert set(off["estimates"]["status"]) == {"gated"}
    assert off["estimates"]["reason"].str.contains("the weights of weekly histories have a mean of [01][.]").all()
    assert off["estimates"]["estimate"].isna().all()


def test_a_week_beyond_observation_is_no_leaving(mixed):
    people = mixed["people"].assign(arm=arm(mixed).astype(int), index_level=np.where(arm(mixed), "2.1", "3.5"))
    fixed = np.zeros((N, 1))
    own = course(mixed["doses"], people, CONTRAST, WEEKS, fixed)
    whole = WeightedWeeks.of(own, mixed["doses"], people, ("x",))
    short = mixed["doses"][mixed["doses"]["week"] <= 3]
    seen = WeightedWeeks.of(course(short, people, CONTRAST, WEEKS, fixed), short, people, ("x",))
    left = [int(np.sum(one.choices[0].taken & one.choices[0].open)) for one in (whole, seen)]
    # of the first two weeks alone the next one is on record
    inside = own.level > 0
    assert left[1] == int((inside[:, :2] & ~inside[:, 1:3]).sum())
    assert left[0] == int((inside[:, :-1] & ~inside[:, 1:]).sum())


def _alone(n: int, rng: np.random.Generator) -> WeightedWeeks:
    """People of one level in care for one to 20 weeks, with one trait."""
    weeks = rng.integers(1, 21, n)
    level = (np.arange(WEEKS) < weeks[:, None]).astype(int)
    hours = level * rng.uniform(2, 24, (n, 1))
    own = Course.of(np.zeros(level.shape), level, hours, rng.normal(size=(n, 1)))
    return WeightedWeeks(own, hours, np.full(level.shape, np.nan), np.ones(level.shape, dtype=bool), ("x",))


def _by_hand(weeks, hours, trait, fading: bool) -> np.ndarray:
    """Weeks, bent at 4 and 13; hours in all, beyond 20 a week, beyond 150 in all; and what fades."""
    weeks, hours = np.broadcast_to(weeks, trait.shape).astype(float), np.broadcast_to(hours, trait.shape)
    total = weeks * hours
    columns = [weeks, np.maximum(weeks - 4, 0), np.maximum(weeks - 13, 0), total]
    columns += [weeks * np.maximum(hours - 20, 0), np.maximum(total - 150, 0)]
    early, late, most = np.maximum(13 - weeks, 0), np.maximum(weeks - 13, 0), np.minimum(total, 150)
    return np.column_stack(columns + [most * early, most * late, trait * early, trait * late] * fading)


@pytest.mark.parametrize(("people", "fading"), [(1_500, True), (90, False)])
def test_what_fades_after_care_is_in_the_weighted_regression_where_outcomes_are_enough(people, fading):
    """The same as the regression on columns written out; of few outcomes each would tell of five columns at most."""
    rng = np.random.default_rng(6)
    whole = _alone(people, rng)
    weeks, hours, trait = whole.course.level.sum(axis=1), whole.course.hours[:, 0], whole.course.fixed[:, 0]
    chance = 1 / (1 + np.exp(1.5 - 0.1 * np.minimum(weeks, 13) + 0.08 * trait * np.maximum(13 - weeks, 0)))
    after = (rng.random(people) < chance).astype(float)
    after[:3] = np.nan
    weights = Weights(rng.uniform(0.5, 1.5, people), (), np.ones(people, dtype=bool))
    doses = {"short": (3, 9.0), "long": (15, 12.0)}
    found = whole.means({name: Dose.of(1, *dose) for name, dose in doses.items()}, after, weights).estimate

    def under(fades: bool):
        model = MarginalStructuralModel(
            "logistic", after, _by_hand(weeks, hours, trait, fades), trait[:, None], ~np.isnan(after)
        )
        return model.means({name: _by_hand(*dose, trait, fades) for name, dose in doses.items()}, weights).estimate

    hand, other = under(fading), under(not fading)
    np.testing.assert_allclose(found.value, hand.value, atol=1e-9)
    np.testing.assert_allclose(found.standard_error(), hand.standard_error(), rtol=1e-6)
    assert np.abs(found.value - other.value).max() > 1e-3
