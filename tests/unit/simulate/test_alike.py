"""Cohorts alike are what their coarse numbers say: margins, dependence, arms, and means that are set."""

from __future__ import annotations

import numpy as np
import pytest
from alike_cohort import NUMBERS
from scipy.special import expit

from iop_outcomes.simulate.alike import copula, draw
from iop_outcomes.simulate.alike.numbers import Leaving, Logit

HALVES = copula.coefficients([0.5, 0.5])
MONTHS = Leaving(
    ends=[30, 60, 90],
    first=[0.3, 0.2, 0.2],
    second=[0.5, 0.4, 0.1],
    model=Logit(coefficient={"severity": {"": 0.5}}, spread=0.2),
)


@pytest.mark.parametrize("r", [-0.8, -0.3, 0.0, 0.5, 0.9])
def test_two_halves_go_together_by_the_arc_sine(r: float) -> None:
    """Of two variables cut at their medians the correlation is 2 asin(r) / pi (Sheppard 1899)."""
    assert copula.latent(2 * np.arcsin(r) / np.pi, HALVES, HALVES) == pytest.approx(r, abs=5e-3)


def test_what_categories_hide_of_a_dependence_is_found_again() -> None:
    shares, drawn = [0.1, 0.6, 0.3], copula.normal(np.array([[1, 0.6], [0.6, 1]]), 200_000, np.random.default_rng(1))
    codes = copula.category(drawn[:, 0], shares)
    np.testing.assert_allclose(np.bincount(codes) / len(codes), shares, atol=0.005)
    seen = float(np.corrcoef(copula.scores(shares)[codes], drawn[:, 1])[0, 1])
    assert seen < 0.55  # taken as it is, it would be too weak
    assert copula.latent(seen, copula.coefficients(shares), copula.coefficients(None)) == pytest.approx(0.6, abs=0.01)
    assert 0.85 < (copula.coefficients(shares) ** 2).sum() <= 1


def test_rounded_correlations_that_cannot_be_are_brought_to_some_that_can() -> None:
    impossible = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    near = copula.nearest(impossible)
    assert np.linalg.eigvalsh(near).min() > 0
    np.testing.assert_allclose(np.diag(near), 1.0)
    possible = np.array([[1, 0.3], [0.3, 1]])
    np.testing.assert_allclose(copula.nearest(possible), possible)


def test_people_have_the_margins_and_the_arms_that_are_written_down() -> None:
    drawn = draw.people(NUMBERS, np.random.default_rng(2), 60_000, 300)
    severity, known = drawn.values["severity"], drawn.values["severity=missing"] == 0
    np.testing.assert_allclose(np.quantile(severity[known], [0.1, 0.5, 0.9]), [-1.3, 0.0, 1.3], atol=0.03)
    assert (severity[~known] == 0.0).all()
    assert (drawn.values["housing"] == 1).mean() == pytest.approx(0.2, abs=0.01)
    assert drawn.first.mean() == pytest.approx(0.55, abs=0.01)
    # who has no home is more severe, and comes to the first arm less often
    assert severity[drawn.values["housing"] == 1].mean() > severity[drawn.values["housing"] == 0].mean() + 0.3
    assert drawn.first[drawn.values["housing"] == 1].mean() < 0.4


def test_the_same_seed_draws_the_same_people() -> None:
    one, two = (draw.people(NUMBERS, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.first, two.first)
    assert np.array_equal(one.values["severity"], two.values["severity"])
    assert len(one.site) == 4_000
    assert one.site.max() == 24


@pytest.mark.parametrize("kind", ["iptw", "overlap", "att"])
def test_the_mean_that_is_set_is_that_of_the_people_for_whom_the_weights_speak(kind: str) -> None:
    drawn = draw.people(NUMBERS, np.random.default_rng(4), 20_000, 100)
    model = Logit(coefficient={"severity": {"": -0.8}}, spread=0.3)
    weight, own = draw.weight_of(drawn, kind), drawn.predictor(model)
    at = draw.intercept(own, weight, 0.33)
    assert weight @ expit(at + own) / weight.sum() == pytest.approx(0.33, abs=1e-6)


def test_mean_days_are_those_that_are_drawn() -> None:
    drawn = draw.people(NUMBERS, np.random.default_rng(5), 40_000, 100)
    own, weight = drawn.predictor(MONTHS.model), np.ones(40_000)
    shift = draw.shift_of(MONTHS, own, weight, True, 55.0)
    chance = draw.months(MONTHS, own, True, shift)
    assert draw.mean_days(MONTHS, chance).mean() == pytest.approx(55.0, abs=1e-6)
    days = draw.days(MONTHS, chance, np.random.default_rng(6))
    assert days.min() >= 1
    assert days.max() == 91
    assert np.minimum(days, 90).mean() == pytest.approx(55.0, abs=0.5)
    by_hand = draw.mean_days(Leaving(ends=[10], first=[0.5], second=[0.5], model=Logit()), np.array([[0.5]]))
    assert by_hand == pytest.approx([0.5 * 10 + 0.5 * 5.5])
