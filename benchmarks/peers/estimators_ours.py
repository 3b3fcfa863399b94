"""One piece of work on the people of discharges.py, ours: python estimators_ours.py <work> <file.npz>.

The same work as in estimators.R, which see; reading the file is not timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import report

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from discharges import COVARIATES

from iop_outcomes.estimators.causal import coded_balance, propensity, weights
from iop_outcomes.estimators.cox import cox, fine_gray
from iop_outcomes.estimators.design_matrix import model_matrix
from iop_outcomes.estimators.missing import in_time
from iop_outcomes.estimators.regression import imputation
from iop_outcomes.estimators.survival import whole_curve

Pair = tuple[float, float]
d: dict[str, np.ndarray] = {}


def matrix(arm: bool) -> model_matrix.ModelMatrix:
    """The fifteen covariates as codes, after the arm where it is wanted."""
    return model_matrix.categories({name: d[name] for name in (["arm"] if arm else []) + COVARIATES})


def cox_robust() -> Pair:
    """Weighted Cox on all columns; robust standard error."""
    found = cox.cox(matrix(True), d["time"], d["cause"] == 1, weight=d["weight"]).estimate.take("arm=1")
    return float(found.value[0]), float(found.standard_error()[0])


def cox_clustered() -> Pair:
    """The same with people grouped."""
    found = cox.cox(matrix(True), d["time"], d["cause"] == 1, weight=d["weight"]).estimate.take("arm=1")
    return float(found.value[0]), float(found.clustered(d["site"]).standard_error()[0])


def cox_model() -> Pair:
    """The same fit, robust influence and all, of which the peer is asked for its model's standard error only."""
    found = cox.cox(matrix(True), d["time"], d["cause"] == 1, weight=d["weight"])
    found.estimate.standard_error()
    return float(found.estimate.value[0]), float(np.sqrt(np.linalg.inv(found.information)[0, 0]))


def score() -> Pair:
    """Logistic propensity score with standard errors."""
    found = propensity.fit_propensity(matrix(False), d["arm"])
    at = found.names.index("SUB1=2")
    return float(found.coefficient[at]), float(found.standard_error[at])


def incidence() -> Pair:
    """Weighted Aalen-Johansen of every cause in both arms, robust standard errors at every time."""
    curves = [whole_curve.incidence_curves(*(d[k][d["arm"] == a] for k in ("time", "cause", "weight"))) for a in (0, 1)]
    return at_20(curves[0][1])


def survival() -> Pair:
    """Weighted Kaplan-Meier in both arms, robust standard errors at every time."""
    event = d["cause"] == 1
    curves = []
    for a in (0, 1):
        own = d["arm"] == a
        curves.append(whole_curve.survival_curve(d["time"][own], event[own], d["weight"][own]))
    return at_20(curves[0])


def at_20(curve: whole_curve.Curve) -> Pair:
    """Value and standard error at time 20."""
    at = np.searchsorted(curve.times, 20, side="right") - 1
    return float(curve.value[at]), float(curve.standard_error[at])


def fine_gray_robust() -> Pair:
    """Fine-Gray on all columns; robust standard error."""
    x = matrix(True)
    found = fine_gray.fine_gray(
        x, d["time"], np.minimum(d["cause"], 2), 1, x.names, ties="breslow", events_first=True, censoring="known"
    )
    return float(found.estimate.value[0]), float(found.estimate.standard_error()[0])


def table1() -> Pair:
    """Standardised differences of every level, unweighted and weighted: the largest of each."""
    codes, levels = [d[c] for c in COVARIATES], [int(d[c].max()) + 1 for c in COVARIATES]
    plain, weighted = (coded_balance.table_of_codes(codes, levels, d["arm"], w) for w in (None, d["weight"]))
    return float(np.abs(plain.difference).max()), float(np.abs(weighted.difference).max())


def bootstrap() -> Pair:
    """One bootstrap sample: score, overlap weights, weighted Cox on all columns."""
    fitted = propensity.fit_propensity(matrix(False), d["arm"])
    weight = weights.weights("overlap", d["arm"], fitted.score)
    found = cox.cox(matrix(True), d["time"], d["cause"] == 1, weight=weight)
    return float(found.estimate.value[0]), float(np.sqrt(np.linalg.inv(found.information)[0, 0]))


def impute() -> Pair:
    """One pass of multinomial imputation of EDUC, a tenth of it missing, from all other covariates."""
    gone = np.random.default_rng(1).random(len(d["arm"])) < 0.1
    educ = np.where(gone, np.nan, d["EDUC"].astype(float))
    variables = [imputation.Incomplete("EDUC", educ, int(d["EDUC"].max()) + 1)]
    variables += [imputation.Incomplete(c, d[c].astype(float), int(d[c].max()) + 1) for c in COVARIATES if c != "EDUC"]
    found = imputation.impute(variables, None, 1, 1, passes=1)[0]["EDUC"][gone]
    return float((found == 1).mean()), float((found == 2).mean())


def weeks() -> Pair:
    """One completed table of 26 weekly results, in the order of time, five passes."""
    table = np.column_stack([d[f"week{at}"] for at in range(1, 27)]).astype(float)
    gone = table == 2
    fixed = np.column_stack([d["arm"], d["age"], d["severity"]]).astype(float)
    (done,) = in_time.impute_in_time(np.where(gone, np.nan, table), fixed, 1, 1)
    return float(done.states[gone[:, 12], 12].mean()), float(done.states[gone[:, 25], 25].mean())


WORKS: dict[str, Callable[[], Pair]] = {
    "cox_robust": cox_robust, "cox_clustered": cox_clustered, "cox_model": cox_model, "score": score,
    "incidence": incidence, "survival": survival, "fine_gray": fine_gray_robust, "table1": table1,
    "bootstrap": bootstrap, "impute": impute, "weeks": weeks,
}  # fmt: skip

if __name__ == "__main__":
    d.update(np.load(sys.argv[2]))
    report(WORKS[sys.argv[1]])
