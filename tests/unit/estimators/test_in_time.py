"""Imputation in the order of time: by hand, on a known course, by its properties, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.missing.in_time import impute_in_time
from iop_outcomes.estimators.regression.imputation import Incomplete, impute
from iop_outcomes.estimators.regression.weak_prior import PRIOR_DEVIATION

GAP = np.nan


def course(n: int, seed: int = 1, times: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm, states and the same as seen: people leave more often after use, and single states are missed."""
    rng = np.random.default_rng(seed)
    arm, states = rng.integers(0, 2, n), np.zeros((n, times))
    here, seen = np.ones(n, dtype=bool), np.zeros((n, times), dtype=bool)
    before = np.ones(n)
    for time in range(times):
        states[:, time] = rng.random(n) < expit(-0.4 + 0.8 * arm + 1.6 * (before - 0.5))
        if time:
            known = np.where(seen[:, time - 1], states[:, time - 1], 0.5)
            here &= rng.random(n) < expit(0.6 + 2.0 * known)
        seen[:, time] = here & (rng.random(n) < 0.9)
        before = states[:, time]
    return arm, states, np.where(seen, states, np.nan)


def test_one_state_by_hand():
    """Ten people alike, four of eight seen abstinent, two not seen: drawn around one half, as the posterior spreads."""
    states = np.r_[np.repeat([1.0, 0.0], 4), GAP, GAP][:, None]
    done = list(impute_in_time(states, np.empty((10, 0)), 2_000, seed=3))
    assert all((c.states[:8, 0] == states[:8, 0]).all() for c in done)
    drawn = np.array([c.log_odds[8] for c in done])
    # the information of eight at one half is two; the prior of an intercept is next to nothing
    assert drawn.mean() == pytest.approx(0.0, abs=4 * np.sqrt(0.5 / 2_000))
    assert drawn.std() == pytest.approx(np.sqrt(0.5), rel=0.06)
    assert np.mean([c.states[8:, 0] for c in done]) == pytest.approx(0.5, abs=0.03)


def test_a_known_course_is_recovered_and_what_is_seen_is_not_it():
    arm, states, seen = course(20_000)
    done = list(impute_in_time(seen, arm[:, None], 5, seed=1))
    for own in (arm == 1, arm == 0):
        imputed = np.mean([c.states[own].mean(axis=0) for c in done], axis=0)
        np.testing.assert_allclose(imputed, states[own].mean(axis=0), atol=0.02)
        assert np.nanmean(seen[own, -1]) > states[own, -1].mean() + 0.025
    # neighbours go together as they do in truth
    pairs = np.mean([np.corrcoef(c.states[:, 3], c.states[:, 4])[0, 1] for c in done])
    assert pairs == pytest.approx(np.corrcoef(states[:, 3], states[:, 4])[0, 1], abs=0.02)


def test_drawn_shares_agree_with_the_general_chained_equations():
    arm, _, seen = course(4_000, times=3)
    own = [c.states.mean(axis=0) for c in impute_in_time(seen, arm[:, None], 40, seed=1)]
    named = [Incomplete(f"s{t}", seen[:, t], 2) for t in range(3)]
    general = [[d[v.name].mean() for v in named] for d in impute(named, arm[:, None], 40, seed=2)]
    np.testing.assert_allclose(np.mean(own, axis=0), np.mean(general, axis=0), atol=0.006)
    np.testing.assert_allclose(np.std(own, axis=0), np.std(general, axis=0), rtol=0.5)


def test_columns_that_vary_are_those_of_their_time():
    rng = np.random.default_rng(4)
    n = 6_000
    hours = rng.normal(size=(n, 2, 1))
    states = (rng.random((n, 2)) < expit(1.5 * hours[:, :, 0])).astype(float)
    seen = np.where(rng.random((n, 2)) < 0.6, states, np.nan)
    done = next(iter(impute_in_time(seen, np.empty((n, 0)), 1, 1, varying=hours)))
    unseen = np.isnan(seen[:, 1]) & (hours[:, 1, 0] > 1)
    assert done.states[unseen, 1].mean() == pytest.approx(states[unseen, 1].mean(), abs=0.04)


def test_delta_moves_the_log_odds_of_the_missing_and_nothing_else():
    _, _, seen = course(3_000)
    (done,) = impute_in_time(seen, np.empty((3_000, 0)), 1, seed=1)
    np.testing.assert_array_equal(done.last(), done.states[:, -1])
    lower, higher = done.last(-1.0), done.last(1.0)
    there = ~np.isnan(seen[:, -1])
    np.testing.assert_array_equal(lower[there], seen[there, -1])
    assert (lower <= done.last()).all()
    assert (done.last() <= higher).all()
    expected = expit(done.log_odds[~there] - 1.0).mean()
    assert lower[~there].mean() == pytest.approx(expected, abs=0.04)
    assert done.last(-1e3)[~there].sum() == 0
    assert done.last(1e3)[~there].all()


def test_the_same_seed_gives_the_same_and_seen_states_stay():
    arm, _, seen = course(500)
    one, same, other = (np.stack([c.states for c in impute_in_time(seen, arm[:, None], 2, seed)]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    there = ~np.isnan(seen)
    assert all((states[there] == seen[there]).all() for states in one)
    assert np.isin(one, (0, 1)).all()


def test_the_first_imputations_do_not_depend_on_how_many_there_are():
    arm, _, seen = course(300)
    few, more = (list(impute_in_time(seen, arm[:, None], m, 1)) for m in (1, 3))
    np.testing.assert_array_equal(few[0].states, more[0].states)


def test_a_category_with_one_state_only_stays_finite():
    """All of a kind are seen abstinent: the prior holds the coefficient, and the missing are nearly all abstinent."""
    kind = np.repeat([1.0, 0.0], 200)
    states = np.r_[np.ones(100), np.full(100, GAP), np.repeat([1.0, 0.0], 50), np.full(100, GAP)][:, None]
    done = list(impute_in_time(states, kind[:, None], 20, seed=1))
    share = np.mean([c.states[100:200, 0] for c in done])
    assert 0.93 < share <= 1.0
    assert max(np.abs(c.log_odds).max() for c in done) < 6 * PRIOR_DEVIATION


def test_posterior_spread_is_that_of_logistic_regression():
    """Of many seen people, log odds are drawn around the estimate with its standard error."""
    states = np.r_[np.ones(300), np.zeros(700), GAP][:, None]
    drawn = [c.log_odds[-1] for c in impute_in_time(states, np.empty((1_001, 0)), 1_500, seed=2)]
    error = np.sqrt(1 / (1_000 * 0.3 * 0.7))
    assert np.mean(drawn) == pytest.approx(logit(0.3), abs=4 * error / np.sqrt(1_500))
    assert np.std(drawn) == pytest.approx(error, rel=0.08)


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (np.array([[0.0, GAP], [1.0, GAP]]), "time 2 was seen of no one"),
        (np.array([[0.0, 2.0]]), "0 or 1"),
        (np.array([0.0, 1.0]), "table"),
    ],
)
def test_what_it_refuses(states, says):
    with pytest.raises(EstimationError, match=says):
        list(impute_in_time(states, np.empty((len(states), 0)), 1, 1))


def test_incomplete_columns_are_refused():
    states = np.array([[0.0], [1.0], [GAP]])
    with pytest.raises(EstimationError, match="fixed column 1"):
        list(impute_in_time(states, np.array([[1.0], [GAP], [0.0]]), 1, 1))
    with pytest.raises(EstimationError, match="vary"):
        list(impute_in_time(states, np.empty((3, 0)), 1, 1, varying=np.full((3, 1, 1), GAP)))
    with pytest.raises(EstimationError, match="at least one"):
        list(impute_in_time(states, np.empty((3, 0)), 0, 1))
