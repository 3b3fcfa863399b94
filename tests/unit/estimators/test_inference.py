"""Inference from any estimate: two-way clusters, scales, several at once, equivalence."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference, join
from iop_outcomes.estimators.base.inference import adjusted, equivalence, interval, joint, simultaneous, single_step
from iop_outcomes.estimators.base.stacking import Nuisance, stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.two_by_two.equivalence import farrington_manning, means, proportions

LOG = np.log(1 / 0.3)


def of(influence: np.ndarray, value: list[float]) -> Estimate:
    names = tuple(f"q{j}" for j in range(len(value)))
    return Estimate(names, np.array(value), influence, np.ones(len(influence)), np.ones(len(influence)))


def spread(n: int = 200, k: int = 3, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(n, k)) / n
    return drawn - drawn.mean(axis=0)


def test_two_way_clusters_are_the_sum_less_the_intersection() -> None:
    rng, influence = np.random.default_rng(4), spread()
    person, site = rng.integers(0, 60, 200), rng.integers(0, 9, 200)
    both = [f"{p}-{s}" for p, s in zip(person, site, strict=True)]
    estimate = of(influence, [0.1, 0.2, 0.3])
    one = [estimate.clustered(c).covariance() for c in (person, site, both)]
    two = estimate.clustered(person, site)
    np.testing.assert_allclose(two.covariance(), one[0] + one[1] - one[2], rtol=1e-12)
    assert two.degrees == 8
    nested = estimate.clustered(person // 10, person)
    np.testing.assert_allclose(nested.covariance(), estimate.clustered(person // 10).covariance(), rtol=1e-12)


def test_clusters_by_hand() -> None:
    estimate = of(np.array([[0.1], [0.2], [-0.4], [0.1]]), [2.0]).clustered(["a", "a", "b", "b"])
    assert estimate.covariance()[0, 0] == pytest.approx((0.3**2 + 0.3**2) * 2)
    assert estimate.critical(0.95) == pytest.approx(stats.t.ppf(0.975, 1))
    with pytest.raises(EstimationError, match="at least two clusters"):
        estimate.clustered(["a"] * 4)
    with pytest.raises(EstimationError, match="one or two ways"):
        estimate.clustered([1, 2, 3, 4], [1, 1, 2, 2], [1, 2, 1, 2])


def test_a_negative_two_way_variance_is_refused() -> None:
    crossed = of(np.array([[1.0], [-1.0], [-1.0], [1.0]]), [0.5]).clustered([0, 0, 1, 1], [0, 1, 0, 1])
    with pytest.raises(EstimationError, match="two-way clustered variance is negative"):
        crossed.standard_error()


@pytest.mark.parametrize(
    ("scale", "low", "high"),
    [
        ("plain", 0.3 - 1.96 * 0.1, 0.3 + 1.96 * 0.1),
        ("log", 0.3 * np.exp(-1.96 * 0.1 / 0.3), 0.3 * np.exp(1.96 * 0.1 / 0.3)),
        ("log-log", 0.3 ** np.exp(1.96 * 0.1 / (0.3 * LOG)), 0.3 ** np.exp(-1.96 * 0.1 / (0.3 * LOG))),
    ],
)  # fmt: skip
def test_intervals_by_hand(scale: str, low: float, high: float) -> None:
    estimate = of(np.array([[0.1 / np.sqrt(2)], [-0.1 / np.sqrt(2)]]), [0.3])
    found = interval(estimate, 2 * stats.norm.cdf(1.96) - 1, scale)
    assert found.low[0] == pytest.approx(low, rel=1e-9)
    assert found.high[0] == pytest.approx(high, rel=1e-9)


def test_intervals_at_the_end_of_a_scale_and_outside_are_refused() -> None:
    estimate = of(spread(k=2), [0.0, 0.4])
    with pytest.raises(EstimationError, match="at the end, or outside"):
        interval(estimate, scale="logit")
    assert interval(estimate).low[0] < 0 < interval(estimate).high[0]
    with pytest.raises(EstimationError, match="of what the scale"):
        interval(of(spread(k=1), [1.2]), scale="log-log")
    with pytest.raises(EstimationError, match="not 'probit'"):
        interval(estimate, scale="probit")


def test_simultaneous_intervals_of_independent_quantities_are_sidaks() -> None:
    estimate = of(np.vstack([np.eye(4), -np.eye(4)]) / 10, [0.1, 0.2, 0.3, 0.4])
    half = simultaneous(estimate).high - estimate.value
    expected = stats.norm.ppf(0.5 + 0.95**0.25 / 2) * estimate.standard_error()
    np.testing.assert_allclose(half, expected, rtol=4e-3)
    p = 2 * stats.norm.sf(np.abs(estimate.value) / estimate.standard_error())
    np.testing.assert_allclose(single_step(estimate), 1 - (1 - p) ** 4, atol=4e-3)


def test_simultaneous_intervals_of_one_quantity_told_twice_are_its_own() -> None:
    column = spread(k=1)
    twice = of(np.hstack([column, column]), [0.1, 0.1])
    np.testing.assert_allclose(simultaneous(twice).high, interval(twice).high, rtol=3e-3)
    few = twice.clustered(np.arange(200) % 8)
    np.testing.assert_allclose(simultaneous(few).high, interval(few).high, rtol=1e-2)
    assert np.array_equal(simultaneous(twice).high, simultaneous(twice).high)


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("benjamini-hochberg", "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(method: str, theirs: str) -> None:
    rng = np.random.default_rng(3)
    for k in (1, 2, 7, 40):
        p = np.round(rng.random(k) ** 3, 2)
        np.testing.assert_allclose(adjusted(p, method), multipletests(p, method=theirs)[1], rtol=1e-12)


def test_adjusting_looks_for_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection takes a second of a large process; statsmodels 0.15.0 makes one at every call."""
    called: list[None] = []
    monkeypatch.setattr(gc, "collect", lambda *_: called.append(None))
    multipletests([0.1, 0.2], method="holm")
    theirs = len(called)
    adjusted([0.1, 0.2], "holm")
    assert (theirs > 0, len(called) - theirs) == (True, 0)


def test_adjusted_p_values() -> None:
    np.testing.assert_allclose(adjusted([0.01, 0.04, 0.03], "holm"), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(adjusted([0.01, 0.04, 0.03], "benjamini-hochberg"), [0.03, 0.04, 0.04])
    with pytest.raises(EstimationError, match="not 'none'"):
        adjusted([0.1], "none")
    with pytest.raises(EstimationError, match="between 0 and 1"):
        adjusted([1.1], "holm")


def test_joint_test_is_invariant_and_refuses_what_follows() -> None:
    estimate = of(spread(), [0.01, 0.02, 0.015])
    turn = np.array([[1.0, 2, 0], [0, 1, -1], [1, 0, 3]])
    turned = estimate.transform(("a", "b", "c"), lambda v: turn @ v, turn)
    assert joint(turned).statistic == pytest.approx(joint(estimate).statistic)
    assert joint(estimate.take("q0")).statistic == pytest.approx((0.01 / estimate.standard_error()[0]) ** 2)
    one = estimate.take("q0").clustered(np.arange(200) % 12)
    assert joint(one).p_value == pytest.approx(one.p_value()[0])
    sums = join([estimate, difference(estimate, "q0", "q1")])
    with pytest.raises(EstimationError, match="none follows from the others"):
        joint(sums)
    with pytest.raises(EstimationError, match=r"none follows|more clusters than quantities"):
        joint(estimate.clustered(np.arange(200) % 3))


def test_equivalence_mirrors_its_interval() -> None:
    estimate = of(spread(k=1), [0.02])
    error = estimate.standard_error()[0]
    on_edge = equivalence(estimate, -1, 0.02 + stats.norm.ppf(0.95) * error)
    assert on_edge.p_value == pytest.approx(0.05)
    assert on_edge.high == pytest.approx(0.02 + stats.norm.ppf(0.95) * error)
    assert equivalence(estimate, -0.1, np.inf).p_upper == 0
    for lower, upper in ((0.1, 0.1), (0.2, 0.1)):
        with pytest.raises(EstimationError, match="lower margin"):
            equivalence(estimate, lower, upper)
    with pytest.raises(EstimationError, match="one quantity"):
        equivalence(of(spread(), [0, 0, 0]), -1, 1)


def test_proportions_at_no_margin_are_the_pooled_score_test() -> None:
    pooled = (118 + 124) / 405
    z = (118 / 200 - 124 / 205) / np.sqrt(pooled * (1 - pooled) * (1 / 200 + 1 / 205))
    found = farrington_manning(118, 200, 124, 205, 0.0)
    assert found.z == pytest.approx(z)
    assert found.risk1 == pytest.approx(pooled)
    swapped = farrington_manning(124, 205, 118, 200, 0.1)
    assert swapped.z == pytest.approx(-farrington_manning(118, 200, 124, 205, -0.1).z)
    assert np.isfinite(farrington_manning(0, 20, 0, 25, 0.1).z)
    for bad in ((5, 4, 1, 2), (1, 0, 1, 2), (1.5, 4, 1, 2)):
        with pytest.raises(EstimationError, match="table needs whole"):
            proportions(*bad, 0.1)
    with pytest.raises(EstimationError, match="use 'score'"):
        proportions(0, 20, 0, 20, 0.1, "wald")
    with pytest.raises(EstimationError, match="margin"):
        means([1, 2], [1, 2], 0)


def test_p_values_refuse_the_quantity_without_standard_error_and_not_the_others() -> None:
    influence = np.column_stack([[0.1, -0.1, 0.2, -0.2], [1e-17, -1e-17, 0, 0], np.zeros(4)])
    three = Estimate(("a", "b", "c"), np.array([0.3, 2.0, 0.0]), influence, np.ones(4))
    p = three.p_value()
    assert np.isfinite(p).tolist() == [True, False, False]
    assert p[0] == three.take("a").p_value()[0]
    with pytest.raises(EstimationError, match="'b', 'c': no standard error"):
        three.take("b", "c").p_value()


def test_stacking_twice_is_refused() -> None:
    arm, y = np.array([1, 1, 0, 0]), np.array([1.0, 2, 3, 4])
    means_ = mean_by_arm(y, arm)
    nuisance = Nuisance(ModelMatrix(np.ones((4, 1)), ("one",)), np.ones((4, 1)), np.eye(1))
    stacked = stack(means_, np.ones(4), nuisance)
    with pytest.raises(EstimationError, match="no further weights can be stacked"):
        stack(stacked, np.ones(4), nuisance)
