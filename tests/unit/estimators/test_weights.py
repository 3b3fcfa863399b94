"""Weights of K arms: by hand, derivatives, two arms told in either way, truncation, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, group_means, weight_slope, weights
from iop_outcomes.estimators.regression.multinomial import fit_multinomial, probabilities

every_kind = pytest.mark.parametrize("kind", TILTS)


@every_kind
def test_weights_by_hand(kind: str) -> None:
    # half of the people are in arm 0, a quarter each in the others
    e = np.array([[0.5, 0.3, 0.2]] * 4)
    h = {"iptw_unstabilised": 1, "att": 0.3, "atc": 0.5, "overlap": 1 / (2 + 10 / 3 + 5), "matching": 0.2, "iptw": 1}
    h["entropy"] = -(0.5 * np.log(0.5) + 0.3 * np.log(0.3) + 0.2 * np.log(0.2))
    share = np.array([0.5, 0.5, 0.25, 0.25]) if kind == "iptw" else 1
    found = weights(kind, [0, 0, 1, 2], e)
    np.testing.assert_allclose(found, share * h[kind] / np.array([0.5, 0.5, 0.3, 0.2]), rtol=1e-14)


@every_kind
@pytest.mark.parametrize("truncated", [None, (0.1, 0.9)])
def test_derivatives_by_the_linear_predictors(kind: str, truncated: tuple[float, float] | None) -> None:
    rng = np.random.default_rng(5)
    predictor, arm = rng.normal(size=(60, 2)), rng.integers(0, 3, 60)

    def at(shift: np.ndarray, quantiles: tuple[float, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
        score = probabilities(predictor + shift, np.eye(2))
        given = {"kind": kind, "arm": arm, "score": score, "truncated": quantiles}
        return weights(**given), weight_slope(**given)

    free, (within, slope) = at(np.zeros(2))[0], at(np.zeros(2), truncated)
    untouched = within == free
    assert untouched.all() == (truncated is None)
    for b, unit in enumerate(np.eye(2)):
        change = (at(1e-6 * unit)[0] - at(-1e-6 * unit)[0]) / 2e-6
        np.testing.assert_allclose(slope[:, b], change * untouched, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", TILTS)
def test_two_arms_have_the_stacked_errors_of_the_propensity_score(kind: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 2))
    arm = (rng.random(300) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    y = x @ [2.0, 1.0] + arm + rng.normal(size=300)
    model, logistic = fit_multinomial(x, arm, "ab"), fit_propensity(x, arm, names="ab")
    weight, slope = weights(kind, arm, model.score), weight_slope(kind, arm, model.score)
    found = stack(group_means(y, arm, ("arm0", "arm1"), weight), slope, model.nuisance)
    known = mean_by_arm(y, arm, weights(kind, arm, logistic.score))
    expected = stack(known, weight_slope(kind, arm, logistic.score), logistic.nuisance).take("arm0", "arm1")
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-9)
    np.testing.assert_allclose(found.covariance(), expected.covariance(), rtol=1e-8, atol=1e-14)


def test_stabilising_changes_no_mean_and_no_error() -> None:
    rng = np.random.default_rng(3)
    x, arm = rng.normal(size=(300, 1)), rng.integers(0, 3, 300)
    model, y = fit_multinomial(x, arm, "a"), x[:, 0] + rng.normal(size=300)
    plain, stabilised = (
        stack(
            group_means(y, arm, "abc", weights(kind, arm, model.score)),
            weight_slope(kind, arm, model.score),
            model.nuisance,
        )
        for kind in ("iptw_unstabilised", "iptw")
    )
    np.testing.assert_allclose(stabilised.value, plain.value, rtol=1e-12)
    np.testing.assert_allclose(stabilised.covariance(), plain.covariance(), rtol=1e-10)
    # stabilised weights are about one on average
    assert weights("iptw", arm, model.score).mean() == pytest.approx(1, abs=0.02)


def test_refusals() -> None:
    arm, score = np.array([0, 1, 2]), np.full((3, 3), 1 / 3)
    with pytest.raises(EstimationError, match=r"no weights of kind 'ipw'\. Choose one of iptw, iptw_unstabilised, att"):
        weights("ipw", arm, score)
    with pytest.raises(EstimationError, match="0 or 1: people"):
        weights("iptw", arm, np.array([[0.0, 0.5, 0.5], *score[1:]]))
    with pytest.raises(EstimationError, match="in the arm 'c'"):
        group_means(arm, arm, ("a", "b", "c"), (arm < 2).astype(float))
