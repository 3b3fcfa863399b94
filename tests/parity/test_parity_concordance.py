"""Harrell's and Uno's C against R's survival::concordance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.survival.concordance import Concordance, concordance

REFERENCE = json.loads((Path(__file__).parent / "references" / "concordance.json").read_text())
D = {key: np.array(values, dtype=float) for key, values in REFERENCE["data"].items()}


def counts(found: Concordance) -> list[float]:
    return [found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy]


def test_of_a_cox_model(oracle: Any, reference_data: Any, agree: Any) -> None:
    entry, uis = oracle("CONCORDANCE"), reference_data("uis575")
    values, tolerance = entry["values"], entry["tolerance"]
    x = uis[["AGE", "BECK", "ND1", "ND2", "IV3", "RACE", "TREAT", "SITE"]].copy()
    x["AGE:SITE"], x["RACE:SITE"] = uis.AGE * uis.SITE, uis.RACE * uis.SITE
    score = np.round(x.to_numpy(float) @ cox(x, uis.TIME, uis.CENSOR, list(x)).estimate.value, 10)
    harrell = concordance(score, uis.TIME, uis.CENSOR)
    agree(harrell.estimate.value, values["harrell"], tolerance)
    agree(harrell.estimate.standard_error(), values["se"], tolerance)
    assert counts(harrell) == list(values["counts"].values())
    uno = concordance(score, uis.TIME, uis.CENSOR, weighting="uno", censoring="known").estimate
    agree(uno.value, values["uno"], tolerance)
    agree(uno.standard_error(), values["uno_se"], tolerance)
    # and what the estimation of G adds to it is little here
    agree(concordance(score, uis.TIME, uis.CENSOR, weighting="uno").estimate.standard_error(), values["uno_se"], 0.01)


@pytest.mark.parametrize("key", REFERENCE["values"])
def test_ties_weights_clusters_and_horizon(key: str, agree: Any) -> None:
    found = concordance(
        D["score"],
        D["time"],
        D["event"],
        weight=D["weight"] if "weighted" in key else None,
        weighting=key.split("_")[0],
        horizon=8 if "horizon" in key else None,
        censoring="known",
        strata=D["site"] % 4 if "strata" in key else None,
    )
    expected, estimate = REFERENCE["values"][key], found.estimate
    factor = 1.0
    if "sites" in key:  # ours carries the factor J / (J - 1)
        estimate, factor = estimate.clustered(D["site"]), np.sqrt(19 / 20)
    agree(estimate.value, expected["c"], 1e-10)
    agree(estimate.standard_error() * factor, expected["se"], 1e-9)
    if key in ("harrell", "harrell_strata"):
        agree(counts(found), list(expected["count"].values()), 1e-12)
