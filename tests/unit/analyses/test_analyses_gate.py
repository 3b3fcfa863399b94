"""What is gated after outcomes are read: detectable differences, also of pooled estimates, and weighted curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import (
    ask,
    people_of_a_contrast,
    run_abstinence,
    run_imputed,
    run_retention,
    with_gaps,
    with_limits,
)

from iop_outcomes.analyses import abstinence, power, retention


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def test_the_detectable_difference_is_told_and_gates_where_a_limit_is_set(cohort):
    found = run_abstinence(
        cohort, ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")
    )
    row = found["diagnostics"].iloc[0]
    assert row["quantity"] == "detectable_difference"
    assert (row["outcome"], row["horizon_days"], row["missing_rule"]) == ("abstinent", 180, "observed_only")
    assert (row["status"], row["method"]) == ("info", "overlap")
    error = found["estimates"].set_index(["measure", "of"]).loc[("risk", "difference"), "std_error"]
    # 2.8 standard errors of the difference, whatever weights and sites cost
    assert row["value"] == pytest.approx(2.801585 * error, rel=1e-6)
    limited = run_retention(cohort, ask(), gate=with_limits(max_detectable_difference=0.01))
    assert limited["diagnostics"]["status"].tolist() == ["failed"]
    assert set(limited["estimates"]["status"]) == {"gated"}
    assert limited["estimates"]["reason"].str.contains("can show no difference in risk as small as").all()
    assert len(run_retention(cohort, ask(measure="mean_days", outcome="time_in_care"))["diagnostics"]) == 0


def test_the_detectable_difference_by_hand():
    asked = ask(method="overlap_imputed")
    found = power.judge(asked, 0.95, 0.0707107, 0.2)
    assert found.reason == ""
    # a risk of a half, 200 people in each arm, variance twice as large: 2.8016 x sqrt(0.25 x 2 x 2 / 200)
    assert found.row is not None
    assert found.row["value"] == pytest.approx(0.1981, abs=1e-4)
    assert found.row["status"] == "ok"
    told = (found.row["outcome"], found.row["horizon_days"], found.row["missing_rule"])
    assert told == ("unplanned_discharge", 90, "none")
    strict = power.judge(asked, 0.95, 0.0707107, 0.15)
    assert "as small as 15%" in strict.reason
    assert strict.row is not None
    assert strict.row["status"] == "failed"
    for nothing in (0.0, float("nan")):
        assert power.judge(asked, 0.95, nothing, None) == power.Judged()
    assert np.isnan(power.error_of([]))


@pytest.mark.parametrize("step", [retention, abstinence], ids=["retention", "abstinence"])
def test_the_limit_of_the_detectable_difference_holds_for_pooled_estimates_of_risk(cohort, step):
    gappy = with_gaps(cohort)
    asked = ask(method="overlap_imputed")
    if step is abstinence:
        asked = ask(
            method="overlap_imputed", step="abstinence", outcome="abstinent", horizon_days=180,
            missing_rule="observed_only",
        )  # fmt: skip
    free, told = run_imputed(gappy, step, asked)
    assert (told["quantity"].item(), told["method"].item()) == ("detectable_difference", "overlap_imputed")
    # what imputation adds is counted
    error = free.loc[("overlap_imputed", "risk", "difference"), "std_error"]
    assert told["value"].item() == pytest.approx(2.801585 * error, rel=1e-6)
    found, judged = run_imputed(gappy, step, asked, gate=with_limits(max_detectable_difference=0.01))
    assert judged["status"].tolist() == ["failed"]
    assert set(found["status"]) == {"gated"}
    assert found["estimate"].isna().all()
    assert found["reason"].str.contains("can show no difference in risk as small as 1%").all()


def test_mean_days_of_completed_data_sets_have_no_detectable_difference(cohort):
    asked = ask(outcome="time_in_care", measure="mean_days", method="overlap_imputed")
    found, told = run_imputed(with_gaps(cohort), retention, asked, gate=with_limits(max_detectable_difference=0.01))
    assert set(found["status"]) == {"ok"}
    assert told.empty


def longest(found):
    """The last day of each weighted curve."""
    return found["curves"].groupby("outcome")["x"].max().to_dict()


def test_a_weighted_curve_goes_as_far_as_the_method_has_an_estimate(cohort):
    both = ask(outcome="retained", horizon_days=90), ask(outcome="retained", horizon_days=198)
    crude = ask(outcome="retained", horizon_days=365, method="crude")
    found = run_retention(cohort, *both, crude)
    status = found["estimates"].query("method == 'overlap'").groupby("horizon_days")["status"].first().to_dict()
    # hardly anyone is still there on day 198
    assert status == {90: "ok", 198: "gated"}
    assert longest(found) == {"in_care": 90}


@pytest.mark.parametrize("limit", [{"min_events": 10_000}, {"max_detectable_difference": 0.01}])
def test_a_question_without_a_risk_has_no_weighted_curve(cohort, limit):
    strict = with_limits(**limit)
    risk, mean = ask(outcome="retained"), ask(outcome="time_in_care", measure="mean_days")
    found = run_retention(cohort, ask(), risk, mean, gate=strict)
    status = found["estimates"].groupby("measure")["status"].first()
    assert (status["risk"], status["mean_days"]) == ("gated", "ok")
    assert found["curves"].empty
    # mean days alone are not judged by it, nor are their curves
    assert longest(run_retention(cohort, mean, gate=strict)) == {"in_care": 90}


def test_a_competing_cause_is_drawn_beside_what_is_asked_about_unless_its_own_risk_is_gated(cohort):
    left = cohort["retention"]
    few = left["person_id"].isin(left["person_id"].iloc[:12])
    rare = {**cohort, "retention": left.assign(cause=left["cause"].mask(few, "transferred"))}
    unplanned, transferred = ask(), ask(outcome="transferred")
    assert set(longest(run_retention(rare, unplanned))) == {"unplanned", "completed", "transferred"}
    found = run_retention(rare, unplanned, transferred)
    assert set(found["estimates"].groupby("outcome")["status"].first().items()) == {
        ("transferred", "gated"), ("unplanned_discharge", "ok"),
    }  # fmt: skip
    assert set(longest(found)) == {"unplanned", "completed"}
