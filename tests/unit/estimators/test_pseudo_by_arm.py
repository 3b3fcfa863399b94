"""Pseudo-observations: the outcome itself without censoring, an average that is the estimate, rows alike."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.pseudo import pseudo_observations

RNG = np.random.default_rng(8)
N = 60
ARM = np.where(RNG.random(N) < 0.5, "a", "b")
TIME = RNG.integers(1, 40, N).astype(float)
CAUSE = RNG.choice([0, 1, 2], N, p=[0.3, 0.4, 0.3])
HORIZONS = [10, 25]


def observed(**changes):
    given = {"time": TIME, "cause": CAUSE, "which": 1, "times": HORIZONS} | changes
    return pseudo_observations(cuminc.cumulative_incidence, ARM, ("a", "b"), **given)


def test_by_hand_without_one_person_the_estimate_changes_as_the_pseudo_observation_says():
    """Three people: an event on day 1, one censored on day 2, an event on day 3; alive on day 2 is 2/3."""
    found = pseudo_observations(
        cuminc.survival, np.zeros(3), (0.0,), time=np.array([1.0, 2.0, 3.0]), event=np.array([1, 0, 1]), times=[2]
    )
    # theta = 1 - 1/3; d theta / d w = -(1{event} - 1/3) / 3
    assert found[:, 0] == pytest.approx([2 / 3 - (1 - 1 / 3), 2 / 3 + 1 / 3, 2 / 3 + 1 / 3])


def test_without_censoring_they_are_the_outcome_itself():
    cause = np.where(CAUSE == 0, 1, CAUSE)
    expected = np.column_stack([(cause == 1) & (h >= TIME) for h in HORIZONS]).astype(float)
    assert observed(cause=cause) == pytest.approx(expected)
    days = pseudo_observations(cuminc.restricted_mean, ARM, ("a", "b"), time=TIME, event=np.ones(N), tau=HORIZONS)
    assert days == pytest.approx(np.column_stack([np.minimum(TIME, h) for h in HORIZONS]))


def test_their_mean_within_an_arm_is_the_estimate():
    found = observed()
    estimate = cuminc.by_arm(
        cuminc.cumulative_incidence, ARM, ("a", "b"), time=TIME, cause=CAUSE, which=1, times=HORIZONS
    )
    means = np.concatenate([found[one == ARM].mean(axis=0) for one in ("a", "b")])
    assert means == pytest.approx(estimate.value)


def test_the_order_of_rows_and_their_repetition_change_nothing():
    order = RNG.permutation(N)
    shuffled = pseudo_observations(
        cuminc.cumulative_incidence, ARM[order], ("a", "b"), time=TIME[order], cause=CAUSE[order], which=1,
        times=HORIZONS,
    )  # fmt: skip
    assert shuffled == pytest.approx(observed()[order], abs=1e-12)
    frequency = RNG.integers(1, 4, N)
    again = np.repeat(np.arange(N), frequency)
    repeated = pseudo_observations(
        cuminc.cumulative_incidence, ARM[again], ("a", "b"), time=TIME[again], cause=CAUSE[again], which=1,
        times=HORIZONS,
    )  # fmt: skip
    counted = observed(frequency=frequency)
    assert repeated == pytest.approx(counted[again], abs=1e-9)


def test_an_arm_that_holds_no_one_is_refused_by_name():
    with pytest.raises(EstimationError, match="Arm 'c' has no one"):
        pseudo_observations(cuminc.survival, ARM, ("a", "c"), time=TIME, event=CAUSE > 0, times=HORIZONS)
