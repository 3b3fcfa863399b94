"""For whom in the report: what is said of groups, and what is never said."""

from __future__ import annotations

import re

import pytest
from released_study import MINUS, NARROW, diagnostics, estimates, plain_study, released

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import for_whom
from iop_outcomes.report.document import Paragraph, Points, Table
from iop_outcomes.report.material import Sources

MARGIN = {
    "outcome": "abstinent", "measure": "risk", "margin": -0.1, "reason": "As much worse as people told us they accept",
}  # fmt: skip


def told(**changes: object) -> tuple[list[str], Table]:
    """The sentences and the table of the one question."""
    study = AsRun.model_validate({**plain_study(margins={"own": MARGIN}), **changes})
    items = for_whom.items(Sources(released(), study))
    (table,) = (item for item in items if isinstance(item, Table))
    said = [point.text for item in items if isinstance(item, Points) for point in item.points]
    assert isinstance(items[0], Paragraph)
    return said, table


def test_groupings_that_differ_and_those_that_do_not_are_told_by_their_tests() -> None:
    said, _ = told()
    apart, alike, harm, without = said
    assert apart.startswith(f"Severity: the differences of its groups, from {MINUS}8.0 to +2.0 percentage points")
    assert "lie further apart than by chance (p = 0.023, and 0.046, adjusted for 2 groupings)" in apart
    assert alike.startswith("By sex the differences of groups lie no further apart than chance may put them (p = 0.074")
    assert "neither that groups differ nor that they are alike" in alike
    assert f"a difference worse than {MINUS}10.0 points: 40{NARROW}% by sex (1 of 2 groups)" in harm
    assert f"50{NARROW}% by severity (1 of 2 groups)" in harm
    assert without.startswith("Severity, Middle third: ")
    assert "fewer than 20 people" in without


def test_no_sentence_reads_as_if_it_worked_in_one_group_and_not_in_another() -> None:
    said, table = told()
    words = " ".join([*said, for_whom.HOW_TO_READ, table.note]).lower()
    assert not re.search(r"\b(significant|works|effective in|no effect|benefit)", words)
    assert "is no answer to it" in words


def test_the_table_has_raw_and_drawn_differences_on_both_scales() -> None:
    _, table = told()
    sex, severity = table.blocks
    assert sex.heading == "Sex: same difference, p 0.074 (adjusted 0.074), same ratio, p 0.074 (adjusted 0.074)"
    female = sex.lines[0]
    assert female.label == "Female"
    assert female.cells[2] == f"{MINUS}10.0 ({MINUS}18.0 to {MINUS}2.0)"
    assert female.cells[3] != female.cells[2]
    assert female.cells[4].startswith("0.75")
    assert female.cells[5:] == ("50", "50")
    assert [line.label for line in severity.lines] == ["Lowest third", "Middle third", "Highest third"]
    assert severity.lines[1].absent


def test_without_a_margin_nothing_is_said_of_harm_and_without_groups_nothing_at_all() -> None:
    said, _ = told(margins={})
    assert not any("worse than" in text for text in said)
    study = AsRun.model_validate({**plain_study(), "modifiers": {}})
    assert for_whom.items(Sources(released(), study)) == ()


@pytest.mark.parametrize("rule", ["observed_only"])
def test_groups_are_no_part_of_any_other_section(rule: str) -> None:
    study = AsRun.model_validate(plain_study())
    of = Sources({**released(), "estimates": estimates(), "diagnostics": diagnostics()}, study)
    assert not of.tables["estimates"]["group_by"].isin(["sex", "severity"]).any()
    assert (of.tables["estimates"]["missing_rule"] == rule).any()
