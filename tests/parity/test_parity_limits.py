"""Limits of survival and of its quantiles against R's survfit, of all four kinds, weighted and with late entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.base.inference import SCALES
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights
from iop_outcomes.estimators.survival.cuminc import survival
from iop_outcomes.estimators.survival.limits import probability_limits
from iop_outcomes.estimators.survival.whole_curve import survival_curve

REFERENCE = json.loads((Path(__file__).parent / "references" / "limits.json").read_text())
COVARIATES = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]
SMALL = {"a": ([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]), "b": ([1, 2, 3, 4, 5, 6], [1] * 6)}
SMALL["c"] = ([1, 2, 2, 5, 9], [1, 1, 0, 1, 1])
TIMES = (30, 180, 365)


def not_reached(values: list[float | None]) -> np.ndarray:
    return np.array([np.inf if v is None else v for v in values])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("case", ["plain", "weighted", "late", "weighted_late"])
def test_uis(case: str, scale: str, uis: pd.DataFrame, agree: Any) -> None:
    score = fit_propensity(uis[COVARIATES], uis.TREAT, names=COVARIATES).score
    uis = uis.assign(w=weights("iptw_unstabilised", uis.TREAT, score), entry=REFERENCE["entry"])
    for arm, expected in enumerate(REFERENCE["uis"][case][scale]):
        group = uis[arm == uis.TREAT]
        options = {"weight": group.w if "weighted" in case else None, "entry": group.entry if "late" in case else None}
        points = survival(group.TIME, group.CENSOR, TIMES, **options)
        agree(points.value, expected["surv"], 1e-7)
        agree(points.standard_error(), expected["se"], 1e-7)
        low, high = probability_limits(points, scale)
        agree(low, expected["lower"], 1e-7)
        agree(high, expected["upper"], 1e-7)
        curve = survival_curve(group.TIME, group.CENSOR, **options)
        at = np.searchsorted(curve.times, TIMES, side="right") - 1
        agree(curve.standard_error[at], expected["se"], 1e-7)
        found = curve.quantiles(REFERENCE["p"], scale)
        np.testing.assert_allclose(found.time, not_reached(expected["quantile"]), rtol=1e-12)
        np.testing.assert_allclose(found.lower, not_reached(expected["low"]), rtol=1e-12)
        np.testing.assert_allclose(found.upper, not_reached(expected["high"]), rtol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("key", SMALL)
def test_curves_level_at_a_half(key: str, scale: str) -> None:
    expected = REFERENCE["small"][key][scale]
    found = survival_curve(*SMALL[key]).quantiles(REFERENCE["p"], scale)
    for ours, theirs in ((found.time, "quantile"), (found.lower, "low"), (found.upper, "high")):
        np.testing.assert_allclose(ours, not_reached(expected[theirs]), rtol=1e-12)


def test_quantiles_of_the_oracle(oracle: Any, reference_data: Any, agree: Any) -> None:
    reference, uis = oracle("KM_uis"), reference_data("uis575")
    for key, scale in (("plain", "plain"), ("log", "log"), ("loglog", "log-log")):
        for arm in (0, 1):
            expected, group = reference["values"][key][f"TREAT{arm}"], uis[arm == uis.TREAT]
            quantiles = expected["quantiles"]
            found = survival_curve(group.TIME, group.CENSOR).quantiles(quantiles["p"], scale)
            np.testing.assert_allclose(found.time, quantiles["est"])
            np.testing.assert_allclose(found.lower, quantiles["lower"])
            np.testing.assert_allclose(found.upper, not_reached(quantiles["upper"]))
            points = survival(group.TIME, group.CENSOR, expected["time"])
            low, high = probability_limits(points, scale)
            agree(low, expected["lower"], reference["tolerance"])
            agree(high, expected["upper"], reference["tolerance"])
