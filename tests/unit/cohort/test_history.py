"""What was recorded by the day of an answer, on people small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import parts
import pytest
from cohort_rows import episodes, followups, people, persons, screens, table

from iop_outcomes.cohort import abstinence, history
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check

INTERVIEW = parts.endpoint("abstinent", "interview", substance="any", tolerance_days=14)
SCREEN = parts.endpoint("negative", "screen", substance="any", tolerance_days=7)
CARE = {"a": 200, "b": 100, "c": 20}


def recorded(endpoint=INTERVIEW, horizon=180, held=(), tests=(), minutes=()) -> pd.DataFrame:
    who = people("a", "b", "c").assign(death_day=pd.array([None] * 3, dtype="Int64"))
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
    assert recorded(held=held, tests=tests)["certain"].tolist() == [True, False, False]


def test_screens_that_are_the_answer_are_no_record_of_it():
    tests = [
        {"person_id": "a", "day": 80, "result": "positive"},
        {"person_id": "a", "day": 84, "result": "negative"},
    ]
    found = recorded(SCREEN, 84, tests=tests)
    assert found.loc["a", "screens_due"] == 0
    assert not found["certain"].any()
    assert recorded(SCREEN, 88, tests=tests).loc["a", "last_screen_positive"]


READ = ("methadone", "inconclusive", "excused", "dilute", "fentanyl")
TESTS = [
    {"person_id": "methadone", "day": 100, "substance": "methadone", "result": "positive"},
    {"person_id": "methadone", "day": 165, "substance": "methadone", "result": "positive"},
    {"person_id": "inconclusive", "day": 165, "substance": "cocaine", "result": "inconclusive"},
    {"person_id": "excused", "day": 160, "substance": "cocaine", "result": "negative"},
    {"person_id": "excused", "day": 165, "substance": "cocaine", "result": "missing", "reason": "laboratory_error"},
    {"person_id": "dilute", "day": 160, "substance": "cocaine", "result": "positive"},
    {"person_id": "dilute", "day": 165, "substance": "cocaine", "result": "negative", "validity": "dilute"},
    {"person_id": "fentanyl", "day": 165, "substance": "Fentanyl", "result": "positive"},
]


def both(endpoint, day: int, use: Use, held=(), **records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The record and the answers of one endpoint, of people in residential care on days 0 to 59."""
    who = people(*READ).assign(death_day=pd.array([None] * len(READ), dtype="Int64"))
    care = [{"person_id": p, "days": 60, "days_latest": 60} for p in READ]
    retention = pd.concat([table("retention", care, follows=f, cause="completed") for f in ("care", "index")])
    stays = table(
        "stays", [{"stay_id": p, "person_id": p, "start_day": 0, "end_day": 59} for p in READ],
        level_of_care="3.5", site_id="S1", program_type="substance_use",
    )  # fmt: skip
    spells = [{"person_id": "methadone", "medication": "methadone", "start_day": 0, "end_day": 200}]
    medications, sessions = table("medications", spells), TABLES["sessions"].empty()
    tests = table("screens", records.get("tests", TESTS), reason=None, validity=None, specimen=None)
    interviews = followups(list(held))
    asked = {endpoint.outcome: [day]}
    more = (medications, stays, use)
    found = history.run(who, interviews, tests, sessions, retention, [endpoint], asked, *more)["history"]
    known, left = persons([{"person_id": p} for p in READ]), episodes([{"person_id": p} for p in READ])
    answers = abstinence.run(who, interviews, tests, known, left, retention, [endpoint], asked, *more)["abstinence"]
    return check(TABLES["history"], found).set_index("person_id"), answers.set_index("person_id")


def test_the_record_reads_tests_by_the_study_as_its_endpoint_does():
    """Methadone on prescription is no use, a test that was lost was not due, and a dilute negative is missed."""
    held = [{"person_id": p, "target_day": 182} for p in READ]
    found, answers = both(INTERVIEW, 180, Use(), held)
    assert found["last_screen_positive"].tolist() == [False, True, False, True, True]
    assert found["screens_due"].tolist() == [2, 1, 1, 2, 1]
    assert found["screens_missed"].tolist() == [0, 0, 0, 1, 0]
    assert found["screens_positive"].tolist() == [0, 1, 0, 1, 1]
    assert found["abstinent_last"].tolist() == [True, False, True, False, False]
    # exactly those whom the endpoint counts by a screen; an inconclusive one tells nothing
    assert found["certain"].tolist() == [False, False, False, True, True]
    assert (found["certain"] == answers["abstinent"].notna()).all()
    otherwise, answers = both(INTERVIEW, 180, Use(prescribed="use", dilute="as_written", excused=[]), held)
    assert otherwise["last_screen_positive"].tolist() == [True, True, False, False, True]
    assert otherwise["screens_missed"].tolist() == [0, 0, 1, 0, 0]
    assert otherwise["certain"].tolist() == [True, False, False, True, True]
    assert (otherwise["certain"] == answers["abstinent"].notna()).all()


def test_a_class_of_substances_is_every_substance_of_it():
    found, _ = both(parts.endpoint("opioid", "screen", substance="opioid", tolerance_days=7), 180, Use())
    assert found["screens_due"].tolist() == [2, 0, 0, 0, 1]
    assert found["last_screen_positive"].tolist() == [False, pd.NA, pd.NA, pd.NA, True]


def test_the_record_counts_days_from_where_the_endpoints_clock_starts():
    """Back in the community on day 60: a negative screen in care is no record of the time after it."""
    tests = [
        {"person_id": "fentanyl", "day": d, "substance": "opioid", "result": r}
        for d, r in ((30, "negative"), (80, "positive"), (105, "positive"), (118, "missing"))
    ]
    endpoint = parts.endpoint("home", "screen", substance="opioid", tolerance_days=7, clock="community")
    found, answers = both(endpoint, 60, Use(), tests=tests)
    assert pd.isna(answers.loc["fentanyl", "abstinent"])
    own = found.loc["fentanyl"]
    # days 20, 45 and 58 of the clock, the last one in the endpoint's own days
    assert own[["screens_due", "screens_positive", "days_since_screen", "days_in_care"]].tolist() == [2, 2, 15, 0]
    assert bool(own["last_screen_positive"])
    assert not own["abstinent_last"]
    assert not own["in_care_then"]
    from_admission = parts.endpoint("home", "screen", substance="opioid", tolerance_days=7)
    assert both(from_admission, 60, Use(), tests=tests)[0].loc["fentanyl", "abstinent_last"]
    with pytest.raises(KeyError, match="stays"):
        recorded(endpoint)


def test_a_screen_of_an_interview_that_was_not_due_tells_nothing():
    """Observed to day 170, due on day 182: no screen could have told the opposite."""
    who = people("a", observed_days=170).assign(death_day=pd.array([None], dtype="Int64"))
    care = table("retention", [{"person_id": "a", "days": 20, "days_latest": 20}], follows="care", cause="completed")
    tests = screens([{"person_id": "a", "day": 165, "result": "positive"}])
    interviews = followups([{"person_id": "a", "target_day": 182}])
    found = history.run(
        who, interviews, tests, TABLES["sessions"].empty(), care, [INTERVIEW], {"abstinent": [165]}
    )["history"]  # fmt: skip
    assert not found["certain"].any()


@pytest.mark.parametrize(("deaths", "certain"), [("counted_against", [True, False, False]), ("left_out", [False] * 3)])
def test_a_death_that_counts_against_the_outcome_is_certain_whatever_was_known_before(deaths, certain):
    """a died on the day of the horizon, after use that stands; b a day later; c lives."""
    endpoint = parts.endpoint("none", "no_return", deaths=deaths)
    who = people("a", "b", "c").assign(death_day=pd.array([182, 183, None], dtype="Int64"))
    care = table(
        "retention", [{"person_id": p} for p in "abc"], follows="care", cause="completed", days=20, days_latest=20
    )
    used = followups([{"person_id": "a", "target_day": 91, "day": 91, "days_used": 3, "first_use_day": 40}])
    empty = [TABLES[name].empty() for name in ("screens", "sessions")]
    found = history.run(who, used, *empty, care, [endpoint], {"none": [182]})["history"]
    assert found["certain"].tolist() == certain


def test_without_a_question_it_is_empty():
    who = people("a")
    empty = [TABLES[name].empty() for name in ("followups", "screens", "sessions", "retention")]
    assert history.run(who, *empty, [INTERVIEW], {})["history"].empty
