"""Whole curves: at every event time the value and standard error that `cuminc` gives there."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.survival.cuminc import cumulative_incidence, survival
from iop_outcomes.estimators.survival.whole_curve import incidence_curves, survival_curve


def people(n: int, days: int, seed: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    time = 1.0 + rng.integers(0, days, n)
    weight = rng.uniform(0.2, 3, n)
    weight[:3] = 0
    return {
        "time": time, "cause": rng.integers(0, 4, n), "weight": weight, "frequency": rng.integers(1, 4, n),
        "entry": time * rng.uniform(0, 0.9, n) * (rng.random(n) < 0.6),
    }  # fmt: skip


@pytest.mark.parametrize("days", [9, 5000])
@pytest.mark.parametrize("entered", [False, True])
def test_every_point_is_the_one_of_its_horizon(days: int, entered: bool) -> None:
    s = people(120, days)
    if not entered:
        del s["entry"]
    curves = incidence_curves(**s)
    assert list(curves) == [1, 2, 3]
    for which, curve in curves.items():
        first = np.flatnonzero(curve.value > 0)[0]
        at = np.unique(np.linspace(first, len(curve.times) - 1, 12).astype(int))
        points = cumulative_incidence(which=which, times=curve.times[at], **s)
        np.testing.assert_allclose(curve.value[at], points.value, rtol=1e-12)
        np.testing.assert_allclose(curve.standard_error[at], points.standard_error(), rtol=1e-9, atol=1e-12)
    s["event"] = s.pop("cause") > 0
    curve = survival_curve(**s)
    points = survival(times=curve.times[2:-1], **s)
    np.testing.assert_allclose(curve.value[2:-1], points.value, rtol=1e-12)
    np.testing.assert_allclose(curve.standard_error[2:-1], points.standard_error(), rtol=1e-9, atol=1e-12)


def test_greenwood_by_hand() -> None:
    curve = survival_curve([1, 2, 2, 3, 4], [1, 1, 0, 1, 0])
    np.testing.assert_allclose(curve.value, [0.8, 0.6, 0.3])
    greenwood = curve.value * np.sqrt(np.cumsum([1 / (5 * 4), 1 / (4 * 3), 1 / (2 * 1)]))
    np.testing.assert_allclose(curve.standard_error, greenwood)
    np.testing.assert_allclose(curve.at_risk, [5, 4, 2])


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="No events of any cause"):
        incidence_curves([1, 2], [0, 0])
