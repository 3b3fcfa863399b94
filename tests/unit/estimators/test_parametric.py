"""Parametric times: exponential by hand, intervals that shrink to points, separation, refusals; Turnbull by hand."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival.cuminc import survival
from iop_outcomes.estimators.survival.parametric import (
    DISTRIBUTIONS,
    accelerated_failure_time,
    free_by,
    interval_failure_time,
)
from iop_outcomes.estimators.survival.turnbull import turnbull


def data(n: int = 200) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(n, 2))
    time = 20 * np.exp(0.4 * x[:, 0]) * rng.weibull(1.5, n)
    censored = rng.uniform(5, 60, n)
    return {"x": x, "time": np.minimum(time, censored), "event": time <= censored, "weight": rng.uniform(0.5, 2, n)}


def test_exponential_by_hand() -> None:
    # One category: the rate is events over time, 3 / 12, and its logarithm has variance 1 / events.
    group = np.array([0, 0, 0, 0, 1, 1, 1.0])
    time = np.array([1, 2, 4, 5, 2, 6, 4.0])
    event = np.array([1, 1, 0, 1, 1, 1, 0])
    fit = accelerated_failure_time(group[:, None], time, event, ("group",), "exponential")
    np.testing.assert_allclose(fit.estimate.value, [np.log(12 / 3), np.log(12 / 2) - np.log(12 / 3)])
    np.testing.assert_allclose(np.diag(np.linalg.inv(fit.information)), [1 / 3, 1 / 3 + 1 / 2])
    assert fit.log_likelihood == pytest.approx(3 * np.log(3 / 12) - 3 + 2 * np.log(2 / 12) - 2)
    # influence on the log rate: (1 - rate time) / events
    np.testing.assert_allclose(fit.estimate.influence[:4, 0], -(event[:4] - time[:4] / 4) / 3, atol=1e-12)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_narrow_intervals_are_times_and_early_events_are_left_censored(name: str) -> None:
    s = data()
    exact = accelerated_failure_time(s["x"], s["time"], s["event"], ("a", "b"), name, s["weight"])
    end = np.where(s["event"], s["time"], np.inf)
    same = interval_failure_time(s["x"], s["time"], end, ("a", "b"), name, s["weight"])
    np.testing.assert_allclose(same.estimate.value, exact.estimate.value, rtol=1e-10)
    begin = np.where(s["event"], s["time"] * (1 - 1e-5), s["time"])
    narrow = interval_failure_time(s["x"], begin, end, ("a", "b"), name)
    plain = accelerated_failure_time(s["x"], s["time"], s["event"], ("a", "b"), name)
    np.testing.assert_allclose(narrow.estimate.value, plain.estimate.value, atol=1e-4)
    np.testing.assert_allclose(narrow.estimate.standard_error(), plain.estimate.standard_error(), rtol=1e-3)
    begin = np.where(s["event"], np.floor(s["time"] / 10) * 10, s["time"])
    coarse = interval_failure_time(s["x"], begin, np.ceil(end / 10) * 10, ("a", "b"), name)
    # the scale may differ more: times here are Weibull
    moved = np.abs(coarse.estimate.value - plain.estimate.value)[:3]
    assert (moved < 0.5 * plain.estimate.standard_error()[:3] + 0.05).all()


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_units_of_time_and_covariates(name: str) -> None:
    s = data()
    days = accelerated_failure_time(s["x"], s["time"], s["event"], ("a", "b"), name)
    weeks = accelerated_failure_time(s["x"] * [100, 1] + [5, 0], s["time"] / 7, s["event"], ("a", "b"), name)
    np.testing.assert_allclose(weeks.estimate.value[1:3], days.estimate.value[1:3] / [100, 1], rtol=1e-7)
    np.testing.assert_allclose(weeks.estimate.standard_error()[1:3], days.estimate.standard_error()[1:3] / [100, 1])
    assert weeks.log_likelihood == pytest.approx(days.log_likelihood + s["event"].sum() * np.log(7))


def test_the_share_still_free_follows_from_the_model() -> None:
    """Weibull: exp(-(t / exp(b)) ^ (1 / s)), log-logistic: 1 / (1 + (t / exp(b)) ^ (1 / s)), exponential: s = 1."""
    d, times, names = data(), np.array([5.0, 30.0, 200.0]), ("a", "b")
    for name, free in (
        ("weibull", lambda r, s: np.exp(-(r ** (1 / s)))), ("exponential", lambda r, s: np.exp(-r)),
        ("log-logistic", lambda r, s: 1 / (1 + r ** (1 / s))),
    ):  # fmt: skip
        fit = accelerated_failure_time(d["x"], d["time"], d["event"], names, name)
        b = dict(zip(fit.estimate.names, fit.estimate.value, strict=True))
        middle = np.exp(b["intercept"] + sum(0.5 * b[n] for n in names))
        expected = free(times / middle, np.exp(b.get("log_scale", 0.0)))
        np.testing.assert_allclose(free_by(fit, times, dict.fromkeys(names, 0.5)), expected, atol=1e-12)


def test_refusals_of_models() -> None:
    s = data()
    names = ("a", "b")
    with pytest.raises(EstimationError, match="not 'gamma'"):
        accelerated_failure_time(s["x"], s["time"], s["event"], names, "gamma")
    with pytest.raises(EstimationError, match="No events"):
        accelerated_failure_time(s["x"], s["time"], np.zeros(200), names)
    with pytest.raises(EstimationError, match="Some times are 0"):
        accelerated_failure_time(s["x"], np.floor(s["time"] / 10), s["event"], names)
    with pytest.raises(EstimationError, match="collinear"):
        accelerated_failure_time(s["x"][:, [0, 0]], s["time"], s["event"], names)
    never = (np.arange(200) % 9 == 0) & ~s["event"]
    with pytest.raises(EstimationError, match="no maximum: it keeps rising with never"):
        accelerated_failure_time(np.column_stack([s["x"][:, 0], never]), s["time"], s["event"], ("a", "never"))
    with pytest.raises(EstimationError, match="end at or after their beginning"):
        interval_failure_time(s["x"], s["time"], s["time"] - 1, names)
    with pytest.raises(EstimationError, match="Ends of intervals are missing"):
        interval_failure_time(s["x"], s["time"], np.full(200, np.nan), names)
    with pytest.raises(EstimationError, match="one of each for a row"):
        interval_failure_time(s["x"], s["time"], s["time"][:5], names)


def test_turnbull_by_hand() -> None:
    # (0, 2], (1, 3], (2, 3] and beyond 3: mass in (1, 2], (2, 3] and after. If a, b, c are the masses, the
    # likelihood a (a + b) b c is largest at a = b = 3/8, c = 1/4.
    curve = turnbull([0, 1, 2, 3], [2, 3, 3, np.inf])
    assert curve.lower.tolist() == [1, 2, 3]
    assert curve.upper.tolist() == [2, 3, np.inf]
    np.testing.assert_allclose(curve.mass, [3 / 8, 3 / 8, 1 / 4], atol=1e-7)
    least, most = curve.survival((1, 1.5, 2, 2.5, 3, 9))
    np.testing.assert_allclose(least, [1, 5 / 8, 5 / 8, 1 / 4, 1 / 4, 0], atol=1e-7)
    np.testing.assert_allclose(most, [1, 1, 5 / 8, 5 / 8, 1 / 4, 1 / 4], atol=1e-7)
    # an event at 2 is in (1, 2] and not in (2, 3]
    assert turnbull([2, 1], [2, 2]).mass.tolist() == [1]
    assert turnbull([2, 2], [2, 3]).upper.tolist() == [2, 3]


def test_turnbull_of_exact_times_is_kaplan_meier() -> None:
    rng = np.random.default_rng(3)
    time, event = rng.integers(1, 15, 80).astype(float), rng.random(80) < 0.6
    weight, frequency = rng.uniform(0.5, 2, 80), rng.integers(0, 3, 80)
    curve = turnbull(time, np.where(event, time, np.inf), weight, frequency)
    points = survival(time, event, (3, 7, 11), weight, frequency)
    for bound in curve.survival((3, 7, 11)):
        np.testing.assert_allclose(bound, points.value, atol=1e-7)
    doubled = turnbull(time, np.where(event, time, np.inf), 2 * weight, frequency)
    np.testing.assert_allclose(doubled.mass, curve.mass, atol=1e-9)


def test_turnbull_recovers_the_truth_and_takes_many_rows() -> None:
    rng = np.random.default_rng(4)
    time, visit = rng.exponential(30, 20_000), rng.integers(1, 8, 20_000)
    low = np.floor(time / (5 * visit)) * 5 * visit
    curve = turnbull(low, np.where(low < 60, low + 5 * visit, np.inf))
    least, most = curve.survival((30,))
    assert least[0] == pytest.approx(most[0])
    assert least[0] == pytest.approx(np.exp(-1), abs=0.015)
