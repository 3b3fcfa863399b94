"""The cohort: eligibility and arms, retention, abstinence and dose, on tables small enough to check by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import parts
import pytest

from iop_outcomes.cohort import abstinence, dose, population, retention, units
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment, Arm, Contrast, Eligibility, Population
from iop_outcomes.study import sheets
from iop_outcomes.tables import TABLES, check

POPULATION = Population(minimum_age=18, washout_days=60, minimum_observed_days=0)
SHEET = Path(__file__).parents[3] / "config" / "eligibility.tsv"
RULES = [r for r in sheets.read(Eligibility, SHEET) if r.cohort == "*"]
ADJUSTMENT = Adjustment(continuous=["severity"], categorical=["sex"])
CONTRAST = parts.contrast("iop", "residential")


def table(name: str, rows: list[dict], **defaults) -> pd.DataFrame:
    """A declared table from a few cells; what is not given is missing or the default."""
    given = {n for r in rows for n in r} | set(defaults)
    columns = {n: c for n, c in TABLES[name].columns.items() if not c.optional or n in given}
    frame = pd.DataFrame([{n: r.get(n, defaults.get(n)) for n in columns} for r in rows], columns=list(columns))
    return check(TABLES[name], frame.astype({n: c.dtype for n, c in columns.items()}))


def persons(rows: list[dict]) -> pd.DataFrame:
    return table("persons", rows, observed_to_day=365, age=30, sex="female", severity=0.0)


def episodes(rows: list[dict]) -> pd.DataFrame:
    return table(
        "episodes", rows, episode=1, site_id="S1", index_level="2.1", index_start_day=0,
        episode_start_day=0, program_type="substance_use", after_detox=False,
    )  # fmt: skip


def people(*names: str, **columns) -> pd.DataFrame:
    rows = [{"person_id": n, "record_id": n} for n in names]
    defaults = {
        "site_id": "S1", "index_level": "2.1", "level_asam": "2.1", "level_broad": "2.1", "reported_care": "none",
        "entry_period": "unknown", "index_start_day": 0, "clock_start_day": 0, "observed_days": 365,
    }  # fmt: skip
    return table("people", rows, **{**defaults, "assigned_arm": "none", "trial": "none", **columns})


NO_QUARANTINE, NO_PERIODS, NO_INTAKE = (TABLES[n].empty() for n in ("quarantine", "periods", "intake"))


def blind(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[c for c, d in TABLES["episodes"].columns.items() if d.outcome])


def admitted(
    who, care, quarantine=NO_QUARANTINE, contrast: Contrast | None = CONTRAST, periods=NO_PERIODS,
    intake=NO_INTAKE, adjustment=ADJUSTMENT, rules=RULES, **changes,
):  # fmt: skip
    contrasts = {"c": contrast} if contrast else {}
    given = (
        who,
        blind(care),
        periods,
        quarantine,
        intake,
        POPULATION.model_copy(update=changes),
        rules,
        adjustment,
        contrasts,
    )
    found = population.run(*given, "partial_hospitalization")
    for name, frame in found.items():
        check(TABLES[name], frame)
    return found


def test_each_person_is_excluded_once_under_the_first_rule_that_fits():
    who = persons(
        [
            {"person_id": "ok1"}, {"person_id": "ok2"}, {"person_id": "minor", "age": 17},
            {"person_id": "noage", "age": None}, {"person_id": "nocare"}, {"person_id": "eating"},
            {"person_id": "before"}, {"person_id": "recent"}, {"person_id": "broken", "age": 12},
        ]
    )  # fmt: skip
    care = episodes(
        [
            {"person_id": "ok1"}, {"person_id": "ok2", "index_level": "3.5"}, {"person_id": "minor"},
            {"person_id": "noage"}, {"person_id": "eating", "program_type": "eating_disorder"},
            {"person_id": "before", "index_start_day": -5}, {"person_id": "recent", "days_since_previous": 59},
            {"person_id": "broken"},
        ]
    )  # fmt: skip
    broken = table("quarantine", [{"table": "stays", "rule": "r", "row": 0, "person_id": "broken"}])
    found = admitted(who, care, broken)
    assert found["people"]["person_id"].tolist() == ["ok1", "ok2"]
    attrition = found["attrition"]
    # in the records; trusted, treated, begun; mental health, eating disorder; age; washout; observed
    assert attrition["excluded"].tolist() == [0, 1, 1, 1, 0, 1, 2, 1, 0]
    assert attrition["remaining"].iloc[-1] == 2
    assert attrition["excluded"].sum() + 2 == len(who)


def test_a_broken_session_does_not_exclude_its_person():
    broken = table("quarantine", [{"table": "sessions", "rule": "r", "row": 0, "person_id": "a"}])
    who, care = (
        persons([{"person_id": "a"}, {"person_id": "b"}]),
        episodes([{"person_id": "a"}, {"person_id": "b", "index_level": "3.5"}]),
    )
    assert len(admitted(who, care, broken)["people"]) == 2


def test_the_washout_counts_days_without_care():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes([{"person_id": "a", "days_since_previous": 60}, {"person_id": "b", "index_level": "3.5"}])
    assert len(admitted(who, care)["people"]) == 2


def test_the_index_episode_is_the_first_from_day_zero_on():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes(
        [
            {"person_id": "a", "episode": 1, "index_start_day": -200, "index_level": "3.5"},
            {"person_id": "a", "episode": 2, "index_start_day": 0, "days_since_previous": 100},
            {"person_id": "a", "episode": 3, "index_start_day": 90, "days_since_previous": 40},
            {"person_id": "b", "index_level": "3.5"},
        ]
    )
    found = admitted(who, care)["people"].set_index("person_id")
    assert found.loc["a", ["index_level", "index_start_day"]].tolist() == ["2.1", 0]


def test_an_empty_arm_stops_the_run_unless_it_may_be_empty():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match=r"no eligible person is in the arm 'residential'.*Values found: 2.1"):
        admitted(who, care)
    found = admitted(who, care, contrast=parts.contrast("iop", "residential", required=False))
    assert found["arms"]["arm"].tolist() == [1]


def test_no_one_eligible_stops_the_run_with_the_counts():
    with pytest.raises(StudyError, match="Under 18 years, or age unknown: 1 excluded"):
        admitted(persons([{"person_id": "a", "age": 3}]), episodes([{"person_id": "a"}]))


def test_a_covariate_that_is_not_there_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match="'housing'"):
        admitted(who, care, contrast=None, adjustment=Adjustment(continuous=["severity"], categorical=["housing"]))


def test_missing_numbers_are_flagged_and_rare_categories_joined_to_the_reference():
    rows = [{"person_id": f"p{i:02d}", "severity": None if i < 12 else float(i)} for i in range(40)]
    rows = [{**r, "sex": "male" if i % 2 else "female"} for i, r in enumerate(rows)]
    rows[0]["sex"] = "unknown"
    care = episodes(
        [{"person_id": r["person_id"], "index_level": "3.5" if i % 3 else "2.1"} for i, r in enumerate(rows)]
    )
    found = admitted(persons(rows), care)["covariates"]
    assert list(found.columns) == ["person_id", "severity", "severity=missing", "sex"]
    assert list(found["sex"].cat.categories) == ["male", "female"]
    # the one person of unknown sex counts with the reference
    assert found["sex"].tolist() == ["male", *(r["sex"] for r in rows[1:])]
    assert found["severity=missing"].sum() == 12
    assert found.loc[0, "severity"] == pytest.approx(25.5)


def left(who: pd.DataFrame, care: pd.DataFrame, by_gap: pd.DataFrame | None = None, *more: str) -> dict[str, Any]:
    """Days, latest days and cause by person and thing followed."""
    found = retention.run(who, care, TABLES["episodes_by_gap"].empty() if by_gap is None else by_gap)["retention"]
    check(TABLES["retention"], found)
    wanted = found[found["follows"].isin(["index", "care", *more])]
    return {
        str(p): {r.follows: (r.days, r.days_latest, r.cause) for r in own.itertuples()}
        for p, own in wanted.groupby("person_id")
    }


def test_retention_counts_days_and_censors_open_stays_and_what_was_not_observable():
    care = episodes(
        [
            {"person_id": "done", "index_end_day": 27, "index_reason": "completed", "episode_end_day": 111,
             "episode_reason": "unplanned"},
            {"person_id": "late", "index_start_day": 3, "index_end_day": 13, "index_reason": "unplanned",
             "episode_end_day": 13, "episode_reason": "unplanned"},
            {"person_id": "open"},
        ]
    )  # fmt: skip
    who = people("done", "late", "open")
    who["observed_days"] = [100, 365, 50]
    who.loc[who["person_id"] == "late", "index_start_day"] = 3
    found = left(who, care)
    assert found["done"] == {"index": (27, 27, "completed"), "care": (100, 100, "censored")}
    assert found["late"] == {"index": (10, 10, "unplanned"), "care": (10, 10, "unplanned")}
    assert found["open"] == {"index": (50, 50, "censored"), "care": (50, 50, "censored")}


def test_the_continuum_begins_with_detoxification_and_other_gap_rules_move_its_end():
    care = episodes(
        [
            {"person_id": "a", "episode_start_day": -5, "index_end_day": 27, "index_reason": "completed",
             "episode_end_day": 84, "episode_reason": "unplanned"},
        ]
    )  # fmt: skip
    by_gap = table(
        "episodes_by_gap",
        [
            {"gap_days": 7, "episode": 1, "episode_start_day": -5, "episode_end_day": 27,
             "episode_reason": "completed"},
            {"gap_days": 7, "episode": 2, "episode_start_day": 40, "episode_end_day": 84,
             "episode_reason": "unplanned"},
            {"gap_days": 30, "episode": 1, "episode_start_day": -60, "episode_end_day": 84,
             "episode_reason": "unplanned"},
        ],
        person_id="a", index_start_day=0,
    )  # fmt: skip
    found = left(people("a", clock_start_day=-5), care, by_gap, "continuum", "care_gap_7", "care_gap_30")["a"]
    assert found["care"] == (84, 84, "unplanned")
    assert found["continuum"] == (89, 89, "unplanned")
    assert found["care_gap_7"] == (27, 27, "completed")
    assert found["care_gap_30"] == (84, 84, "unplanned")


def test_an_end_known_as_an_interval_keeps_both_of_its_days():
    ends = {"index_end_day": 31, "index_end_latest": 45, "episode_end_day": 31, "episode_end_latest": 45}
    care = episodes([{"person_id": "a", "index_reason": "unplanned", "episode_reason": "unplanned", **ends}])
    assert left(people("a"), care)["a"]["index"] == (31, 45, "unplanned")
    # observation ends before the interval begins: last seen in care
    assert left(people("a", observed_days=20), care)["a"]["index"] == (20, 20, "censored")


def test_use_before_discharge_is_asked_of_those_who_have_left():
    care = episodes(
        [
            {"person_id": p, "index_end_day": end, "index_reason": "completed", "use_at_discharge": use}
            for p, end, use in (("a", 40, "none"), ("b", 40, "some"), ("c", 40, "unknown"), ("d", 200, "none"))
        ]
    )
    who = people("a", "b", "c", "d")
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    endpoint = parts.endpoint("o", "at_discharge")
    found = abstinence.run(
        who, EMPTY["followups"], EMPTY["screens"], LIVING, care, stays, [endpoint], {"o": [90]}
    )["abstinence"].set_index("person_id")  # fmt: skip
    check(TABLES["abstinence"], found.reset_index())
    assert found.loc[["a", "b"], "abstinent"].tolist() == [True, False]
    assert found["abstinent"].isna().tolist() == [False, False, True, True]
    assert found["mature"].tolist() == [True, True, True, False]


def test_every_episode_can_count_and_records_are_read_from_its_own_time_zero():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes(
        [
            {"person_id": "a", "episode": 1},
            {"person_id": "a", "episode": 2, "index_start_day": 120, "days_since_previous": 70, "index_level": "3.5",
             "episode_start_day": 120},
            {"person_id": "b", "index_level": "3.5"},
        ]
    )  # fmt: skip
    found = admitted(who, care, unit="episode")["people"]
    assert found["person_id"].tolist() == ["a/1", "a/2", "b/1"]
    assert found["record_id"].tolist() == ["a", "a", "b"]
    tests = screens([{"person_id": "a", "day": 123, "result": "negative"}])
    moved = units.from_zero(tests, found)
    assert dict(zip(moved["person_id"], moved["day"], strict=True)) == {"a/1": 123, "a/2": 3}


def test_people_left_out_by_the_source_and_set_aside_come_first_and_add_up():
    who = persons([{"person_id": "a"}, {"person_id": "b"}])
    care = episodes([{"person_id": "a"}, {"person_id": "b", "index_level": "3.5"}])
    intake = table(
        "intake",
        [
            {"outcome": "kept", "rows": 2}, {"outcome": "excluded: detoxification", "rows": 40},
            {"outcome": "quarantined: out of range age", "rows": 3}, {"outcome": "merged: exact duplicate", "rows": 5},
        ],
        table="persons",
    )  # fmt: skip
    attrition = admitted(who, care, intake=intake)["attrition"]
    assert attrition[["rule", "excluded", "remaining"]].to_numpy().tolist()[:3] == [
        ["In the records", 0, 45],
        ["Detoxification", 40, 5],
        ["A record of theirs could not be trusted", 3, 2],
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"column": "shoe_size"}, "'shoe_size', which the records do not have"), ({"column": "sex"}, "which is text")],
)
def test_a_rule_that_the_records_cannot_answer_is_named(change, said):
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    given = {"cohort": "*", "rule": "r", "column": "age", "keep": "at_least", "value": "18", "label": "l", **change}
    rule = Eligibility.model_validate(given)
    with pytest.raises(StudyError, match=said):
        admitted(who, care, rules=[rule], contrast=None)


INTERVIEW = parts.endpoint("abstinent", "interview", substance="any", tolerance_days=14)
LIVING = TABLES["persons"].empty()
EMPTY = {n: TABLES[n].empty() for n in ("followups", "screens", "sessions")}


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


def followups(rows: list[dict]) -> pd.DataFrame:
    return table("followups", rows, target_day=182, lookback_days=28)


def screens(rows: list[dict]) -> pd.DataFrame:
    return table("screens", rows, substance="any")


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


def test_a_relapse_is_dated_to_the_first_of_its_screens():
    pattern = {"a": "-++o+--", "b": "++-+o-+", "c": "++++---"}
    results = {"-": "negative", "+": "positive", "o": "missing"}
    rows = [
        {"person_id": p, "day": 7 * i + 3, "result": results[c]} for p, s in pattern.items() for i, c in enumerate(s)
    ]
    tests = screens(rows[::-1])
    run = {"run": 4, "counts": "positive,missing"}
    assert times("run_of_screens", {"screens": tests}, **run) == {"a": (10, True), "b": (45, False), "c": (3, True)}
    later = times("run_of_screens", {"screens": tests}, **run, **{"from_day": 7})
    assert later == {"a": (10, True), "b": (45, False), "c": (45, False)}


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
    found = dose.run(people("a", "b"), stays, attended, tests, held, [28])["dose"].set_index("person_id")
    check(TABLES["dose"], found.reset_index())
    assert found.loc["a", "hours_per_week"] == pytest.approx(4 * 3 / 4)
    assert found.loc["b", "hours_per_week"] == 0
    assert found["in_care_at_end"].tolist() == [True, False]
    assert found.loc["b", "positive_screens"] == pytest.approx(1 / 3)
    assert found.loc["b", "missed_screens"] == pytest.approx(1 / 3)
    assert found.loc["a", "reported_use"] == pytest.approx(0.25)
    assert pd.isna(found.loc["b", "reported_use"])


def test_without_sessions_hours_are_missing_not_zero():
    stays = table("retention", [{"person_id": "a", "days": 28, "days_latest": 28}], follows="care", cause="completed")
    found = dose.run(people("a"), stays, EMPTY["sessions"], EMPTY["screens"], EMPTY["followups"], [28])["dose"]
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


@pytest.mark.parametrize(
    ("adjustment", "said"),
    [
        ({"continuous": [], "categorical": ["person_id"]}, "'person_id'"),
        ({"continuous": [], "categorical": ["observed_to_day"]}, "'observed_to_day'"),
        ({"continuous": ["sex"], "categorical": []}, "'sex' is text"),
        ({"continuous": [], "categorical": ["age"]}, "'age' is a number"),
    ],
)
def test_only_baseline_columns_of_the_right_kind_are_adjusted_for(adjustment, said):
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match=said):
        admitted(who, care, contrast=None, adjustment=Adjustment.model_validate(adjustment))


def test_a_covariate_that_nobody_has_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    who["severity"] = float("nan")
    with pytest.raises(StudyError, match="'severity' is missing for everyone"):
        admitted(who, care, contrast=None)


def test_words_that_few_people_have_are_one_category_and_stand_nowhere():
    words = ["working"] * 40 + ["looking"] * 10 + ["beekeeper", "diver", "unknown"]
    who = persons([{"person_id": f"p{i:03d}", "employment": word} for i, word in enumerate(words)])
    care = episodes([{"person_id": n, "index_level": ("2.1", "3.5")[i % 2]} for i, n in enumerate(who["person_id"])])
    given = (
        who, blind(care), NO_PERIODS, NO_QUARANTINE, NO_INTAKE, POPULATION, RULES,
        Adjustment(categorical=["employment", "sex"]), {"c": CONTRAST}, "partial_hospitalization",
    )  # fmt: skip
    found = population.run(*given, fewest=11)
    assert set(found["people"]["employment"]) == {"working", "unknown", population.FEW}
    assert (found["people"]["employment"] == population.FEW).sum() == 12
    assert not {"looking", "beekeeper", "diver"} & set(found["covariates"]["employment"].cat.categories)
    # words that the declaration allows are no one's own; nor are those of an arm
    assert set(found["people"]["sex"]) == {"female"}
    arm = {"first": Arm(name="d", label="Divers", values=["diver"]), "column": "employment"}
    asked = {"c": CONTRAST.model_copy(update=arm)}
    kept = population.together(found["people"].assign(employment=words), ["employment"], asked, 11)
    assert set(kept["employment"]) == {"working", "unknown", "diver", population.FEW}
    # a policy that lets everything out joins nothing
    assert set(population.run(*given)["people"]["employment"]) == set(words)


def test_an_empty_arm_is_told_without_the_words_of_a_few_people():
    words = ["working"] * 12 + ["diver"]
    frame = people(*(f"p{i}" for i in range(13))).assign(employment=words)
    side = Arm(name="none", label="None", values=["nobody"])
    asked = CONTRAST.model_copy(update={"column": "employment", "first": side, "second": side})
    with pytest.raises(StudyError, match=r"Values found: working\.") as refused:
        population.arms(frame, {"c": asked}, 11)
    assert "diver" not in str(refused.value)


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
