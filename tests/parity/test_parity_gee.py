"""Generalised estimating equations against geepack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.regression.gee import CORRELATIONS, FAMILIES, gee

REFERENCE = json.loads((Path(__file__).parent / "references" / "gee.json").read_text())
DATA = pd.DataFrame(REFERENCE["data"])
NEGATIVE = json.loads((Path(__file__).parent / "references" / "gee_negative.json").read_text())
OUTCOMES = {"logistic": "use", "poisson": "days", "linear": "craving"}
COLUMNS = ["arm", "wave", "age"]


@pytest.mark.parametrize("case", ["plain", "weighted"])
@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_geepack(family: str, correlation: str, case: str, agree: Any) -> None:
    expected = REFERENCE["fits"][family][correlation][case]
    weight = DATA.w if case == "weighted" else None
    y = DATA[OUTCOMES[family]]
    fit = gee(family, DATA[COLUMNS], y, COLUMNS, DATA.id, correlation, DATA.wave, weight)
    agree(fit.estimate.value, expected["coef"], 1e-6)
    people = DATA.id.nunique()
    # ours carry the factor J / (J - 1)
    agree(fit.estimate.standard_error() * np.sqrt((people - 1) / people), expected["se"], 1e-6)
    if correlation != "independence":
        agree(fit.correlation, expected["alpha"], 1e-6)
    agree(fit.scale, expected["phi"], 1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_correlation_below_zero(family: str, agree: Any) -> None:
    data, expected = pd.DataFrame(NEGATIVE["data"]), NEGATIVE["fits"][family]
    assert expected["alpha"] < -0.1
    fit = gee(family, data[["arm", "wave"]], data[OUTCOMES[family]], ("arm", "wave"), data.id, "ar1", data.wave)
    agree(fit.estimate.value, expected["coef"], 1e-6)
    people = data.id.nunique()
    agree(fit.estimate.standard_error() * np.sqrt((people - 1) / people), expected["se"], 1e-6)
    agree(fit.correlation, expected["alpha"], 1e-6)
    agree(fit.scale, expected["phi"], 1e-6)
