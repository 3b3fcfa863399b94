"""The committed study of verdicts at the margin obeys its rules, and a short fresh one agrees with it."""

from __future__ import annotations

import margin_recovery
import numpy as np
import pandas as pd
import pytest
from margin_recovery import AT_THE_MARGIN, MARGIN, NO_DIFFERENCE, ROWS

from iop_outcomes.simulate.cohort.model import follow
from iop_outcomes.simulate.cohort.population import draw_baseline

pytestmark = pytest.mark.truth

FRESH, FRESH_SEED, DRAWS = 30, 7, 40_000


@pytest.fixture(scope="module")
def committed() -> pd.DataFrame:
    return pd.read_csv(margin_recovery.OUT)


def test_at_the_margin_no_worse_is_said_no_more_often_than_the_level_allows(committed: pd.DataFrame) -> None:
    own = committed[committed["scenario"] == AT_THE_MARGIN].set_index("row")
    assert (committed["replicates"] >= 500).all()
    assert (committed["seed"] == margin_recovery.SEED).all()
    for row in ROWS:
        line = own.loc[row.name]
        assert line["highest"] == pytest.approx(margin_recovery.highest(line["replicates"]), abs=1e-6)
        assert (line["said_no_worse"] <= line["highest"]) == row.right, row.name


def test_where_nothing_differs_it_is_said_as_often_as_planned(committed: pd.DataFrame) -> None:
    own = committed[committed["scenario"] == NO_DIFFERENCE].set_index("row")
    for row in (r for r in ROWS if r.right):
        line = own.loc[row.name]
        assert abs(line["said_no_worse"] - line["planned"]) <= 3 * margin_recovery.chance(
            line["planned"], line["replicates"]
        )


def test_the_rule_that_is_replaced_calls_the_margin_no_difference_often(committed: pd.DataFrame) -> None:
    own = committed.set_index(["scenario", "row"])["said_no_worse"]
    assert own[AT_THE_MARGIN, "no significant difference taken for none"] > 0.05
    assert own[AT_THE_MARGIN, "unadjusted"] > 0.5


@pytest.mark.parametrize(("scenario", "truth"), [(AT_THE_MARGIN, MARGIN), (NO_DIFFERENCE, 0.0)])
def test_the_scenarios_have_their_effects(scenario: str, truth: float) -> None:
    baseline = draw_baseline(DRAWS, None, np.random.default_rng(61), scenario)
    runs = [follow(baseline, np.random.default_rng(62), scenario, arm).used[:, 22:26].any(axis=1) for arm in (1, 0)]
    gap = runs[1].astype(float) - runs[0].astype(float)
    assert abs(gap.mean() - truth) < 4 * np.hypot(gap.std() / np.sqrt(DRAWS), 0.0006)


def test_a_fresh_study_agrees_with_the_committed_one(committed: pd.DataFrame) -> None:
    found = margin_recovery.table(margin_recovery.study(FRESH, FRESH_SEED), FRESH_SEED)
    both = found.merge(committed, on=["scenario", "row"], suffixes=("", "_committed"))
    assert len(both) == len(committed) == 2 * len(ROWS)
    error = both["empirical_sd_committed"] * np.sqrt(1 / FRESH + 1 / both["replicates_committed"])
    assert (np.abs(both["mean"] - both["mean_committed"]) < 4.5 * error).all()
    assert (np.abs(both["mean_se"] / both["mean_se_committed"] - 1) < 0.25).all()
