"""Who takes part: rows without an outcome in the estimate make no cluster and no degree of freedom, in any estimator.

The table of estimators is that of `every_estimator`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from every_estimator import (
    ARM_COLUMNS,
    ESTIMATORS,
    NAMES,
    STACKED,
    Sample,
    common,
    event,
    late,
    sample,
    with_arm,
)

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.cells import collapse
from iop_outcomes.estimators.base.estimate import Estimate, difference, join
from iop_outcomes.estimators.base.inference import interval, joint
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.cox import standardised_curves
from iop_outcomes.estimators.cox.cause_models import fit_cause_models
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.grouped import grouped_hazards
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.logrank import weighted_logrank
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.estimators.regression.gee import gee
from iop_outcomes.estimators.regression.multinomial import fit_multinomial
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.parametric import accelerated_failure_time, interval_failure_time
from iop_outcomes.estimators.survival.pseudo import pseudo_values

N = 48
SITES = np.arange(N) % 6
EVERY: dict[str, Callable[[Sample], Estimate]] = {
    **ESTIMATORS,
    **STACKED,
    "multinomial": lambda s: fit_multinomial(s["x"], s["arm"], NAMES, None, s["frequency"]).estimate(),
}


def padded(absent: str) -> tuple[Sample, Sample]:
    """A sample, and the same with as many rows more that do not count, the first of them far from everyone."""
    s, more = sample(), sample(seed=5)
    more["x"][0] = 1e4
    together = {key: np.concatenate([s[key], more[key]]) for key in s}
    together[absent][N:] = 0
    return s, together


def same_inference(one: Estimate, other: Estimate, rtol: float = 1e-8) -> None:
    np.testing.assert_allclose(other.value, one.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(other.standard_error(), one.standard_error(), rtol=rtol, atol=1e-12)
    assert other.degrees == one.degrees
    assert other.critical(0.95) == one.critical(0.95)


# scores are fitted to people, whatever they weigh
ABSENT = [*((name, "weight") for name in ESTIMATORS), *((name, "frequency") for name in EVERY)]


@pytest.mark.parametrize(("name", "absent"), ABSENT)
def test_clusters_of_rows_that_do_not_count_are_none(name: str, absent: str) -> None:
    s, more = padded(absent)
    alone, together = EVERY[name](s), EVERY[name](more)
    empty = np.concatenate([SITES, 100 + np.arange(N) % 20])
    person = np.concatenate([np.arange(N) % 24, 100 + np.arange(N)])
    same_inference(alone.clustered(SITES), together.clustered(empty))
    same_inference(alone.clustered(SITES, np.arange(N) % 24), together.clustered(empty, person), 1e-6)
    assert together.clustered(empty).degrees == 5
    assert not together.takes_part[N:].any()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_only_those_without_influence_take_no_part(name: str) -> None:
    """Whoever moves the estimate takes part, and whoever takes no part moves nothing."""
    estimate = ESTIMATORS[name](sample())
    scale = np.abs(estimate.influence).max(axis=0)
    moved = np.abs(estimate.influence) > 1e-9 * np.where(scale > 0, scale, 1.0)
    parts = np.broadcast_to(estimate.parts, moved.shape)
    # but for those over whom predictions are averaged that rest on others' outcomes
    assert name.startswith("standardised") or not (moved & ~parts).any()
    # in this sample nobody who takes part has no influence by accident
    assert parts.sum() - (moved & parts).sum() <= 0.02 * parts.size


Ways = dict[str, Callable[[Sample, np.ndarray], Estimate]]
# the same estimate where some rows are `out`: not observed, or never at risk
OUT: Ways = {
    "not observed": lambda s, out: effects.mean_by_arm(s["y"], s["arm"], observed=~out, **common(s)),
    "weight zero": lambda s, out: effects.mean_by_arm(
        s["y"], s["arm"], s["weight"] * ~out, s["frequency"]
    ),
    "groups": lambda s, out: group_means(s["y"], s["arm"], ("zero", "one"), s["weight"] * ~out, s["frequency"]),
    "standardised over others": lambda s, out: effects.standardised_means(
        effects.fit_outcome("logistic", s["x"], s["y"], NAMES, observed=~out, **common(s)), s["x"], s["x"], over=~out
    ),
    "survival": lambda s, out: cuminc.survival(early(s, out), event(s) & ~out, (3, 6), **common(s)),
    "incidence": lambda s, out: cuminc.cumulative_incidence(
        early(s, out), s["cause"] * ~out, 1, (3, 6), **common(s)
    ),
    "time lost": lambda s, out: cuminc.time_lost(early(s, out), s["cause"] * ~out, 1, (3, 6), **common(s)),
    "entered late": lambda s, out: cuminc.survival(
        np.where(out, 40, s["time"]), event(s) & ~out, (3, 6), entry=np.where(out, 20, 0), **common(s)
    ),
    "nelson_aalen": lambda s, out: nelson_aalen(early(s, out), s["cause"] * ~out, 1, (3, 6), **common(s)),
    "cox": lambda s, out: cox(far(s, out), early(s, out), event(s) & ~out, NAMES, **common(s)).estimate,
    "cox, entered late": lambda s, out: cox(
        far(s, out), np.where(out, 40, s["time"]), event(s) & ~out, NAMES, entry=np.where(out, 20, 0), **common(s)
    ).estimate,
    "cox, strata without events": lambda s, out: cox(
        far(s, out), s["time"], event(s) & ~out, NAMES, strata=out, **common(s)
    ).estimate,
    "cox, strata of one kind": lambda s, out: cox(
        np.where(out[:, None], 1e4, s["x"]), s["time"], event(s), NAMES, strata=out, **common(s)
    ).estimate,
    "cox in period": lambda s, out: cox_in_period(
        far(s, out), early(s, out), event(s) & ~out, NAMES, (0, 4), **common(s)
    ).estimate,
    "fine_gray": lambda s, out: fine_gray(
        far(s, out), early(s, out), s["cause"] * ~out, 1, NAMES, **common(s)
    ).estimate,
    "fine_gray incidence": lambda s, out: fine_gray(
        far(s, out), early(s, out), s["cause"] * ~out, 1, NAMES, **common(s)
    ).cumulative_incidence([[0.0, 0.0]], ("middle",), (3, 6)),
    "standardised incidence": lambda s, out: standardised_curves.standardised_incidence(
        {
            "all": (
                fit_cause_models(far(s, out), early(s, out), s["cause"] * ~out, NAMES, **common(s)),
                far(s, out),
            )
        },
        1,
        (3, 6),
        over=~out,
    ),
    "concordance": lambda s, out: concordance(far(s, out)[:, 1], early(s, out), event(s) & ~out, **common(s)).estimate,
    "concordance_uno": lambda s, out: concordance(
        far(s, out)[:, 1], early(s, out), event(s) & ~out, weighting="uno", **common(s)
    ).estimate,
    "concordance, strata of their own": lambda s, out: concordance(
        s["x"][:, 1], s["time"], event(s) & ~out, weighting="uno", strata=out, **common(s)
    ).estimate,
    "grouped": lambda s, out: grouped_hazards(
        far(s, out), np.where(out, 0, s["time"] - 1), np.where(out, np.inf, s["time"]),
        np.where(out, 0, np.maximum(s["cause"], 1)), 1, NAMES, np.arange(15), **common(s)
    ).estimate,
    "aft": lambda s, out: accelerated_failure_time(
        far(s, out), np.where(out, 0, s["time"]), event(s) & ~out, NAMES, **common(s)
    ).estimate,
    "aft_interval": lambda s, out: interval_failure_time(
        far(s, out), np.where(out, 0, s["time"] - 1), np.where(out | ~event(s), np.inf, s["time"]), NAMES, **common(s)
    ).estimate,
}  # fmt: skip


def early(s: Sample, out: np.ndarray) -> np.ndarray:
    """Those out leave on day 0, before anyone has an event; the others' times from day 1 on."""
    return np.where(out, 0.0, s["time"])


def far(s: Sample, out: np.ndarray) -> np.ndarray:
    """Covariates of those out are 10,000, enough to stand in the way of a fit that looks at them."""
    return np.where(out[:, None], 1e4, s["x"])


@pytest.mark.parametrize("weight", [1.0, 1e16])
@pytest.mark.parametrize("way", OUT)
def test_whoever_takes_no_part_changes_nothing(way: str, weight: float) -> None:
    """Estimate, standard error, degrees of freedom and fit are those of the sample without them, however heavy."""
    s = sample(n=90)
    out, site = np.arange(90) >= 45, np.arange(90) // 5
    # a stratum of one kind has its part in the likelihood, and moves no estimate by it
    s["weight"][out] = 1.0 if "of one kind" in way else weight
    without = {key: values[~out] for key, values in s.items()}
    there, alone = OUT[way](s, out), OUT[way](without, np.zeros(45, dtype=bool))
    same_inference(alone.clustered(site[~out]), there.clustered(site))
    assert there.clustered(site).degrees == 8
    np.testing.assert_allclose(there.influence[out], 0, atol=1e-15)
    assert not there.takes_part[out].any()


def test_of_ten_sites_seven_without_weight_leave_two_degrees_of_freedom() -> None:
    rng = np.random.default_rng(1)
    site, arm, y = np.arange(200) // 20, rng.integers(0, 2, 200), (rng.random(200) < 0.4).astype(float)
    seen = site < 3
    same = [
        effects.mean_by_arm(y[seen], arm[seen]).clustered(site[seen]),
        effects.mean_by_arm(y, arm, weight=seen.astype(float)).clustered(site),
        effects.mean_by_arm(y, arm, frequency=seen.astype(float)).clustered(site),
        effects.mean_by_arm(y, arm, observed=seen).clustered(site),
        effects.mean_by_arm(y[seen], arm[seen]).among(seen).clustered(site),
        effects.mean_by_arm(np.where(seen, y, np.nan), arm, observed=seen).clustered(site),
    ]
    gaps = [difference(one, "arm1", "arm0") for one in same]
    for gap in gaps:
        same_inference(gaps[0], gap)
        assert gap.degrees == 2
        np.testing.assert_allclose(interval(gap).low, interval(gaps[0]).low)
        np.testing.assert_allclose(gap.p_value(), gaps[0].p_value())
    crossed = effects.mean_by_arm(y, arm, observed=seen).clustered(site, np.arange(200) % 20)
    assert crossed.degrees == 2
    few = [cr2(arm[:, None], y, ("arm",), site, w) for w in (seen.astype(float),)]
    few.append(cr2(arm[seen][:, None], y[seen], ("arm",), site[seen]))
    np.testing.assert_allclose(few[0].degrees, few[1].degrees)
    np.testing.assert_allclose(few[0].covariance, few[1].covariance)
    equations = [
        gee("logistic", arm[:, None], y, ("arm",), site, "exchangeable", weight=seen.astype(float)).estimate,
        gee("logistic", arm[seen][:, None], y[seen], ("arm",), site[seen], "exchangeable").estimate,
    ]
    same_inference(*equations)
    assert equations[0].degrees == 2
    with pytest.raises(EstimationError, match="at least two clusters with people who take part"):
        effects.mean_by_arm(y, arm, observed=site == 3).clustered(site)


def test_cells_count_the_clusters_of_those_who_take_part() -> None:
    rng = np.random.default_rng(2)
    site, arm, y = np.arange(200) // 20, rng.integers(0, 2, 200), rng.integers(0, 3, 200).astype(float)
    seen = site < 4
    people = effects.mean_by_arm(y, arm, observed=seen).clustered(site)
    for weight, observed in ((None, seen), (seen.astype(float), seen | True)):
        cells = collapse((arm, y, observed), weight, None, site)
        arms, values, there = cells.columns
        found = cells.infer(effects.mean_by_arm(values, arms, cells.weight, cells.frequency, observed=there))
        same_inference(people, found)
        assert found.degrees == 3


def test_an_arm_counts_its_own_clusters_and_a_contrast_those_of_both() -> None:
    rng = np.random.default_rng(3)
    site = np.arange(120) // 10
    arm, y = (site < 4).astype(int), rng.random(120)
    both = effects.mean_by_arm(y, arm).clustered(site)
    alone = both.take("arm1")
    assert (both.degrees, alone.degrees, both.take("arm0").degrees) == (11, 3, 7)
    means = np.array([y[site == s].mean() for s in range(4)])
    np.testing.assert_allclose(alone.standard_error(), means.std(ddof=1) / 2)
    assert difference(both, "arm1", "arm0").degrees == 11
    with pytest.raises(EstimationError, match="The estimate of 'arm1' rests on people of one cluster alone"):
        effects.mean_by_arm(y, site == 0).clustered(site)


def test_a_residual_of_zero_by_accident_is_still_a_persons() -> None:
    y, site = np.array([1.0, 1, 1, 0, 2, 1, 0, 2]), np.arange(8) // 2
    found = effects.mean_by_arm(np.tile(y, 2), np.repeat([1, 0], 8)).clustered(np.tile(site, 2))
    assert (found.influence == 0).sum() > 16
    assert found.degrees == 3


def averaged(s: Sample, seen: np.ndarray) -> Estimate:
    model = effects.fit_outcome("linear", with_arm(s), s["cost"], ARM_COLUMNS, observed=seen)
    return effects.standardised_means(model, with_arm(s, 1), with_arm(s, 0))


def doubly_robust(s: Sample, seen: np.ndarray) -> Estimate:
    model = effects.fit_outcome("linear", with_arm(s), s["cost"], ARM_COLUMNS, observed=seen)
    fitted = fit_propensity(s["x"], s["arm"], None, NAMES)
    return effects.aipw(model, s["arm"], with_arm(s, 1), with_arm(s, 0), fitted, stacked=True)


def of_arms(s: Sample, seen: np.ndarray) -> Estimate:
    terms = model_matrix(s["x"], NAMES)
    scores = fit_multinomial(terms, s["arm"])
    return aipw_of_arms("linear", s["cost"], s["arm"], ("zero", "one"), terms, scores, seen)


def weighed(s: Sample, seen: np.ndarray) -> Estimate:
    fitted = fit_propensity(s["x"], s["arm"], None, NAMES)
    w = weights("overlap", s["arm"], fitted.score)
    known = effects.mean_by_arm(s["cost"], s["arm"], w, observed=seen)
    return stack(known, weight_slope("overlap", s["arm"], fitted.score), fitted.nuisance)


@pytest.mark.parametrize("way", [averaged, doubly_robust, of_arms, weighed])
def test_people_without_an_outcome_move_an_estimate_and_make_no_cluster(
    way: Callable[[Sample, np.ndarray], Estimate],
) -> None:
    """By the score, or by being averaged over: their influence is summed with their cluster's, which does not count."""
    s = sample()
    found = way(s, SITES < 3)
    assert np.abs(found.influence[SITES >= 3]).min() > 0
    assert found.clustered(SITES).degrees == 2
    sums = np.stack([found.influence[site == SITES].sum(axis=0) for site in range(6)])
    np.testing.assert_allclose(found.clustered(SITES).covariance(), sums.T @ sums * 3 / 2, rtol=1e-10)
    with pytest.raises(EstimationError, match="at least two clusters with people who take part"):
        way(s, SITES == 0).clustered(SITES)
    # and people of further arms are in none of it but the score
    twice = found.among(np.arange(2 * N) < N).clustered(np.concatenate([SITES, SITES + 10]))
    same_inference(found.clustered(SITES), twice)


def test_cells_of_scored_people_count_the_clusters_with_an_outcome() -> None:
    s = sample(n=300)
    s["x"] = np.round(s["x"])
    site, seen = np.arange(300) % 10, np.arange(300) % 10 < 4
    fitted = fit_propensity(s["x"], s["arm"], None, NAMES)
    w, slope = (f("overlap", s["arm"], fitted.score) for f in (weights, weight_slope))
    people = stack(effects.mean_by_arm(s["y"], s["arm"], w, observed=seen), slope, fitted.nuisance).clustered(site)
    cells = collapse((s["arm"], s["y"], seen), w, None, site, slope, fitted.nuisance)
    arms, values, there = cells.columns
    found = cells.infer(effects.mean_by_arm(values, arms, cells.weight, cells.frequency, observed=there))
    same_inference(people, found)
    assert found.degrees == 3


def test_joined_estimates_count_those_of_any_of_them() -> None:
    s = sample()
    first, second = (effects.mean_by_arm(s["cost"], s["arm"], observed=here) for here in (SITES < 3, SITES > 1))
    both = join([first, second]).clustered(SITES)
    assert both.degrees == 5
    one = difference(first, "arm1", "arm0")
    assert join([one]).clustered(SITES).degrees == one.clustered(SITES).degrees == 2
    assert joint(first.clustered(SITES)).denominator == 1


def test_log_rank_tests_count_the_clusters_of_those_compared() -> None:
    s = sample(n=90)
    out, site = np.arange(90) >= 45, np.arange(90) // 5
    for how in ("robust", "design"):
        alone = weighted_logrank(
            s["time"][~out], event(s)[~out], s["arm"][~out], clusters=site[~out], variance=how
        ).statistic
        for w, time, strata in (
            (~out, s["time"], None), (None, np.where(out, 0, s["time"]), None), (None, s["time"], out)
        ):  # fmt: skip
            found = weighted_logrank(time, event(s) & ~out, s["arm"], w, clusters=site, variance=how, strata=strata)
            assert found.statistic == pytest.approx(alone, rel=1e-10)


def test_pseudo_values_count_people_with_weight() -> None:
    s, more = padded("weight")
    plain = {"weight": np.ones(N), "frequency": s["frequency"]}
    alone = pseudo_values(cuminc.survival(s["time"], event(s), (3, 6), **plain))
    more["weight"][:N] = 1
    together = pseudo_values(cuminc.survival(more["time"], event(more), (3, 6), **common(more)))
    np.testing.assert_allclose(together[:N], alone, rtol=1e-12)


@pytest.mark.parametrize("name", ["cox_efron_strata", "survival"])
def test_late_entry_after_the_last_event_is_no_part(name: str) -> None:
    s = sample()
    before = ESTIMATORS[name](s).clustered(SITES)
    one = {key: np.concatenate([values, values[:1]]) for key, values in s.items()}
    one["time"][-1], one["entry"][-1], one["cause"][-1], one["x"][-1] = 99, 50, 0, 1e4
    same_inference(before, ESTIMATORS[name](one).clustered(np.append(SITES, 77)))
    assert late(one)["entry"][-1] == 50


def test_clusters_have_one_number_whoever_takes_part() -> None:
    """Estimates of different people are grouped alike and can be joined afterwards; who moves nothing needs no site."""
    s = sample()
    names = np.array([f"site {one}" for one in SITES], dtype=object)
    first, second = (effects.mean_by_arm(s["cost"], s["arm"], observed=here) for here in (SITES > 2, SITES < 5))
    after = join([first.clustered(names), second.clustered(names)])
    before = join([first, second]).clustered(names)
    np.testing.assert_allclose(after.covariance(), before.covariance(), rtol=1e-12)
    assert after.degrees == before.degrees == 5
    names[SITES < 3] = None
    np.testing.assert_allclose(first.clustered(names).covariance(), first.clustered(SITES).covariance(), rtol=1e-12)
    with pytest.raises(EstimationError, match="missing"):
        second.clustered(names)
