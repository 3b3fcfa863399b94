"""The cohort: eligibility and arms, retention, abstinence and dose, on tables small enough to check by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from iop_outcomes.cohort import abstinence, dose, population, retention
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES, check

POPULATION = {"minimum_age": 18, "program_types": ["substance_use"], "washout_days": 60, "minimum_observed_days": 0}
ADJUSTMENT = {"continuous": ["severity"], "categorical": ["sex"]}
CONTRAST = {
    "column": "index_level",
    "first": {"name": "iop", "label": "IOP", "values": ["2.1"]},
    "second": {"name": "residential", "label": "Residential", "values": ["3.5"]},
    "stratum": "site_id",
    "trial": None,
    "required": True,
}


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
        program_type="substance_use", after_detox=False,
    )  # fmt: skip


def people(*names: str, **columns) -> pd.DataFrame:
    rows = [{"person_id": n} for n in names]
    defaults = {"site_id": "S1", "index_level": "2.1", "index_start_day": 0, "observed_days": 365}
    return table("people", rows, **{**defaults, "assigned_arm": "none", "trial": "none", **columns})


NO_QUARANTINE = TABLES["quarantine"].empty()


def blind(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[c for c, d in TABLES["episodes"].columns.items() if d.outcome])


def admitted(who, care, quarantine=NO_QUARANTINE, population_rules=POPULATION, contrast=CONTRAST):
    return population.run(who, blind(care), quarantine, population_rules, ADJUSTMENT, {"c": contrast})


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
    assert attrition["excluded"].tolist() == [0, 1, 1, 1, 1, 2, 1, 0]
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
    found = admitted(who, care, contrast={**CONTRAST, "required": False})
    assert found["arms"]["arm"].tolist() == [1]


def test_no_one_eligible_stops_the_run_with_the_counts():
    with pytest.raises(StudyError, match="Under 18 years, or age unknown: 1 excluded"):
        admitted(persons([{"person_id": "a", "age": 3}]), episodes([{"person_id": "a"}]))


def test_a_covariate_that_is_not_there_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    with pytest.raises(StudyError, match="'housing'"):
        population.run(who, blind(care), NO_QUARANTINE, POPULATION, {**ADJUSTMENT, "categorical": ["housing"]}, {})


def test_covariates_are_numbers_with_missing_ones_flagged_and_rare_categories_joined():
    rows = [{"person_id": f"p{i:02d}", "severity": None if i < 12 else float(i)} for i in range(40)]
    rows = [{**r, "sex": "male" if i % 2 else "female"} for i, r in enumerate(rows)]
    rows[0]["sex"] = "unknown"
    care = episodes(
        [{"person_id": r["person_id"], "index_level": "3.5" if i % 3 else "2.1"} for i, r in enumerate(rows)]
    )
    found = admitted(persons(rows), care)["covariates"]
    assert list(found.columns) == ["person_id", "severity", "severity=missing", "sex=female"]
    assert found["severity=missing"].sum() == 12
    assert found.loc[0, "severity"] == pytest.approx(25.5)


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
    found = retention.run(who, care)["retention"].set_index("person_id")
    check(TABLES["retention"], found.reset_index())
    assert found.loc["done"].tolist() == [27, "completed", 100, "censored"]
    assert found.loc["late"].tolist() == [10, "unplanned", 10, "unplanned"]
    assert found.loc["open"].tolist() == [50, "censored", 50, "censored"]


INTERVIEW = {"outcome": "abstinent", "kind": "interview", "substance": "any", "tolerance_days": 14}
LIVING = TABLES["persons"].empty()
EMPTY = {n: TABLES[n].empty() for n in ("followups", "screens", "sessions")}


def endpoint_values(kind: str, rows: dict, horizon: int, **more) -> dict:
    endpoint = {"outcome": "o", "kind": kind, "substance": "any", "tolerance_days": 14, **more}
    who = people("a", "b", "c", "d")
    found = abstinence.run(
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
    endpoint = {"outcome": "o", "kind": kind, "substance": "any", "from_day": 0, **more}
    given = {**EMPTY, **rows}
    found = abstinence.run(
        people("a", "b", "c"), given["followups"], given["screens"], LIVING, [endpoint], {"o": [365]}
    )
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
    endpoint = {"outcome": "o", "kind": "interview", "substance": "any", "tolerance_days": 0}
    moved = people("a", index_start_day=10)
    found = abstinence.run(moved, held, EMPTY["screens"], LIVING, [endpoint], {"o": [182]})["abstinence"]
    assert found["abstinent"].tolist() == [True]


def test_a_horizon_beyond_observation_is_not_yet_observed():
    young = people("a", observed_days=100)
    found = abstinence.run(young, EMPTY["followups"], EMPTY["screens"], LIVING, [INTERVIEW], {"abstinent": [90, 180]})
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
        [{"person_id": "a", "care_days": 28, "index_days": 28}, {"person_id": "b", "care_days": 27, "index_days": 27}],
        index_cause="completed", care_cause="completed",
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
    stays = table(
        "retention",
        [{"person_id": "a", "care_days": 28, "index_days": 28}],
        index_cause="completed",
        care_cause="completed",
    )
    found = dose.run(people("a"), stays, EMPTY["sessions"], EMPTY["screens"], EMPTY["followups"], [28])["dose"]
    assert found["hours_per_week"].isna().all()


def test_the_dead_were_observed_to_the_end_and_a_first_use_before_time_zero_is_none():
    dead = persons([{"person_id": "a", "death_day": 40, "observed_to_day": 40}])
    young = people("a", observed_days=40)
    found = abstinence.run(young, EMPTY["followups"], EMPTY["screens"], dead, [INTERVIEW], {"abstinent": [90]})
    assert found["abstinence"]["mature"].tolist() == [True]
    held = followups([{"person_id": "a", "day": 182, "first_use_day": 5, "no_use_through_day": 4}])
    endpoint = {"outcome": "o", "kind": "first_use", "substance": "any"}
    moved = people("a", index_start_day=10)
    timed = abstinence.run(moved, held, EMPTY["screens"], LIVING, [endpoint], {"o": [365]})["first_use"]
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
        population.run(who, blind(care), NO_QUARANTINE, POPULATION, adjustment, {})


def test_a_covariate_that_nobody_has_is_named():
    who, care = persons([{"person_id": "a"}]), episodes([{"person_id": "a"}])
    who["severity"] = float("nan")
    with pytest.raises(StudyError, match="'severity' is missing for everyone"):
        population.run(who, blind(care), NO_QUARANTINE, POPULATION, ADJUSTMENT, {})
