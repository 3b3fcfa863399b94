"""Nelson-Aalen cumulative hazards against R's survfit, with robust standard errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen

REFERENCE = json.loads((Path(__file__).parent / "references" / "cumulative_hazard.json").read_text())
CAUSE = np.array(REFERENCE["cause"])
CASES: dict[str, tuple[np.ndarray, int, tuple[str, ...]]] = {
    "plain": (CAUSE > 0, 1, ()),
    "weighted": (CAUSE > 0, 1, ("w",)),
    "late": (CAUSE > 0, 1, ("w", "entry")),
    "first": (CAUSE, 1, ("w",)),
    "second": (CAUSE, 2, ("w",)),
}


@pytest.mark.parametrize("case", CASES)
def test_uis(case: str, uis: pd.DataFrame, agree: Any) -> None:
    cause, which, extra = CASES[case]
    options = {{"w": "weight"}.get(name, name): REFERENCE[name] for name in extra}
    hazard = nelson_aalen(uis.TIME, cause, which, REFERENCE["times"], **options)
    agree(hazard.value, REFERENCE[case]["value"], 1e-9)
    agree(hazard.standard_error(), REFERENCE[case]["se"], 1e-9)
