"""Effects of several places together: by hand, against statsmodels, on simulated places, and as properties."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.random_effects import across


def places(rng: np.random.Generator, k: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    errors = rng.uniform(0.05, 0.4, k)
    return rng.normal(0.3, spread, k) + rng.normal(0, errors), errors


def test_by_hand() -> None:
    """Errors alike: the plain mean, its standard error that of a sample; variances between are the sample's less 1."""
    found = across([1.0, 4.0, 7.0], [1.0, 1.0, 1.0])
    assert found.value == found.common == pytest.approx(4.0)
    assert found.spread**2 == pytest.approx(9 - 1)
    assert found.error == pytest.approx(np.sqrt(9 / 3))
    assert found.high - 4 == pytest.approx(4.302653 * np.sqrt(3), rel=1e-6)
    # one more place: t of 1 degree of freedom
    assert found.next_high - 4 == pytest.approx(12.706205 * np.sqrt(8 + 3), rel=1e-6)
    assert found.inconsistency == pytest.approx(1 - 2 / 18)
    assert list(found.without) == pytest.approx([5.5, 4.0, 2.5])


def test_places_that_agree_have_one_effect_and_no_interval_narrower_than_known_errors_allow() -> None:
    found = across([0.5, 0.5, 0.5], [0.1, 0.2, 0.2])
    assert (found.spread, found.inconsistency, found.p_value) == (0.0, 0.0, 1.0)
    assert found.error == pytest.approx(1 / np.sqrt(100 + 25 + 25))


def test_against_statsmodels() -> None:
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(3)
    for k in (2, 5, 12):
        values, errors = places(rng, k, 0.5)
        found, other = across(values, errors), combine_effects(values, errors**2, method_re="iterated", atol=1e-11)
        assert found.spread**2 == pytest.approx(other.tau2, rel=1e-7)
        assert found.value == pytest.approx(other.mean_effect_re, rel=1e-9)
        assert found.common == pytest.approx(other.mean_effect_fe, rel=1e-9)
        # at the root the places lie apart by as much as both variances say
        assert found.error == pytest.approx(np.sqrt(other.var_hksj_re), rel=1e-6)
        assert found.inconsistency == pytest.approx(max(0, other.i2), rel=1e-9)


def test_means_and_further_places_are_held_and_one_common_effect_is_not() -> None:
    rng = np.random.default_rng(11)
    held = following = naive = 0
    times = 600
    for _ in range(times):
        values, errors = places(rng, 8, 0.4)
        found = across(values, errors)
        held += found.low < 0.3 < found.high
        following += found.next_low < rng.normal(0.3, 0.4) < found.next_high
        naive += abs(found.common - 0.3) < 1.96 / np.sqrt((errors**-2).sum())
    # exact binomial 99 % limits of 600 intervals that hold 95 %
    assert 0.925 <= held / times <= 0.972
    assert following / times >= 0.915  # Partlett & Riley 2017: a little short where errors differ much
    assert naive / times < 0.5


def test_neither_order_nor_scale_matters() -> None:
    values, errors = places(np.random.default_rng(5), 6, 0.3)
    found, turned = across(values, errors), across(values[::-1], errors[::-1])
    shifted = across(10 * values + 3, 10 * errors)
    assert turned.value == pytest.approx(found.value)
    assert list(turned.without[::-1]) == pytest.approx(list(found.without))
    assert (shifted.value - 3) / 10 == pytest.approx(found.value)
    assert (shifted.next_low - 3) / 10 == pytest.approx(found.next_low)
    assert shifted.p_value == pytest.approx(found.p_value)


def test_two_places_say_nothing_of_a_third() -> None:
    found = across([0.1, 0.4], [0.1, 0.1])
    assert np.isnan([found.next_low, found.next_high]).all()
    assert list(found.without) == pytest.approx([0.4, 0.1])


def test_what_cannot_be_taken_together_is_refused() -> None:
    with pytest.raises(EstimationError, match="two places or more"):
        across([0.1], [0.1])
    for error in (0.0, -1.0):
        with pytest.raises(EstimationError, match="above 0"):
            across([0.1, 0.2], [0.1, error])
