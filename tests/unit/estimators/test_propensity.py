"""Propensity scores and weights: exact balance, derivatives, a bootstrap that refits the score, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.balance import effective_sample_size, standardised_difference, variance_ratio
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import Propensity, fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, truncate, weight_slope, weights
from iop_outcomes.estimators.cox.cox import cox

NAMES = ("a", "b", "c")
every_kind = pytest.mark.parametrize("kind", TILTS)


def confounded(n: int = 600, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates that drive both arm and outcome strongly, so that estimating the score matters."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 2)), rng.random(n) < 0.4])
    arm = (rng.random(n) < 1 / (1 + np.exp(-x @ [0.8, -0.5, 0.6]))).astype(int)
    return x, arm, x @ [3, 2, -2.0] + arm + rng.normal(size=n)


def by_hand(kind: str, s: float) -> tuple[float, float]:
    """Weights of arm 1 and arm 0 at score s, as their papers print them; P(arm 1) is a half here."""
    return {
        "iptw": (0.5 / s, 0.5 / (1 - s)),
        "iptw_unstabilised": (1 / s, 1 / (1 - s)),
        "att": (1, s / (1 - s)),
        "atc": ((1 - s) / s, 1),
        "overlap": (1 - s, s),
        "matching": (min(s, 1 - s) / s, min(s, 1 - s) / (1 - s)),
        "entropy": tuple(-(s * np.log(s) + (1 - s) * np.log(1 - s)) / q for q in (s, 1 - s)),
    }[kind]


@every_kind
@pytest.mark.parametrize("s", [0.2, 0.7])
def test_weights_by_hand(kind: str, s: float) -> None:
    np.testing.assert_allclose(weights(kind, [1, 0], [s, s]), by_hand(kind, s), rtol=1e-14)


@every_kind
def test_jacobian_is_the_derivative_of_the_weights(kind: str) -> None:
    x, arm, _ = confounded(100)
    fitted = fit_propensity(x, arm, names=NAMES)
    terms = fitted.nuisance.matrix.dense()
    jacobian = weight_slope(kind, arm, fitted.score)[:, None] * terms

    def at(coefficient: np.ndarray) -> np.ndarray:
        return weights(kind, arm, 1 / (1 + np.exp(-terms @ coefficient)))

    for q in range(4):
        e = np.zeros(4)
        e[q] = 1e-6
        change = (at(fitted.coefficient + e) - at(fitted.coefficient - e)) / 2e-6
        np.testing.assert_allclose(jacobian[:, q], change, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_overlap_weights_balance_every_term_exactly(seed: int) -> None:
    x, arm, _ = confounded(seed=seed)
    x = np.column_stack([x, x[:, 0] ** 2, x[:, 0] * x[:, 1]])
    frequency = np.random.default_rng(seed).integers(1, 6, len(arm)).astype(float)
    fitted = fit_propensity(x, arm, frequency, names=(*NAMES, "a_squared", "a_b"))
    balance = standardised_difference(x, arm, weights("overlap", arm, fitted.score), frequency)
    before = standardised_difference(x, arm, None, frequency)
    assert np.abs(before).max() > 0.3
    assert np.abs(balance).max() < 1e-13


def influences(fitted: Propensity) -> np.ndarray:
    return fitted.nuisance.influence(np.eye(len(fitted.coefficient)))


def test_frequency_rows_are_people() -> None:
    x, arm, _ = confounded(80)
    frequency = np.where(arm == 1, 3, 1) + np.random.default_rng(0).integers(0, 3, 80)
    long = {"x": np.repeat(x, frequency, axis=0), "arm": np.repeat(arm, frequency)}
    short_fit = fit_propensity(x, arm, frequency, NAMES)
    long_fit = fit_propensity(long["x"], long["arm"], names=NAMES)
    np.testing.assert_allclose(np.repeat(short_fit.score, frequency), long_fit.score, rtol=1e-10)
    np.testing.assert_allclose(
        np.repeat(influences(short_fit), frequency, axis=0), influences(long_fit), rtol=1e-8, atol=1e-12
    )
    for kind in TILTS:
        w = weights(kind, arm, short_fit.score, frequency)
        v = weights(kind, long["arm"], long_fit.score)
        np.testing.assert_allclose(np.repeat(w, frequency), v, rtol=1e-9)
        assert effective_sample_size(w, frequency) == pytest.approx(effective_sample_size(v))
        np.testing.assert_allclose(
            standardised_difference(x, arm, w, frequency),
            standardised_difference(long["x"], long["arm"], v),
            rtol=1e-8,
            atol=1e-12,
        )
        np.testing.assert_allclose(
            variance_ratio(x, arm, w, frequency), variance_ratio(long["x"], long["arm"], v), rtol=1e-9
        )
        np.testing.assert_allclose(
            np.repeat(truncate(w, 0.05, 0.9, frequency)[0], frequency), truncate(v, 0.05, 0.9)[0], rtol=1e-9
        )


def test_balance_by_hand() -> None:
    x = np.array([[1.0, 1], [2, 0], [3, 0], [2, 1], [4, 0], [6, 0]])
    arm = [1, 1, 1, 0, 0, 0]
    # Means 2 and 4, sample variances 1 and 4; proportions the same.
    np.testing.assert_allclose(standardised_difference(x, arm), [-2 / np.sqrt(2.5), 0], atol=1e-15)
    np.testing.assert_array_equal(variance_ratio(x, arm), [0.25, np.nan])
    # Weights move the means, (1 + 2 + 9) / 5 and 2, and not the ruler; 1/5 - 1 over proportions of 1/3.
    weight = [1, 1, 3, 1, 0, 0]
    expected = [(2.4 - 2) / np.sqrt(2.5), (0.2 - 1) / np.sqrt(2 / 9)]
    np.testing.assert_allclose(standardised_difference(x, arm, weight), expected)
    # Weights 1, 1, 3: sum w (x - 2.4)^2 = 3.2 over 5 - 11 / 5; weights 1, 1, 1: 8 / 2.
    np.testing.assert_allclose(variance_ratio(x, arm, [1, 1, 3, 1, 1, 1])[0], 3.2 / 2.8 / 4)
    apart = np.array([[1.0, 5], [1, 5], [0, 5], [0, 5]])
    np.testing.assert_array_equal(standardised_difference(apart, [1, 1, 0, 0]), [np.inf, 0])
    assert effective_sample_size([1, 1, 2]) == pytest.approx(16 / 6)
    np.testing.assert_allclose(truncate(np.arange(101.0), 0.1, 0.9)[0][[0, 50, 100]], [10, 50, 90])
    assert truncate(np.arange(101.0), 0.1, 0.9)[1].sum() == 81


def weighted_difference(x: np.ndarray, arm: np.ndarray, y: np.ndarray, kind: str) -> tuple[Estimate, Estimate]:
    """With the score's estimation counted, and with the weights taken as known."""
    fitted = fit_propensity(x, arm, names=NAMES)
    known = mean_by_arm(y, arm, weights(kind, arm, fitted.score))
    counted = stack(known, weight_slope(kind, arm, fitted.score), fitted.nuisance)
    return difference(counted, "arm1", "arm0"), difference(known, "arm1", "arm0")


@pytest.mark.parametrize("kind", ["iptw", "overlap"])
def test_stacked_standard_error_is_that_of_a_bootstrap_which_refits_the_score(kind: str) -> None:
    x, arm, y = confounded()
    counted, known = weighted_difference(x, arm, y, kind)
    rng, estimates = np.random.default_rng(11), []
    for _ in range(200):
        i = rng.integers(0, len(y), len(y))
        estimates.append(weighted_difference(x[i], arm[i], y[i], kind)[0].value[0])
    bootstrap = np.std(estimates, ddof=1)
    # The bootstrap's own error is 1 / sqrt(2 x 200) = 5 %.
    assert counted.standard_error()[0] == pytest.approx(bootstrap, rel=0.15)
    assert known.standard_error()[0] > 1.5 * bootstrap


def test_stacking_works_through_a_cox_model() -> None:
    x, arm, y = confounded(400, seed=5)
    time = np.ceil(np.exp(2 + 0.2 * y))

    def estimate(i: np.ndarray) -> tuple[Estimate, Estimate]:
        fitted = fit_propensity(x[i], arm[i], names=NAMES)
        w = weights("overlap", arm[i], fitted.score)
        known = cox(arm[i][:, None], time[i], np.ones(len(i)), ("arm",), weight=w).estimate
        slope = weight_slope("overlap", arm[i], fitted.score)
        return stack(known, slope, fitted.nuisance), known

    counted, known = estimate(np.arange(400))
    rng = np.random.default_rng(12)
    bootstrap = np.std([estimate(rng.integers(0, 400, 400))[0].value[0] for _ in range(200)], ddof=1)
    assert counted.standard_error()[0] == pytest.approx(bootstrap, rel=0.15)
    assert known.standard_error()[0] > 1.3 * bootstrap


def test_refusals() -> None:
    x, arm, _ = confounded(200)
    only = np.column_stack([x[:, 0], (arm == 1) & (np.arange(200) % 9 == 0)])
    with pytest.raises(EstimationError, match=r"propensity score .* of veteran .*separation"):
        fit_propensity(only, arm, names=("a", "veteran"))
    with pytest.raises(EstimationError, match=r"propensity score .* collinear .*among b, again,"):
        fit_propensity(x[:, [0, 1, 1]], arm, names=("a", "b", "again"))
    with pytest.raises(EstimationError, match="no weights of kind 'ipw'"):
        weights("ipw", [1, 0], [0.5, 0.5])
    with pytest.raises(EstimationError, match="scores are 0 or 1"):
        weights("att", [1, 0], [1.0, 0.5])
    with pytest.raises(EstimationError, match="no one with weight"):
        standardised_difference(x, np.ones(200))
    with pytest.raises(EstimationError, match="'arm' holds values other"):
        fit_propensity(x, arm + 1, names=NAMES)
