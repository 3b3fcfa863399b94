"""Means by a dose, weighted by a generalised propensity score, against R's glm, MASS, nnet and sandwich."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.causal.dose_density import fit_density
from iop_outcomes.estimators.causal.generalised_propensity import (
    by_category,
    by_dose,
    category_weights,
    dose_correlation,
    dose_weights,
)

NAMES = ["AGE", "BECK", "NDT", "RACE"]
CUTS, LEVELS = (6.0, 13.0), ("under 6", "6 to under 13", "13 or more")


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "references" / "generalised_propensity.json").read_text())


@pytest.mark.parametrize("form", ["gamma", "normal"])
def test_a_dose_as_a_number(form: str, uis: pd.DataFrame, reference: Any, agree: Any) -> None:
    expected, tolerance = reference["dose"][form], reference["tolerance"]
    x, dose, y = uis[NAMES].to_numpy(float), uis["LEN.T"].to_numpy(float) / 7, uis["CENSOR"].to_numpy(float)
    density = fit_density(form, x, dose, NAMES)
    agree([*density.coefficient, density.spread], expected["given"], tolerance)
    weights = dose_weights(x, dose, form, NAMES)
    agree([weights.mean, weights.largest], [expected["weight_mean"], expected["weight_max"]], tolerance)
    found = by_dose(y, dose, reference["grid"]).means(weights)
    agree(found.estimate.value, expected["mean"], tolerance)
    agree(found.estimate.standard_error(), expected["se"], 1e-4)
    agree(found.known.standard_error(), expected["se_known"], tolerance)
    agree(dose_correlation(x, dose, weights.weight), expected["correlation"], tolerance)


def test_a_dose_in_categories(uis: pd.DataFrame, reference: Any, agree: Any) -> None:
    expected, tolerance = reference["categories"], reference["tolerance"]
    category = np.searchsorted(CUTS, uis["LEN.T"].to_numpy(float) / 7, side="right")
    weights = category_weights(uis[NAMES], category, NAMES)
    agree([weights.mean, weights.largest], [expected["weight_mean"], expected["weight_max"]], tolerance)
    means = by_category(uis["CENSOR"], category, LEVELS).means(weights).estimate
    agree(means.value, expected["mean"], tolerance)
    agree(means.standard_error(), expected["se"], tolerance)
    gap = difference(means, LEVELS[2], LEVELS[0]).standard_error()
    agree(gap, expected["se_last_minus_first"], tolerance)
