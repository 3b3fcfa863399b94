"""Which points of a curve are let out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parts import endpoint
from release_rows import LEAVING, Rows, counts_of, life, points, release, row

from iop_outcomes.release.precision import step

CELLS = [(3, "unplanned", 15), (20, "unplanned", 5), (30, "unplanned", 6), (50, "died", 14), (60, "unplanned", 21)]
FIRST = life("iop", [*CELLS, (90, "censored", 30)])
KEY = {"analysis": "leaving", "outcome": "unplanned_discharge", "missing_rule": "none"}


def adjusted(days: list[int], heights: list[float], **key: Any) -> Rows:
    rows = points("unplanned", days, **key)
    limits = [
        {"estimate": h, "conf_low": h - 0.04321, "conf_high": h + 0.04321, "std_error": 0.022046} for h in heights
    ]
    return [{**r, **own, "n_effective": 50.123} for r, own in zip(rows, limits, strict=True)]


def test_an_adjusted_curve_has_the_days_of_the_crude_one_and_is_rounded_as_its_people_are() -> None:
    curves = adjusted([7, 14, 28, 30, 35, 63, 70], [0.2013, 0.202, 0.26, 0.301, 0.302, 0.5555, 0.5557])
    asked = [row("risk", "iop", horizon_days=day, **KEY) for day in (30, 77)]
    found = release(life_tables=FIRST, curves=curves + points("died", [7, 56]), estimates=asked)["curves"]
    crude, weighted = (found[(found["method"] == m) & (found["outcome"] == "unplanned")] for m in ("crude", "iptw"))
    # 15 by day 7 and on to day 14, 26 by the horizon on day 30, and 21 more on day 60
    assert crude["x"].tolist() == [0, 7, 14, 30, 56, 63, 77]
    assert weighted["x"].tolist() == [7, 14, 30, 63]
    # 91 people, rounded to the nearest five: a step of at least 5/91
    assert weighted["estimate"].tolist() == pytest.approx([0.2, 0.2, 0.3, 0.6])
    assert weighted["rounding_error"].tolist() == pytest.approx([0.05] * 4)
    assert weighted["conf_low"].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.5])
    assert weighted["std_error"].tolist() == [0.022] * 4
    # who is still there is told at the horizons, and the effective number beside it
    assert weighted.set_index("x")["n_risk"].dropna().to_dict() == {30: 65}
    assert weighted.set_index("x")["n_effective"].dropna().to_dict() == {30: 50}
    exact = release("none", life_tables=FIRST, curves=curves)["curves"].query("method == 'iptw'")
    assert exact["estimate"].tolist() == [r["estimate"] for r in curves]


def test_what_is_drawn_adds_up_on_every_day_and_its_rounding_error_holds_the_truth() -> None:
    asked = [row("risk", "iop", horizon_days=day, **KEY) for day in (30, 77)]
    found = release(life_tables=FIRST, estimates=asked)["curves"].query("arm == 'iop'")
    drawn = {o: c.set_index("x") for o, c in found.groupby("outcome")}
    for day in range(78):
        there = {o: float(np.interp(day, c.index, c["estimate"])) for o, c in drawn.items()}
        assert sum(there.values()) == pytest.approx(1)
    unplanned = drawn["unplanned"]
    assert unplanned.loc[30, ["estimate", "rounding_error"]].tolist() == [26 / 91, 0]
    for day, true in {7: 15, 14: 15, 56: 26, 63: 47}.items():
        assert abs(unplanned.loc[day, "estimate"] - true / 91) <= unplanned.loc[day, "rounding_error"] + 1e-9
    assert drawn["in_care"]["estimate"].is_monotonic_decreasing
    assert set(found[found["outcome"] == "in_care"].groupby(["arm", "method"])["x"].max()) == {77.0}


def test_a_rounded_curve_still_rises_and_stays_between_zero_and_one() -> None:
    curves = adjusted([7, 14, 30, 63], [0.16, 0.149, 0.98, 1.0])
    asked = [row("risk", "iop", horizon_days=day, **KEY) for day in (30, 77)]
    found = release(life_tables=FIRST, curves=curves, estimates=asked)["curves"].query("method == 'iptw'")
    assert found["estimate"].tolist() == pytest.approx([0.2, 0.2, 1, 1])
    assert found["conf_high"].max() <= 1
    assert [round(step(x), 6) for x in (5 / 91, 0.011, 0.02, 0.021, 0.5)] == [0.1, 0.02, 0.02, 0.05, 0.5]


def test_crude_curves_come_from_what_is_told_and_from_nowhere_else() -> None:
    smuggled = points("unplanned", [5], method="crude")
    found = release(life_tables=LEAVING, curves=smuggled)["curves"]
    assert set(found["method"]) == {"crude"}
    assert 5 not in set(found["x"])
    own = found[(found["arm"] == "iop") & (found["outcome"] == "unplanned")]
    assert own["estimate"].max() == pytest.approx(30 / 130)
    assert set(found["outcome"]) == {"unplanned", "completed", "in_care"}


def test_a_curve_ends_before_a_stretch_of_which_a_straight_line_says_little() -> None:
    # of 60 people ten left by day 30 and 45 more between it and day 80, no week of which counts eleven
    weeks = [(day, "unplanned", 9) for day in (38, 48, 58, 68, 78)]
    asked = [row("risk", "iop", horizon_days=day, **KEY) for day in (30, 80)]
    found = release(life_tables=life("iop", [(20, "unplanned", 12), *weeks, (90, "censored", 15)]), estimates=asked)
    drawn = found["curves"]
    own = (drawn["arm"] == "iop") & (drawn["outcome"] == "unplanned") & (drawn["method"] == "crude")
    assert 0 < drawn.loc[own, "x"].max() < 80


def test_a_few_deaths_end_no_curve() -> None:
    """Three of 597 died: they are drawn with those transferred, whose own number is rounded for it."""
    transferred = [(22, "transferred", 14), (50, "transferred", 14), (100, "transferred", 16)]
    unplanned = [(day, "unplanned", 100) for day in (5, 25, 105)]
    completed = [(55, "completed", 250), (83, "completed", 300), (200, "completed", 60)]
    cells = [*transferred, *unplanned, *completed, (20, "died", 2), (50, "died", 1)]
    asked = {"leaving": "unplanned", "completing": "completed", "transferring": "transferred"}
    outcomes = {"leaving": "unplanned_discharge", "completing": "completed", "transferring": "transferred"}
    tables = {
        "life_tables": [r for a, o in outcomes.items() for r in life("iop", cells, analysis=a, outcome=o)],
        "estimates": [row("risk", "iop", analysis=a, outcome=o, missing_rule="none") for a, o in outcomes.items()],
    }
    endpoints = {o: endpoint(o, "left_index", cause=asked[a]) for a, o in outcomes.items()}
    found = release(endpoints=endpoints, **tables)
    last = found["curves"].groupby(["analysis", "outcome"])["x"].max()
    assert {name for _, name in last.index} >= {"completed", "died or transferred", "unplanned", "in_care"}
    assert (last == 180).all()
    counts = found["counts"].query("analysis == 'transferring'").set_index("level")
    assert counts.loc["died", "status"] == "between"
    assert counts.loc["transferred", "status"] == "rounded"


def test_a_curve_of_staying_comes_from_the_table_that_is_read_so() -> None:
    # one analysis that follows the index level and the whole episode
    index = life("iop", [(10, "unplanned", 60), (100, "censored", 40)])
    care = life("iop", [(50, "unplanned", 20), (100, "censored", 80)], outcome="retained")
    found = release(life_tables=index + care)["curves"].set_index(["outcome", "x"])["estimate"]
    assert found["in_care", 56] == pytest.approx(0.8)
    assert found["unplanned", 10] == pytest.approx(0.6)
    assert found["unplanned", 9] == 0


def test_points_of_other_curves_with_few_people_are_dropped() -> None:
    hours = points("abstinent", [9, 12], axis="propensity")
    hours[0]["n_risk"] = 10
    found = release(curves=hours)["curves"]
    assert found["x"].tolist() == [12]
    assert release("opensafely", curves=hours)["curves"]["n_risk"].tolist() == [10, 75]


def between(heights: list[float], arm: str = "iop", axis: str = "days_latest") -> Rows:
    key = {"analysis": "first", "horizon_days": 90, "missing_rule": "none", "axis": axis, "n_risk": None}
    rows = points("first_use", [30, 60, 90], arm=arm, **key)
    none = {"conf_low": np.nan, "conf_high": np.nan, "std_error": np.nan, "n_effective": np.nan}
    return [{**r, "estimate": h, **none} for r, h in zip(rows, heights, strict=True)]


def first_use(iop: dict[str, int]) -> Rows:
    key = {"analysis": "first", "outcome": "first_use", "horizon_days": 90}
    return counts_of("iop", iop, **key) + counts_of("residential", {"event": 40, "no_event": 80}, **key)


def test_no_step_of_a_curve_between_two_days_is_of_fewer_than_may_be_shown() -> None:
    counted = first_use({"event": 60, "no_event": 140})
    lines = between([0.98, 0.964, 0.7], axis="days_latest") + between([0.901, 0.899, 0.62], axis="days_earliest")
    found = release(counts=counted, curves=lines)["curves"]
    # 11 of 200 people are .055, and the next larger step .1
    assert found["estimate"].tolist() == pytest.approx([0.9, 0.9, 0.6, 1, 1, 0.7])
    assert found["rounding_error"].tolist() == [0.05] * 6
    assert found[["conf_low", "std_error", "n_effective"]].isna().all(axis=None)
    steps = np.abs(np.diff(found["estimate"])) * 200
    assert ((steps < 1e-9) | (steps >= 11)).all()
    # as they are where everything may be
    exact = release("none", counts=counted, curves=lines)["curves"]
    assert sorted(exact["estimate"]) == sorted(r["estimate"] for r in lines)


def test_a_curve_between_two_days_stands_on_cells_that_are_large_enough() -> None:
    lines = between([0.98, 0.97, 0.96]) + between([0.9, 0.8, 0.7], arm="residential")
    few = release(counts=first_use({"event": 8, "no_event": 192}), curves=lines)["curves"]
    assert set(few["arm"]) <= {"residential"}
    assert release(counts=[], curves=lines)["curves"].empty


@pytest.mark.parametrize("policy", ["cms", "opensafely", "acro", "strict"])
def test_steps_of_random_curves_between_two_days_are_of_none_or_of_enough(policy: str) -> None:
    """Of arms of 25 to 400 people, whatever the curve: it falls, stays within 0 and 1, and tells of no few."""
    rng, least = np.random.default_rng(1), {"cms": 11, "opensafely": 8, "acro": 10, "strict": 11}[policy]
    for people in (25, 60, 130, 400):
        events = int(people * 0.55)
        heights = [np.sort(rng.random(3))[::-1].tolist() for _ in range(2)]
        lines = [
            row for at, axis in enumerate(("days_latest", "days_known")) for row in between(heights[at], axis=axis)
        ]
        counted = first_use({"event": events, "no_event": people - events})
        found = release(policy, counts=counted, curves=lines)["curves"]
        for axis, own in found.groupby("axis"):
            told = np.concatenate([[1.0], own.sort_values("x")["estimate"]])
            steps = -np.diff(told) * people
            assert ((np.abs(steps) < 1e-6) | (steps >= least)).all(), (axis, people)
            assert (np.abs(told[1:] - heights[axis == "days_known"]) <= own["rounding_error"] + 1e-9).all()
            assert ((told >= 0) & (told <= 1)).all()


def over_hours(heights: list[float], policy: str, **key: Any) -> Any:
    asked = {"analysis": "hours", "contrast": "c", "outcome": "abstinent", **key}
    whole = {**asked, "group_by": "arm", "group": "iop", "horizon_days": 180}
    cells = counts_of("iop", {"abstinent": 61, "using": 52, "out_of_care": 33}, **whole)
    curves = points("abstinent", [7, 9, 11][: len(heights)], method="naive", axis="hours_per_week", horizon_days=180)
    drawn = [
        {**r, **asked, "arm": "iop", "missing_rule": "observed_only", "n_risk": None, "estimate": h,
         "conf_low": h - 0.0432, "conf_high": h + 0.0432, "std_error": 0.022046}
        for r, h in zip(curves, heights, strict=True)
    ]  # fmt: skip
    return release(policy, counts=cells, curves=drawn)["curves"]


def test_a_curve_over_hours_is_as_fine_as_the_counts_of_its_arm() -> None:
    heights = [0.5123, 0.6011, 0.5555]
    assert over_hours(heights, "none")["estimate"].tolist() == heights
    told = over_hours(heights, "opensafely")
    # 113 people, rounded to the nearest five: a step of at least 5/113, and the curve may fall
    assert told["estimate"].tolist() == pytest.approx([0.5, 0.6, 0.55])
    assert (told["rounding_error"] == 0.025).all()
    assert told["std_error"].tolist() == [0.022] * 3
    assert (told["conf_low"] <= np.array(heights) - 0.0432).all()
