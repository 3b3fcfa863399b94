"""Shapes of a curve of how long people stay: by hand, against statsmodels, what no unit may change, and on points of
known truth: a line shows no bend as often as it should, and a threshold shows one."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import GLS

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.shapes import shapes

WEEKS = np.array([2.0, 4, 6, 8, 10, 13, 16, 20])
N = 400


def curve(means: np.ndarray, rng: np.random.Generator, noise: float = 1.0) -> Estimate:
    """Means of values that people share: those of one person lie together."""
    shared = rng.normal(size=(N, 1))
    values = means + noise * (0.7 * shared + rng.normal(size=(N, len(means))) * np.linspace(1, 2, len(means)))
    found = values.mean(axis=0)
    names = tuple(f"week {w:g}" for w in WEEKS[: len(means)])
    return Estimate(names, found, (values - found) / N, np.ones(N))


def test_points_on_a_broken_line_give_its_slopes_back():
    found = shapes(
        curve(0.1 + 0.02 * WEEKS - 0.015 * np.maximum(WEEKS - 13, 0), np.random.default_rng(1), 1e-6), WEEKS, 13
    )
    assert found.slopes.names == ("slope", "slope_before", "slope_after", "change_of_slope")
    np.testing.assert_allclose(found.slopes.value[1:], [0.02, 0.005, -0.015], atol=1e-5)
    assert found.misfit["broken"].p_value > 0.01
    assert found.misfit["line"].p_value < 1e-10
    assert [found.misfit[n].degrees for n in ("line", "broken", "smooth")] == [6, 5, 5]


def test_slopes_are_those_of_generalised_least_squares():
    made = curve(0.3 + 0.01 * WEEKS, np.random.default_rng(2))
    found = shapes(made, WEEKS, 10)
    x = np.column_stack([np.ones(8), WEEKS, np.maximum(WEEKS - 10, 0)])
    fit = GLS(made.value, x, sigma=made.covariance()).fit()
    np.testing.assert_allclose(found.slopes.value[[1, 3]], fit.params[1:], rtol=1e-8)
    # of a covariance that is known, and not up to a factor
    np.testing.assert_allclose(
        found.slopes.standard_error()[[1, 3]], np.sqrt(np.diag(fit.normalized_cov_params))[1:], rtol=1e-8
    )
    assert found.misfit["broken"].statistic == pytest.approx(float(fit.wresid @ fit.wresid), rel=1e-8)


def test_days_in_place_of_weeks_and_more_people_alike_change_slopes_by_the_unit_alone():
    made = curve(0.3 + 0.01 * WEEKS, np.random.default_rng(3))
    weeks, days = shapes(made, WEEKS, 10), shapes(made, 7 * WEEKS, 70)
    np.testing.assert_allclose(weeks.slopes.value, 7 * days.slopes.value)
    np.testing.assert_allclose(weeks.slopes.p_value(), days.slopes.p_value())
    for name, misfit in weeks.misfit.items():
        assert misfit.statistic == pytest.approx(days.misfit[name].statistic, rel=1e-8)


def test_a_line_bends_by_chance_only_and_a_threshold_is_found():
    rng = np.random.default_rng(4)
    line = np.array([shapes(curve(0.02 * WEEKS, rng), WEEKS, 13).slopes.p_value()[3] for _ in range(400)])
    assert 0.02 < (line < 0.05).mean() < 0.09
    bent = 0.05 * np.minimum(WEEKS, 13)
    there = np.array([shapes(curve(bent, rng), WEEKS, 13).slopes.p_value()[3] for _ in range(100)])
    assert (there < 0.05).mean() > 0.6
    miss = np.array([shapes(curve(0.02 * WEEKS, rng), WEEKS, 13).misfit["line"].p_value for _ in range(400)])
    assert 0.02 < (miss < 0.05).mean() < 0.09


def test_what_cannot_bend_is_refused():
    made = curve(0.02 * WEEKS, np.random.default_rng(5))
    with pytest.raises(EstimationError, match="two points on either side"):
        shapes(made, WEEKS, 3)
    with pytest.raises(EstimationError, match="places that rise"):
        shapes(made, WEEKS[::-1], 13)
    twice = Estimate(made.names, made.value, np.repeat(made.influence[:, :1], 8, axis=1), np.ones(N))
    with pytest.raises(EstimationError, match="tell some of each other exactly"):
        shapes(twice, WEEKS, 13)
