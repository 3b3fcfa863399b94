"""E-values and bias factors: by hand, on counted people with a confounder, and as properties."""

from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two import unmeasured

RNG = np.random.default_rng(7)


def test_by_hand() -> None:
    """VanderWeele & Ding 2017: smoking and lung cancer of 3.9 (1.8 to 8.7) needs 7.26, and its limit 3."""
    found = unmeasured.e_values(3.9, 1.8, 8.7)
    assert found.estimate == pytest.approx(3.9 + np.sqrt(3.9 * 2.9))
    assert found.limit == pytest.approx(3.0)
    # strengths of 2 and 3 move a ratio by 6 / 4
    assert unmeasured.bias_factor(2, 3) == pytest.approx(1.5)
    assert unmeasured.outcome_strength(1.5, 2) == pytest.approx(3)
    assert unmeasured.e_values(1.2, 0.9, 1.6).limit == 1
    # which may have been 2.0 or 1.3 in place of 3.0, or 0.9 in place of 0.6
    assert unmeasured.at_worst(3.0, 2, 3) == pytest.approx(2.0)
    assert unmeasured.at_worst(0.6, 2, 3) == pytest.approx(0.9)


def test_to_a_margin_by_hand() -> None:
    """From 0.9 (0.7 to 1.1) to a margin of 0.6 it takes a ratio of 1.5, and of the limit one of 7 / 6."""
    found = unmeasured.to_another(0.9, 0.7, 1.1, 0.6)
    assert found.estimate == pytest.approx(1.5 + np.sqrt(1.5 * 0.5))
    assert found.limit == pytest.approx(7 / 6 + np.sqrt(7 / 36))
    assert unmeasured.to_another(0.9, 0.7, 1.1, 1.0).limit == 1
    assert unmeasured.to_another(0.9, 0.7, 1.1, 1.0) == unmeasured.e_values(0.9, 0.7, 1.1)
    # from the other side of it as far
    assert unmeasured.to_another(0.6, 0.5, 0.7, 0.9).estimate == pytest.approx(found.estimate)
    with pytest.raises(EstimationError, match="above 0"):
        unmeasured.to_another(0.9, 0.7, 1.1, 0.0)


def worlds(number: int):
    """People by arm and a confounder of three values; the outcome depends on both, the ratio is the same within each
    value: what is seen, what is so, and how strong U is.
    """
    for _ in range(number):
        share = RNG.dirichlet(np.ones(3), 2) * 0.97 + 0.01  # of U in each arm
        risk = RNG.uniform(0.02, 0.9, 3)
        effect = RNG.uniform(0.3, 1.1)
        seen = (share[0] @ (risk * effect)) / (share[1] @ risk)
        # standardised to the first arm, in which the exposed are compared with themselves
        so = effect
        strength = max((share[0] / share[1]).max(), (share[1] / share[0]).max()), risk.max() / risk.min()
        yield seen, so, strength


def test_no_confounder_moves_a_ratio_by_more_than_its_bias_factor() -> None:
    moved = []
    for seen, so, (with_arm, with_outcome) in worlds(3000):
        factor = unmeasured.bias_factor(with_arm, with_outcome)
        apart = max(seen / so, so / seen)
        assert apart <= factor * (1 + 1e-12)
        moved.append(apart / factor)
        # the smaller strength alone is a looser bound
        assert factor < min(with_arm, with_outcome) + 1e-12
    assert max(moved) > 0.9  # the bound is nearly reached


def test_a_confounder_of_the_e_value_in_both_explains_the_ratio_away_and_a_weaker_one_does_not() -> None:
    for ratio in (1.01, 1.4, 0.6, 3.9):
        away, needed = max(ratio, 1 / ratio), unmeasured.e_value(ratio)
        assert unmeasured.bias_factor(needed, needed) == pytest.approx(away)
        assert unmeasured.bias_factor(needed * 0.99, needed * 0.99) < away
        assert unmeasured.outcome_strength(ratio, needed) == pytest.approx(needed)


def test_the_strengths_are_exchangeable_and_grow_together() -> None:
    strengths = (1.0, 1.3, 2.0, 7.0, 50.0)
    for a, b in product(strengths, strengths):
        assert unmeasured.bias_factor(a, b) == pytest.approx(unmeasured.bias_factor(b, a))
        assert unmeasured.bias_factor(a, b) <= unmeasured.bias_factor(a * 1.1, b) + 1e-12
    assert unmeasured.bias_factor(1, 50) == 1
    assert unmeasured.bias_factor(2, inf) == 2
    # not strong enough with the arm: no strength with the outcome would do
    assert unmeasured.outcome_strength(1.5, 1.5) == inf
    assert unmeasured.outcome_strength(1.0, 1.0) == 1


def test_a_ratio_and_its_inverse_need_the_same() -> None:
    one, other = unmeasured.e_values(0.8, 0.71, 0.91), unmeasured.e_values(1 / 0.8, 1 / 0.91, 1 / 0.71)
    assert (one.estimate, one.limit) == pytest.approx((other.estimate, other.limit))
    for scale in (unmeasured.of_odds, unmeasured.of_hazards):
        assert scale(0.5, True) == pytest.approx(1 / scale(2.0, True))
        # a common outcome lies nearer 1; a rare one stays
        assert scale(0.5, False) == 0.5 < scale(0.5, True) < 1


def test_hazards_of_a_common_outcome_taken_for_risks_need_too_much() -> None:
    """The wrong way: of a common outcome the ratio of risks on a day lies nearer 1 than that of hazards."""
    hazard = 0.6
    control = 0.7  # of the second arm have had the outcome on the day
    true = (1 - (1 - control) ** hazard) / control
    assert abs(unmeasured.of_hazards(hazard, True) - true) < abs(hazard - true)
    assert unmeasured.e_value(hazard) > unmeasured.e_value(true)


def test_what_cannot_be_explained_away_is_refused() -> None:
    for ratio in (0.0, -1.0, inf, float("nan")):
        with pytest.raises(EstimationError, match="above 0"):
            unmeasured.e_value(ratio)
    with pytest.raises(EstimationError, match="within its limits"):
        unmeasured.e_values(2.0, 2.5, 3.0)
    for strengths in ((0.9, 2.0), (2.0, 0.5)):
        with pytest.raises(EstimationError, match="1 or more"):
            unmeasured.bias_factor(*strengths)
    with pytest.raises(EstimationError, match="1 or more"):
        unmeasured.outcome_strength(1.2, 0.8)
