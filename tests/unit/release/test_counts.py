"""Suppression and rounding of counts, by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from results_rows import made

from iop_outcomes.release.audit import exposed
from iop_outcomes.release.counts import bases, lines, numbers, people_in, suppress
from iop_outcomes.release.numbers import Number
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.system import Shown, System
from iop_outcomes.tables import TABLES, check

CMS, OPENSAFELY, STRICT, ACRO, NONE = (POLICIES[n] for n in ("cms", "opensafely", "strict", "acro", "none"))


def group(cells: dict[str, int], **key: Any) -> list[dict[str, Any]]:
    named = {
        "analysis": "a", "cohort": "demo", "contrast": "c", "arm": "iop", "outcome": "abstinent", "horizon_days": 180,
        **key,
    }  # fmt: skip
    return [{**named, "level": level, "count": n, "status": "ok"} for level, n in cells.items()]


def table(*groups: list[dict[str, Any]]) -> pd.DataFrame:
    return made("counts", [row for g in groups for row in g])


def told(frame: pd.DataFrame, policy: Policy) -> list[Number]:
    """What is told of each row: it holds the truth, no small number is counted, and no one can work one out."""
    released = check(TABLES["counts"], suppress(frame, policy))
    found = numbers(released)
    for people, number, status in zip(people_in(frame), found, released["status"], strict=True):
        assert (status == "ok") == (number.base == 1)
        assert (status == "rounded") == (number.base > 1)
        assert (status == "between") == (number.count is None and number.range is not None)
        assert number.range is None or number.range[0] <= people <= number.range[1]
        assert number.count is None or not policy.small(people)
        assert number.base < 2 or (number.count or 0) % number.base == 0
    shown = Shown(*(tuple(getattr(n, name) for n in found) for name in ("count", "base", "low", "high")))
    assert not exposed(System(people_in(frame), tuple(lines(frame)), bases(frame, policy)), shown, policy)
    return found


def counts_told(frame: pd.DataFrame, policy: Policy) -> list[int | None]:
    return [number.count if number.base == 1 else None for number in told(frame, policy)]


@pytest.mark.parametrize("policy", [CMS, OPENSAFELY, STRICT, ACRO], ids=lambda p: p.name)
@pytest.mark.parametrize(
    "cells",
    [
        [50, 30, 10],
        [50, 30, 1, 0],
        [60, 5, 6],
        [60, 30, 5, 5],
        # an arm of two cells
        [3, 97],
        # all small; only zeros are left besides
        [3, 4, 5],
        [30, 6, 0],
        # neighbours of equal size
        [5, 20, 20, 40],
        # ten and ten make twenty only as ten and ten, if nothing but small cells were hidden
        [10, 10, 50],
        [10, 10, 50, 60],
        # eleven ones can only be eleven ones
        [1] * 11 + [70, 90],
    ],
    ids=str,
)
def test_no_small_cell_of_a_group_can_be_worked_out(cells: list[int], policy: Policy) -> None:
    frame = table(group({f"level {i:02d}": n for i, n in enumerate(cells)}))
    few = [i for i, n in enumerate(cells) if policy.small(n)]
    found = told(frame, policy)
    assert all(found[i].count is None for i in few)
    # something else must give way, or the few could be had from the size of the group
    assert len(few) != 1 or any(n.base != 1 for i, n in enumerate(found) if i not in few)


@pytest.mark.parametrize("cells", [[40, 30, 20], [11, 0, 89], [0, 0, 12]])
def test_where_nothing_is_small_everything_is_exact(cells: list[int]) -> None:
    assert counts_told(table(group({f"level {i}": n for i, n in enumerate(cells)})), CMS) == cells


def test_a_small_cell_is_told_as_a_range_under_a_policy_that_shows_zeros() -> None:
    cells = {"a": 40, "b": 30, "c": 4}
    assert told(table(group(cells)), CMS)[2].range == (1, 10)
    assert told(table(group(cells)), STRICT)[2].range is None


def test_rounding_comes_after_suppression() -> None:
    frame = table(group({"abstinent": 52, "using": 38, "missing": 7, "not_yet_observed": 13}))
    found = told(frame, OPENSAFELY)
    assert (found[0].count, found[0].range) == (50, (48, 52))
    assert found[2].count is None


def test_none_is_the_identity() -> None:
    frame = table(group({"a": 1, "b": 0, "c": 10}), group({"a": 3}, arm="all"))
    pd.testing.assert_frame_equal(suppress(frame, NONE), frame)


@pytest.mark.parametrize("policy", [STRICT, ACRO], ids=lambda p: p.name)
def test_zeros_are_hidden_where_the_policy_does_not_allow_them(policy: Policy) -> None:
    found = told(table(group({"a": 0, "b": 40, "c": 60})), policy)
    assert found[0].count is None
    assert found[0].range is None


def test_groups_do_not_touch_each_other() -> None:
    frame = table(group({"a": 3, "b": 97}), group({"a": 50, "b": 50}, arm="residential"))
    assert counts_told(frame, CMS) == [None, None, 50, 50]


def test_time_plays_no_part_in_a_group_without_a_horizon() -> None:
    sex = group({"male": 60, "female": 40, "unknown": 2}, outcome="covariate", variable="sex", horizon_days=None)
    assert counts_told(table(sex), CMS) != [60, 40, None]


def open_values(frame: pd.DataFrame, total: str, part: str) -> tuple[int, int]:
    """What a reader knows of the people in one row and not in another."""
    rows = dict(zip(frame["group"] + " " + frame["arm"] + " " + frame["level"], told(frame, CMS), strict=True))
    more, less = rows[total], rows[part]
    return (more.low or 0) - (less.high or 10**6), (more.high or 10**6) - (less.low or 0)


def test_a_subgroup_cannot_be_had_by_subtraction_from_all() -> None:
    frame = table(
        group({"event": 60, "no_event": 40}),
        group({"event": 55, "no_event": 20}, group_by="sex", group="female"),
        group({"event": 5, "no_event": 20}, group_by="sex", group="male"),
    )
    low, high = open_values(frame, "all iop event", "female iop event")
    assert high - low >= CMS.protection - 1


def test_people_left_out_of_a_subgroup_cannot_be_had_by_subtraction() -> None:
    # of 60 with the event, 57 had none by day 90: 3 did
    frame = table(
        group({"event": 60, "no_event": 140}),
        group({"event": 57, "no_event": 120}, group_by="event_free_day", group="90"),
    )
    low, high = open_values(frame, "all iop event", "90 iop event")
    assert high - low >= CMS.protection - 1
    enough = table(
        group({"event": 60, "no_event": 140}),
        group({"event": 45, "no_event": 120}, group_by="event_free_day", group="90"),
    )
    assert counts_told(enough, CMS) == [60, 140, 45, 120]


def test_an_arm_cannot_be_had_by_subtraction_from_both() -> None:
    frame = table(
        group({"event": 60, "no_event": 40}, arm="all"),
        group({"event": 55, "no_event": 20}, arm="iop"),
        group({"event": 5, "no_event": 20}, arm="residential"),
    )
    low, high = open_values(frame, "all all event", "all iop event")
    assert high - low >= CMS.protection - 1


def test_people_in_no_subgroup_protect_as_a_hidden_cell_does() -> None:
    # 60 - 40 is 5 and 15 others, who are not shown
    frame = table(
        group({"event": 60}),
        group({"event": 40}, group_by="sex", group="female"),
        group({"event": 5}, group_by="sex", group="male"),
    )
    assert counts_told(frame, CMS)[1:] == [40, None]
