"""Names and numbers as readers see them, and which of several methods speaks."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from released_study import MINUS, NARROW, words

from iop_outcomes.presentation import labels, numbers, select


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (numbers.percent, 0.4123, f"41.2{NARROW}%"),
        (numbers.percent, math.nan, "\u2013"),
        (numbers.points, 0.0494, "+4.9"),
        (numbers.points, -0.0494, f"{MINUS}4.9"),
        (numbers.points, -0.0004, "0.0"),
        (numbers.points, 0.0004, "0.0"),
        (numbers.ratio, 0.4, "0.40"),
        (numbers.ratio, None, "\u2013"),
        (numbers.signed_days, -12.04, f"{MINUS}12.0"),
        (numbers.count, 3962, f"3{NARROW}962"),
        (numbers.count, pd.NA, "\u2013"),
        (numbers.count, 999.6, f"1{NARROW}000"),
        (numbers.decimals, -0.001, "0.00"),
        (numbers.decimals, math.inf, "\u2013"),
    ],
)
def test_numbers_as_readers_see_them(form: Any, value: Any, expected: str) -> None:
    assert form(value) == expected


def test_an_interval_needs_both_limits() -> None:
    assert numbers.interval(-0.05, 0.02, numbers.points) == f"{MINUS}5.0 to +2.0"
    assert numbers.interval(math.nan, 0.02, numbers.points) == "\u2013"


@pytest.mark.parametrize(
    ("form", "values", "written"),
    [
        (numbers.days, (0.81, 0.79, 0.84), "0.81 (0.79 to 0.84)"),
        (numbers.days, (0.8104, 0.8101, 0.8109), "0.8104 (0.8101 to 0.8109)"),
        (numbers.days, (12.34, 12.31, 15.2), "12.34 (12.31 to 15.20)"),
        (numbers.days, (81.2, 75.0, 90.1), "81.2 (75.0 to 90.1)"),
        # a limit that is the estimate, and an interval that has no width
        (numbers.ratio, (0.5, 0.5, 0.9), "0.50 (0.50 to 0.90)"),
        (numbers.ratio, (1.0, 1.0, 1.0), "1.00 (1.00 to 1.00)"),
        # what is less than rounding is no width
        (numbers.ratio, (1.0, 1.0 - 1e-12, 1.0 + 1e-12), "1.00 (1.00 to 1.00)"),
        (numbers.points, (0.0004, 0.0001, 0.0007), "+0.04 (+0.01 to +0.07)"),
        (numbers.signed_days, (-0.04, -0.06, 0.01), f"{MINUS}0.04 ({MINUS}0.06 to +0.01)"),
        (numbers.ratio, (0.5, math.nan, 0.9), "0.50 (\u2013)"),
    ],
)
def test_an_interval_with_a_width_is_not_shown_without_one(form, values, written) -> None:
    assert numbers.with_limits(*values, form) == written


def test_a_number_that_protection_rounded_has_no_further_digits() -> None:
    share = numbers.with_limits(0.41, 0.41, 0.42, numbers.percent, 0.005)
    assert share == f"41{numbers.NARROW}% (41{numbers.NARROW}% to 42{numbers.NARROW}%)"
    # limits that are one number once they are rounded have a width that is not told
    assert numbers.with_limits(0.8, 0.8, 0.8, numbers.ratio, 0.05) == "0.8 (no wider than rounding)"
    assert numbers.with_limits(0.8, 0.8, 0.8, numbers.ratio) == "0.80 (0.80 to 0.80)"


def test_what_is_written_to_compare_is_heard_by_no_one() -> None:
    heard: list[str] = []

    def listener(_: float, text: str) -> str:
        heard.append(text)
        return f"[{len(heard)}]"

    with numbers.heard(listener):
        assert numbers.with_limits(0.81, 0.79, 0.84, numbers.days) == "[1] ([2] to [3])"
    assert heard == ["0.81", "0.79", "0.84"]


def test_reasons_hold_labels_in_place_of_names() -> None:
    said = labels.Labels(words())
    assert said.reason("iop_vs_res", "fewer than 10 events in the arm 'iop'") == (
        "fewer than 10 events in the arm \u2018Intensive outpatient\u2019"
    )
    assert said.reason("stay_90", "no events in the arm 'stayed'") == (
        "no events in the arm \u2018Stayed at least 90 days\u2019"
    )
    assert said.reason("iop_vs_res", "The estimate of 'iop:90 days', 'res:90 days' is not finite.") == (
        "The estimate of \u2018Intensive outpatient\u2019, \u2018Residential\u2019 is not finite"
    )
    assert said.reason("iop_vs_res", "The coefficient of stable_housing=unknown has no end.") == (
        "The coefficient of \u2018Stable housing: unknown\u2019 has no end"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Residential", "residential"),
        ("IOP with groups", "IOP with groups"),
        ("Beck Depression Inventory", "Beck Depression Inventory"),
        ("Extended-release naltrexone", "extended-release naltrexone"),
    ],
)
def test_labels_inside_a_sentence(text: str, expected: str) -> None:
    assert labels.within(text) == expected


def test_an_arm_of_a_duration_has_a_label() -> None:
    assert labels.Labels(words()).arms("stay_90") == ("Stayed at least 90 days", "Left before day 90")


def test_the_adjusted_method_is_preferred() -> None:
    rows = pd.DataFrame({"method": ["crude", "iptw", "overlap"], "value": [1, 2, 3]}, index=[7, 8, 9])
    assert select.best(rows)["value"].tolist() == [3]
    assert select.best(rows.iloc[:1])["value"].tolist() == [1]
