"""Shares corrected for a measurement's errors: by hand, by counting people, on simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.two_by_two.misclassification import true_difference, true_share


def test_by_hand() -> None:
    """Of 100 people 40 have it: with Se .8 and Sp .9, 32 of them and 6 of the others are found, 38."""
    assert true_share(0.38, 0.8, 0.9) == pytest.approx(0.4)
    assert true_share(0.38, 1, 1) == pytest.approx(0.38)
    # .2 against .4: found as .24 and .38
    assert true_difference(0.24 - 0.38, 0.8, 0.9) == pytest.approx(-0.2)


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.6, 0.95), (0.9, 0.7), (1.0, 0.8)])
def test_what_is_found_of_a_known_truth_is_corrected_to_it(sensitivity: float, specificity: float) -> None:
    for truth in (0.05, 0.3, 0.9):
        found = sensitivity * truth + (1 - specificity) * (1 - truth)
        assert true_share(found, sensitivity, specificity) == pytest.approx(truth)


def test_a_share_that_cannot_have_been_found_lies_outside() -> None:
    assert true_share(0.05, 0.9, 0.9) < 0
    assert true_share(0.99, 0.9, 0.9) > 1


def test_a_measurement_that_tells_nothing_is_refused() -> None:
    for sensitivity, specificity in ((0.5, 0.5), (0.2, 0.7)):
        with pytest.raises(EstimationError, match="nothing can be corrected"):
            true_share(0.3, sensitivity, specificity)
    with pytest.raises(EstimationError, match="from 0 to 1"):
        true_share(0.3, 1.2, 0.9)


def corrected(shares: Estimate, se: np.ndarray, sp: np.ndarray) -> Estimate:
    """Each arm's share by its own errors: linear, so that the slope is the difference of a share of 1 and of 0."""

    def each(p: np.ndarray) -> np.ndarray:
        return np.array([true_share(*of) for of in zip(p, se, sp, strict=True)])

    return shares.transform(shares.names, each, np.diag(each(np.ones(2)) - each(np.zeros(2))))


def test_arms_that_are_measured_differently_are_held_by_corrected_intervals_only() -> None:
    """Use of .4 in both arms, missed by 40 % and 5 % of them: uncorrected, the first looks better."""
    rng = np.random.default_rng(1)
    se, sp = np.array([0.6, 0.95]), np.array([0.98, 0.98])
    held = naive = 0
    for _ in range(400):
        arm = rng.integers(0, 2, 400)
        use = rng.random(400) < 0.4
        side = np.where(arm == 1, 0, 1)
        found = np.where(use, rng.random(400) < se[side], rng.random(400) < 1 - sp[side]).astype(float)
        shares = mean_by_arm(found, arm == 1)
        first, second = shares.names
        for estimate, right in ((corrected(shares, se, sp), True), (shares, False)):
            gap = difference(estimate, first, second)
            inside = abs(gap.value[0]) < 1.96 * gap.standard_error()[0]
            held, naive = held + (inside and right), naive + (inside and not right)
    # exact binomial 99 % limits of 400 intervals that hold 95 %
    assert 0.92 <= held / 400 <= 0.975
    assert naive / 400 < 0.3
