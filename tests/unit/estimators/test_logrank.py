"""The log-rank family: six people by hand, lifelines, the score of Cox, weights and clusters, size, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.logrank import EVENT_WEIGHTS, logrank, weighted_logrank

TIME, EVENT = np.array([1, 2, 3, 4, 5, 6.0]), np.array([1, 1, 1, 0, 0, 0])
GROUP = np.array(["a", "b", "a", "b", "a", "b"])


def simulated(n: int = 200, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    time = np.ceil(10 * rng.exponential(1, n)).clip(1, 20)
    return {
        "time": time,
        "event": (rng.random(n) < 0.7) & (time < 20),
        "group": rng.integers(0, 3, n),
        "strata": rng.integers(0, 4, n),
        "entry": np.floor(time * rng.random(n)).clip(0, 5),
        "frequency": rng.integers(0, 4, n).astype(float),
        "weight": rng.uniform(0.3, 2, n),
    }


# At risk 6, 5, 4, of which a 3, 2, 2; events in a, b, a. K(u) of each family at the three times.
BY_HAND = {
    "log-rank": (1, 1, 1),
    "gehan-breslow": (6, 5, 4),
    "tarone-ware": (6**0.5, 5**0.5, 2),
    "peto-peto": (1, 5 / 6, 4 / 6),
    "fleming-harrington": (0, 5 / 6 * (1 / 6) ** 0.5, 4 / 6 * (2 / 6) ** 0.5),
}


@pytest.mark.parametrize("weighting", EVENT_WEIGHTS)
def test_six_people_by_hand(weighting: str) -> None:
    k = np.array(BY_HAND[weighting])
    found = logrank(TIME, EVENT, GROUP, weighting, rho=1.0, gamma=0.5)
    share = np.array([1 / 2, 2 / 5, 1 / 2])
    score, variance = k @ (np.array([1, 0, 1]) - share), k**2 @ (share * (1 - share))
    np.testing.assert_allclose(found.score, [score, -score], atol=1e-13)
    np.testing.assert_allclose(found.covariance, variance * np.array([[1, -1], [-1, 1]]), atol=1e-13)
    np.testing.assert_allclose(found.observed, [k[0] + k[2], k[1]])
    assert found.groups == ("a", "b")
    assert found.statistic == pytest.approx(score**2 / variance)
    assert found.p_value == pytest.approx(stats.chi2.sf(score**2 / variance, 1))
    assert found.z("b") == pytest.approx(-score / variance**0.5)


def test_ties_by_hand() -> None:
    # Two events among four, two of whom are in a: d (Y - d) / (Y - 1) = 4/3, times 1/4.
    found = logrank([1, 1, 2, 2], [1, 1, 0, 0], ["a", "a", "b", "a"])
    assert found.score[0] == pytest.approx(2 - 2 * 3 / 4)
    assert found.covariance[0, 0] == pytest.approx(4 / 3 * 3 / 16)


def test_as_in_lifelines() -> None:
    from lifelines.statistics import multivariate_logrank_test

    s = simulated()
    other = multivariate_logrank_test(s["time"], s["group"], s["event"])
    found = logrank(s["time"], s["event"], s["group"])
    assert found.statistic == pytest.approx(other.test_statistic, rel=1e-8)
    assert found.degrees == 2


def test_strata_add_up_and_entry_is_heeded() -> None:
    s = simulated()
    whole = logrank(s["time"], s["event"], s["group"], "tarone-ware", strata=s["strata"], entry=s["entry"])
    parts = [
        logrank(*(s[key][s["strata"] == one] for key in ("time", "event", "group")), "tarone-ware",
                entry=s["entry"][s["strata"] == one])
        for one in range(4)
    ]  # fmt: skip
    np.testing.assert_allclose(whole.score, sum(p.score for p in parts), atol=1e-10)
    np.testing.assert_allclose(whole.covariance, sum(p.covariance for p in parts), rtol=1e-9)


@pytest.mark.parametrize("weighting", EVENT_WEIGHTS)
@pytest.mark.parametrize("test", [logrank, weighted_logrank])
def test_frequencies_and_order(test: object, weighting: str) -> None:
    s = simulated()
    copies = s["frequency"].astype(int)
    rng = np.random.default_rng(1)
    long = rng.permutation(np.repeat(np.arange(200), copies))
    keys = ["time", "event", "group", "strata", "entry"] + (["weight"] if test is weighted_logrank else [])
    options = {"weighting": weighting, "rho": 0.5, "gamma": 1.0}
    short = test(**{k: s[k] for k in keys}, frequency=s["frequency"], **options)  # type: ignore[operator]
    other = test(**{k: s[k][long] for k in keys}, **options)  # type: ignore[operator]
    np.testing.assert_allclose(short.score, other.score, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(short.covariance, other.covariance, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(short.expected, other.expected, rtol=1e-9)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_doubling_all_weights_changes_nothing(ties: str) -> None:
    s = simulated()
    given = {k: s[k] for k in ("time", "event", "group", "strata", "frequency")}
    once, twice = (weighted_logrank(**given, weight=f * s["weight"], ties=ties) for f in (1, 2))
    assert twice.statistic == pytest.approx(once.statistic, rel=1e-10)
    np.testing.assert_allclose(twice.score, 2 * once.score)


def test_the_robust_test_is_close_to_the_plain_one_and_has_its_score() -> None:
    s = simulated(2000)
    plain = logrank(s["time"], s["event"], s["group"], "peto-peto")
    robust = weighted_logrank(s["time"], s["event"], s["group"], weighting="peto-peto")
    np.testing.assert_allclose(robust.score, plain.score, atol=1e-9)
    np.testing.assert_allclose(robust.expected, plain.expected)
    assert robust.statistic == pytest.approx(plain.statistic, rel=0.15, abs=0.05)


def test_weighted_score_is_that_of_cox_at_zero() -> None:
    # One Newton step from zero: the score over the information, here from tiny differences of the likelihood.
    s = simulated()
    x = np.column_stack([s["group"] == 0, s["group"] == 1]).astype(float)
    fit = cox(x, s["time"], s["event"], ("0", "1"), weight=s["weight"], ties="breslow")
    found = weighted_logrank(s["time"], s["event"], s["group"], s["weight"])
    wald = fit.estimate.value @ np.linalg.solve(fit.estimate.covariance(), fit.estimate.value)
    assert found.statistic == pytest.approx(wald, rel=0.1)


def test_clusters() -> None:
    s = simulated()
    given = (s["time"], s["event"], s["group"], s["weight"])
    alone = weighted_logrank(*given, clusters=np.arange(200))
    np.testing.assert_allclose(alone.covariance, weighted_logrank(*given).covariance)
    # Everyone twice, as one cluster each: twice the score and four times its covariance.
    twice = weighted_logrank(*(np.tile(v, 2) for v in given), clusters=np.tile(np.arange(200), 2))
    np.testing.assert_allclose(twice.covariance, 4 * alone.covariance)
    assert twice.statistic == pytest.approx(alone.statistic)


def test_size_with_weights() -> None:
    rng = np.random.default_rng(7)
    p = []
    for _ in range(300):
        x = rng.normal(size=150)
        chance = 1 / (1 + np.exp(-x))
        arm = rng.random(150) < chance
        time = rng.exponential(np.exp(-x))
        p.append(weighted_logrank(time, np.ones(150), arm, np.where(arm, 1 - chance, chance)).p_value)
    assert np.mean(np.array(p) < 0.05) < 0.08
    assert np.mean(p) > 0.45


def test_a_group_that_is_never_compared_is_left_out() -> None:
    found = logrank([*TIME, 0.5], [*EVENT, 0], [*GROUP, "c"])
    assert found.degrees == 1
    assert found.statistic == pytest.approx(logrank(TIME, EVENT, GROUP).statistic)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group": ["a"] * 6}, "at least two groups"),
        ({"event": np.zeros(6)}, "No events"),
        ({"event": [1, 2, 0, 0, 0, 0]}, "other than 0 and 1"),
        ({"weighting": "wilcoxon"}, "'weighting' must be one of log-rank, gehan-breslow"),
        ({"strata": GROUP}, "nothing to compare"),
        ({"strata": ["s"]}, "6 labels were expected"),
        ({"entry": [1, 1, 1, 1, 1, 1]}, "enter at or after"),
        ({"frequency": np.zeros(6)}, "no one to estimate from"),
    ],
)
def test_refused(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"time": TIME, "event": EVENT, "group": GROUP, **changed}
    for test in (logrank, weighted_logrank):
        with pytest.raises(EstimationError, match=message):
            test(**given)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variance": "naive"}, "'variance' must be one of robust, design"),
        ({"ties": "exact"}, "'efron' or 'breslow'"),
        ({"clusters": np.ones(6)}, "at least two clusters"),
        ({"weight": -np.ones(6)}, "negative"),
    ],
)
def test_refused_with_weights(changed: dict[str, object], message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        weighted_logrank(TIME, EVENT, GROUP, **changed)  # type: ignore[arg-type]
