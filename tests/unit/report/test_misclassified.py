"""Shares without use had some use been missed: from the released numbers, by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from released_study import MINUS, NARROW, estimates, study
from results_rows import made

from iop_outcomes.protocol import Misclassification
from iop_outcomes.report import misclassified
from iop_outcomes.report.document import Line, Table


def asked(sensitivity: list[float], specificity: list[float], died: tuple[int | None, int | None] = (0, 0)):
    supposed = {"sensitivity": sensitivity, "specificity": specificity}
    return misclassified.tables(
        estimates(), deaths(*died), study().model_copy(update={"misclassification": Misclassification(**supposed)})
    )


def deaths(first: int | None, second: int | None) -> pd.DataFrame:
    """Of 100 people of each arm who count so many had died; None: their number is not told."""
    key = {"analysis": "use", "cohort": "hand", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180}
    rows = [
        {**key, "arm": arm, "level": level, "count": count}
        for arm, died in (("iop", first), ("res", second))
        for level, count in (("abstinent", 50), ("using", 50 - (died or 0)), ("died", died), ("missing", 40))
    ]
    return made("counts", [row if row["count"] is not None else row | {"status": "suppressed"} for row in rows])


def lines(table: Table) -> dict[str, tuple[Line, ...]]:
    return {block.heading: block.lines for block in table.blocks}


def test_shares_and_differences_are_corrected_alike_in_both_arms() -> None:
    """Overlap, observed only: 52.0 and 51.1 % without use, +0.9 (-3.3 to 5.1); with Se .8 use of 48 % is 60 %."""
    (table,) = asked([0.8], [1.0])
    as_found, corrected = next(own for heading, own in lines(table).items() if "observed only" in heading)
    assert as_found.cells[:2] == (f"52.0{NARROW}%", f"51.1{NARROW}%")
    assert corrected.label == f"80{NARROW}%, 100{NARROW}%"
    assert corrected.cells[:2] == (f"40.0{NARROW}%", f"38.9{NARROW}%")
    assert corrected.cells[2].startswith(f"+1.1 ({MINUS}4.2 to +6.4)")


def test_deaths_stay_as_they_are_counted() -> None:
    """Of the first arm 20 % had died: 80 measured of whom 28 used as found, 35 in truth, so that 45 did not."""
    (table,) = asked([0.8], [1.0], died=(20, 0))
    _, corrected = next(own for heading, own in lines(table).items() if "observed only" in heading)
    assert corrected.cells[:2] == (f"45.0{NARROW}%", f"38.9{NARROW}%")
    assert corrected.cells[2].startswith("+6.1 (+0.8 to +11.4)")
    # as they would be if a measurement had found them
    assert asked([0.8], [1.0], died=(None, None))[0].blocks[0].lines[1].cells[0] == f"40.0{NARROW}%"


def test_readings_that_count_missing_answers_as_use_are_not_corrected() -> None:
    (table,) = asked([0.8], [1.0])
    assert not [heading for heading in lines(table) if "as use" in heading]
    assert "nobody measured use there" in table.note


def test_what_cannot_have_been_found_so_is_said_and_no_difference_of_it() -> None:
    """With Se .45 use is found in 45 % of people at most, and 48 % were found."""
    (table,) = asked([0.45], [1.0])
    own = next(own for heading, own in lines(table).items() if "observed only" in heading)
    assert own[1].cells == (misclassified.NOT_SO,) * 3


def test_nothing_is_said_where_nothing_is_supposed() -> None:
    assert misclassified.tables(estimates(), deaths(0, 0), study()) == []


def test_a_measurement_that_tells_nothing_is_refused_with_its_numbers() -> None:
    with pytest.raises(ValueError, match=r"sensitivity of 0\.4 and a specificity of 0\.6"):
        Misclassification(sensitivity=[0.9, 0.4], specificity=[0.6])
