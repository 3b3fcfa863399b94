"""Weights of loss to follow-up in time: by hand, against Kaplan-Meier, on known truth, and their influence."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.loss import still_followed
from iop_outcomes.estimators.causal.observed import means_by_observation
from iop_outcomes.estimators.survival import cuminc

HORIZON = 90.0


def people(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Leaving and loss by x; arm by chance. Time in days, lost, state by the horizon, known of everyone."""
    rng = np.random.default_rng(seed)
    x, arm = rng.normal(size=n), rng.integers(0, 2, n)
    leaves = np.ceil(rng.exponential(80 * np.exp(-0.8 * x + 0.3 * arm)))
    gone = np.ceil(rng.exponential(150 * np.exp(-0.9 * x)))
    time = np.minimum(np.minimum(leaves, gone), 365)
    return {"x": x, "arm": arm, "time": time, "lost": gone < np.minimum(leaves, 365), "left": leaves <= HORIZON}


def weighted(s: dict[str, np.ndarray], period: float = 10.0):
    chance = still_followed(s["time"], s["lost"], HORIZON, s["arm"], s["x"][:, None], period)
    state = (s["time"] <= HORIZON) & ~s["lost"]
    return means_by_observation(state.astype(float), s["arm"], chance.known, chance)


def test_one_period_by_hand():
    """Of ten in an arm two are lost in the one period: those who pass it whole weigh ten eighths."""
    time = np.tile(np.r_[np.full(2, 10.0), np.full(8, 40.0)], 2)
    lost = np.tile(np.r_[True, True, np.zeros(8, dtype=bool)], 2)
    found = still_followed(time, lost, 30.0, np.repeat([1, 0], 10), np.empty((20, 0)))
    assert found.known.tolist() == (~lost).tolist()
    np.testing.assert_allclose(found.value[~lost], 0.8, atol=0.01)


def in_time(n: int, seed: int) -> dict[str, np.ndarray]:
    """Six months. A state that the arm moves and that changes each month foretells leaving in the month, and being lost
    at its end, unless they left at its beginning; of those lost nothing later is known.
    """
    rng = np.random.default_rng(seed)
    arm, state = rng.integers(0, 2, n), np.zeros((n, 6))
    time, left, gone = np.full(n, 180.0), np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    leaves = np.zeros(n, dtype=bool)
    now = rng.random(n) < 0.4
    for month in range(6):
        state[:, month] = now
        goes = ~leaves & (rng.random(n) < np.where(now, 0.30, 0.05))
        seen = goes & ~gone
        time[seen], left[seen] = 30 * month + 0.5, True
        leaves |= goes
        lost = ~gone & ~leaves & (rng.random(n) < np.where(now, 0.40, 0.03)) & (month < 5)
        time[lost], gone[lost] = 30 * (month + 1) - 0.5, True
        now = rng.random(n) < np.where(now, 0.8, 0.25 - 0.1 * arm)
    return {"arm": arm, "state": state, "time": time, "lost": gone, "known": left, "truth": leaves}


def of_months(s: dict[str, np.ndarray], varying: bool, stabilised: bool = False) -> np.ndarray:
    """Shares who have left by day 180."""
    nothing, moving = np.empty((len(s["arm"]), 0)), s["state"][:, :, None] if varying else None
    chance = still_followed(s["time"], s["lost"], 180.0, s["arm"], nothing, 30.0, moving)
    weight = None
    if stabilised:
        weight = still_followed(s["time"], s["lost"], 180.0, s["arm"], nothing, 30.0).value
    return means_by_observation(s["known"].astype(float), s["arm"], chance.known, chance, weight).value


def test_what_changes_in_time_recovers_the_truth_and_arm_alone_or_stabilised_weights_do_not():
    s = in_time(40_000, 3)
    truth = np.array([s["truth"][s["arm"] == a].mean() for a in (1, 0)])
    # four standard errors of a share of 20,000 people, a third of whom are known
    np.testing.assert_allclose(of_months(s, varying=True), truth, atol=0.02)
    assert (truth - of_months(s, varying=False) > 0.04).all()
    assert (np.abs(of_months(s, varying=True, stabilised=True) - truth) > 0.04).all()


def test_what_changes_in_time_is_complete_and_reaches_the_day():
    s = in_time(300, 4)
    for moving in (s["state"][:, :3, None], s["state"], np.full((300, 6, 1), np.nan), s["state"][:10, :, None]):
        with pytest.raises(EstimationError, match="beginning of 6 periods were expected"):
            still_followed(s["time"], s["lost"], 180.0, s["arm"], np.empty((300, 0)), 30.0, moving)
    # what is the same at every time is a covariate
    x = np.random.default_rng(5).normal(size=300)
    same = np.repeat(x[:, None, None], 6, axis=1)
    one = still_followed(s["time"], s["lost"], 180.0, s["arm"], x[:, None], 30.0)
    other = still_followed(s["time"], s["lost"], 180.0, s["arm"], np.empty((300, 0)), 30.0, same)
    np.testing.assert_allclose(other.value, one.value, atol=1e-10)
    np.testing.assert_allclose(other.through(np.ones((300, 1))), one.through(np.ones((300, 1))), atol=1e-10)


def test_nobody_lost_weighs_everyone_alike():
    s = people(200)
    whole = {**s, "time": np.where(s["left"], np.minimum(s["time"], 80), 200.0), "lost": np.zeros(200, dtype=bool)}
    chance = still_followed(whole["time"], whole["lost"], HORIZON, s["arm"], s["x"][:, None])
    assert chance.value.min() > 0.97
    assert chance.known.all()


def test_periods_of_a_day_without_covariates_are_kaplan_meier():
    """With a hazard of loss for every day and arm, weighting is the product-limit estimate."""
    s = people(3_000, seed=4)
    days = {**s, "time": np.ceil(s["time"] / 5)}
    chance = still_followed(days["time"], days["lost"], 18.0, s["arm"], np.empty((3_000, 0)), 1.0)
    state = ((days["time"] <= 18) & ~days["lost"]).astype(float)
    found = means_by_observation(state, s["arm"], chance.known, chance)
    limit = [
        1 - cuminc.survival(days["time"][here], ~days["lost"][here], [18.0]).value[0]
        for here in (s["arm"] == 1, s["arm"] == 0)
    ]
    np.testing.assert_allclose(found.value, limit, atol=0.004)


def test_truth_is_recovered_where_those_known_and_kaplan_meier_are_off():
    s = people(60_000, seed=2)
    found = weighted(s)
    truth = [s["left"][s["arm"] == a].mean() for a in (1, 0)]
    np.testing.assert_allclose(found.value, truth, atol=0.008)
    limit = [
        1 - cuminc.survival(s["time"][here], ~s["lost"][here], [HORIZON]).value[0]
        for here in (s["arm"] == 1, s["arm"] == 0)
    ]
    assert (np.abs(np.array(limit) - truth) > 0.012).all()


def test_the_standard_error_is_that_of_repeated_samples():
    each = [weighted(people(1_500, seed), 30.0) for seed in range(60)]
    spread = np.std([e.value[0] for e in each], ddof=1)
    error = np.mean([e.standard_error()[0] for e in each])
    assert error == pytest.approx(spread, rel=0.3)
    # taken as known, the chances are thought to tell less
    known = each[0].influence.std()
    assert known > 0


def test_influence_foretells_what_leaving_a_person_out_does():
    s = people(800, seed=7)
    found = weighted(s)
    for at in (3, 100, 555):
        keep = np.arange(800) != at
        moved = found.value - weighted({k: v[keep] for k, v in s.items()}).value
        np.testing.assert_allclose(moved, found.influence[at], atol=2e-5, rtol=0.05)


def test_order_changes_nothing_and_a_horizon_out_of_reach_is_refused():
    s, mix = people(400), np.random.default_rng(1).permutation(400)
    one, other = weighted(s), weighted({k: v[mix] for k, v in s.items()})
    np.testing.assert_allclose(other.value, one.value)
    np.testing.assert_allclose(other.standard_error(), one.standard_error())
    with pytest.raises(EstimationError, match="Nobody is followed to day 90"):
        still_followed(np.full(4, 20.0), np.ones(4, dtype=bool), HORIZON, [1, 0, 1, 0], np.empty((4, 0)))


def test_probabilities_are_probabilities():
    s = people(500, seed=9)
    chance = still_followed(s["time"], s["lost"], HORIZON, s["arm"], s["x"][:, None])
    assert ((chance.value > 0) & (chance.value <= 1)).all()
    # whoever left on the first day could hardly have been lost before
    early = (s["time"] <= 1) & ~s["lost"]
    assert chance.value[early].min() > 0.95
