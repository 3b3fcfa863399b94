"""Hours of the first weeks in the report: what is said of both methods, what the weights achieve, and the truth."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from released_study import NARROW, estimand, plain_study, typed

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import first_weeks, methods
from iop_outcomes.report import summary as plain
from iop_outcomes.tables import TABLES

NAIVE, RIGHT = ("as_observed", "naive"), ("landmark", "generalised_propensity")
QUESTION = {"analysis": "hours", "contrast": "hours", "outcome": "abstinent", "horizon_days": 180}
DROPPED_AT = "0.01 to 0.99"


def asked() -> AsRun:
    whole = plain_study()
    row = next(r for r in whole["analyses"] if r["contrast"] == "hours")
    whole["analyses"] = [r for r in whole["analyses"] if r["contrast"] != "hours"]
    whole["analyses"] += [{**row, "estimand": e, "method": m} for e, m in (NAIVE, RIGHT)]
    return AsRun.model_validate(whole)


def rows(*methods: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Of the first arm: naively 15 points more at 10 hours than at 6, weighted 3."""
    found = []
    for estimand_of, method in methods:
        gap = 0.15 if method == "naive" else 0.03
        values = {
            "more_hours": (0.5 + gap, 0.45 + gap, 0.55 + gap), "fewer_hours": (0.5, 0.45, 0.55),
            "difference": (gap, gap - 0.05, gap + 0.05), "ratio": (1 + 2 * gap, 0.9, 1.6),
        }  # fmt: skip
        key = ("hours", "hours", "abstinent", 180, estimand_of, method, "observed_only")
        found += estimand(key, values, measure="dose_response", group_by="arm", group="iop", **more)
    return found


def said(found: list[dict[str, Any]]) -> list[plain.Said]:
    (part,) = plain.summary(typed("estimates", found), asked())
    return list(part.said)


def test_the_weighted_answer_speaks_and_the_naive_one_warns_with_how_far_it_errs() -> None:
    right, warning, caution = said(rows(NAIVE, RIGHT))
    assert (
        f"53.0{NARROW}% were abstinent on day 180 at 10 attended hours a week, against 50.0{NARROW}% at 6" in right.text
    )
    assert warning.tone == "caution"
    assert "at more hours it was 15.0 percentage points more" in warning.text
    assert "By the estimate above it errs by 12.0 percentage points, in favour of more hours." in warning.text
    assert caution.text.startswith("Hours were not assigned by chance")
    (alone, _) = said(rows(NAIVE))
    assert alone.text.endswith("This is no effect of hours: use makes people come less.")
    (_, same, _) = said([*rows(RIGHT), *[r | {"method": "naive", "estimand": "as_observed"} for r in rows(RIGHT)]])
    assert "no other than the difference above" in same.text


def diagnostics(*more: tuple[str, str, float]) -> pd.DataFrame:
    values = [
        ("effective_share", "all", 0.51), ("largest_weight", "all", 6.37), ("mean_weight", "all", 1.02),
        ("truncated_share", "all", 0.02), ("largest_correlation_before", "all", 0.25),
        ("largest_correlation", "all", 0.05), ("effective_share", DROPPED_AT, 0.51),
        ("difference_brought_in", DROPPED_AT, 0.03), ("effective_share", "0 to 1", 0.39),
        ("difference_brought_in", "0 to 1", 0.04), *more,
    ]  # fmt: skip
    key = {**QUESTION, "method": "generalised_propensity", "missing_rule": "observed_only", "status": "info"}
    return typed("diagnostics", [{**key, "arm": "iop", "quantity": q, "variable": v, "value": x} for q, v, x in values])


def test_what_the_weights_achieve_and_what_hangs_on_the_largest_stand_in_tables_of_their_own() -> None:
    achieved, brought_in = first_weeks.weights(diagnostics(), asked())
    (line,) = achieved.blocks[0].lines
    assert line.cells == (f"51.0{NARROW}%", "6.37", "1.02", "0.25", "0.05", f"2.0{NARROW}%")
    assert [line.label for line in brought_in.blocks[0].lines] == [DROPPED_AT, "0 to 1"]
    assert brought_in.blocks[0].lines[1].cells[0] == f"39.0{NARROW}%"
    assert brought_in.blocks[0].lines[1].cells[-1] == "+4.0"
    more = [("correlation_before", "sex=female", -0.2), ("correlation", "sex=female", 0.01)]
    *_, balance = first_weeks.weights(diagnostics(*more), asked())
    assert balance.blocks[0].lines[0].label == "Sex: female"
    assert balance.blocks[0].lines[0].cells == ("\u22120.20", "0.01")
    assert first_weeks.weights(TABLES["diagnostics"].empty(), asked()) == []


def test_the_truth_is_that_of_the_hours_of_the_arm() -> None:
    key = {**{k: v for k, v in QUESTION.items() if k != "analysis"}, "measure": "dose_response", "estimand": "landmark"}
    known = [
        ("more_hours", 10.0, 0.52),
        ("fewer_hours", 6.0, 0.5),
        ("difference", 10.0, 0.02),
        ("difference", 30.0, 0.9),
    ]
    truth = [{**key, "of": of, "hours_per_week": h, "truth": t, "monte_carlo_error": 0.001} for of, h, t in known]
    table = TABLES["truth"].cast(pd.DataFrame(truth, columns=list(TABLES["truth"].columns)))
    (shown,) = first_weeks.beside_truth(typed("estimates", rows(NAIVE, RIGHT)), asked(), table)
    lines = {line.label: line for line in shown.blocks[0].lines}
    assert lines["10 against 6: Weighted by the chance of such hours"].cells[1:] == ("+2.0", "yes")
    naive = lines["10 against 6: Naive: those who attended such hours, wrong on purpose"]
    assert naive.wrong
    assert naive.cells[1:] == ("+2.0", "no")
    assert len(lines) == 6
    other = table.assign(estimand="ATE")
    assert first_weeks.beside_truth(typed("estimates", rows(NAIVE, RIGHT)), asked(), other) == []


@pytest.mark.parametrize(("method", "told"), [("generalised_propensity", True), ("spline", False)])
def test_methods_say_how_far_weighted_curves_go(method: str, told: bool) -> None:
    whole = asked()
    own = [r.model_copy(update={"method": method}) if r.contrast == "hours" else r for r in whole.analyses]
    part = next(p for p in methods.describe(whole.model_copy(update={"analyses": own})) if p.heading == "Intensity")
    (text,) = (said for _, said in part.points)
    assert ("curves go where 50 people" in text) is told
