"""Who left some levels of care, and when they went on: by hand, whatever the order of rows."""

from __future__ import annotations

import pandas as pd
import pytest
from cohort_rows import people, persons, table

from iop_outcomes.cohort import onward
from iop_outcomes.protocol import Starting
from iop_outcomes.tables import TABLES, check

RESIDENTIAL = {"title": "", "leaves": ["3.5", "3.7"], "starts": ["1", "2.1"]}
DETOX = {"title": "", "leaves": ["detox"], "starts": ["1", "2.1", "3.5"], "at_least_days": 1}


def stays(*rows: tuple) -> pd.DataFrame:
    """Person, level, first and last day, and how it ended."""
    named = [
        {"stay_id": f"s{i}", "person_id": n, "level_of_care": level, "start_day": a, "end_day": b,
         "discharge_reason": why}
        for i, (n, level, a, b, why) in enumerate(rows)
    ]  # fmt: skip
    return table("stays", named, site_id="S1", program_type="substance_use")


def made(care: pd.DataFrame, death: dict | None = None, observed: int = 365, clock: int = 0, **asked) -> pd.DataFrame:
    names = sorted(set(care["person_id"]))
    who = people(*names).assign(observed_days=observed, clock_start_day=clock)
    known = persons([{"person_id": n, "death_day": (death or {}).get(n)} for n in names])
    questions = {"q": Starting.model_validate({**RESIDENTIAL, **asked})}
    found = check(TABLES["onward"], onward.run(who, known, care, questions)["onward"])
    shuffled = onward.run(who, known, care.sample(frac=1, random_state=1), questions)["onward"]
    pd.testing.assert_frame_equal(found, shuffled)
    return found.set_index("person_id")[["left_day", "days_there", "started_after", "known_after"]]


def row(found: pd.DataFrame, name: str = "a") -> list:
    return [None if pd.isna(value) else int(value) for value in found.loc[name]]


def test_days_by_hand():
    """Twenty-one days, and nine days later the program."""
    found = made(stays(("a", "3.5", 0, 20, "completed"), ("a", "2.1", 29, 80, "completed")))
    assert row(found) == [20, 21, 9, 345]


@pytest.mark.parametrize(
    ("first_day", "after"),
    [(20, 1), (21, 1), (22, 2), (19, 1)],
)
def test_care_from_the_day_of_leaving_or_the_next_begins_after_one_day(first_day, after):
    found = made(stays(("a", "3.5", 0, 20, "transferred"), ("a", "2.1", first_day, 80, "completed")))
    assert row(found)[2] == after


def test_stays_without_a_day_between_are_one_and_the_last_tells_how_it_was_left():
    found = made(
        stays(
            ("a", "3.7", 0, 5, "transferred"), ("a", "3.5", 6, 20, "completed"), ("a", "2.1", 22, 30, "completed"),
            ("b", "3.5", 0, 20, "completed"), ("b", "3.7", 3, 9, "unplanned"),
            ("c", "3.5", 0, 20, "completed"), ("c", "3.5", 22, 40, "completed"), ("c", "1", 41, 90, "completed"),
        )
    )  # fmt: skip
    assert row(found, "a") == [20, 21, 2, 345]
    assert row(found, "b") == [20, 21, None, 345]
    # a day lies between: the first of two
    assert row(found, "c") == [20, 21, 21, 345]


@pytest.mark.parametrize(
    "care",
    [
        [("a", "3.5", 0, 20, "unplanned")],
        [("a", "3.5", 0, 1, "completed")],
        [("a", "3.5", 0, None, None)],
        [("a", "3.5", 0, 20, "completed"), ("a", "3.5", 21, None, None)],
        [("a", "2.1", 0, 20, "completed")],
        [("a", "3.5", 0, 400, "completed")],
        [("a", "3.5", -30, -10, "completed")],
    ],
    ids=["unplanned", "two days", "open", "goes on", "another level", "beyond observation", "before time zero"],
)
def test_who_did_not_leave_so_is_not_there(care):
    assert made(stays(*care, ("z", "3.5", 0, 9, "completed"))).index.tolist() == ["z"]


def test_the_dead_and_the_lost_are_known_up_to_then_and_start_nothing_afterwards():
    care = stays(
        ("a", "3.5", 0, 20, "completed"), ("a", "2.1", 29, 80, "completed"),
        ("b", "3.5", 0, 20, "completed"), ("b", "2.1", 29, 80, "completed"),
        ("c", "3.5", 0, 20, "completed"),
    )  # fmt: skip
    found = made(care, {"a": 25, "b": 30, "c": 20}, observed=100)
    assert row(found, "a") == [20, 21, None, 4]
    assert row(found, "b") == [20, 21, 9, 9]
    assert "c" not in found.index  # died on the last day there
    assert row(made(care, observed=28), "b") == [20, 21, None, 8]


def test_detoxification_before_time_zero_counts_from_the_clock_of_the_unit():
    care = stays(
        ("a", "detox", -6, -2, "completed"), ("a", "3.5", 0, 20, "completed"),
        ("b", "detox", 0, 5, "transferred"), ("b", "1", 25, 80, "completed"),
    )  # fmt: skip
    found = made(care, clock=-6, **DETOX)
    assert row(found, "a") == [-2, 5, 2, 367]
    assert row(found, "b") == [5, 6, 20, 360]
    assert made(care, **DETOX).index.tolist() == ["b"]


def test_days_are_counted_from_each_units_time_zero():
    care = stays(("a", "3.5", 100, 120, "completed"), ("a", "2.1", 129, 180, "completed"))
    who = people("a").assign(index_start_day=100, clock_start_day=100, observed_days=200)
    asked = {"q": Starting.model_validate(RESIDENTIAL)}
    known = persons([{"person_id": "a", "death_day": 140}])
    found = onward.run(who, known, care, asked)["onward"].set_index("person_id")
    assert row(found[["left_day", "days_there", "started_after", "known_after"]]) == [20, 21, 9, 19]


def test_every_question_has_its_rows_and_without_one_nothing_is_read():
    care = stays(("a", "3.5", 0, 20, "completed"), ("b", "detox", 0, 5, "completed"))
    who, known = people("a", "b").assign(clock_start_day=0), persons([{"person_id": n} for n in "ab"])
    asked = {"down": Starting.model_validate(RESIDENTIAL), "on": Starting.model_validate(DETOX)}
    found = onward.run(who, known, care, asked)["onward"]
    assert found[["asked", "person_id"]].to_numpy().tolist() == [["down", "a"], ["on", "b"]]
    assert onward.run(who, known, care, {})["onward"].empty
    assert all(part.where for part in onward.reads({}).values())
    assert set(onward.reads(asked)) == {"people", "persons", "stays"}


def back(care: pd.DataFrame, **given) -> list:
    """Days to being back, and to the end of observation, of one person."""
    names = sorted(set(care["person_id"]))
    death, observed = given.pop("death", None), given.pop("observed", 365)
    known = persons([{"person_id": n, "death_day": death} for n in names])
    asked = {"q": Starting.model_validate({**RESIDENTIAL, **given})}
    found = onward.run(people(*names).assign(observed_days=observed), known, care, asked)["onward"].set_index(
        "person_id"
    )
    return [None if pd.isna(v) else int(v) for v in found.loc["a", ["returned_after", "observed_after"]]]


def test_being_back_is_at_a_level_that_was_left_or_in_detoxification_unless_the_question_says_otherwise():
    left, program = ("a", "3.5", 0, 20, "completed"), ("a", "2.1", 25, 60, "unplanned")
    assert back(stays(left, program)) == [None, 345]
    assert back(stays(left, program, ("a", "3.7", 70, 80, "completed"))) == [50, 345]
    assert back(stays(left, ("a", "detox", 30, 33, "completed"), ("a", "3.5", 40, 60, "completed"))) == [10, 345]
    assert back(stays(left, ("a", "detox", 30, 33, "completed")), back=["4"]) == [None, 345]
    # a stay that goes on from the last day is no return, and nobody returns after the end of observation
    assert back(stays(left, ("a", "3.7", 21, 30, "completed"))) == [None, 335]
    assert back(stays(left, ("a", "3.5", 90, 99, "completed")), observed=80) == [None, 60]
    # where records end with the death nobody knows how long they would have gone on
    assert back(stays(left), death=100, observed=100) == [None, None]
    assert back(stays(left), death=100) == [None, 345]


def test_starting_further_care_is_no_return():
    with pytest.raises(ValueError, match="`back` and `starts` both name"):
        Starting.model_validate({**RESIDENTIAL, "back": ["2.1"]})
    assert Starting.model_validate(DETOX).returns == ["detox"]
    assert Starting.model_validate({**RESIDENTIAL, "starts": ["detox"]}).returns == ["3.5", "3.7"]
