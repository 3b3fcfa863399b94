"""Each policy through a whole release of the same small cohorts: nothing too small, no zero that may not be shown,
counts rounded, and what one policy asks besides."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from release_rows import ARMS, counts_of, diagnostic, four, life, only, release
from small_cohorts import released

from iop_outcomes.release import POLICIES

STRICT = ("cms", "opensafely", "acro", "strict")
COHORTS = [(3, 150, False), (4, 320, True)]


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
@pytest.mark.parametrize("name", STRICT)
def test_no_count_is_smaller_than_the_policy_lets_it_be(name: str, cohort: tuple[int, int, bool]) -> None:
    policy = POLICIES[name]
    _, found = released(*cohort, name)
    counts = found["counts"]
    told = counts["count"].dropna()
    assert len(told) > 10
    assert told[told > 0].min() >= policy.minimum_count
    assert (told % policy.rounding_base == 0).all()
    assert (counts["rounded_to"].dropna() % policy.rounding_base == 0).all() or policy.zeros_allowed
    for table, columns in {"estimates": ("n", "events"), "curves": ("n_risk",)}.items():
        for column in columns:
            people = found[table][column].dropna()
            assert (people[people > 0] >= policy.minimum_count).all()
            assert (people % policy.rounding_base == 0).all()


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
@pytest.mark.parametrize("name", [n for n in STRICT if not POLICIES[n].zeros_allowed])
def test_no_zero_is_told_where_the_policy_hides_zeros(name: str, cohort: tuple[int, int, bool]) -> None:
    _, found = released(*cohort, name)
    counts = found["counts"]
    assert counts["count_low"].dropna().min() > 0
    assert not counts["status"].eq("between").any()
    crude = found["estimates"].query("method == 'crude' and measure == 'risk' and status == 'ok'")
    arms = crude[~crude["of"].isin(["difference", "ratio"])]
    assert arms["events"].dropna().min() > 0
    assert arms["estimate"].between(0, 1, inclusive="neither").all()


@pytest.mark.parametrize("name", STRICT)
def test_the_reason_is_the_same_whatever_was_too_small(name: str) -> None:
    _, found = released(*COHORTS[0], name)
    withheld = found["estimates"].query("status == 'suppressed'")
    assert set(withheld["reason"]) == {POLICIES[name].reason}


def mean_days(cells: list[tuple[int, str, int]], policy: str) -> Any:
    key = {"analysis": "staying", "outcome": "time_in_care"}
    tables = [r for arm in ARMS for r in life(arm, cells, **key)]
    asked = four("mean_days", horizon_days=90, missing_rule="none", **key)
    return only(release(policy, life_tables=tables, estimates=asked)["estimates"], of="iop")


def test_two_people_hold_less_of_a_sum_of_days_than_acro_lets_them() -> None:
    # of 42 people all but two leave on the first day: those two have 180 of 220 days, or 180 of 194
    many = [(1, "unplanned", 20), (1, "completed", 20), (200, "completed", 2)]
    fewer = [(1, "unplanned", 12), (0, "completed", 20), (200, "completed", 2)]
    spread = [(1, "unplanned", 12), (60, "completed", 20), (200, "completed", 20)]
    assert mean_days(spread, "acro").status == "ok"
    assert mean_days(fewer, "acro").status == "suppressed"
    assert mean_days(many, "none").status == mean_days(fewer, "none").status == "ok"


def test_a_model_leaves_as_many_degrees_of_freedom_as_acro_asks_for() -> None:
    cells = [r for arm in ARMS for r in counts_of(arm, {"abstinent": 12, "using": 12})]
    levels = {f"drug {i}": 12 for i in range(40)}
    drugs = {"analysis": "design", "outcome": "covariate", "variable": "primary_drug", "horizon_days": None}
    covariates = [r for arm in ARMS for r in counts_of(arm, levels, **drugs)]
    asked = four(number=0.5, method="overlap", estimand="ATO")
    assert release("acro", counts=cells, estimates=asked)["estimates"]["status"].eq("ok").all()
    many = release("acro", counts=cells + covariates, estimates=asked)["estimates"]
    assert many["status"].eq("suppressed").all()
    assert release("cms", counts=cells + covariates, estimates=asked)["estimates"]["status"].eq("ok").all()


def test_the_weight_of_one_person_is_not_told_where_zeros_are_not() -> None:
    largest = diagnostic("all", 17.6, quantity="largest_weight", method="iptw", threshold=50.0, status="ok")
    told = {name: release(name, diagnostics=[largest])["diagnostics"]["value"].item() for name in STRICT}
    assert [pd.isna(told[name]) for name in STRICT] == [False, False, True, True]
