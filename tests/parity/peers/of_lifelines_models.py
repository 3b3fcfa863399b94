"""lifelines, continued: Cox models (R's coxph) and accelerated failure times (R's flexsurv, survreg, eha)."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files, likelihood_ratio, model_error
from ledger import Both
from of_lifelines import SORTED, VAR1, WEIGHT, cohort, suite
from ours import CoxFit, accelerated_failure_time, concordance, cox, interval_failure_time

COX = "test_estimation.py (R coxph)"
AFT = "test_estimation.py (R flexsurv, survreg)"
ROSSI = ["fin", "race", "wexp", "mar", "paro", "prio", "age"]
# five rows of its tests, in this order or sorted by time
VAR2 = [0.184677, 0.071893, 1.364646, 0.098375, 1.663092]
TIME = [7.335846, 5.269797, 11.684092, 12.678458, 6.601666]


@suite.of("rossi", COX)
def rossi(files: Files) -> dict[str, Any]:
    people = files.csv("ll_rossi")

    def fit(names: list[str], by: list[str]) -> CoxFit:
        strata = people[by].astype(str).agg("-".join, axis=1) if by else None
        return cox(people[names], people.week, people.arrest, names, strata=strata)

    every, four = ["fin", "age", "race", "wexp", "mar", "paro", "prio"], ["race", "paro", "mar", "wexp"]
    plain, race = fit(every, []), fit([name for name in every if name != "race"], ["race"])
    stratified = fit(["fin", "age", "prio"], four)
    return {
        "coef": plain.estimate.value,
        "se": model_error(plain),
        "coef, strata race": race.estimate.value,
        "coef, four strata": stratified.estimate.value,
        "loglik, four strata": stratified.log_likelihood,
    }


@suite.of("larynx", "test_estimation.py (R coxph) Klein & Moeschberger table 8.1 (Breslow)")
def larynx(files: Files) -> dict[str, Any]:
    people = files.csv("ll_larynx")
    names = ["age", "Stage_II", "Stage_III", "Stage_IV"]
    return {"se": model_error(cox(people[names], people.time, people.death, names, ties="breslow"))}


def two(time: Any = TIME, event: Any = (1, 1, 1, 1, 1), weight: Any = None) -> CoxFit:
    return cox(np.array([VAR1, VAR2]).T, time, event, ["var1", "var2"], weight)


@suite.of("five rows, w=.75", COX)
def lighter(files: Files) -> dict[str, Any]:
    fit = two(weight=[0.75] * 5)
    return {
        "coef": fit.estimate.value,
        ".75 x model covariance": 0.75 * np.linalg.inv(fit.information),
        "robust se": fit.estimate.standard_error(),
        "model se": model_error(fit),
        "loglik": fit.log_likelihood,
    }


@suite.of("five rows, w=1.75,.75", COX)
def uneven(files: Files) -> dict[str, Any]:
    fit = two(weight=[1.75, 0.75, 0.75, 0.75, 0.75])
    return {"coef": fit.estimate.value, "model se": model_error(fit)}


def robust(name: str, where: str, **how: Any) -> None:
    @suite.of(name, where)
    def compute(files: Files) -> dict[str, Any]:
        fit = two(**how)
        found = {"coef": fit.estimate.value, "robust se": fit.estimate.standard_error()}
        return found if where == COX else found | {"model covariance": np.linalg.inv(fit.information)}


robust("five rows, w=var2", COX, weight=VAR2)
robust("five rows, w=var2, censored", COX, weight=VAR2, event=(1, 1, 0, 1, 1))
robust("five rows, w=2,2,2,1,2", AFT, weight=[2, 2, 2, 1, 2], time=[1, 2, 3, 4, 5])


def one(weight: Any = None, strata: Any = None, time: Any = SORTED, x: Any = VAR1) -> CoxFit:
    return cox(np.array([x]).T, time, [1] * 5, ["var1"], weight, strata=strata)


@suite.of("five rows", COX)
def influence(files: Files) -> dict[str, Any]:
    return {"dfbeta": one().estimate.influence}


@suite.of("five rows, strata", COX)
def influence_strata(files: Files) -> dict[str, Any]:
    return {
        "dfbeta": one(strata=[1, 1, 1, 2, 2]).estimate.influence,
        "robust se (xfail there)": one(strata=[1, 1, 2, 2, 2], time=TIME, x=VAR2).estimate.standard_error(),
    }


@suite.of("five rows, weights", COX)
def influence_weights(files: Files) -> dict[str, Any]:
    fit = one(weight=WEIGHT)
    return {"dfbeta": fit.estimate.influence, "LR": likelihood_ratio(fit)}


@suite.of("regression, w=var3", COX)
def regression_weights(files: Files) -> dict[str, Any]:
    people = files.csv("ll_regression")
    fit = cox(people[["var1", "var2"]], people["T"], people.E, ["var1", "var2"], people.var3)
    return {"coef": fit.estimate.value, "model se": model_error(fit)}


@suite.of("regression", COX)
def regression(files: Files) -> dict[str, Any]:
    people, names = files.csv("ll_regression"), ["var1", "var2", "var3"]
    return {"robust se": cox(people[names], people["T"], people.E, names).estimate.standard_error()}


@suite.of("six rows, strata", COX)
def six_rows(files: Files) -> dict[str, Any]:
    x = np.array([[*VAR2, 0.5], [1, 2, 3, 2, 1, 2]]).T
    fit = cox(x, [*TIME, 8.0], [1] * 6, ["var2", "var3"], strata=[1, 1, 2, 2, 2, 1])
    return {"robust se": fit.estimate.standard_error()}


@suite.of("multicenter aids", COX)
def late_entry_model(files: Files) -> dict[str, Any]:
    people = cohort(files)
    fit = cox(people[["AIDSY"]], people["T"], people.D, ["AIDSY"], entry=people.W)
    value, error = fit.estimate.value[0], model_error(fit)[0]
    return {"coef, se, loglik": Both(*([value, error, at] for at in (fit.log_likelihood, fit.null_log_likelihood)))}


@suite.of("rossi four strata", COX)
def pairs(files: Files) -> dict[str, Any]:
    """The model has one stratum, wexp, and pairs are those within it."""
    people, names = files.csv("ll_rossi"), ["fin", "age", "race", "mar", "paro", "prio"]
    fit = cox(people[names], people.week, people.arrest, names, strata=people.wexp)
    score = people[names] @ fit.estimate.value
    within = concordance(score, people.week, people.arrest, strata=people.wexp)
    return {"c-index over all pairs (strata ignored)": within.estimate.value}


@suite.of("rossi", AFT)
def weibull(files: Files) -> dict[str, Any]:
    people = files.csv("ll_rossi")
    fit = accelerated_failure_time(people[ROSSI], people.week, people.arrest, ROSSI)
    return {
        "weibull coef": fit.estimate.value[:-1],
        "weibull log shape": -fit.estimate.value[-1],
        "weibull se": model_error(fit),
        "loglik": fit.log_likelihood,
        "weibull robust se": fit.estimate.standard_error(),
    }


@suite.of("rossi, w=age", AFT)
def weibull_weights(files: Files) -> dict[str, Any]:
    people, names = files.csv("ll_rossi"), ROSSI[:-1]
    fit = accelerated_failure_time(people[names], people.week, people.arrest, names, weight=people.age)
    unweighted = np.sqrt((fit.estimate.gradient**2).sum(axis=0))
    return {
        "weibull coef": fit.estimate.value[:-1],
        "log shape": -fit.estimate.value[-1],
        "weibull robust se": Both(fit.estimate.standard_error(), unweighted),
    }


@suite.of("rossi", f"{AFT} (R eha, left truncated)")
def weibull_entry(files: Files) -> dict[str, Any]:
    people = files.csv("ll_rossi")
    entry = np.where(people.week > 10, 2, 0)
    fit = accelerated_failure_time(people[ROSSI], people.week, people.arrest, ROSSI, entry=entry)
    return {"weibull coef": fit.estimate.value[:-1], "log shape": -fit.estimate.value[-1]}


@suite.of("diabetes", AFT)
def intervals(files: Files) -> dict[str, Any]:
    people = files.csv("ll_interval_diabetes")
    male = (people.gender == "male").astype(float).to_numpy()[:, None]
    fit = interval_failure_time(male, people.left.fillna(0), people.right.fillna(np.inf), ["male"])
    intercept, gender, log_scale = fit.estimate.value
    return {
        "interval weibull coef": gender,
        "scale, shape": [np.exp(intercept), np.exp(-log_scale)],
        "loglik": fit.log_likelihood,
        "se": model_error(fit)[1],
    }
