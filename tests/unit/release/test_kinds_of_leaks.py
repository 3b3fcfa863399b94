"""Kinds of releases that gave people away, each closed by a test of its kind."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from release_rows import ARMS, IN_ORDER, counts_of, diagnostic, four, life, only, release, row, settings
from results_rows import made as table
from small_cohorts import ARMS as BOTH
from small_cohorts import ENDPOINTS, released

from iop_outcomes.protocol import InCare
from iop_outcomes.release import POLICIES, run, telling
from iop_outcomes.release.audit import exposed
from iop_outcomes.release.system import Shown, System

CMS = POLICIES["cms"]


def open_between(more: Any, less: Any) -> int:
    """How many values a reader leaves open for the people in one row and not in the other."""
    if pd.isna(more.count_low) or pd.isna(less.count_low):
        return 10**6
    return int(min(more.count_high - less.count_low, 10) - max(more.count_low - less.count_high, 0)) + 1


def test_a_count_of_everyone_and_the_same_of_a_known_part_of_them_do_not_both_stand() -> None:
    """67 of everyone in an arm are abstinent, 60 of those in care on day 28: the 7 had left by then."""
    whole = counts_of("iop", {"abstinent": 67, "using": 133}) + counts_of(
        "residential", {"abstinent": 80, "using": 120}
    )
    part = {"analysis": "intensity", "contrast": "hours", "group_by": "arm"}
    cells = counts_of("iop", {"abstinent": 60, "using": 90, "out_of_care": 50}, group="iop", **part)
    frames = {n: table(n, []) for n in ("life_tables", "estimates", "curves", "diagnostics")}
    known = settings(in_care={"hours": InCare(day=28, of="c")}, endpoints=ENDPOINTS)
    counts = run(counts=table("counts", whole + cells), **frames, **known)["counts"]
    own = counts.query("arm == 'iop' and level == 'abstinent'")
    assert open_between(only(own, contrast="c"), only(own, contrast="hours")) >= CMS.protection


def test_a_label_that_few_people_bear_stands_nowhere() -> None:
    words = {"working": 60, "looking for work": 30, "lighthouse keeper": 1}
    key = {"analysis": "design", "outcome": "covariate", "variable": "employment", "horizon_days": None}
    cells = [r for arm in ARMS for r in counts_of(arm, words, **key)]
    told = [diagnostic("employment", level=word, method=m) for word in words for m in ("unweighted", "overlap")]
    found = release(counts=cells, diagnostics=told)
    assert all("lighthouse" not in frame.to_csv() for name, frame in found.items() if name != "notes")


@pytest.mark.parametrize("open_ended", [False, True])
def test_no_one_is_held_back_so_that_totals_of_those_in_care_agree(open_ended: bool) -> None:
    """By one table those still there, by another those who stayed: both hold the truth, or nothing is told."""
    known, found = released(7, 300, open_ended)
    cells = found["counts"].query("outcome == 'retained' and level == 'still_at_risk' and status != 'suppressed'")
    assert len(cells)
    for cell in cells.itertuples():
        there = int(((known["care"] + 1 > cell.horizon_days) & (known["arm"] == cell.arm)).sum())
        assert cell.count_low <= there <= cell.count_high


@pytest.mark.parametrize("events", [9, 10])
def test_the_reason_of_a_row_does_not_tell_nine_events_from_ten(events: int) -> None:
    cells = counts_of("iop", {"event": events, "no_event": 100}) + counts_of(
        "residential", {"event": 40, "no_event": 70}
    )
    found = release(counts=cells, estimates=four() + four(number=0.1, method="overlap"))["estimates"]
    own = found[found["of"] == "iop"]
    assert own["status"].eq("suppressed").all()
    assert set(own["reason"]) == {"fewer than 11 people in a cell"}


@pytest.mark.parametrize("cohort", [(1, 120, False), (2, 200, True), (5, 260, False), (9, 400, True)], ids=str)
@pytest.mark.parametrize("policy", ["cms", "opensafely"])
def test_totals_that_cross_give_no_hidden_cell(
    policy: str, cohort: tuple[int, int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tables are one system of lines: solved whole, it leaves every small number open."""
    seen: list[tuple[System, Shown, Any]] = []
    plain = telling.protect

    def kept(system: System, rules: Any, base: int) -> Shown:
        shown = plain(system, rules, base)
        seen.append((system, shown, rules))
        return shown

    monkeypatch.setattr(telling, "protect", kept)
    released.__wrapped__(*cohort, policy)
    assert seen
    for system, shown, rules in (one for one in seen if one[0].people):
        assert len(system.lines) > 50
        small = sum(map(rules.small, system.people))
        assert small > 10
        left = exposed(system, shown, rules)
        assert not left, f"{len(left)} of {small}"


def test_small_numbers_of_one_arm_are_open_beside_a_total_of_both() -> None:
    """Abstinence by arm, and of both arms together among those who stayed or left: three tables of the same people."""
    by_arm = counts_of("iop", {"abstinent": 40, "using": 60}) + counts_of("residential", {"abstinent": 30, "using": 70})
    stay = {"analysis": "duration", "contrast": "stay_90"}
    stayed = counts_of("stayed", {"abstinent": 64, "using": 120}, **stay)
    stayed += counts_of("left_earlier", {"abstinent": 6, "using": 10}, **stay)
    frames = {n: table(n, []) for n in ("life_tables", "estimates", "curves", "diagnostics")}
    known = settings(in_care={"stay_90": InCare(day=90)}, endpoints=ENDPOINTS)
    counts = run(counts=table("counts", by_arm + stayed), **frames, **known)["counts"]
    own = counts.query("level == 'abstinent'")
    arms = own[own["arm"].isin(list(BOTH))]
    few = only(own, arm="left_earlier")
    assert pd.isna(few["count"] if isinstance(few, dict) else few.count) or few.status == "between"
    there = only(own, arm="stayed")
    if arms["count_low"].notna().all() and there.status != "suppressed":
        low = arms["count_low"].sum() - there.count_high
        high = arms["count_high"].sum() - there.count_low
        assert min(high, 10) - max(low, 1) + 1 >= CMS.protection


def test_leaving_on_the_last_days_before_a_horizon_is_not_had_from_two_days() -> None:
    """30 left by day 60 and 34 by day 90: the 4 between are as small as a cell."""
    key = {"analysis": "leaving", "outcome": "unplanned_discharge"}
    cells = [(20, "unplanned", 30), (70, "unplanned", 4), (50, "completed", 60), (200, "censored", 60)]
    tables = [r for arm in ARMS for r in life(arm, cells, **key)]
    asked = [r for day in (60, 90) for r in four(horizon_days=day, missing_rule="none", **key)]
    counts = release(life_tables=tables, estimates=asked)["counts"].query("arm == 'iop' and level == 'unplanned'")
    assert open_between(only(counts, horizon_days=90), only(counts, horizon_days=60)) >= CMS.protection


@pytest.mark.parametrize("policy", ["cms", "opensafely", "acro", "strict"])
def test_everyone_who_is_eligible_less_one_arm_does_not_give_the_other(policy: str) -> None:
    """15 in one arm of 16 who are eligible, all of whom are in an arm: one is in the other."""
    people = {"analysis": "design", "outcome": "people", "horizon_days": None}
    arms = counts_of("iop", {"with_counterpart": 25}, **people) + counts_of(
        "residential", {"with_counterpart": 1}, **people
    )
    steps = {"analysis": "cohort", "contrast": "all", "outcome": "attrition", "horizon_days": None}
    counts = release(policy, counts=arms + counts_of("all", {"Too young": 40, "Eligible": 26}, **steps))["counts"]
    whole, one, few = (only(counts, level=level, arm=arm) for level, arm in (
        ("Eligible", "all"), ("with_counterpart", "iop"), ("with_counterpart", "residential")
    ))  # fmt: skip
    assert few.status in ("between", "suppressed")
    if not pd.isna(whole.count_low) and not pd.isna(one.count_low):
        rules = POLICIES[policy]
        least, most = max(whole.count_low - one.count_high, 0), whole.count_high - one.count_low
        assert min(most, rules.minimum_count - 1) - max(least, rules.zeros_allowed) + 1 >= rules.protection


def test_who_died_between_two_days_is_not_the_difference_of_two_outcomes() -> None:
    """23 of an arm had died by day 90, 28 by day 180: the 5 between are few, whatever else is counted beside them."""
    rows = [
        row
        for outcome, day, dead in (("abstinent", 90, 23), ("working", 180, 28))
        for arm in ARMS
        for row in counts_of(
            arm, {"abstinent": 100, "using": 100 - dead, "died": dead}, outcome=outcome, horizon_days=day
        )
    ]
    counts = release(counts=rows)["counts"]
    own = counts.query("arm == 'iop' and level == 'died'")
    assert open_between(only(own, horizon_days=180), only(own, horizon_days=90)) >= CMS.protection


WEEKS = {"variable": "week", "outcome": "weekly", "analysis": "weeks"}
WHOLE = {"outcome": "weekly", "analysis": "weeks", "horizon_days": 14}


def test_a_week_that_is_withheld_is_not_the_difference_of_the_share_of_all_weeks() -> None:
    """4 people of an arm died by week 2: with all other weeks told, the exact share of weeks would give them back."""
    cells = [
        row
        for arm in ARMS
        for day, dead in ((7, 0), (14, 4))
        for row in counts_of(arm, {"abstinent": 60, "using": 140 - dead, "died": dead}, horizon_days=day, **WEEKS)
    ] + [row for arm in ARMS for row in counts_of(arm, {"event": 90, "no_event": 110}, **WHOLE)]
    asked = {**WHOLE, "method": "naive", "estimand": "as_observed"}
    found = release(counts=cells, estimates=four("share_of_weeks", 0.3123456, **asked))["estimates"]
    assert set(found["status"]) == {"ok"}
    # two whole people of 200, over two weeks, are more than the 4 that are withheld
    assert (found.loc[found["of"] != "ratio", "rounding_error"] >= 4 / 400).all()


def test_a_week_and_a_day_of_that_week_are_not_told_apart() -> None:
    """67 are negative in week 12, and 60 on day 84 by another endpoint: the 7 are few."""
    cells = [
        row
        for arm in ARMS
        for row in [
            *counts_of(arm, {"abstinent": 67, "using": 133}, horizon_days=83, **WEEKS),
            *counts_of(arm, {"abstinent": 60, "using": 140}, outcome="screened", horizon_days=84),
        ]
    ]
    counts = release(counts=cells)["counts"]
    own = counts.query("arm == 'iop' and level == 'abstinent'")
    assert open_between(only(own, outcome="weekly"), only(own, outcome="screened")) >= CMS.protection


def test_people_by_their_tests_are_rounded_and_few_of_them_have_no_number() -> None:
    """Of an arm in care 47 with more tests and 113 with fewer; of another 9 with more, whose share is withheld."""
    part = {"analysis": "tests", "contrast": "tests", "group_by": "arm_by_tests"}
    cells = [
        *counts_of("more_tests", {"abstinent": 21, "using": 26}, group="iop", **part),
        *counts_of("fewer_tests", {"abstinent": 57, "using": 56}, group="iop", **part),
        *counts_of("more_tests", {"abstinent": 14, "using": 9}, group="residential", **part),
        *counts_of("fewer_tests", {"abstinent": 57, "using": 56}, group="residential", **part),
    ]
    asked = [
        row("testing_response", of, 0.4567, contrast="tests", analysis="tests", method="standardised",
            missing_rule="observed_only", estimand="landmark", group_by="arm_by_tests", group=arm)
        for arm in ARMS
        for of in ("more_tests", "fewer_tests", "difference")
    ]  # fmt: skip
    found = release(counts=cells, estimates=asked, arms={**IN_ORDER, "tests": ["more_tests", "fewer_tests"]})
    told = found["counts"].query("group == 'iop'")
    assert (told["count"].dropna() % 5 == 0).all()
    iop, other = (found["estimates"].query("group == @arm").set_index("of") for arm in ARMS)
    assert set(iop["status"]) == {"ok"}
    # told to as much as 5 of 47 people, and of 113
    assert iop.loc["more_tests", "rounding_error"] >= 0.05
    assert other.loc[["more_tests", "difference"], "status"].tolist() == ["suppressed"] * 2
