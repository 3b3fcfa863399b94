"""Means under doses where the outcome is regressed on more than the dose: hours that were scheduled, and go on."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from iop_outcomes.estimators.causal.doses import Course, Dose, effective_near, near
from iop_outcomes.estimators.causal.generalised_propensity import by_category, by_dose, dose_weights
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import categories, model_matrix, together

GRID = [7.0, 10.0]


@pytest.fixture(scope="module")
def people() -> dict[str, np.ndarray]:
    """Hours lie about those that were scheduled, which go on; risk lowers hours and the outcome."""
    rng, n = np.random.default_rng(5), 6_000
    scheduled, risk = rng.choice([9.0, 11.0], n), rng.normal(size=n)
    hours = scheduled - 1.5 - 0.5 * risk + rng.normal(0, 1.2, n)
    y = (rng.random(n) < 0.5 + 0.01 * (hours - 8) + 0.04 * (scheduled - 10) - 0.1 * np.tanh(risk)).astype(float)
    return {"scheduled": scheduled, "risk": risk, "hours": hours, "y": y}


def test_means_are_those_of_statsmodels_with_the_columns_beside(people) -> None:
    hours, y = people["hours"], people["y"]
    beside = np.column_stack([np.log(people["scheduled"]), people["risk"]])
    weights = dose_weights(people["risk"][:, None], hours)
    whole = by_dose(y, hours, GRID, 3, beside=beside).means(weights)
    at = splines.knots(hours, 3)
    table = sm.add_constant(np.column_stack([splines.basis(hours, at), beside]))
    fitted = sm.GLM(y, table, sm.families.Binomial(), freq_weights=weights.weight).fit()
    here = [np.tile(row, (len(y), 1)) for row in splines.basis(np.array(GRID), at)]
    forced = [fitted.predict(np.column_stack([np.ones(len(y)), row, beside])) for row in here]
    np.testing.assert_allclose(whole.estimate.value, [one.mean() for one in forced], rtol=1e-6)
    category = (hours > 8).astype(int)
    linear = by_category(y, category, ["few", "more"], beside=beside).means(weights).estimate.value
    line = sm.WLS(y, sm.add_constant(np.column_stack([category, beside])), weights=weights.weight).fit()
    assert linear[1] - linear[0] == pytest.approx(line.params[1])


def test_what_goes_on_is_no_part_of_what_hours_do(people) -> None:
    hours, y = people["hours"], people["y"]
    weights = dose_weights(people["risk"][:, None], hours)
    beside = np.column_stack([np.log(people["scheduled"]), people["risk"]])
    right, wrong = (by_dose(y, hours, GRID, 3, beside=one).means(weights).estimate for one in (beside, None))
    for found, off in ((right, False), (wrong, True)):
        gap = found.value[1] - found.value[0]
        error = np.sqrt([-1, 1] @ found.covariance() @ [-1, 1])
        assert (abs(gap - 0.03) > 3 * error) == off, (gap, error)


def test_two_tables_of_the_same_people_are_one(people) -> None:
    n = 30
    first = model_matrix(people["risk"][:n, None], ["risk"])
    second = categories({"site": np.arange(n) % 3}, people["hours"][:n, None], ["hours"])
    both = together(first, second)
    assert both.names == ("risk", "hours", *second.names[1:])
    np.testing.assert_array_equal(both.dense()[:, :2], np.column_stack([people["risk"][:n], people["hours"][:n]]))
    np.testing.assert_array_equal(both.dense()[:, 2:], second.dense()[:, 1:])


def test_people_near_a_dose_are_as_many_as_their_weights_make() -> None:
    level = np.array([[1, 1], [1, 1], [1, 1], [1, 0], [1, 1]])
    hours = np.array([[9.0, 9.0], [8.0, 10.0], [9.5, 9.5], [9.0, 0.0], [20.0, 20.0]])
    course = Course.of(np.zeros((5, 2)), level, hours, np.zeros((5, 1)))
    everyone, dose = np.ones(5, dtype=bool), Dose.of(1, 2, 9.0)
    # the fourth left, the fifth attended more
    assert near(course, everyone, dose) == 3
    assert effective_near(course, everyone, dose, np.ones(5)) == pytest.approx(3)
    assert effective_near(course, everyone, dose, np.array([1.0, 1.0, 4.0, 9.0, 9.0])) == pytest.approx(36 / 18)
    assert effective_near(course, everyone, Dose.of(1, 2, 40.0), np.ones(5)) == 0
