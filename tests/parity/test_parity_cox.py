"""Cox regression against R's coxph: ties, strata, clusters, weights, time-dependent covariates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights
from iop_outcomes.estimators.cox.cox import CoxFit, cox

COVARIATES = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]


def model_based(fit: CoxFit) -> np.ndarray:
    return np.sqrt(np.diag(np.linalg.inv(fit.information)))


def check(fit: CoxFit, expected: dict[str, Any], tolerance: float, agree: Any) -> None:
    """Coefficients, model-based standard errors, and the p value that they give."""
    agree(fit.estimate.value, [row["coef"] for row in expected.values()], tolerance)
    agree(model_based(fit), [row["se(coef)"] for row in expected.values()], tolerance)


def check_robust(fit: CoxFit, robust: np.ndarray, expected: dict[str, Any], tolerance: float, agree: Any) -> None:
    check(fit, expected, tolerance, agree)
    agree(robust, [row["robust se"] for row in expected.values()], tolerance)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_uis_full_model(ties: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("COX_uis_full"), reference_data("uis575")
    x = uis[["AGE", "BECK", "ND1", "ND2", "IV3", "RACE", "TREAT", "SITE"]].copy()
    x["AGE:SITE"], x["RACE:SITE"] = uis.AGE * uis.SITE, uis.RACE * uis.SITE
    fit = cox(x, uis.TIME, uis.CENSOR, list(x), ties=ties)
    values, tolerance = reference["values"], reference["tolerance"]
    assert list(values[ties]) == list(x)
    check(fit, values[ties], tolerance, agree)
    agree([fit.null_log_likelihood, fit.log_likelihood], values[f"{ties}_loglik"], tolerance)
    if ties == "efron":
        agree(2 * (fit.log_likelihood - fit.null_log_likelihood), values["lrt"][0], tolerance)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_clustered(ties: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, eyes = oracle("COX_robust_cluster_weighted"), reference_data("retinopathy")
    x = pd.DataFrame({"trt": eyes.trt, "typeadult": eyes.type == "adult", "age": eyes.age}, dtype=float)
    fit = cox(x, eyes.futime, eyes.status, list(x), ties=ties)
    patients = eyes.id.nunique()
    # Ours carries the factor J / (J - 1) of estimate.covariance; R's does not.
    robust = fit.estimate.clustered(eyes.id).standard_error() * np.sqrt((patients - 1) / patients)
    check_robust(fit, robust, reference["values"][f"retinopathy_{ties}_cluster"], reference["tolerance"], agree)


@pytest.mark.parametrize(
    ("key", "kind", "ties"),
    [
        ("uis_iptw", "iptw_unstabilised", "efron"),
        ("uis_stabilised", "iptw", "efron"),
        ("uis_stabilised_breslow", "iptw", "breslow"),
    ],
)
def test_weighted(key: str, kind: str, ties: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("COX_robust_cluster_weighted"), reference_data("uis575")
    score = fit_propensity(uis[COVARIATES], uis.TREAT, names=COVARIATES).score
    weight = weights(kind, uis.TREAT, score)
    fit = cox(uis[["TREAT"]], uis.TIME, uis.CENSOR, ["TREAT"], weight=weight, ties=ties)
    check_robust(fit, fit.estimate.standard_error(), reference["values"][key], reference["tolerance"], agree)


def test_weighted_rotterdam(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, women = oracle("COX_robust_cluster_weighted"), reference_data("rotterdam")
    time = np.where(women.recur == 1, women.rtime, women.dtime) / 365.25
    event = np.maximum(women.recur, women.death)
    x = pd.concat(
        [
            women[["age", "meno", "grade", "nodes", "pgr", "er"]],
            pd.get_dummies(women["size"], drop_first=True, dtype=float),
        ],
        axis=1,
    )
    weight = weights("iptw", women.chemo, fit_propensity(x, women.chemo, names=list(x)).score)
    summary, tolerance = reference["values"]["rotterdam_w_summary"], reference["tolerance"]
    agree(
        [weight.mean(), weight.max(), effective_sample_size(weight)],
        [summary[k] for k in ("mean", "max", "ess")],
        tolerance,
    )
    fit = cox(women[["chemo"]], time, event, ["chemo"], weight=weight)
    expected = reference["values"]["rotterdam_chemo_stabilised"]
    check_robust(fit, fit.estimate.standard_error(), expected, tolerance, agree)


def test_addicts(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, addicts = oracle("COX_addicts"), reference_data("addicts")
    values, tolerance = reference["values"], reference["tolerance"]
    for key, columns, strata in (
        ("unstrat", ["clinic", "prison", "maxdose"], None),
        ("strat", ["prison", "maxdose"], addicts.clinic),
    ):
        fit = cox(addicts[columns], addicts.survtime, addicts.status, columns, strata=strata)
        check(fit, values[f"{key}ified"], tolerance, agree)
        agree([fit.null_log_likelihood, fit.log_likelihood], values[f"{key}_loglik"], tolerance)


def test_cause_specific(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, mgus = oracle("CAUSE_SPECIFIC_mgus2"), reference_data("mgus2_cr")
    x = pd.DataFrame({"age": mgus.age, "sexM": mgus.sex == "M"}, dtype=float)
    for which, cause in ((1, "pcm"), (2, "death")):
        fit = cox(x, mgus.etime, mgus.event == which, list(x))
        check(fit, reference["values"][cause], reference["tolerance"], agree)


def test_immortal_time(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, people, intervals = oracle("IMMORTAL_TIME_JASA"), reference_data("jasa"), reference_data("heart")
    values, tolerance = reference["values"], reference["tolerance"]
    time = people.futime.where(people.futime > 0, 0.5)
    for key, columns in (("naive", ["transplant"]), ("naive_adj", ["transplant", "age", "surgery"])):
        check(cox(people[columns], time, people.fustat, columns), values[key], tolerance, agree)
    for key, columns in (
        ("timedep", ["transplant"]),
        ("timedep_adj", ["transplant", "age", "surgery", "year"]),
    ):
        fit = cox(intervals[columns], intervals.stop, intervals.event, columns, entry=intervals.start)
        check(fit, values[key], tolerance, agree)
    for day in (30, 60):
        expected, there = values[f"landmark{day}"], people[people.futime > day]
        treated = (there["wait.time"] <= day).to_numpy()[:, None]
        assert (len(there), int(treated.sum())) == (expected["n"], expected["tx"])
        check(cox(treated, there.futime, there.fustat, ["tx"]), expected["fit"], tolerance, agree)
    assert values["naive"]["transplant"]["coef"] < -1 < 0 < values["timedep"]["transplant1"]["coef"]


def test_ninety_days(oracle: Any, reference_data: Any, agree: Any) -> None:
    """Length of stay against the randomised plan. All of R's models here are stratified by SITE, which the
    entry's r_code leaves out: without strata the naive coefficient is -0.865, with them it is R's to nine
    digits.
    """
    reference, uis = oracle("NINETY_DAYS_UIS"), reference_data("uis575")
    values, tolerance = reference["values"], reference["tolerance"]

    def fit(data: pd.DataFrame, *columns: str, entry: object = None) -> CoxFit:
        return cox(data[list(columns)], data.TIME, data.CENSOR, columns, entry=entry, strata=data.SITE)

    uis["stay90"] = (uis["LEN.T"] >= 90).astype(float)
    assert uis.stay90.sum() == values["n_stay90"]
    check(fit(uis, "stay90"), values["naive"], tolerance, agree)
    check(fit(uis, "TREAT"), values["itt_treat"], tolerance, agree)

    late, expected = uis[uis.TIME > 90], values["landmark90"]
    counts = (len(late), late.stay90.sum(), late.CENSOR.sum())
    assert counts == (expected["n"], expected["n_stay"], expected["events"])
    check(fit(late, "stay90"), expected["fit"], tolerance, agree)
    columns = ("stay90", "AGE", "BECK", "NDT", "IV3", "RACE", "TREAT")
    check(fit(late, *columns), expected["adjusted"], tolerance, agree)
    # Entering at the landmark is the same as leaving out those who were gone by then.
    check(fit(late, "stay90", entry=np.full(len(late), 90)), expected["fit"], tolerance, agree)

    # Time-dependent: nobody has reached day 90 before it; those still in treatment then have, from there on.
    reached = late[late.stay90 == 1].assign(start=90, reached=1)
    before = uis.assign(start=0, reached=0)
    before.loc[reached.index, ["TIME", "CENSOR"]] = 90, 0
    both = pd.concat([before, reached])
    check(fit(both, "reached", entry=both.start), values["timedep"], tolerance, agree)
