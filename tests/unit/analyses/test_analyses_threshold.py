"""A claimed threshold of weeks: the curve had everyone left in each, its slopes and steps, and weeks that have none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from contrast_people import GATE, ask, run_dose
from stays_by_week import arm, left, people

from iop_outcomes.analyses.person_weeks import Weeks
from iop_outcomes.estimators.causal.shapes import AFTER, BEFORE, BROKEN, LINE, shapes
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means

WEEKS = [1, 2, 3, 4, 5]
SETTING = {"title": "", "contrast": "c", "arm": "iop", "weeks": WEEKS, "at": 3, "step": 1, "fewest": 11}
ASK = {"contrast": "bend", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "observed_only"}
RISE, GAIN = {"measure": "rise_per_week"}, {"measure": "gain"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people()


FEW = GATE.model_copy(update={"min_events": 3})


def run(cohort, *asked, gate=FEW, **setting):
    rows = [ask(**{**ASK, **one}) for one in asked]
    return run_dose(cohort, *rows, thresholds={"bend": SETTING | setting}, gate=gate)


def weighted(measure) -> dict[str, str]:
    return {**measure, "method": "clone_censor_weight"}


@pytest.fixture(scope="module")
def found(cohort):
    return run(cohort, *(m | {"method": by} for m in (RISE, GAIN) for by in ("naive", "clone_censor_weight")))


def numbers(found, measure: str, method: str, column: str = "estimate") -> pd.Series:
    own = found["estimates"].query("measure == @measure and method == @method").set_index("of")
    assert set(own["status"]) == {"ok"}
    assert list(own.index) == ["up_to", "beyond", "difference"]
    return own[column]


def curve(found, method: str) -> pd.DataFrame:
    own = found["curves"].query("method == @method")
    assert set(own["axis"]) == {"weeks_of_care"}
    assert set(own["arm"]) == {"iop"}
    return own.set_index("x").sort_index()


def test_the_curve_is_that_of_the_estimator_on_the_arms_person_weeks_without_a_plan(cohort, found):
    here, week = arm(cohort), left(cohort)
    y = cohort["abstinence"].drop_duplicates("person_id").set_index("person_id")["abstinent"]
    ids = cohort["people"]["person_id"][here].reset_index(drop=True)
    own = cohort["doses"][cohort["doses"]["person_id"].isin(ids) & (cohort["doses"]["week"] <= 5)]
    person = pd.Index(ids).get_indexer(own["person_id"])
    ended = own["week"].to_numpy() == week[here][person]
    cause = cohort["retention"].query("follows == 'care'").set_index("person_id")["cause"].loc[ids].to_numpy()[person]
    covariates = cohort["covariates"].set_index("person_id").loc[ids]
    fixed = np.column_stack([covariates["age"], covariates["sex"] == "female"]).astype(float)[person]
    sites = cohort["people"]["site_id"][here].to_numpy()[person]
    dummies = [own["week"] == w for w in (2, 3, 4, 5)]
    known = np.column_stack([*dummies, own["test"] == "positive", fixed, *(sites == f"S{i}" for i in range(3))])
    # completing begins in week 3, as the weeks' indicators tell nearly and a weak prior not quite
    ways = [Way(ended & (cause == c), known.astype(float)) for c in ("unplanned", "completed")]
    direct = strategy_means(
        y.loc[ids].to_numpy(dtype=float), person, own["week"], ways, {f"{w}": Strategy.exactly(w) for w in WEEKS}
    )
    told = curve(found, "clone_censor_weight")
    assert list(told.index) == WEEKS
    np.testing.assert_allclose(told["estimate"], direct.estimate.value, atol=0.01)
    np.testing.assert_allclose(told["std_error"], direct.estimate.standard_error(), rtol=0.1)
    made = shapes(direct.estimate, WEEKS, 3)
    slopes = made.slopes.take(BEFORE, AFTER)
    np.testing.assert_allclose(
        numbers(found, "rise_per_week", "clone_censor_weight")[["up_to", "beyond"]], slopes.value, atol=0.01
    )
    # of everyone in the arm, the weighted curve has the effective number of those who left in its weeks
    people = {by: numbers(found, "rise_per_week", by, "n_effective").iloc[0] for by in ("naive", "clone_censor_weight")}
    assert people["clone_censor_weight"] == pytest.approx(direct.effective.sum(), rel=0.05)
    assert people["clone_censor_weight"] < people["naive"] == here.sum()
    p = found["diagnostics"].set_index("quantity")["value"]
    assert p["line_fits"] == pytest.approx(made.misfit[LINE].p_value, abs=0.1)
    assert p["bend_fits"] == pytest.approx(made.misfit[BROKEN].p_value, abs=0.1)


@pytest.mark.parametrize("method", ["naive", "clone_censor_weight"])
def test_steps_are_differences_of_the_curve_and_rises_of_its_slopes(found, method):
    told, steps = curve(found, method)["estimate"], numbers(found, "gain", method)
    assert steps["up_to"] == pytest.approx(told[3] - told[2])
    assert steps["beyond"] == pytest.approx(told[4] - told[3])
    for measure in ("gain", "rise_per_week"):
        own = numbers(found, measure, method)
        assert own["difference"] == pytest.approx(own["up_to"] - own["beyond"])


def test_naive_numbers_are_a_regression_on_the_weeks_that_people_stayed(cohort, found):
    here = arm(cohort)
    stayed = np.minimum(left(cohort)[here], 5).astype(float)
    y = cohort["abstinence"].drop_duplicates("person_id").set_index("person_id")["abstinent"]
    y = y.loc[cohort["people"]["person_id"][here]].to_numpy(dtype=float)
    fit = sm.OLS(y, sm.add_constant(np.column_stack([stayed, np.maximum(stayed - 3, 0)]))).fit(cov_type="HC0")
    own, errors = (numbers(found, "rise_per_week", "naive", c) for c in ("estimate", "std_error"))
    assert own["up_to"] == pytest.approx(fit.params[1])
    assert own["difference"] == pytest.approx(-fit.params[2])
    assert errors["up_to"] == pytest.approx(fit.bse[1], rel=0.01)


def test_cells_are_of_everyone_who_started_in_the_arm(cohort, found):
    own = found["counts"].query("contrast == 'bend'")
    assert own["count"].sum() == arm(cohort).sum()
    assert set(own["arm"]) == {"iop"}


def test_a_week_without_enough_people_has_no_point_and_a_curve_with_too_few_none_at_all(cohort):
    weeks = left(cohort)[arm(cohort)]
    few = {w: int((weeks == w).sum()) for w in WEEKS}
    asked = run(cohort, weighted(RISE), weighted(GAIN), fewest=max(11, min(few.values()) + 1))
    gone = min(few, key=few.__getitem__)
    if len(asked["curves"]):
        assert gone not in asked["curves"]["x"].tolist()
    none = run(cohort, weighted(RISE), fewest=5000)
    assert set(none["estimates"]["status"]) == {"gated"}
    assert none["estimates"]["reason"].str.startswith("fewer than two of the weeks before week 3").all()
    assert none["curves"].empty


def test_weights_that_one_person_carries_leave_no_point(cohort):
    gate = FEW.model_copy(update={"max_weight": 1.01})
    assert set(run(cohort, weighted(RISE), gate=gate)["estimates"]["status"]) == {"gated"}


def test_a_week_whose_weights_are_off_their_mean_has_no_point(cohort, found):
    gate = FEW.model_copy(update={"max_mean_weight_gap": 0.0001})
    assert set(run(cohort, weighted(RISE), gate=gate)["estimates"]["status"]) == {"gated"}


def test_the_order_of_people_is_no_matter(cohort, found):
    turned = {**cohort, "people": cohort["people"].iloc[::-1].reset_index(drop=True)}
    again = run(turned, weighted(RISE))
    np.testing.assert_allclose(
        numbers(again, "rise_per_week", "clone_censor_weight"), numbers(found, "rise_per_week", "clone_censor_weight")
    )


def test_where_nobody_left_there_is_nothing_to_say(cohort):
    lost = {**cohort, "retention": cohort["retention"].assign(cause="censored")}
    assert set(run(lost, weighted(RISE))["estimates"]["status"]) == {"not_possible"}


def test_the_plan_is_in_the_models_of_leaving_where_it_is_asked_for_alone(cohort):
    stay = cohort["retention"].query("follows == 'care'").set_index("person_id").loc[cohort["people"]["person_id"]]
    fixed = np.zeros((len(stay), 0))
    by_chance, adjusted = (
        Weeks.of(cohort["doses"], cohort["people"], stay.reset_index(), 5, tolerance, fixed) for tolerance in (None, 14)
    )
    assert set(by_chance._place) == {f"2.1 {week}" for week in WEEKS}
    # weeks to the planned end, and beyond it
    assert set(adjusted._place) == {"2.1 2.0", "2.1 1.0", "2.1 0.0", "2.1 -1.0"}
