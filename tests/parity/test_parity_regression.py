"""Modified Poisson, marginal standardisation and crude tables against R on uis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.base.estimate import difference, log_ratio
from iop_outcomes.estimators.causal.effects import fit_outcome, mean_by_arm, standardised_means
from iop_outcomes.estimators.regression.glm import logistic, poisson
from iop_outcomes.estimators.two_by_two.proportions import newcombe, wilson
from iop_outcomes.estimators.two_by_two.stratified import mantel_haenszel

NAMES = ("TREAT", "AGE", "BECK", "NDT", "IV3", "RACE", "SITE")


@pytest.fixture
def data(reference_data: Any) -> tuple[pd.DataFrame, pd.Series]:
    uis = reference_data("uis575")
    return uis, ((uis.TIME <= 180) & (uis.CENSOR == 1)).astype(float)


def hc0_where_glm_stops(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """HC0 standard errors from R's glm.fit for Poisson, with its starting values and its stopping rule."""

    def deviance(mu: np.ndarray) -> float:
        return float(2 * (np.where(y > 0, -np.log(mu), 0) - (y - mu)).sum())

    mu = y + 0.1
    eta, before = np.log(mu), np.inf
    while abs(deviance(mu) - before) / (abs(deviance(mu)) + 0.1) >= 1e-8:
        before, weight = deviance(mu), mu
        eta = x @ np.linalg.solve(x.T @ (x * weight[:, None]), x.T @ (weight * (eta + (y - mu) / mu)))
        mu = np.exp(eta)
    inverse = np.linalg.inv(x.T @ (x * weight[:, None]))
    score = x * (weight * (y - mu) / mu)[:, None]
    return np.sqrt(np.diag(inverse @ score.T @ score @ inverse))


def test_modified_poisson(data: Any, oracle: Any, agree: Any) -> None:
    reference, (uis, y) = oracle("MODIFIED_POISSON_uis"), data
    values, tolerance = reference["values"], reference["tolerance"]
    assert (len(y), y.sum()) == (values["n"], values["events"])
    fit = poisson(uis[list(NAMES)], y, NAMES)
    agree(fit.value, [values["coef"][n] for n in ("(Intercept)", *NAMES)], tolerance)
    # geepack iterates to convergence, as we do. R's glm stops where the deviance changes by less than 1e-8 of
    # itself, and leaves the weights of the step before to sandwich's HC0, which is 4e-6 off; stopped there, so
    # are we.
    agree(fit.standard_error(), [values["geeglm_se"][n] for n in ("(Intercept)", *NAMES)], tolerance)
    design = np.column_stack([np.ones(len(y)), uis[list(NAMES)]])
    stopped = hc0_where_glm_stops(design, y.to_numpy())
    agree(stopped, [values["se_HC0"][n] for n in ("(Intercept)", *NAMES)], 1e-9)
    agree(fit.standard_error(), stopped, 5e-6)
    treat = fit.take("TREAT")
    half = treat.critical(0.95) * treat.standard_error()[0]
    agree(np.exp(treat.value[0]), values["RR_TREAT"], tolerance)
    agree(np.exp([treat.value[0] - half, treat.value[0] + half]), values["RR_CI"], tolerance)
    agree(mean_by_arm(y, uis.TREAT).value, [values["by_arm"]["1"], values["by_arm"]["0"]], tolerance)


def test_marginal_standardisation(data: Any, oracle: Any, agree: Any) -> None:
    reference, (uis, y) = oracle("MARGINAL_STD_LOGIT_uis"), data
    values, tolerance = reference["values"], reference["tolerance"]
    x = uis[list(NAMES)]
    model = fit_outcome("logistic", x, y, NAMES)
    agree(model.coefficient, [values["logit_coef"][n] for n in ("(Intercept)", *NAMES)], tolerance)
    np.testing.assert_array_equal(logistic(x, y, NAMES).value, model.coefficient)
    means = standardised_means(model, x.assign(TREAT=1), x.assign(TREAT=0))
    jacobian = np.diag(1 / (means.value * (1 - means.value)))
    logits = means.transform(means.names, lambda p: np.log(p / (1 - p)), jacobian)
    ours = {
        "p1": means.take("arm1"),
        "p0": means.take("arm0"),
        "rd": difference(means, "arm1", "arm0"),
        "logrr": log_ratio(means, "arm1", "arm0"),
        "logor": difference(logits, "arm1", "arm0"),
    }
    for key, estimate in ours.items():
        agree(estimate.value, values["est"][key], tolerance)
        agree(estimate.standard_error(), values["se_superpop_IF"][key], tolerance)
    agree(np.exp(ours["logor"].value), values["marginal_OR"], tolerance)
    agree(np.exp(model.coefficient[model.names.index("TREAT")]), values["conditional_OR"], tolerance)


def test_tables(data: Any, oracle: Any, agree: Any) -> None:
    reference, (uis, y) = oracle("TABLES_uis"), data
    values, tolerance = reference["values"], reference["tolerance"]
    x1, n1, x0, n0 = (values[k] for k in ("x1", "n1", "x0", "n0"))
    assert (x1, n1) == (y[uis.TREAT == 1].sum(), (uis.TREAT == 1).sum())
    one, zero, gap = wilson(x1, n1), wilson(x0, n0), newcombe(x1, n1, x0, n0)
    agree([one.low, one.high], values["wilson1"], tolerance)
    agree([zero.low, zero.high], values["wilson0"], tolerance)
    agree(gap.estimate, values["rd"], tolerance)
    agree([gap.low, gap.high], values["newcombe"], tolerance)
    strata = [((arm == uis.TREAT) & (site == uis.SITE)) for arm in (1, 0) for site in (0, 1)]
    events, people = (np.array([f(rows) for rows in strata]).reshape(2, 2) for f in (lambda r: y[r].sum(), np.sum))
    pooled = mantel_haenszel(events[0], people[0], events[1], people[1])
    agree(pooled.odds_ratio, values["mh_or"], tolerance)
    agree([pooled.odds_ratio_low, pooled.odds_ratio_high], values["mh_or_ci"], tolerance)
    agree(pooled.statistic, values["cmh_chisq"], tolerance)
    agree(pooled.difference, values["mh_rd"]["rd"], tolerance)
    # the reference divides Sato's numerator by the sum of weights once, where the variance needs it twice
    weights = (people[0] * people[1] / people.sum(axis=0)).sum()
    agree(pooled.difference_std_error * np.sqrt(weights), values["mh_rd"]["se_sato"], tolerance)
