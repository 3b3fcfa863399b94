"""Patterns: from texts and back, windows, days, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.pattern import Patterns, from_codes, from_strings, to_strings
from iop_outcomes.patterns.symbols import MISSED, NEGATIVE, NOT_DUE, POSITIVE, STATES, SYMBOLS

TEXTS = ["-+o*_", "", "xe", "+"]


def test_texts_come_back_as_they_were() -> None:
    patterns = from_strings(["a", "b", "c", "d"], TEXTS)
    assert to_strings(patterns) == TEXTS
    assert patterns.lengths.tolist() == [5, 0, 2, 1]
    assert patterns.codes[3].tolist() == [POSITIVE.code] + [NOT_DUE.code] * 4


def test_no_people_and_no_intervals() -> None:
    assert to_strings(from_strings([], [])) == []
    assert to_strings(from_strings(["a", "b"], ["", ""])) == ["", ""]


def test_what_is_not_due_at_the_end_is_no_part_of_a_pattern() -> None:
    patterns = from_strings(["a", "b"], ["-..", "--+"])
    assert patterns.lengths.tolist() == [1, 3]
    assert to_strings(patterns) == ["-", "--+"]


def test_states_have_one_symbol_and_one_code_each() -> None:
    assert len(SYMBOLS) == len(STATES)
    assert sorted(state.code for state in STATES.values()) == list(range(len(STATES)))
    assert all(len(symbol) == 1 and symbol.isascii() for symbol in SYMBOLS)


def test_days_of_the_intervals() -> None:
    """Week 1 begins the day after time zero; week 0 ends with it. Trials that count from day 0 say so."""
    weeks = from_strings(["a"], ["-+-"], first=0)
    assert weeks.numbers.tolist() == [0, 1, 2]
    assert weeks.first_days.tolist() == [-6, 1, 8]
    assert weeks.last_days.tolist() == [0, 7, 14]
    assert from_strings(["a"], ["-+-"], begins=0).first_days.tolist() == [0, 7, 14]


def test_a_window_by_hand() -> None:
    patterns = from_strings(["a", "b"], ["-+o*", "+"])
    assert to_strings(patterns.window(2, 3)) == ["+o", ""]
    assert patterns.window(2, 3).first == 2
    assert to_strings(patterns.window(-5, 99)) == ["-+o*", "+"]
    assert to_strings(patterns.window(5, 9)) == ["", ""]
    assert to_strings(patterns.window(1, 4).window(2, 2)) == ["+", ""]


def test_some_people() -> None:
    patterns = from_strings(["a", "b", "c"], ["-+", "o", "+"])
    taken = patterns.take(np.array([2, 0, 0]))
    assert taken.people.tolist() == ["c", "a", "a"]
    assert to_strings(taken) == ["+", "-+", "-+"]


def test_an_unknown_symbol_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(StudyError, match=r"2 texts hold a symbol that is none of .*'-' negative"):
        from_strings(["a", "b", "c"], ["-+", "-?", "−"])


@pytest.mark.parametrize("codes", [[[NOT_DUE.code, NEGATIVE.code]], [[MISSED.code, NOT_DUE.code, NEGATIVE.code]]])
def test_a_hole_in_a_pattern_is_refused(codes: list[list[int]]) -> None:
    with pytest.raises(StudyError, match="1 people have a state where their pattern has ended, or none before"):
        from_codes(["a"], np.array(codes, dtype=np.uint8))


def test_shapes_that_do_not_fit_are_refused() -> None:
    people = np.array(["a", "b"], dtype=object)
    with pytest.raises(StudyError, match="2 people and 1 lengths for a matrix of 1 rows"):
        Patterns(people, np.full((1, 1), NEGATIVE.code, dtype=np.uint8), 7, 1, np.array([1]))
    with pytest.raises(StudyError, match="an interval of 0 days"):
        from_strings(["a"], ["-"], interval_days=0)
