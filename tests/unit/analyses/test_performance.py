"""What is tried on cohorts alike: no record is read, a truth is found again, and what is stopped is said to be."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alike_cohort import ADJUSTMENT, ANSWER, ASKED, CONTRAST, ENDPOINTS, GATE, INFERENCE, JUDGED, NUMBERS, OUTCOME

from iop_outcomes.analyses import performance
from iop_outcomes.analyses.performance import told, truths
from iop_outcomes.protocol import Gate
from iop_outcomes.simulate.alike.numbers import Leaving, Logit, Question
from iop_outcomes.tables import TABLES

KEYS = {k: getattr(ASKED, k) for k in ("outcome", "horizon_days", "measure", "method", "missing_rule")}
QUESTION = Question(**KEYS, first=0.45, second=0.5, model=OUTCOME, answered=ANSWER, answers=(0.8, 0.7))


def tried(folder: Path, replicates: int = 3, gate: Gate = GATE, people: int = 600) -> pd.DataFrame:
    path = folder / "numbers.json"
    path.write_text(NUMBERS.model_copy(update={"questions": [QUESTION], "people": people}).model_dump_json())
    made = performance.run(
        str(path), [ASKED], "c", ASKED.contrast, CONTRAST, ENDPOINTS, ADJUSTMENT, gate, INFERENCE, [JUDGED], replicates
    )
    return made["diagnostics"].pivot_table(index="level", columns="quantity", values="value")


def test_no_record_is_read() -> None:
    assert not set(inspect.signature(performance.run).parameters) & set(TABLES)


def test_a_truth_that_is_set_is_found_again(tmp_path: Path) -> None:
    found = tried(tmp_path, replicates=12)
    assert found["alike_truth"].to_dict() == {"as_estimated": -0.05, "at_the_margin": -0.1, "no_difference": 0.0}
    error = found["alike_spread"] / np.sqrt(found["alike_answered"])
    assert (found["alike_answered"] == 12).all()
    assert (found["alike_bias"].abs() < 4 * error).all()
    assert (found["alike_standard_error"] / found["alike_spread"]).between(0.55, 1.8).all()
    assert found.loc["no_difference", "alike_no_worse"] > found.loc["at_the_margin", "alike_no_worse"]
    assert found.equals(tried(tmp_path, replicates=12))


def test_what_a_gate_stops_is_not_answered(tmp_path: Path) -> None:
    found = tried(tmp_path, replicates=2, gate=Gate(min_effective_share=0.99), people=300)
    assert (found["alike_answered"] == 0).all()
    assert "alike_bias" not in found or found["alike_bias"].isna().all()


def test_an_estimator_that_errs_is_seen_to_err() -> None:
    """Estimates five points off with errors a third of what they should be, by hand."""
    value = np.linspace(-0.02, 0.12, 21)
    found = np.column_stack([value, np.full(21, 0.014), value - 0.0274, value + 0.0274])
    (truth,) = (t for t in truths(QUESTION, -0.10) if t.name == "no_difference")
    lines = {row["quantity"]: row["value"] for row in told(ASKED, truth, found, [JUDGED])}
    assert lines["alike_bias"] == pytest.approx(0.05)
    assert lines["alike_coverage"] == pytest.approx(np.mean(np.abs(value) <= 0.0274), abs=1e-4)
    assert lines["alike_spread"] == pytest.approx(value.std(ddof=1), abs=1e-4)
    assert lines["alike_no_worse"] == 1.0


def test_a_truth_without_room_is_left_out() -> None:
    low = QUESTION.model_copy(update={"second": 0.05, "first": 0.04})
    assert [t.name for t in truths(low, -0.10)] == ["no_difference", "as_estimated"]
    months = Leaving(ends=[90], first=[0.5], second=[0.5], model=Logit())
    days = QUESTION.model_copy(update={"measure": "mean_days", "second": 60.0, "first": 70.0, "leaving": months})
    assert [t.difference for t in truths(days, -14)] == [0.0, -14.0, 10.0]
    assert [t.name for t in truths(days, None)] == ["no_difference", "as_estimated"]
