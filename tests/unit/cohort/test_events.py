"""Events beside leaving care, on people small enough to follow by hand; and states at discharge."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from cohort_rows import table
from parts import endpoint

from iop_outcomes.cohort import abstinence, retention
from iop_outcomes.protocol import Endpoint
from iop_outcomes.tables import TABLES, check

ENGAGED = endpoint("engaged", "engaged", from_day=1, sessions=2)
READMITTED, DEATH, OVERDOSE, CONTINUED = (
    endpoint(kind, kind) for kind in ("readmitted", "death", "overdose", "continued")
)


def people(*names: str, **columns: Any) -> pd.DataFrame:
    defaults = {
        "site_id": "S1", "index_level": "2.1", "level_asam": "2.1", "level_broad": "2.1", "reported_care": "none",
        "entry_period": "unknown", "index_start_day": 0, "clock_start_day": 0, "observed_days": 365,
        "assigned_arm": "none", "trial": "none",
    }  # fmt: skip
    return table("people", [{"person_id": n, "record_id": n} for n in names], **{**defaults, **columns})


def episodes(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return table(
        "episodes", rows, episode=1, site_id="S1", index_level="2.1", index_start_day=0, episode_start_day=0,
        program_type="substance_use", after_detox=False,
    )  # fmt: skip


def persons(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return table("persons", rows, observed_to_day=365, age=30, sex="female")


def found(
    who: pd.DataFrame, asked: Endpoint, care: pd.DataFrame, known: pd.DataFrame,
    sessions: pd.DataFrame | None = None, stays: pd.DataFrame | None = None,
) -> dict[str, tuple[int, str]]:  # fmt: skip
    """Days and cause of one endpoint by person; empty where it is not followed."""
    seen = TABLES["sessions"].empty() if sessions is None else sessions
    held = TABLES["stays"].empty() if stays is None else stays
    rows = retention.run(who, care, TABLES["episodes_by_gap"].empty(), seen, known, [asked], stays=held)["retention"]
    check(TABLES["retention"], rows)
    own = rows[rows["follows"] == asked.outcome]
    return {r.person_id: (r.days, r.cause) for r in own.itertuples()}


def test_engagement_takes_two_days_after_the_first():
    names = ("two", "same", "first", "none", "late", "dead")
    who = people(*names)
    days = {"two": (2, 9), "same": (4, 4), "first": (0, 5), "none": (), "late": (3, 400), "dead": (3, 50)}
    sessions = table(
        "sessions", [{"person_id": p, "day": d} for p, all_days in days.items() for d in all_days],
        minutes=60.0, level_of_care="2.1", modality="in_person",
    )  # fmt: skip
    known = persons([{"person_id": n, "death_day": 20 if n == "dead" else None} for n in names])
    care = episodes([{"person_id": n} for n in names])
    assert found(who, ENGAGED, care, known, sessions) == {
        "two": (9, "engaged"), "same": (365, "censored"), "first": (365, "censored"), "none": (365, "censored"),
        "late": (365, "censored"), "dead": (20, "died"),
    }  # fmt: skip


def test_sessions_without_time_are_not_attended():
    sessions = table(
        "sessions", [{"person_id": "a", "day": d, "minutes": m} for d, m in ((1, 60.0), (2, 0.0), (6, 30.0))],
        level_of_care="2.1", modality="in_person",
    )  # fmt: skip
    care, known = episodes([{"person_id": "a"}]), persons([{"person_id": "a"}])
    assert found(people("a"), ENGAGED, care, known, sessions) == {"a": (6, "engaged")}


def returns() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Back after 30 days; never; still in care; died in care; died after; left as observation ended; back too late."""
    names = ("back", "never", "inside", "died_in", "died_after", "at_end", "unseen")
    end = {"back": 40, "never": 40, "inside": None, "died_in": 30, "died_after": 40, "at_end": 365, "unseen": 300}
    rows = [
        {"person_id": n, "episode_end_day": end[n], "index_end_day": end[n], "index_reason": "completed",
         "episode_reason": None if end[n] is None else "died" if n == "died_in" else "completed"}
        for n in names
    ]  # fmt: skip
    later = {"back": 70, "unseen": 400}
    rows += [{"person_id": n, "episode": 2, "index_start_day": d, "episode_start_day": d - 3} for n, d in later.items()]
    deaths = {"died_in": 30, "died_after": 100}
    return people(*names), episodes(rows), persons([{"person_id": n, "death_day": deaths.get(n)} for n in names])


def test_return_to_care_counts_from_the_last_day_in_care_of_who_left_alive():
    who, care, known = returns()
    assert found(who, READMITTED, care, known) == {
        "back": (27, "readmitted"), "never": (325, "censored"), "inside": (0, "not_at_risk"),
        "died_in": (0, "not_at_risk"), "died_after": (60, "died"), "at_end": (0, "censored"),
        "unseen": (65, "censored"),
    }  # fmt: skip


def test_further_treatment_counts_from_the_last_day_at_the_index_level():
    """Stepped down the day after, and after 12 days; back at the same level in a new episode; detoxified only; never;
    under a stay that runs on; still there; died there; died before; left as observation ended; begun beyond it.
    """
    stays = {
        "next_day": [("2.1", 0, 40), ("1", 41, 90)], "gap": [("3.5", 0, 40), ("2.1", 52, 90), ("1", 91, 99)],
        "again": [("3.5", 0, 40), ("3.5", 80, 90)], "detox": [("2.1", 0, 40), ("detox", 45, 50)],
        "never": [("2.1", 0, 40)], "nested": [("2.1", 0, 90), ("3.5", 41, 60)], "inside": [("2.1", 0, None)],
        "died_in": [("2.1", 0, 30)], "died_after": [("2.1", 0, 40)], "at_end": [("2.1", 0, 365)],
        "unseen": [("2.1", 0, 300), ("1", 400, 420)], "open": [("2.1", 0, 40), ("1", 45, None)],
    }  # fmt: skip
    left = {"inside": None, "died_in": 30, "at_end": 365, "unseen": 300}
    care = episodes(
        [
            {
                "person_id": n,
                "index_end_day": left.get(n, 40),
                "index_reason": "died" if n == "died_in" else "completed",
            }
            for n in stays
        ]
    )
    rows = [
        {"stay_id": f"{n}{at}", "person_id": n, "level_of_care": level, "start_day": start, "end_day": end}
        for n, own in stays.items() for at, (level, start, end) in enumerate(own)
    ]  # fmt: skip
    deaths = {"died_in": 30, "died_after": 100}
    known = persons([{"person_id": n, "death_day": deaths.get(n)} for n in stays])
    held = table("stays", rows, site_id="S1", program_type="substance_use")
    assert found(people(*stays), CONTINUED, care, known, stays=held) == {
        "next_day": (1, "continued"), "gap": (12, "continued"), "again": (40, "continued"),
        "detox": (325, "censored"), "never": (325, "censored"), "nested": (1, "continued"),
        "inside": (0, "not_at_risk"), "died_in": (0, "died"), "died_after": (60, "died"),
        "at_end": (0, "censored"), "unseen": (65, "censored"), "open": (5, "continued"),
    }  # fmt: skip


def test_each_episode_of_a_person_has_its_own_next_one():
    care = episodes(
        [
            {"person_id": "a", "episode": n, "index_start_day": start, "episode_start_day": start,
             "episode_end_day": start + 20, "episode_reason": "completed", "index_reason": "completed"}
            for n, start in ((1, 0), (2, 100), (3, 150))
        ]
    )  # fmt: skip
    who = people("a/1", "a/2", "a/3").assign(
        record_id="a", index_start_day=[0, 100, 150], observed_days=[365, 265, 215]
    )
    assert found(who, READMITTED, care, persons([{"person_id": "a"}])) == {
        "a/1": (80, "readmitted"), "a/2": (30, "readmitted"), "a/3": (195, "censored"),
    }  # fmt: skip


def test_death_and_overdose_count_from_time_zero_and_end_with_observation():
    who = people("a", "b", "c", "d", "e", index_start_day=10, observed_days=100)
    care = episodes([{"person_id": n, "index_start_day": 10} for n in ("a", "b", "c", "d", "e")])
    known = persons(
        [
            {"person_id": "a", "death_day": 40, "overdose_day": 40},
            {"person_id": "b", "death_day": 111, "overdose_day": 60},
            {"person_id": "c", "death_day": 90, "overdose_day": 5},
            {"person_id": "d", "death_day": 70},
            {"person_id": "e"},
        ]
    )
    assert found(who, DEATH, care, known) == {
        "a": (30, "died"), "b": (100, "censored"), "c": (80, "died"), "d": (60, "died"), "e": (100, "censored"),
    }  # fmt: skip
    # an overdose on the day of death comes first; one before time zero says nothing of the time after it; whoever has
    # none is at risk of one to the end
    assert found(who, OVERDOSE, care, known) == {
        "a": (30, "overdose"), "b": (50, "overdose"), "c": (0, "not_at_risk"), "d": (60, "died"),
        "e": (100, "censored"),
    }  # fmt: skip


@pytest.mark.parametrize("asked", [ENGAGED, READMITTED, DEATH, OVERDOSE], ids=lambda e: e.kind)
def test_an_event_that_is_recorded_of_no_one_is_not_followed(asked):
    care, known = episodes([{"person_id": "a"}]), persons([{"person_id": "a"}])
    assert found(people("a"), asked, care, known) == {}


def test_states_at_discharge_are_asked_of_those_who_have_left():
    rows = [
        {"person_id": p, "index_end_day": end, "index_reason": "completed", "employment_at_discharge": state}
        for p, end, state in (
            ("a", 40, "full-time"), ("b", 40, "part-time"), ("c", 40, "unemployed"), ("d", 40, "unknown"),
            ("e", 200, "full-time"),
        )
    ]  # fmt: skip
    care, who = episodes(rows), people("a", "b", "c", "d", "e")
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    asked = endpoint("o", "state_at_discharge", column="employment_at_discharge", counts="full-time, part-time")
    known = persons([{"person_id": r["person_id"]} for r in rows])
    empty = (TABLES[n].empty() for n in ("followups", "screens"))
    answer = abstinence.run(who, *empty, known, care, stays, [asked], {"o": [90]})["abstinence"]
    assert answer["abstinent"].tolist()[:3] == [True, True, False]
    assert answer["abstinent"].isna().tolist() == [False, False, False, True, True]
    assert answer["mature"].tolist() == [True, True, True, True, False]


def test_states_at_the_interview_are_those_of_the_one_held_nearest_the_horizon():
    rows = [
        {"person_id": p, "target_day": due, "day": due, "lookback_days": 30, "employment": state}
        for p, due, state in (
            ("a", 180, "full time"), ("a", 175, "unemployed"), ("b", 180, "student"), ("c", 180, "unknown"),
            ("d", 180, None), ("e", 200, "part time"),
        )
    ]  # fmt: skip
    who = people("a", "b", "c", "d", "e", "f")
    told = pd.DataFrame(rows).assign(days_used=0.0, first_use_day=pd.NA, no_use_through_day=pd.NA)
    asked = endpoint("o", "state_at_interview", column="employment", counts="full time,part time", tolerance_days=14)
    known, care = persons([{"person_id": p} for p in "abcdef"]), episodes([{"person_id": p} for p in "abcdef"])
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    given = (who, told, TABLES["screens"].empty(), known, care, stays)
    answer = abstinence.run(*given, [asked], {"o": [180]})["abstinence"]["abstinent"]
    assert answer[:2].tolist() == [True, False]
    assert answer[2:].isna().all()
    # a source without the column tells nobody's
    bare = (who, told.drop(columns="employment"), *given[2:])
    assert abstinence.run(*bare, [asked], {"o": [180]})["abstinence"]["abstinent"].isna().all()
