"""Mantel and Haenszel by hand, their properties, and their refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two.stratified import mantel_haenszel


def test_one_stratum_is_its_table() -> None:
    found = mantel_haenszel([12], [40], [20], [50])
    assert found.odds_ratio == pytest.approx((12 * 30) / (28 * 20))
    assert found.difference == pytest.approx(12 / 40 - 20 / 50)
    own = np.sqrt(0.3 * 0.7 / 40 + 0.4 * 0.6 / 50)
    assert found.difference_std_error == pytest.approx(own, rel=0.02)


def test_two_strata_by_hand() -> None:
    found = mantel_haenszel([10, 5], [20, 10], [5, 8], [20, 20])
    assert found.odds_ratio == pytest.approx((10 * 15 / 40 + 5 * 12 / 30) / (10 * 5 / 40 + 5 * 8 / 30))
    weights = np.array([10, 20 / 3])
    assert found.difference == pytest.approx(weights @ [0.25, 0.1] / weights.sum())


def test_confounding_by_stratum_is_taken_away_and_lone_arms_say_nothing() -> None:
    # within strata nothing; pooled, everything
    found = mantel_haenszel([9, 4], [10, 40], [36, 1], [40, 10])
    assert found.difference == pytest.approx(0, abs=1e-12)
    assert found.odds_ratio == pytest.approx(1)
    more = mantel_haenszel([9, 4, 7], [10, 40, 7], [36, 1, 0], [40, 10, 0])
    assert (more.odds_ratio, more.difference_std_error, more.strata) == pytest.approx(
        (found.odds_ratio, found.difference_std_error, 2)
    )
    turned = mantel_haenszel([4, 9], [40, 10], [1, 36], [10, 40])
    assert turned.statistic == pytest.approx(found.statistic)


def test_the_standard_error_is_that_of_simulated_strata() -> None:
    rng = np.random.default_rng(5)
    m, k = rng.integers(3, 12, 30), rng.integers(3, 12, 30)
    base = rng.uniform(0.2, 0.6, 30)
    found = [mantel_haenszel(rng.binomial(m, base + 0.1), m, rng.binomial(k, base), k) for _ in range(400)]
    gaps, errors = np.array([(f.difference, f.difference_std_error) for f in found]).T
    assert abs(gaps.mean() - 0.1) < 4 * gaps.std() / 20
    assert errors.mean() == pytest.approx(gaps.std(), rel=0.12)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (([3], [2], [1], [4]), "events no more than people"),
        (([1.5], [2], [1], [4]), "whole numbers"),
        (([1], [2], [0], [0]), "No stratum holds people of both arms"),
        (([0], [2], [0], [4]), "No events"),
        (([3, 2], [10, 10], [0, 0], [10, 10]), "no common odds ratio"),
    ],
)
def test_refusals(counts: tuple[list[float], ...], says: str) -> None:
    with pytest.raises(EstimationError, match=says):
        mantel_haenszel(*counts)
