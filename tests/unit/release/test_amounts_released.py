"""Means of what each person has, as they may be seen: on whom they stand, how fine, and who holds most of a sum."""

from __future__ import annotations

from typing import Any

import pytest
from release_rows import counts_of, diagnostic, only, release, row

NUMBER = 0.123456789
OTHERS = {"some_of_it": 90, "none_of_it": 40, "missing": 30}


def cells(iop: dict[str, int]) -> list[dict[str, Any]]:
    return counts_of("iop", iop) + counts_of("residential", OTHERS)


def amounts(measure: str = "mean_share", number: float = NUMBER, **key: Any) -> list[dict[str, Any]]:
    """Adjusted rows of both arms and of their difference."""
    asked = {"method": "overlap", "estimand": "ATO", "missing_rule": "observed_only", **key}
    return [row(measure, of, number, **asked) for of in ("iop", "residential", "difference")]


def by_two(iop: float, measure: str = "mean_share", largest: float = 1.0) -> list[dict[str, Any]]:
    asked = {"quantity": "held_by_two", "status": "info", "threshold": largest, "outcome": "abstinent",
             "method": "overlap",
             "missing_rule": "observed_only", "horizon_days": 180, "analysis": "abstinence"}  # fmt: skip
    return [diagnostic(measure, share, arm=arm, **asked) for arm, share in (("iop", iop), ("residential", 0.2))]


def test_people_and_those_with_some_of_it_stand_beside_the_mean() -> None:
    found = release(counts=cells(OTHERS), estimates=amounts() + amounts(missing_rule="missing_is_using"))["estimates"]
    assert found["estimate"].eq(NUMBER).all()
    known = found[found["missing_rule"] == "observed_only"]
    assert (only(known, of="iop").n, only(known, of="iop").events, only(known, of="difference").n) == (130, 90, 260)
    assert only(found[found["missing_rule"] == "missing_is_using"], of="iop").n == 160


@pytest.mark.parametrize("few", [{"some_of_it": 90, "none_of_it": 5}, {"some_of_it": 5, "none_of_it": 90}])
@pytest.mark.parametrize("measure", ["mean_share", "mean_number", "adjusted_change"])
def test_an_arm_of_which_few_have_some_or_few_have_none_is_withheld(few: dict[str, int], measure: str) -> None:
    """A mean near 1, or near 0, would tell how many they are."""
    found = release(counts=cells(few | {"missing": 30}), estimates=amounts(measure))["estimates"].set_index("of")
    assert found["status"].to_dict() == {"iop": "suppressed", "residential": "ok", "difference": "suppressed"}


def test_where_cells_are_rounded_numbers_are_as_coarse_as_so_many_people_make_them() -> None:
    for measure, span in (("mean_share", 1), ("mean_number", 180), ("mean_change", 2)):
        found = release("opensafely", counts=cells(OTHERS), estimates=amounts(measure, span * 0.4))["estimates"]
        # 5 of 130 people are 0.04 of what a whole arm makes, told as 0.05 or, of 180 days, as 10
        assert only(found, of="iop").rounding_error == pytest.approx({1: 0.025, 180: 5, 2: 0.05}[span])


def test_a_number_is_as_coarse_as_so_many_people_make_it_of_the_largest_that_there_could_be() -> None:
    """Of 12 tests, not of 180 days: 5 of 130 people are 0.46 tests, told as 0.5."""
    known = by_two(0.1, "mean_number", largest=12)
    found = release("opensafely", counts=cells(OTHERS), estimates=amounts("mean_number", 4.3), diagnostics=known)
    assert only(found["estimates"], of="iop").rounding_error == pytest.approx(0.25)


def test_two_people_hold_less_of_a_sum_than_acro_lets_them_and_nobody_reads_how_much() -> None:
    asked = [r for r in amounts() if r["of"] != "difference"]
    status = {}
    for share in (0.5, 0.95):
        found = release("acro", counts=cells(OTHERS), estimates=asked, diagnostics=by_two(share))
        status[share] = found["estimates"].set_index("of")["status"].to_dict()
        assert "held_by_two" not in set(found["diagnostics"]["quantity"])
    assert status == {0.5: {"iop": "ok", "residential": "ok"}, 0.95: {"iop": "suppressed", "residential": "ok"}}
    untold = release("acro", counts=cells(OTHERS), estimates=asked)["estimates"]
    assert set(untold["status"]) == {"suppressed"}
    assert "held_by_two" not in set(release("none", diagnostics=by_two(0.5))["diagnostics"]["quantity"])
