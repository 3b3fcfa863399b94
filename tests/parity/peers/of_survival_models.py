"""R's survival, continued: weights, concordance, tests of proportionality, parametric models, medians, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, likelihood_ratio, model_error, score_residuals
from of_survival import TEST1, TESTW1, suite
from ours import (
    accelerated_failure_time,
    concordance,
    cox,
    interval_failure_time,
    logrank,
    proportional_hazards_test,
    pseudo_regression,
    pseudo_values,
    restricted_mean,
    survival_curve,
    turnbull,
)

EXAMPLES = "tests/Examples/survival-Ex.Rout.save"
SAS = "tests/r_sas.Rout.save (SAS lifereg / reliability)"


@suite.of("testw1", "tests/book5.R, book6.R, doweight.Rout.save (case weights)")
def weighted(files: Files) -> dict[str, Any]:
    people, found = TESTW1, {}
    fits = {t: cox(people[["x"]], people.time, people.status, ["x"], people.wt, ties=t) for t in ("breslow", "efron")}
    for ties, fit in fits.items():
        name = ties.title()
        found |= {
            f"{name} coef": fit.estimate.value,
            f"{name} model se": model_error(fit),
            f"{name} score residuals": score_residuals(fit),
        }
    pairs = concordance(people.x, people.time, people.status, weight=people.wt).estimate
    return found | {
        "Breslow coef book5": fits["breslow"].estimate.value,
        "Breslow loglik": fits["breslow"].log_likelihood,
        "Breslow LR test": likelihood_ratio(fits["breslow"]),
        "Efron LR": likelihood_ratio(fits["efron"]),
        "concordance": pairs.value,
        "concordance se": pairs.standard_error(),
    }


def counts(score: Any, time: Any, event: Any, weight: Any = None, reverse: bool = False) -> list[float]:
    """Concordant, discordant and tied pairs, where a high score says early."""
    found = concordance(-np.asarray(score) if reverse else score, time, event, weight=weight)
    return [found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy]


def maintained(weight: Any) -> Any:
    def compute(files: Files) -> dict[str, Any]:
        people = files.csv("aml")[lambda d: d.x == "Maintained"]
        return {"counts (reverse)": counts([1, 6, 2, 7, 3, 7, 3, 8, 4, 4, 5], people.time, people.status, weight)[:4]}

    return compute


suite.of("tdata", "tests/concordance.R")(maintained(None))
suite.of("tdata weights", "tests/concordance.R")(maintained([1, 2, 3, 2, 1, 2, 3, 4, 3, 2, 1]))


@suite.of("lung", "tests/concordance.R")
def performance(files: Files) -> dict[str, Any]:
    people = files.csv("lung").dropna(subset=["ph.ecog"])
    return {"counts ph.ecog": counts(people["ph.ecog"], people.time, people.status == 2)}


@suite.of("lots of ties", "tests/concordance.R")
def ties(files: Files) -> dict[str, Any]:
    time, event = [1, 2, 2, 2, 3, 4, 4, 4, 5, 2], [1, 0, 1, 0, 1, 0, 1, 1, 0, 1]
    return {"counts by all pairs": counts([5, 5, 4, 4, 3, 3, 7, 6, 5, 4], time, event)[:3]}


def proportional(ties: str, transform: str, times: int = 1) -> float:
    people = pd.concat([TEST1.assign(stratum=k) for k in range(times)])
    fit = cox(people[["x"]], people.time, people.status, ["x"], strata=people.stratum, ties=ties)
    return float(proportional_hazards_test(fit, transform).statistic[0])


@suite.of("test1", "tests/zph.R closed form")
def zph(files: Files) -> dict[str, Any]:
    pairs = [(ties, transform) for ties in ("breslow", "efron") for transform in ("identity", "log")]
    return {f"cox.zph {ties} {transform}": proportional(ties, transform) for ties, transform in pairs}


@suite.of("test1 x2 strata", "tests/zph.R closed form")
def zph_strata(files: Files) -> dict[str, Any]:
    return {"cox.zph efron log, doubled": proportional("efron", "log", 2)}


def model(fit: Any, name: str, *wanted: str, log_scale: bool = False) -> dict[str, Any]:
    """What survreg prints; the logarithm of the scale among the coefficients or not."""
    value, free = fit.estimate.value, "log_scale" in fit.estimate.names
    every = {
        "coef": value if log_scale or not free else value[:-1],
        "scale": np.exp(value[-1]),
        "se": model_error(fit),
        "loglik": fit.log_likelihood,
    }
    return {f"{name} {what}": every[what] for what in wanted}


def regressed(people: Any, names: list[str], time: str, event: Any, distribution: str) -> Any:
    return accelerated_failure_time(people[names].astype(float), people[time], event, names, distribution)


@suite.of("test1", "tests/testreg.Rout.save")
def distributions(files: Files) -> dict[str, Any]:
    def fit(distribution: str) -> Any:
        return regressed(TEST1, ["x"], "time", TEST1.status, distribution)

    every = ("coef", "scale", "se", "loglik")
    return (
        model(fit("weibull"), "weibull", *every)
        | model(fit("exponential"), "exponential", "coef", "se", "loglik")
        | model(fit("log-logistic"), "loglogistic", *every)
        | model(fit("log-normal"), "lognormal", *every, log_scale=True)
    )


@suite.of("ovarian", "tests/testreg.Rout.save")
def ovarian(files: Files) -> dict[str, Any]:
    people, found = files.csv("ovarian"), {}
    for name, distribution in (("weibull", "weibull"), ("loglogistic", "log-logistic")):
        fit = regressed(people, ["age", "ecog.ps"], "futime", people.fustat, distribution)
        found |= model(fit, name, "coef", "scale", "loglik")
    return found


@suite.of("data.interval", "tests/testreg.Rout.save")
def intervals(files: Files) -> dict[str, Any]:
    people, found = files.csv("interval"), {}
    names = ["age", "ecog.ps"]
    lower, upper = people.ltime.fillna(0), people.rtime.fillna(np.inf)
    for name, distribution in (("weibull", "weibull"), ("loglogistic", "log-logistic")):
        fit = interval_failure_time(people[names].astype(float), lower, upper, names, distribution)
        found |= model(fit, f"interval {name}", "coef", "se", "loglik", log_scale=True)
    return found


@suite.of("lung", "tests/r_lung.Rout.save")
def lung(files: Files) -> dict[str, Any]:
    names = ["sex", "age", "ph.ecog"]
    people = files.csv("lung").dropna(subset=names)
    return model(regressed(people, names, "time", people.status == 2, "weibull"), "weibull", "coef", "scale", "loglik")


@suite.of("imotor", SAS)
def motors(files: Files) -> dict[str, Any]:
    hot = files.csv("imotor")[lambda d: d.temp > 150].assign(inverse=lambda d: 1000 / (273.2 + d.temp))
    fit = regressed(hot, ["inverse"], "time", hot.status, "log-normal")
    return model(fit, "lognormal imotor", "coef", "scale", "se", "loglik", log_scale=True)


@suite.of("cracks", SAS)
def cracks(files: Files) -> dict[str, Any]:
    """167 parts looked at on some days; those that never cracked lie beyond the last."""
    seen = files.csv("cracks")
    lower, upper = np.array([0.0, *seen.days]), np.array([*seen.days, np.inf])
    people = [*seen.fail, 167 - seen.fail.sum()]
    fit = interval_failure_time(np.empty((len(lower), 0)), lower, upper, [], frequency=people)
    return model(fit, "weibull cracks", "coef", "scale", "se", "loglik", log_scale=True)


@suite.of("ifluid", SAS)
def fluids(files: Files) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for voltage, here in files.csv("ifluid").groupby("voltage"):
        fit = accelerated_failure_time(np.empty((len(here), 0)), here.time, np.ones(len(here)), [])
        value, error = fit.estimate.value, model_error(fit)
        found |= {
            f"weibull location {voltage}": value[0],
            f"se {voltage}": error[0],
            f"scale {voltage}": np.exp(value[1]),
        }
    return found


@suite.of("capacitor", EXAMPLES)
def capacitors(files: Files) -> dict[str, Any]:
    parts = files.csv("capacitor")
    fit = regressed(parts, ["temperature", "voltage"], "time", parts.status, "weibull")
    return model(fit, "weibull capacitor", "coef", "scale", "loglik")


@suite.of("turnbull", "tests/turnbull.R (Turnbull JASA 1974)")
def grouped(files: Files) -> dict[str, Any]:
    """At each of four times: events, censored, and those who had it by then."""
    time = np.repeat([1.0, 2, 3, 4], 3)
    kind, people = np.tile(["event", "right", "left"], 4), [12, 3, 2, 6, 2, 4, 2, 0, 2, 3, 3, 5]
    lower, upper = np.where(kind == "left", 0.0, time), np.where(kind == "right", np.inf, time)
    curve = turnbull(lower, upper, frequency=people)
    return {"survival": curve.survival([1, 2, 3, 4])[0]}


@suite.of("ovarian", EXAMPLES)
def ovarian_examples(files: Files) -> dict[str, Any]:
    people = files.csv("ovarian")
    names = ["age", "ecog.ps"]
    test = proportional_hazards_test(cox(people[names], people.futime, people.fustat, names))
    arms = logrank(people.futime, people.fustat, people.rx)
    fit = regressed(people, ["ecog.ps", "rx"], "futime", people.fustat, "exponential")
    return {
        "cox.zph chisq, p": [*test.statistic, *test.p_value],
        "survdiff expected, chisq": [*arms.expected, arms.statistic],
        **model(fit, "exponential ovarian", "coef", "loglik"),
    }


@suite.of("mgus2", EXAMPLES)
def mgus2(files: Files) -> dict[str, Any]:
    people = files.csv("mgus2").assign(male=lambda d: (d.sex == "M").astype(float))
    known, names = people.dropna(subset=["mspike"]), ["age", "male", "mspike"]
    score = known[names] @ cox(known[names], known.ptime, known.pstat, names).estimate.value
    uno = concordance(score, known.ptime, known.pstat, weighting="uno", censoring="known").estimate
    fit = regressed(people, ["age", "male"], "futime", people.death, "weibull")
    return {
        "Uno C": uno.value,
        "Uno C se (censoring known)": uno.standard_error(),
        **model(fit, "weibull mgus2", "coef", "scale", "se", "loglik", log_scale=True),
    }


@suite.of("lung", EXAMPLES)
def lung_examples(files: Files) -> dict[str, Any]:
    people = files.csv("lung").assign(event=lambda d: d.status == 2)
    there = people.dropna(subset=["pat.karno", "inst"])
    score = there["pat.karno"].astype(int)
    by_karno = logrank(there.time, there.event, score, strata=there.inst)
    order = [by_karno.groups.index(str(v)) for v in sorted(score.unique())]
    pieces = (by_karno.score**2 / np.diag(by_karno.covariance))[order]
    found: dict[str, Any] = {
        "stratified survdiff expected": by_karno.expected[order],
        "stratified survdiff chisq, p": [by_karno.statistic, by_karno.p_value],
        "(O-E)^2/V": pieces,
    }
    for level in (0, 1, 2):
        here = people[people["ph.ecog"] == level]
        half = survival_curve(here.time, here.event).quantiles([0.5], "log")
        found[f"median and log limits, ph.ecog {level}"] = [half.time[0], half.lower[0], half.upper[0]]
    means = pseudo_values(restricted_mean(people.time, people.event, 730))
    known, names = people["ph.ecog"].notna(), ["ph.ecog", "sex"]
    b = pseudo_regression(means[known], people.loc[known, names], names, ["mean"]).value
    found["pseudo RMST by ph.ecog and sex"] = [b @ [1, level, sex] for level in range(4) for sex in (1, 2)]
    return found
