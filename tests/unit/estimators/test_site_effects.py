"""An effect site by site, within sites and between them: by hand, by other implementations, on simulated truth, and as
properties.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.sites import FEW_SITES, NO_BOTH, ONE_SITE, SAME_MIX, by_site, within_and_between
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix

EFFECT = -0.05
Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def people(rng: np.random.Generator, sites: int = 45, n: int = 1800, apart: float = 0.4) -> Case:
    """y, arm, site and a covariate. apart: by how much sites of the first arm alone do better at any arm."""
    site = rng.integers(0, sites, n)
    share, x = rng.uniform(0.2, 0.8, sites), rng.normal(size=n)
    arm = (rng.random(n) < np.clip(share[site] + 0.1 * x, 0.02, 0.98)).astype(int)
    mix = np.bincount(site, arm, sites)[site] / np.bincount(site, minlength=sites)[site]
    y = 0.4 + apart * (mix - 0.5) + rng.normal(0, 0.05, sites)[site] + EFFECT * arm + 0.1 * x
    return y + rng.normal(0, 0.3, n), arm, site, x


def test_site_by_site_by_hand() -> None:
    """Means of 1, 1, 0 less those of 0, 1; variances 1/3 over 3 and 1/2 over 2. The other site has one of an arm."""
    found = by_site([1, 1, 0, 0, 1, 1, 0], [1, 1, 1, 0, 0, 1, 0], list("aaaaabb"))
    assert found.names == ("a", "b")
    assert found.people.tolist() == [[3, 2], [1, 1]]
    assert found.value[0] == pytest.approx(2 / 3 - 1 / 2)
    assert found.error[0] == pytest.approx(np.sqrt(1 / 9 + 1 / 4))
    assert np.isnan(found.value[1])


def test_site_by_site_by_a_robust_weighted_regression() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    y, arm, site, _ = people(rng, sites=3, n=150)
    weight = rng.uniform(0.1, 2, 150)
    found = by_site(y, arm, site, weight)
    for at in range(3):
        own = site == at
        other = sm.WLS(y[own], sm.add_constant(arm[own].astype(float)), weights=weight[own]).fit(cov_type="HC2")
        assert found.value[at] == pytest.approx(other.params[1])
        assert found.error[at] == pytest.approx(other.bse[1])


def test_site_by_site_order_and_scale_of_weights_change_nothing_and_a_person_told_twice_is_one() -> None:
    rng = np.random.default_rng(2)
    y, arm, site, _ = people(rng, sites=2, n=80)
    found, turned = by_site(y, arm, site), by_site(y[::-1], arm[::-1], site[::-1], np.full(80, 7.0))
    np.testing.assert_allclose((found.value, found.error), (turned.value, turned.error))
    who = np.tile(np.arange(80), 2)
    twice = (np.tile(a, 2) for a in (y, arm, site))
    again = by_site(*twice, person=who)
    np.testing.assert_allclose(again.value, found.value)
    # but for the stretch by n / (n - 1), which knows of rows alone
    np.testing.assert_allclose(again.error, found.error, rtol=0.02)
    counted = by_site(*(np.tile(a, 2) for a in (y, arm, site)))
    assert (counted.error < 0.75 * found.error).all()


def test_within_is_that_of_a_term_for_each_site_and_between_that_of_sites_as_a_whole() -> None:
    import statsmodels.formula.api as smf

    y, arm, site, x = people(np.random.default_rng(3))
    frame = pd.DataFrame({"y": y, "arm": arm, "site": site, "x": x})
    found = within_and_between(y, arm, site)
    assert found.value[0] == pytest.approx(smf.ols("y ~ arm + C(site)", frame).fit().params["arm"])
    sites = frame.groupby("site").agg(y=("y", "mean"), mix=("arm", "mean"), n=("y", "size"))
    assert found.value[1] == pytest.approx(smf.wls("y ~ mix", sites, weights=sites["n"]).fit().params["mix"])
    assert found.value[2] == pytest.approx(found.value[1] - found.value[0])
    # with a covariate, by a regression clustered by site, without its further factor (n - 1) / (n - p)
    mixed = frame.assign(mix=frame.groupby("site")["arm"].transform("mean"))
    mixed["own"] = mixed["arm"] - mixed["mix"]
    other = smf.ols("y ~ own + mix + x", mixed).fit(cov_type="cluster", cov_kwds={"groups": site})
    adjusted = within_and_between(y, arm, site, model_matrix(x[:, None], ["x"]))
    np.testing.assert_allclose(adjusted.value[:2], other.params[["own", "mix"]])
    factor = np.sqrt((len(y) - 1) / (len(y) - 4))
    np.testing.assert_allclose(factor * adjusted.error[:2], other.bse[["own", "mix"]])
    assert set(adjusted.degrees) == {44}


def test_few_sites_have_the_degrees_of_freedom_that_they_carry() -> None:
    y, arm, site, _ = people(np.random.default_rng(4), sites=12, n=400)
    found = within_and_between(y, arm, site)
    low, high = found.interval()
    assert (found.degrees < 11).all()
    assert found.degrees[1] < found.degrees[0]
    assert ((low < found.value) & (found.value < high)).all()


def test_within_holds_the_truth_where_sites_confound_and_one_comparison_of_everyone_does_not() -> None:
    """Of 60 samples of 24 sites; the gap is 0.4 of the mix, so that between is that and the effect."""
    rng = np.random.default_rng(5)
    within, between, naive = [], [], []
    for _ in range(60):
        y, arm, site, x = people(rng, sites=24, n=900)
        found = within_and_between(y, arm, site, model_matrix(x[:, None], ["x"]))
        low, high = found.interval()
        within.append(low[0] <= EFFECT <= high[0])
        between.append(low[1] <= EFFECT + 0.4 <= high[1])
        naive.append(y[arm == 1].mean() - y[arm == 0].mean() - EFFECT)
    assert np.mean(within) >= 0.87
    assert np.mean(between) >= 0.85
    assert np.mean(naive) > 0.02


def test_sites_that_differ_in_nothing_but_their_mix_show_no_gap() -> None:
    rng = np.random.default_rng(6)
    found = [
        within_and_between(y, arm, site, model_matrix(x[:, None], ["x"])).p_value()[2] < 0.05
        for y, arm, site, x in (people(rng, sites=24, n=600, apart=0.0) for _ in range(60))
    ]
    assert np.mean(found) <= 0.12


@pytest.mark.parametrize(
    ("arm", "site", "said"),
    [
        ([1, 0, 1, 0, 1, 0], "aaaaaa", ONE_SITE),
        ([1, 0, 1, 0, 0, 1], "aaabbb", FEW_SITES),
        ([1, 1, 0, 0, 1, 1], "aabbcc", NO_BOTH),
        ([1, 0, 1, 0, 0, 1], "aabbcc", SAME_MIX),
    ],
)
def test_what_has_no_answer_is_refused_by_name(arm: list[int], site: str, said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        within_and_between([0.0, 1.0, 1.0, 0.5, 0.0, 1.0], arm, list(site))


def test_a_weight_below_zero_is_refused() -> None:
    values: Any = ([0.0, 1.0], [1, 0], ["a", "a"], [1.0, -1.0])
    with pytest.raises(EstimationError, match="negative"):
        by_site(*values)
