"""Further care after leaving as a study writes it: what it asks, in words, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from iop_outcomes.protocol import Starting


def starting(**changed: Any) -> Starting:
    return Starting.model_validate({"title": "", "leaves": ["3.1", "3.5"], "starts": ["1", "2.1"], **changed})


def test_unless_it_says_otherwise_it_asks_about_fourteen_days_after_completing_or_being_transferred():
    found = starting()
    assert (found.within_days, found.left_as, found.at_least_days) == (14, ["completed", "transferred"], 3)
    assert [side.name for side in found.sides] == ["started", "not_started"]
    assert found.first.label == "Starting outpatient or intensive outpatient care within 14 days"
    assert found.second.label == "Starting none within 14 days"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"leaves": ["residential"]}, "expected one of 'detox'"),
        ({"starts": ["iop"]}, "expected one of 'detox'"),
        ({"leaves": []}, "at least 1 item"),
        ({"starts": ["2.1", "3.5"]}, "`leaves` and `starts` both name '3.5'"),
        ({"left_as": ["died"]}, "expected one of"),
        ({"within_days": 0}, "greater than or equal to 1"),
        ({"grace": 3}, "Extra inputs"),
    ],
)
def test_what_cannot_be_asked_is_refused(changed, said):
    with pytest.raises(ValidationError, match=said):
        starting(**changed)


@pytest.mark.parametrize("starts", [["1"], ["2.1", "2.5"], ["1", "2.1", "2.5"]])
def test_levels_are_told_in_words(starts):
    words = {"1": "outpatient", "2.1": "intensive outpatient", "2.5": "partial hospitalization"}
    label = starting(starts=starts).first.label
    assert all(words[level] in label for level in starts)
    assert label.count(" or ") == (len(starts) > 1)
