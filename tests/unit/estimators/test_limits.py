"""Limits and quantiles of survival: by hand, against the estimates by horizon, coverage, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.inference import SCALES
from iop_outcomes.estimators.survival.cuminc import survival
from iop_outcomes.estimators.survival.limits import limits, probability_limits, quantiles
from iop_outcomes.estimators.survival.whole_curve import survival_curve


def test_limits_by_hand() -> None:
    # S = 1/2, standard error 1/10, two standard errors either way
    half, error = np.array([0.5]), np.array([0.1])
    by_hand = {
        "plain": (0.3, 0.7),
        "log": (0.5 * np.exp(-0.4), 0.5 * np.exp(0.4)),
        "log-log": (0.5 ** np.exp(0.4 / np.log(2)), 0.5 ** np.exp(-0.4 / np.log(2))),
        "logit": (1 / (1 + np.exp(0.8)), 1 / (1 + np.exp(-0.8))),
    }
    assert list(by_hand) == list(SCALES)
    for scale, expected in by_hand.items():
        np.testing.assert_allclose(np.ravel(limits(half, error, scale, 2.0)), expected)
    np.testing.assert_allclose(np.ravel(limits(np.array([0.95]), error, "plain", 2.0)), [0.75, 1])
    np.testing.assert_allclose(limits(np.array([0.95]), error, "log", 2.0)[1], 1)


def test_level_stretches_by_hand() -> None:
    times, curve = np.array([1.0, 2, 3, 4]), np.array([0.75, 0.5, 0.5, 0.25])
    found = quantiles(times, curve, curve - 0.1, curve + 0.1, 9.0, (0.1, 0.25, 0.4, 0.5, 0.75, 0.9))
    np.testing.assert_allclose(found.time, [1, 1.5, 2, 3, (4 + 9) / 2, np.inf])
    np.testing.assert_allclose(found.lower, [1, 1, 2, 2, 4, np.inf])
    np.testing.assert_allclose(found.upper, [1, 2, 3, 4, np.inf, np.inf])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.booleans(), st.floats(0.1, 5), st.integers(0, 3), st.integers(0, 3)),
        min_size=4,
        max_size=30,
    )
)
def test_the_curve_is_the_estimates_by_horizon(people: list[tuple[int, bool, float, int, int]]) -> None:
    time, event, weight, frequency, entry = (np.array(v, dtype=float) for v in zip(*people, strict=True))
    time, entry = np.append(time, 9.0), np.append(np.minimum(entry, time - 1), 0)
    event, weight, frequency = np.append(event, 1), np.append(weight, 1.0), np.append(frequency, 1)
    curve = survival_curve(time, event, weight, frequency, entry)
    points = survival(time, event, curve.times, weight, frequency, entry)
    np.testing.assert_allclose(curve.value, points.value, atol=1e-13)
    np.testing.assert_allclose(curve.standard_error, points.standard_error(), rtol=1e-6, atol=1e-9)
    assert curve.end == 9


def test_half_a_million_people_are_no_matter() -> None:
    rng = np.random.default_rng(3)
    time = np.ceil(rng.exponential(300, 500_000)).clip(max=2000)
    # what grew with the square of their number would not end
    curve = survival_curve(time, time < 2000, rng.uniform(0.5, 2, 500_000))
    assert curve.quantiles(0.5 * np.ones(1)).time[0] == pytest.approx(300 * np.log(2), abs=3)


def test_coverage_of_the_median() -> None:
    rng = np.random.default_rng(5)
    covered = {scale: 0 for scale in SCALES}
    for _ in range(300):
        time, censored = rng.exponential(size=80), rng.uniform(0.2, 3, 80)
        curve = survival_curve(np.minimum(time, censored), time <= censored)
        for scale in SCALES:
            found = curve.quantiles((0.5,), scale)
            covered[scale] += found.lower[0] <= np.log(2) <= found.upper[0]
    assert all(270 <= count <= 297 for count in covered.values()), covered


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="No events"):
        survival_curve([1, 2], [0, 0])
    curve = survival_curve([1, 2, 3], [1, 1, 0])
    with pytest.raises(EstimationError, match="between 0 and 1"):
        curve.quantiles((0.5, 1.0))
    with pytest.raises(EstimationError, match="not 'arcsin'"):
        curve.limits("arcsin")
    with pytest.raises(EstimationError, match="The probability at '3' is not between 0 and 1"):
        probability_limits(survival([1, 2, 3], [1, 1, 1], (2, 3)))
    with pytest.raises(EstimationError, match="'event' holds values other than 0 and 1"):
        survival_curve([1, 2], [1, 2])
