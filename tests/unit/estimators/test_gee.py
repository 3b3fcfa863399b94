"""Estimating equations: pairs by hand, one visit each, order and weights, truth, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.regression.gee import CORRELATIONS, FAMILIES, gee
from iop_outcomes.estimators.regression.glm import fit, logistic


def data(people: int = 40, visits: int = 5, seed: int = 3) -> dict[str, np.ndarray]:
    """Weekly screens of people of whom some are likelier to use; one in six missed."""
    rng = np.random.default_rng(seed)
    person, wave = np.repeat(np.arange(people), visits), np.tile(np.arange(visits), people)
    arm, own = rng.integers(0, 2, people)[person], rng.normal(size=people)[person]
    y = (rng.random(person.size) < 1 / (1 + np.exp(0.3 - 0.5 * arm - own))).astype(float)
    seen = rng.random(person.size) < 5 / 6
    weight = rng.uniform(0.5, 2, people)[person]
    s = {"x": np.column_stack([arm, wave]), "y": y, "cluster": person, "wave": wave, "weight": weight}
    return {name: values[seen] for name, values in s.items()}


NAMES = ("arm", "wave")


def test_pairs_by_hand() -> None:
    # Means of 1, 3 | 2, 4 | 6, 8 and a single 4 with exchangeable correlation: with mean m, residuals y - m, phi the
    # mean of squares, alpha the mean product of the three pairs over phi, a pair weighs 2 / (1 + alpha), the single 1.
    y, cluster = np.array([1, 3, 2, 4, 6, 8, 4.0]), [1, 1, 2, 2, 3, 3, 4]
    found = gee("linear", np.zeros((7, 0)), y, (), cluster, "exchangeable")
    m = 4.0
    for _ in range(100):
        e = y - m
        phi = (e**2).mean()
        alpha = (e[0] * e[1] + e[2] * e[3] + e[4] * e[5]) / 3 / phi
        each = np.array([1 / (1 + alpha)] * 6 + [1])
        m = each @ y / each.sum()
    np.testing.assert_allclose([found.estimate.value[0], found.correlation, found.scale], [m, alpha, phi])
    sums = np.array([each[:2] @ e[:2], each[2:4] @ e[2:4], each[4:6] @ e[4:6], each[6] * e[6]]) / each.sum()
    assert found.estimate.standard_error()[0] == pytest.approx(np.sqrt((sums**2).sum() * 4 / 3))


@pytest.mark.parametrize("family", FAMILIES)
def test_independence_is_regression_with_clusters(family: str) -> None:
    s = data()
    ours = gee(family, s["x"], s["y"], NAMES, s["cluster"], weight=s["weight"]).estimate
    theirs = fit(family, s["x"], s["y"], NAMES, s["weight"]).clustered(s["cluster"])
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-9)
    np.testing.assert_allclose(ours.covariance(), theirs.covariance(), rtol=1e-8)
    assert gee(family, s["x"], s["y"], NAMES, s["cluster"]).correlation == 0


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_order_scaled_weights_rows_without_weight_and_copies(correlation: str) -> None:
    s = data()

    def fitted(s: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
        found = gee("logistic", s["x"], s["y"], NAMES, s["cluster"], correlation, s["wave"], s["weight"])
        return found.estimate.value, found.estimate.covariance(), found.correlation

    value, covariance, alpha = fitted(s)
    order = np.random.default_rng(1).permutation(len(s["y"]))
    for other in ({k: v[order] for k, v in s.items()}, s | {"weight": 3 * s["weight"]}):
        for ours, theirs in zip(fitted(other), (value, covariance, alpha), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-8)
    extra = data(seed=9)
    padded = {k: np.concatenate([s[k], extra[k]]) for k in s}
    padded["cluster"][len(s["y"]) :] += 1000
    padded["weight"][len(s["y"]) :] = 0
    assert fitted(padded)[2] == pytest.approx(alpha)
    np.testing.assert_allclose(fitted(padded)[0], value, rtol=1e-8)
    # each cluster twice is each with twice the weight
    twice = {k: np.concatenate([v, v]) for k, v in s.items()}
    twice["cluster"] = np.concatenate([s["cluster"], s["cluster"] + 1000])
    assert fitted(twice)[2] == pytest.approx(alpha)
    np.testing.assert_allclose(fitted(twice)[1] * 79 / 80, covariance * 39 / 40 / 2, rtol=1e-8)


def test_without_waves_rows_are_in_order() -> None:
    s = data()
    plain = gee("logistic", s["x"], s["y"], NAMES, s["cluster"], "ar1")
    first = np.concatenate([[0], np.flatnonzero(np.diff(s["cluster"])) + 1])
    start = np.repeat(first, np.diff([*first, len(s["y"])]))
    numbered = gee("logistic", s["x"], s["y"], NAMES, s["cluster"], "ar1", np.arange(len(s["y"])) - start)
    np.testing.assert_allclose(plain.estimate.covariance(), numbered.estimate.covariance())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_correlation_below_zero_is_fitted(family: str) -> None:
    """Independent weeks: in half of all samples the moments are below zero, and every one has a fit."""
    below = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        person, x = np.repeat(np.arange(30), 5), rng.normal(size=(150, 1))
        y = (rng.random(150) < 0.4).astype(float)
        found = gee(family, x, y, ("x",), person, "ar1")
        assert -1 < found.correlation < 1
        below += found.correlation < 0
    assert 10 <= below <= 35


def test_a_correlation_by_hand_and_its_sign() -> None:
    # neighbours of opposite sign, and no others: alpha is the mean product of neighbours over phi
    y, cluster = np.tile([1.0, -1.2], 8) + np.arange(16) / 50, np.repeat(np.arange(8), 2)
    found = gee("linear", np.zeros((16, 0)), y, (), cluster, "ar1")
    e = y - found.estimate.value[0]
    assert found.correlation == pytest.approx((e[::2] * e[1::2]).mean() / (e**2).mean())
    assert found.correlation < -0.9
    # two weeks apart only the square is seen, and half a week apart a power of it would be no number
    even = gee("linear", np.zeros((16, 0)), y, (), cluster, "ar1", np.tile([0.0, 2], 8))
    assert even.correlation == pytest.approx(0, abs=1e-6)
    with pytest.raises(EstimationError, match="between whole numbers"):
        gee("linear", np.zeros((16, 0)), y, (), cluster, "ar1", np.tile([0.0, 0.5], 8))


def test_truth_and_coverage() -> None:
    rng = np.random.default_rng(5)
    z = []
    for _ in range(100):
        person = np.repeat(np.arange(80), 4)
        arm = rng.integers(0, 2, 80)[person]
        y = 1 + 0.5 * arm + rng.normal(size=80)[person] + rng.normal(size=320)
        found = gee("linear", arm[:, None], y, ("arm",), person, "exchangeable")
        z.append((found.estimate.value[1] - 0.5) / found.estimate.standard_error()[1])
    assert abs(np.mean(z)) < 0.35
    assert 0.8 < np.std(z) < 1.2
    assert found.correlation == pytest.approx(0.5, abs=0.2)


def test_refusals() -> None:
    s = data()
    arguments = {"x": s["x"], "y": s["y"], "names": NAMES, "cluster": s["cluster"]}
    with pytest.raises(EstimationError, match="not 'probit'"):
        gee("probit", **arguments)
    with pytest.raises(EstimationError, match="not 'toeplitz'"):
        gee("logistic", **arguments, correlation="toeplitz")
    with pytest.raises(EstimationError, match="at least two clusters"):
        gee("logistic", **(arguments | {"cluster": np.zeros(len(s["y"]))}))
    with pytest.raises(EstimationError, match="'cluster' has shape"):
        gee("logistic", **(arguments | {"cluster": [1, 2]}))
    with pytest.raises(EstimationError, match="Every cluster has one row"):
        gee("logistic", **(arguments | {"cluster": np.arange(len(s["y"]))}), correlation="exchangeable")
    with pytest.raises(EstimationError, match="Weights change within clusters"):
        gee("logistic", **arguments, correlation="ar1", weight=np.linspace(1, 2, len(s["y"])))
    with pytest.raises(EstimationError, match="the same wave"):
        gee("logistic", **arguments, correlation="ar1", wave=np.zeros(len(s["y"])))
    with pytest.raises(EstimationError, match=r"where this form allows -1\.00 to 1"):
        gee("linear", np.zeros((4, 0)), [1, -1, 1, -1], (), [1, 1, 2, 2], "exchangeable")
    with pytest.raises(EstimationError, match="collinear"):
        gee("logistic", **(arguments | {"x": s["x"][:, [0, 0]]}))


@pytest.mark.parametrize("far", [1e3, 1e7, 1e12])
def test_one_value_far_away_settles_as_the_regression_does(far: float) -> None:
    rng = np.random.default_rng(5)
    x, y, cluster = rng.normal(size=(60, 1)), (rng.random(60) < 0.5).astype(float), np.arange(60) // 3
    x[0], y[0] = far, float(x[1:, 0] @ (y[1:] - y[1:].mean()) > 0)
    plain = logistic(x, y, ["x"]).clustered(cluster)
    found = gee("logistic", x, y, ["x"], cluster).estimate
    np.testing.assert_allclose(found.value, plain.value, rtol=1e-6)
    np.testing.assert_allclose(found.standard_error(), plain.standard_error(), rtol=1e-5)
