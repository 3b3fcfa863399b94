"""The committed study of strategies of staying obeys its rules, and a short fresh one agrees with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import staying_recovery
from replicates import sound

from iop_outcomes.protocol import Gate

pytestmark = pytest.mark.truth

FRESH, FRESH_SEED = 8, 7


@pytest.fixture(scope="module")
def committed() -> pd.DataFrame:
    return pd.read_csv(staying_recovery.OUT)


def test_every_line_is_as_its_rule_has_it(committed: pd.DataFrame) -> None:
    assert (committed["replicates"] >= 300).all()
    assert (committed["seed"] == staying_recovery.SEED).all()
    assert set(committed["estimator"]) == set(staying_recovery.ROWS)
    for row in committed.itertuples():
        accepted = sound(row.bias, row.bias_monte_carlo_error, row.coverage, row.replicates, rounding=1e-6)
        assert row.accepted == ("yes" if accepted else "no")
        assert row.bias == pytest.approx(row.mean - row.truth, abs=2e-6)


def test_right_rows_recover_the_truth_and_wrong_ones_are_off_by_more_than_chance(committed: pd.DataFrame) -> None:
    assert (committed["accepted"] == committed["right"]).all()
    wrong = committed[committed["right"] == "no"]
    assert set(wrong["estimator"]) == {"naive", "baseline", "use after leaving", "pooled"}
    worst = wrong.assign(size=wrong["bias"].abs()).sort_values("size").drop_duplicates("estimator", keep="last")
    assert (worst["size"] > 4 * worst["bias_monte_carlo_error"]).all()


def test_staying_longer_than_plans_allow_is_no_number_that_a_gate_lets_through() -> None:
    gate = Gate()
    for seed in (1, 2):
        people = staying_recovery.draw(np.random.SeedSequence(seed))
        found = staying_recovery.twenty_six_weeks(people)
        assert found.effective[0] < gate.min_effective_share * found.people[0]
        # few or none stand for those whose plans end before, so that the mean of weights is off, either way
        assert abs(found.weight.sum() / len(people.y) - 1) > gate.max_mean_weight_gap


def test_a_fresh_study_agrees_with_the_committed_one(committed: pd.DataFrame) -> None:
    found = staying_recovery.table(staying_recovery.study(FRESH, FRESH_SEED), FRESH_SEED)
    both = found.merge(committed, on=["estimator", "strategy"], suffixes=("", "_committed"))
    assert len(both) == len(committed)
    error = np.hypot(both["empirical_sd_committed"] / np.sqrt(FRESH), both["bias_monte_carlo_error_committed"])
    assert (np.abs(both["mean"] - both["mean_committed"]) < 4.5 * error).all()
    right = both[both["right"] == "yes"]
    assert (np.abs(right["mean_se"] / right["mean_se_committed"] - 1) < 0.25).all()
