"""What readings of a missing answer say together."""

from __future__ import annotations

import re

import pytest
from missing_readings import DELTAS, READINGS, plane, readings
from released_study import study, typed, words

from iop_outcomes.presentation.labels import Labels
from iop_outcomes.report.sentences import missing
from iop_outcomes.report.summary import summary
from iop_outcomes.tables.rows import estimated


def gaps(*rules: str):
    rows = estimated(typed("estimates", readings(rules)))
    return [r for r in rows if r["of"] == "difference"]


def test_one_that_settles_among_several_is_said_to_be_one() -> None:
    text, careful = missing.agreement(gaps("missing_is_using", "observed_only", "imputed"))
    assert text == "One of the three readings settles the direction, and the others leave it open."
    assert careful


def test_small_differences_with_wide_intervals_do_not_disagree() -> None:
    text, careful = missing.agreement(gaps("observed_only", "imputed"))
    assert text == "Neither of the two readings settles the direction."
    assert not careful


def test_bounds_are_no_readings_and_need_both_cases() -> None:
    labels = Labels(words())
    assert missing.agreement(gaps("observed_only", "imputed", "worst_case", "best_case"))[0].startswith("Neither")
    assert missing.bounds(gaps("worst_case", "imputed"), labels) == ""
    text = missing.bounds(gaps("worst_case", "best_case"), labels)
    assert "between 27.0 percentage points fewer and 16.6 percentage points more" in text
    assert "turn the difference round" in text


def test_the_summary_speaks_of_every_reading_in_their_order_and_of_bounds_last() -> None:
    (part,) = summary(typed("estimates", readings()), study())
    text = part.said[0].text
    order = [
        "with a missing answer counted as use", "mong those whose answer is known", "counted as the last one before it",
        "weighted to stand for everyone asked", "imputed from what was recorded", "imputed and moved by delta",
        "Whatever the missing answers would have been",
    ]  # fmt: skip
    places = [text.index(words_) for words_ in order]
    assert places == sorted(places)
    assert "ounds" not in summary(typed("estimates", readings(("imputed", "worst_case"))), study())[0].said[0].text
    assert len(READINGS) == 8


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0.05, "the nearest of the deltas tried at which the interval lies"),
        (0.001, "the interval leaves the direction open at every delta that was tried, from -1 to 1 in each arm"),
    ],
)
def test_tipping_points_are_told_from_those_tried(step: float, expected: str) -> None:
    (text,) = missing.tipping(estimated(typed("estimates", plane(step))), Labels(words()))
    assert expected in text
    assert text.startswith("Abstinent, day 180, overlap weighting:")


def test_without_the_middle_nothing_tips() -> None:
    rows = [r for r in plane() if (r["delta_first"], r["delta_second"]) != (0.0, 0.0)]
    (text,) = missing.tipping(estimated(typed("estimates", rows)), Labels(words()))
    assert "not among those tried" in text


def test_pairs_that_are_as_near_are_all_named() -> None:
    """The difference rises with one delta as it falls with the other, so that either arm may move as far."""
    (text,) = missing.tipping(estimated(typed("estimates", plane())), Labels(words()))
    assert "the nearest of the deltas tried at which the interval lies below no difference are" in text
    told = text.split("are ", 1)[1].split(", or ")
    pairs = [tuple(float(number) for number in re.findall(r"(-?[\d.]+) in the arm", one)) for one in told]
    assert pairs == sorted(pairs)
    assert len(pairs) > 1
    assert {round(abs(first) + abs(second), 9) for first, second in pairs} == {abs(pairs[0][0]) + abs(pairs[0][1])}
    turned = {(one, other) for one in DELTAS for other in DELTAS if 0.05 * (one - other) < -0.02}
    assert set(pairs) == {p for p in turned if abs(p[0]) + abs(p[1]) == min(abs(a) + abs(b) for a, b in turned)}
