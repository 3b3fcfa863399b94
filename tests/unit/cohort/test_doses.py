"""Doses of care by the week: by hand, whatever the order of rows, and as many units at once as there are."""

from __future__ import annotations

import pandas as pd
import pytest
from cohort_rows import EMPTY, people, persons, table

from iop_outcomes.cohort import doses
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check

STAY = {"stay_id": "s", "site_id": "S1", "program_type": "substance_use"}


def stays(*rows: dict) -> pd.DataFrame:
    return table("stays", [{"stay_id": f"s{i}", **row} for i, row in enumerate(rows)], **STAY)


def sessions(*rows: tuple) -> pd.DataFrame:
    held = [{"person_id": n, "day": d, "minutes": m, "craving": c} for n, d, m, c in rows]
    return table("sessions", held, level_of_care="2.1", modality="in_person")


def made(who, known, care, held=None, tests=None, weeks=4) -> pd.DataFrame:
    found = doses.run(
        who, known, care, EMPTY["sessions"] if held is None else held,
        EMPTY["screens"] if tests is None else tests, weeks,
    )["doses"]  # fmt: skip
    return check(TABLES["doses"], found)


def test_hours_levels_days_and_plans_by_hand():
    """Intensive outpatient care on days 0 to 16 as planned until day 20, ten hours a week; residential care on days 14
    to 16 as well; outpatient care from day 21 on, without an end, a plan or hours.
    """
    care = stays(
        {"person_id": "a", "level_of_care": "2.1", "start_day": 0, "end_day": 16, "planned_days": 21.0,
         "scheduled_hours_per_week": 10.5},
        {"person_id": "a", "level_of_care": "3.5", "start_day": 14, "end_day": 16, "planned_days": 3.0,
         "scheduled_hours_per_week": 28.0},
        {"person_id": "a", "level_of_care": "1", "start_day": 21, "end_day": None},
    )  # fmt: skip
    held = sessions(("a", 0, 180.0, 40), ("a", 6, 60.0, 60), ("a", 9, 90.0, None), ("a", 30, 600.0, 10))
    rows = [(3, "negative"), (5, "missing"), (8, "missing"), (16, "negative"), (17, "inconclusive")]
    tests = table("screens", [{"person_id": "a", "day": d, "result": r} for d, r in rows], substance="any")
    found = made(people("a"), persons([{"person_id": "a", "observed_to_day": 100}]), care, held, tests)
    assert found["week"].tolist() == [1, 2, 3, 4]
    assert found["level_of_care"].tolist() == ["2.1", "2.1", "3.5", "1"]
    assert found["days_in_care"].tolist() == [7, 7, 3, 7]
    assert found["days_so_far"].tolist() == [7, 14, 17, 24]
    # from day 6 to day 20, from day 13, from day 16 to its own plan, and without one
    assert found["planned_days_left"].tolist() == [14, 7, 0, pd.NA]
    assert found["hours_attended"].tolist() == [4.0, 1.5, 0.0, 0.0]
    assert found["hours_scheduled"].tolist()[:3] == pytest.approx([10.5, 10.5, 12.0])
    assert pd.isna(found["hours_scheduled"][3])
    assert found["hours_so_far"].tolist() == [4.0, 5.5, 5.5, 5.5]
    assert set(found["source"]) == {"sessions"}
    # a missed test beside a negative one changes nothing; what is not clear counts as use
    assert found["test"].tolist() == ["negative", "missing", "positive", None]
    assert found["craving"].tolist()[:1] == [50.0]
    assert found["craving"][1:].isna().all()


def test_a_week_without_sessions_has_no_hours_where_they_are_reported_and_is_not_reported_elsewhere():
    who = people("a", "b", "c").assign(site_id=["S1", "S1", "S2"], entry_period=["2024Q1", "2024Q2", "2024Q1"])
    known = persons([{"person_id": n} for n in "abc"])
    care = stays(*(
        {"person_id": n, "level_of_care": "2.1", "start_day": 0, "end_day": 6, "scheduled_hours_per_week": 9.0}
        for n in "abc"
    ))  # fmt: skip
    # a session of somebody else in the site and period counts as reporting, one of another period does not
    held = sessions(("a", 8, 60.0, None))
    found = made(who, known, care, held, weeks=2).set_index(["person_id", "week"])
    assert found["reported"].groupby("person_id").first().tolist() == [True, False, False]
    assert found.loc[("a", 1), ["hours_attended", "hours_so_far", "source"]].tolist() == [0.0, 0.0, "sessions"]
    # attended outside of every stay
    assert found.loc[("a", 2), ["hours_attended", "source", "level_of_care"]].tolist() == [1.0, "sessions", "none"]
    for name in "bc":
        assert pd.isna(found.loc[(name, 1), "hours_attended"])
        assert found.loc[(name, 1), ["hours_so_far", "source"]].tolist() == [9.0, "stays"]
        assert found.loc[(name, 2), ["hours_so_far", "source"]].tolist() == [9.0, "out_of_care"]


def test_tests_of_the_week_are_read_by_the_study():
    """Week 1: methadone on prescription; week 2: a negative of a dilute specimen; week 3: a test that was lost."""
    rows = [
        {"day": 3, "substance": "methadone", "result": "positive"},
        {"day": 9, "substance": "cocaine", "result": "negative", "validity": "dilute"},
        {"day": 16, "substance": "cocaine", "result": "missing", "reason": "laboratory_error"},
    ]
    tests = table("screens", [{"person_id": "a", **row} for row in rows], reason=None, validity=None)
    spells = table("medications", [{"person_id": "a", "medication": "methadone", "start_day": 0, "end_day": 60}])
    care = stays({"person_id": "a", "level_of_care": "2.1", "start_day": 0, "end_day": 27})
    given = (people("a"), persons([{"person_id": "a"}]), care, EMPTY["sessions"], tests, 3, spells)
    assert doses.run(*given)["doses"]["test"].tolist() == ["negative", "missing", None]
    use = Use(prescribed="use", dilute="as_written", excused=[])
    assert doses.run(*given, use)["doses"]["test"].tolist() == ["positive", "negative", "missing"]


def test_weeks_end_with_observation_or_death_and_count_from_the_units_own_start():
    who = people("a", "b").assign(index_start_day=[10, 0], observed_days=[13, 365])
    known = persons([{"person_id": "a"}, {"person_id": "b", "death_day": 7}])
    care = stays(*({"person_id": n, "level_of_care": "3.5", "start_day": 0, "end_day": 60} for n in "ab"))
    found = made(who, known, care)
    assert found.groupby("person_id")["week"].max().tolist() == [2, 2]
    assert found.set_index(["person_id", "week"])["days_in_care"].tolist() == [7, 7, 7, 1]


def test_neither_the_order_of_records_nor_how_many_units_are_taken_at_once_matters(monkeypatch):
    names = [f"p{i}" for i in range(7)]
    care = stays(*(
        {"person_id": n, "level_of_care": level, "start_day": i, "end_day": i + 9, "scheduled_hours_per_week": 9.0 + i}
        for i, n in enumerate(names) for level in ("1", "2.1")
    ))  # fmt: skip
    held = sessions(*((n, 3 * i, 30.0 * (i + 1), 10 * i) for i, n in enumerate(names)))
    who, known = people(*names), persons([{"person_id": n} for n in names])
    whole = made(who, known, care, held)
    again = made(who, known, care[::-1], held[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(whole, again)
    monkeypatch.setattr(doses, "UNITS_AT_ONCE", 2)
    pd.testing.assert_frame_equal(whole, made(who, known, care, held))


def test_where_no_strategies_are_asked_for_there_is_no_row_and_no_record_is_read():
    assert made(people("a"), persons([{"person_id": "a"}]), stays(), weeks=0).empty
    assert not any(wanted.where["person_id"] for wanted in doses.reads(0).values())
    assert "craving" in doses.reads(3)["sessions"].columns
