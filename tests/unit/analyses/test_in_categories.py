"""Hours of the first weeks in categories: means within an arm, and differences from the category that is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask, people_of_a_contrast, run_dose, with_limits
from pydantic import ValidationError

from iop_outcomes.estimators.causal.generalised_propensity import by_category, category_weights
from iop_outcomes.protocol import Categories, Intensity

NAMES = ("no hours", "under 3", "3 to under 6", "6 to under 9", "9 to under 20", "20 or more")
ASK = {"contrast": "hours", "outcome": "abstinent", "horizon_days": 180, "measure": "by_hours"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """Older people attend more and are abstinent more often; hours themselves do nothing."""
    found = people_of_a_contrast()
    rng, age = np.random.default_rng(2), found["covariates"]["age"].to_numpy()
    abstinent = rng.random(len(age)) < 1 / (1 + np.exp(-0.1 * (age - 40)))
    answers = found["abstinence"].assign(abstinent=pd.array(abstinent), mature=True)
    return {**found, "abstinence": answers}


@pytest.fixture(scope="module")
def hours(cohort) -> np.ndarray:
    """A fifth attended none, a third under 6, a half from 6 to 9; six people 25."""
    rng, age = np.random.default_rng(4), cohort["covariates"]["age"].to_numpy()
    place = (age - 40) / 10 + rng.normal(0, 1, len(age))
    found = np.select([place < -1.2, place < -0.2], [0.0, 4.0], 7.0)
    found[:6] = 25.0
    return found


def answered(cohort, hours, *methods: str, rule: str = "observed_only", **more):
    categories = {"reference": {"iop": 6, "residential": 6}, "fewest": 20} | more.pop("categories", {})
    setting = {"window_days": 28, "categories": categories} | more.pop("setting", {})
    rows = [ask(method=method, missing_rule=rule, **ASK) for method in methods]
    return run_dose(cohort, *rows, hours=setting, window_days=28, hours_per_week=hours, **more)


def shown(found, method: str = "naive") -> pd.DataFrame:
    """By arm, category and what a row is of."""
    own = found["estimates"].query("method == @method")
    begins = own["hours_per_week"].map({np.nan: NAMES[0], 0.0: NAMES[1], 3.0: NAMES[2], 6.0: NAMES[3], 9.0: NAMES[4],
                                        20.0: NAMES[5]}).fillna(NAMES[0])  # fmt: skip
    of = np.where(own["of"] == "difference", "difference", "mean")
    return own.assign(category=begins, what=of).set_index(["group", "category", "what"]).sort_index()


def arm(cohort, value: int) -> np.ndarray:
    return (cohort["arms"]["arm"] == value).to_numpy()


def test_naive_means_are_shares_of_those_in_a_category_and_few_are_left_out(cohort, hours):
    found = answered(cohort, hours, "naive")
    own = shown(found)
    y = cohort["abstinence"]["abstinent"].to_numpy(dtype=float)
    for name, value in (("iop", 1), ("residential", 0)):
        means = {}
        for category, at in (("no hours", 0.0), ("3 to under 6", 4.0), ("6 to under 9", 7.0)):
            there = arm(cohort, value) & (hours == at)
            means[category] = y[there].mean(), y[there].var() / there.sum()
            row = own.loc[(name, category, "mean")]
            assert row["of"] == category
            assert row["estimate"] == pytest.approx(means[category][0])
            assert row["std_error"] == pytest.approx(np.sqrt(means[category][1]), rel=0.03)
        named = means["6 to under 9"]
        for category in ("no hours", "3 to under 6"):
            gap = own.loc[(name, category, "difference")]
            assert gap["estimate"] == pytest.approx(means[category][0] - named[0])
            assert gap["std_error"] == pytest.approx(np.sqrt(means[category][1] + named[1]), rel=0.03)
        assert (name, "6 to under 9", "difference") not in own.index
        for category in ("under 3", "9 to under 20", "20 or more"):
            assert set(own.loc[(name, category)]["status"]) == {"gated"}
            assert own.loc[(name, category)]["reason"].str.startswith("fewer than 20 people of the arm").all()
    counted = found["counts"]
    assert set(counted["group_by"]) == {"arm_by_hours"}
    assert set(counted["arm"]) == {"no hours", "3 to under 6", "6 to under 9"}
    few = np.isin(hours, (25.0,)) & (arm(cohort, 1) | arm(cohort, 0))
    assert counted["count"].sum() == (arm(cohort, 1) | arm(cohort, 0)).sum() - few.sum()


def test_weights_take_away_what_was_known_at_the_start(cohort, hours):
    gate = with_limits(min_effective_share=0.1, max_mean_weight_gap=1.0)
    own = answered(cohort, hours, "naive", "generalised_propensity", gate=gate)
    came, weighted = shown(own), shown(own, "generalised_propensity")
    for name in ("iop", "residential"):
        assert came.loc[(name, "no hours", "difference"), "estimate"] < -0.2
        gap, error = weighted.loc[(name, "no hours", "difference"), ["estimate", "std_error"]]
        assert abs(gap) < 2.5 * error
    told = own["diagnostics"].groupby("arm")["quantity"].agg(set)
    expected = {"effective_share", "largest_weight", "mean_weight", "truncated_share"}
    assert told["iop"] == told["residential"] == expected
    counts = own["counts"]
    assert not counts.duplicated(["arm", "group", "level"]).any()


def test_a_weighted_answer_is_that_of_the_estimator_by_hand(cohort, hours):
    found = answered(cohort, hours, "generalised_propensity", gate=with_limits(min_effective_share=0.1),
                     setting={"truncated": [0, 1]})  # fmt: skip
    own = shown(found, "generalised_propensity")
    among = arm(cohort, 1) & (hours < 20)
    people = cohort["covariates"][among]
    x = np.column_stack([people["age"], people["sex"] == "female"])
    code = np.searchsorted([0.0, 4.0, 7.0], hours[among])
    y = cohort["abstinence"]["abstinent"].to_numpy(dtype=float)[among]
    names, weights = ["none", "some", "more"], category_weights(x, code)
    site = cohort["people"]["site_id"][among].to_numpy()
    beside = np.column_stack([x, *(site == one for one in np.unique(site)[1:])])
    means = by_category(y, code, names, beside=beside).means(weights).estimate
    told = [own.loc[("iop", name, "mean"), "estimate"] for name in ("no hours", "3 to under 6", "6 to under 9")]
    np.testing.assert_allclose(told, means.value, rtol=1e-6)
    naive = np.array([y[code == one].mean() for one in range(3)])
    assert np.abs(naive - means.value).max() > 0.06


def test_the_order_of_people_and_a_scale_of_hours_within_categories_are_no_matter(cohort, hours):
    turned = {name: table.iloc[::-1].reset_index(drop=True) for name, table in cohort.items() if name not in ("gates",)}
    gate = with_limits(min_effective_share=0.1)
    first = shown(answered(cohort, hours, "generalised_propensity", gate=gate), "generalised_propensity")
    within = shown(answered(cohort, np.where(hours == 7, 8.9, hours), "generalised_propensity", gate=gate),
                   "generalised_propensity")  # fmt: skip
    other = shown(answered({**cohort, **turned}, hours[::-1], "generalised_propensity", gate=gate),
                  "generalised_propensity")  # fmt: skip
    for one in (within, other):
        np.testing.assert_allclose(one["estimate"], first["estimate"], rtol=1e-5)
        np.testing.assert_allclose(one["std_error"], first["std_error"], rtol=1e-5)


def test_nobody_in_care_no_hours_and_no_category_to_compare_with_say_so(cohort, hours):
    silent = answered(cohort, np.nan, "naive")["estimates"]
    assert set(silent["status"]) == {"not_possible"}
    assert set(silent["reason"]) == {"no attended hours are recorded in this cohort"}
    one = answered(cohort, np.full(len(hours), 7.0), "naive")["estimates"]
    assert set(one["status"]) == {"gated"}
    named = shown(answered(cohort, hours, "naive", categories={"reference": {"iop": 20}}))
    gaps = named[named["of"] == "difference"]
    assert set(gaps.index.get_level_values("group")) == {"iop"}
    assert gaps.loc[("iop", "no hours"), "reason"].item().startswith("there is no number for the category")
    assert np.isfinite(named.loc[("residential", "no hours", "mean"), "estimate"])


def test_uneven_weights_and_few_events_are_gated(cohort, hours):
    found = answered(cohort, hours, "generalised_propensity", gate=with_limits(max_weight=1.01))
    assert found["estimates"]["reason"].str.contains("weights for categories of hours").all()
    assert len(found["diagnostics"])
    few = shown(answered(cohort, hours, "naive", gate=with_limits(min_events=60)))
    assert few.loc[("iop", "no hours", "mean"), "reason"].startswith("fewer than 60 people with, or without")


def test_categories_have_names_and_refuse_what_is_none_of_them():
    asked = Categories(reference={"iop": 9, "residential": 0})
    assert asked.names == NAMES
    assert [asked.begins(name) for name in NAMES] == [None, 0.0, 3, 6, 9, 20]
    assert asked.compared_with("iop") == "9 to under 20"
    assert asked.compared_with("residential") == "under 3"
    assert asked.compared_with("day_hospital") == ""
    for wrong, said in (({"cuts": [6, 3]}, "must rise"), ({"reference": {"iop": 7}}, "no category begins at 7 hours")):
        with pytest.raises(ValidationError, match=said):
            Categories.model_validate(wrong)
    with pytest.raises(ValidationError, match="leave out `compare`"):
        Intensity.model_validate({"title": "Hours", "contrast": "c", "categories": {}, "compare": {"iop": [6, 9]}})
