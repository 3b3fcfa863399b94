"""Words that are written from right to left, on a page that is not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iop_outcomes.protocol import Arm
from iop_outcomes.report.page import isolated

HEBREW, ARABIC = "\u05d1\u05d9\u05ea \u05d7\u05d5\u05dc\u05d9\u05dd", "\u0645\u0631\u0643\u0632"


def test_they_turn_nothing_of_what_stands_around_them() -> None:
    assert (
        isolated(f"<td>{HEBREW} 12.5 %, {ARABIC}</td>") == f"<td>\u2068{HEBREW}\u2069 12.5 %, \u2068{ARABIC}\u2069</td>"
    )
    assert isolated("<p>left to right, 12.5 %</p>") == "<p>left to right, 12.5 %</p>"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\u202eturned\u202c", "turned"),
        ("two\nlines", "two lines"),
        ("a\ttab\r\n", "a tab"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        (HEBREW, HEBREW),
        ("\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645", "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645"),
    ],
)
def test_words_of_a_study_hold_nothing_that_turns_or_breaks_a_line(written: str, read: str) -> None:
    assert Arm(name="a", label=written, values=["2.1"]).label == read


def test_a_label_of_nothing_that_can_be_seen_is_none() -> None:
    with pytest.raises(ValidationError):
        Arm(name="a", label="\u200b\u202e", values=["2.1"])
