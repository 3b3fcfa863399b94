"""What it would take to explain the primary answers away: from the released numbers, by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from released_study import estimates, study

from iop_outcomes.presentation import numbers
from iop_outcomes.report import overturned
from iop_outcomes.report.document import Line, Table


def lines(table: Table) -> dict[str, tuple[Line, ...]]:
    return {block.heading: block.lines for block in table.blocks}


def only(own: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The ratio of unplanned discharge by day 90, changed."""
    at = (own["of"] == "ratio") & (own["outcome"] == "unplanned_discharge") & (own["method"] == "overlap")
    return own[at].assign(**values)


def test_each_primary_answer_has_its_e_values() -> None:
    """2.07 (1.6 to 2.7): 2.07 + sqrt(2.07 x 1.07) = 3.56, and 1.6 + sqrt(1.6 x 0.6) = 2.58."""
    table, _ = overturned.tables(estimates(), study())
    found = lines(table)
    ((leaving,),) = [own for heading, own in found.items() if "Unplanned" in heading]
    assert leaving.cells == ("2.07 (1.60 to 2.70)", "3.56", "2.58")
    ((days,),) = [own for heading, own in found.items() if "Days in care" in heading]
    # 1 / 0.91 = 1.099: 1.099 + sqrt(1.099 x 0.099) = 1.43
    assert days.cells[1:] == ("1.43", "1.21")
    # secondary questions and unadjusted rows have none
    assert not [heading for heading in found if "Death" in heading]
    assert {line.label for own in found.values() for line in own} == {"Overlap weighting"}


def test_an_interval_that_holds_no_difference_needs_nothing() -> None:
    table, _ = overturned.tables(estimates(), study())
    (observed, *_) = next(own for heading, own in lines(table).items() if "observed only" in heading)
    assert observed.cells[2] == overturned.HOLDS


def test_what_is_rounded_has_e_values_with_fewer_digits_and_no_limit_that_may_lie_at_one() -> None:
    own = only(estimates(), conf_low=1.02, rounding_error=0.05)
    ((line,),) = lines(overturned.tables(own, study())[0]).values()
    assert line.cells[1:] == ("3.6", overturned.HOLDS)


def test_hazards_of_a_common_outcome_are_brought_to_risks_and_of_a_rare_one_are_not() -> None:
    asked = study()
    primary = [row.model_copy(update={"measure": "hazard_ratio"}) for row in asked.primary]
    asked = asked.model_copy(update={"primary": primary})
    for events, expected in ((300, "1.77"), (10, "2.04"), (None, "1.77")):
        values = {"measure": "hazard_ratio", "estimate": 0.74, "conf_low": 0.605, "conf_high": 0.914}
        own = only(estimates(), **values, n=400, events=events)
        ((line,),) = lines(overturned.tables(own, asked)[0]).values()
        assert line.cells[1] == expected


@pytest.mark.parametrize("change", [{"status": "gated"}, {"contrast": "long_vs_short"}])
def test_nothing_is_said_of_what_has_no_number_or_was_decided_by_chance(change: dict[str, str]) -> None:
    asked = study()
    moved = [row.model_copy(update={"contrast": change.get("contrast", row.contrast)}) for row in asked.primary]
    assert overturned.tables(only(estimates(), **change), asked.model_copy(update={"primary": moved})) == []


def test_the_array_tells_what_the_ratio_might_be() -> None:
    """2.07 by 2 x 3 / (2 + 3 - 1) = 1.5 is 1.38; 0.86 by as much is 1.29: the direction has turned."""
    _, array = overturned.tables(estimates(), study())
    found = {heading: {line.label: line.cells for line in own} for heading, own in lines(array).items()}
    leaving = next(own for heading, own in found.items() if "Unplanned" in heading)
    assert leaving["2"][overturned.STRENGTHS.index(3.0)] == leaving["3"][overturned.STRENGTHS.index(2.0)] == "1.38"
    using = next(own for heading, own in found.items() if "as use" in heading)
    assert using["2"][overturned.STRENGTHS.index(3.0)] == "1.29"


MARGIN = {"reason": "So much worse would still be acceptable here.", "outcome": "unplanned_discharge"}


@pytest.mark.parametrize(
    ("margin", "ratio"),
    [
        ({"measure": "risk", "margin": 0.1}, (0.199 + 0.1) / 0.199),
        ({"measure": "risk", "of": "ratio", "margin": 1.25}, 1.25),
    ],
)
def test_what_it_takes_to_reach_the_margin(margin: dict[str, object], ratio: float) -> None:
    """Of 2.07 by the ratio of the margin: a difference is one by the second arm's 19.9 of a hundred."""
    asked = study(margins={"own": {**MARGIN, **margin}})
    table, _ = overturned.tables(estimates(), asked)
    assert table.columns[-2:] == ("To the margin", "The limit to the margin")
    found = lines(table)
    ((leaving,),) = [own for heading, own in found.items() if "Unplanned" in heading]
    away, limit = 2.07 / ratio, 1.6 / ratio
    assert leaving.cells[3] == f"{away + (away * (away - 1)) ** 0.5:.2f}"
    assert leaving.cells[4] == (overturned.HOLDS_MARGIN if limit < 1 else f"{limit + (limit * (limit - 1)) ** 0.5:.2f}")
    # questions without a margin have none
    ((days,),) = [own for heading, own in found.items() if "Days in care" in heading]
    assert days.cells[3:] == (numbers.DASH, numbers.DASH)


def test_a_margin_that_leaves_nobody_with_the_outcome_is_no_ratio() -> None:
    asked = study(margins={"own": {**MARGIN, "measure": "risk", "margin": -0.3, "better": "more"}})
    table, _ = overturned.tables(estimates(), asked)
    assert len(table.columns) == 4
