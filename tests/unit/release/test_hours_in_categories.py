"""Hours in categories as they are released: a number is as fine as the categories that it speaks of."""

from __future__ import annotations

from typing import Any

from released_study import estimand, typed

from iop_outcomes.release import categories
from iop_outcomes.release.counts import overlapping
from iop_outcomes.tables.rows import estimated

KEY = ("a", "hours", "abstinent", 180, "as_observed", "naive", "observed_only")
ARMS = {"under 6": 1, "6 to under 9": 2, "9 or more": 3}


def rows() -> Any:
    some = (0.5, 0.4, 0.6)
    same = {"measure": "by_hours", "group_by": "arm_by_hours", "group": "iop"}
    return estimated(typed("estimates", [
        *estimand(KEY, {"under 6": some, "difference": some}, hours_per_week=0.0, **same),
        *estimand(KEY, {"6 to under 9": some}, hours_per_week=6.0, **same),
        *estimand(KEY, {"9 or more": some, "difference": some}, hours_per_week=9.0, **same),
        *estimand(KEY, {"more_hours": some, "difference": some}, measure="dose_response", group_by="arm", group="iop"),
    ]))  # fmt: skip


def test_a_difference_speaks_of_its_category_and_of_the_one_that_is_named_and_of_no_other() -> None:
    known = categories.compared(rows())
    found = [set(categories.of_row(row, ARMS, known)) for row in rows()]
    assert found == [
        {"under 6"}, {"under 6", "6 to under 9"}, {"6 to under 9"}, {"9 or more"}, {"9 or more", "6 to under 9"},
        set(ARMS), set(ARMS),
    ]  # fmt: skip


def test_people_of_a_category_are_rounded_as_other_tables_count_them_as_well() -> None:
    cell = {"analysis": "a", "contrast": "hours", "arm": "under 6", "outcome": "abstinent", "level": "using"}
    counts = typed("counts", [{**cell, "group_by": by, "group": "iop"} for by in ("arm_by_hours", "arm")])
    assert overlapping(counts) == {0}
