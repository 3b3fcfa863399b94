"""Every estimator that returns an Estimate, and one small sample that all of them can estimate from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iop_outcomes.estimators.base.estimate import Estimate, join
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
from iop_outcomes.estimators.survival.courses import Course, course
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.multistate import days_in_states, moves, occupancy
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


def in_states(s: Sample) -> Course:
    """In care until half of the time, away until the time, then back or dead; some are lost, or enter late."""
    n = len(s["time"])
    middle = (s["entry"] + s["time"]) / 2
    gone = s["cause"] < 2  # those of cause 2 die in care
    until = np.where(gone, middle, s["time"])
    after = np.where(s["cause"] == 1, 2, np.where(s["stratum"] == 0, 0, -1))
    first = np.where(gone, 1, np.where(s["cause"] == 2, 2, -1))
    rows = [
        np.concatenate(pair)
        for pair in (
            (np.arange(n), np.arange(n)[gone]), (s["entry"], middle[gone]), (until, s["time"][gone]),
            (np.zeros(n), np.ones(gone.sum())), (first, after[gone]),
        )
    ]  # fmt: skip
    return course(("care", "away", "dead"), *rows)


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
    "occupancy": lambda s: occupancy(in_states(s), (2, 5, 9), **common(s)),
    "days_in_states": lambda s: days_in_states(in_states(s), (5, 9), **common(s)),
    "moves": lambda s: moves(in_states(s), [("care", "away"), ("away", "care")], (5, 9), **common(s)),
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
