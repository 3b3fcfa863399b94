"""Imputed values against those of mice in distribution; pooling and power against worked examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.base.pooling import pool
from iop_outcomes.estimators.regression.imputation import Incomplete, impute
from iop_outcomes.estimators.two_by_two import power

IMPUTATIONS = 100


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "references" / "imputation.json").read_text())


def with_gaps(uis: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values that r/imputation.R takes away."""
    row = np.arange(len(uis))
    u1, u2 = (row * 7919 + 13) % 1009 / 1009, (row * 104729 + 7) % 1013 / 1013
    beck = uis.BECK.to_numpy(float).copy()
    beck[u1 < np.where(uis["LEN.T"] > 100, 0.5, 0.2)] = np.nan
    iv = uis.IV.to_numpy(float) - 1
    iv[u2 < np.where(uis.AGE > 32, 0.45, 0.15)] = np.nan
    race = uis.RACE.to_numpy(float).copy()
    race[(row * 15485863 + 3) % 1019 / 1019 < np.where(uis.TREAT == 1, 0.4, 0.2)] = np.nan
    return beck, iv, race


def test_imputed_values_have_the_distribution_of_mice(uis: Any, reference: Any) -> None:
    beck, iv, race = given = with_gaps(uis)
    missing = dict(zip(("beck", "iv", "race"), (int(np.isnan(g).sum()) for g in given), strict=True))
    assert missing == reference["missing"]
    complete = uis[["AGE", "TREAT", "LEN.T"]].to_numpy(float)
    found: dict[str, list[float]] = {name: [] for name in reference["quantities"]}
    variables = [Incomplete("beck", beck), Incomplete("iv", iv, 3), Incomplete("race", race, 2)]
    for done in impute(variables, complete, IMPUTATIONS, seed=1):
        number, category, binary = (d[np.isnan(g)] for d, g in zip(done.values(), given, strict=True))
        shown = [number.mean(), (number**2).mean(), (category == 1).mean(), (category == 2).mean(), binary.mean()]
        dummies = [done["iv"] == 1, done["iv"] == 2, done["race"]]
        x = np.column_stack([np.ones(len(beck)), done["beck"], *dummies, complete[:, :2]])
        shown.append(np.linalg.lstsq(x, complete[:, 2], rcond=None)[0][1])
        for name, value in zip(found, shown, strict=True):
            found[name].append(float(value))
    for name, theirs in reference["quantities"].items():
        error = theirs["sd"] * np.sqrt(1 / IMPUTATIONS + 1 / reference["m"])
        assert abs(np.mean(found[name]) - theirs["mean"]) < 4 * error, name
        spread = np.std(found[name], ddof=1)
        if name.startswith("iv"):  # polyreg of mice takes its coefficients as known, so that its draws vary too little
            assert theirs["sd"] < spread < 2 * theirs["sd"], name
        else:
            assert spread == pytest.approx(theirs["sd"], rel=0.3), name


def test_pooling(oracle: Any, agree: Any) -> None:
    reference = oracle("RUBIN_SCALAR")
    values, tolerance = reference["values"], reference["tolerance"]
    for given, degrees in ((values, values["n"] - values["k"]), (values["fixed"], np.inf)):
        pooled = pool(np.array(given["Q"])[:, None], np.array(given["U"])[:, None, None], degrees)
        shown = [
            pooled.value[0], pooled.within[0, 0], pooled.between[0, 0], pooled.covariance[0, 0], pooled.degrees[0],
            pooled.relative_increase[0], pooled.fraction_missing[0],
        ]  # fmt: skip
        agree(shown, [given[k] for k in ("qbar", "ubar", "b", "t", "df", "riv", "fmi")], tolerance)


def test_power(oracle: Any, agree: Any) -> None:
    reference = oracle("POWER")
    found = {
        "schoenfeld_events_hr0.75_1to1_80pct": power.events_for_hazard_ratio(0.75),
        "schoenfeld_30pct_alloc": power.events_for_hazard_ratio(0.75, share=0.3),
        "ni_props_n_per_arm_p.5_margin.1_90pct": power.people_for_margin(0.5, 0.1),
        "tost_props_n_per_arm_p.5_margin.1_90pct": power.people_for_margin(0.5, 0.1, alpha=0.05, equivalence=True),
        "deff_m30_icc.05": power.design_effect(30, 0.05),
        "events_ni_hr_margin1.25_90pct": power.events_for_margin(1.25),
    }
    assert set(found) == set(reference["values"])
    agree(list(found.values()), [reference["values"][k] for k in found], reference["tolerance"])
