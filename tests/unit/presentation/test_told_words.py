"""How true a released count is, in words, and the digits that rounding leaves of a number."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from released_study import NARROW, counts, diagnostics, typed
from rounded_release import rounded

from iop_outcomes.presentation import numbers, policies, told
from iop_outcomes.presentation.told import Told
from iop_outcomes.protocol import Disclosure
from iop_outcomes.release import POLICIES, asked

EXACT = {"status": "ok", "count": 125, "rounded_to": 1, "count_low": 125, "count_high": 125}
ROUNDED = {"status": "rounded", "count": 125, "rounded_to": 5, "count_low": 123, "count_high": 127}
BETWEEN = {"status": "between", "count": None, "rounded_to": None, "count_low": 1, "count_high": 10}
WITHHELD = {"status": "suppressed", "count": None, "rounded_to": None, "count_low": None, "count_high": None}


@pytest.mark.parametrize(
    ("row", "base", "expected"),
    [
        (EXACT, 1, "125"), (EXACT, 5, "125"), (ROUNDED, 5, "125"), (ROUNDED, 1, f"\u2248{NARROW}125"),
        (ROUNDED, 10, f"\u2248{NARROW}125"), (BETWEEN, 1, "1 to 10"), (WITHHELD, 1, "withheld"), (None, 1, "0"),
    ],
)  # fmt: skip
def test_a_count_says_how_true_it_is(row: dict[str, Any] | None, base: int, expected: str) -> None:
    assert told.count(row, base) == expected


def test_the_words_for_a_withheld_count_can_be_chosen() -> None:
    assert told.count(WITHHELD, hidden="too few") == "too few"


def test_one_note_speaks_for_all_counts_that_are_rounded_alike() -> None:
    own = rounded(counts(), 5, most=10)[lambda d: d["analysis"] == "design"]
    assert told.usual(own) == 5
    assert told.rounding(own) == "Counts are rounded to the nearest 5."
    assert told.rounding(counts()) == ""
    mixed = pd.concat([own, counts()[lambda d: d["analysis"] == "design"]])
    assert (told.usual(mixed), told.rounding(mixed)) == (1, "\u2248: rounded to the nearest 5.")
    two = pd.concat([own, rounded(counts(), 10)[lambda d: d["analysis"] == "design"]])
    assert told.rounding(two) == "\u2248: rounded to the nearest 5 or 10."


def test_a_range_is_explained_where_there_is_one() -> None:
    assert told.ranges(counts()) == ""
    small = typed("counts", [{"analysis": "a", "contrast": "c", "arm": "x", "outcome": "o", "level": "l", "count": 4}])
    assert told.ranges(rounded(small, 1, most=10)).startswith("\u20181 to 10\u2019: one of these numbers")


def test_shares_of_rounded_counts_say_what_that_costs() -> None:
    share, error = Told(100, 98, 102).of(Told(100, 98, 102)) or (0.0, 0.0)
    assert share == 0.5
    assert error == pytest.approx(0.01)
    assert Told(10, 10, 10).of(Told(30, 30, 30)) == (0.25, 0.0)
    assert Told(None, 1, 10).of(Told(90, 90, 90)) is None
    assert Told(None, 1, 10).among(Told(90, 90, 90)) == (1 / 91, 0.1)
    assert Told(0, 0, 0).of(Told(0, 0, 0)) is None
    assert Told(50, 50, 50).within(Told(200, 200, 200)) == (0.25, 0.0)
    assert Told(150, 145, 154).within(Told(200, 190, 209)) == (0.75, pytest.approx(154 / 190 - 0.75))
    assert Told(None, 1, 10).within(Told(200, 200, 200)) is None
    assert told.shares(0.0061) == "Rounding may have moved shares by up to 0.7 percentage points."
    assert told.shares(0.0) == ""


@pytest.mark.parametrize(
    ("form", "value", "error", "expected"),
    [
        (numbers.percent, 0.4123, 0.0, f"41.2{NARROW}%"),
        (numbers.percent, 0.4123, float("nan"), f"41.2{NARROW}%"),
        (numbers.percent, 0.415, 0.0025, f"41.5{NARROW}%"),
        (numbers.percent, 0.41, 0.005, f"41{NARROW}%"),
        (numbers.percent, 0.4123, 0.02, f"41{NARROW}%"),
        (numbers.points, 0.0493, 0.005, "+5"),
        (numbers.points, -0.001, 0.005, "0"),
        (numbers.size, 0.0493, 0.0, "4.9"),
        (numbers.ratio, 0.823, 0.0, "0.82"),
        (numbers.ratio, 0.823, 0.05, "0.8"),
        (numbers.days, 81.23, 0.3, "81.2"),
        (numbers.days, 81.23, 0.5, "81"),
        (numbers.signed_days, 5.23, 2.0, "+5"),
    ],
)
def test_a_number_has_the_digits_that_rounding_leaves(
    form: numbers.Form, value: float, error: float, expected: str
) -> None:
    assert form(value, error) == expected


def test_every_policy_has_words_and_holds_its_own_numbers() -> None:
    assert set(policies.POLICIES) == set(POLICIES)
    for name, rules in POLICIES.items():
        said = policies.page(rules) + policies.does(rules) + policies.label(rules)
        assert "{" not in said
        assert (f"to {rules.minimum_count - 1} people" in said) is (name != "none")
    assert "of 1 to 10 people" in policies.page(POLICIES["cms"])
    assert "of 0 to 10 people" in policies.page(POLICIES["strict"])


def test_without_disclosure_control_every_page_says_so_and_else_none_does() -> None:
    nothing = "No disclosure control: synthetic or public data"
    assert policies.page(POLICIES["none"]) == nothing
    own = asked(Disclosure(policy="none", minimum_count=5))
    assert policies.page(own) != nothing
    assert "of 1 to 4 people" in policies.page(own)
    assert policies.label(own) == "rules of its own"


def test_what_the_policy_did_is_read_from_the_release() -> None:
    def release(**values: float) -> pd.DataFrame:
        base = {"analysis": "release", "contrast": "all", "method": "release", "status": "info"}
        return typed("diagnostics", [{**base, "quantity": q, "value": v} for q, v in values.items()])

    assert policies.done(diagnostics()) == ""
    assert policies.done(release(rounded_to=1)) == "Counts are exact where they are shown."
    whole = policies.done(release(rounded_to=5, rows_asked=100, rows_kept=90, rows_withheld=10))
    assert "rounded to the nearest 5 where exact ones would have cost others." in whole
    assert "Of the 100 unadjusted results of the main questions, 90 are exact or off by less than 1 " in whole
    assert whole.endswith("and 10 are withheld.")
    some = policies.done(release(rounded_to=5, rows_asked=101, rows_kept=90, rows_withheld=10))
    assert some.endswith("The others may be off by more." + policies.OTHERS.partition("more.")[2])
