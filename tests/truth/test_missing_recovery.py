"""The committed study of readings of a missing answer obeys its rules, and a short fresh one agrees with it."""

from __future__ import annotations

from dataclasses import replace

import missing_recovery as study
import numpy as np
import pandas as pd
import pytest
from missing_rules import (
    AT_RANDOM,
    NOT_AT_RANDOM,
    QUANTITIES,
    RULES,
    draw,
    imputed,
    true_delta,
    weighted,
    with_deaths,
)

from iop_outcomes.simulate.cohort.model import simulate

pytestmark = pytest.mark.truth

FRESH, FRESH_SEED = 3, 11
KEYS = ["scenario", "missing_rule", "quantity"]


@pytest.fixture(scope="module")
def committed() -> pd.DataFrame:
    return pd.read_csv(study.OUT, keep_default_na=False).set_index(KEYS)


def test_the_table_is_whole_and_of_the_rules_as_they_stand(committed: pd.DataFrame) -> None:
    wanted = [(s, r.name, q) for s in study.SCENARIOS for r in RULES for q in QUANTITIES]
    assert list(committed.index) == wanted
    assert (committed["replicates"] == study.REPLICATES).all()
    right = {(s, r.name): s in r.right for s in study.SCENARIOS for r in RULES}
    assert {key[:2]: row == "yes" for key, row in committed["right"].items()} == right


def test_right_rules_recover_each_arm_and_wrong_ones_are_seen_not_to(committed: pd.DataFrame) -> None:
    assert study.misjudged(committed.reset_index()) == []


def test_a_wrong_rule_that_passed_would_be_found(committed: pd.DataFrame) -> None:
    rows = committed.reset_index()
    for rule in ("missing_is_using", "observed_only"):
        passed = rows.assign(accepted=rows["accepted"].mask(rows["missing_rule"] == rule, "yes"))
        assert {r for _, r in study.misjudged(passed)} == {rule}
    failed = rows.assign(accepted=rows["accepted"].mask(rows["missing_rule"] == "imputed", "no"))
    assert study.misjudged(failed) == [(AT_RANDOM, "imputed")]


def test_what_is_accepted_follows_from_the_numbers(committed: pd.DataFrame) -> None:
    sound = committed["bias"].abs() <= committed["bias_limit"]
    covered = committed["coverage"].between(committed["coverage_low"], committed["coverage_high"])
    assert ((sound & covered) == (committed["accepted"] == "yes")).all()
    limit = np.maximum(study.LIMIT, 2 * committed["bias_monte_carlo_error"])
    np.testing.assert_allclose(committed["bias_limit"], limit, atol=2e-6)
    low, high = study.coverage_limits(study.REPLICATES)
    np.testing.assert_allclose(committed[["coverage_low", "coverage_high"]], [[low, high]] * len(committed), atol=1e-6)


def test_missing_as_use_is_far_off_where_answers_are_missing_at_random(committed: pd.DataFrame) -> None:
    for arm in QUANTITIES[:2]:
        wrong, right = (abs(committed.loc[(AT_RANDOM, r, arm), "bias"]) for r in ("missing_is_using", "imputed"))
        assert wrong > 0.08
        assert wrong > 10 * right


def test_not_at_random_the_arms_are_off_without_the_true_delta(committed: pd.DataFrame) -> None:
    """Among those observed .516 are abstinent, of everyone .474: every rule that knows no delta is off in some arm."""
    bias = committed.sort_index().loc[NOT_AT_RANDOM, "bias"].unstack()
    for rule in ("observed_only", "weighted_by_observation", "imputed"):
        assert (bias.loc[rule, list(QUANTITIES[:2])] > 0.005).all()
    assert (bias.loc["delta_adjusted"].abs() <= 0.005).all()
    moved = committed.sort_index().loc[(NOT_AT_RANDOM, "delta_adjusted"), ["delta_iop", "delta_residential"]]
    assert (moved < -0.1).all(axis=None)


def test_a_short_fresh_study_agrees_with_the_table(committed: pd.DataFrame) -> None:
    truth = committed["truth"].groupby("quantity").first()[list(QUANTITIES)].to_numpy()
    deltas = {
        s: tuple(committed.loc[(s, "delta_adjusted", "iop"), ["delta_iop", "delta_residential"]])
        for s in study.SCENARIOS
    }
    found = study.study(FRESH, FRESH_SEED, truth, deltas)  # type: ignore[arg-type]
    mean = found[..., 0].mean(axis=0).reshape(-1)
    spread = committed["empirical_sd"].to_numpy() / np.sqrt(FRESH)
    assert (np.abs(mean - committed["mean"].to_numpy()) < 4 * spread).all()
    # one person's draws do not depend on how replicates are shared out
    alone = study.study(1, FRESH_SEED, truth, deltas)  # type: ignore[arg-type]
    np.testing.assert_array_equal(alone[0], found[0])


def test_at_random_who_is_seen_depends_on_the_record_and_not_on_use() -> None:
    """The deltas of a cohort in which answers are missing at random are near zero, of the other well below."""
    one, other = (true_delta(s, 60_000) for s in (AT_RANDOM, NOT_AT_RANDOM))
    assert np.abs(one).max() < 0.12
    assert max(other) < -0.05


def test_what_people_do_is_the_same_whoever_is_seen() -> None:
    one, other = (simulate(500, 10, np.random.default_rng(1), s) for s in (AT_RANDOM, NOT_AT_RANDOM))
    for name in ("used", "level", "hours", "leaving"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.interviewed != other.interviewed).any()


def test_shares_of_part_e_hold_in_the_natural_course() -> None:
    s = draw(np.random.default_rng(5), NOT_AT_RANDOM, 60_000)
    assert s.answer.mean() == pytest.approx(0.474, abs=0.006)
    assert s.answer[s.seen].mean() == pytest.approx(0.516, abs=0.008)


def test_deaths_that_count_against_an_arm_are_no_ordinary_answers() -> None:
    """2 and 24 % have died. Were they in the models like anyone who was seen, the arm with more deaths, and so the
    difference, would be off by two points.
    """
    rng = np.random.default_rng(21)
    s = with_deaths(draw(rng, AT_RANDOM, 30_000), rng, (0.02, 0.25))
    truth = s.means(s.answer).value
    ordinary = replace(s, died=None)
    for right, wrong in ((weighted(s), weighted(ordinary)), (imputed(s, 3)[0], imputed(ordinary, 3)[0])):
        error = right.standard_error()
        assert (np.abs(right.value - truth) < 3 * error).all()
        assert (error < 0.01).all()
        assert np.abs(wrong.value - truth)[1] > 4 * error[1]
