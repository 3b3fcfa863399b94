"""Pseudo-observations against R's survival::pseudo, which takes them from the infinitesimal jackknife, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators import cuminc
from iop_outcomes.estimators.pseudo import pseudo_observations


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """reference_pseudo.json, written by r/pseudo.R from a part of survival::mgus2."""
    return json.loads((Path(__file__).parent / "reference_pseudo.json").read_text())


@pytest.mark.parametrize(
    ("name", "function", "arguments"),
    [
        ("survival_60", cuminc.survival, {"times": [60]}),
        ("restricted_mean_60", cuminc.restricted_mean, {"tau": [60]}),
        ("cause_2_by_60", cuminc.cumulative_incidence, {"times": [60], "which": 2}),
    ],
)
def test_pseudo_observations_are_those_of_r(reference, agree, name, function, arguments):
    time, cause = np.array(reference["time"], dtype=float), np.array(reference["cause"])
    outcome = {"cause": cause} if "which" in arguments else {"event": cause > 0}
    found = pseudo_observations(function, np.zeros(len(time)), (0.0,), time=time, **outcome, **arguments)
    agree(found[:, 0], np.array(reference[name]), 1e-8)
