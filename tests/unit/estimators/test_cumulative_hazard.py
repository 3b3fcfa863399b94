"""Cumulative hazards: four people by hand, causes add up, arms, refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.survival.cuminc import by_arm, cumulative_incidence
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen


def test_four_people_by_hand() -> None:
    hazard = nelson_aalen([1, 2, 3, 4], [1, 0, 1, 2], 1, (1, 3))
    np.testing.assert_allclose(hazard.value, [1 / 4, 1 / 4 + 1 / 2])
    # the first: (1 - 1/4) / 4 and (0 - 1/4) / 4 at day 1; (1 - 1/2) / 2 and (0 - 1/2) / 2 at day 3
    np.testing.assert_allclose(hazard.influence[:, 0], np.array([3, -1, -1, -1]) / 16)
    np.testing.assert_allclose(hazard.influence[:, 1], np.array([3, -1, -1, -1]) / 16 + np.array([0, 0, 1, -1]) / 4)


def test_causes_add_up_and_arms_stand_apart() -> None:
    rng = np.random.default_rng(1)
    time, cause, arm = rng.integers(1, 12, 80), rng.integers(0, 3, 80), rng.integers(0, 2, 80)
    weight = rng.uniform(0.5, 2, 80)
    one, two = (nelson_aalen(time, cause, which, (5, 10), weight) for which in (1, 2))
    either = nelson_aalen(time, cause > 0, 1, (5, 10), weight)
    np.testing.assert_allclose(one.value + two.value, either.value)
    np.testing.assert_allclose(one.influence + two.influence, either.influence, atol=1e-15)
    both = by_arm(nelson_aalen, arm, (0, 1), time=time, cause=cause, which=1, times=(5, 10), weight=weight)
    here = arm == 1
    alone = nelson_aalen(time[here], cause[here], 1, (5, 10), weight[here])
    np.testing.assert_allclose(both.take("1:5", "1:10").covariance(), alone.covariance())


def test_constant_rates_are_recovered() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.exponential(10, 20_000), rng.exponential(5, 20_000)
    hazard = nelson_aalen(np.minimum(first, second), np.where(first < second, 1, 2), 1, (5,))
    assert abs(hazard.value[0] - 0.5) < 3 * hazard.standard_error()[0] < 0.05


@pytest.mark.parametrize("estimator", [nelson_aalen, cumulative_incidence])
def test_before_the_first_event_it_is_zero(estimator: Callable[..., Estimate]) -> None:
    found = estimator([1, 2, 3], [1, 2, 0], 2, (0, 1, 1.5, 2))
    np.testing.assert_allclose(found.value[:3], 0)
    np.testing.assert_allclose(found.standard_error()[:3], 0)
    assert found.value[3] > 0
    assert found.clustered([0, 1, 2]).standard_error()[3] > 0


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="No one is followed to 9"):
        nelson_aalen([1, 2, 3], [1, 1, 0], 1, (2, 9))
    with pytest.raises(EstimationError, match="No events of cause 2 by 1"):
        nelson_aalen([1, 2, 3], [1, 2, 0], 2, 1)
    with pytest.raises(EstimationError, match="A horizon is negative"):
        nelson_aalen([1, 2, 3], [1, 2, 0], 2, (-1, 3))
    with pytest.raises(EstimationError, match="whole numbers"):
        nelson_aalen([1, 2, 3], [0.5, 1, 0], 1, 3)
    with pytest.raises(EstimationError, match="negative"):
        nelson_aalen([-1, 2, 3], [0, 1, 0], 1, 3)
