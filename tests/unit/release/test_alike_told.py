"""What came of a question in cohorts alike goes out with the question's own estimate, and with no other."""

from __future__ import annotations

import math
from typing import Any

import pytest
from released_study import estimand, typed

from iop_outcomes.release import alike

KEY = ("a", "iop_vs_res", "abstinent", 180, "ATO", "overlap", "observed_only")
ROW = {
    "analysis": "a", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180, "method": "overlap",
    "missing_rule": "observed_only", "variable": "risk", "value": 0.93,
}  # fmt: skip


def told(level: str, **estimate: Any) -> float | None:
    rows = estimand(KEY, {"difference": (-0.05, -0.1, 0.0), "ratio": (0.9, 0.8, 1.0)}, **estimate)
    return alike.value({**ROW, "level": level}, alike.errors(typed("estimates", rows)))


@pytest.mark.parametrize("level", ["no_difference", "at_the_margin", "as_estimated"])
def test_a_question_that_is_told_is_told_of(level: str) -> None:
    assert told(level, rounding_error=0.0025) == 0.93


@pytest.mark.parametrize("level", ["no_difference", "at_the_margin", "as_estimated"])
def test_a_question_that_is_withheld_is_not(level: str) -> None:
    assert told(level, status="suppressed") is None
    assert told(level, status="gated") is None
    assert told(level, group_by="arm", group="iop") is None


def test_a_truth_that_is_the_estimate_is_no_finer_than_it_is_released() -> None:
    assert told("as_estimated", rounding_error=0.02) is None
    assert told("no_difference", rounding_error=0.02) == 0.93
    assert told("as_estimated", rounding_error=math.nan) == 0.93
