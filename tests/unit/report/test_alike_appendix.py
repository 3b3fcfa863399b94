"""The appendix on cohorts alike: each number with its Monte Carlo error, and what is said at the margin."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from released_study import NARROW, plain_study, typed

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import alike

NUMBERS = {
    "alike_replicates": 400.0, "alike_answered": 400.0, "alike_truth": -0.1, "alike_bias": 0.004, "alike_spread": 0.02,
    "alike_standard_error": 0.018, "alike_coverage": 0.93, "alike_no_worse": 0.03,
}  # fmt: skip


def rows(level: str = "at_the_margin", measure: str = "risk", **changed: float) -> pd.DataFrame:
    asked = plain_study()
    row: Any = next(r for r in asked["analyses"] if r["step"] == "abstinence")
    keys = {k: row[k] for k in ("analysis", "cohort", "contrast", "outcome", "horizon_days", "method", "missing_rule")}
    same = {**keys, "arm": "all", "group_by": "all", "group": "all", "variable": measure, "level": level}
    told = {**NUMBERS, **changed}
    return typed("diagnostics", [{**same, "quantity": q, "value": v, "status": "info"} for q, v in told.items()])


def study() -> AsRun:
    return AsRun.model_validate(plain_study())


def test_each_number_stands_with_its_error() -> None:
    (table,) = alike.tables(rows(), study())
    ((line,),) = (block.lines for block in table.blocks)
    error = ((0.93 * 400 + 2) / 404 * (1 - (0.93 * 400 + 2) / 404) / 404) ** 0.5
    assert line.label == "Worse by the margin"
    assert line.cells[:3] == ("\u221210.0", "+0.4 (0.1)", "0.90")
    assert line.cells[3] == f"93.0{NARROW}% ({100 * error:.1f}{NARROW}%)"
    assert line.cells[5] == "400 of 400"
    (days,) = alike.tables(rows(measure="mean_days", alike_truth=-14.0, alike_bias=0.5, alike_spread=2.0), study())
    assert days.blocks[0].lines[0].cells[:2] == ("\u221214.0", "+0.5 (0.1)")


@pytest.mark.parametrize(
    ("share", "count", "words"),
    [(0.03, 400.0, "in keeping with"), (0.09, 400.0, "beyond chance"), (0.05, 20.0, "cannot tell")],
)
def test_what_is_said_at_the_margin(share: float, count: float, words: str) -> None:
    (said,) = alike.said(rows(alike_no_worse=share, alike_answered=count), study())
    assert words in said
    assert f"{share * count:.0f} of {count:.0f} cohorts" in said
    assert not alike.said(rows("no_difference", alike_no_worse=share), study())


def test_cohorts_that_a_gate_stopped_are_told_of() -> None:
    nothing = dict.fromkeys(("alike_bias", "alike_spread", "alike_standard_error", "alike_coverage"), float("nan"))
    found = rows(alike_answered=0.0, **nothing)
    (table,) = alike.tables(found[found["quantity"] != "alike_no_worse"], study())
    assert "gate" in table.blocks[0].lines[0].absent


def test_nothing_tried_is_nothing_said() -> None:
    assert not alike.tables(rows().head(0), study())
    assert not alike.said(rows().head(0), study())
