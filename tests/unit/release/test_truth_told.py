"""Releases of fifty small cohorts against the people themselves: every number that is told is true, as far as it says
that it is, and no two numbers tell of one to ten people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_cohorts import ARMS, LEVELS, QUESTIONS, released

pytestmark = pytest.mark.truth

FEW = range(1, 11)
COHORTS = [(seed, 60 + 7 * seed, seed % 2 == 1) for seed in range(50)]


def members(known: pd.DataFrame, cell: Any) -> set[int]:
    """Who is in a released cell of counts, from the people themselves."""
    care = known["care"] + 1
    if cell.contrast == "c" and cell.analysis != "abstinence":
        _, _, days, cause = next(q for q in QUESTIONS if q[0] == cell.outcome)
        gone = (care if days == "care" else known["index"]) <= cell.horizon_days
        own = (known["arm"] == cell.arm) & (
            ~gone if cell.level == "still_at_risk" else gone & known[cause].isin(cell.level.split(" or "))
        )
    elif cell.contrast == "stay_90":
        stayed, told = known["care"] >= 90, (known["care"] >= 90) | (known["cause"] != "censored")
        own = told & (stayed if cell.arm == "stayed" else ~stayed) & (known["level"] == cell.level)
    else:
        own = (known["arm"] == cell.arm) & (known["level"] == cell.level)
        if cell.contrast == "hours":
            there = known["care"] >= 28
            own = (known["arm"] == cell.arm) & (~there if cell.level == "out_of_care" else there & own)
    return set(np.flatnonzero(own))


def shown(known: pd.DataFrame, counts: pd.DataFrame) -> list[tuple[Any, set[int]]]:
    return [(c, members(known, c)) for c in counts[counts["status"] == "ok"].itertuples()]


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_every_number_that_is_told_holds_the_truth(cohort: tuple[int, int, bool]) -> None:
    known, found = released(*cohort)
    told = [c for c in found["counts"].itertuples() if c.status != "suppressed"]
    assert len(told) > 10
    for cell in told:
        who = len(members(known, cell))
        assert cell.count_low <= who <= cell.count_high, cell
        if cell.status == "between":
            assert who in FEW or who == 0
            assert pd.isna(cell.count)
            continue
        assert who not in FEW
        assert cell.count % cell.rounded_to == 0 or cell.status == "ok"
        assert cell.status == "rounded" or cell.count == who
    for point in found["curves"].dropna(subset="n_risk").itertuples():
        days = known["care"] + 1 if point.analysis.startswith("staying") else known["index"]
        there = ((days > point.x) & (known["arm"] == point.arm)).sum()
        assert point.n_risk not in FEW
        assert abs(point.n_risk - there) <= 10, point


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_a_crude_risk_differs_from_that_of_the_people_by_what_it_says_at_most(cohort: tuple[int, int, bool]) -> None:
    known, found = released(*cohort)
    rows = found["estimates"]
    own = rows[(rows["status"] == "ok") & (rows["contrast"] == "c") & rows["of"].isin(ARMS)]
    for r in own[own["outcome"] != "abstinent"].itertuples():
        _, _, days, cause = next(q for q in QUESTIONS if q[0] == r.outcome)
        people_ = known[known["arm"] == r.of]
        gone = people_[days] + (days == "care") <= r.horizon_days
        if (gone & (people_[cause] == "censored")).any():
            continue
        event = {
            "retained": ~gone, "retained_or_completed": ~gone | (people_[cause] == "completed"),
            "unplanned_discharge": gone & (people_[cause] == "unplanned"),
            "completed": gone & (people_[cause] == "completed"),
        }[r.outcome]  # fmt: skip
        assert abs(r.estimate - event.mean()) <= r.rounding_error + 1e-9, r


def sums(cells: list[tuple[Any, set[int]]]) -> dict[str, list[set[int]]]:
    """Sets of people that a reader can count, by what is known to nest them: cells, and sums of cells that are
    shown."""
    found: dict[str, list[set[int]]] = {}
    groups: dict[tuple[Any, ...], list[set[int]]] = {}
    for cell, who in cells:
        if cell.outcome == "abstinent":
            if cell.level != "out_of_care":
                found.setdefault(f"{cell.level} of {cell.arm}", []).append(who)
            groups.setdefault((cell.contrast, cell.level), []).append(who)
        elif cell.level == "still_at_risk":
            found.setdefault(f"in care, {cell.arm}", []).append(who)
            groups.setdefault((cell.outcome, cell.horizon_days, "in care"), []).append(who)
        else:
            found.setdefault(f"{cell.level} by a day of {cell.arm}, {cell.outcome}", []).append(who)
    for (*_, level), parts in groups.items():
        if len(parts) == 2:
            found.setdefault(f"{level} of everyone", []).append(set.union(*parts))
    stayed = [w for c, w in cells if c.contrast == "stay_90" and c.arm == "stayed"]
    there = [(c, w) for c, w in cells if c.contrast == "hours" and c.level != "out_of_care"]
    if len(stayed) == len(LEVELS):
        found.setdefault("in care of everyone", []).append(set.union(*stayed))
    for arm in ARMS:
        own = [w for c, w in there if c.arm == arm]
        if len(own) == len(LEVELS):
            found.setdefault(f"in care, {arm}", []).append(set.union(*own))
    return found


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_no_two_counts_that_nest_tell_of_a_few_people(cohort: tuple[int, int, bool]) -> None:
    known, found = released(*cohort)
    for what, sets in sums(shown(known, found["counts"])).items():
        for one, other in combinations(sets, 2):
            less, more = sorted((one, other), key=len)
            if less <= more:
                assert len(more - less) not in FEW, what


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_people_beside_estimates_tell_no_few_either(cohort: tuple[int, int, bool]) -> None:
    _, found = released(*cohort)
    rows = found["estimates"].dropna(subset="n").query("rounding_error == 0")
    for _, own in rows[rows["outcome"] == "abstinent"].groupby(["contrast", "of"]):
        for one, other in combinations(own["n"].tolist(), 2):
            assert abs(one - other) not in FEW


def test_the_attacks_are_not_idle() -> None:
    """Cells that nest closely occur among these people, and rounding and ranges are used."""
    close, told = 0, Counter[str]()
    for cohort in COHORTS[:16]:
        known, found = released(*cohort)
        everyone = [(c, members(known, c)) for c in found["counts"].itertuples()]
        for sets in sums(everyone).values():
            close += sum(
                len(one ^ other) in FEW for one, other in combinations(sets, 2) if one <= other or other <= one
            )
        told.update(found["counts"]["status"])
    assert close > 100
    assert min(told[status] for status in ("ok", "rounded", "between")) > 50


def left_over(cells: list[tuple[Any, set[int]]], everyone: dict[str, set[int]]) -> Iterator[set[int]]:
    """People whom a reader has from two life tables of an arm by one day: of causes that one counts together, those
    who are not among the causes that the other shows; and who has neither stayed by one nor left by the other.
    """
    tables: dict[tuple[Any, ...], dict[str, list[tuple[str, set[int]]]]] = {}
    for cell, who in cells:
        if cell.contrast == "c" and cell.analysis != "abstinence":
            own = tables.setdefault((cell.arm, cell.horizon_days), {})
            own.setdefault(cell.outcome, []).append((cell.level, who))
    for (arm, _), own in tables.items():
        for one, other in ((own[a], own[b]) for a in own for b in own if a != b):
            for level, whole in one:
                there = level == "still_at_risk"
                known = everyone[arm] - whole if there else whole
                pool = set(level.split(" or "))
                parts = [
                    w for name, w in other if (name != "still_at_risk") and (there or {*name.split(" or ")} < pool)
                ]
                if parts and (there or len(pool) > 1) and set.union(*parts) <= known:
                    yield known - set.union(*parts)


def arms_of(known: pd.DataFrame) -> dict[str, set[int]]:
    return {arm: set(np.flatnonzero(known["arm"] == arm)) for arm in ARMS}


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_no_two_life_tables_of_an_arm_tell_of_a_few_people(cohort: tuple[int, int, bool]) -> None:
    known, found = released(*cohort)
    for few in left_over(shown(known, found["counts"]), arms_of(known)):
        assert len(few) not in FEW


def test_two_life_tables_of_an_arm_would_tell_of_a_few_people() -> None:
    """The attack is not idle."""
    close = 0
    for cohort in COHORTS:
        known, found = released(*cohort)
        told = [(c, members(known, c)) for c in found["counts"].itertuples()]
        enough = [(c, who) for c, who in told if len(who) not in FEW]
        close += sum(len(few) in FEW for few in left_over(enough, arms_of(known)))
    assert close > 20
