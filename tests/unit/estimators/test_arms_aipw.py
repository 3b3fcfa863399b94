"""Doubly robust means of K arms: strata by hand, two arms, derivatives, simulated truth, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.causal.effects import aipw, fit_outcome
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories
from iop_outcomes.estimators.regression.multinomial import fit_multinomial, known_multinomial, probabilities

ARMS = ("a", "b", "c")
TRUTH = np.array([0.0, 1.0, -0.5])
SCORES = np.array([[0.2, 0.9, -0.6], [-0.3, -0.7, 0.8]])


def simulated(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates (n, 2), a number of variance 1 and a category of share 0.4; arms by SCORES; means TRUTH of the arms.

    The number is bounded, as the weights are then: with long tails, 1,500 people tell too little of their own error.
    """
    x = np.column_stack([rng.uniform(-np.sqrt(3), np.sqrt(3), n), rng.random(n) < 0.4])
    score = probabilities(np.column_stack([np.ones(n), x]), SCORES)
    arm = (rng.random(n)[:, None] > score.cumsum(axis=1)).sum(axis=1)
    return x, arm, TRUTH[arm] + x[:, 0] + x[:, 0] ** 2 - 1 + 2 * (x[:, 1] - 0.4) + rng.normal(size=n)


def matrix(x: np.ndarray) -> ModelMatrix:
    """A number and a category."""
    return categories({"b": x[:, 1].astype(int)}, x[:, :1], ("a",))


def test_two_strata_by_hand() -> None:
    """Strata z of 60 and 40 people; within them means of those observed, of whom every arm has four fifths.

    With a saturated score, and all of an arm observed alike, the corrected mean is that of the strata's means: arm a
    0.6 (12/16) + 0.4 (4/8), arm b 0.6 (6/24) + 0.4 (3/12), arm c 0.6 (2/8) + 0.4 (9/12).
    """
    size, events = np.array([[20, 30, 10], [10, 15, 15]]), np.array([[12, 6, 2], [4, 3, 9]])
    z, arm, y, seen = [], [], [], []
    for stratum in range(2):
        for k in range(3):
            n, known = size[stratum, k], size[stratum, k] * 4 // 5
            z += [stratum] * n
            arm += [k] * n
            y += [1.0] * events[stratum, k] + [0.0] * (known - events[stratum, k]) + [np.nan] * (n - known)
            seen += [True] * known + [False] * (n - known)
    terms = categories({"z": np.array(z)})
    found = aipw_of_arms("logistic", y, arm, ARMS, terms, fit_multinomial(terms, arm), seen)
    np.testing.assert_allclose(found.value, [0.6 * 12 / 16 + 0.4 * 4 / 8, 0.25, 0.6 * 2 / 8 + 0.4 * 9 / 12], rtol=1e-12)
    np.testing.assert_allclose(found.influence.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize(("family", "cut"), [("linear", None), ("logistic", 0.5), ("poisson", 0.5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_two_arms_are_those_of_aipw(family: str, cut: float | None, weighted: bool) -> None:
    rng = np.random.default_rng(4)
    x, arm, y = simulated(600, rng)
    arm, y = (arm > 0).astype(int), y if cut is None else (y > cut).astype(float)
    seen = rng.random(600) < 0.8
    more = {"frequency": rng.integers(1, 4, 600), "weight": rng.uniform(0.5, 2, 600)} if weighted else {}
    score = fit_propensity(x, arm, more.get("frequency"), ("a", "b"))
    model = fit_outcome(family, np.column_stack([arm, x]), y, ("arm", "a", "b"), observed=seen, **more)
    one, zero = (np.column_stack([np.full(600, k), x]) for k in (1, 0))
    expected = aipw(model, arm, one, zero, score, stacked=True).take("arm0", "arm1")
    scores = fit_multinomial(x, arm, ("a", "b"), frequency=more.get("frequency"))
    found = aipw_of_arms(family, np.where(seen, y, np.nan), arm, ("arm0", "arm1"), matrix(x), scores, seen, **more)
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-9)
    np.testing.assert_allclose(
        found.influence, expected.influence, rtol=1e-7, atol=1e-9 * np.abs(found.influence).max()
    )
    np.testing.assert_allclose(found.covariance(), expected.covariance(), rtol=1e-9)


@pytest.mark.parametrize("named", [ARMS, ARMS[:2]])
@pytest.mark.parametrize("family", ["linear", "logistic", "poisson"])
def test_influence_is_the_derivative_by_a_persons_weight_with_both_models_fitted_again(
    family: str, named: tuple[str, ...]
) -> None:
    x, arm, y = simulated(60, np.random.default_rng(1))
    y = y if family == "linear" else (y > np.median(y)).astype(float)

    def estimate(weight: np.ndarray) -> Estimate:
        scores = fit_multinomial(matrix(x), arm, weight=weight)
        return aipw_of_arms(family, y, arm, named, matrix(x), scores, weight=weight)

    weight = np.random.default_rng(2).uniform(0.5, 1.5, 60)
    influence = estimate(weight).influence
    for i in range(0, 60, 5):
        step = np.eye(60)[i] * 1e-5
        change = (estimate(weight + step).value - estimate(weight - step).value) / 2e-5
        np.testing.assert_allclose(influence[i], weight[i] * change, rtol=1e-5, atol=1e-8)


def test_codes_frequencies_and_known_scores_change_nothing() -> None:
    x, arm, y = simulated(300, np.random.default_rng(5))
    x = np.round(x)
    fitted = fit_multinomial(x, arm, ("a", "b"))
    dense = aipw_of_arms("linear", y, arm, ARMS, ModelMatrix(x, ("a", "b")), fitted)
    codes = categories({"b": x[:, 1].astype(int)}, x[:, :1], ("a",))
    known = known_multinomial(fitted.score, arm, codes.with_intercept("one"))
    coded = aipw_of_arms("linear", y, arm, ARMS, codes, known)
    np.testing.assert_allclose(coded.value, dense.value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(coded.influence, dense.influence, rtol=1e-7, atol=1e-11)
    frequency = np.random.default_rng(6).integers(1, 4, 300)
    short = aipw_of_arms(
        "linear", y, arm, ARMS, codes, fit_multinomial(codes, arm, frequency=frequency), frequency=frequency
    )
    at = np.repeat(np.arange(300), frequency)
    long = aipw_of_arms("linear", y[at], arm[at], ARMS, codes.take(at), fit_multinomial(codes.take(at), arm[at]))
    np.testing.assert_allclose(short.value, long.value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(short.covariance(), long.covariance(), rtol=1e-9)


def test_truth_is_found_where_one_of_the_two_models_is_wrong() -> None:
    """The outcome has a square that its model lacks; or the scores are fitted without the covariates."""
    rng = np.random.default_rng(8)
    x, arm, y = simulated(200_000, rng)
    crude = np.array([y[arm == k].mean() for k in range(3)])
    assert np.abs(crude - TRUTH).max() > 0.3
    with_square = ModelMatrix(np.column_stack([x, x[:, 0] ** 2]), ("a", "b", "square"))
    score = probabilities(np.column_stack([np.ones(200_000), x]), SCORES)
    right, wrong = (
        known_multinomial(score, arm, matrix(x).with_intercept("one")),
        fit_multinomial(x[:, 1:], arm, ("b",)),
    )
    for terms, scores in ((matrix(x), right), (with_square, wrong), (with_square, right)):
        found = aipw_of_arms("linear", y, arm, ARMS, terms, scores)
        error = found.standard_error()
        assert (error < 0.02).all()
        assert (np.abs(found.value - TRUTH) < 4 * error).all()
        # two of the arms, averaged over the people of all three, whatever became of the third
        pair = aipw_of_arms("linear", np.where(arm < 2, y, np.nan), arm, ARMS[:2], terms, scores, arm < 2)
        assert (np.abs(pair.value - TRUTH[:2]) < 4 * pair.standard_error()).all()


def test_errors_are_those_of_repeated_samples() -> None:
    """300 samples of 1,500 with an outcome model that is wrong: the spread of contrasts, and their coverage."""
    rng, values, errors = np.random.default_rng(9), [], []
    for _ in range(300):
        x, arm, y = simulated(1500, rng)
        found = aipw_of_arms("linear", y, arm, ARMS, matrix(x), fit_multinomial(matrix(x), arm))
        gaps = [difference(found, first, second) for first, second in (("b", "a"), ("c", "a"))]
        values.append([gap.value[0] for gap in gaps])
        errors.append([gap.standard_error()[0] for gap in gaps])
    off = np.array(values) - [1.0, -0.5]
    spread = off.std(axis=0, ddof=1)
    assert (np.abs(off.mean(axis=0)) < 3 * spread / np.sqrt(300)).all()
    np.testing.assert_allclose(np.mean(errors, axis=0), spread, rtol=0.12)
    covered = (np.abs(off) < 1.96 * np.array(errors)).mean(axis=0)
    # 95 % of 300, give or take three standard errors of 1.3 percent
    assert ((covered > 0.91) & (covered < 0.99)).all()


def test_outcomes_missing_by_arm_and_a_person_without_weight() -> None:
    rng = np.random.default_rng(10)
    x, arm, y = simulated(60_000, rng)
    seen = rng.random(60_000) < np.array([0.9, 0.5, 0.7])[arm]
    scores = fit_multinomial(matrix(x), arm)
    found = aipw_of_arms("linear", np.where(seen, y, np.nan), arm, ARMS, matrix(x), scores, seen)
    assert (np.abs(found.value - TRUTH) < 4 * found.standard_error()).all()
    assert (found.influence[~seen] != 0).any()
    weight = (np.arange(60_000) < 30_000).astype(float)
    half = fit_multinomial(matrix(x), arm, weight=weight)
    padded = aipw_of_arms("linear", y, arm, ARMS, matrix(x), half, weight=weight)
    first = slice(0, 30_000)
    alone = aipw_of_arms(
        "linear", y[first], arm[first], ARMS, matrix(x[first]), fit_multinomial(matrix(x[first]), arm[first])
    )
    np.testing.assert_allclose(padded.value, alone.value, rtol=1e-9)
    np.testing.assert_allclose(padded.covariance(), alone.covariance(), rtol=1e-9)


def test_refusals() -> None:
    x, arm, y = simulated(200, np.random.default_rng(11))
    scores, terms = fit_multinomial(matrix(x), arm), matrix(x)
    with pytest.raises(EstimationError, match="No one in the arm 'b' has both an observed outcome and weight"):
        aipw_of_arms("linear", y, arm, ARMS, terms, scores, observed=arm != 1)
    with pytest.raises(EstimationError, match="No one in the arm 'c' has"):
        aipw_of_arms("linear", y, arm, ARMS, terms, scores, weight=arm < 2)
    with pytest.raises(EstimationError, match="of 3 arms, and 4 arms are named"):
        aipw_of_arms("linear", y, arm, (*ARMS, "d"), terms, scores)
    with pytest.raises(EstimationError, match="'y' is missing"):
        aipw_of_arms("linear", np.where(arm == 1, np.nan, y), arm, ARMS, terms, scores)
    with pytest.raises(EstimationError, match=r"'y' has shape \(3,\) where 200"):
        aipw_of_arms("linear", y[:3], arm, ARMS, terms, scores)
    with pytest.raises(EstimationError, match=r"coefficient of arm=c in the logistic model .*separation"):
        aipw_of_arms("logistic", np.where(arm == 2, 1, np.arange(200) % 2), arm, ARMS, terms, scores)
    with pytest.raises(EstimationError, match="0 or 1: people of that kind"):
        aipw_of_arms("linear", y, arm, ARMS, terms, replace(scores, score=np.eye(3)[arm]))
