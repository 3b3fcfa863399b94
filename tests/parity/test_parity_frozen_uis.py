"""The headline analyses of the uis trial against R, from values and data that ship with the project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from iop_outcomes.estimators.base.estimate import difference, log_ratio
from iop_outcomes.estimators.causal.effects import fit_outcome, standardised_means
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.regression.glm import poisson
from iop_outcomes.estimators.survival.cuminc import at_risk, by_arm, restricted_mean, survival
from iop_outcomes.estimators.two_by_two.proportions import risk_contrast

Z = norm.ppf(0.975)
BASELINE = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]
ADJUSTED = ["TREAT", *BASELINE]


@pytest.fixture
def returned(uis: pd.DataFrame) -> pd.Series:
    """Return to drug use by day 180; nobody is censored before."""
    return ((uis.TIME <= 180) & (uis.CENSOR == 1)).astype(float)


def test_kaplan_meier(uis: Any, frozen: Any, agree: Any) -> None:
    entry = frozen["kaplan_meier"]
    for arm in (0, 1):
        expected, group = entry["values"][f"TREAT{arm}"], uis[arm == uis.TREAT]
        curve = survival(group.TIME, group.CENSOR, expected["time"])
        agree(curve.value, expected["surv"], entry["tolerance"])
        agree(curve.standard_error(), expected["greenwood_se"], entry["tolerance"])
        assert at_risk(group.TIME, expected["time"])[0].tolist() == expected["n_risk"]


def test_weighted_curves_and_hazard_ratio(uis: Any, frozen: Any, agree: Any) -> None:
    score = fit_propensity(uis[BASELINE], uis.TREAT, names=BASELINE).score
    entry, weight = frozen["weighted_kaplan_meier"], weights("iptw_unstabilised", uis.TREAT, score)
    times = entry["values"]["time"][:5]
    curve = by_arm(survival, uis.TREAT, (0, 1), time=uis.TIME, event=uis.CENSOR, times=times, weight=weight)
    agree(curve.value, entry["values"]["surv"], entry["tolerance"])
    agree(curve.standard_error(), entry["values"]["robust_se"], entry["tolerance"])

    entry, weight = frozen["weighted_cox"], weights("iptw", uis.TREAT, score)
    fit = cox(uis[["TREAT"]], uis.TIME, uis.CENSOR, ["TREAT"], weight=weight)
    agree(fit.estimate.value, entry["values"]["coef"], entry["tolerance"])
    agree(fit.estimate.standard_error(), entry["values"]["robust se"], entry["tolerance"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox(ties: str, uis: Any, frozen: Any, agree: Any) -> None:
    entry = frozen["cox"]
    x = uis[["AGE", "BECK", "ND1", "ND2", "IV3", "RACE", "TREAT", "SITE"]].copy()
    x["AGE:SITE"], x["RACE:SITE"] = uis.AGE * uis.SITE, uis.RACE * uis.SITE
    fit, expected = cox(x, uis.TIME, uis.CENSOR, list(x), ties=ties), entry["values"][ties].values()
    agree(fit.estimate.value, [row["coef"] for row in expected], entry["tolerance"])
    errors = np.sqrt(np.diag(np.linalg.inv(fit.information)))
    agree(errors, [row["se(coef)"] for row in expected], entry["tolerance"])
    logs = [fit.null_log_likelihood, fit.log_likelihood]
    agree(logs, entry["values"][f"{ties}_loglik"], entry["tolerance"])


def test_restricted_mean(uis: Any, frozen: Any, agree: Any) -> None:
    entry = frozen["restricted_mean"]
    expected, tolerance, tau = entry["values"], entry["tolerance"], entry["values"]["tau"]
    mean = by_arm(restricted_mean, uis.TREAT, (1, 0), time=uis.TIME, event=uis.CENSOR, tau=tau)
    for arm in (1, 0):
        one = mean.take(f"{arm}:{tau}")
        agree([one.value[0], one.standard_error()[0]], expected[f"arm{arm}"], tolerance)
    gap, ratio = difference(mean, "1:365", "0:365"), log_ratio(mean, "1:365", "0:365")
    ends = np.array([0, -Z, Z])
    agree(gap.value + ends * gap.standard_error(), expected["difference"], tolerance)
    agree(np.exp(ratio.value + ends * ratio.standard_error()), expected["ratio"], tolerance)


def test_modified_poisson(uis: Any, returned: Any, frozen: Any, agree: Any) -> None:
    entry = frozen["modified_poisson"]
    fit, order = poisson(uis[ADJUSTED], returned, ADJUSTED), ("(Intercept)", *ADJUSTED)
    agree(fit.value, [entry["values"]["coef"][n] for n in order], entry["tolerance"])
    agree(fit.standard_error(), [entry["values"]["robust_se"][n] for n in order], entry["tolerance"])


def test_standardised_risks(uis: Any, returned: Any, frozen: Any, agree: Any) -> None:
    entry, x = frozen["standardised"], uis[ADJUSTED]
    model = fit_outcome("logistic", x, returned, tuple(ADJUSTED))
    means = standardised_means(model, x.assign(TREAT=1), x.assign(TREAT=0))
    ours = {
        "p1": means.take("arm1"),
        "p0": means.take("arm0"),
        "rd": difference(means, "arm1", "arm0"),
        "logrr": log_ratio(means, "arm1", "arm0"),
    }
    for key, estimate in ours.items():
        agree(estimate.value, entry["values"]["estimate"][key], entry["tolerance"])
        agree(estimate.standard_error(), entry["values"]["std_error"][key], entry["tolerance"])


def test_crude_table(uis: Any, returned: Any, frozen: Any, agree: Any) -> None:
    entry = frozen["tables"]
    cells = [int(v) for a in (1, 0) for v in (returned[a == uis.TREAT].sum(), (a == uis.TREAT).sum())]
    assert cells == [entry["values"][k] for k in ("x1", "n1", "x0", "n0")]
    table = risk_contrast(*cells)
    for key, part in (("wilson1", table.risk1), ("wilson0", table.risk0), ("newcombe", table.difference)):
        agree([part.low, part.high], entry["values"][key], entry["tolerance"])
    agree(table.difference.estimate, entry["values"]["rd"], entry["tolerance"])


def test_ninety_days(uis: Any, frozen: Any, agree: Any) -> None:
    # The opening exhibit: staying 90 days looks far better than it is, as those who stayed could not have left.
    entry, people = frozen["ninety_days"], uis.assign(stay90=(uis["LEN.T"] >= 90).astype(float))
    for key, group in (("naive", people), ("landmark", people[people.TIME > 90])):
        fit = cox(group[["stay90"]], group.TIME, group.CENSOR, ["stay90"], strata=group.SITE)
        error = np.sqrt(1 / fit.information[0, 0])
        expected = [entry["values"][key]["coef"], entry["values"][key]["se(coef)"]]
        agree([fit.estimate.value[0], error], expected, entry["tolerance"])
