"""Covariates imputed with the outcome: pooled estimates, and where nothing is missing."""

from __future__ import annotations

import pandas as pd
import pytest
from contrast_people import ask, by_measure, people_of_a_contrast, run_imputed, run_retention, with_gaps

from iop_outcomes.analyses import abstinence, retention


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def test_covariates_are_imputed_with_the_outcome_and_estimates_pooled(cohort):
    gappy = with_gaps(cohort)
    both = (ask(), ask(method="overlap_imputed"))
    found, _ = run_imputed(gappy, retention, *both)
    complete = by_measure(run_retention(cohort, ask()))
    assert (found["status"] == "ok").all()
    gap = found.loc[("overlap_imputed", "risk", "difference")]
    assert gap["estimate"] == pytest.approx(complete["risk", "difference"], abs=0.02)
    arms = found.loc["overlap_imputed"]["estimate"]
    assert gap["estimate"] == pytest.approx(arms["risk", "iop"] - arms["risk", "residential"])
    assert gap["conf_low"] < gap["estimate"] < gap["conf_high"]
    assert 0 < gap["p_value"] < 1
    assert found.loc[("overlap_imputed", "risk", "ratio"), "estimate"] == pytest.approx(
        arms["risk", "iop"] / arms["risk", "residential"], rel=0.01
    )
    again, _ = run_imputed(gappy, retention, *both)
    pd.testing.assert_frame_equal(found, again)
    asked = ask(
        step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only", method="overlap_imputed"
    )
    assert (run_imputed(gappy, abstinence, asked)[0]["status"] == "ok").all()


def test_where_nothing_is_missing_imputation_says_so(cohort):
    full = {**cohort, "gates": with_gaps(cohort)["gates"]}
    found, _ = run_imputed(full, retention, ask(method="overlap_imputed"))
    assert set(found["status"]) == {"not_possible"}
    assert found["reason"].str.startswith("nothing is missing").all()
