"""What must hold for every estimator that returns an Estimate, whatever it estimates.

One table of estimators, one small sample with ties, competing causes, delayed entry, unequal weights and
frequencies, and properties that no formula of ours enters: finite differences, repeated rows, shuffled rows,
scaled weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, weight_slope, weights
from iop_outcomes.estimators.cox import grouped, standardised_curves
from iop_outcomes.estimators.cox.cause_models import fit_cause_models
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.parametric import DISTRIBUTIONS, accelerated_failure_time, interval_failure_time
from iop_outcomes.estimators.survival.pseudo import pseudo_regression

Sample = dict[str, np.ndarray]
NAMES = ("age", "severity")
TIMES = (3, 6, 9)
KNOTS = np.array([-1.0, 0.0, 1.0])


def sample(seed: int = 20, n: int = 48) -> Sample:
    """Whole-day times with many ties; late entry; y depends on covariates and arm; a quarter of y not
    observed.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    arm = (rng.random(n) < 1 / (1 + np.exp(-0.5 * x[:, 0]))).astype(int)
    time = np.ceil(rng.exponential(8 * np.exp(-0.3 * x[:, 1]))).clip(1, 14)
    return {
        "x": x,
        "arm": arm,
        "time": time,
        "cause": np.where(time == 14, 0, rng.integers(0, 3, n)),
        "entry": np.where(rng.random(n) < 0.4, np.floor(time * rng.random(n)).clip(0, 2), 0.0),
        "stratum": rng.integers(0, 3, n),
        "y": (rng.random(n) < 1 / (1 + np.exp(-0.6 * x[:, 1] + 0.4 * arm))).astype(float),
        "cost": 3 + x[:, 0] - arm + rng.normal(size=n),
        "observed": rng.random(n) < 0.75,
        "weight": rng.uniform(0.3, 2.5, n),
        "frequency": rng.integers(1, 5, n).astype(float),
    }


def event(s: Sample) -> np.ndarray:
    return s["cause"] > 0


def with_arm(s: Sample, arm: object = None) -> np.ndarray:
    a = np.broadcast_to(s["arm"] if arm is None else arm, s["arm"].shape)
    return np.column_stack([a, s["x"], a * s["x"][:, 0]])


ARM_COLUMNS = ("arm", *NAMES, "arm_age")


def common(s: Sample) -> dict[str, np.ndarray]:
    return {"weight": s["weight"], "frequency": s["frequency"]}


def late(s: Sample) -> dict[str, np.ndarray]:
    return {**common(s), "entry": s["entry"]}


def by_arm_censored(s: Sample) -> dict[str, np.ndarray]:
    return {**common(s), "censoring_groups": s["arm"]}


def grouped_fit(s: Sample, which: int) -> grouped.GroupedFit:
    borders = np.array([0, 2, 5, 9, 14])
    above = np.searchsorted(borders, s["time"])
    low = borders[above - ((s["cause"] > 0) | (s["time"] < borders[above]))]
    return grouped.grouped_hazards(s["x"], low, borders[above], s["cause"], which, NAMES, borders, **common(s))


def standardised(family: str, y: str, s: Sample) -> Estimate:
    model = effects.fit_outcome(family, with_arm(s), s[y], ARM_COLUMNS, observed=s["observed"], **common(s))
    return effects.standardised_means(model, with_arm(s, 1), with_arm(s, 0))


def dose_curve(s: Sample) -> Estimate:
    dose, other = s["x"][:, 0], s["x"][:, 1]

    def columns(values: np.ndarray) -> np.ndarray:
        return np.column_stack([splines.basis(values, KNOTS), other])

    model = effects.fit_outcome("logistic", columns(dose), s["y"], ("dose", "bend", "severity"), **common(s))
    return effects.standardised_curve(model, lambda g: columns(np.full(len(dose), g)), (-0.5, 0.5), over=s["arm"] == 1)


def arms(s: Sample, ties: str = "efron") -> standardised_curves.Settings:
    """One model for both arms."""
    models = fit_cause_models(with_arm(s), s["time"], s["cause"], ARM_COLUMNS, ties=ties, **late(s))
    return {"one": (models, with_arm(s, 1)), "zero": (models, with_arm(s, 0))}


def own_models(s: Sample) -> standardised_curves.Settings:
    """Each arm's own models, everyone averaged over."""
    return {
        name: (
            fit_cause_models(s["x"], s["time"], s["cause"], NAMES, ties="breslow", within=s["arm"] == arm, **late(s)),
            s["x"],
        )
        for name, arm in (("one", 1), ("zero", 0))
    }


ESTIMATORS: dict[str, Callable[[Sample], Estimate]] = {
    "cumulative_incidence": lambda s: cuminc.cumulative_incidence(s["time"], s["cause"], 1, TIMES, **common(s)),
    "cumulative_incidence_late": lambda s: cuminc.cumulative_incidence(s["time"], s["cause"], 2, TIMES, **late(s)),
    "survival": lambda s: cuminc.survival(s["time"], event(s), TIMES, **late(s)),
    "restricted_mean": lambda s: cuminc.restricted_mean(s["time"], event(s), (5, 9), **late(s)),
    "time_lost": lambda s: cuminc.time_lost(s["time"], s["cause"], 1, 9, **late(s)),
    "nelson_aalen": lambda s: nelson_aalen(s["time"], s["cause"], 1, TIMES, **late(s)),
    "by_arm": lambda s: cuminc.by_arm(
        cuminc.cumulative_incidence,
        s["arm"],
        (1, 0),
        time=s["time"],
        cause=s["cause"],
        which=1,
        times=TIMES,
        **late(s),
    ),
    "cox_efron": lambda s: cox(s["x"], s["time"], event(s), NAMES, **common(s)).estimate,
    "cox_efron_strata": lambda s: cox(s["x"], s["time"], event(s), NAMES, strata=s["stratum"], **late(s)).estimate,
    "cox_breslow": lambda s: cox(s["x"], s["time"], event(s), NAMES, ties="breslow", **common(s)).estimate,
    "cox_breslow_strata": lambda s: (
        cox(s["x"], s["time"], event(s), NAMES, strata=s["stratum"], ties="breslow", **late(s)).estimate
    ),
    "cox_efron_first_period": lambda s: (
        cox_in_period(s["x"], s["time"], event(s), NAMES, (0, 4), strata=s["stratum"] > 0, **late(s)).estimate
    ),
    "cox_last_period": lambda s: (
        cox_in_period(s["x"], s["time"], event(s), NAMES, (4, np.inf), ties="breslow", **late(s)).estimate
    ),
    "fine_gray": lambda s: fine_gray(s["x"], s["time"], s["cause"], 1, NAMES, **by_arm_censored(s)).estimate,
    "fine_gray_efron": lambda s: fine_gray(s["x"], s["time"], s["cause"], 2, NAMES, ties="efron", **common(s)).estimate,
    "fine_gray_incidence": lambda s: fine_gray(
        s["x"], s["time"], s["cause"], 1, NAMES, **by_arm_censored(s)
    ).cumulative_incidence([[0, 0], [1, -1]], ("middle", "other"), TIMES),
    "concordance": lambda s: concordance(s["x"][:, 1], s["time"], event(s), **common(s)).estimate,
    "concordance_uno": lambda s: (
        concordance(np.round(s["x"][:, 1], 1), s["time"], event(s), weighting="uno", horizon=12, **common(s)).estimate
    ),
    "concordance_strata": lambda s: (
        concordance(s["x"][:, 1], s["time"], event(s), strata=s["stratum"], **common(s)).estimate
    ),
    "concordance_uno_strata": lambda s: (
        concordance(
            np.round(s["x"][:, 1], 1), s["time"], event(s), weighting="uno", strata=s["stratum"], **common(s)
        ).estimate
    ),
    "grouped": lambda s: join([grouped_fit(s, 1).estimate, grouped_fit(s, 1).baseline]),
    "grouped_incidence": lambda s: grouped.predicted_incidence(
        [grouped_fit(s, 1), grouped_fit(s, 2)], [[0, 0], [1, -1]], ("middle", "other")
    ),
    "logistic": lambda s: glm.logistic(s["x"], s["y"], NAMES, **common(s)),
    "poisson": lambda s: glm.poisson(s["x"], s["y"], NAMES, **common(s)),
    "linear": lambda s: glm.linear(s["x"], s["cost"], NAMES, **common(s)),
    "pseudo_regression": lambda s: pseudo_regression(s["y"][:, None], s["x"], NAMES, ("y",), "logit", **common(s)),
    "standardised_incidence_efron": lambda s: standardised_curves.standardised_incidence(arms(s), 1, TIMES),
    "standardised_time_lost": lambda s: standardised_curves.standardised_time_lost(
        arms(s, "breslow"), 2, 9, over=s["arm"] == 1
    ),
    "standardised_survival": lambda s: standardised_curves.standardised_survival(own_models(s), TIMES),
    "standardised_restricted_mean": lambda s: standardised_curves.standardised_restricted_mean(own_models(s), (5, 9)),
    "standardised_exponential": lambda s: standardised_curves.standardised_incidence(
        arms(s, "breslow"), 2, TIMES, form="exponential"
    ),
    "standardised_exponential_mean": lambda s: standardised_curves.standardised_restricted_mean(
        own_models(s), 9, form="exponential"
    ),
    **{
        f"aft_{name}": lambda s, name=name: (
            accelerated_failure_time(s["x"], s["time"], event(s), NAMES, name, **late(s)).estimate
        )
        for name in DISTRIBUTIONS
    },
    "aft_interval": lambda s: (
        interval_failure_time(
            s["x"],
            s["time"] - 1,
            np.where(event(s), s["time"] + s["stratum"], np.inf),
            NAMES,
            "log-normal",
            **common(s),
        ).estimate
    ),
    "mean_by_arm": lambda s: effects.mean_by_arm(s["y"], s["arm"], observed=s["observed"], **common(s)),
    "standardised_logistic": lambda s: standardised("logistic", "y", s),
    "standardised_poisson": lambda s: standardised("poisson", "y", s),
    "standardised_linear": lambda s: standardised("linear", "cost", s),
    "standardised_curve": dose_curve,
}
every = pytest.mark.parametrize("name", ESTIMATORS)


@every
def test_gradient_is_the_derivative_by_the_weight_of_a_row(name: str) -> None:
    estimator, s, step = ESTIMATORS[name], sample(), 1e-6
    gradient = estimator(s).gradient
    assert np.abs(gradient).max() > 1e-4
    for i in range(0, len(s["time"]), 4):
        up, down = s["weight"].copy(), s["weight"].copy()
        up[i] += step
        down[i] -= step
        change = estimator({**s, "weight": up}).value - estimator({**s, "weight": down}).value
        expected = change / (2 * step) / s["frequency"][i]
        np.testing.assert_allclose(gradient[i], expected, rtol=1e-5, atol=2e-8)


@every
def test_influence_is_weight_times_gradient_and_adds_to_nothing(name: str) -> None:
    s = sample()
    estimate = ESTIMATORS[name](s)
    assert estimate.weight is not None
    np.testing.assert_allclose(estimate.influence, s["weight"][:, None] * estimate.gradient, rtol=1e-13)
    # Multiplying all weights by a constant changes no estimate, so by Euler's theorem influences add to zero.
    np.testing.assert_allclose(s["frequency"] @ estimate.influence, 0, atol=1e-9)


@every
def test_a_row_of_frequency_f_is_f_rows(name: str) -> None:
    s = sample()
    copies = s["frequency"].astype(int)
    expanded = {key: np.repeat(values, copies, axis=0) for key, values in s.items()}
    expanded["frequency"] = np.ones(copies.sum())
    short, long = ESTIMATORS[name](s), ESTIMATORS[name](expanded)
    np.testing.assert_allclose(short.value, long.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(short.covariance(), long.covariance(), rtol=1e-9, atol=1e-12)


@every
def test_row_order_changes_nothing(name: str) -> None:
    s = sample()
    order = np.random.default_rng(1).permutation(len(s["time"]))
    straight = ESTIMATORS[name](s)
    shuffled = ESTIMATORS[name]({key: values[order] for key, values in s.items()})
    np.testing.assert_allclose(shuffled.value, straight.value, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(shuffled.influence, straight.influence[order], rtol=1e-8, atol=1e-11)


@every
def test_doubling_all_weights_changes_nothing(name: str) -> None:
    s = sample()
    once, twice = ESTIMATORS[name](s), ESTIMATORS[name]({**s, "weight": 2 * s["weight"]})
    np.testing.assert_allclose(twice.value, once.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(twice.standard_error(), once.standard_error(), rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if "efron" not in name])
def test_doubling_all_people_halves_the_variance(name: str) -> None:
    # Not with Efron ties, where twice the people are twice as many ties.
    s = sample()
    once, twice = ESTIMATORS[name](s), ESTIMATORS[name]({**s, "frequency": 2 * s["frequency"]})
    np.testing.assert_allclose(twice.value, once.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(twice.covariance(), once.covariance() / 2, rtol=1e-8, atol=1e-12)


@every
@pytest.mark.parametrize("absent", ["weight", "frequency"])
def test_rows_that_do_not_count_change_nothing(name: str, absent: str) -> None:
    s, more = sample(), sample(seed=5)
    together = {key: np.concatenate([s[key], more[key]]) for key in s}
    together[absent][len(s["time"]) :] = 0
    alone, padded = ESTIMATORS[name](s), ESTIMATORS[name](together)
    np.testing.assert_allclose(padded.value, alone.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(padded.covariance(), alone.covariance(), rtol=1e-8, atol=1e-12)


def test_frequency_is_not_a_weight() -> None:
    # Two people of weight 1 say more than one person of weight 2, so the standard errors must differ.
    s = sample()
    for name, estimator in ESTIMATORS.items():
        people = estimator({**s, "weight": np.ones(48), "frequency": np.full(48, 2.0)})
        weights = estimator({**s, "weight": np.full(48, 2.0), "frequency": np.ones(48)})
        ratio = weights.standard_error() / people.standard_error()
        assert (ratio > 1.2).all(), name


def test_aipw_gradient_holds_the_models_and_frequency_counts_people() -> None:
    s, step = sample(), 1e-6
    score = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
    model = effects.fit_outcome("logistic", with_arm(s), s["y"], ARM_COLUMNS, observed=s["observed"], **common(s))

    def estimate(weight: np.ndarray) -> Estimate:
        held = replace(model, rows=rows(48, weight, s["frequency"]))
        return effects.aipw(held, s["arm"], with_arm(s, 1), with_arm(s, 0), score, observed_score=np.full(48, 0.75))

    gradient = estimate(s["weight"]).gradient
    for i in range(0, 48, 4):
        e = np.zeros(48)
        e[i] = step
        change = estimate(s["weight"] + e).value - estimate(s["weight"] - e).value
        np.testing.assert_allclose(gradient[i], change / (2 * step) / s["frequency"][i], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("stacked", [False, True])
def test_aipw_rows_of_frequency_f_are_f_rows(stacked: bool) -> None:
    s = sample()
    copies = s["frequency"].astype(int)
    expanded = {key: np.repeat(values, copies, axis=0) for key, values in s.items()}
    expanded["frequency"] = np.ones(copies.sum())

    def estimate(s: Sample) -> Estimate:
        score = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
        model = effects.fit_outcome("linear", with_arm(s), s["cost"], ARM_COLUMNS, observed=s["observed"], **common(s))
        return effects.aipw(model, s["arm"], with_arm(s, 1), with_arm(s, 0), score, stacked=stacked)

    short, long = estimate(s), estimate(expanded)
    np.testing.assert_allclose(short.value, long.value, rtol=1e-9)
    np.testing.assert_allclose(short.covariance(), long.covariance(), rtol=1e-9)


def weighted_means(s: Sample, kind: str) -> Estimate:
    fitted = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
    w = weights(kind, s["arm"], fitted.score, s["frequency"])
    known = effects.mean_by_arm(s["cost"], s["arm"], w, s["frequency"], observed=s["observed"])
    slope = weight_slope(kind, s["arm"], fitted.score, s["frequency"])
    return stack(known, slope, fitted.nuisance)


def doubly_robust(s: Sample) -> Estimate:
    # A poor regression, so that the estimation of the score matters.
    fitted = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
    plain = {"weight": None, "frequency": s["frequency"], "observed": s["observed"]}
    model = effects.fit_outcome("linear", s["arm"][:, None], s["cost"], ("arm",), **plain)
    one, zero = (np.full((len(s["arm"]), 1), a) for a in (1.0, 0.0))
    seen = np.where(s["observed"], 0.8, 0.6)
    return effects.aipw(model, s["arm"], one, zero, fitted, observed_score=seen, stacked=True)


STACKED: dict[str, Callable[[Sample], Estimate]] = {
    **{kind: lambda s, kind=kind: weighted_means(s, kind) for kind in TILTS},
    "aipw": doubly_robust,
}


@pytest.mark.parametrize("name", STACKED)
def test_stacked_influence_is_that_of_one_more_person_on_the_whole_procedure(name: str) -> None:
    """A million people a row, one of them more or less, and everything refitted, the score among it."""
    s, many = sample(), 1e6
    s["frequency"] = np.full(48, many)
    influence = STACKED[name](s).influence
    for i in range(0, 48, 5):
        more, less = s["frequency"].copy(), s["frequency"].copy()
        more[i] += 1000
        less[i] -= 1000
        change = STACKED[name]({**s, "frequency": more}).value - STACKED[name]({**s, "frequency": less}).value
        np.testing.assert_allclose(influence[i], change / 2000, rtol=1e-5, atol=1e-14)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 3), st.floats(0.1, 5), st.integers(1, 3)),
        min_size=4,
        max_size=30,
    )
)
def test_causes_and_survival_share_out_one(people: list[tuple[int, int, float, int]]) -> None:
    """Over all causes, incidence and survival add to 1, time lost and restricted mean to tau, and so do
    influences.
    """
    time, cause, weight, frequency = (np.array(v, dtype=float) for v in zip(*people, strict=True))
    tau = 5.0
    time = np.append(time, 9.0)  # someone is followed to the end
    cause, weight, frequency = np.append(cause, 0), np.append(weight, 1.0), np.append(frequency, 1)
    seen = [k for k in (1, 2, 3) if ((cause == k) & (time <= tau)).any()]
    if not seen:
        return
    both = {"weight": weight, "frequency": frequency}
    incidence = [cuminc.cumulative_incidence(time, cause, k, tau, **both) for k in seen]
    lost = [cuminc.time_lost(time, cause, k, tau, **both) for k in seen]
    free = cuminc.survival(time, cause > 0, tau, **both)
    mean = cuminc.restricted_mean(time, cause > 0, tau, **both)
    np.testing.assert_allclose(sum(e.value for e in incidence) + free.value, 1, rtol=1e-12)
    np.testing.assert_allclose(sum(e.value for e in lost) + mean.value, tau, rtol=1e-12)
    np.testing.assert_allclose(sum(e.influence for e in incidence) + free.influence, 0, atol=1e-12)
    np.testing.assert_allclose(sum(e.influence for e in lost) + mean.influence, 0, atol=1e-11)
