"""Abstinence and the hours of care, on people small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import parts
import pytest
from cohort_rows import EMPTY, LIVING, episodes, followups, people, persons, screens, table

from iop_outcomes.cohort import abstinence, dose, retention
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check

INTERVIEW = parts.endpoint("abstinent", "interview", substance="any", tolerance_days=14)


def endpoints(who, followups, screens, dead, asked, horizons) -> dict[str, pd.DataFrame]:
    """Endpoints of people who are in care throughout."""
    care = episodes(
        [{"person_id": p, "index_start_day": d} for p, d in zip(who["person_id"], who["index_start_day"], strict=True)]
    )
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    return abstinence.run(who, followups, screens, dead, care, stays, asked, horizons)


def endpoint_values(kind: str, rows: dict, horizon: int, **more) -> dict:
    endpoint = parts.endpoint("o", kind, **{"substance": "any", "tolerance_days": 14, **more})
    who = people("a", "b", "c", "d")
    found = endpoints(
        who, {**EMPTY, **rows}["followups"], {**EMPTY, **rows}["screens"], LIVING, [endpoint], {"o": [horizon]}
    )
    check(TABLES["abstinence"], found["abstinence"])
    return dict(zip(found["abstinence"]["person_id"], found["abstinence"]["abstinent"].astype(object), strict=True))


def test_an_interview_speaks_for_its_look_back_and_a_missing_one_is_not_abstinence():
    held = followups(
        [
            {"person_id": "a", "day": 182, "days_used": 0},
            {"person_id": "b", "day": 182, "days_used": 2},
            {"person_id": "c"},
            {"person_id": "d", "target_day": 91, "day": 91, "days_used": 0},
        ]
    )
    found = endpoint_values("interview", {"followups": held}, 180)
    assert found["a"] is True
    assert found["b"] is False
    assert found["c"] is pd.NA
    assert found["d"] is pd.NA


def test_a_positive_screen_in_the_look_back_is_use_with_or_without_an_interview():
    held = followups(
        [
            {"person_id": "a", "day": 182, "days_used": 0},
            {"person_id": "b"},
            {"person_id": "c", "day": 182, "days_used": 0},
            {"person_id": "d", "day": 182, "days_used": 0},
        ]
    )
    tests = screens(
        [
            {"person_id": "a", "day": 154, "result": "positive"},
            {"person_id": "b", "day": 181, "result": "positive"},
            {"person_id": "c", "day": 153, "result": "positive"},
            {"person_id": "d", "day": 182, "result": "positive"},
        ]
    )
    found = endpoint_values("interview", {"followups": held, "screens": tests}, 180)
    assert [found[p] for p in "abcd"] == [False, False, True, True]


def test_the_last_screen_due_in_the_week_decides_and_a_missed_one_is_missing():
    tests = screens(
        [
            {"person_id": "a", "day": 78, "result": "positive"},
            {"person_id": "a", "day": 84, "result": "negative"},
            {"person_id": "b", "day": 80, "result": "missing"},
            {"person_id": "c", "day": 77, "result": "negative"},
            {"person_id": "d", "day": 80, "result": "positive"},
        ]
    )
    found = endpoint_values("screen", {"screens": tests}, 84, tolerance_days=7)
    assert found["a"] is True
    assert found["b"] is pd.NA
    assert found["c"] is pd.NA
    assert found["d"] is False


def test_no_return_needs_answers_up_to_the_horizon():
    held = followups(
        [
            {"person_id": "a", "day": 182, "no_use_through_day": 181},
            {"person_id": "b", "day": 182, "first_use_day": 20, "no_use_through_day": 19},
            {"person_id": "c", "day": 91, "target_day": 91, "no_use_through_day": 90},
            {"person_id": "d", "day": 182, "first_use_day": 181, "no_use_through_day": 180},
        ]
    )
    found = endpoint_values("no_return", {"followups": held}, 180)
    assert [found["a"], found["b"], found["d"]] == [True, False, True]
    assert found["c"] is pd.NA


def times(kind: str, rows: dict, **more) -> dict:
    endpoint = parts.endpoint("o", kind, **{"substance": "any", **more})
    given = {**EMPTY, **rows}
    found = endpoints(people("a", "b", "c"), given["followups"], given["screens"], LIVING, [endpoint], {"o": [365]})
    check(TABLES["first_use"], found["first_use"])
    return {r.person_id: (r.days, r.event) for r in found["first_use"].itertuples()}


def test_first_use_is_the_earliest_report_and_no_answer_is_no_time():
    held = followups(
        [
            {"person_id": "a", "target_day": 91, "day": 91, "first_use_day": 30, "no_use_through_day": 29},
            {"person_id": "a", "day": 182, "first_use_day": 25, "no_use_through_day": 24},
            {"person_id": "b", "target_day": 91, "day": 91, "no_use_through_day": 90},
            {"person_id": "b", "day": 182, "no_use_through_day": 181},
        ]
    )
    assert times("first_use", {"followups": held}) == {"a": (25, True), "b": (181, False), "c": (0, False)}


def test_a_relapse_is_dated_to_the_first_of_its_screens_and_censored_where_none_could_begin():
    """The fourth last screen, on day 24, is the last with which a run of four could begin and still be known."""
    pattern = {"a": "-++o+--", "b": "++-+o-+", "c": "++++---"}
    results = {"-": "negative", "+": "positive", "o": "missing"}
    rows = [
        {"person_id": p, "day": 7 * i + 3, "result": results[c]} for p, s in pattern.items() for i, c in enumerate(s)
    ]
    tests = screens(rows[::-1])
    run = {"run": 4, "counts": "positive,missing"}
    assert times("run_of_screens", {"screens": tests}, **run) == {"a": (10, True), "b": (24, False), "c": (3, True)}
    later = times("run_of_screens", {"screens": tests}, **run, **{"from_day": 7})
    assert later == {"a": (10, True), "b": (24, False), "c": (24, False)}
    assert times("run_of_screens", {"screens": tests}, **{**run, "run": 8}) == dict.fromkeys("abc", (0, False))


def test_days_are_counted_from_time_zero_not_from_day_zero():
    held = followups([{"person_id": "a", "day": 192, "target_day": 192, "days_used": 0}])
    endpoint = parts.endpoint("o", "interview", substance="any")
    moved = people("a", index_start_day=10)
    found = endpoints(moved, held, EMPTY["screens"], LIVING, [endpoint], {"o": [182]})["abstinence"]
    assert found["abstinent"].tolist() == [True]


def test_a_horizon_beyond_observation_is_not_yet_observed():
    young = people("a", observed_days=100)
    found = endpoints(young, EMPTY["followups"], EMPTY["screens"], LIVING, [INTERVIEW], {"abstinent": [90, 180]})
    assert found["abstinence"]["mature"].tolist() == [True, False]


def test_hours_are_attended_minutes_in_the_window_per_week():
    attended = table(
        "sessions",
        [
            {"person_id": "a", "day": d, "minutes": 180.0} for d in (0, 2, 4, 27, 28)
        ],
        level_of_care="2.1", modality="in_person",
    )  # fmt: skip
    stays = table(
        "retention",
        [{"person_id": "a", "days": 28, "days_latest": 28}, {"person_id": "b", "days": 27, "days_latest": 27}],
        follows="care", cause="completed",
    )  # fmt: skip
    tests = screens(
        [
            {"person_id": "b", "day": d, "result": r}
            for d, r in ((1, "positive"), (8, "missing"), (27, "negative"), (28, "positive"))
        ]
    )
    held = followups(
        [
            {"person_id": "a", "target_day": 29, "day": 29, "days_used": 7},
            {"person_id": "b", "target_day": 30, "day": 30, "days_used": 7},
        ]
    )
    # b died on the last day of the window
    who = people("a", "b").assign(death_day=pd.array([None, 27], dtype="Int64"))
    found = dose.run(who, stays, attended, tests, held, [28])["dose"].set_index("person_id")
    check(TABLES["dose"], found.reset_index())
    assert found.loc["a", "hours_per_week"] == pytest.approx(4 * 3 / 4)
    assert found.loc["b", "hours_per_week"] == 0
    assert found["in_care_at_end"].tolist() == [True, False]
    assert found["at_risk_at_end"].tolist() == [True, False]
    # three tests due in four weeks, given or not
    assert found["tests_per_week"].tolist() == [0, 3 / 4]
    assert found.loc["b", "positive_screens"] == pytest.approx(1 / 3)
    assert found.loc["b", "missed_screens"] == pytest.approx(1 / 3)
    assert found.loc["a", "reported_use"] == pytest.approx(0.25)
    assert pd.isna(found.loc["b", "reported_use"])


def test_shares_of_screens_in_the_window_are_read_by_the_study():
    """Of two days with a test that counts one is clear: methadone was prescribed, whatever else was missed that day."""
    rows = [
        {"day": 3, "substance": "methadone", "result": "positive"},
        {"day": 3, "substance": "cocaine", "result": "missing"},
        {"day": 9, "substance": "cocaine", "result": "negative", "validity": "dilute"},
        {"day": 16, "substance": "cocaine", "result": "missing", "reason": "laboratory_error"},
    ]
    tests = table("screens", [{"person_id": "a", **row} for row in rows], reason=None, validity=None)
    spells = table("medications", [{"person_id": "a", "medication": "methadone", "start_day": 0, "end_day": 60}])
    stays = table("retention", [{"person_id": "a", "days": 28, "days_latest": 28}], follows="care", cause="completed")
    who = people("a").assign(death_day=pd.array([None], dtype="Int64"))
    given = (who, stays, EMPTY["sessions"], tests, EMPTY["followups"], [28], spells)
    for use, want in ((Use(), [0.0, 0.5]), (Use(prescribed="use", dilute="as_written", excused=[]), [1 / 3, 1 / 3])):
        found = dose.run(*given, use)["dose"]
        assert found.loc[0, ["positive_screens", "missed_screens"]].tolist() == pytest.approx(want)


def test_without_sessions_hours_are_missing_not_zero():
    stays = table("retention", [{"person_id": "a", "days": 28, "days_latest": 28}], follows="care", cause="completed")
    who = people("a", observed_days=27).assign(death_day=pd.array([None], dtype="Int64"))
    found = dose.run(who, stays, EMPTY["sessions"], EMPTY["screens"], EMPTY["followups"], [28])["dose"]
    assert found["hours_per_week"].isna().all()


def test_the_dead_were_observed_to_the_end_and_a_first_use_before_time_zero_is_none():
    dead = persons([{"person_id": "a", "death_day": 40, "observed_to_day": 40}])
    young = people("a", observed_days=40)
    found = endpoints(young, EMPTY["followups"], EMPTY["screens"], dead, [INTERVIEW], {"abstinent": [90]})
    assert found["abstinence"]["mature"].tolist() == [True]
    held = followups([{"person_id": "a", "day": 182, "first_use_day": 5, "no_use_through_day": 4}])
    endpoint = parts.endpoint("o", "first_use", substance="any")
    moved = people("a", index_start_day=10)
    timed = endpoints(moved, held, EMPTY["screens"], LIVING, [endpoint], {"o": [365]})["first_use"]
    assert timed[["days", "event"]].to_numpy().tolist() == [[0, False]]


def test_an_endpoint_on_any_substance_reads_every_screen():
    held = followups([{"person_id": "a", "day": 182, "days_used": 0}])
    tests = table("screens", [{"person_id": "a", "day": 170, "substance": "opioid", "result": "positive"}])
    found = endpoint_values("interview", {"followups": held, "screens": tests}, 180)
    assert found["a"] is False


# people by the last day of their observation, and what an interview for day 180 says
OBSERVED = {"a": 365, "b": 190, "c": 190, "d": 175, "e": 190, "f": 170, "g": 190, "h": 365}
DUE = followups(
    [
        {"person_id": "a"},  # due, and missed
        {"person_id": "b", "target_day": 200},  # due after the end of observation
        {"person_id": "c", "target_day": 200, "day": 188, "days_used": 0},  # the same, held early
        {"person_id": "d", "target_day": 170},  # due before the horizon, and missed
        {"person_id": "e", "target_day": 200},  # not due; a positive screen in its look-back tells of no one
        {"person_id": "h", "target_day": 165, "day": 166, "days_used": 3},
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("interview", {"a": "missed", "b": "not due", "c": True, "d": "missed", "e": "not due", "f": "not due",
                       "g": "missed", "h": False}),
        ("state_at_interview", {"a": "missed", "b": "not due", "c": True, "d": "missed", "e": "not due", "f": "not due",
                                "g": "missed", "h": False}),
        ("no_return", {"a": "missed", "b": "not due", "c": "not due", "d": "not due", "e": "not due", "f": "not due",
                       "g": "missed", "h": "missed"}),
    ],
)  # fmt: skip
def test_an_interview_that_was_not_due_is_no_use_and_not_missed(kind, expected):
    """Nobody misses what was to come: `b` and `e` are observed to the horizon, and yet not to their interview."""
    units = people(*OBSERVED).assign(observed_days=list(OBSERVED.values()))
    held = DUE.assign(employment=DUE["person_id"].map({"c": "working", "h": "looking"}).where(DUE["day"].notna()))
    positive = screens([{"person_id": "e", "day": 185, "result": "positive"}])
    state = {"column": "employment", "counts": "working"} if kind == "state_at_interview" else {}
    endpoint = parts.endpoint("o", kind, substance="any", tolerance_days=30, **state)
    found = endpoints(units, held, positive, LIVING, [endpoint], {"o": [180]})["abstinence"].set_index("person_id")
    said = {
        p: ("missed" if r["mature"] else "not due") if pd.isna(r["abstinent"]) else bool(r["abstinent"])
        for p, r in found.iterrows()
    }
    assert said == expected


DEAD = {"a": None, "b": 180, "c": 181, "d": 100, "e": 100, "f": 100}
ASKED = followups(
    [
        {"person_id": "a", "day": 182, "days_used": 0, "no_use_through_day": 181},
        {"person_id": "b", "day": 170, "days_used": 0, "no_use_through_day": 169, "target_day": 180},
        {"person_id": "c", "day": 180, "days_used": 0, "no_use_through_day": 180, "target_day": 180},
        {"person_id": "d", "target_day": 182},
        {"person_id": "e", "day": 91, "target_day": 91, "days_used": 3, "first_use_day": 40, "no_use_through_day": 39},
    ]
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("interview", [True, "died", True, "died", "died", "died"]),
        ("screen", ["missed", "died", "missed", "died", "died", "died"]),
        ("no_return", [True, "died", True, "died", False, "died"]),
    ],
)
def test_a_death_by_the_day_is_told_as_one_and_no_answer_is_missing(kind, expected):
    """Who died on the day itself is dead on it; who had used before they died has used, whatever came later."""
    dead = persons([{"person_id": p, "death_day": d} for p, d in DEAD.items()])
    endpoint = parts.endpoint("o", kind, substance="any", tolerance_days=14)
    who = people(*DEAD).assign(observed_days=[365, 180, 181, 100, 100, 100])
    found = endpoints(who, ASKED, EMPTY["screens"], dead, [endpoint], {"o": [180]})["abstinence"]
    check(TABLES["abstinence"], found)
    assert found["mature"].all()
    known = [None if pd.isna(v) else bool(v) for v in found["abstinent"]]
    said = ["died" if d else "missed" if k is None else k for d, k in zip(found["dead"], known, strict=True)]
    assert said == expected


def test_days_of_death_are_counted_from_time_zero():
    dead = persons([{"person_id": "a", "death_day": 185}])
    for start, died in ((0, False), (10, True)):
        found = endpoints(
            people("a", index_start_day=start), EMPTY["followups"], EMPTY["screens"], dead, [INTERVIEW],
            {"abstinent": [180]},
        )["abstinence"]  # fmt: skip
        assert found["dead"].tolist() == [died]


def test_what_was_told_when_care_was_left_stands_and_leaving_by_death_without_it_is_a_death():
    care = episodes(
        [
            {"person_id": p, "index_end_day": 40, "index_reason": why, "use_at_discharge": use}
            for p, why, use in (("a", "completed", "none"), ("b", "died", "unknown"), ("c", "died", "some"),
                                ("d", "completed", "unknown"))
        ]
    )  # fmt: skip
    who, dead = people("a", "b", "c", "d"), persons([{"person_id": p, "death_day": 60} for p in "abcd"])
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    asked = parts.endpoint("o", "at_discharge")
    found = abstinence.run(who, EMPTY["followups"], EMPTY["screens"], dead, care, stays, [asked], {"o": [90]})
    own = found["abstinence"]
    assert own["dead"].tolist() == [False, True, False, False]
    assert own["abstinent"].astype(object).tolist()[::2] == [True, False]
    assert own["abstinent"].isna().tolist() == [False, True, False, True]
