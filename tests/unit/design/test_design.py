"""The blind stage: what is gated and why, what balances, who is set apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from parts import contrast

from iop_outcomes import design
from iop_outcomes.design import locked
from iop_outcomes.protocol import Adjustment, Gate
from iop_outcomes.steps.runner import BLIND
from iop_outcomes.tables import TABLES, check

ADJUSTMENT = Adjustment(continuous=["age"], categorical=["sex"], spline_knots=3)
GATE = Gate(max_standardised_difference=0.1, min_effective_share=0.3, max_weight=50, min_events=10)
CONTRAST = contrast("iop", "residential", first={"name": "iop", "label": "Intensive outpatient", "values": ["2.1"]})


def cohort(n: int = 600, sites: int = 3, strength: float = 0.5):
    rng = np.random.default_rng(7)
    site = np.array([f"S{i % sites}" for i in range(n)])
    age = rng.normal(40, 10, n)
    female = rng.random(n) < 0.4
    arm = (rng.random(n) < 1 / (1 + np.exp(-strength * (age - 40) / 10 - 0.3 * female))).astype("int64")
    ids = np.array([f"p{i:04d}" for i in range(n)], dtype=object)
    people = TABLES["people"].empty().reindex(range(n)).assign(
        person_id=ids, record_id=ids, site_id=site, index_level=np.where(arm == 1, "2.1", "3.5"),
        index_start_day=0, clock_start_day=0,
        observed_days=365, assigned_arm="none", trial="none", sex=np.where(female, "female", "male"),
    )  # fmt: skip
    people = people.astype({c: "int64" for c in ("index_start_day", "clock_start_day", "observed_days")})
    covariates = pd.DataFrame({"person_id": ids, "age": age, "sex": categories(people["sex"], "male", "female")})
    arms = pd.DataFrame({"contrast": "c", "person_id": ids, "arm": arm, "stratum": site})
    return people, covariates, arms


def categories(words, *levels: str) -> pd.Categorical:
    """As the table covariates holds them, the reference first."""
    return pd.Categorical(words, levels)


def run(people, covariates, arms, **changes):
    settings = {"contrast": CONTRAST, "adjustment": ADJUSTMENT, "thresholds": GATE, **changes}
    found = design.run(people, covariates, arms, "k", "c", **settings)
    assert found.pop("locked") == locked.written([])
    for name, frame in found.items():
        check(TABLES[name], frame)
    return found


def status(found, method):
    return tuple(found["gates"].set_index("method").loc[method, ["status", "reason"]])


def test_overlap_weights_balance_every_term_of_the_score():
    found = run(*cohort())
    scores = found["scores"]
    weight, arm = scores["overlap"], scores["arm"]
    assert [c for c in scores if c[:2] in ("t_", "c_")] == [
        "t_0 intercept",
        "t_1 age",
        "t_2 age",
        "c_3 site",
        "c_4 sex",
    ]
    held = [scores[c] for c in scores if c.startswith("t_")]
    held += [scores["c_3 site"] == 1, scores["c_3 site"] == 2, scores["c_4 sex"] == 1]
    for term in held:
        means = [np.average(term[arm == a], weights=weight[arm == a]) for a in (0, 1)]
        assert means[0] == pytest.approx(means[1], abs=1e-7)
    assert all(status(found, m) == ("ok", "") for m in ("crude", "iptw", "overlap", "aipw"))


def test_a_site_with_one_arm_only_is_set_apart_and_counted():
    people, covariates, arms = cohort()
    alone = people["site_id"] == "S2"
    arms.loc[alone, "arm"] = 1
    found = run(people, covariates, arms)
    assert set(found["scores"]["person_id"]) == set(people.loc[~alone, "person_id"])
    assert status(found, "overlap")[0] == "ok"
    strata = found["diagnostics"].query("quantity == 'one_arm_strata'")["value"].iloc[0]
    assert strata == 1
    cells = found["counts"].query("outcome == 'people' and level == 'without_counterpart'")
    assert cells["count"].sum() == alone.sum()
    alike = run(*(t[~alone].reset_index(drop=True) for t in (people, covariates, arms)))
    pd.testing.assert_frame_equal(found["scores"], alike["scores"])


def test_answers_unknown_for_the_same_people_do_not_stop_the_score():
    people, covariates, arms = cohort()
    unknown = np.where(np.arange(len(people)) % 7 == 0, "unknown", "yes")
    same = categories(unknown, "yes", "unknown")
    found = run(people, covariates.assign(housing=same, mandate=same), arms)
    assert status(found, "overlap") == ("ok", "")
    alone = run(people, covariates.assign(housing=same), arms)
    pd.testing.assert_frame_equal(found["scores"], alone["scores"])


def test_a_covariate_with_few_values_is_entered_with_fewer_knots():
    people, covariates, arms = cohort()
    few = (np.arange(len(people)) % 9 == 0).astype(float)
    adjustment = Adjustment(continuous=["age", "prior"], categorical=["sex"], spline_knots=5)
    found = run(people, covariates.assign(prior=few), arms, adjustment=adjustment)
    assert status(found, "overlap") == ("ok", "")


def test_where_no_stratum_holds_both_arms_the_arm_is_determined_by_it():
    people, covariates, arms = cohort(sites=2)
    arms["arm"] = (people["site_id"] == "S0").astype("int64")
    found = run(people, covariates, arms, contrast=contrast("iop", "residential", stratum="trial"))
    assert status(found, "iptw") == ("gated", "arm determined by trial: no trial holds both arms")
    assert status(found, "crude") == ("ok", "")


def test_an_empty_arm_is_not_possible_for_any_method():
    people, covariates, arms = cohort()
    arms["arm"] = 0
    found = run(people, covariates, arms)
    assert set(found["gates"]["status"]) == {"not_possible"}
    assert "intensive outpatient" in status(found, "crude")[1]


def test_a_covariate_that_decides_the_arm_is_gated_by_name():
    people, covariates, arms = cohort()
    arms["arm"] = (covariates["sex"] == "female").astype("int64")
    found = run(people, covariates, arms)
    gate, reason = status(found, "overlap")
    assert gate == "gated"
    assert "sex=female" in reason


def test_little_overlap_is_gated_by_the_effective_sample():
    found = run(*cohort(strength=6))
    gate, reason = status(found, "iptw")
    assert gate == "gated"
    assert "limit" in reason


def test_a_stricter_limit_gates_what_a_looser_one_lets_pass():
    loose = run(*cohort())
    strict = run(*cohort(), thresholds=GATE.model_copy(update={"max_weight": 1.01}))
    assert status(loose, "iptw")[0] == "ok"
    assert status(strict, "iptw")[0] == "gated"


def test_the_design_reads_no_outcome():
    assert "design" in BLIND
    for name in ("people", "covariates", "arms"):
        assert not any(c.outcome for c in TABLES[name].columns.values())


def test_the_order_of_people_changes_nothing():
    people, covariates, arms = cohort()
    shuffled = (t.sample(frac=1, random_state=3).reset_index(drop=True) for t in (people, covariates, arms))
    one, other = run(people, covariates, arms)["scores"], run(*shuffled)["scores"]
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-9)


def test_weights_that_do_not_differ_are_the_crude_comparison_and_gated():
    people, covariates, arms = cohort()
    bare = Adjustment(site_effects=False)
    found = run(people, covariates[["person_id"]], arms, adjustment=bare)
    assert status(found, "overlap") == ("gated", "there is nothing to adjust for: the crude comparison stands")


def diagnostics(found, quantity, **key):
    own = found["diagnostics"].query("quantity == @quantity")
    for name, value in key.items():
        own = own[own[name] == value]
    return own.set_index("variable")


def test_only_weights_that_analyses_ask_for_are_computed_and_judged():
    found = run(*cohort(), methods=["crude", "att", "iptw_truncated", "overlap_imputed"])
    held = set(found["scores"].columns)
    assert {"att", "iptw_truncated", "overlap"} <= held
    assert not {"iptw", "atc", "entropy"} & held
    assert set(found["gates"]["method"]) == {
        "crude", "naive", "randomised", "att", "iptw_truncated", "overlap_imputed",
    }  # fmt: skip
    assert (found["gates"]["status"] == "ok").all()
    assert set(found["diagnostics"]["method"]) == {"unweighted", "att", "iptw_truncated", "overlap"}
    bare = run(*cohort(), methods=["crude"])
    assert not {"iptw", "overlap"} & set(bare["scores"].columns)


def test_balance_goes_beyond_means():
    found = run(*cohort(strength=1))
    ratio = diagnostics(found, "variance_ratio", method="unweighted")["value"]
    assert list(ratio.index) == ["age"]
    distance = (diagnostics(found, "distribution_distance", method=m)["value"]["age"] for m in ("unweighted", "iptw"))
    assert next(distance) > 0.2 > next(distance)
    rows = diagnostics(found, "within_site_difference", method="overlap")
    within = rows["value"]
    # the score has a term for each site, and so balances the sites, not each covariate within each site
    assert set(zip(rows.index, rows["level"], strict=True)) == {("age", "all"), ("sex", "female")}
    assert within.abs().max() < 0.1
    largest = diagnostics(found, "largest_within_site_difference", method="overlap")["value"]
    assert (largest.abs() >= within.abs() - 1e-12).all()
    overlap = diagnostics(found, "score_overlap")["value"]["all"]
    assert 0.3 < overlap < 0.9


def test_positivity_by_site_and_category():
    people, covariates, arms = cohort()
    arms.loc[people["site_id"] == "S2", "arm"] = 1
    people.loc[:4, "sex"] = "unknown"
    found = diagnostics(run(people, covariates, arms), "share_in_first_arm").set_index("level", append=True)
    assert found.loc[("stratum", "S2"), ["value", "threshold", "status"]].tolist() == [1, 10, "failed"]
    assert found.loc[("stratum", "S0"), "status"] == "ok"
    assert found.loc[("sex", "unknown"), "status"] == "failed"
    both = people["site_id"] != "S2"
    own = both & (people["sex"] == "female")
    assert found.loc[("sex", "female"), "value"] == pytest.approx(arms.loc[own, "arm"].mean())
    assert found.loc[("sex", "female"), "status"] == "ok"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_variance_ratio": 1.001}, "varies more in one arm"),
        ({"max_within_site_difference": 1e-6}, "out of balance within sites"),
        ({"min_score_overlap": 0.99}, "overlap too little (limit 99%)"),
    ],
)
def test_limits_that_the_protocol_may_set(limit, reason):
    found = run(*cohort(), thresholds=GATE.model_copy(update=limit))
    gate, why = status(found, "iptw")
    assert gate == "gated"
    assert reason in why
    quantity = {"max_variance_ratio": "variance_ratio", "min_score_overlap": "score_overlap"}
    shown = diagnostics(found, quantity.get(next(iter(limit)), "within_site_difference"))
    assert "failed" in set(shown["status"])
    assert status(found, "crude") == ("ok", "")
