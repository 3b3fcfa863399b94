"""Grouped-time hazards against R's glm with complementary log-log link on rows of people by intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.cox.grouped import grouped_hazards

REFERENCE = json.loads((Path(__file__).parent / "references" / "grouped.json").read_text())
D = {key: np.array(values, dtype=float) for key, values in REFERENCE["data"].items()}


@pytest.mark.parametrize(("key", "which"), [("cause1", 1), ("cause2", 2), ("weighted1", 1)])
def test_glm(key: str, which: int, agree: Any) -> None:
    fit = grouped_hazards(
        np.column_stack([D["age"], D["arm"]]),
        D["low"],
        D["high"],
        D["cause"],
        which,
        ("age", "arm"),
        REFERENCE["borders"],
        weight=D["weight"] if "weighted" in key else None,
    )
    expected = REFERENCE["values"][key]
    agree(np.concatenate([fit.estimate.value, fit.baseline.value]), expected["coef"], 1e-7)
    errors = np.concatenate([fit.estimate.standard_error(), fit.baseline.standard_error()])
    # R differentiates the likelihood numerically; sandwich takes the expected information
    agree(errors, expected["se"], 1e-6)
    agree(errors[:2], expected["se_expected"][:2], 0.05)
    agree(fit.log_likelihood, expected["loglik"], 1e-9)
