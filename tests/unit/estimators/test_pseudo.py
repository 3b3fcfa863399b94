"""Pseudo-observations: four people by hand, people in groups, doubly robust restricted means, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.causal.effects import aipw, fit_outcome
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.regression.glm import linear
from iop_outcomes.estimators.survival.cuminc import by_arm, restricted_mean, survival
from iop_outcomes.estimators.survival.pseudo import LINKS, pseudo_regression, pseudo_values


def test_four_people_by_hand() -> None:
    # Without censoring, the outcome itself.
    np.testing.assert_allclose(pseudo_values(survival([1, 2, 3, 4], [1, 1, 1, 1], 2))[:, 0], [0, 0, 1, 1], atol=1e-15)
    # One censored at 2, of two who were left to have the event at 3: S(3) = 3/4 . 1/2. The derivatives of log S are
    # -1/4 for who had the event at 1 and 1/12 for the others; at 3, -1/2 and 1/2 for the two left.
    by_hand = 3 / 8 * (1 + 4 * (np.array([1, 1, 1, 1]) / 12 * [-3, 1, 1, 1] + np.array([0, 0, -1, 1]) / 2))
    got = pseudo_values(survival([1, 2, 3, 4], [1, 0, 1, 0], 3))[:, 0]
    np.testing.assert_allclose(got, by_hand, atol=1e-15)
    assert got.mean() == pytest.approx(3 / 8)


def data(n: int = 150) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 2))
    time = np.ceil(15 * rng.exponential(np.exp(-0.4 * x[:, 0])))
    censored = rng.integers(5, 60, n)
    return {
        "x": x,
        "time": np.minimum(time, censored),
        "event": time <= censored,
        "frequency": rng.integers(1, 4, n).astype(float),
        "weight": rng.uniform(0.5, 2, n),
    }


@pytest.mark.parametrize("link", LINKS)
def test_rows_of_several_people_order_and_scaled_weights(link: str) -> None:
    s = data()

    def fit(s: dict[str, np.ndarray], weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        # the last moment of follow-up early enough for all fitted means to be probabilities
        risk = 1 - pseudo_values(survival(s["time"], s["event"], (10, 20), frequency=s["frequency"]))
        found = pseudo_regression(risk, s["x"], ("a", "b"), ("10", "20"), link, weight, s["frequency"])
        return found.value, found.standard_error()

    value, error = fit(s, s["weight"])
    copies = np.random.default_rng(1).permutation(np.repeat(np.arange(150), s["frequency"].astype(int)))
    apart = {name: values[copies] for name, values in s.items()} | {"frequency": np.ones(len(copies))}
    for other in (fit(apart, apart["weight"]), fit(s, 2 * s["weight"])):
        np.testing.assert_allclose(other[0], value, rtol=1e-8)
        np.testing.assert_allclose(other[1], error, rtol=1e-8)


def test_one_quantity_and_no_link_is_linear_regression() -> None:
    s = data()
    mean = pseudo_values(restricted_mean(s["time"], s["event"], 30))
    ours = pseudo_regression(mean, s["x"], ("a", "b"), ("30",), weight=s["weight"])
    theirs = linear(s["x"], mean[:, 0], ("a", "b"), s["weight"])
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-9)
    np.testing.assert_allclose(ours.influence, theirs.influence, atol=1e-10)


def test_doubly_robust_restricted_mean_despite_censoring_and_confounding() -> None:
    rng = np.random.default_rng(11)
    n, tau = 4000, 20.0
    x = rng.normal(size=n)
    arm = rng.random(n) < 1 / (1 + np.exp(-x))
    unit = rng.exponential(size=n)
    latent = {a: 12 * unit * np.exp(-0.6 * x + 0.3 * a) for a in (0, 1)}
    truth = np.minimum(latent[1], tau).mean() - np.minimum(latent[0], tau).mean()
    censored = rng.uniform(5, 40, n)
    time = np.where(arm, latent[1], latent[0])
    seen, event = np.minimum(time, censored), time <= censored
    naive = by_arm(restricted_mean, arm, (True, False), time=seen, event=event, tau=tau)
    assert abs(difference(naive, "True:20", "False:20").value[0] - truth) > 2
    pseudo = np.zeros(n)
    for group in (arm, ~arm):
        pseudo[group] = pseudo_values(restricted_mean(seen[group], event[group], tau))[:, 0]

    def columns(a: np.ndarray) -> np.ndarray:
        return np.column_stack([a, x, a * x])

    model = fit_outcome("linear", columns(arm), pseudo, ("arm", "x", "arm:x"))
    score = fit_propensity(x[:, None], arm, names=("x",))
    means = aipw(model, arm, columns(np.ones(n)), columns(np.zeros(n)), score, stacked=True)
    effect = difference(means, "arm1", "arm0")
    assert abs(effect.value[0] - truth) < 3 * effect.standard_error()[0] < 1


def test_refusals() -> None:
    s = data()
    with pytest.raises(EstimationError, match="every person has weight one"):
        pseudo_values(survival(s["time"], s["event"], 10, weight=s["weight"]))
    risk = 1 - pseudo_values(survival(s["time"], s["event"], 10))
    with pytest.raises(EstimationError, match="not 'probit'"):
        pseudo_regression(risk, s["x"], ("a", "b"), ("10",), "probit")
    with pytest.raises(EstimationError, match="collinear columns"):
        pseudo_regression(risk, s["x"][:, [0, 0]], ("a", "b"), ("10",))
    with pytest.raises(EstimationError, match="found no solution"):
        pseudo_regression(risk - risk.mean(), s["x"], ("a", "b"), ("10",), "logit")
    with pytest.raises(EstimationError, match="names 10, 20"):
        pseudo_regression(risk, s["x"], ("a", "b"), ("10", "20"))
