"""Weights of some people as those of all, and for two choices in turn: by hand, and as to their errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from iop_outcomes.estimators.causal.generalised_propensity import (
    by_dose,
    dose_weights,
    of_some,
    product,
    unweighted,
)
from iop_outcomes.estimators.causal.marginal_structural import Choice, Weights, stabilised_weights

GRID = [6.0, 10.0]


def test_weights_of_some_are_theirs_and_none_of_the_others() -> None:
    some = Weights(
        np.array([2.0, 0.5]), ((np.array([[1.0], [3.0]]), np.array([[0.1], [0.2]])),), np.ones(2, dtype=bool)
    )
    there = np.array([False, True, False, True])
    found = of_some(some, there)
    assert found.weight.tolist() == [0, 2, 0, 0.5]
    assert found.people.tolist() == there.tolist()
    assert found.mean == some.mean
    gradient = np.array([[9.0], [1.0], [9.0], [2.0]])
    # 1 * 1 + 3 * 2 = 7, times each one's influence
    np.testing.assert_allclose(found.through(gradient), [[0], [0.7], [0], [1.4]])


def test_weights_in_turn_are_multiplied_and_both_are_counted() -> None:
    move = (np.array([[1.0], [2.0], [0.0]]), np.array([[0.5], [0.0], [1.0]]))
    first = Weights(np.array([2.0, 1.0, 4.0]), (move,), np.array([True, True, False]))
    second = Weights(np.array([0.5, 3.0, 1.0]), (move, move), np.array([True, True, True]))
    found = product(first, second)
    assert found.weight.tolist() == [1, 3, 4]
    assert found.people.tolist() == [True, True, False]
    gradient = np.ones((3, 1))
    np.testing.assert_allclose(found.through(gradient), first.through(gradient) + second.through(gradient))


def drawn(rng: np.random.Generator, n: int = 600) -> tuple[np.ndarray, ...]:
    """Risk lowers hours; use lowers them too, makes people leave, and the outcome worse; hours do nothing."""
    risk, used = rng.normal(size=n), (rng.random(n) < 0.5).astype(float)
    hours = rng.gamma(6.0, np.exp(2.0 - 0.15 * risk) / 6.0, n)
    staying = rng.random(n) < expit(1.5 - 1.5 * used - 0.3 * risk)
    y = (rng.random(n) < expit(0.4 - 0.6 * risk - 0.8 * used)).astype(float)
    return risk, used, hours, staying, y


def weights(risk: np.ndarray, used: np.ndarray, hours: np.ndarray, staying: np.ndarray) -> Weights:
    n = len(hours)
    of_hours = of_some(dose_weights(risk[staying, None], hours[staying]), staying)
    stay = Choice(~staying, np.ones(n, dtype=bool))
    return product(of_hours, stabilised_weights([stay], np.arange(n), risk[:, None], used[:, None], n))


def test_the_standard_error_is_that_of_repeated_samples_and_the_difference_is_right() -> None:
    rng, found, told, came = np.random.default_rng(8), [], [], []
    for _ in range(150):
        risk, used, hours, staying, y = drawn(rng)
        response = by_dose(y, hours, GRID, 3, observed=staying, among=staying)
        one = response.means(weights(risk, used, hours, staying)).estimate
        plain = response.means(of_some(unweighted(int(staying.sum())), staying)).estimate
        found.append(one.value)
        told.append(one.standard_error())
        came.append(plain.value[1] - plain.value[0])
    values = np.array(found)
    assert np.mean(told, axis=0) == pytest.approx(values.std(axis=0), rel=0.15)
    gaps = values[:, 1] - values[:, 0]
    assert abs(gaps.mean()) < 3 * gaps.std() / np.sqrt(len(gaps)) + 0.01
    # the naive difference is off: risk lowers hours
    assert np.mean(came) > 5 * np.std(came) / np.sqrt(len(came))
    assert np.mean(came) > gaps.mean() + 0.02


def test_knots_are_those_of_the_people_asked_about() -> None:
    risk, used, hours, staying, y = drawn(np.random.default_rng(1))
    far = np.where(staying, hours, 500.0)
    one, other = (by_dose(y, h, GRID, 3, observed=staying, among=staying) for h in (hours, far))
    own = weights(risk, used, hours, staying)
    np.testing.assert_allclose(one.means(own).estimate.value, other.means(own).estimate.value)
