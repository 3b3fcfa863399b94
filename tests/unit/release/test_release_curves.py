"""Which points of a curve are let out."""

from __future__ import annotations

import pytest
from release_rows import LEAVING, four, life, points, release, row


def test_an_adjusted_curve_has_points_on_the_grid_and_on_the_days_that_estimates_tell() -> None:
    tables = [r for a in ("leaving", "again") for r in (dict(r, analysis=a) for r in LEAVING)]
    points = [
        {"analysis": a, "cohort": "demo", "contrast": "c", "arm": "iop", "outcome": "unplanned", "method": "overlap",
         "axis": "days", "x": x, "estimate": 0.2, "std_error": 0.01, "conf_low": 0.1, "conf_high": 0.3, "n_risk": 100,
         "n_effective": 80.0}
        for a in ("leaving", "again") for x in (6, 10, 14, 90)
    ]  # fmt: skip
    key = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none", "horizon_days": 10}
    rows = four(number=0.2, method="overlap", estimand="ATO", **key)
    found = release(life_tables=tables, estimates=rows, curves=points)["curves"]
    kept = found[found["method"] == "overlap"]
    # thirty leave on day 10: the day is told, so that neither drawing waits for day 14, and nothing happens later
    assert kept.groupby("analysis")["x"].apply(list).to_dict() == {"leaving": [10], "again": [10]}


def test_an_adjusted_curve_has_points_only_where_enough_people_had_the_event_since_the_last() -> None:
    cells = [(3, "unplanned", 15), (20, "unplanned", 5), (30, "unplanned", 6), (50, "died", 4), (60, "unplanned", 12)]
    curves = points("unplanned", [7, 14, 21, 28, 30, 35, 63, 70]) + points("died", [7, 56, 63])
    asked = [row("risk", "iop", analysis="leaving", outcome="unplanned_discharge", horizon_days=30)]
    tables = life("iop", [*cells, (90, "censored", 30)])
    found = release(life_tables=tables, curves=curves, estimates=asked)["curves"]
    adjusted = found[found["method"] == "iptw"]
    # 15 by day 7; 11 more only by day 35 (day 30 is off the grid); 12 more by day 63; 4 deaths never
    assert adjusted[["outcome", "x"]].to_numpy().tolist() == [
        ["unplanned", 7.0],
        ["unplanned", 35.0],
        ["unplanned", 63.0],
    ]
    # 72 people; before day 7 the 15 had left, before day 35 eleven more; before day 63 some who died are held back
    assert adjusted["n_risk"].dropna().tolist() == [57, 46]
    assert adjusted["n_effective"].dropna().tolist() == [50.123, 50.123]
    assert len(release("none", life_tables=tables, curves=curves)["curves"].query("method == 'iptw'")) == len(curves)


def test_an_adjusted_curve_ends_where_no_one_is_at_risk() -> None:
    tables = life("iop", [(5, "unplanned", 12), (60, "unplanned", 30)])
    found = release(life_tables=tables, curves=points("unplanned", [7, 63]))["curves"]
    assert found.query("method == 'iptw'")["x"].tolist() == [7]


def test_crude_curves_come_from_the_held_table_and_from_nowhere_else() -> None:
    smuggled = points("unplanned", [5], method="crude")
    found = release(life_tables=LEAVING, curves=smuggled)["curves"]
    assert set(found["method"]) == {"crude"}
    assert 5 not in set(found["x"])
    own = found[(found["arm"] == "iop") & (found["outcome"] == "unplanned")]
    assert own["estimate"].max() == pytest.approx(30 / 130)
    assert set(found["outcome"]) == {"unplanned", "completed", "in_care"}


def test_a_curve_of_staying_comes_from_the_table_that_is_read_so() -> None:
    # one analysis that follows the index level and the whole episode
    index = life("iop", [(10, "unplanned", 60), (100, "censored", 40)])
    care = life("iop", [(50, "unplanned", 20), (100, "censored", 80)], outcome="retained")
    found = release(life_tables=index + care)["curves"].set_index(["outcome", "x"])["estimate"]
    assert found["in_care", 50] == pytest.approx(0.8)
    assert found["unplanned", 10] == pytest.approx(0.6)


def test_points_of_other_curves_with_few_people_are_dropped() -> None:
    hours = points("abstinent", [9, 12], axis="propensity")
    hours[0]["n_risk"] = 10
    found = release(curves=hours)["curves"]
    assert found["x"].tolist() == [12]
    assert release("opensafely", curves=hours)["curves"]["n_risk"].tolist() == [10, 75]
