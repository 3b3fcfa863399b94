"""R's survival: Cox models, curves, log-rank tests; the worked examples of Therneau & Grambsch, and printed output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import (
    Files,
    clustered,
    counted,
    greenwood,
    likelihood_ratio,
    model_error,
    score_residuals,
)
from ledger import Both, Suite
from ours import CoxFit, cox, logrank, nelson_aalen, survival, survival_curve

suite = Suite("survival (therneau)")
# data set 1 of Therneau & Grambsch's appendix, without the person whose status is missing; data set 2 has late entry
TEST1 = pd.DataFrame({"time": [9, 1, 1, 6, 6, 8], "status": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]})
TEST2 = pd.DataFrame({
    "start": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
    "stop": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
    "event": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
})  # fmt: skip
TESTW1 = pd.DataFrame({
    "time": [1, 1, 2, 2, 2, 2, 3, 4, 5],
    "status": [1, 0, 1, 1, 1, 0, 0, 1, 0],
    "x": [2, 0, 1, 1, 0, 1, 0, 1, 0],
    "wt": [1, 2, 3, 4, 3, 2, 1, 2, 1],
})  # fmt: skip
# the same people, time stretched, some in several rows
TESTW3 = pd.DataFrame({
    "id": [1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 8, 8, 9],
    "begin": [0, 5, 0, 0, 10, 15, 0, 0, 14, 0, 0, 0, 23, 0],
    "time": [5, 10, 10, 10, 15, 20, 20, 14, 20, 20, 30, 23, 40, 50],
    "status": [0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0],
    "x": [2, 2, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0],
    "wt": [1, 1, 2, 3, 3, 3, 4, 3, 3, 2, 1, 2, 2, 1],
})  # fmt: skip


def of_test1(ties: str) -> CoxFit:
    return cox(TEST1[["x"]], TEST1.time, TEST1.status, ["x"], ties=ties)


def of_test2(ties: str) -> CoxFit:
    return cox(TEST2[["x"]], TEST2.stop, TEST2.event, ["x"], entry=TEST2.start, ties=ties)


@suite.of("test1", "tests/book1.R, closed forms of Therneau & Grambsch appendix")
def book1(files: Files) -> dict[str, Any]:
    fit = of_test1("breslow")
    return {
        "Breslow beta": fit.estimate.value,
        "Breslow loglik at 0": fit.null_log_likelihood,
        "Breslow loglik": fit.log_likelihood,
        "Breslow information": fit.information,
        "Breslow score residuals": score_residuals(fit),
        "Breslow score residuals printed": score_residuals(fit),
    }


@suite.of("test1", "tests/book2.R")
def book2(files: Files) -> dict[str, Any]:
    fit = of_test1("efron")
    return {
        "Efron beta": fit.estimate.value,
        "Efron beta printed": fit.estimate.value,
        "Efron loglik": fit.log_likelihood,
        "Efron information": fit.information,
        "Efron score residuals printed": score_residuals(fit),
    }


@suite.of("test1", "tests/book1.R")
def influence(files: Files) -> dict[str, Any]:
    people = TEST1.sort_values("time", kind="stable")
    curve = survival(people.time, people.status, [1, 6])
    hazard = nelson_aalen(people.time, people.status, 1, [1, 6])
    return {
        "KM influence at 1 and 6": curve.influence.T,
        "Nelson-Aalen influence at 1 and 6": hazard.influence.T,
    }


@suite.of("test2", "tests/book3.R (start, stop)")
def book3(files: Files) -> dict[str, Any]:
    fit = of_test2("breslow")
    return {
        "Breslow beta": fit.estimate.value,
        "Breslow loglik": fit.log_likelihood,
        "Breslow loglik 0": fit.null_log_likelihood,
        "Breslow information": fit.information,
    }


@suite.of("test2", "tests/book4.R (start, stop)")
def book4(files: Files) -> dict[str, Any]:
    """At our estimate, against the appendix's likelihood and information written out."""
    fit = of_test2("efron")
    r = float(np.exp(fit.estimate.value[0]))
    terms = np.log([r + 1, r + 2, 3 * r + 2, 3 * r + 2, 3 * r + 1, 3 * r + 1, 2 * r + 2])
    closed = 4 * np.log(r) - terms.sum()
    parts = [(1, r + 1), (2, r + 2), (6, 3 * r + 2), (6, 3 * r + 1), (6, 3 * r + 2), (4, 2 * r + 2)]
    information = r * sum(k / v**2 for k, v in parts)
    return {
        "Efron loglik 0": fit.null_log_likelihood,
        "Efron loglik at ours": fit.log_likelihood - closed,
        "Efron information less closed form": fit.information - information,
    }


@suite.of("test2 x3 strata, shifted", "tests/book4.R (start, stop)")
def strata(files: Files) -> dict[str, Any]:
    one = of_test2("efron")
    people = pd.concat([TEST2.assign(stratum=k, start=TEST2.start + k, stop=TEST2.stop + k) for k in (1, 2, 3)])
    fit = cox(people[["x"]], people.stop, people.event, ["x"], entry=people.start, strata=people.stratum)
    gaps = [
        fit.log_likelihood - 3 * one.log_likelihood,
        fit.information[0, 0] - 3 * one.information[0, 0],
        fit.estimate.value[0] - one.estimate.value[0],
    ]
    return {"3 x loglik, information, beta": gaps}


@suite.of("testw3", "tests/doweight.Rout.save, testw3")
def pieces(files: Files) -> dict[str, Any]:
    people, found = TESTW3, {}
    for ties in ("breslow", "efron"):
        fit = cox(people[["x"]], people.time, people.status, ["x"], people.wt, entry=people.begin, ties=ties)
        found[f"{ties} coef"], found[f"{ties} se"] = fit.estimate.value, model_error(fit)
        found[f"{ties} score residuals by id"] = np.bincount(people.id, score_residuals(fit)[:, 0])[1:]
    return found


@suite.of("test2", "tests/survtest.R")
def late_entry(files: Files) -> dict[str, Any]:
    curve = survival_curve(TEST2.stop, TEST2.event, entry=TEST2.start)
    theirs = greenwood(counted(TEST2.stop, TEST2.event, entry=TEST2.start))
    return {"KM (start, stop]": curve.value, "Greenwood se (start, stop]": Both(curve.standard_error, theirs)}


def fitted(fits: dict[str, CoxFit], coef: str = "{} coef", se: str = "{} se", lr: str = "{} LR") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, fit in fits.items():
        found[coef.format(name)], found[se.format(name)] = fit.estimate.value, model_error(fit)
        if lr:
            found[lr.format(name)] = likelihood_ratio(fit)
    return found


@suite.of("bladder2", "tests/bladder.Rout.save")
def recurrences(files: Files) -> dict[str, Any]:
    people = files.csv("bladder2")
    names = ["rx", "size", "number"]
    all_times = cox(people[names], people.stop, people.event, names, entry=people.start, ties="breslow")

    def only(number: int, since: bool) -> CoxFit:
        here = people[people.enum == number]
        time = here.stop - here.start if since else here.stop
        return cox(here[names], time, here.event, names, ties="breslow")

    fits = {"Prentice 1 0": only(1, False), "Prentice 2 0": only(2, False), "Prentice 2 1": only(2, True)}
    return fitted(fits, lr="") | {
        "AG coef": all_times.estimate.value,
        "AG model se": model_error(all_times),
        "AG robust se by id (less J/(J-1))": clustered(all_times.estimate, people.id),
    }


def marginal(files: Files, ties: str, name: str) -> dict[str, Any]:
    """Wei, Lin & Weissfeld: first to fourth recurrence as strata, each covariate with contrasts to the first."""
    people = files.csv("bladder")
    x = people[["rx", "size", "number"]].astype(float)
    for column in list(x):
        for number in (2, 3, 4):
            x[f"{column}:{number}"] = people[column] * (people.enum == number)
    fit = cox(x, people.stop, people.event, list(x), strata=people.enum, ties=ties)
    return {
        f"{name} coef": fit.estimate.value,
        f"{name} model se": model_error(fit),
        f"{name} robust se": clustered(fit.estimate, people.id),
    }


suite.of("bladder", "tests/bladder.Rout.save")(lambda files: marginal(files, "breslow", "WLW"))
suite.of("bladder", "tests/Examples/survival-Ex.Rout.save")(lambda files: marginal(files, "efron", "WLW Efron"))


@suite.of("ovarian", "tests/ovarian.Rout.save")
def ovarian(files: Files) -> dict[str, Any]:
    people = files.csv("ovarian")
    people.columns = people.columns.str.replace(".", "_")
    time, event = people.futime, people.fustat

    def model(*names: str, by: Any = None) -> CoxFit:
        return cox(people[list(names)], time, event, names, strata=by)

    terms = ["age", "resid.ds", "rx", "ecog.ps", "resid.ds+rx+ecog.ps", "age+rx+ecog.ps", "age+resid.ds+ecog.ps"]
    fits = {term: model(*term.replace(".", "_").split("+")) for term in [*terms, "age+resid.ds+rx"]}
    stratified, full = model("age", "ecog_ps", by=people.rx), model("age", "resid_ds", "rx", "ecog_ps")
    curve = survival_curve(time, event)
    lower, upper = curve.limits("log")
    return {f"cox {term} coef": fit.estimate.value for term, fit in fits.items()} | {
        "se": np.concatenate([model_error(fit) for fit in fits.values()]),
        "LR": [likelihood_ratio(fit) for fit in fits.values()],
        "stratified coef": stratified.estimate.value,
        "stratified se": model_error(stratified),
        "stratified LR": likelihood_ratio(stratified),
        "KM": curve.value,
        "KM se": curve.standard_error,
        "KM lower (log)": lower,
        "KM upper (log)": upper,
        "score residuals, first ten": score_residuals(full)[:10],
    }


@suite.of("jasa1", "tests/jasa.Rout.save")
def transplants(files: Files) -> dict[str, Any]:
    """The six models of Kalbfleisch & Prentice, page 139."""
    people = files.csv("jasa1")
    for name in ("age", "surgery", "year"):
        people[f"{name}:transplant"] = people[name] * people.transplant
    models = [
        "age surgery transplant age:transplant surgery:transplant",
        "year transplant year:transplant",
        "age year transplant age:transplant year:transplant",
        "year surgery transplant year:transplant surgery:transplant",
        "age surgery transplant year age:transplant surgery:transplant",
        "age transplant surgery year age:transplant",
    ]
    fits = {
        f"model {at}": cox(people[names], people.stop, people.event, names, entry=people.start, ties="breslow")
        for at, names in enumerate((model.split() for model in models), 1)
    }
    return fitted(fits)


@suite.of("aml", "tests/difftest.Rout.save")
def aml(files: Files) -> dict[str, Any]:
    people = files.csv("aml")
    test = logrank(people.time, people.status, people.x)
    return {"observed": test.observed, "expected": test.expected, "chisq": test.statistic}


@suite.of("aml3 (empty group)", "tests/difftest.Rout.save")
def aml3(files: Files) -> dict[str, Any]:
    people = files.csv("aml")
    early = pd.DataFrame({"time": [1, 2, 2, 3, 3, 3, 4], "status": 0, "x": "Dummy"})
    people = pd.concat([people, early])
    test = logrank(people.time, people.status, people.x)
    return {"chisq, df": [test.statistic, test.degrees]}


@suite.of("coxph example", "tests/Examples/survival-Ex.Rout.save")
def example(files: Files) -> dict[str, Any]:
    x, sex = np.array([[0.0], [2], [1], [1], [1], [0], [0]]), [0, 0, 0, 0, 1, 1, 1]
    stratified = cox(x, [4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], ["x"], strata=sex)
    split = of_test2("efron")
    return {
        "stratified coef, se, LR": [
            stratified.estimate.value[0], model_error(stratified)[0], likelihood_ratio(stratified),
        ],
        "start-stop coef, se": [split.estimate.value[0], model_error(split)[0]],
    }  # fmt: skip
