"""Generalised propensity scores: two arms are the logistic model, derivatives, exact balance, a jackknife, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import stack
from iop_outcomes.estimators.multinomial import (
    TILTS,
    fit_multinomial,
    generalised_weights,
    group_means,
    probabilities,
)
from iop_outcomes.estimators.propensity import fit_propensity, weight_slope, weights

NAMES = ("a", "b")
every_kind = pytest.mark.parametrize("kind", [*TILTS, "att"])


def three_arms(n: int = 400, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.4]).astype(float)
    score = probabilities(np.column_stack([np.ones(n), x]), np.array([[0.2, 0.7, -0.5], [-0.3, -0.6, 0.8]]))
    arm = (rng.random(n)[:, None] > score.cumsum(axis=1)).sum(axis=1)
    return x, arm, x @ [2.0, 1.0] + arm + rng.normal(size=n)


@every_kind
def test_weights_by_hand(kind: str) -> None:
    e = np.array([[0.5, 0.3, 0.2]] * 3)
    h = {"ate": 1, "att": 0.3, "overlap": 1 / (2 + 10 / 3 + 5), "matching": 0.2}
    h["entropy"] = -(0.5 * np.log(0.5) + 0.3 * np.log(0.3) + 0.2 * np.log(0.2))
    found = generalised_weights(kind, [0, 1, 2], e, 1)[0]
    np.testing.assert_allclose(found, [h[kind] / 0.5, h[kind] / 0.3, h[kind] / 0.2], rtol=1e-14)


@every_kind
def test_derivatives_by_the_linear_predictors(kind: str) -> None:
    rng = np.random.default_rng(5)
    predictor, arm = rng.normal(size=(60, 2)), rng.integers(0, 3, 60)

    def at(shift: np.ndarray) -> np.ndarray:
        score = probabilities(predictor + shift, np.eye(2))
        return generalised_weights(kind, arm, score, 2)

    for b, unit in enumerate(np.eye(2)):
        change = (at(1e-6 * unit)[0] - at(-1e-6 * unit)[0]) / 2e-6
        np.testing.assert_allclose(at(0 * unit)[1][:, b], change, rtol=1e-6, atol=1e-8)


def test_two_arms_are_the_logistic_model() -> None:
    x, arm, y = three_arms()
    arm = (arm > 0).astype(int)
    model, logistic = fit_multinomial(x, arm, NAMES), fit_propensity(x, arm, names=NAMES)
    np.testing.assert_allclose(model.coefficient[0], logistic.coefficient, rtol=1e-9)
    np.testing.assert_allclose(
        model.estimate().influence, logistic.nuisance.influence(np.eye(3)), rtol=1e-8, atol=1e-12
    )
    pairs = {"ate": "iptw_unstabilised", "overlap": "overlap", "matching": "matching", "entropy": "entropy"}
    for kind, binary in pairs.items():
        weight, slope = generalised_weights(kind, arm, model.score)
        np.testing.assert_allclose(weight, weights(binary, arm, logistic.score), rtol=1e-9)
        known = group_means(y, arm, ("arm0", "arm1"), weight)
        counted = stack(known, weight_slope(binary, arm, logistic.score), logistic.nuisance)
        np.testing.assert_allclose(
            stack(known, slope, model.nuisance).covariance(), counted.covariance(), rtol=1e-8, atol=1e-14
        )
    treated = generalised_weights("att", arm, model.score, 1)[0]
    np.testing.assert_allclose(treated, weights("att", arm, logistic.score), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_score_balances_the_sample_exactly(seed: int) -> None:
    """The score equations: in every arm, the people received and those expected have the same covariates."""
    x, arm, _ = three_arms(seed=seed)
    model = fit_multinomial(x, arm, NAMES)
    np.testing.assert_allclose(model.residual.T @ model.terms, 0, atol=1e-8)


@pytest.mark.parametrize("kind", ["ate", "overlap"])
def test_stacked_errors_are_those_of_a_jackknife_that_refits_the_score(kind: str) -> None:
    x, arm, y = three_arms(240)

    def estimate(keep: np.ndarray):
        model = fit_multinomial(x[keep], arm[keep], NAMES)
        weight, slope = generalised_weights(kind, arm[keep], model.score)
        return stack(group_means(y[keep], arm[keep], "abc", weight), slope, model.nuisance)

    everyone = np.arange(240)
    left_out = np.array([estimate(np.delete(everyone, i)).value for i in everyone])
    jackknife = np.sqrt(239 / 240 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    # with 80 people in an arm and three coefficients each, the jackknife is some percent wider
    np.testing.assert_allclose(estimate(everyone).standard_error(), jackknife, rtol=0.06)
    assert (estimate(everyone).standard_error() < jackknife).all()


def test_order_scale_and_frequency() -> None:
    x, arm, _ = three_arms(150)
    frequency = np.random.default_rng(1).integers(1, 4, 150)
    weight = np.random.default_rng(2).random(150) * (np.arange(150) % 7 > 0)
    found = fit_multinomial(x, arm, NAMES, weight, frequency)
    long = fit_multinomial(
        np.repeat(x, frequency, axis=0), np.repeat(arm, frequency), NAMES, np.repeat(weight, frequency)
    )
    np.testing.assert_allclose(found.coefficient, long.coefficient, rtol=1e-9)
    np.testing.assert_allclose(found.estimate().covariance(), long.estimate().covariance(), rtol=1e-9)
    np.testing.assert_allclose(found.model_standard_error(), long.model_standard_error(), rtol=1e-9)
    doubled = fit_multinomial(x, arm, NAMES, 2 * weight, frequency).estimate()
    np.testing.assert_allclose(doubled.covariance(), found.estimate().covariance(), rtol=1e-8)
    order = np.random.default_rng(3).permutation(150)
    moved = fit_multinomial(x[order], arm[order], NAMES, weight[order], frequency[order])
    np.testing.assert_allclose(moved.coefficient, found.coefficient, rtol=1e-9)
    direction = np.random.default_rng(4).normal(size=(6, 2))
    np.testing.assert_allclose(found.nuisance.influence(direction), found.estimate().influence @ direction, rtol=1e-9)


def test_refusals() -> None:
    x, arm, y = three_arms(200)
    only = np.column_stack([x[:, 0], (arm == 1) & (np.arange(200) % 5 == 0)])
    with pytest.raises(EstimationError, match=r"veteran in the multinomial model .*separation"):
        fit_multinomial(only, arm, ("a", "veteran"))
    with pytest.raises(EstimationError, match="collinear columns: among b, again"):
        fit_multinomial(x[:, [0, 1, 1]], arm, ("a", "b", "again"))
    with pytest.raises(EstimationError, match="people with weight in every arm"):
        fit_multinomial(x, np.where(arm == 1, 2, arm), NAMES)
    score = fit_multinomial(x, arm, NAMES).score
    with pytest.raises(EstimationError, match="no weights of kind 'iptw'"):
        generalised_weights("iptw", arm, score)
    with pytest.raises(EstimationError, match="need the target arm"):
        generalised_weights("att", arm, score)
    with pytest.raises(EstimationError, match="0 or 1: people"):
        generalised_weights("ate", arm, np.where(score == score.max(), 0, score))
    with pytest.raises(EstimationError, match="in the arm 'c'"):
        group_means(y, arm, ("a", "b", "c"), (arm < 2).astype(float))
