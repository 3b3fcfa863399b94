"""Incidence, staying and mean days of what is told on some days: by hand, and against those who know every day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.release import actuarial
from iop_outcomes.release.days import Told
from iop_outcomes.release.told import AsTold, Way
from iop_outcomes.vocabulary.causes import CENSORED

DAYS = (0, 10, 20, 40)


def way(name: str, gone: tuple[int, ...], days: tuple[int, ...] = DAYS, slack: int = 0) -> Way:
    cells = tuple(Told(n, max(n - slack, 0), n + slack if n else 0) for n in gone)
    return Way(name, frozenset({name}), days, cells)


def told(*ways: Way, people: int = 100) -> AsTold:
    days = tuple(sorted({d for one in ways for d in one.days}))
    return AsTold(Told(people, people, people), ways, days)


def stretches(table: AsTold, causes: tuple[str, ...] = (), day: int | None = None) -> actuarial.Stretches:
    found = actuarial.stretches(table, causes, day)
    assert found is not None
    return found


def heights(table: AsTold, causes: tuple[str, ...] = (), staying: bool = True) -> actuarial.Heights:
    found = actuarial.heights(table, causes, staying)
    assert found is not None
    return found


def test_without_censoring_by_hand() -> None:
    table = told(way("left", (0, 20, 30, 50)), way("died", (0, 0, 10, 10)))
    np.testing.assert_allclose(heights(table).value, [1, 0.8, 0.6, 0.4])
    left = heights(table, ("left",), staying=False)
    np.testing.assert_allclose(left.value, [0, 0.2, 0.3, 0.5])
    np.testing.assert_allclose(left.error, np.sqrt(left.value * (1 - left.value) / 100))
    np.testing.assert_allclose(heights(table, ("left",)).value, [1, 0.8, 0.7, 0.5])
    np.testing.assert_allclose(left.low, left.value)
    np.testing.assert_allclose(left.high, left.value)


def test_half_of_those_censored_count_by_hand() -> None:
    table = told(way("left", (0, 20, 20, 35)), way(CENSORED, (0, 10, 10, 30)))
    first = 20 / (100 - 5)
    third = 15 / (70 - 10)
    found = heights(table)
    np.testing.assert_allclose(found.value, [1, 1 - first, 1 - first, (1 - first) * (1 - third)])
    # all ten censored on day 1, or on the tenth, and so in the third stretch
    assert found.low[1] == pytest.approx(1 - 20 / 90)
    assert found.high[1] == pytest.approx(1 - 20 / 100)
    assert found.low[3] == pytest.approx((1 - 20 / 90) * (1 - 15 / 50))
    assert found.high[3] == pytest.approx((1 - 20 / 100) * (1 - 15 / 70))
    greenwood = (1 - first) * np.sqrt(20 / (95 * 75))
    assert found.error[1] == pytest.approx(greenwood)


def test_between_its_own_days_a_way_is_drawn_straight() -> None:
    table = told(way("left", (0, 20, 60), (0, 10, 40)), way("died", (0, 20, 20), (0, 20, 40)))
    found = heights(table, ("died",), staying=False)
    np.testing.assert_allclose(found.days, [0, 10, 20, 40])
    np.testing.assert_allclose(found.value, [0, 0.1, 0.2, 0.2])
    # on day 10 none of the twenty may have died, or all
    assert (found.low[1], found.high[1]) == (0, pytest.approx(0.2))
    np.testing.assert_allclose(heights(table).value, [1, 0.7, 0.8 - (0.2 + 0.4 / 3), 0.2])


def test_a_cause_that_is_told_with_another_has_no_curve() -> None:
    both = Way("died or left", frozenset({"died", "left"}), DAYS, (Told(0, 0, 0), *(Told(20, 20, 20),) * 3))
    assert actuarial.stretches(told(both), ("died",)) is None
    assert stretches(told(both), ("died", "left")).incidence[-1] == pytest.approx(0.2)
    assert actuarial.stretches(told(both), (), 41) is None


def test_rounding_is_in_the_bounds() -> None:
    found = heights(told(way("left", (0, 20, 40, 60), slack=2)))
    np.testing.assert_allclose(found.high - found.value, [0, 0.02, 0.02, 0.02])
    np.testing.assert_allclose(found.value - found.low, [0, 0.02, 0.02, 0.02])


cells = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(cells, st.integers(1, 60))
def test_told_on_every_day_it_is_near_what_is_estimated_from_people(
    rows: list[tuple[int, int, int]], staying: int
) -> None:
    """Only the order within a day is unknown: half of those censored on it, who count as there for its events."""
    events, censored = np.zeros(41, dtype=int), np.zeros(41, dtype=int)
    for day, left, lost in rows:
        events[day], censored[day] = events[day] + left, censored[day] + lost
    people, days = int(events.sum() + censored.sum()) + staying, tuple(range(41))
    table = told(
        way("left", tuple(np.cumsum(events).tolist()), days), way(CENSORED, tuple(np.cumsum(censored).tolist()), days),
        people=people,
    )  # fmt: skip
    found, every = heights(table), [*range(1, 41)]
    time, frequency = [*every, *every, 40], [*events[1:], *censored[1:], staying]
    event = [*[1] * 40, *[0] * 41]
    if not events.any():
        np.testing.assert_allclose(found.value, 1)
        return
    true = cuminc.survival(time, event, every, frequency=frequency).value
    assert (found.low[1:] <= true + 1e-9).all()
    assert (true <= found.high[1:] + 1e-9).all()
    mean, _ = actuarial.mean_days(stretches(table))
    theirs = cuminc.restricted_mean(time, event, 40, frequency=frequency)
    low, high = found.low[:-1].sum(), found.high[:-1].sum()
    assert low - 1e-9 <= theirs.value[0] <= high + 1e-9
    assert low - 1e-9 <= mean <= high + 1e-9


@pytest.mark.parametrize("seed", [1, 2])
def test_standard_errors_are_near_those_that_know_every_day(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, lost = rng.exponential(60, 2000), rng.uniform(20, 120, 2000)
    day, event = np.ceil(np.minimum(left, lost)), left <= lost
    died = event & (rng.random(2000) < 0.3)
    grid = tuple(range(0, 85, 7))
    of = {"left": event & ~died, "died": died, CENSORED: ~event}
    table = told(*(way(n, tuple(int((day[m] <= d).sum()) for d in grid), grid) for n, m in of.items()), people=2000)
    codes = np.select([event & ~died, died], [1, 2], 0)
    theirs = cuminc.cumulative_incidence(day, codes, 2, [42, 84])
    ours = heights(table, ("died",), staying=False)
    at = [grid.index(42), grid.index(84)]
    np.testing.assert_allclose(ours.value[at], theirs.value, atol=0.002)
    np.testing.assert_allclose(ours.error[at], theirs.standard_error(), rtol=0.02)
    mean, error = actuarial.mean_days(stretches(table))
    theirs = cuminc.restricted_mean(day, event, 84)
    assert mean == pytest.approx(theirs.value[0], abs=0.1)
    assert error == pytest.approx(float(theirs.standard_error()[0]), rel=0.02)
