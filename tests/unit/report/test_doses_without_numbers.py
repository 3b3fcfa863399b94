"""Doses without a number: which they are, where the reasons differ."""

from __future__ import annotations

from iop_outcomes.report.doses import _named


def test_doses_of_several_reasons_are_named_by_their_hours_where_these_tell_them_apart() -> None:
    few = {"too few in one arm": [(6.0, 4), (6.0, 8), (9.0, 4)], "too few in the other": [(20.0, 4), (25.0, 8)]}
    assert _named(few, "too few in one arm") == "6, 9 hours a week"
    assert _named(few, "too few in the other") == "20, 25 hours a week"
    mixed = {"a": [(6.0, 4)], "b": [(6.0, 8)]}
    assert _named(mixed, "a") == "6 hours a week for 4 weeks"
