"""Multinomial scores: shares by hand, two arms are the logistic model, codes are indicators, known scores, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories
from iop_outcomes.estimators.regression.multinomial import (
    MultinomialModel,
    fit_multinomial,
    known_multinomial,
    probabilities,
)

NAMES = ("a", "b")


def three_arms(n: int = 400, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.4]).astype(float)
    score = probabilities(np.column_stack([np.ones(n), x]), np.array([[0.2, 0.7, -0.5], [-0.3, -0.6, 0.8]]))
    arm = (rng.random(n)[:, None] > score.cumsum(axis=1)).sum(axis=1)
    return x, arm, x @ [2.0, 1.0] + arm + rng.normal(size=n)


def coded(n: int = 900, seed: int = 4) -> tuple[ModelMatrix, np.ndarray]:
    """Five categorical covariates, an age and a year far from zero; four arms that depend on them."""
    rng = np.random.default_rng(seed)
    values = {f"c{at}": rng.integers(0, size, n) for at, size in enumerate((2, 3, 4, 6, 9))}
    numbers = np.column_stack([rng.normal(40, 12, n), rng.integers(2015, 2020, n)])
    predictor = np.column_stack([values["c0"] - 0.5, 0.3 * values["c2"] - 0.02 * numbers[:, 0], 0.1 * values["c4"]])
    arm = (rng.random(n)[:, None] > probabilities(predictor, np.eye(3)).cumsum(axis=1)).sum(axis=1)
    return categories(values, numbers, ("age", "year")), arm


def alike(ours: MultinomialModel, theirs: MultinomialModel) -> None:
    np.testing.assert_allclose(ours.coefficient, theirs.coefficient, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-10)
    np.testing.assert_allclose(ours.residual, theirs.residual, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.model_standard_error(), theirs.model_standard_error(), rtol=1e-9)
    direction = np.random.default_rng(4).normal(size=(ours.inverse.shape[0], 2))
    found, expected = ours.nuisance.influence(direction), theirs.nuisance.influence(direction)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_saturated_by_hand() -> None:
    """Of x = 0, arms hold 20, 30 and 50; of x = 1, 40, 10 and 50: log odds and their Woolf errors."""
    count = np.array([[20, 30, 50], [40, 10, 50]])
    x, arm = np.repeat([0, 0, 0, 1, 1, 1], count.ravel()), np.repeat([0, 1, 2, 0, 1, 2], count.ravel())
    for model in (fit_multinomial(x[:, None], arm, ("x",)), fit_multinomial(categories({"x": x}), arm)):
        np.testing.assert_allclose(model.score, (count / 100)[x], rtol=1e-12)
        np.testing.assert_allclose(
            model.coefficient, np.log([[30 / 20, (10 * 20) / (40 * 30)], [50 / 20, (50 * 20) / (40 * 50)]]), rtol=1e-12
        )
        woolf = [[1 / 30 + 1 / 20, 1 / 10 + 1 / 20 + 1 / 40 + 1 / 30], [0.07, 1 / 50 + 1 / 20 + 1 / 40 + 1 / 50]]
        np.testing.assert_allclose(model.model_standard_error(), np.sqrt(woolf), rtol=1e-12)
        np.testing.assert_allclose(model.estimate().standard_error(), np.sqrt(woolf).ravel(), rtol=1e-12)


def test_codes_are_indicators() -> None:
    x, arm = coded()
    weight, frequency = np.random.default_rng(1).random(900) * (np.arange(900) % 7 > 0), np.arange(900) % 3 + 1
    for more in ({}, {"weight": weight, "frequency": frequency}):
        ours, theirs = fit_multinomial(x, arm, **more), fit_multinomial(x.dense(), arm, x.names, **more)
        assert ours.names == theirs.names == ("intercept", *x.names)
        alike(ours, theirs)
        np.testing.assert_allclose(ours.inverse, theirs.inverse, rtol=1e-7, atol=1e-9)


def test_two_arms_are_the_logistic_model() -> None:
    x, arm, _ = three_arms()
    arm = (arm > 0).astype(int)
    model, logistic = fit_multinomial(x, arm, NAMES), fit_propensity(x, arm, names=NAMES)
    np.testing.assert_allclose(model.coefficient[0], logistic.coefficient, rtol=1e-9)
    np.testing.assert_allclose(model.score[:, 1], logistic.score, rtol=1e-9)
    np.testing.assert_allclose(
        model.estimate().influence, logistic.nuisance.influence(np.eye(3)), rtol=1e-8, atol=1e-12
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_score_balances_the_sample_exactly(seed: int) -> None:
    """The score equations: in every arm, the people received and those expected have the same covariates."""
    x, arm = coded(seed=seed)
    model = fit_multinomial(x, arm)
    balanced = model.residual.T @ model.matrix.dense()
    np.testing.assert_allclose(balanced / np.abs(model.matrix.dense()).sum(axis=0), 0, atol=1e-12)


def test_known_scores_are_the_model_that_made_them() -> None:
    x, arm = coded()
    fitted = fit_multinomial(x, arm)
    alike(known_multinomial(fitted.score.copy(), arm, fitted.matrix), fitted)
    two = (arm > 1).astype(int)
    logistic = fit_propensity(x, two)
    both = known_multinomial(np.column_stack([1 - logistic.score, logistic.score]), two, logistic.nuisance.matrix)
    np.testing.assert_allclose(both.coefficient[0], logistic.coefficient, rtol=1e-7)
    direction = np.random.default_rng(4).normal(size=(len(logistic.coefficient), 2))
    np.testing.assert_allclose(both.nuisance.influence(direction), logistic.nuisance.influence(direction), rtol=1e-6)


@pytest.mark.parametrize("kind", ["iptw_unstabilised", "overlap"])
def test_stacked_errors_are_those_of_a_jackknife_that_refits_the_score(kind: str) -> None:
    x, arm, y = three_arms(240)

    def estimate(keep: np.ndarray):
        model = fit_multinomial(x[keep], arm[keep], NAMES)
        weight, slope = weights(kind, arm[keep], model.score), weight_slope(kind, arm[keep], model.score)
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


def test_predictors_far_apart_still_converge() -> None:
    """Steps are halved where they overshoot, and the information is renewed while they are large."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(4000, 2))
    score = probabilities(np.column_stack([np.ones(4000), x]), np.array([[-3.0, 4.0, 0.0], [2.0, 0.0, -4.0]]))
    arm = (rng.random(4000)[:, None] > score.cumsum(axis=1)).sum(axis=1)
    model = fit_multinomial(x, arm, NAMES)
    np.testing.assert_allclose(model.residual.T @ model.matrix.dense() / 4000, 0, atol=1e-12)
    assert (np.abs(model.coefficient - [[-3, 4, 0], [2, 0, -4]]) < 4 * model.model_standard_error()).all()


def test_a_rare_category_that_is_in_every_arm_is_kept() -> None:
    rng = np.random.default_rng(6)
    rare, arm = (np.arange(3000) < 6).astype(int), rng.integers(0, 3, 3000)
    arm[:6] = (0, 0, 0, 1, 1, 2)
    model = fit_multinomial(categories({"rare": rare}), arm)
    np.testing.assert_allclose(model.coefficient.sum(axis=1), np.log([2 / 3, 1 / 3]), atol=1e-9)


def test_refusals_name_the_columns() -> None:
    x, arm, _ = three_arms(200)
    rare = (arm == 1) & (np.arange(200) % 5 == 0)
    with pytest.raises(EstimationError, match=r"coefficient of veteran in the multinomial model .*separation"):
        fit_multinomial(np.column_stack([x[:, 0], rare]), arm, ("a", "veteran"))
    with pytest.raises(EstimationError, match=r"coefficient of veteran=1 in the multinomial model .*separation"):
        fit_multinomial(categories({"veteran": rare.astype(int), "sex": x[:, 1].astype(int)}), arm)
    site = np.repeat(np.arange(8), 25)
    with pytest.raises(EstimationError, match=r"site=1, site=2, .* and 2 more in .* it is their reference"):
        fit_multinomial(categories({"site": site}), np.where(site == 0, 0, np.arange(200) % 3))
    with pytest.raises(EstimationError, match="collinear columns: among b, again"):
        fit_multinomial(x[:, [0, 1, 1]], arm, ("a", "b", "again"))
    sex = x[:, 1].astype(int)
    with pytest.raises(EstimationError, match="collinear columns: among sex=1, again=1"):
        fit_multinomial(categories({"sex": sex, "again": sex, "other": np.arange(200) % 3}), arm)
    with pytest.raises(EstimationError, match="cannot tell what site does"):
        fit_multinomial(np.column_stack([x[:, 0], np.full(200, 5.3)]), arm, ("a", "site"))


def test_refusals_of_arms_and_scores() -> None:
    x, arm, _ = three_arms(200)
    with pytest.raises(EstimationError, match=r"people with weight in every arm.*no one in arm 1"):
        fit_multinomial(x, np.where(arm == 1, 2, arm), NAMES)
    with pytest.raises(EstimationError, match="no one in arm 2"):
        fit_multinomial(x, arm, NAMES, weight=arm < 2)
    with pytest.raises(EstimationError, match="no one in arm 1"):
        fit_multinomial(x, np.zeros(200), NAMES)
    model = fit_multinomial(x, arm, NAMES)
    with pytest.raises(EstimationError, match="0 or 1: people"):
        known_multinomial(np.where(model.score == model.score.max(), 0, model.score), arm, model.matrix)
    with pytest.raises(EstimationError, match="do not add up to 1"):
        known_multinomial(model.score * 0.9, arm, model.matrix)
    with pytest.raises(EstimationError, match="for each of 3 arms"):
        known_multinomial(model.score[:, :2], arm, model.matrix)
    with pytest.raises(EstimationError, match="an intercept of ones comes first"):
        known_multinomial(model.score, arm, ModelMatrix(x, NAMES))
    with pytest.raises(EstimationError, match="collinear columns: among b, again"):
        known_multinomial(model.score, arm, ModelMatrix(x[:, [0, 1, 1]], ("a", "b", "again")).with_intercept("one"))
