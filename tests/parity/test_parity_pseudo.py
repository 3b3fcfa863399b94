"""Pseudo-observations against R's survival and geepack; adjusted restricted means as survRM2's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from iop_outcomes.estimators.survival.cuminc import cumulative_incidence, restricted_mean, survival
from iop_outcomes.estimators.survival.pseudo import pseudo_regression, pseudo_values

REFERENCE = json.loads((Path(__file__).parent / "references" / "pseudo.json").read_text())
DATA, TIMES = pd.DataFrame(REFERENCE["data"]), REFERENCE["times"]
COVARIATES = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]


def test_values(agree: Any) -> None:
    agree(pseudo_values(survival(DATA.time, DATA.status, TIMES)), REFERENCE["survival_values"], 1e-9)
    agree(pseudo_values(restricted_mean(DATA.time, DATA.status, 180)), REFERENCE["rmst_values"], 1e-9)
    incidence = pseudo_values(cumulative_incidence(DATA.time, DATA.cause, 1, TIMES))
    agree(incidence, REFERENCE["incidence_values"], 1e-9)


@pytest.mark.parametrize("link", ["cloglog", "identity"])
def test_regression(link: str, agree: Any) -> None:
    risk = 1 - pseudo_values(survival(DATA.time, DATA.status, TIMES))
    x = np.column_stack([DATA.trt - 1, DATA.karno])
    fit = pseudo_regression(risk, x, ("trt", "karno"), ("60", "180"), link)
    agree(fit.value, REFERENCE[link]["coef"], 1e-7)
    agree(fit.standard_error(), REFERENCE[link]["se"], 1e-7)


def test_adjusted_restricted_means_as_in_survrm2(oracle: Any, reference_data: Any, agree: Any) -> None:
    """No one is censored before day 365, where survRM2's weights for censoring are one and pseudo-observations are
    min(T, 365); its ratios are of restricted means and of time lost, by regression with a log link.
    """
    reference, uis = oracle("RMST"), reference_data("uis575")
    expected, tolerance = reference["values"]["uis_tau365_ancova"], reference["tolerance"]
    names = ["TREAT", *COVARIATES]
    mean = pseudo_values(restricted_mean(uis.TIME, uis.CENSOR, 365))
    agree(mean[:, 0], uis.TIME.clip(upper=365), 1e-9)
    cases = {"1": (mean, "identity", lambda v: v), "2": (mean, "log", np.exp), "3": (365 - mean, "log", np.exp)}
    for key, (values, link, back) in cases.items():
        fit = pseudo_regression(values, uis[names], names, ("365",), link).take("TREAT")
        half = norm.ppf(0.975) * fit.standard_error()[0]
        ours = [*back(fit.value[0] + np.array([0, -half, half])), fit.p_value()[0]]
        agree(ours, expected["adj"][key], tolerance)
    table = np.array([list(row.values()) for row in expected["ancova"].values()])
    adjusted = pseudo_regression(mean, uis[names], names, ("365",))
    agree(adjusted.value, table[:, 0], tolerance)
    agree(adjusted.p_value(), table[:, 3], tolerance)
    order = [names.index(name) + 1 if name != "arm" else 1 for name in expected["ancova_rows"][2:]]
    assert order == list(range(2, 8))
    coefficients = reference["values"]["pseudo_coef"]
    agree(adjusted.value, [coefficients[name] for name in ("(Intercept)", *names)], tolerance)
    errors = reference["values"]["pseudo_hc0_se"]
    agree(adjusted.standard_error(), [errors[name] for name in ("(Intercept)", *names)], tolerance)
