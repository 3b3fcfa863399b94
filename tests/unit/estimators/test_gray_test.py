"""Gray's test: four people by hand, its relation to the log-rank score, its size, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.logrank import logrank
from iop_outcomes.estimators.survival.gray import gray_test

TIME, CAUSE, GROUP = np.array([1, 2, 3, 4.0]), np.array([1, 2, 1, 1]), np.array(["a", "b", "b", "a"])


def simulated(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time = np.ceil(8 * rng.exponential(1, n))
    return time, rng.integers(0, 3, n), rng.integers(0, 3, n)


def test_four_people_by_hand() -> None:
    # Without censoring R_k is the number who have had no event of the cause: 2, 2 on day 1; 1, 2 on day 3 (the
    # competing event stays). On day 4 no one of b is observed, so there is nothing to compare. Score of a:
    # (1 - 2/4) + (0 - 1/3).
    found = gray_test(TIME, CAUSE, 1, GROUP)
    assert found.groups == ("a", "b")
    np.testing.assert_allclose(found.score, [1 / 6, -1 / 6], atol=1e-14)
    assert found.degrees == 1


def test_without_competing_events_the_score_is_that_of_the_log_rank_test() -> None:
    time, cause, group = simulated(150, np.random.default_rng(4))
    mine, other = gray_test(time, cause > 0, 1, group), logrank(time, cause > 0, group)
    np.testing.assert_allclose(mine.score, other.score, atol=1e-10)
    assert mine.p_value == pytest.approx(other.p_value, abs=0.03)


def test_frequencies_order_and_strata() -> None:
    rng = np.random.default_rng(5)
    time, cause, group = simulated(120, rng)
    stratum, copies = rng.integers(0, 3, 120), rng.integers(0, 4, 120)
    short = gray_test(time, cause, 2, group, strata=stratum, frequency=copies)
    long = np.repeat(np.arange(120), copies)
    rng.shuffle(long)
    other = gray_test(time[long], cause[long], 2, group[long], strata=stratum[long])
    np.testing.assert_allclose(short.score, other.score, rtol=1e-10)
    np.testing.assert_allclose(short.covariance, other.covariance, rtol=1e-9)
    # Strata that are one another's copy double the score and its covariance.
    once = gray_test(time, cause, 2, group)
    twice = gray_test(np.tile(time, 2), np.tile(cause, 2), 2, np.tile(group, 2), strata=np.repeat([0, 1], 120))
    np.testing.assert_allclose(twice.score, 2 * once.score)
    np.testing.assert_allclose(twice.statistic, 2 * once.statistic)


def test_groups_may_be_named_in_any_order() -> None:
    time, cause, group = simulated(120, np.random.default_rng(5))
    renamed = np.array(["z", "m", "b"])[group]
    assert gray_test(time, cause, 1, renamed).statistic == pytest.approx(gray_test(time, cause, 1, group).statistic)


def test_size_under_no_difference() -> None:
    rng = np.random.default_rng(6)
    p = [gray_test(*(lambda t, c, g: (t, c, 1, g))(*simulated(90, rng))).p_value for _ in range(400)]
    assert 0.03 < np.mean(np.array(p) < 0.05) < 0.08
    assert np.mean(p) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group": ["a"] * 4}, "at least two groups"),
        ({"which": 3}, "No events of cause 3"),
        ({"group": ["a", "b"]}, "4 labels were expected"),
        ({"group": ["a", "b", None, "b"]}, "missing in some rows"),
        ({"strata": GROUP}, "no variance for some group"),
        ({"time": [1, 2, 3, -4]}, "negative"),
        ({"frequency": [1, 1, 1, 0.5]}, "not a whole number"),
    ],
)
def test_refused(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"time": TIME, "cause": CAUSE, "which": 1, "group": GROUP}
    with pytest.raises(EstimationError, match=message):
        gray_test(**{**given, **changed})  # type: ignore[arg-type]
