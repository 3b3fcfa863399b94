from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from iop_outcomes.cohort import levels
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import reference
from iop_outcomes.vocabulary.levels import LEVELS


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
    assert {row["level_of_care"] for row in rows} <= set(levels.CLASSES)
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


# a case by hand: po = .7, pe = .5 * .6 + .5 * .4 = .5, kappa = .4
BY_HAND = pd.DataFrame([[20, 5], [10, 15]], index=["1", "2.1"], columns=["1", "2.1"])


def test_kappa_by_hand() -> None:
    found = levels.kappa(BY_HAND)
    assert (found.observed, found.expected, found.n) == (pytest.approx(0.7), pytest.approx(0.5), 50)
    assert found.kappa == pytest.approx(0.4)
    # p11 = .4, p12 = .1, p21 = .2, p22 = .3; rows .5 .5, columns .6 .4; 1 - po = .3
    agree = 0.4 * (0.5 - 1.1 * 0.3) ** 2 + 0.3 * (0.5 - 0.9 * 0.3) ** 2
    apart = 0.3**2 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    last = (0.7 * 0.5 - 2 * 0.5 + 0.7) ** 2
    assert found.standard_error == pytest.approx(np.sqrt((agree + apart - last) / (50 * 0.5**4)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=4, max_size=4))
def test_kappa_is_that_of_statsmodels(cells: list[list[int]]) -> None:
    counts = pd.DataFrame(cells, index=["1", "2.1", "2.5", "3.5"], columns=["1", "2.1", "2.5", "3.5"])
    total = counts.to_numpy().sum()
    expected = (counts.sum(axis=1).to_numpy() * counts.sum(axis=0).to_numpy()).sum()
    found = levels.kappa(counts)
    if total == 0 or expected == total**2:
        assert np.isnan(found.kappa)
        return
    theirs = cohens_kappa(counts.to_numpy(), return_results=True)
    assert found.kappa == pytest.approx(theirs.kappa, abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(max(theirs.var_kappa, 0)), abs=1e-7)


def test_agreement_counts_every_class_and_kappa_leaves_the_unknown_out() -> None:
    first = pd.Series(["2.1", "2.1", "indeterminate", "not_known", "3.5"])
    other = pd.Series(["2.1", "1", "2.1", "2.1", "3.5"])
    counts, found = levels.agreement(first, other)
    assert list(counts.index) == list(counts.columns) == ["1", "2.1", "3.5", "indeterminate", "not_known"]
    assert counts.to_numpy().sum() == 5
    assert counts.loc["indeterminate", "2.1"] == counts.loc["2.1", "1"] == counts.loc["not_known", "2.1"] == 1
    assert found.n == 4
    assert found == levels.kappa(counts)


def test_agreement_of_nobody_is_missing() -> None:
    counts, found = levels.agreement(pd.Series([], dtype=object), pd.Series([], dtype=object))
    assert counts.empty
    assert found.n == 0
    assert np.isnan(found.kappa)


def test_full_agreement_is_one_and_a_single_class_has_none() -> None:
    same = pd.Series(["1", "2.1", "2.1"])
    assert levels.agreement(same, same)[1].kappa == pytest.approx(1)
    alone = pd.Series(["2.1", "2.1"])
    assert np.isnan(levels.agreement(alone, alone)[1].kappa)


def test_a_table_with_other_classes_across_is_refused() -> None:
    with pytest.raises(StudyError, match="same classes"):
        levels.kappa(BY_HAND[["2.1", "1"]])
