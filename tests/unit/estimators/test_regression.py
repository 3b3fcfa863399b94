"""Regressions: tables by hand, statsmodels' own robust variance, and refusals that name the column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.regression.glm import linear, logistic, poisson

# 12 of 20 with the exposure have the outcome, 10 of 40 without.
X = np.repeat([[1.0], [1], [0], [0]], (12, 8, 10, 30), axis=0)
Y = np.repeat([1, 0, 1, 0], (12, 8, 10, 30))


def test_two_by_two_by_hand() -> None:
    odds = logistic(X, Y, ("exposed",))
    np.testing.assert_allclose(odds.value, [np.log(10 / 30), np.log(12 * 30 / (8 * 10))], rtol=1e-12)
    # Saturated, so the robust variance is Woolf's.
    np.testing.assert_allclose(odds.standard_error()[1], np.sqrt(1 / 12 + 1 / 8 + 1 / 10 + 1 / 30), rtol=1e-12)
    ratio = poisson(X, Y, ("exposed",))
    np.testing.assert_allclose(ratio.value[1], np.log(0.6 / 0.25), rtol=1e-12)
    np.testing.assert_allclose(ratio.standard_error()[1], np.sqrt(8 / 12 / 20 + 30 / 10 / 40), rtol=1e-12)
    gap = linear(X, Y, ("exposed",))
    np.testing.assert_allclose(gap.value, [0.25, 0.35], rtol=1e-12)
    np.testing.assert_allclose(gap.standard_error()[1], np.sqrt(0.24 / 20 + 0.1875 / 40), rtol=1e-12)
    assert gap.names == ("intercept", "exposed")


@pytest.mark.parametrize(("ours", "family"), [(logistic, "Binomial"), (poisson, "Poisson"), (linear, "Gaussian")])
def test_robust_variance_as_in_statsmodels(ours: object, family: str) -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3)) * (1, 50, 0.01) + (0, 900, 0)
    y = (rng.random(400) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    fitted = sm.GLM(y, sm.add_constant(x), family=getattr(sm.families, family)()).fit(tol=1e-13, cov_type="HC0")
    estimate = ours(x, y, ("a", "b", "c"))  # type: ignore[operator]
    np.testing.assert_allclose(estimate.value, fitted.params, rtol=1e-7)
    np.testing.assert_allclose(estimate.standard_error(), fitted.bse, rtol=1e-6)


def test_score_is_zero_to_machine_precision() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5000, 3))
    y = (rng.random(5000) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    beta = logistic(x, y, ("a", "b", "c")).value
    mu = 1 / (1 + np.exp(-beta[0] - x @ beta[1:]))
    np.testing.assert_allclose(x.T @ (y - mu) / 5000, 0, atol=1e-15)


def test_large_samples_converge() -> None:
    # A deviance of a million cannot settle to eight decimals.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 2))
    y = (rng.random(200) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    small = logistic(x, y, ("a", "b"))
    large = logistic(x, y, ("a", "b"), frequency=np.full(200, 1e6))
    np.testing.assert_allclose(large.value, small.value, rtol=1e-10)
    np.testing.assert_allclose(large.covariance(), small.covariance() / 1e6, rtol=1e-8)


def test_a_variable_far_from_zero_is_not_collinear() -> None:
    year = np.random.default_rng(4).integers(2006, 2020, 300).astype(float)
    y = np.random.default_rng(5).normal(size=300)
    raw = linear(np.column_stack([year, year**2]), y, ("year", "year_squared"))
    centred = linear(np.column_stack([year - 2013, (year - 2013) ** 2]), y, ("year", "year_squared"))
    assert raw.value[2] == pytest.approx(centred.value[2], rel=1e-4)


def refused(family: object, x: np.ndarray, y: np.ndarray, names: tuple[str, ...], says: str) -> None:
    with pytest.raises(EstimationError, match=says):
        family(x, y, names)  # type: ignore[operator]


def test_refusals_name_the_column() -> None:
    rng = np.random.default_rng(6)
    a = rng.normal(size=200)
    y = (rng.random(200) < 1 / (1 + np.exp(-a))).astype(float)
    rare = (np.arange(200) % 20 == 0) & (y == 1)
    assert rare.sum() > 2
    refused(logistic, np.column_stack([a, rare]), y, ("a", "rare"), "coefficient of rare .*separation")
    refused(poisson, np.column_stack([a, rare]), 1 - y, ("a", "rare"), "coefficient of rare .*separation")
    refused(logistic, np.column_stack([a, 2 * y + 1]), y, ("a", "same"), "of same .*separation")
    refused(logistic, np.column_stack([a, 2 * a + 1]), y, ("a", "twice"), "among a, twice,")
    refused(linear, np.column_stack([a, np.full(200, 5.3)]), y, ("a", "site"), "cannot tell what site does")
    refused(linear, np.column_stack([a, np.zeros(200)]), y, ("a", "empty"), "cannot tell what empty does")
    refused(logistic, a[:, None], np.zeros(200), ("a",), "No events")
    refused(logistic, a[:, None], np.ones(200), ("a",), "Nothing but events")
    refused(logistic, a[:, None], 2 * y, ("a",), "between 0 and 1")
    refused(poisson, a[:, None], -y, ("a",), "between 0 and inf")
    refused(linear, a[:, None], np.where(y == 1, np.nan, 0), ("a",), "'y' is missing")
    refused(linear, np.eye(3), np.ones(3), ("a", "b", "c"), "collinear")


def test_a_reference_that_is_separated_is_told_as_such() -> None:
    site = np.repeat(np.arange(9), 40)
    y = np.where(site == 0, 1.0, np.arange(360) % 2)
    x = (site[:, None] == np.arange(1, 9)).astype(float)
    with pytest.raises(EstimationError, match=r"s1, s2, s3, s4, s5 and 3 more .* it is their reference"):
        logistic(x, y, [f"s{k}" for k in range(1, 9)])


@pytest.mark.parametrize("seed", range(8))
def test_the_separated_column_is_named_and_not_its_neighbours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arm, x = np.arange(200) % 3, rng.normal(size=(200, 2))
    y = np.where(arm == 2, 1.0, rng.random(200) < 1 / (1 + np.exp(-x[:, 0])))
    columns = np.column_stack([arm == 1, arm == 2, x])
    refused(logistic, columns, y, ("second", "third", "a", "b"), "coefficient of third in the logistic")


def test_a_rare_category_that_is_not_separated_is_kept() -> None:
    rng = np.random.default_rng(6)
    rare = np.arange(2000) < 4
    y = (rng.random(2000) < 0.5).astype(float)
    y[:4] = (1, 0, 0, 0)
    assert logistic(rare[:, None], y, ("rare",)).value.sum() == pytest.approx(np.log(1 / 3), abs=1e-9)


@pytest.mark.parametrize("family", ["logistic", "poisson", "linear"])
def test_models_end_where_statsmodels_does(family: str) -> None:
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(50, 12, 3000), rng.random(3000) < 0.02, rng.normal(size=3000)])
    y = (rng.random(3000) < 1 / (1 + np.exp(4 - 0.05 * x[:, 0] - 2 * x[:, 1]))).astype(float)
    weight = rng.uniform(0.5, 2, 3000)
    kind = {"logistic": families.Binomial, "poisson": families.Poisson, "linear": families.Gaussian}[family]()
    peer = GLM(y, glm.with_intercept(x), family=kind, freq_weights=weight).fit(tol=1e-14, cov_type="HC0")
    ours = glm.fit(family, x, y, ("a", "b", "c"), weight)
    np.testing.assert_allclose(ours.value, peer.params, rtol=1e-8)
    np.testing.assert_allclose(ours.standard_error(), by_hand(x, y, weight, peer, kind), rtol=1e-8)
    with pytest.raises(EstimationError, match="separation"):
        glm.logistic(np.column_stack([x, y]), y, ("a", "b", "c", "d"), weight)


def by_hand(x: np.ndarray, y: np.ndarray, weight: np.ndarray, peer: Any, kind: Any) -> np.ndarray:
    """The sandwich with case weights squared in its middle, which statsmodels' frequency weights do not have."""
    design = glm.with_intercept(x)
    mu = np.asarray(peer.fittedvalues)
    bread = np.linalg.inv(design.T @ (design * (weight * kind.variance(mu))[:, None]))
    middle = design.T @ (design * ((weight * (y - mu)) ** 2)[:, None])
    return np.sqrt(np.diag(bread @ middle @ bread))
