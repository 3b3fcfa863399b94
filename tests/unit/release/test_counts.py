"""Suppression and rounding of counts, by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from results_rows import made

from iop_outcomes.release.counts import difference_risks, suppress
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.suppression import hide
from iop_outcomes.tables import TABLES, check

CMS, OPENSAFELY, NONE = (POLICIES[n] for n in ("cms", "opensafely", "none"))


def group(cells: dict[str, int], **key: Any) -> list[dict[str, Any]]:
    named = {
        "analysis": "a", "cohort": "demo", "contrast": "c", "arm": "iop", "outcome": "abstinent", "horizon_days": 180,
        **key,
    }  # fmt: skip
    return [{**named, "level": level, "count": n, "status": "ok"} for level, n in cells.items()]


def table(*groups: list[dict[str, Any]]) -> pd.DataFrame:
    return made("counts", [row for g in groups for row in g])


def shown(frame: pd.DataFrame, policy: Policy) -> list[int | None]:
    released = check(TABLES["counts"], suppress(frame, policy))
    assert (released["count"].isna() == (released["status"] == "suppressed")).all()
    return [None if pd.isna(n) else int(n) for n in released["count"]]


@pytest.mark.parametrize(
    ("cells", "released"),
    [
        # nothing small
        ([40, 30, 20], [40, 30, 20]),
        ([11, 0, 89], [11, 0, 89]),
        # one small cell takes the next smallest with it; zeros stay
        ([50, 30, 10], [50, None, None]),
        ([50, 30, 1, 0], [50, None, None, 0]),
        # two small cells that hold enough together need no other
        ([60, 5, 6], [60, None, None]),
        # two that hold too few do
        ([60, 30, 5, 5], [60, None, None, None]),
        # an arm of two cells loses both
        ([3, 97], [None, None]),
        # all small; only zeros are left besides
        ([3, 4, 5], [None, None, None]),
        ([6, 0, 0], [None, None, None]),
        ([30, 6, 0], [None, None, None]),
        # neighbours of equal size go together: an order among equals would tell something
        ([5, 20, 20, 40], [None, None, None, 40]),
        # ten and ten make twenty only as ten and ten, if nothing but small cells were hidden
        ([10, 10, 50], [None, None, None]),
        ([10, 10, 50, 60], [None, None, None, 60]),
        # eleven ones can only be eleven ones
        ([1] * 11 + [70, 90], [*[None] * 12, 90]),
    ],
)
def test_a_group_by_hand(cells: list[int], released: list[int | None]) -> None:
    frame = table(group({f"level {i:02d}": n for i, n in enumerate(cells)}))
    assert shown(frame, CMS) == released


def test_rounding_comes_after_suppression() -> None:
    frame = table(group({"abstinent": 52, "using": 38, "missing": 7, "not_yet_observed": 13}))
    assert shown(frame, OPENSAFELY) == [50, 40, None, None]


def test_none_is_the_identity() -> None:
    frame = table(group({"a": 1, "b": 0, "c": 10}), group({"a": 3}, arm="all"))
    pd.testing.assert_frame_equal(suppress(frame, NONE), frame)


def test_zeros_are_hidden_where_the_policy_does_not_allow_them() -> None:
    strict = Policy("strict", 10, False, 1, 2, 7)
    assert shown(table(group({"a": 0, "b": 40, "c": 60})), strict) == [None, None, 60]


def test_groups_do_not_touch_each_other() -> None:
    frame = table(group({"a": 3, "b": 97}), group({"a": 50, "b": 50}, arm="residential"))
    assert shown(frame, CMS) == [None, None, 50, 50]


def test_time_plays_no_part_in_a_group_without_a_horizon() -> None:
    frame = table(
        group({"male": 60, "female": 40, "unknown": 2}, outcome="covariate", variable="sex", horizon_days=None)
    )
    assert shown(frame, CMS) == [60, None, None]


def test_a_subgroup_cannot_be_had_by_subtraction_from_all() -> None:
    # 60 - 55 would give the 5, and 40 - 20 is no help
    frame = table(
        group({"event": 60, "no_event": 40}),
        group({"event": 55, "no_event": 20}, group_by="sex", group="female"),
        group({"event": 5, "no_event": 20}, group_by="sex", group="male"),
    )
    assert shown(frame, CMS) == [60, 40, None, None, None, None]


def test_people_left_out_of_a_subgroup_cannot_be_had_by_subtraction() -> None:
    # of 60 with the event, 57 had none by day 90: 3 did
    frame = table(
        group({"event": 60, "no_event": 140}),
        group({"event": 57, "no_event": 120}, group_by="event_free_day", group="90"),
    )
    assert shown(frame, CMS) == [60, 140, None, None]
    enough = table(
        group({"event": 60, "no_event": 140}),
        group({"event": 45, "no_event": 120}, group_by="event_free_day", group="90"),
    )
    assert shown(enough, CMS) == [60, 140, 45, 120]


def test_an_arm_cannot_be_had_by_subtraction_from_both() -> None:
    frame = table(
        group({"event": 60, "no_event": 40}, arm="all"),
        group({"event": 55, "no_event": 20}, arm="iop"),
        group({"event": 5, "no_event": 20}, arm="residential"),
    )
    assert shown(frame, CMS) == [60, 40, None, None, None, None]


def test_a_hidden_total_needs_a_hidden_part() -> None:
    # the total of 12 is hidden beside the 5; its parts 12 and 0 would give it back
    lines = [Line((0, 1)), Line((2, 3), total=1)]
    assert hide([5, 12, 12, 0], lines, CMS) == {0, 1, 2}


def test_people_in_no_subgroup_protect_as_a_hidden_cell_does() -> None:
    # 60 - 40 is 5 and 15 others, who are not shown
    frame = table(
        group({"event": 60}),
        group({"event": 40}, group_by="sex", group="female"),
        group({"event": 5}, group_by="sex", group="male"),
    )
    assert shown(frame, CMS) == [60, 40, None]


def test_subgroups_that_overlap_are_no_sum() -> None:
    frame = table(
        group({"event": 60}),
        group({"event": 58}, group_by="drug", group="alcohol"),
        group({"event": 5}, group_by="drug", group="opioid"),
    )
    assert shown(frame, CMS) == [60, 58, None]


def risks(*groups: list[dict[str, Any]], minimum: int = 11) -> list[tuple[str, str]]:
    found = difference_risks(table(*groups), minimum)
    return list(zip(found["analysis"], found["other_analysis"], strict=True))


def test_totals_of_nested_groups_that_differ_by_a_few_are_listed() -> None:
    first, second = group({"event": 60, "no_event": 40}), group({"event": 55, "no_event": 40}, analysis="b")
    assert risks(first, second) == [("a", "b")]
    assert risks(first, group({"event": 40, "no_event": 20}, analysis="b")) == []
    assert risks(first, group({"event": 60, "no_event": 40}, analysis="b")) == []
    assert risks(first, second, minimum=5) == []


def test_cells_of_nested_groups_that_differ_by_a_few_are_listed() -> None:
    # the totals differ by 33, which is enough, but 3 of the 33 had the event
    assert risks(group({"event": 60, "no_event": 40}), group({"event": 57, "no_event": 10}, analysis="b"))


def test_groups_that_cannot_be_nested_are_not_listed() -> None:
    assert not risks(group({"event": 60, "no_event": 40}), group({"event": 63, "no_event": 36}, analysis="b"))


def test_cumulative_counts_at_two_horizons_are_listed() -> None:
    first = group({"event": 60, "no_event": 40}, horizon_days=30)
    assert risks(first, group({"event": 65, "no_event": 35}, horizon_days=60)) == [("a", "a")]
    assert risks(first, group({"event": 75, "no_event": 25}, horizon_days=60)) == []


def test_states_at_two_horizons_are_not_cumulative() -> None:
    first = group({"abstinent": 60, "using": 40}, horizon_days=30)
    assert risks(first, group({"abstinent": 65, "using": 35}, horizon_days=60)) == []


def test_an_arm_as_its_own_subgroup_is_compared() -> None:
    whole = group({"abstinent": 60, "using": 40})
    part = group({"abstinent": 56, "using": 20, "out_of_care": 24}, analysis="b", group_by="arm", group="iop")
    assert risks(whole, part) == [("a", "b")]
