"""Abstinence of a contrast: levels, both readings of a missing outcome, and the order of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask, people_of_a_contrast, run_abstinence
from parts import endpoint

from iop_outcomes.analyses.outcomes.at_a_day import AtADay


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
