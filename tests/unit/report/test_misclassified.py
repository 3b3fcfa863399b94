"""Shares without use had some use been missed: from the released numbers, by hand."""

from __future__ import annotations

import pytest
from released_study import MINUS, NARROW, estimates, study

from iop_outcomes.protocol import Misclassification
from iop_outcomes.report import misclassified


def asked(sensitivity: list[float], specificity: list[float]):
    supposed = {"sensitivity": sensitivity, "specificity": specificity}
    return misclassified.tables(
        estimates(), study().model_copy(update={"misclassification": Misclassification(**supposed)})
    )


def test_shares_and_differences_are_corrected_alike_in_both_arms() -> None:
    """Overlap, missing as use: 33.0 and 38.4 % without use, -5.4; with Se .8 use of 67 % is 83.75 %."""
    (table,) = asked([0.8], [1.0])
    lines = {block.heading: block.lines for block in table.blocks}
    as_found, corrected = next(own for heading, own in lines.items() if "as use" in heading)
    assert as_found.cells[:2] == (f"33.0{NARROW}%", f"38.4{NARROW}%")
    assert corrected.label == f"80{NARROW}%, 100{NARROW}%"
    assert corrected.cells[:2] == (f"16.3{NARROW}%", f"23.0{NARROW}%")
    assert corrected.cells[2].startswith(f"{MINUS}6.7 ({MINUS}10.3 to {MINUS}3.1)")


def test_what_cannot_have_been_found_so_is_said() -> None:
    """With Se .6 use is found in 60 % of people at most, and 67 % were found."""
    (table,) = asked([0.6], [1.0])
    own = next(block.lines for block in table.blocks if "as use" in block.heading)
    assert own[1].cells[0] == misclassified.NOT_SO


def test_nothing_is_said_where_nothing_is_supposed() -> None:
    assert misclassified.tables(estimates(), study()) == []


def test_a_measurement_that_tells_nothing_is_refused_with_its_numbers() -> None:
    with pytest.raises(ValueError, match=r"sensitivity of 0\.4 and a specificity of 0\.6"):
        Misclassification(sensitivity=[0.9, 0.4], specificity=[0.6])
