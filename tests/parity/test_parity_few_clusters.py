"""CR2 and Satterthwaite's degrees of freedom against R's clubSandwich (r/few_clusters.R)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.few_clusters import cr2

NAMES = ["TREAT", "AGE", "SITE"]


@pytest.mark.parametrize("key", ["plain", "weighted"])
def test_cr2(uis: pd.DataFrame, agree: Callable[..., None], key: str) -> None:
    reference = json.loads((Path(__file__).parent / "reference_few_clusters.json").read_text())[key]
    group = (uis.AGE * 7 + uis.NDT * 3) % 9
    weight = 0.5 + (uis.BECK % 4) / 2 if key == "weighted" else None
    found = cr2(uis[NAMES], uis.TIME, NAMES, np.asarray(group), weight)
    agree(found.value, reference["value"], 1e-9)
    agree(found.standard_error(), reference["se"], 1e-7)
    agree(found.degrees, reference["df"], 1e-6)
