"""Grouped-time hazards: one interval by hand, curves without covariates, simulated truth, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.grouped import grouped_hazards, grouped_times, predicted_incidence
from iop_outcomes.estimators.design_matrix.model_matrix import categories
from iop_outcomes.estimators.survival.cuminc import cumulative_incidence

BORDERS = np.array([0.0, 1, 2, 4, 8])


def simulated(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Hazards 0.3 exp(0.7 x) and 0.2 of two causes; seen until one of the borders."""
    x = rng.integers(0, 2, n)
    first, other = rng.exponential(1 / (0.3 * np.exp(0.7 * x))), rng.exponential(5, n)
    place = np.searchsorted(BORDERS, np.minimum(first, other))
    seen = rng.choice([1, 2, 3, 4], n, p=[0.1, 0.1, 0.2, 0.6])
    cause = np.where(place > seen, 0, np.where(first < other, 1, 2))
    last = np.where(cause == 0, seen, place)
    low = BORDERS[np.where(cause == 0, last, last - 1)]
    return {"x": x[:, None].astype(float), "low": low, "high": BORDERS[last], "cause": cause}


def test_two_arms_in_one_interval_by_hand() -> None:
    # 6 of 10 and 3 of 10 leave, so hazards -log(0.4) and -log(0.7); the other intervals have no events.
    x = np.repeat([1.0, 0.0], 10)[:, None]
    left = np.array([1] * 6 + [0] * 4 + [1] * 3 + [0] * 7)
    low, high = np.where(left == 1, 0, 2), np.where(left == 1, 1, 2)
    fit = grouped_hazards(x, low, high, left, 1, ("x",), [0, 1, 2])
    assert fit.estimate.value[0] == pytest.approx(np.log(np.log(0.4) / np.log(0.7)))
    assert fit.baseline.names == ("by:1",)
    assert fit.baseline.value[0] == pytest.approx(np.log(-np.log(0.7)))
    np.testing.assert_allclose(fit.hazards([[1], [0]]), [[0.6, 0], [0.3, 0]], atol=1e-9)
    assert fit.log_likelihood == pytest.approx(6 * np.log(0.6) + 4 * np.log(0.4) + 3 * np.log(0.3) + 7 * np.log(0.7))
    # delta method: the variance of log(-log(1 - q)) is q / (n (1 - q) log(1 - q)^2)
    variance = 0.6 / (10 * 0.4 * np.log(0.4) ** 2) + 0.3 / (10 * 0.7 * np.log(0.7) ** 2)
    assert fit.estimate.standard_error()[0] == pytest.approx(variance**0.5)
    assert np.linalg.inv(fit.information)[0, 0] == pytest.approx(variance)


def test_an_interval_in_which_all_leave_has_hazard_one() -> None:
    x = np.array([[1.0], [0], [1], [0], [1], [0]])
    low, high = np.array([0, 0, 1, 1, 1, 1]), np.array([1, 1, 2, 2, 2, 2])
    fit = grouped_hazards(x, low, high, np.ones(6), 1, ("x",), [0, 1, 2])
    np.testing.assert_allclose(fit.fixed, [np.nan, 1])
    np.testing.assert_allclose(fit.hazards([[0], [1]]), [[1 / 3, 1], [1 / 3, 1]])
    predicted = predicted_incidence([fit], [[0]], ("0",))
    np.testing.assert_allclose(predicted.value, [1 / 3, 1])
    with_another = grouped_hazards(x, low, high, [1, 1, 1, 1, 1, 2], 1, ("x",), [0, 1, 2])
    assert np.isnan(with_another.fixed).all()


@pytest.mark.parametrize("which", [1, 2])
def test_without_covariates_it_is_the_incidence_at_the_borders(which: int) -> None:
    s = simulated(300, np.random.default_rng(2))
    w = np.random.default_rng(3).uniform(0.5, 2, 300)
    nothing = np.empty((300, 0))
    fits = [
        grouped_hazards(nothing, s["low"], s["high"], s["cause"], k, (), BORDERS, weight=w) for k in (which, 3 - which)
    ]
    mine = predicted_incidence(fits, np.empty((1, 0)), ("all",))
    times = grouped_times(s["low"], s["high"], s["cause"], BORDERS)
    curve = cumulative_incidence(times, s["cause"], which, BORDERS[1:], weight=w)
    np.testing.assert_allclose(mine.value, curve.value, rtol=1e-9)
    np.testing.assert_allclose(mine.influence, curve.influence, atol=1e-10)
    assert mine.names == ("all:1", "all:2", "all:4", "all:8")


def test_truth_and_its_standard_error() -> None:
    rng = np.random.default_rng(1)
    values, errors = [], []
    for _ in range(200):
        s = simulated(200, rng)
        estimate = grouped_hazards(**s, which=1, names=("x",), borders=BORDERS).estimate
        values.append(estimate.value[0])
        errors.append(estimate.standard_error()[0])
    # other causes within an interval hide some events of this one, alike in both arms up to second order
    assert np.mean(values) == pytest.approx(0.7, abs=0.06)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.12)


def test_without_competing_causes_any_partition_estimates_the_same() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, 20_000)
    time = rng.exponential(np.exp(-0.7 * x))
    for borders in (np.array([0, 0.5, 1, np.ceil(time.max())]), np.append(np.arange(0, 4, 0.05), np.ceil(time.max()))):
        at = np.searchsorted(borders, time)
        fit = grouped_hazards(x[:, None], borders[at - 1], borders[at], np.ones(20_000), 1, ("x",), borders)
        assert fit.estimate.value[0] == pytest.approx(0.7, abs=3 * fit.estimate.standard_error()[0])


def test_codes_and_a_table_give_the_same() -> None:
    rng = np.random.default_rng(6)
    s = simulated(400, rng)
    matrix = categories({"x": s["x"][:, 0].astype(int), "z": rng.integers(0, 3, 400)})
    given = {**{k: s[k] for k in ("low", "high", "cause")}, "which": 1, "borders": BORDERS}
    coded = grouped_hazards(matrix, names=matrix.names, **given)
    plain = grouped_hazards(matrix.dense(), names=matrix.names, **given)
    np.testing.assert_allclose(coded.estimate.influence, plain.estimate.influence, atol=1e-10)
    np.testing.assert_allclose(coded.baseline.influence, plain.baseline.influence, atol=1e-10)


ONE = {"low": [0, 0, 1, 2.0], "high": [1, 1, 2, 4.0], "cause": [1, 2, 1, 0]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"low": [0.5, 0, 1, 2]}, "begin, or some people are last seen, at no border"),
        ({"high": [2, 1, 2, 4]}, "not one between two successive borders"),
        ({"low": [8, 0, 1, 2]}, "not one between two successive borders"),
        ({"high": [1, 2]}, "'high' has shape"),
        ({"borders": [0, 2, 1]}, "increasing order"),
        ({"borders": [0]}, "at least two values"),
        ({"which": 3}, "No events of cause 3"),
        ({"x": np.ones((4, 1))}, "does not vary"),
        ({"x": [[1], [0], [1], [0]]}, "no finite estimate"),
        ({"cause": [0, 0, 1, 0], "low": [0, 1, 1, 1]}, "no hazard can be compared"),
        ({"weight": -np.ones(4)}, "negative"),
    ],
)
def test_refused(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"x": [[0], [1], [1], [0]], **ONE, "which": 1, "names": ("x",), "borders": BORDERS}
    with pytest.raises(EstimationError, match=message):
        grouped_hazards(**{**given, **changed})  # type: ignore[arg-type]
