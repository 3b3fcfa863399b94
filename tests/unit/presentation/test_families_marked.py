"""What is primary, and what is exploratory, is marked behind its name; nothing else is."""

from __future__ import annotations

import pytest
from released_study import plain_study

from iop_outcomes.presentation.labels import QUESTION, Labels
from iop_outcomes.protocol import AsRun


def marks(family: str) -> set[str]:
    """Of the rows of the sheet, all of one family."""
    whole = plain_study()
    whole["analyses"] = [{**row, "family": family} for row in whole["analyses"]]
    study = AsRun.model_validate(whole)
    return {Labels(study).mark({key: getattr(row, key) for key in QUESTION}) for row in study.analyses}


@pytest.mark.parametrize(
    ("family", "mark"),
    [
        ("primary", " (primary)"),
        ("exploratory", " (exploratory)"),
        ("secondary", ""),
        ("sensitivity", ""),
        ("exhibit", ""),
    ],
)
def test_a_family_has_its_mark(family: str, mark: str) -> None:
    assert marks(family) == {mark}


def test_the_same_question_by_another_method_is_another_estimate() -> None:
    whole = plain_study()
    whole["analyses"] = [{**whole["analyses"][0], "family": "primary"}]
    study = AsRun.model_validate(whole)
    row = {key: getattr(study.analyses[0], key) for key in QUESTION}
    assert Labels(study).mark(row) == " (primary)"
    assert not Labels(study).mark({**row, "method": "matching"})
    assert not Labels(study).mark({**row, "horizon_days": 7})
    # figures that know no measure mark by the rest
    assert Labels(study).mark({k: v for k, v in row.items() if k != "measure"}) == " (primary)"
