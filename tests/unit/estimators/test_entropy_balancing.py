"""Entropy balancing: by hand, on simulated truth, against a saturated score and scipy, and by its properties."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal import entropy_balancing as eb
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights

Array = NDArray[np.float64]


def drawn(n: int, seed: int) -> tuple[Array, NDArray[np.int64], Array]:
    """Two covariates, arms whose log inverse score is not linear in them, and an outcome that is; the effect is 0.5."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.standard_normal(n), rng.random(n) < 0.4]).astype(float)
    arm = (rng.random(n) < expit(0.8 * x[:, 0] - 0.7 * x[:, 1] + 0.3 * x[:, 0] ** 2)).astype(np.int64)
    return x, arm, 1 + x @ [1.0, -0.5] + 0.5 * arm + rng.standard_normal(n)


def effect(x: Array, arm: NDArray[np.int64], y: Array, frequency: Array | None = None) -> Estimate:
    found = eb.entropy_balancing(x, arm, frequency)
    means = mean_by_arm(y, arm == 1, found.weight, frequency)
    return difference(stack(means, eb.slope(arm, found.weight), found.nuisance), "arm1", "arm0")


def value_and_error(found: Estimate) -> tuple[float, float]:
    return float(found.value[0]), float(found.standard_error()[0])


def test_of_one_category_by_hand() -> None:
    """4 of 10 in a category: 3 of 4 in the first arm, 1 of 6 in the second."""
    arm = np.array([1] * 4 + [0] * 6)
    x = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])[:, None]
    found = eb.entropy_balancing(x, arm).weight
    # (share of everyone) / (share of the arm): .4 / .75 and .6 / .25; .4 / (1/6) and .6 / (5/6)
    np.testing.assert_allclose(found, np.r_[[0.4 / 0.75] * 3, 0.6 / 0.25, 0.4 * 6, [0.6 * 6 / 5] * 5])


def test_balance_is_exact_and_weights_add_up_to_the_people_of_each_arm() -> None:
    x, arm, _ = drawn(800, 1)
    weight = eb.entropy_balancing(x, arm).weight
    for at in (0, 1):
        own = arm == at
        np.testing.assert_allclose(weight[own] @ x[own] / own.sum(), x.mean(axis=0), atol=1e-8)
        assert weight[own].sum() == pytest.approx(own.sum())
    # a score of the same terms leaves what it does not model
    score = fit_propensity(x, arm).score
    inverse = weights("iptw", arm, score)
    assert abs(inverse[arm == 1] @ x[arm == 1, 0] / inverse[arm == 1].sum() - x[:, 0].mean()) > 1e-3


def test_against_the_dual_solved_by_scipy() -> None:
    x, arm, _ = drawn(300, 2)
    design = np.column_stack([np.ones(300), x])
    found = eb.entropy_balancing(x, arm).weight
    for at in (0, 1):
        own = design[arm == at]
        other = optimize.minimize(
            lambda b, own=own: np.exp(own @ b).sum() - design.sum(axis=0) @ b, np.zeros(3), tol=1e-12
        )
        np.testing.assert_allclose(np.exp(own @ other.x) * len(own) / 300, found[arm == at], rtol=1e-4)


def test_with_all_combinations_of_categories_it_is_a_saturated_score() -> None:
    """Then both kinds of weights are the same, and so are the standard errors that count their estimation."""
    rng = np.random.default_rng(3)
    a, b = rng.random(500) < 0.4, rng.random(500) < 0.5
    x = np.column_stack([a, b, a & b]).astype(float)
    arm = (rng.random(500) < expit(0.5 * a - 0.8 * b)).astype(np.int64)
    y = a + b + 0.3 * arm + rng.standard_normal(500)
    score = fit_propensity(x, arm)
    kind = "iptw_unstabilised"
    means = mean_by_arm(y, arm == 1, weights(kind, arm, score.score))
    other = difference(stack(means, weight_slope(kind, arm, score.score), score.nuisance), "arm1", "arm0")
    assert value_and_error(effect(x, arm, y)) == pytest.approx(value_and_error(other), rel=1e-7)


@cache
def many() -> Array:
    found = []
    for seed in range(200):
        x, arm, y = drawn(400, 100 + seed)
        score = fit_propensity(x, arm)
        inverse = weights("iptw", arm, score.score)
        plain = difference(mean_by_arm(y, arm == 1, inverse), "arm1", "arm0")
        held = eb.entropy_balancing(x, arm).weight
        fixed = difference(mean_by_arm(y, arm == 1, held), "arm1", "arm0")
        found.append([*value_and_error(effect(x, arm, y)), float(plain.value[0]), float(fixed.standard_error()[0])])
    return np.array(found)


def test_it_finds_the_truth_where_the_score_is_wrong_and_the_outcome_is_linear() -> None:
    value, error, plain, fixed = many().T
    scatter = value.std(ddof=1)
    assert abs(value.mean() - 0.5) < 3 * scatter / np.sqrt(200)
    assert error.mean() / scatter == pytest.approx(1.0, abs=0.15)
    covered = (np.abs(value - 0.5) <= 1.96 * error).mean()
    assert 0.90 <= covered <= 0.985
    # a score with the same terms errs, and errors that take the weights as known are too large
    assert abs(plain.mean() - 0.5) > 3 * plain.std(ddof=1) / np.sqrt(200)
    assert fixed.mean() > 1.2 * scatter


def test_the_influence_is_the_derivative_by_a_person() -> None:
    x, arm, y = drawn(120, 5)
    whole = effect(x, arm, y)
    for person in (3, 50, 111):
        more = np.full(120, 10_000.0)
        more[person] += 1
        moved = 10_000 * float(effect(x, arm, y, more).value[0] - whole.value[0])
        assert moved == pytest.approx(float(whole.influence[person, 0]), rel=1e-3, abs=1e-7)


def test_order_duplicates_and_units_change_nothing() -> None:
    x, arm, y = drawn(200, 6)
    one = value_and_error(effect(x, arm, y))
    order = np.random.default_rng(7).permutation(200)
    assert value_and_error(effect(x[order], arm[order], y[order])) == pytest.approx(one)
    assert value_and_error(effect(1000 + 50 * x, arm, y)) == pytest.approx(one, rel=1e-6)
    twice = np.repeat(np.arange(200), 2)
    counted = effect(x, arm, y, np.full(200, 2.0))
    assert value_and_error(effect(x[twice], arm[twice], y[twice])) == pytest.approx(value_and_error(counted))


def test_what_was_found_earlier_stands_for_itself() -> None:
    x, arm, _ = drawn(200, 8)
    found = eb.entropy_balancing(x, arm)
    again = eb.known(found.nuisance.matrix, arm, found.weight)
    direction = np.eye(2 * found.nuisance.matrix.shape[1])
    np.testing.assert_allclose(again.influence(direction), found.nuisance.influence(direction), atol=1e-10)


def test_an_arm_that_does_not_surround_everyone_is_refused() -> None:
    x, arm, _ = drawn(200, 9)
    x[:, 1] = (x[:, 0] > 0) & (arm == 1)
    with pytest.raises(EstimationError, match=r"no weights under which its means are those of everyone.*column 2"):
        eb.entropy_balancing(x, arm)
    with pytest.raises(EstimationError, match="Nobody is in arm 0"):
        eb.entropy_balancing(x, np.ones(200, dtype=int))


def test_three_arms() -> None:
    x, arm, _ = drawn(600, 10)
    arm = np.where(np.random.default_rng(11).random(600) < 0.3, 2, arm)
    weight = eb.entropy_balancing(x, arm).weight
    for at in range(3):
        own = arm == at
        np.testing.assert_allclose(weight[own] @ x[own] / own.sum(), x.mean(axis=0), atol=1e-8)
