"""The library's tables against R's survival: estimates, robust standard errors and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "references" / "library.json").read_text())


@pytest.fixture(scope="module")
def people(uis: pd.DataFrame) -> pd.DataFrame:
    left = np.where(uis.CENSOR == 0, "censored", np.where(uis["LEN.T"] < 60, "early", "late"))
    return uis.assign(
        arm=uis.TREAT.map({0: "short", 1: "long"}), site=uis.SITE.map({0: "A", 1: "B"}), w=1.0 + uis.AGE % 3,
        left=left, injected=uis.IV.map({1: "never", 2: "previous", 3: "recent"}).astype("category"),
    )  # fmt: skip


def test_weighted_kaplan_meier(people: pd.DataFrame, reference: Any, agree: Any) -> None:
    found = iop.kaplan_meier(people, "TIME", "CENSOR", times=[90, 180], by="arm", weight="w")
    found = found.sort_values(["group", "time"], ascending=[False, True])  # R has the short arm first
    agree(found["estimate"], reference["survival"], 1e-9)
    agree(found["std_error"], reference["survival_se"], 1e-9)
    agree(found["conf_low"], reference["survival_low"], 1e-6)
    agree(found["conf_high"], reference["survival_high"], 1e-6)


def test_weighted_cumulative_incidence(people: pd.DataFrame, reference: Any, agree: Any) -> None:
    found = iop.cumulative_incidence(people, "TIME", "left", times=180, censored="censored", by="arm", weight="w")
    found = found[found["cause"] == "early"].sort_values("group", ascending=False)
    agree(found["estimate"], reference["early"], 1e-9)
    agree(found["std_error"], reference["early_se"], 1e-9)


def test_weighted_cox_with_labels_and_strata(people: pd.DataFrame, reference: Any, agree: Any) -> None:
    found = iop.cox(people, "TIME", "CENSOR", ["AGE", "TREAT", "injected"], strata="site", weight="w")
    assert list(found["term"]) == ["AGE", "TREAT", "injected=previous", "injected=recent"]
    agree(found["log_hazard_ratio"], reference["cox"], 1e-8)
    agree(found["std_error"], reference["cox_se"], 1e-7)
    agree(found["hazard_ratio"], np.exp(reference["cox"]), 1e-8)
