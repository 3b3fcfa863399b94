"""Effects: standardisation by hand, double robustness, outcomes not observed, dose curves, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.effects import (
    aipw,
    fit_outcome,
    mean_by_arm,
    standardised_curve,
    standardised_means,
)
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories


def columns(arm: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.column_stack([arm, z, arm * z])


# Risk by stratum z: arm 1 10 of 40 and 15 of 20, arm 0 5 of 10 and 24 of 30; z = 1 for half of 100 people.
Z = np.repeat([0, 0, 1, 1, 0, 0, 1, 1], (10, 30, 15, 5, 5, 5, 24, 6)).astype(float)
ARM = np.repeat([1, 1, 1, 1, 0, 0, 0, 0], (10, 30, 15, 5, 5, 5, 24, 6))
Y = np.repeat([1.0, 0, 1, 0, 1, 0, 1, 0], (10, 30, 15, 5, 5, 5, 24, 6))
NAMES = ("arm", "z", "arm_z")


def test_means_by_hand() -> None:
    crude = mean_by_arm(Y, ARM)
    np.testing.assert_allclose(crude.value, [25 / 60, 29 / 40])
    np.testing.assert_allclose(crude.standard_error(), np.sqrt([25 / 60 * 35 / 60 / 60, 29 / 40 * 11 / 40 / 40]))
    seen = np.arange(100) % 2 == 0
    missing = np.where(seen, Y, np.nan)
    part = mean_by_arm(missing, ARM, observed=seen)
    np.testing.assert_allclose(part.value, [Y[seen & (a == ARM)].mean() for a in (1, 0)])
    assert not part.influence[~seen].any()


@pytest.mark.parametrize("family", ["logistic", "linear", "poisson"])
def test_saturated_standardisation_and_weighting_are_one_number(family: str) -> None:
    # 1/2 (10/40) + 1/2 (15/20) and 1/2 (5/10) + 1/2 (24/30), whichever way they are computed.
    model = fit_outcome(family, columns(ARM, Z), Y, NAMES)
    one, zero = columns(np.ones(100), Z), columns(np.zeros(100), Z)
    standard = standardised_means(model, one, zero)
    np.testing.assert_allclose(standard.value, [0.5, 0.65], rtol=1e-12)
    score = fit_propensity(Z[:, None], ARM, names=("z",))
    for stacked in (False, True):
        doubly = aipw(model, ARM, one, zero, score, stacked=stacked)
        np.testing.assert_allclose(doubly.value, [0.5, 0.65], rtol=1e-12)
        # With everything saturated all three have the same, efficient, influence.
        np.testing.assert_allclose(doubly.influence, standard.influence, atol=1e-12)


def test_means_over_some_people_only() -> None:
    model = fit_outcome("logistic", columns(ARM, Z), Y, NAMES)
    treated = standardised_means(model, columns(np.ones(100), Z), columns(np.zeros(100), Z), over=ARM == 1)
    # Of those in arm 1, 40 of 60 have z = 0.
    np.testing.assert_allclose(treated.value, [25 / 60, 2 / 3 * 0.5 + 1 / 3 * 0.8], rtol=1e-12)


def simulated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The effect is 1; the outcome has a square, the arm a linear logit."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    arm = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return z, arm, arm + z + z**2 + rng.normal(size=n)


def doubly_robust(z: np.ndarray, arm: np.ndarray, y: np.ndarray, stacked: bool, observed: object = None) -> Estimate:
    """A wrong outcome model with a right score."""
    score = fit_propensity(z[:, None], arm, names=("z",))
    model = fit_outcome("linear", np.column_stack([arm, z]), y, ("arm", "z"), observed=observed)
    one, zero = (np.column_stack([np.full(len(z), a), z]) for a in (1, 0))
    return difference(aipw(model, arm, one, zero, score, stacked=stacked), "arm1", "arm0")


def test_aipw_is_right_where_the_regression_is_wrong() -> None:
    z, arm, y = simulated(40_000, 1)
    estimate = doubly_robust(z, arm, y, stacked=True)
    assert estimate.value[0] == pytest.approx(1, abs=4 * estimate.standard_error()[0])
    assert estimate.standard_error()[0] < 0.05
    crude = difference(mean_by_arm(y, arm), "arm1", "arm0")
    assert crude.value[0] > 1.5


def test_stacked_aipw_standard_error_is_that_of_a_bootstrap() -> None:
    z, arm, y = simulated(500, 2)
    rng, estimates = np.random.default_rng(3), []
    for _ in range(200):
        i = rng.integers(0, 500, 500)
        estimates.append(doubly_robust(z[i], arm[i], y[i], stacked=False).value[0])
    bootstrap = np.std(estimates, ddof=1)
    assert doubly_robust(z, arm, y, stacked=True).standard_error()[0] == pytest.approx(bootstrap, rel=0.15)


def test_standardised_standard_error_is_that_of_a_bootstrap() -> None:
    z, arm, latent = simulated(400, 4)
    y = (latent > 1).astype(float)

    def estimate(i: np.ndarray) -> Estimate:
        model = fit_outcome("logistic", columns(arm[i], z[i]), y[i], NAMES)
        ones = np.ones(len(i))
        return difference(standardised_means(model, columns(ones, z[i]), columns(0 * ones, z[i])), "arm1", "arm0")

    rng = np.random.default_rng(5)
    bootstrap = np.std([estimate(rng.integers(0, 400, 400)).value[0] for _ in range(200)], ddof=1)
    assert estimate(np.arange(400)).standard_error()[0] == pytest.approx(bootstrap, rel=0.15)


def test_unobserved_outcomes_keep_their_people() -> None:
    rng = np.random.default_rng(6)
    z, arm, _ = simulated(20_000, 6)
    y = 2 * z + arm + rng.normal(size=len(z))
    seen = rng.random(len(z)) < 1 / (1 + np.exp(-2 * z))  # the outcome is known mostly for high z
    y = np.where(seen, y, np.nan)
    model = fit_outcome("linear", np.column_stack([arm, z]), y, ("arm", "z"), observed=seen)
    one, zero = (np.column_stack([np.full(len(z), a), z]) for a in (1, 0))
    score = fit_propensity(z[:, None], arm, names=("z",))
    for estimate in (
        standardised_means(model, one, zero),
        aipw(model, arm, one, zero, score),
        aipw(model, arm, one, zero, score, observed_score=1 / (1 + np.exp(-2 * z)), stacked=True),
    ):
        # E(y) over everyone is 1 and 0; among those seen it is far above.
        np.testing.assert_allclose(estimate.value, [1, 0], atol=0.1)
        assert (estimate.influence[~seen] != 0).any()
    assert mean_by_arm(y, arm, observed=seen).value[1] > 0.5


def test_a_linear_curve_by_hand() -> None:
    # Fitted exactly, E(y) = 2 dose + z, so the curve is 2 dose + mean(z), over those asked for.
    rng = np.random.default_rng(7)
    dose, z = rng.random(50), np.arange(50.0)
    model = fit_outcome("linear", np.column_stack([dose, z]), 2 * dose + z, ("dose", "z"))
    curve = standardised_curve(model, lambda g: np.column_stack([np.full(50, g), z]), (0, 0.5), over=z < 10)
    assert curve.names == ("0", "0.5")
    np.testing.assert_allclose(curve.value, [4.5, 5.5], rtol=1e-9)
    # What is left is the spread of z among the ten people averaged over.
    np.testing.assert_allclose(curve.standard_error(), z[:10].std() / np.sqrt(10), rtol=1e-6)


def test_a_spline_curve_finds_a_bend() -> None:
    rng = np.random.default_rng(8)
    hours = rng.uniform(0, 30, 30_000)
    truth = 1 / (1 + np.exp(1 - 0.15 * np.minimum(hours, 15)))
    y = (rng.random(30_000) < truth).astype(float)
    knots = splines.knots(hours, 4)

    def at(g: float) -> np.ndarray:
        return splines.basis(np.full(30_000, g), knots)

    model = fit_outcome("logistic", splines.basis(hours, knots), y, ("hours", "bend1", "bend2"))
    curve = standardised_curve(model, at, (3, 9, 15, 24))
    expected = 1 / (1 + np.exp(1 - 0.15 * np.minimum([3, 9, 15, 24], 15)))
    np.testing.assert_allclose(curve.value, expected, atol=0.035)
    assert (curve.standard_error() < 0.01).all()


def coded(n: int, seed: int = 9) -> tuple[ModelMatrix, dict[str, np.ndarray]]:
    """Covariates with codes, an arm that follows them, and outcomes that are missing for some."""
    rng = np.random.default_rng(seed)
    x = categories({"drug": rng.integers(0, 4, n), "state": rng.integers(0, 6, n)}, rng.normal(size=(n, 1)), ("age",))
    arm = (rng.random(n) < 1 / (1 + np.exp(-x.times(np.linspace(-0.5, 0.5, x.shape[1]))))).astype(float)
    seen = rng.random(n) < 0.8
    y = np.where(seen, rng.random(n) < 0.3 + 0.2 * arm, np.nan)
    weight, frequency = rng.integers(0, 3, n).astype(float), rng.integers(1, 4, n).astype(float)
    return x, {"arm": arm, "y": y, "seen": seen, "weight": weight, "frequency": frequency}


@pytest.mark.parametrize("family", ["logistic", "linear"])
def test_effects_with_codes_are_those_with_indicators(family: str) -> None:
    x, s = coded(600)
    table, found = x.dense(), []
    for matrix in (True, False):

        def with_arm(value: object, matrix: bool = matrix) -> object:
            if matrix:
                return x.with_column("arm", value)  # type: ignore[arg-type]
            return np.column_stack([np.broadcast_to(value, 600), table])  # type: ignore[call-overload]

        names = ("arm", *x.names)
        common = {"weight": s["weight"], "frequency": s["frequency"], "observed": s["seen"]}
        model = fit_outcome(family, with_arm(s["arm"]), s["y"], names, **common)
        score = fit_propensity(x if matrix else table, s["arm"], s["frequency"], x.names)
        one, zero = with_arm(1.0), with_arm(0.0)
        found.append(
            [
                standardised_means(model, one, zero, over=s["arm"] == 1),
                standardised_curve(model, with_arm, (0, 0.5, 1)),
                aipw(model, s["arm"], one, zero, score),
                aipw(model, s["arm"], one, zero, score, stacked=True),
            ]
        )
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-9)
        np.testing.assert_allclose(ours.influence, theirs.influence, atol=1e-12)


def test_saturated_effects_by_hand_from_codes() -> None:
    # the stratum as a code: the model without interaction is saturated in each arm of a linear model with equal effects
    x = categories({"z": Z.astype(int)})
    y = 0.2 + 0.3 * ARM + 0.4 * Z
    model = fit_outcome("linear", x.with_column("arm", ARM), y)
    assert model.names == ("intercept", "arm", "z=1")
    np.testing.assert_allclose(model.coefficient, [0.2, 0.3, 0.4])
    doubly = aipw(model, ARM, x.with_column("arm", 1), x.with_column("arm", 0), fit_propensity(x, ARM), stacked=True)
    np.testing.assert_allclose(doubly.value, [0.7, 0.4])
    # what is left is the spread of the stratum among a hundred people
    np.testing.assert_allclose(doubly.standard_error(), [0.4 * 0.5 / 10] * 2)


def test_predictions_from_other_codes_are_refused() -> None:
    x, s = coded(200)
    model = fit_outcome("linear", x.with_column("arm", s["arm"]), s["arm"] + x.numeric[:, 0])
    score = fit_propensity(x, s["arm"])
    moved = ModelMatrix(x.numeric, x.names, tuple(c[::-1] for c in x.codes), x.levels)
    ends = [moved.with_column("arm", a) for a in (1, 0)]
    with pytest.raises(EstimationError, match="differ from the fitted ones"):
        aipw(model, s["arm"], *ends, score)
    with pytest.raises(EstimationError, match="hold them another way"):
        model.predict(x.with_column("arm", 1).dense())


def test_refusals() -> None:
    model = fit_outcome("logistic", columns(ARM, Z), Y, NAMES)
    one, zero = columns(np.ones(100), Z), columns(np.zeros(100), Z)
    score = fit_propensity(Z[:, None], ARM, names=("z",))
    with pytest.raises(EstimationError, match="differ from the fitted ones"):
        aipw(model, ARM, zero, one, score)
    with pytest.raises(EstimationError, match="No one in the arm 'arm0' has"):
        mean_by_arm(Y, ARM, observed=ARM == 1)
    with pytest.raises(EstimationError, match="'y' is missing"):
        mean_by_arm(np.where(Y == 1, np.nan, Y), ARM)
    with pytest.raises(EstimationError, match="no one with weight among"):
        standardised_means(model, one, zero, over=np.zeros(100))
    with pytest.raises(EstimationError, match="above 0 and at most at 1"):
        aipw(model, ARM, one, zero, score, observed_score=np.full(100, 1.5))
    with pytest.raises(EstimationError, match=r"shape \(100, 2\)"):
        standardised_means(model, one[:, :2], zero)
