"""CR2: by hand where clusters are alike, invariances, and what few clusters do to coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.estimators.regression.glm import linear

CLUB = {"value": 0.015649855691056, "se": 0.079179092885714, "df": 3.999300862269861}


def test_clusters_of_one_size_are_a_sample_of_their_means() -> None:
    y, site = np.random.default_rng(1).normal(size=24), np.repeat(np.arange(6), 4)
    means = y.reshape(6, 4).mean(axis=1)
    found = cr2(np.empty((24, 0)), y, (), site)
    assert found.value[0] == pytest.approx(y.mean())
    assert found.standard_error()[0] == pytest.approx(means.std(ddof=1) / np.sqrt(6))
    assert found.degrees[0] == pytest.approx(5)


def test_people_as_their_own_clusters_are_hc2_and_welch() -> None:
    rng = np.random.default_rng(2)
    arm, y = np.repeat([0.0, 1], [9, 14]), rng.normal(size=23)
    found = cr2(arm[:, None], y, ["arm"], np.arange(23))
    one, zero = y[arm == 1], y[arm == 0]
    assert found.covariance[1, 1] == pytest.approx(one.var(ddof=1) / 14 + zero.var(ddof=1) / 9)
    assert 21 > found.degrees[1] > 14


def test_order_scale_and_people_without_weight_change_nothing() -> None:
    rng = np.random.default_rng(3)
    x, y, site, w = rng.normal(size=(80, 2)), rng.normal(size=80), rng.integers(0, 7, 80), rng.uniform(0.5, 2, 80)
    w[:5] = 0
    found, turn = cr2(x, y, "ab", site, w), rng.permutation(80)
    for other in (cr2(x[turn], y[turn], "ab", site[turn], 3 * w[turn]), cr2(x[5:], y[5:], "ab", site[5:], w[5:])):
        np.testing.assert_allclose(other.covariance, found.covariance, rtol=1e-9)
        np.testing.assert_allclose(other.degrees, found.degrees, rtol=1e-9)
    np.testing.assert_allclose(found.value, linear(x, y, "ab", w).value, rtol=1e-9)
    low, high = found.interval()
    p = found.p_value()
    assert ((low > 0) | (high < 0)).tolist() == (p < 0.05).tolist()


def test_an_arm_held_by_few_sites_is_covered_where_z_is_not() -> None:
    """Twelve sites, three of which hold the arm: the sandwich with z misses far too often, CR2 does not."""
    rng = np.random.default_rng(4)
    site = np.repeat(np.arange(12), 10)
    arm = (site < 3).astype(float)[:, None]
    inside = np.zeros((300, 2))
    for at in range(300):
        y = rng.normal(size=12)[site] + rng.normal(size=120)
        estimate = linear(arm, y, ["arm"]).take("arm").clustered(site)
        inside[at, 0] = abs(estimate.value[0]) < stats.norm.ppf(0.975) * estimate.standard_error()[0]
        low, high = cr2(arm, y, ["arm"], site).interval()
        inside[at, 1] = low[1] < 0 < high[1]
    shares = inside.mean(axis=0)
    assert shares[0] < 0.90
    assert shares[1] >= stats.binom.ppf(0.005, 300, 0.95) / 300


def test_only_the_coefficient_that_rests_on_one_cluster_is_refused() -> None:
    """Six sites of twenty, an arm mixed in all but one: R's clubSandwich 0.5.8 on the same numbers."""
    site, at = np.repeat(np.arange(6), 20), np.arange(120)
    arm = ((at * (3 + site)) % 7 < 3).astype(float)
    y = np.round(np.sin(at) + 0.3 * arm + 0.2 * site, 6)
    names = ["arm", *(f"site {k}" for k in range(1, 6))]
    x = np.column_stack([arm, site[:, None] == np.arange(1, 6)])
    found = cr2(x, y, names, site)
    assert found.alone == ("intercept", *names[1:])
    assert found.value[1] == pytest.approx(CLUB["value"], rel=1e-9)
    assert found.standard_error()[1] == pytest.approx(CLUB["se"], rel=1e-9)
    assert found.degrees[1] == pytest.approx(CLUB["df"], rel=1e-9)
    p, (low, high) = found.p_value(), found.interval()
    for shown in (p, low, high):
        assert np.isfinite(shown).tolist() == [False, True] + [False] * 5
    np.testing.assert_array_equal(found.take("arm").p_value(), p[[1]])
    with pytest.raises(EstimationError, match="coefficient of site 2 rests on one cluster alone"):
        found.take("arm", "site 2")
    with pytest.raises(EstimationError, match="place: no such coefficient among intercept, arm"):
        found.take("place")
    # with an arm that one site holds, nothing is left but the intercept
    with pytest.raises(EstimationError, match=r"coefficient of arm, site 1, .* rests on one cluster alone"):
        cr2(np.column_stack([(site == 5) & (at % 2 == 0), x[:, 1:]]), y, names, site)


def test_refusals() -> None:
    x, y = np.random.default_rng(5).normal(size=(30, 1)), np.arange(30.0)
    with pytest.raises(EstimationError, match="at least two clusters"):
        cr2(x, y, ["x"], np.ones(30))
    with pytest.raises(EstimationError, match="collinear"):
        cr2(np.hstack([x, 2 * x]), y, ["x", "twice"], np.arange(30) % 4)
    only = (np.arange(30) % 5 == 0).astype(float)[:, None]
    with pytest.raises(EstimationError, match="coefficient of site rests on one cluster alone"):
        cr2(only, y, ["site"], np.arange(30) % 5)
