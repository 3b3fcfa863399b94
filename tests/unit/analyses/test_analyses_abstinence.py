"""Abstinence of a contrast: levels, both readings of a missing outcome, and the order of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, GATE, INFERENCE, ask, people_of_a_contrast, run_abstinence
from parts import endpoint

from iop_outcomes.analyses import abstinence
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.vocabulary.answers import DEATHS, LEVELS, NOT_DUE, STATE_LEVELS


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def test_a_state_at_discharge_has_levels_of_its_own(cohort):
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")
    state = endpoint("abstinent", "state_at_discharge", column="employment_at_discharge")
    found = run_abstinence(cohort, asked, endpoints={"abstinent": state})
    assert set(found["counts"]["level"]) == {"event", "no_event", "missing", "not_yet_observed"}
    usual = run_abstinence(cohort, asked)["estimates"]
    pd.testing.assert_frame_equal(found["estimates"], usual)


def test_missing_outcomes_are_read_both_ways_and_immature_ones_left_out():
    outcome = AtADay(np.array(["abstinent", "using", "missing", "not_yet_observed"]))
    for rule, states in (("missing_is_using", [True, False, False]), ("observed_only", [True, False])):
        used = outcome.used(ask(step="abstinence", missing_rule=rule))
        assert outcome.happened()[used].tolist() == states


def test_abstinence_is_the_weighted_mean_under_each_rule(cohort):
    asked = [
        ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule=rule)
        for rule in ("missing_is_using", "observed_only")
    ]
    found = run_abstinence(cohort, *asked)["estimates"]
    own, scores = cohort["abstinence"], cohort["scores"]
    iop = (scores["arm"] == 1).to_numpy()
    yes, known = own["abstinent"].fillna(False).to_numpy(dtype=bool), own["abstinent"].notna().to_numpy()
    for rule, among in (("missing_is_using", known | own["mature"].to_numpy()), ("observed_only", known)):
        row = found[(found["missing_rule"] == rule) & (found["of"] == "iop")].iloc[0]
        keep = iop & among
        assert row["estimate"] == pytest.approx(np.average(yes[keep], weights=scores.loc[keep, "overlap"]))


def test_the_order_of_people_changes_no_estimate(cohort):
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only", method="aipw")
    shuffled = {**cohort, "abstinence": cohort["abstinence"].sample(frac=1, random_state=2)}
    one, other = (run_abstinence(c, asked)["estimates"] for c in (cohort, shuffled))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("not_due", NOT_DUE)
@pytest.mark.parametrize("deaths", DEATHS)
@pytest.mark.parametrize("rule", ["missing_is_using", "observed_only"])
def test_deaths_and_answers_that_are_not_due_are_read_alike_in_estimates_and_in_cells(deaths, not_due, rule):
    asked = endpoint("o", "interview", deaths=deaths, not_due=not_due)
    for levels in (LEVELS, STATE_LEVELS):
        outcome, words = AtADay(np.array(levels), deaths, not_due), asked.reading
        cells = [level not in words.left_out[rule] for level in levels]
        assert outcome.used(ask(step="abstinence", missing_rule=rule)).tolist() == cells
        assert outcome.happened().tolist() == [level in words.events for level in levels]
        assert set(levels) <= {*words.events, *words.others}


def test_a_death_counts_against_leaves_out_or_is_missing_as_the_endpoint_says():
    """20 abstinent, 10 using, 6 dead, 4 missing, 5 not due."""
    levels = np.repeat(np.array(LEVELS), [20, 10, 6, 4, 5])
    expected = {
        ("counted_against", "left_out"): (20 / 40, 20 / 36),
        ("left_out", "left_out"): (20 / 34, 20 / 30),
        ("as_missing", "left_out"): (20 / 40, 20 / 30),
        ("counted_against", "as_missing"): (20 / 45, 20 / 36),
    }
    for (deaths, not_due), shares in expected.items():
        outcome = AtADay(levels, deaths, not_due)
        for rule, share in zip(("missing_is_using", "observed_only"), shares, strict=True):
            used = outcome.used(ask(step="abstinence", missing_rule=rule))
            assert outcome.happened()[used].mean() == pytest.approx(share)


def test_deaths_alone_tell_no_outcome():
    assert AtADay(np.array(["died", "missing"])).untold()
    assert not AtADay(np.array(["died", "using"])).untold()


def test_deaths_are_counted_by_arm_as_a_level(cohort):
    own = cohort["abstinence"]
    dead = own.assign(dead=[i % 5 == 0 for i in range(len(own))])
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")
    found = run_abstinence({**cohort, "abstinence": dead}, asked)["counts"]
    counted = found[found["level"] == "died"]
    compared = dead["person_id"].isin(cohort["scores"]["person_id"])
    assert sorted(counted["arm"]) == ["iop", "residential"]
    assert counted["count"].sum() == int((dead["dead"] & compared).sum())


@pytest.mark.parametrize("method", ["naive", "iptw", "overlap"])
def test_a_reason_names_an_arm_as_the_comparison_does(cohort, method: str):
    """Answers of the first arm are of one site alone, so that nothing tells how it varies between sites."""
    first = cohort["arms"].set_index("person_id")["arm"].reindex(cohort["people"]["person_id"]).to_numpy() == 1
    elsewhere = first & (cohort["people"]["site_id"] != "S0").to_numpy()
    one_site = cohort["abstinence"].assign(abstinent=cohort["abstinence"]["abstinent"].mask(elsewhere))
    asked = ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only", method=method)
    given = (cohort[n] for n in ("first_use", "scores", "gates"))
    by_site = INFERENCE.model_copy(update={"cluster": "site", "min_clusters": 2})
    found = abstinence.run(one_site, *given, [asked], CONTRAST, ENDPOINTS, GATE, by_site)["estimates"]
    assert set(found["status"]) == {"gated"}
    assert found["reason"].str.contains("'iop'").all()
    assert not found["reason"].str.contains("arm1|arm0").any()
