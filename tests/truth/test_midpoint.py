"""Curves as they are released, beside midpoint six: the committed table keeps its promise, and a short run agrees."""

from __future__ import annotations

import midpoint
import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.survival import cuminc

pytestmark = pytest.mark.truth


@pytest.fixture(scope="module")
def committed() -> pd.DataFrame:
    return pd.read_csv(midpoint.OUT)


def test_the_committed_table_is_complete(committed: pd.DataFrame) -> None:
    keys = [(people, rule) for people in midpoint.ARMS for rule in midpoint.RULES]
    assert list(zip(committed["people"], committed["rule"], strict=True)) == keys
    assert (committed["runs"] >= midpoint.RUNS).all()
    assert (committed["seed"] == midpoint.SEED).all()


def test_no_curve_is_invalid_and_those_of_midpoint_six_are(committed: pd.DataFrame) -> None:
    assert (committed["invalid"] == 0).all()
    assert committed["invalid_midpoint6"].max() > 0.1


def test_as_strict_as_midpoint_six_every_curve_errs_less(committed: pd.DataFrame) -> None:
    own = committed[(committed["rule"] == "alone") & (committed["released"] > 0)]
    assert own["people"].tolist() == [30, 50, 100, 300]
    assert (own["median_error"] < own["median_error_midpoint6"]).all()
    assert (own["p95_error"] < own["p95_error_midpoint6"]).all()


def test_a_short_run_agrees_with_the_table(committed: pd.DataFrame) -> None:
    fresh = midpoint.study(12, seed=7)
    assert (fresh["invalid"] == 0).all()
    both = committed.merge(fresh, on=["people", "rule"], suffixes=("", "_fresh"))
    assert ((both["released"] - both["released_fresh"]).abs() < 0.45).all()
    big = both[(both["people"] >= 50) & (both["rule"] == "alone")]
    assert (big["median_error_fresh"] < 1.5 * big["median_error"]).all()
    assert (big["median_error_midpoint6_fresh"] < 1.5 * big["median_error_midpoint6"]).all()


def test_midpoints_and_the_truth_by_hand() -> None:
    events, censored = (np.zeros(midpoint.LAST + 1, dtype=int) for _ in range(2))
    events[[2, 4]], censored[3] = [7, 2], 3
    arm = midpoint.Arm(events, censored)
    shown = midpoint.midpoint_six(arm)
    # of 12, told as 9, nine are told to have left by day 2; two more do not change it
    assert shown.heights[[1, 2, 4]].tolist() == [1, 0, 0]
    day = [2] * 7 + [3] * 3 + [4] * 2
    theirs = cuminc.survival(day, [1] * 7 + [0] * 3 + [1] * 2, [2, 3, 4]).value
    np.testing.assert_allclose(midpoint.kaplan_meier(arm)[[2, 3, 4]], theirs)
    events[2] = 10
    assert not midpoint.midpoint_six(midpoint.Arm(events, censored + 12 * (np.arange(len(events)) == 1))).valid
