"""What the records hold, counted for a handful of people whose answers are known."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

from iop_outcomes.analyses import records
from iop_outcomes.analyses.records import cells
from iop_outcomes.clean import episodes
from iop_outcomes.cohort import use
from iop_outcomes.protocol import AskedTests, Use
from iop_outcomes.tables import TABLES, check

Frames = dict[str, pd.DataFrame]


def typed(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A canonical table; columns that no row names and that are optional are left out."""
    declared = {n: c for n, c in TABLES[name].columns.items() if not c.optional or any(n in r for r in rows)}
    frame = pd.DataFrame(rows, columns=list(declared)).astype({n: c.dtype for n, c in declared.items()})
    frame = frame.where(frame.notna() | ~frame.columns.isin([n for n, c in declared.items() if c.kind == "text"]), None)
    return check(TABLES[name], frame)


def stay(person: str, level: str, start: int, end: int | None, why: str | None, **more: Any) -> dict[str, Any]:
    return {
        "person_id": person, "stay_id": f"{person}{start:04d}", "site_id": "A", "level_of_care": level,
        "start_day": start, "end_day": end, "discharge_reason": why, "program_type": "substance_use", **more,
    }  # fmt: skip


STAYS = [
    # P1 steps down twice and completes; 12 hours were scheduled at first
    stay("P1", "2.1", 0, 27, "transferred", scheduled_hours_per_week=12.0, planned_days=28.0),
    stay("P1", "1", 30, 60, "completed"),
    # P2 leaves after a week, and comes back after 40 days
    stay("P2", "3.5", 0, 6, "unplanned", scheduled_hours_per_week=30.0, planned_days=28.0),
    stay("P2", "2.1", 46, 60, "completed"),
    # P3 is still there
    stay("P3", "2.1", 0, None, None, scheduled_hours_per_week=7.0, planned_days=90.0),
    # P4 dies in care
    stay("P4", "1", 0, 9, "other"),
]
PERSONS = [
    {"person_id": "P1", "observed_to_day": 200, "age": 30, "sex": "female", "employment": "part_time"},
    {"person_id": "P2", "observed_to_day": 200, "age": None, "sex": "unknown", "employment": "unknown"},
    {"person_id": "P3", "observed_to_day": 40, "age": 50, "sex": "male", "employment": None},
    {"person_id": "P4", "observed_to_day": 200, "death_day": 9, "age": 60, "sex": "male", "employment": "part_time"},
]
ENTRY = {"P1": "2024Q1", "P2": "2024Q1", "P3": "2024Q2", "P4": "2024Q2"}
SESSIONS = [
    # P1: 3 hours on 12 days of four weeks, 9 hours a week
    *({"person_id": "P1", "day": d, "minutes": 180.0, "level_of_care": "2.1"} for d in range(0, 24, 2)),
    # P2: after the index stay only
    {"person_id": "P2", "day": 50, "minutes": 60.0, "level_of_care": "2.1"},
]
SCREENS = [
    {"person_id": "P1", "day": 7, "substance": "any", "result": "negative"},
    {"person_id": "P2", "day": 7, "substance": "any", "result": "missing"},
    {"person_id": "P3", "day": -4, "substance": "any", "result": "negative"},
]
FOLLOWUPS = [
    {"person_id": "P1", "target_day": 90, "day": 91, "lookback_days": 30, "days_used": 0.0},
    {"person_id": "P2", "target_day": 90, "day": None, "lookback_days": 30, "days_used": None},
    # not yet due while P3 was observed
    {"person_id": "P3", "target_day": 90, "day": None, "lookback_days": 30, "days_used": None},
]


@cache
def frames() -> Frames:
    """The canonical tables of all four; read, never changed."""
    stays, persons = typed("stays", STAYS), typed("persons", PERSONS)
    linked = episodes.link(stays, persons, 14).episodes
    first = linked.drop_duplicates("person_id")
    known = persons.set_index("person_id")
    people = pd.DataFrame(
        {
            "person_id": first["person_id"],
            "record_id": first["person_id"],
            "site_id": first["site_id"],
            "entry_period": first["person_id"].map(ENTRY),
            "index_level": first["index_level"],
            "index_start_day": first["index_start_day"],
            "observed_days": first["person_id"].map(known["observed_to_day"]),
            "planned_days": first["planned_days"],
        }
    ).reset_index(drop=True)
    found = {
        "people": people,
        "persons": persons,
        "stays": stays,
        "sessions": typed("sessions", [{"modality": "in_person", **r} for r in SESSIONS]),
        "screens": typed("screens", SCREENS),
        "followups": typed("followups", FOLLOWUPS),
        "episodes": linked,
        "episodes_by_gap": episodes.by_gap({gap: episodes.link(stays, persons, gap) for gap in (14, 60)}),
    }
    tested = {name: found[name] for name in ("people", "persons", "stays", "screens", "followups")}
    patterns = use.run(**tested, medications=typed("medications", []), use=Use(), views=[AskedTests()])
    return {**found, **patterns}


def counted(tables: Frames | None = None, **changes: Any) -> pd.DataFrame:
    settings = {
        "use": Use(), "cohort": "hand", "horizons": [30, 90], "covariates": ["employment", "veteran"],
        "smallest_group": 1,
        "by_service": False, "twenty_hours": "partial_hospitalization", **changes,
    }  # fmt: skip
    return check(TABLES["counts"], records.run(**(tables or frames()), **settings)["counts"])


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return counted()


def people(counts: pd.DataFrame, outcome: str, variable: str = "all", day: int | None = None, **some: str) -> Any:
    """By level. some: what the people are grouped by, and the group."""
    ((by, group),) = some.items() or (("all", "all"),)
    own = counts[(counts["outcome"] == outcome) & (counts["variable"] == variable)]
    own = own[(own["arm"] == "all") & (own["group_by"] == by) & (own["group"] == group)]
    own = own[own["horizon_days"].isna() if day is None else own["horizon_days"] == day]
    return {level: n for level, n in zip(own["level"], own["count"], strict=True) if n}


def test_all_rows_are_of_one_analysis(counts: pd.DataFrame) -> None:
    assert set(counts["analysis"]) == {"records"}
    assert set(counts["contrast"]) == {"all"}
    assert set(counts["cohort"]) == {"hand"}


# -------------------------------------------------------------------------------------------------------- completeness


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("age", {"known": 3, "not_known": 1}),
        ("sex", {"known": 3, "not_known": 1}),
        ("primary_drug", {"not_known": 4}),
        # unknown in words, and missing
        ("employment", {"known": 2, "not_known": 2}),
        # a covariate that the source lacks
        ("veteran", {"not_known": 4}),
        ("entry_period", {"known": 4}),
        ("planned_days", {"known": 3, "not_known": 1}),
        ("scheduled_hours", {"known": 3, "not_known": 1}),
        # P2's session came after the index stay
        ("sessions", {"known": 1, "not_known": 3}),
        # a screen that was not given, and one before time zero, are none
        ("screens", {"known": 1, "not_known": 3}),
        # P3's interview lay beyond observation; P4 had none to come to
        ("followups", {"known": 1, "not_known": 1, "not_asked": 2}),
        ("discharge_reason", {"known": 3, "not_asked": 1}),
    ],
)
def test_completeness_by_hand(counts: pd.DataFrame, field: str, expected: dict[str, int]) -> None:
    assert people(counts, "completeness", field) == expected


def test_completeness_by_period_adds_up(counts: pd.DataFrame) -> None:
    assert people(counts, "completeness", "age", period="2024Q1") == {"known": 1, "not_known": 1}
    assert people(counts, "completeness", "age", period="2024Q2") == {"known": 2}
    # one site is no group of its own
    assert not (counts["group_by"] == "site").any()


def test_every_group_has_all_levels_of_its_outcome(counts: pd.DataFrame) -> None:
    own = counts[(counts["outcome"] == "completeness") & (counts["variable"] == "age")]
    assert set(own.groupby(["group_by", "group"]).size()) == {2}
    assert not counts["count"].isna().any()


# ------------------------------------------------------------------------------------------------------------ maturity


def test_maturity_by_hand(counts: pd.DataFrame) -> None:
    assert people(counts, "maturity", day=30) == {"mature": 4}
    # P3 was observed for 40 days; P4 died, and was observed for 200
    assert people(counts, "maturity", day=90) == {"mature": 3, "not_yet_observed": 1}
    # nobody could have been seen on day 300, and P4 no more than the others
    assert people(counted(horizons=[300]), "maturity", day=300) == {"not_yet_observed": 4}
    assert people(counts, "maturity", period="2024Q2", day=90) == {"mature": 1, "not_yet_observed": 1}


# ---------------------------------------------------------------------------------------------------- levels and hours


def test_agreement_by_hand(counts: pd.DataFrame) -> None:
    # 12 hours are intensive; 7 are neither, for adults; P4's are not known; P2's level has beds
    assert people(counts, "agreement", "asam", label="2.1") == {"2.1": 1, "indeterminate": 1}
    assert people(counts, "agreement", "asam", label="1") == {"not_known": 1}
    assert people(counts, "agreement", "broad", label="2.1") == {"2.1": 2}
    # delivered: 9 hours a week, and none
    assert people(counts, "agreement", "delivered", asam="2.1") == {"2.1": 1}
    assert people(counts, "agreement", "delivered", asam="indeterminate") == {"1": 1}


def test_hours_by_hand(counts: pd.DataFrame) -> None:
    assert people(counts, "hours", "scheduled", level_of_care="2.1") == {"6 to under 9": 1, "9 to under 20": 1}
    assert people(counts, "hours", "scheduled", level_of_care="3.5") == {"30 or more": 1}
    assert people(counts, "hours", "delivered", level_of_care="2.1") == {"9 to under 20": 1, "under 6": 1}
    assert people(counts, "hours", "delivered_of_scheduled", level_of_care="2.1") == {
        "three quarters to all": 1, "under a quarter": 1,
    }  # fmt: skip
    assert people(counts, "hours", "delivered_of_scheduled", level_of_care="1") == {"not_known": 1}


def test_days_against_plan_by_hand(counts: pd.DataFrame) -> None:
    # P1 stayed 28 of 28 days, P3 is still there after 41 of 90, P2 stayed 7 of 28
    assert people(counts, "days", "attained_of_planned", level_of_care="2.1") == {"all or more": 1, "still_there": 1}
    assert people(counts, "days", "attained_of_planned", level_of_care="3.5") == {"a quarter to half": 1}


def test_without_hours_there_is_no_agreement() -> None:
    tables = frames()
    nothing = tables["stays"].assign(scheduled_hours_per_week=float("nan"))
    linked = tables["episodes"].assign(scheduled_hours_per_week=float("nan"))
    found = counted({**tables, "stays": nothing, "episodes": linked, "sessions": tables["sessions"][:0]})
    assert not found["outcome"].str.startswith(("agreement", "hours")).any()
    assert people(found, "completeness", "sessions") == {"not_known": 4}


# --------------------------------------------------------------------------------------------------------------- moves


def test_moves_by_hand(counts: pd.DataFrame) -> None:
    assert people(counts, "transition", "1", **{"from": "2.1"}) == {"1": 1, "in_care": 1}
    assert people(counts, "transition", "1", **{"from": "3.5"}) == {"unplanned": 1}
    assert people(counts, "transition", "1", **{"from": "1"}) == {"died": 1}
    assert people(counts, "transition", "2", **{"from": "1"}) == {"completed": 1}
    assert not ((counts["outcome"] == "transition") & (counts["variable"] == "3")).any()


def test_moves_of_a_step_begin_where_the_step_before_led(counts: pd.DataFrame) -> None:
    own = counts[counts["outcome"] == "transition"]
    to = own[own["variable"] == "1"].groupby("level")["count"].sum()
    begun = own[own["variable"] == "2"].groupby("group")["count"].sum()
    assert (to.reindex(begun.index) == begun).all()


def test_a_level_at_discharge_is_a_move_where_it_differs() -> None:
    tables = frames()
    told = tables["stays"].assign(level_at_discharge=["2.1", "2.5", None, None, None, "1"])
    found = counted({**tables, "stays": told})
    assert people(found, "transition", "2", **{"from": "1"}) == {"2.5": 1}
    assert people(found, "transition", "3", **{"from": "2.5"}) == {"completed": 1}
    # the same level is no move
    assert people(found, "transition", "1", **{"from": "1"}) == {"died": 1}


def test_an_end_beyond_observation_is_not_seen() -> None:
    tables = frames()
    short = tables["people"].assign(observed_days=[20, 200, 40, 200])
    found = counted({**tables, "people": short})
    assert people(found, "transition", "1", **{"from": "2.1"}) == {"1": 1, "in_care": 1}
    assert people(found, "completeness", "discharge_reason")["not_asked"] == 2


def test_episodes_by_gap(counts: pd.DataFrame) -> None:
    # P2 was away for 40 days
    assert people(counts, "episodes", gap_days="14") == {"1": 3, "2": 1}
    assert people(counts, "episodes", gap_days="60") == {"1": 4}


def test_units_of_one_person_count_one_by_one_and_their_person_once() -> None:
    tables = frames()
    linked = tables["episodes"]
    again = linked[linked["person_id"] == "P2"].iloc[[1]]
    second = tables["people"][tables["people"]["person_id"] == "P2"].assign(
        person_id="P2/2", index_level="2.1", index_start_day=int(again["index_start_day"].iloc[0]), observed_days=154
    )
    both = pd.concat([tables["people"], second], ignore_index=True)
    found = counted({**tables, "people": both})
    assert people(found, "completeness", "age") == {"known": 3, "not_known": 2}
    assert people(found, "transition", "1", **{"from": "2.1"}) == {"1": 1, "in_care": 1, "completed": 1}
    assert people(found, "episodes", gap_days="14") == {"1": 3, "2": 1}
    # the session on day 50 lies within the second unit
    assert people(found, "completeness", "sessions")["known"] == 2


def test_completion_by_service_only_where_it_is_asked_for() -> None:
    tables = frames()
    named = tables["stays"].assign(service=["iop", "outpatient", "short", "iop", "iop", None])
    found = counted({**tables, "stays": named}, by_service=True)
    # an open stay is no discharge
    assert people(found, "completion", service="iop") == {"transferred": 1, "completed": 1}
    assert people(found, "completion", service="short") == {"otherwise": 1}
    assert not counted({**tables, "stays": named})["outcome"].eq("completion").any()
    assert not counted(tables, by_service=True)["outcome"].eq("completion").any()


def test_periods_of_report_have_no_levels_and_no_moves() -> None:
    tables = frames()
    told = tables["people"].assign(index_level="none", planned_days=float("nan"))
    found = counted({**tables, "people": told})
    assert not found["outcome"].str.startswith(("agreement", "transition", "days")).any()
    assert people(found, "completeness", "age") == {"known": 3, "not_known": 1}


def test_the_order_of_rows_does_not_matter(counts: pd.DataFrame) -> None:
    turned = {name: table.iloc[::-1].reset_index(drop=True) for name, table in frames().items()}
    pd.testing.assert_frame_equal(counted(turned), counts)


# -------------------------------------------------------------------------------------------------------------- groups


def groups(sizes: dict[str, int], smallest: int, most: int = 60) -> dict[str, int] | None:
    values = pd.Series([name for name, n in sizes.items() for _ in range(n)], dtype=object)
    found = cells.grouped(values, smallest, most, "smaller sites")
    return None if found is None else {str(k): int(v) for k, v in found.value_counts().items() if v}


def test_small_groups_are_joined_until_they_are_large_enough() -> None:
    assert groups({"A": 50, "B": 30, "C": 6, "D": 5}, 10) == {
        "A": 50, "B": 30, "smaller sites": 11,
    }  # fmt: skip
    # one small site takes the smallest of the others with it
    assert groups({"A": 50, "B": 30, "C": 20, "D": 5}, 10) == {
        "A": 50, "B": 30, "smaller sites": 25,
    }  # fmt: skip
    assert groups({"A": 50, "D": 5}, 10) is None
    assert groups({"A": 50}, 10) is None


def test_groups_beyond_a_number_are_joined_the_smallest_first() -> None:
    assert groups({"A": 20, "B": 30, "C": 40, "D": 20}, 10, most=2) == {
        "C": 40, "B": 30, "smaller sites": 40,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "under 6"), (5.99, "under 6"), (6.0, "6 to under 9"), (20.0, "20 to under 30"), (168.0, "30 or more")],
)
def test_a_band_begins_at_its_edge(value: float, expected: str) -> None:
    from iop_outcomes.tables.bands import HOURS

    assert list(cells.banded(pd.Series([value, float("nan")]), HOURS)) == [expected, "not_known"]


def test_who_was_tested_by_level_of_care_and_interval(counts: pd.DataFrame) -> None:
    def week(level: str, day: int) -> dict[str, int]:
        return people(counts, "testing", "any", day, level_of_care=level)

    # days 1 to 7: P1 gave a test at home; of P3 none was due; P2 missed one in residence, on day 0 to 6; P4 lived
    assert week("2.1", 7) == {"taken": 1, "no_test_due": 1}
    assert week("3.5", 7) == {"missed_in_residence": 1}
    assert week("1", 7) == {"no_test_due": 1}
    # days 8 to 14: P4 died on day 9
    assert week("1", 14) == {"died": 1}
    # P3 is observed to day 40, up to which five weeks are whole; the last interval ends by the last day asked about
    assert week("2.1", 35) == {"no_test_due": 2}
    assert week("2.1", 42) == {"no_test_due": 1, "not_yet_observed": 1}
    days = counts.loc[counts["outcome"] == "testing", "horizon_days"]
    assert sorted(days.unique()) == list(range(7, 90, 7))
    # every unit is in one cell of every interval
    whole = counts[counts["outcome"] == "testing"].groupby("horizon_days")["count"].sum()
    assert set(whole) == {4}
