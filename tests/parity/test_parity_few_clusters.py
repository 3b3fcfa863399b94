"""CR2 and Satterthwaite's degrees of freedom against R's clubSandwich (r/few_clusters.R)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.regression.few_clusters import cr2

NAMES = ["TREAT", "AGE", "SITE"]
REFERENCE = json.loads((Path(__file__).parent / "references" / "few_clusters.json").read_text())


def groups(uis: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Nine made-up clusters, and weights."""
    return np.asarray((uis.AGE * 7 + uis.NDT * 3) % 9), np.asarray(0.5 + (uis.BECK % 4) / 2)


@pytest.mark.parametrize("key", ["plain", "weighted"])
def test_cr2(uis: pd.DataFrame, agree: Callable[..., None], key: str) -> None:
    reference, (group, weight) = REFERENCE[key], groups(uis)
    found = cr2(uis[NAMES], uis.TIME, NAMES, group, weight if key == "weighted" else None)
    agree(found.value, reference["value"], 1e-9)
    agree(found.standard_error(), reference["se"], 1e-7)
    agree(found.degrees, reference["df"], 1e-6)


@pytest.mark.parametrize("key", ["indicators", "indicators_weighted"])
def test_cr2_beside_an_indicator_of_each_cluster(uis: pd.DataFrame, agree: Callable[..., None], key: str) -> None:
    reference, (group, weight) = REFERENCE[key], groups(uis)
    indicators = (group[:, None] == np.arange(1, 9)).astype(float)
    names = ["TREAT", "AGE", *(f"group {k}" for k in range(1, 9))]
    x = np.column_stack([uis[["TREAT", "AGE"]], indicators])
    found = cr2(x, uis.TIME, names, group, weight if key == "indicators_weighted" else None)
    assert found.alone == ("intercept", *names[2:])
    agree(found.value, reference["value"], 1e-9)
    both = found.take("TREAT", "AGE")
    agree(both.standard_error(), reference["se"][1:3], 1e-7)
    agree(both.degrees, reference["df"][1:3], 1e-6)
