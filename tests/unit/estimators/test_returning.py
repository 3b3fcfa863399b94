"""Starting care against none, of an event that may come before it: by hand, in a world whose truth is known, against
weights made another way and a bootstrap, and by properties; deciding at the end of the period alone is off.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.returning import returning_means
from iop_outcomes.estimators.causal.starting import starting_means

GRACE, DAY = 14, 60
NEVER = np.inf
# by x, chance a day of starting, and of the event before care was started; afterwards it is as many times that
START, EVENT, AFTER = np.array([0.03, 0.10]), np.array([0.03, 0.006]), 0.4


def followed(x: np.ndarray, rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
    """(n,) day of the event, infinite where none came by DAY. start: (n,) day on which care is started, before it."""
    day = np.full(len(x), NEVER)
    for today in range(1, DAY + 1):
        chance = EVENT[x] * np.where(start <= today, AFTER, 1.0)
        came = np.isinf(day) & (rng.random(len(x)) < chance)
        day[came] = today
    return day


def natural(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) day on which people start, were there no event."""
    return rng.geometric(START[x]).astype(float)


def world(n: int, seed: int) -> dict[str, np.ndarray]:
    """What is seen of n people."""
    rng = np.random.default_rng(seed)
    x = (rng.random(n) < 0.5).astype(int)
    start = natural(x, rng)
    event = followed(x, rng, start)
    return {
        "y": np.isfinite(event).astype(float), "started": np.where(start <= event, start, NEVER), "ended": event,
        "x": x[:, None].astype(float),
    }  # fmt: skip


@pytest.fixture(scope="module")
def truth() -> tuple[float, float]:
    """Shares with the event had everyone without it started on a day of those who do, and had nobody in the period."""
    rng, n = np.random.default_rng(0), 400_000
    x = (rng.random(n) < 0.5).astype(int)
    start = natural(x, rng)
    late = start > GRACE
    while late.any():  # days of those who start within the period
        start[late] = natural(x[late], rng)
        late = start > GRACE
    none = GRACE + natural(x, rng)
    return tuple(float(np.isfinite(followed(x, rng, day)).mean()) for day in (start, none))


def test_in_a_world_of_known_truth_it_holds_and_other_ways_are_off(truth):
    """None of them starts in the period, and as they do after it."""
    gaps, naive, decided = [], [], []
    for seed in range(10):
        seen = world(2_500, seed)
        found = returning_means(**seen, grace=GRACE).estimate
        gaps.append((found.value - truth) / found.standard_error())
        soon = seen["started"] <= GRACE
        naive.append(seen["y"][soon].mean() - seen["y"][~soon].mean())
        at_the_end = starting_means(seen["y"], soon, np.zeros_like(soon), seen["x"], GRACE).estimate
        decided.append(at_the_end.value)
    assert np.abs(np.mean(gaps, axis=0)).max() < 3 / np.sqrt(10)
    assert np.std(gaps, axis=0, ddof=1).min() > 0.4
    assert np.std(gaps, axis=0, ddof=1).max() < 1.7
    gap = truth[0] - truth[1]
    assert gap < -0.05
    assert abs(np.mean(naive) - gap) > 0.1
    # who had the event early is among those who never started, and those who start are spared it
    assert np.mean(decided, axis=0)[0] < truth[0] - 0.03
    assert np.mean(decided, axis=0)[1] > truth[1] + 0.03


def test_by_hand_on_two_days():
    """Of four people one starts on day 1 and one on day 2, one has the event on day 1, and one nothing. By the chances
    of the days, h and k, S is (1 - h, (1 - h)(1 - k)).
    """
    started, ended = np.array([1.0, 2.0, NEVER, NEVER]), np.array([NEVER, NEVER, 1.0, NEVER])
    many = [np.tile(a, 500) for a in (started, ended, np.array([0.0, 1.0, 1.0, 1.0]))]
    found = returning_means(many[2], many[0], many[1], np.zeros((2000, 0)), 2)
    h, k = 1 / 4, 1 / 2  # of all four, and of the two who are left
    first, second = 1 - h, (1 - h) * (1 - k)
    some = 1 - second
    start = np.array([1 / some, 1 / some, (first - second) / (some * first), 0.0])
    none = np.array([0.0, 0.0, 1 / first, 1 / second])
    np.testing.assert_allclose(found.weight[:4], np.column_stack([start, none]), rtol=5e-3)
    y = np.array([0.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(found.estimate.value, [start @ y / start.sum(), 1.0], rtol=5e-3)
    assert start.sum() == pytest.approx(4)
    assert none.sum() == pytest.approx(4)


def otherwise(seen: dict[str, np.ndarray]) -> np.ndarray:
    """Both means from a logistic regression of statsmodels and weights by the definition."""
    n, days = len(seen["y"]), np.arange(1, GRACE + 1)
    stop = np.minimum(np.minimum(seen["started"], seen["ended"]), GRACE)
    person, day = np.repeat(np.arange(n), GRACE), np.tile(days, n)
    table = np.column_stack([np.ones(len(day)), day == 1, np.log(day), np.log(day) ** 2, seen["x"][person]])
    there = day <= stop[person]
    happened = (day == seen["started"][person])[there].astype(float)
    fitted = sm.GLM(happened, table[there], family=sm.families.Binomial()).fit()
    free = (1 - fitted.predict(table)).reshape(n, GRACE).cumprod(axis=1)
    total = np.zeros((2, 2))
    for i in range(n):
        s, r, last = seen["started"][i], seen["ended"][i], free[i, -1]
        if s <= min(r, GRACE):
            weight = (1 / (1 - last), 0.0)
        elif r <= GRACE:
            at = free[i, int(r) - 1]
            weight = ((at - last) / ((1 - last) * at), 1 / at)
        else:
            weight = (0.0, 1 / last)
        total += np.outer(weight, [seen["y"][i], 1])
    return total[:, 0] / total[:, 1]


def test_means_are_those_of_another_program_and_errors_those_of_a_bootstrap():
    seen = world(600, 3)
    found = returning_means(**seen, grace=GRACE).estimate
    np.testing.assert_allclose(found.value, otherwise(seen), atol=2e-3)
    rng, means = np.random.default_rng(1), []
    for _ in range(150):
        at = rng.integers(0, 600, 600)
        means.append(returning_means(**{name: a[at] for name, a in seen.items()}, grace=GRACE).estimate.value)
    np.testing.assert_allclose(found.standard_error(), np.std(means, axis=0, ddof=1), rtol=0.2)


def test_without_events_in_the_period_it_is_one_decision():
    rng = np.random.default_rng(4)
    seen = world(2_000, 4)
    late = {**seen, "ended": np.where(seen["ended"] <= GRACE, GRACE + rng.integers(1, 40, 2_000), seen["ended"])}
    late["started"] = np.where(np.isinf(seen["started"]), 40.0, seen["started"])
    found = returning_means(**late, grace=GRACE).estimate
    soon = late["started"] <= GRACE
    one = starting_means(late["y"], soon, np.zeros_like(soon), late["x"], GRACE).estimate
    np.testing.assert_allclose(found.value, one.value, atol=5e-3)
    np.testing.assert_allclose(found.standard_error(), one.standard_error(), rtol=0.05)


def test_order_weights_and_what_comes_after_do_not_matter():
    seen = world(400, 5)
    found = returning_means(**seen, grace=GRACE).estimate
    at = np.random.default_rng(2).permutation(400)
    mixed = returning_means(**{name: a[at] for name, a in seen.items()}, grace=GRACE).estimate
    np.testing.assert_allclose(mixed.value, found.value, atol=1e-8)
    np.testing.assert_allclose(mixed.standard_error(), found.standard_error(), rtol=1e-6)
    weighed = returning_means(**seen, grace=GRACE, weight=np.full(400, 3.0)).estimate
    np.testing.assert_allclose(weighed.value, found.value)
    np.testing.assert_allclose(weighed.standard_error(), found.standard_error())
    # a start or an event beyond the period, and an event after starting, move nothing but the outcome
    later = {**seen, "started": np.where(seen["started"] > GRACE, NEVER, seen["started"])}
    later["ended"] = np.where((seen["ended"] > GRACE) | (seen["started"] <= seen["ended"]), NEVER, seen["ended"])
    np.testing.assert_allclose(returning_means(**later, grace=GRACE).estimate.value, found.value)


def test_what_is_refused():
    seen = world(50, 6)
    with pytest.raises(EstimationError, match="nobody starts"):
        returning_means(**{**seen, "started": np.full(50, NEVER)}, grace=GRACE)
    with pytest.raises(EstimationError, match="everybody starts"):
        returning_means(**{**seen, "started": np.ones(50), "ended": np.full(50, NEVER)}, grace=GRACE)
    with pytest.raises(EstimationError, match="days before 1"):
        returning_means(**{**seen, "started": np.zeros(50)}, grace=GRACE)
    cut = returning_means(**seen, grace=GRACE, most=0.3)
    assert cut.truncated.sum() > 0
