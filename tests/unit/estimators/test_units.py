"""Units change nothing: covariates far from zero, in tiny or huge units, and times in any, give the same answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from every_estimator import in_states

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.cells import collapse
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal import balance, effects
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, weight_slope, weights
from iop_outcomes.estimators.cox import grouped, standardised_curves
from iop_outcomes.estimators.cox.cause_models import fit_cause_models
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.logrank import logrank
from iop_outcomes.estimators.cox.proportionality import proportional_hazards_test
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.estimators.regression.gee import CORRELATIONS, gee
from iop_outcomes.estimators.regression.multinomial import fit_multinomial, known_multinomial
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.multistate import days_in_states, occupancy
from iop_outcomes.estimators.survival.parametric import DISTRIBUTIONS, accelerated_failure_time, interval_failure_time
from iop_outcomes.estimators.survival.pseudo import pseudo_regression
from iop_outcomes.estimators.survival.whole_curve import survival_curve

Sample = dict[str, np.ndarray]
N = 240
NAMES = ("age", "severity")
ARM_NAMES = ("arm", *NAMES)


def sample(shift: float = 0.0, unit: float = 1.0, clock: float = 1.0) -> Sample:
    """x: (n, 2), the first column shifted and in another unit; spread about one before."""
    rng = np.random.default_rng(11)
    x = np.round(rng.normal(size=(N, 2)), 2)  # so that no digit is lost to the shift itself
    arm = (rng.random(N) < 1 / (1 + np.exp(-0.6 * x[:, 0]))).astype(int)
    time = np.ceil(rng.exponential(9 * np.exp(-0.3 * x[:, 0]))).clip(1, 20)
    cause = np.where(time == 20, 0, rng.integers(0, 3, N))
    out = {
        "y": (rng.random(N) < 1 / (1 + np.exp(-0.7 * x[:, 0] + 0.5 * arm))).astype(float),
        "cost": 2 + x[:, 0] - arm + rng.normal(size=N),
        "arm3": rng.integers(0, 3, N),
        "cluster": np.arange(N) // 6,
        "weight": rng.uniform(0.5, 2, N),
        "entry": np.where(rng.random(N) < 0.3, np.floor(time * rng.random(N)), 0) * clock,
        "plain": x[:, 0],
    }
    x[:, 0] = x[:, 0] * unit + shift
    return {**out, "x": x, "arm": arm, "time": time * clock, "cause": cause, "clock": np.array(clock)}


def with_arm(s: Sample, arm: object = None) -> np.ndarray:
    return np.column_stack([np.broadcast_to(s["arm"] if arm is None else arm, N), s["x"]])


def told(estimate: Estimate) -> tuple[np.ndarray, np.ndarray]:
    return estimate.value, estimate.standard_error()


def slopes(estimate: Estimate, unit: float, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """Coefficients and standard errors of columns, of the first one in the unit before."""
    own = estimate.take(*names)
    by = np.array([unit if name.startswith("age") else 1.0 for name in names])
    return np.concatenate([own.value * by, own.standard_error() * by])


def standardised(s: Sample, family: str, y: str) -> tuple[np.ndarray, np.ndarray]:
    model = effects.fit_outcome(family, with_arm(s), s[y], ARM_NAMES, weight=s["weight"])
    return told(effects.standardised_means(model, with_arm(s, 1), with_arm(s, 0)))


def curve(s: Sample) -> tuple[np.ndarray, np.ndarray]:
    dose = s["x"][:, 0]
    knots = splines.knots(dose, 4)

    def columns(values: np.ndarray) -> np.ndarray:
        return np.column_stack([splines.basis(values, knots), s["x"][:, 1]])

    model = effects.fit_outcome("logistic", columns(dose), s["y"], ("dose", "bend", "curl", "severity"))
    grid = np.quantile(dose, [0.2, 0.5, 0.8], method="lower")
    return told(effects.standardised_curve(model, lambda g: columns(np.full(N, g)), grid))


def weighted(s: Sample, kind: str) -> tuple[np.ndarray, ...]:
    fitted = fit_propensity(s["x"], s["arm"], names=NAMES)
    w = weights(kind, s["arm"], fitted.score)
    counted = stack(
        effects.mean_by_arm(s["cost"], s["arm"], w), weight_slope(kind, s["arm"], fitted.score), fitted.nuisance
    )
    return (*told(counted), fitted.score, w, fitted.standard_error[1:2] / np.abs(fitted.coefficient[1:2]))


def known_scores(s: Sample) -> tuple[np.ndarray, ...]:
    fitted = fit_multinomial(s["x"], s["arm3"], NAMES)
    known = known_multinomial(fitted.score, s["arm3"], fitted.matrix)
    w, slope = (f("overlap", s["arm3"], known.score) for f in (weights, weight_slope))
    return told(stack(effects.mean_by_arm(s["cost"], s["arm3"] == 1, w), slope, known.nuisance))


def doubly_robust(s: Sample) -> tuple[np.ndarray, ...]:
    score = fit_propensity(s["x"], s["arm"], names=NAMES)
    model = effects.fit_outcome("logistic", with_arm(s), s["y"], ARM_NAMES)
    one = effects.aipw(model, s["arm"], with_arm(s, 1), with_arm(s, 0), score, stacked=True)
    arms = aipw_of_arms(
        "logistic", s["y"], s["arm3"], "abc", ModelMatrix(s["x"], NAMES), fit_multinomial(s["x"], s["arm3"], NAMES)
    )
    return (*told(one), *told(arms))


def in_cells(s: Sample) -> tuple[np.ndarray, ...]:
    fitted = fit_propensity(s["x"], s["arm"], names=NAMES)
    w, slope = (f("iptw", s["arm"], fitted.score) for f in (weights, weight_slope))
    found = []
    for cluster in (None, s["cluster"]):
        cells = collapse([s["arm"], s["y"]], w, cluster=cluster, slope=slope, nuisance=fitted.nuisance)
        arm, y = cells.columns
        found += told(cells.infer(effects.mean_by_arm(y, arm, cells.weight, cells.frequency)))
    return tuple(found)


def balanced(s: Sample) -> tuple[np.ndarray, ...]:
    x, arm, w = s["x"], s["arm"], s["weight"]
    within = balance.within_strata(x, arm, s["cluster"] % 3, w)
    return (
        balance.standardised_difference(x, arm, w),
        balance.variance_ratio(x, arm, w),
        balance.distance(x, arm, w),
        balance.largest_pairwise_difference(x, s["arm3"], w),
        within.difference,
    )


def grouped_fits(s: Sample) -> list[grouped.GroupedFit]:
    borders = np.array([0, 2, 5, 9, 20]) * s["clock"]
    above = np.searchsorted(borders, s["time"])
    low = borders[above - ((s["cause"] > 0) | (s["time"] < borders[above]))]
    return [grouped.grouped_hazards(s["x"], low, borders[above], s["cause"], k, NAMES, borders) for k in (1, 2)]


def incidence_by_arm(s: Sample) -> tuple[np.ndarray, np.ndarray]:
    models = fit_cause_models(with_arm(s), s["time"], s["cause"], ARM_NAMES, weight=s["weight"])
    settings = {"one": (models, with_arm(s, 1)), "zero": (models, with_arm(s, 0))}
    times = np.array([3, 9]) * s["clock"]
    return told(standardised_curves.standardised_incidence(settings, 1, times))


def profiles(s: Sample) -> np.ndarray:
    return s["x"][:2]


COVARIATES: dict[str, Callable[[Sample, float], object]] = {
    **{
        family: lambda s, unit, family=family, y=y: slopes(glm.fit(family, s["x"], s[y], NAMES, s["weight"]), unit)
        for family, y in (("logistic", "y"), ("poisson", "y"), ("linear", "cost"))
    },
    "standardised_logistic": lambda s, unit: standardised(s, "logistic", "y"),
    "standardised_poisson": lambda s, unit: standardised(s, "poisson", "y"),
    "standardised_linear": lambda s, unit: standardised(s, "linear", "cost"),
    "spline": lambda s, unit: curve(s),
    **{kind: lambda s, unit, kind=kind: weighted(s, kind) for kind in TILTS},
    "multinomial": lambda s, unit: (
        (found := fit_multinomial(s["x"], s["arm3"], NAMES)).score,
        found.coefficient[:, 1:] * [unit, 1],
        found.model_standard_error()[:, 1:] * [unit, 1],
        slopes(found.estimate(), unit, ("arm 1: severity", "arm 2: severity")),
    ),
    "known_scores": lambda s, unit: known_scores(s),
    "doubly_robust": lambda s, unit: doubly_robust(s),
    "cells": lambda s, unit: in_cells(s),
    "cox": lambda s, unit: slopes(cox(s["x"], s["time"], s["cause"] > 0, NAMES, s["weight"]).estimate, unit),
    "cox_strata": lambda s, unit: slopes(
        cox(s["x"], s["time"], s["cause"] > 0, NAMES, entry=s["entry"], strata=s["arm3"]).estimate, unit
    ),
    "cox_in_period": lambda s, unit: slopes(
        cox_in_period(s["x"], s["time"], s["cause"] > 0, NAMES, (5, np.inf)).estimate, unit
    ),
    "incidence_by_arm": lambda s, unit: incidence_by_arm(s),
    "fine_gray": lambda s, unit: slopes(fine_gray(s["x"], s["time"], s["cause"], 1, NAMES).estimate, unit),
    "fine_gray_incidence": lambda s, unit: told(
        fine_gray(s["x"], s["time"], s["cause"], 1, NAMES).cumulative_incidence(profiles(s), "ab", (3, 9))
    ),
    "grouped": lambda s, unit: slopes(grouped_fits(s)[0].estimate, unit),
    "grouped_incidence": lambda s, unit: told(grouped.predicted_incidence(grouped_fits(s), profiles(s), "ab")),
    **{
        f"aft_{name}": lambda s, unit, name=name: slopes(
            accelerated_failure_time(
                s["x"], s["time"], s["cause"] > 0, NAMES, name, s["weight"], entry=s["entry"]
            ).estimate,
            unit,
        )
        for name in DISTRIBUTIONS
    },
    "aft_interval": lambda s, unit: slopes(
        interval_failure_time(
            s["x"], s["time"] - 1, np.where(s["cause"] > 0, s["time"] + 1, np.inf), NAMES, "log-normal"
        ).estimate,
        unit,
    ),
    "pseudo": lambda s, unit: slopes(
        pseudo_regression(np.column_stack([s["y"], s["y"]]), s["x"], NAMES, ("1", "2"), "logit", s["weight"]), unit
    ),
    **{
        f"gee_{form}": lambda s, unit, form=form: slopes(
            gee("logistic", s["x"], s["y"], NAMES, s["cluster"], form).estimate, unit
        )
        for form in CORRELATIONS
    },
    "cr2": lambda s, unit: (
        (found := cr2(s["x"], s["cost"], NAMES, s["cluster"] % 7, s["weight"])).value[1:] * [unit, 1],
        found.standard_error()[1:] * [unit, 1],
        found.degrees[1:],
    ),
    "balance": lambda s, unit: balanced(s),
    "concordance": lambda s, unit: told(concordance(s["x"][:, 0], s["time"], s["cause"] > 0).estimate),
    "proportionality": lambda s, unit: (
        proportional_hazards_test(cox(s["x"], s["time"], s["cause"] > 0, NAMES)).statistic
    ),
}


@pytest.mark.parametrize(
    ("shift", "unit"), [(1e8, 1.0), (-3e8, 1.0), (0.0, 1e8), (0.0, 1e-8), (1e4, 1e-4), (1.7e9, 3e4)]
)
@pytest.mark.parametrize("name", COVARIATES)
def test_covariates_in_any_unit_and_far_from_zero(name: str, shift: float, unit: float) -> None:
    plain, moved = COVARIATES[name](sample(), 1.0), COVARIATES[name](sample(shift, unit), unit)
    for ours, theirs in zip(*(f if isinstance(f, tuple) else (f,) for f in (moved, plain)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def timed(s: Sample) -> dict[str, object]:
    """What does not depend on the unit of time, or goes with it."""
    clock, event = float(s["clock"]), s["cause"] > 0
    late = {"weight": s["weight"], "entry": s["entry"]}
    times = np.array([3.0, 9.0]) * clock
    fit = cox(s["x"], s["time"], event, NAMES, **late)
    whole = survival_curve(s["time"], event, **late)
    mean = cuminc.restricted_mean(s["time"], event, times, **late)
    failing = [accelerated_failure_time(s["x"], s["time"], event, NAMES, name, **late) for name in DISTRIBUTIONS]
    subdistribution = fine_gray(s["x"], s["time"], s["cause"], 1, NAMES, s["weight"])
    states = in_states({**s, "stratum": s["arm3"]})
    return {
        "cox": told(fit.estimate),
        "proportionality": proportional_hazards_test(fit, "identity").statistic,
        "survival": told(cuminc.survival(s["time"], event, times, **late)),
        "incidence": told(cuminc.cumulative_incidence(s["time"], s["cause"], 1, times, **late)),
        "restricted_mean": np.array(told(mean)) / clock,
        "hazard": told(nelson_aalen(s["time"], s["cause"], 1, times, **late)),
        "occupancy": told(occupancy(states, times, s["weight"])),
        "days in states": np.array(told(days_in_states(states, times, s["weight"]))) / clock,
        "curve": (whole.value, whole.standard_error),
        "median": whole.quantiles((0.5,)).time / clock,
        "fine_gray": told(subdistribution.estimate),
        "fine_gray_incidence": told(subdistribution.cumulative_incidence(profiles(s), "ab", times)),
        "grouped": told(grouped_fits(s)[0].estimate),
        "aft": np.concatenate([np.concatenate(told(f.estimate.take(*f.estimate.names[1:]))) for f in failing]),
        "intercepts": np.array([f.estimate.value[0] for f in failing]) - np.log(clock),
        "by_arm": incidence_by_arm(s),
        "concordance": told(concordance(s["x"][:, 0], s["time"], event).estimate),
        "logrank": np.array([logrank(s["time"], event, s["arm"], entry=s["entry"]).statistic]),
        "at_risk": cuminc.at_risk(s["time"], times, **late),
    }


@pytest.mark.parametrize("clock", [1 / 365.25, 24.0, 1e8, 1e-8])
def test_times_in_any_unit(clock: float) -> None:
    plain, moved = timed(sample()), timed(sample(clock=clock))
    for name, theirs in plain.items():
        for ours, expected in zip(*(f if isinstance(f, tuple) else (f,) for f in (moved[name], theirs)), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize("name", ["cox", "logistic", "cr2", "gee_exchangeable", "aft_weibull", "balance", "pseudo"])
def test_weights_in_any_unit(name: str, scale: float) -> None:
    s = sample()
    plain, moved = COVARIATES[name](s, 1.0), COVARIATES[name]({**s, "weight": scale * s["weight"]}, 1.0)
    for ours, theirs in zip(*(f if isinstance(f, tuple) else (f,) for f in (moved, plain)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


def test_what_does_not_vary_is_told_from_what_is_far_from_zero() -> None:
    s = sample()
    for value in (5.3, 1e8, 1 / 3, -1e12, 0.1 + 0.2):
        for flat in (np.full(N, value), np.where(np.arange(N) % 2, value, np.nextafter(value, np.inf))):
            x = np.column_stack([s["x"][:, 1], flat])
            with pytest.raises(EstimationError, match="cannot tell what site does"):
                glm.logistic(x, s["y"], ("severity", "site"))
            with pytest.raises(EstimationError, match="cannot tell what site does"):
                cox(x, s["time"], s["cause"] > 0, ("severity", "site"))
            with pytest.raises(EstimationError, match="cannot tell what site does"):
                cr2(x, s["cost"], ("severity", "site"), s["cluster"])
            assert balance.standardised_difference(x, s["arm"])[1] == 0
    # a spread of one at 10^12, of which a number keeps four decimals
    plain = glm.logistic(s["x"], s["y"], NAMES)
    far = glm.logistic(s["x"] + [1e12, 0], s["y"], NAMES)
    np.testing.assert_allclose(far.value[1:], plain.value[1:], rtol=1e-3)
    np.testing.assert_allclose(far.standard_error()[1:], plain.standard_error()[1:], rtol=1e-3)


def test_columns_without_names_are_numbered() -> None:
    s = sample()
    numbered = ("column 1", "column 2")
    assert fit_propensity(s["x"], s["arm"]).names == ("intercept", *numbered)
    assert fit_multinomial(s["x"], s["arm3"]).names == ("intercept", *numbered)
    assert cox(s["x"], s["time"], s["cause"] > 0).estimate.names == numbered
    assert effects.fit_outcome("logistic", s["x"], s["y"]).names == ("intercept", *numbered)
    np.testing.assert_array_equal(
        cox(s["x"], s["time"], s["cause"] > 0).estimate.value,
        cox(s["x"], s["time"], s["cause"] > 0, NAMES).estimate.value,
    )
    with pytest.raises(EstimationError, match="coefficient of column 2 in the logistic"):
        fit_propensity(np.column_stack([s["plain"], s["arm"]]), s["arm"])
