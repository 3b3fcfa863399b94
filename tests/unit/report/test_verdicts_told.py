"""The first thing that the report says: verdicts in words, from rows made by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from released_study import NARROW, estimates, study

from iop_outcomes.protocol import AsRun
from iop_outcomes.release import verdicts as rule
from iop_outcomes.report import verdicts
from iop_outcomes.report.document import Heading, Paragraph, Points
from iop_outcomes.study import margins
from iop_outcomes.vocabulary.verdicts import VERDICTS

REASON = "As much worse as people told us they would accept"
ABSTINENT = {"outcome": "abstinent", "measure": "risk", "margin": -0.1, "strict": -0.05, "reason": REASON}
LEAVING = {"outcome": "unplanned_discharge", "measure": "risk", "margin": 0.1, "reason": REASON}
DAYS = {"outcome": "time_in_care", "measure": "mean_days", "margin": -7, "reason": REASON}
PACE = {"outcome": "unplanned_discharge", "measure": "hazard_ratio", "margin": 1.25, "reason": REASON}


def asked(**named: dict[str, Any]) -> AsRun:
    return study(margins=named)


def changed(low: float, high: float, **where: str) -> pd.DataFrame:
    """Estimates in which the difference of some rows has other limits."""
    found = estimates()
    own = (found["of"] == "difference") & (found[list(where)] == pd.Series(where)).all(axis=1)
    assert own.any()
    return found.assign(
        estimate=found["estimate"].mask(own, (low + high) / 2),
        conf_low=found["conf_low"].mask(own, low),
        conf_high=found["conf_high"].mask(own, high),
        n=found["n"].mask(own, 400),
    )


def made(of: AsRun, found: pd.DataFrame, earlier: dict[Any, float] | None = None) -> list[Any]:
    judged = margins.judged(of.contrasts, of.margins, of.analyses, of.endpoints)
    return verdicts.items(rule.made(found, judged, 0.95, earlier or {}), found, of)


def said(of: AsRun, found: pd.DataFrame, about: str, earlier: dict[Any, float] | None = None) -> str:
    (points,) = [item for item in made(of, found, earlier) if isinstance(item, Points)]
    (text,) = [p.text for p in points.points if p.text.startswith(about)]
    return text


def test_worse_in_people_of_a_hundred() -> None:
    assert said(asked(leaving=LEAVING), estimates(), "Unplanned discharge") == (
        "Unplanned discharge, day 90. Worse: those starting in intensive outpatient care did worse than those starting "
        "in residential care. Of 100 people like these, between 15 and 28 more left unplanned within 90 days in the "
        "first group than in the second. Up to 10 more of 100 was set beforehand as still acceptable."
    )


def test_days_and_a_smaller_harm_than_the_margin() -> None:
    found = changed(-6.5, -0.5, outcome="time_in_care")
    assert said(asked(days=DAYS), found, "Days in care") == (
        "Days in care, day 90. Worse, but by less than the margin: those starting in intensive outpatient care did "
        "worse than those starting in residential care, though by less than the margin. Over 90 days, people like "
        "these spend between 0.5 and 6.5 fewer days in care in the first group than in the second. Up to 7.0 days "
        "fewer was set beforehand as still acceptable."
    )


def test_not_settled_says_how_many_it_would_take() -> None:
    found = changed(-0.04, 0.16, outcome="unplanned_discharge", method="overlap")
    text = said(asked(leaving=LEAVING), found, "Unplanned discharge")
    assert "Not settled: those starting in intensive outpatient care may have done as well as those" in text
    assert "between 4 fewer and 16 more left unplanned" in text
    # (1.96 + 1.2816) 0.051021 / 0.1 squared, times 400
    assert f"400 people were compared; were the two truly alike, about 1{NARROW}095 people like" in text


def test_a_verdict_that_lacks_a_reading_says_which() -> None:
    found = changed(-0.02, 0.05, outcome="abstinent", method="overlap")
    text = said(asked(use=ABSTINENT), found, "Abstinent")
    assert "Not settled" in text
    assert "how missing answers are read (as good under what was asked, and not asked with: " in text
    assert "By the stricter margin of 5: not settled." in text


def test_no_answer_says_why_and_shows_no_number() -> None:
    found = estimates()
    gone = (found["outcome"] == "time_in_care") & (found["method"] == "overlap")
    found = found.assign(status=found["status"].mask(gone, "gated"), reason=found["reason"].mask(gone, "too far apart"))
    text = said(asked(days=DAYS), found, "Days in care")
    assert text.endswith(
        "did no worse than those starting in residential care cannot be answered here (too far apart)."
    )


def test_without_a_margin_the_report_says_that_there_was_none() -> None:
    found = changed(-3.0, 2.0, outcome="time_in_care")
    text = said(asked(), found, "Days in care")
    assert "cannot be answered here (no margin was set for it)." in text
    assert "between 3.0 fewer and 2.0 more days" in text


def test_questions_with_different_answers_do_not_become_one() -> None:
    items = made(asked(leaving=LEAVING, days=DAYS), changed(1.0, 9.0, outcome="time_in_care"))
    assert items[0] == Heading("Is it no worse? Starting in day care against a ward")
    assert items[1] == Paragraph(verdicts.DIFFERENT)
    labels = {p.text.split(". ")[1].split(":")[0] for p in items[2].points}
    assert {"Better", "Worse"} <= labels
    same = made(asked(leaving=LEAVING), estimates().query("outcome == 'unplanned_discharge'"))
    assert Paragraph(verdicts.DIFFERENT) not in same


def test_a_further_question_is_marked_and_a_pace_is_told_as_one() -> None:
    hazard = {"outcome": "unplanned_discharge", "measure": "hazard_ratio", "horizon_days": 180, "family": "secondary"}
    of = asked(pace=PACE)
    row = next(a for a in of.analyses if (a.analysis, a.method) == ("leaving", "overlap")).model_copy(update=hazard)
    text = said(of.model_copy(update={"analyses": [*of.analyses, row]}), estimates(), "A further question")
    assert text.startswith("A further question, not a primary one. Unplanned discharge, day 180, hazard ratio. Worse:")
    assert "In the first group it happens between 1.45 and 1.77 times as fast as in the second." in text
    assert "Up to 1.25 times was set beforehand" in text


def test_a_margin_that_was_changed_is_told_with_both_verdicts() -> None:
    found = changed(-0.09, 0.09, outcome="unplanned_discharge", method="overlap")
    key = ("iop_vs_res", "unplanned_discharge", 90, "risk", "difference")
    text = said(asked(leaving=LEAVING), found, "Unplanned discharge", {key: 0.05})
    assert "As good" in text
    assert (
        "The margin was 5 in an earlier release and has been changed since; by that one the verdict would be: not"
        in text
    )


@pytest.mark.parametrize("limit", [-0.0996, -0.1004])
def test_numbers_are_told_finely_enough_to_show_on_which_side_of_the_margin_they_lie(limit: float) -> None:
    found = changed(limit, 0.03, outcome="abstinent", method="overlap")
    text = said(asked(use=ABSTINENT), found, "Abstinent")
    assert f"between {abs(100 * limit):.2f} fewer and 3.00 more" in text


def test_no_verdict_says_that_nothing_significant_was_found() -> None:
    """The words that the verdict replaces stand nowhere, whatever the limits."""
    for low, high in ((-0.2, 0.2), (-0.02, 0.02), (-0.3, -0.2), (0.1, 0.2), (-0.09, -0.01)):
        found = changed(low, high, outcome="unplanned_discharge", method="overlap")
        text = said(asked(leaving=LEAVING), found, "Unplanned discharge").lower()
        assert "significant" not in text
        assert "no difference" not in text
        assert sum(f"{row.label.lower()}:" in text for row in VERDICTS.values()) == 1
