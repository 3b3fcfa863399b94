"""Restricted cubic splines: linear tails, smooth knots, the space of natural splines."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.design_matrix.splines import basis, knots

T = np.array([2.0, 5.0, 7.0, 12.0, 20.0])


@pytest.mark.parametrize("k", [3, 4, 5])
def test_shape_and_first_column(k: int) -> None:
    x = np.linspace(-5, 40, 200)
    b = basis(x, T[:k])
    assert b.shape == (200, k - 1)
    np.testing.assert_array_equal(b[:, 0], x)
    assert not b[x <= T[0], 1:].any()


def test_three_knots_by_hand() -> None:
    # Knots 0, 1, 2: x+^3 - 2 (x - 1)+^3 + (x - 2)+^3, over 2^2; beyond 2 it is 6 x - 6.
    np.testing.assert_allclose(basis([0.5, 1, 2, 3, 5], [0, 1, 2])[:, 1], np.array([0.125, 1, 6, 12, 24]) / 4)


def test_tails_are_straight_and_the_middle_is_not() -> None:
    for x in (np.linspace(-10, 2, 50), np.linspace(20, 50, 50)):
        np.testing.assert_allclose(np.diff(basis(x, T), 2, axis=0), 0, atol=1e-9)
    assert np.abs(np.diff(basis(np.linspace(2, 20, 50), T)[:, 1:], 2, axis=0)).max() > 1e-3


def test_spans_the_natural_cubic_splines() -> None:
    from scipy.interpolate import CubicSpline

    x = np.linspace(2, 20, 400)
    for values in np.eye(5):
        natural = CubicSpline(T, values, bc_type="natural")(x)
        design = np.column_stack([np.ones(400), basis(x, T)])
        fitted = design @ np.linalg.lstsq(design, natural, rcond=None)[0]
        np.testing.assert_allclose(fitted, natural, atol=1e-10)


def test_scale_is_that_of_x() -> None:
    x = np.linspace(0, 25, 60)
    np.testing.assert_allclose(basis(7 * x, 7 * T), 7 * basis(x, T), rtol=1e-12, atol=1e-12)


def test_knots_stand_at_quantiles_of_people() -> None:
    x = np.arange(101.0)
    assert knots(x, 3).tolist() == [10, 50, 90]
    np.testing.assert_allclose(knots(x, 4), [5, 35, 65, 95])
    np.testing.assert_allclose(knots(x, 5), [5, 27.5, 50, 72.5, 95])
    rng = np.random.default_rng(1)
    values, frequency = rng.normal(size=40), rng.integers(1, 6, 40)
    expanded = np.quantile(np.repeat(values, frequency), [0.05, 0.35, 0.65, 0.95])
    np.testing.assert_allclose(knots(values, 4, frequency), expanded)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="3, 4, 5 knots, not 7"):
        knots(np.arange(10.0), 7)
    with pytest.raises(EstimationError, match="too few different values"):
        knots(np.repeat([0.0, 1], 50), 4)
    with pytest.raises(EstimationError, match="at least three"):
        basis([1.0], [0, 1])
