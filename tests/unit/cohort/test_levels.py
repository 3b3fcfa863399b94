from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.cohort import levels
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.levels import CLASSES, LEVELS


def one(name: str, hours: float | None, age: int | None = 40, level: str = "2.1", twenty: str = levels.PARTIAL) -> str:
    found = levels.classify(
        name, pd.Series([level]), pd.Series([hours], dtype="float64"), pd.Series([age], dtype="Int64"), twenty
    )
    return str(found.item())


@pytest.mark.parametrize(
    ("hours", "age", "expected"),
    [
        (0, 40, "1"),
        (5.99, 40, "1"),
        (6, 40, "indeterminate"),
        (8.99, 18, "indeterminate"),
        (9, 18, "2.1"),
        (19.99, 40, "2.1"),
        (20, 40, "2.5"),
        (30, 40, "2.5"),
        (168, 40, "2.5"),
        (5.99, 17, "1"),
        (6, 17, "2.1"),
        (9, 17, "2.1"),
        (20, 17, "2.5"),
        (20, 0, "2.5"),
        (9, None, "not_known"),
        (None, 40, "not_known"),
    ],
)
def test_asam_by_hours_and_age(hours: float | None, age: int | None, expected: str) -> None:
    assert one("asam", hours, age) == expected


@pytest.mark.parametrize("age", [17, 18])
def test_exactly_twenty_hours_are_a_choice(age: int) -> None:
    assert one("asam", 20, age, twenty="partial_hospitalization") == "2.5"
    assert one("asam", 20, age, twenty="intensive_outpatient") == "2.1"
    assert one("asam", np.nextafter(20, 21), age, twenty="intensive_outpatient") == "2.5"
    assert one("asam", np.nextafter(20, 19), age, twenty="partial_hospitalization") == "2.1"


@pytest.mark.parametrize("twenty", levels.TWENTY_HOURS)
@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, "1"), (5.99, "1"), (6, "2.1"), (9, "2.1"), (20, "2.1"), (30, "2.1"), (30.01, "2.5"), (None, "not_known")],
)
def test_broad_is_the_same_at_any_age_and_choice(hours: float | None, expected: str, twenty: str) -> None:
    assert {one("broad", hours, age, twenty=twenty) for age in (17, 18, None)} == {expected}


@pytest.mark.parametrize("level", LEVELS)
def test_the_label_is_the_programs_own_word(level: str) -> None:
    assert one("label", 2, level=level) == level
    assert one("label", None, None, level=level) == level


@pytest.mark.parametrize("name", ["asam", "broad"])
def test_hours_do_not_define_a_setting_with_a_bed(name: str) -> None:
    for level in LEVELS:
        ambulatory = level in ("1", "2.1", "2.5")
        assert one(name, 12, level=level) == ("2.1" if ambulatory else level)
        assert one(name, None, level=level) == ("not_known" if ambulatory else level)


def test_unknown_words_are_refused_with_the_known_ones() -> None:
    with pytest.raises(StudyError, match=r"'wide' is not known\. Known: asam, broad, label"):
        one("wide", 9)
    with pytest.raises(StudyError, match="Known: partial_hospitalization, intensive_outpatient"):
        one("asam", 9, twenty="either")


def test_the_bands_of_a_definition_leave_no_gap() -> None:
    rows = reference.rows("hour_classifiers.csv")
    assert {row["classifier"] for row in rows} == set(levels.CLASSIFIERS) - {levels.LABEL}
    assert {row["level_of_care"] for row in rows} <= set(CLASSES)
    for group in {(row["classifier"], row["age_from"]) for row in rows}:
        bands = [row for row in rows if (row["classifier"], row["age_from"]) == group]
        ends = [row["hours_to"] for row in bands]
        assert [row["hours_from"] for row in bands] == ["0", *ends[:-1]]
        assert ends[-1] == ""


@settings(max_examples=60, deadline=None)
@given(
    hours=st.floats(0, 168),
    age=st.integers(0, 100),
    name=st.sampled_from(levels.CLASSIFIERS),
    twenty=st.sampled_from(levels.TWENTY_HOURS),
)
def test_known_hours_have_a_class_that_more_hours_do_not_lower(hours: float, age: int, name: str, twenty: str) -> None:
    order = ["1", "indeterminate", "2.1", "2.5"]
    found, more = one(name, hours, age, twenty=twenty), one(name, min(hours + 1, 168), age, twenty=twenty)
    assert order.index(found) <= order.index(more)
