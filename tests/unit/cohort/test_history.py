"""What was recorded by the day of an answer, on people small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import parts
from cohort_rows import followups, people, screens, table

from iop_outcomes.cohort import history
from iop_outcomes.tables import TABLES, check

INTERVIEW = parts.endpoint("abstinent", "interview", substance="any", tolerance_days=14)
SCREEN = parts.endpoint("negative", "screen", substance="any", tolerance_days=7)
CARE = {"a": 200, "b": 100, "c": 20}


def recorded(endpoint=INTERVIEW, horizon=180, held=(), tests=(), minutes=()) -> pd.DataFrame:
    who = people("a", "b", "c")
    stays = table(
        "retention",
        [{"person_id": p, "days": d, "days_latest": d} for p, d in CARE.items()],
        follows="care", cause="completed",
    )  # fmt: skip
    sessions = table("sessions", list(minutes), level_of_care="2.1", modality="in_person")
    found = history.run(
        who, followups(list(held)), screens(list(tests)), sessions, stays, [endpoint], {endpoint.outcome: [horizon]}
    )["history"]  # fmt: skip
    return check(TABLES["history"], found).set_index("person_id")


def test_care_and_hours_up_to_the_horizon():
    minutes = [
        {"person_id": "a", "day": 10, "minutes": 120},
        {"person_id": "a", "day": 170, "minutes": 60},
        {"person_id": "a", "day": 190, "minutes": 600},
    ]
    found = recorded(minutes=minutes)
    assert found["in_care_then"].tolist() == [True, False, False]
    assert found["days_in_care"].tolist() == [180, 100, 20]
    assert found.loc["a", ["hours", "recent_hours"]].tolist() == [3.0, 1.0]
    assert found.loc["b", "hours"] == 0.0
    assert recorded()["hours"].isna().all()


def test_the_last_screen_and_how_long_before():
    tests = [
        {"person_id": "a", "day": 30, "result": "positive"},
        {"person_id": "a", "day": 60, "result": "negative"},
        {"person_id": "a", "day": 90, "result": "missing"},
        {"person_id": "a", "day": 181, "result": "positive"},
        {"person_id": "b", "day": 30, "result": "missing"},
        {"person_id": "c", "day": 40, "result": "negative"},
        {"person_id": "c", "day": 40, "result": "positive"},
    ]
    found = recorded(tests=tests)
    assert found["last_screen_positive"].tolist() == [False, pd.NA, True]
    assert found["days_since_screen"].tolist() == [120, pd.NA, 140]
    assert found.loc["a", ["screens_due", "screens_missed", "screens_positive"]].tolist() == [3, 1, 1]
    assert found["abstinent_last"].tolist() == [True, pd.NA, False]


def test_the_interview_before_is_not_the_one_that_is_asked_about():
    held = [
        {"person_id": "a", "target_day": 91, "day": 93, "days_used": 0},
        {"person_id": "a", "target_day": 182, "day": 182, "days_used": 5},
        {"person_id": "b", "target_day": 91, "day": 91, "days_used": 2},
        {"person_id": "c", "target_day": 91},
    ]
    found = recorded(held=held)
    assert found["abstinent_before"].tolist() == [True, False, pd.NA]
    # a screen after it is what was last seen; one before it is not
    tests = [{"person_id": "a", "day": 100, "result": "positive"}, {"person_id": "b", "day": 80, "result": "negative"}]
    assert recorded(held=held, tests=tests)["abstinent_last"].tolist() == [False, False, pd.NA]


def test_a_positive_screen_in_the_look_back_tells_the_answer():
    held = [{"person_id": p, "target_day": 182} for p in "abc"]
    tests = [
        {"person_id": "a", "day": 175, "result": "positive"},
        {"person_id": "b", "day": 120, "result": "positive"},
        {"person_id": "c", "day": 175, "result": "negative"},
    ]
    assert recorded(held=held, tests=tests)["told_by_screen"].tolist() == [True, False, False]


def test_screens_that_are_the_answer_are_no_record_of_it():
    tests = [
        {"person_id": "a", "day": 80, "result": "positive"},
        {"person_id": "a", "day": 84, "result": "negative"},
    ]
    found = recorded(SCREEN, 84, tests=tests)
    assert found.loc["a", "screens_due"] == 0
    assert not found["told_by_screen"].any()
    assert recorded(SCREEN, 88, tests=tests).loc["a", "last_screen_positive"]


def test_without_a_question_it_is_empty():
    who = people("a")
    empty = [TABLES[name].empty() for name in ("followups", "screens", "sessions", "retention")]
    assert history.run(who, *empty, [INTERVIEW], {})["history"].empty
