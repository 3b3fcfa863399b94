"""Hours in categories in the report: a table for each arm, what is said of it, and what the methods tell."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from released_study import NARROW, estimand, plain_study, typed

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import in_categories, methods
from iop_outcomes.report import summary as plain
from iop_outcomes.report.results_of_doses import of_intensity
from iop_outcomes.tables import TABLES

FEW = "fewer than 50 people of the arm, in care at the end of the window, attended such hours"
NOTHING = (math.nan, math.nan, math.nan)
METHODS = (("as_observed", "naive"), ("landmark", "generalised_propensity"))


def asked() -> AsRun:
    whole = plain_study()
    row = next(r for r in whole["analyses"] if r["contrast"] == "hours")
    whole["analyses"] = [r for r in whole["analyses"] if r["contrast"] != "hours"]
    whole["analyses"] += [{**row, "measure": "by_hours", "estimand": e, "method": m} for e, m in METHODS]
    whole["intensities"]["hours"] |= {"compare": {}, "categories": {"cuts": [6, 9], "reference": {"iop": 6}}}
    return AsRun.model_validate(whole)


def rows(gap: float = 0.03) -> pd.DataFrame:
    """Of the first arm: naively 15 points more at 9 hours and more than from 6 to 9, and none below 6."""
    found: list[dict[str, Any]] = []
    for of, method in METHODS:
        key = ("hours", "hours", "abstinent", 180, of, method, "observed_only")
        same = {"measure": "by_hours", "group_by": "arm_by_hours", "group": "iop"}
        less = {"status": "gated", "reason": FEW}
        own = 0.15 if method == "naive" else gap
        found += estimand(key, {"under 6": NOTHING, "difference": NOTHING}, hours_per_week=0.0, **same, **less)
        found += estimand(key, {"6 to under 9": (0.5, 0.45, 0.55)}, hours_per_week=6.0, n=300, **same)
        more = {"9 or more": (0.5 + own, 0.45 + own, 0.55 + own), "difference": (own, own - 0.05, own + 0.05)}
        found += estimand(key, more, hours_per_week=9.0, n=200, std_error=0.02, **same)
    # released tables have them by the names of categories
    return typed("estimates", found).iloc[::-1].sort_values("method", ascending=False, kind="stable")


def test_each_arm_has_a_table_of_its_categories_naive_ones_marked() -> None:
    (table,) = of_intensity(rows(), asked(), "hours")
    assert table.columns[2].startswith("Against \u20186 to under 9\u2019")
    naive, weighted = table.blocks
    assert [line.label for line in weighted.lines] == ["Under 6", "6 to under 9", "9 or more"]
    few, reference, more = weighted.lines
    assert "ewer than 50 people" in few.absent
    assert reference.cells[1] == "reference"
    assert more.cells[0].startswith(f"53.0{NARROW}%")
    assert more.cells[1].startswith("+3.0")
    assert more.cells[2] == "200"
    assert not more.wrong
    assert naive.lines[2].wrong
    assert naive.lines[2].cells[1].startswith("+15.0")


def test_the_weighted_answer_is_said_against_the_category_that_is_named() -> None:
    (part,) = plain.summary(rows(), asked())
    said, caution = part.said
    assert "against 6 to under 9 attended hours a week: with 9 or more, 3.0 percentage points more" in said.text
    assert caution.text.startswith("Hours were not assigned by chance")
    (coarse,) = plain.summary(rows().assign(rounding_error=0.25), asked())
    assert coarse.said[0].text.startswith("No category of hours has a weighted number")
    (none,) = plain.summary(rows().query("method == 'naive'"), asked())
    assert none.said[0].text.startswith("No category of hours has a weighted number")


def test_methods_name_the_categories_and_how_many_people_one_needs() -> None:
    part = next(p for p in methods.describe(asked()) if p.heading == "Intensity")
    (text,) = (said for _, said in part.points)
    assert "hours a week: no hours, under 6, 6 to under 9, 9 or more; one has a number where 50" in text
    assert "against 6 to under 9." in text
    assert "Weights are by the chance of each category" in text


def test_each_number_stands_beside_the_truth_of_its_arm_and_category() -> None:
    key = {"contrast": "hours", "outcome": "abstinent", "horizon_days": 180, "measure": "by_hours"}
    known = [("iop", "6 to under 9", 6.0, 0.52), ("iop", "9 or more", 9.0, 0.54), ("iop", "difference", 9.0, 0.02),
             ("residential", "difference", 9.0, 0.9)]  # fmt: skip
    told = [
        {
            **key,
            "estimand": "landmark",
            "group": g,
            "of": of,
            "hours_per_week": h,
            "truth": t,
            "monte_carlo_error": 0.001,
        }
        for g, of, h, t in known
    ]
    truth = TABLES["truth"].cast(pd.DataFrame(told, columns=list(TABLES["truth"].columns)))
    (table,) = in_categories.beside_truth(rows(), asked(), truth)
    (block,) = table.blocks
    lines = {line.label: line for line in block.lines}
    right = lines["9 or more against 6 to under 9: Weighted by the chance of such hours"]
    assert right.cells[1:] == ("+2.0", "yes")
    naive = lines["9 or more against 6 to under 9: Naive: those who attended such hours, wrong on purpose"]
    assert naive.wrong
    assert naive.cells[1:] == ("+2.0", "no")
    assert len(lines) == 6
    assert in_categories.beside_truth(rows(), asked(), truth.assign(group="residential")) == []
