"""Specification curves from released numbers: their order, their shares, and what is said of them."""

from __future__ import annotations

import pandas as pd
import pytest
from released_study import MINUS, NARROW, estimand, estimates, study, typed, words

from iop_outcomes.presentation import specifications
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.presentation.sides import ABOVE, BELOW, OPEN
from iop_outcomes.report import overturned

KEY = ("use", "iop_vs_res", "abstinent", 180)


def answers(*found: tuple[str, str, float, float]) -> pd.DataFrame:
    """Differences by method and reading, with intervals of so much either way."""
    rows = [
        one
        for by, rule, value, wide in found
        for one in estimand(
            (*KEY, "ATO" if by == "overlap" else "ATM", by, rule), {"difference": (value, value - wide, value + wide)}
        )
    ]
    return typed("estimates", rows)


FOUR = answers(
    ("overlap", "missing_is_using", -0.06, 0.02), ("overlap", "observed_only", 0.01, 0.02),
    ("matching", "missing_is_using", -0.04, 0.02), ("matching", "observed_only", 0.05, 0.02),
)  # fmt: skip


def test_combinations_stand_in_order_with_their_shares() -> None:
    (curve,) = specifications.curves(FOUR, Labels(words()))
    assert (curve.asked, len(curve.found)) == (4, 4)
    assert [one.row["estimate"] for one in curve.found] == [-0.06, -0.04, 0.01, 0.05]
    assert (curve.share(BELOW), curve.share(OPEN), curve.share(ABOVE), curve.below()) == (0.5, 0.25, 0.25, 0.5)
    assert list(specifications.varied(curve)) == [specifications.METHOD, specifications.MISSING]


def test_the_choice_that_moves_the_answer_most_is_named() -> None:
    """By reading -5.0 and +3.0; by method -2.5 and +0.5."""
    (curve,) = specifications.curves(FOUR, Labels(words()))
    kind, means = specifications.moves_most(curve) or ("", {})
    assert kind == specifications.MISSING
    assert list(means.values()) == pytest.approx([-0.05, 0.03])
    # the lowest interval ends at -8.0 and the next at -6.0
    assert (curve.within(-0.07), curve.within(-0.1), curve.within(0.06)) == (0.75, 1.0, 0.75)
    (said,) = overturned.under_other_choices(FOUR, study())
    assert f"Differences go from {MINUS}6.0 to +5.0 percentage points; 50.0{NARROW}% of them lie below zero" in said
    assert "the reading of missing answers, on average from" in said


def test_a_combination_without_a_number_is_counted_and_told() -> None:
    (curve,) = specifications.curves(estimates(), Labels(words()))
    assert (curve.asked, len(curve.found)) == (4, 2)
    (said,) = overturned.under_other_choices(FOUR.assign(status="gated"), study())
    assert said.endswith("4 combinations of choices, none of which has a number.")


def test_rounding_that_may_have_moved_a_limit_leaves_the_direction_open() -> None:
    (curve,) = specifications.curves(FOUR.assign(rounding_error=0.03), Labels(words()))
    assert (curve.share(BELOW), curve.share(OPEN)) == (0.25, 0.5)
