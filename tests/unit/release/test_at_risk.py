"""People who are not at risk of an event: in no denominator, and not to be had by subtracting released numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from parts import endpoint
from release_rows import ARMS, Rows, four, life, only, row, settings
from results_rows import made as table

from iop_outcomes.release import POLICIES, run
from iop_outcomes.release.life_tables import leavings

BACK = {"analysis": "back", "outcome": "readmitted"}
ENDPOINTS = {"readmitted": endpoint("readmitted", "readmitted"), "retained": endpoint("retained", "in_care")}
# questions that tell the ways of leaving apart
WAYS = ("unplanned", "completed", "transferred")
ENDPOINTS |= {way: endpoint(way, "left_index", cause=way) for way in WAYS}
Cells = list[tuple[int, str, int]]
Released = dict[str, pd.DataFrame]
RESIDENTIAL: Cells = [(0, "not_at_risk", 40), (40, "readmitted", 60), (200, "censored", 100)]


def released(policy: str, life_tables: Rows, estimates: Rows, curves: Rows | None = None) -> Released:
    frames = {n: table(n, rows) for n, rows in {"counts": [], "curves": curves or [], "diagnostics": []}.items()}
    return run(
        **frames, life_tables=table("life_tables", life_tables), estimates=table("estimates", estimates),
        **settings(policy, endpoints=ENDPOINTS),
    )  # fmt: skip


def questions(at_risk: int) -> Rows:
    """A return to care by day 90: crude, weighted with weights that hardly differ, and as a hazard ratio.

    at_risk: of the first arm. The effective number is of both arms, as the analyses write it.
    """
    people = float(at_risk + 160)
    weighted = {"method": "overlap", "estimand": "ATO"}
    rows = four(horizon_days=90, missing_rule="none", **BACK)
    rows += [
        r | {"n_effective": people} for r in four(number=0.3, horizon_days=90, missing_rule="none", **weighted, **BACK)
    ]
    ratio = row("hazard_ratio", "ratio", 1.2, horizon_days=90, missing_rule="none", **weighted, **BACK)
    return [*rows, ratio | {"n_effective": people}]


def drawn(people: int) -> Rows:
    """A weighted curve of the first arm, of people who nearly all weigh the same."""
    named = {"analysis": "back", "cohort": "demo", "contrast": "c", "arm": "iop", "outcome": "readmitted"}
    numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), 0.3)
    at = {"method": "overlap", "axis": "days", "n_risk": people, "n_effective": float(people)}
    return [{**named, **numbers, **at, "x": x} for x in (0.0, 42.0)]


def of_arm(cells: Cells, policy: str = "cms") -> Released:
    """What is released where these are the cells of the first arm."""
    at_risk = sum(n for _, cause, n in cells if cause != "not_at_risk")
    tables = life("iop", cells, **BACK) + life("residential", RESIDENTIAL, **BACK)
    return released(policy, tables, questions(at_risk), drawn(at_risk))


def test_the_people_beside_an_estimate_are_those_at_risk_in_crude_and_weighted_rows_alike() -> None:
    cells = [(0, "not_at_risk", 600), (40, "readmitted", 30), (200, "censored", 170)]
    for policy in ("none", "cms"):
        found = of_arm(cells, policy)
        for method in ("crude", "overlap"):
            rows = found["estimates"][found["estimates"]["method"] == method].set_index(["measure", "of"])
            assert rows["status"].eq("ok").all()
            assert rows.loc[("risk", "iop"), ["n", "events"]].tolist() == [200, 30]
            assert rows.loc[("risk", "residential"), ["n", "events"]].tolist() == [160, 60]
            assert rows.loc[("risk", "difference"), "n"] == 360
        crude = found["estimates"][found["estimates"]["method"] == "crude"]
        assert only(crude, measure="risk", of="iop").estimate == pytest.approx(30 / 200)
        assert only(found["estimates"], measure="hazard_ratio").n == 360
        counts = found["counts"]
        assert counts.groupby("arm")["count"].sum().to_dict() == {"iop": 200, "residential": 160}
        assert "not_at_risk" not in set(counts["level"])
        crude_curve = found["curves"].query("method == 'crude' and arm == 'iop' and outcome == 'event_free'")
        assert crude_curve["n_risk"].iloc[0] == 200


def test_few_people_who_are_not_at_risk_withhold_the_arm_and_its_people() -> None:
    found = of_arm([(0, "not_at_risk", 9), (40, "readmitted", 30), (200, "censored", 761)])
    rows = found["estimates"].set_index(["method", "measure", "of"])
    suppressed = rows["status"].eq("suppressed")
    assert suppressed.groupby(["measure", "of"]).all().to_dict() == {
        ("hazard_ratio", "ratio"): True, ("risk", "difference"): True, ("risk", "iop"): True, ("risk", "ratio"): True,
        ("risk", "residential"): False,
    }  # fmt: skip
    assert set(found["counts"]["arm"]) == set(found["curves"]["arm"]) == {"residential"}


def test_few_people_at_risk_who_had_no_event_withhold_weighted_rows_too() -> None:
    """Return to care: of 62 and 58 at risk 5 and 3 did not come back; the people not at risk must not hide them."""
    cells = {
        "iop": [(0, "not_at_risk", 938), (40, "readmitted", 57), (200, "censored", 5)],
        "residential": [(0, "not_at_risk", 942), (40, "readmitted", 55), (200, "censored", 3)],
    }
    tables = [r for arm, own in cells.items() for r in life(arm, own, **BACK)]
    found = released("cms", tables, four(number=0.9, horizon_days=90, missing_rule="none", method="overlap", **BACK))
    assert set(found["estimates"]["status"]) == {"suppressed"}


def test_no_one_at_risk_is_no_risk_of_zero() -> None:
    found = of_arm([(0, "not_at_risk", 200)], "none")["estimates"]
    gone = only(found[found["method"] == "crude"], measure="risk", of="iop")
    assert (gone.status, gone.reason) == ("not_possible", "no one is at risk")


def alike(worlds: dict[int, Released]) -> list[list[int]]:
    """The worlds that a reader of everything released cannot tell apart."""
    groups: list[list[int]] = []
    for number, world in worlds.items():
        same = [g for g in groups if all(world[n].equals(worlds[g[0]][n]) for n in ("counts", "estimates", "curves"))]
        (same[0] if same else groups.append(made := []) or made).append(number)
    return groups


@pytest.mark.parametrize("policy", ["cms", "opensafely"])
def test_an_intruder_who_knows_the_arm_cannot_subtract_those_who_are_not_at_risk(policy: str) -> None:
    """200 people, of whom 60 came back: whatever is released leaves three numbers not at risk possible, or a cell's."""
    few = POLICIES[policy].minimum_count
    worlds = {
        apart: of_arm([(0, "not_at_risk", apart), (40, "readmitted", 60), (200, "censored", 140 - apart)], policy)
        for apart in range(1, few + 16)
    }
    groups = alike(worlds)
    assert list(range(1, few)) in groups
    whole = [g for g in groups if g[0] >= few and few + 15 not in g]
    assert len(whole) > 2
    assert all(len(g) >= 3 for g in whole[1:])
    for group in groups:
        shown = only(worlds[group[0]]["estimates"].query("method == 'crude'"), measure="risk", of="iop").n
        assert (shown is pd.NA or pd.isna(shown)) == (group[0] < few)


def leaving_and_coming_back(other: int) -> Rows:
    """Of 200 people 157 left in three ways, a few for other reasons, and the others are still in care."""
    care = [(30, "unplanned", 60), (50, "completed", 70), (60, "transferred", 27), (70, "other", other)]
    inside = 43 - other
    back = [(0, "not_at_risk", inside), (40, "readmitted", 60), (200, "censored", 97 + other)]
    tables = life("iop", back, **BACK)
    for outcome in ("retained", *WAYS):
        tables += life("iop", [*care, (366, "censored", inside)], analysis="staying", outcome=outcome)
    return tables + life("residential", RESIDENTIAL, **BACK)


def attack(found: Released) -> set[int]:
    """Who left in a way that is withheld: everyone less those in care, or those at risk of a return as far as they
    are told, less those who are told to have left.
    """
    at_risk = only(
        found["estimates"].query("method == 'crude' and outcome == 'readmitted'"), measure="risk", of="iop"
    ).n
    cells = found["counts"].query("outcome == 'retained' and level != 'censored' and level != 'other'")
    gone = cells[cells["level"] != "still_at_risk"]
    by_return = range(int(at_risk - 2 - gone["count_high"].sum()), int(at_risk + 3 - gone["count_low"].sum()))
    by_care = range(int(200 - cells["count_high"].sum()), int(201 - cells["count_low"].sum()))
    return set(by_return) & set(by_care) & set(range(1, 11))


def test_people_at_risk_of_coming_back_do_not_tell_how_few_left_in_one_way() -> None:
    asked = {"missing_rule": "none", "horizon_days": 180}

    def world(policy: str) -> Callable[[int], Released]:
        all_rows = [r for o in ("retained", *WAYS) for r in four(**asked, analysis="staying", outcome=o)]
        rows = [r for r in all_rows if r["of"] == "iop"]
        return lambda other: released(policy, leaving_and_coming_back(other), [*rows, *questions(157 + other)])

    exact = leavings(table("life_tables", leaving_and_coming_back(4)))
    assert exact["back", "demo", "c", "iop", "readmitted"].people - 157 == 4
    for other in range(1, 5):
        left = attack(world("cms")(other))
        assert other in left
        assert len(left) >= POLICIES["cms"].protection


def test_weights_that_leave_an_arm_as_it_is_are_withheld_where_its_people_are_rounded() -> None:
    tables = life("iop", RESIDENTIAL, **BACK) + life("residential", RESIDENTIAL, **BACK)
    rows: list[dict[str, Any]] = four(number=0.3, horizon_days=90, missing_rule="none", method="att", **BACK)
    found = released("cms", tables, rows)["estimates"].set_index(["measure", "of"])["status"]
    assert found.to_dict() == {
        ("risk", "iop"): "suppressed", ("risk", "residential"): "suppressed", ("risk", "difference"): "ok",
        ("risk", "ratio"): "suppressed",
    }  # fmt: skip


def test_a_life_table_tells_those_at_risk_from_the_others() -> None:
    (leaving,) = leavings(table("life_tables", life(ARMS[0], RESIDENTIAL, **BACK))).values()
    assert (leaving.people, leaving.apart, leaving.at_risk(41)) == (160, 40, 100)
    assert leaving.causes == ("censored", "readmitted")
