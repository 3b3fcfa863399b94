"""Accelerated failure time models and interval-censored times against R's survreg and survfit, and lifelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.survival.parametric import (
    AcceleratedFailureTime,
    accelerated_failure_time,
    interval_failure_time,
)
from iop_outcomes.estimators.survival.turnbull import turnbull

REFERENCE = json.loads((Path(__file__).parent / "references" / "parametric.json").read_text())
R_NAMES = {"weibull": "weibull", "exponential": "exponential", "log-normal": "lognormal", "log-logistic": "loglogistic"}
COLUMNS = ["AGE", "NDT", "TREAT"]


def infinite(values: list[float | None]) -> np.ndarray:
    return np.array([np.inf if v is None else v for v in values])


def model_based(fit: AcceleratedFailureTime) -> np.ndarray:
    return np.sqrt(np.diag(np.linalg.inv(fit.information)))


@pytest.mark.parametrize("name", [name for name in R_NAMES if name != "exponential"])
def test_oracle(name: str, oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("AFT_uis"), reference_data("uis575")
    expected, tolerance = reference["values"][R_NAMES[name]], reference["tolerance"]
    columns = [column for column in expected["coef"] if column != "(Intercept)"]
    fit = accelerated_failure_time(uis[columns], uis.TIME, uis.CENSOR, columns, name)
    agree(fit.estimate.value[:-1], list(expected["coef"].values()), tolerance)
    agree(np.exp(fit.estimate.value[-1]), expected["scale"], tolerance)
    agree(model_based(fit), list(expected["se"].values()), tolerance)
    agree([fit.log_likelihood, fit.aic], [expected["loglik"], expected["aic"]], tolerance)


@pytest.mark.parametrize("name", R_NAMES)
@pytest.mark.parametrize("case", ["right", "weighted", "between"])
def test_weights_robust_errors_and_intervals(case: str, name: str, uis: pd.DataFrame, agree: Any) -> None:
    expected = REFERENCE[case][R_NAMES[name]]
    if case == "between":
        fit = interval_failure_time(uis[COLUMNS], REFERENCE["low"], infinite(REFERENCE["high"]), COLUMNS, name)
    else:
        weight = REFERENCE["w"] if case == "weighted" else None
        fit = accelerated_failure_time(uis[COLUMNS], uis.TIME, uis.CENSOR, COLUMNS, name, weight)
    agree(fit.estimate.value, expected["coef"], 1e-6)
    agree(fit.log_likelihood, expected["loglik"], 1e-9)
    agree(fit.estimate.standard_error(), expected["robust"], 1e-5)
    agree(model_based(fit), expected["model"], 1e-5)


def test_late_entry_as_in_lifelines(uis: pd.DataFrame) -> None:
    from lifelines import WeibullAFTFitter

    frame = uis[["NDT", "TREAT", "TIME", "CENSOR"]].assign(entry=np.where(uis.TIME > 20, uis.ID % 20, 0)).astype(float)
    other = WeibullAFTFitter().fit(frame, "TIME", "CENSOR", entry_col="entry")
    fit = accelerated_failure_time(
        frame[["NDT", "TREAT"]], frame.TIME, frame.CENSOR, ("NDT", "TREAT"), entry=frame.entry
    )
    theirs = other.params_
    np.testing.assert_allclose(
        fit.estimate.value[:3], [theirs["lambda_"][k] for k in ("Intercept", "NDT", "TREAT")], rtol=1e-3, atol=1e-4
    )
    assert fit.estimate.value[3] == pytest.approx(-theirs["rho_"]["Intercept"], abs=1e-4)


def test_breast_retraction(agree: Any) -> None:
    """Radiotherapy alone, Finkelstein & Wolfe (1985), whose masses Gentleman & Geyer (1994) print to three digits."""
    expected = REFERENCE["breast"]
    curve = turnbull(expected["low"], infinite(expected["high"]))
    assert curve.lower.tolist() == [4, 6, 7, 11, 24, 33, 38, 46]
    assert curve.upper.tolist() == [5, 7, 8, 12, 25, 34, 40, 48]
    agree(np.round(curve.mass, 3), [0.046, 0.033, 0.089, 0.071, 0.093, 0.082, 0.121, 0.466], 1e-9)
    # R's iterations stop where single masses are right to a few in ten thousand
    least, most = curve.survival(expected["time"])
    between = least == most
    assert between.sum() > 10
    np.testing.assert_allclose(least[between], np.array(expected["surv"])[between], atol=5e-4)
