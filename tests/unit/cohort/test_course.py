"""What was recorded of people by the beginning of each month, by hand."""

from __future__ import annotations

import pandas as pd
from cohort_rows import EMPTY, people, table

from iop_outcomes.cohort import course
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check


def test_nothing_of_the_month_itself_is_read() -> None:
    """Of a a negative screen on day 5, a missed one on day 29, a positive one on day 30; two hours on day 1, three on
    day 20, one on day 40. Of b nothing; a screen before time zero is none.
    """
    rows = [
        {"person_id": n, "day": d, "result": r}
        for n, d, r in (("a", 5, "negative"), ("a", 29, "missing"), ("a", 30, "positive"), ("b", 8, "positive"))
    ]
    held = [{"person_id": "a", "day": d, "minutes": m} for d, m in ((1, 120.0), (20, 180.0), (40, 60.0))]
    who = people("a", "b").assign(index_start_day=[0, 10])
    sessions = table("sessions", held, level_of_care="2.1", modality="in_person")
    found = course.run(who, table("screens", rows, substance="any"), sessions, 90)["course"]
    check(TABLES["course"], found)
    own = found.set_index(["person_id", "day"])
    assert sorted(own.index) == [(n, d) for n in "ab" for d in (0, 30, 60)]
    assert own.loc[("a", 0)].tolist() == [pd.NA, False, 0.0]
    # of the hours on days 2 to 29 those of day 20
    assert own.loc[("a", 30)].tolist() == [False, True, 3.0]
    assert own.loc[("a", 60)].tolist() == [True, False, 1.0]
    assert own.loc["b"]["last_screen_positive"].isna().all()


def test_tests_are_read_by_the_study() -> None:
    """Methadone on prescription is no use of it, and a test that was lost was not due."""
    rows = [
        {"person_id": "a", "day": 5, "substance": "methadone", "result": "positive"},
        {"person_id": "a", "day": 9, "substance": "cocaine", "result": "missing", "reason": "laboratory_error"},
    ]
    spells = table("medications", [{"person_id": "a", "medication": "methadone", "start_day": 0, "end_day": 60}])
    given = (people("a"), table("screens", rows, reason=None), EMPTY["sessions"], 31)
    for use, want in ((Use(), [False, False]), (Use(prescribed="use", excused=[]), [True, True])):
        found = course.run(*given, spells, use)["course"].set_index("day")
        assert found.loc[30, ["last_screen_positive", "last_screen_missed"]].tolist() == want


def test_where_no_weights_are_asked_for_there_is_no_row() -> None:
    assert course.run(people("a"), EMPTY["screens"], EMPTY["sessions"], 0)["course"].empty
    alone = course.run(people("a"), EMPTY["screens"], EMPTY["sessions"], 31)["course"]
    assert alone["day"].tolist() == [0, 30]
    assert alone["last_screen_positive"].isna().all()
