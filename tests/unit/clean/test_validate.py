from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from canonical_rows import ROWS, Row, broken, outcome, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes import clean
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.conform import complete


def test_sound_rows_are_kept() -> None:
    found = outcome(raw())
    assert len(found["quarantine"]) == 0
    assert found["intake"].to_numpy().tolist() == [[name, "kept", 1] for name in ROWS]


SECOND: Row = {"stay_id": "s2", "start_day": 100, "end_day": 120}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"start_day": None}, "missing start_day"),
        ({"person_id": None}, "missing person_id"),
        ({"level_of_care": "2.7"}, "unknown level_of_care"),
        ({"discharge_reason": "gone"}, "unknown discharge_reason"),
        ({"scheduled_hours_per_week": 168.5}, "out of range scheduled_hours_per_week"),
        ({"planned_days": -1.0}, "out of range planned_days"),
        ({"person_id": "nobody"}, "person not in persons"),
        ({"start_day": 121}, "ends before it starts"),
        ({"discharge_reason": None}, "ended without a reason"),
        ({"end_day": None}, "a reason but no end"),
        ({"start_day": 366, "end_day": 400}, "starts after the end of observation"),
        ({"end_day": 366}, "ends after the end of observation"),
        ({"start_day": 351, "end_day": 352}, "starts after death"),
        # two rules broken: the first counts
        ({"level_of_care": "2.7", "start_day": 121}, "unknown level_of_care"),
    ],
)
def test_a_stay_that_breaks_a_rule_is_set_aside_under_it(change: Row, rule: str) -> None:
    tables = raw(stays=[{}, {**SECOND, **change}], persons=[{"death_day": 350}])
    assert broken(tables) == [("stays", rule, 1)]


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        ("sessions", {"minutes": 1441.0}, "out of range minutes"),
        ("sessions", {"modality": "phone"}, "unknown modality"),
        ("sessions", {"day": 31}, "outside any stay"),
        ("sessions", {"day": -1}, "outside any stay"),
        ("sessions", {"person_id": "b"}, "person not in persons"),
        ("screens", {"day": -91}, "long before the first stay"),
        ("screens", {"day": 366}, "after the end of observation"),
        ("screens", {"result": "maybe"}, "unknown result"),
        ("followups", {"lookback_days": 0}, "out of range lookback_days"),
        ("followups", {"day": None}, "answers without an interview"),
        ("followups", {"days_used": 31.0}, "more days of use than asked about"),
        ("followups", {"first_use_day": -1}, "first use before day 0"),
        ("followups", {"first_use_day": 93}, "first use after the interview"),
        ("followups", {"first_use_day": None, "no_use_through_day": 93}, "no use beyond the interview"),
        ("followups", {"no_use_through_day": 70}, "use within days of no use"),
        ("followups", {"day": 366}, "after the end of observation"),
        ("medications", {"end_day": -1}, "ends before it starts"),
        ("medications", {"start_day": 366, "end_day": None}, "starts after the end of observation"),
        ("persons", {"age": 121}, "out of range age"),
        ("persons", {"sex": None}, "missing sex"),
    ],
)
def test_rows_of_other_tables(name: str, change: Row, rule: str) -> None:
    assert (name, rule, 0) in broken(raw(**{name: [change]}))


@pytest.mark.parametrize(("death_day", "rule"), [(350, []), (92, []), (91, [("followups", "held after death", 0)])])
def test_interviews_are_held_with_the_living(death_day: int, rule: list[tuple[str, str, int]]) -> None:
    assert broken(raw(persons=[{"death_day": death_day}], followups=[{"day": 92}])) == rule


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("stays", {"end_day": None, "discharge_reason": None}),
        ("stays", {"start_day": 365, "end_day": 365}),
        ("stays", {"scheduled_hours_per_week": 168.0}),
        ("sessions", {"day": 30}),
        ("sessions", {"day": 0, "minutes": 1440.0}),
        ("screens", {"day": -90}),
        ("followups", {"day": None, "days_used": None, "first_use_day": None, "no_use_through_day": None}),
        ("followups", {"target_day": 400}),
        ("followups", {"days_used": 30.0, "first_use_day": 92, "no_use_through_day": 91}),
        ("persons", {"age": 120}),
    ],
)
def test_rows_at_the_edge_are_kept(name: str, change: Row) -> None:
    kept = outcome(raw(**{name: [change]}))
    assert not (kept["quarantine"]["table"] == name).any()


def test_a_person_set_aside_takes_the_other_rows_along() -> None:
    rules = broken(raw(persons=[{"age": 200}]))
    assert rules[0] == ("persons", "out of range age", 0)
    assert {rule for _, rule, _ in rules[1:]} == {"person not in persons"}
    assert len(rules) == 7


def test_a_session_in_an_open_stay_or_between_long_and_short_ones() -> None:
    stays = [{"end_day": 100}, {**SECOND, "level_of_care": "3.5", "start_day": 10, "end_day": 12}]
    assert broken(raw(stays=stays, sessions=[{"day": 50}, {"day": 101}])) == [("sessions", "outside any stay", 1)]
    stays = [{"end_day": None, "discharge_reason": None}]
    assert broken(raw(stays=stays, sessions=[{"day": 364}])) == []


def test_sessions_of_a_day_that_add_up_to_more_than_it_has() -> None:
    long = {"minutes": 800.0}
    sessions = [long, {**long, "modality": "virtual"}, {**long, "day": 4}, {**long, "day": 4}, {**long, "day": 5}]
    rule = "more than 24 hours in a day"
    found = outcome(raw(sessions=sessions))
    assert found["quarantine"][["rule", "row"]].to_numpy().tolist() == [[rule, 0], [rule, 1]]
    # the copy is one session recorded twice
    assert ["sessions", "merged: exact duplicate", 1] in found["intake"].to_numpy().tolist()


def test_what_the_source_could_not_read_is_set_aside_first() -> None:
    tables = raw(stays=[{}, {**SECOND, "start_day": None}])
    tables["quarantine"] = pd.DataFrame(
        {"table": ["stays"], "rule": ["unreadable start_day"], "row": [1], "person_id": ["a"]}
    )
    found = outcome(tables)
    assert found["quarantine"].to_numpy().tolist() == [["stays", "unreadable start_day", 1, "a"]]
    assert found["stays"]["stay_id"].tolist() == ["s1"]


def test_keys_used_twice_for_different_records_are_all_set_aside() -> None:
    tables = raw(
        stays=[{}, {"start_day": 200, "end_day": 220}], persons=[{}, {"person_id": "b"}, {"person_id": "b", "age": 50}]
    )
    assert broken(tables) == [
        ("persons", "person_id used twice", 1),
        ("persons", "person_id used twice", 2),
        ("stays", "stay_id used twice", 0),
        ("stays", "stay_id used twice", 1),
        ("sessions", "outside any stay", 0),
    ]


def stays_left(*changes: Row) -> tuple[list[tuple[object, ...]], dict[str, int]]:
    found = outcome(raw(stays=list(changes), sessions=[]))
    kept = found["stays"].astype(object)
    kept = kept.where(kept.notna(), None)[["stay_id", "start_day", "end_day", "discharge_reason"]]
    merged = found["intake"].query("table == 'stays' and outcome.str.startswith('merged')")
    return [tuple(r) for r in kept.to_numpy().tolist()], dict(zip(merged["outcome"], merged["rows"], strict=True))


def test_copies_become_one() -> None:
    assert stays_left({}, {}, {}) == ([("s1", 0, 30, "completed")], {"merged: exact duplicate": 2})
    # begun one day and ended two days apart, under another number: the first stands as it is
    copy = {"stay_id": "s2", "start_day": 1, "end_day": 32, "discharge_reason": "other"}
    assert stays_left(copy, {}) == ([("s1", 0, 30, "completed")], {"merged: near duplicate": 1})


def test_copies_that_contradict_each_other_give_the_same_stay_in_either_order() -> None:
    other = {"discharge_reason": "unplanned", "planned_days": 60.0}
    assert stays_left({}, other) == stays_left(other, {})


def test_stays_that_overlap_at_one_level_and_site_are_joined() -> None:
    later = {"stay_id": "s2", "start_day": 20, "end_day": 60, "discharge_reason": "unplanned"}
    joined = {"merged: overlap at one level and site": 1}
    assert stays_left({}, later) == ([("s1", 0, 60, "unplanned")], joined)
    assert stays_left(later, {}) == ([("s1", 0, 60, "unplanned")], joined)
    within = {"stay_id": "s2", "start_day": 5, "end_day": 9, "discharge_reason": "other"}
    assert stays_left({}, within) == ([("s1", 0, 30, "completed")], joined)
    still = {"stay_id": "s2", "start_day": 30, "end_day": None, "discharge_reason": None}
    assert stays_left({}, still) == ([("s1", 0, None, None)], joined)
    chain = {"stay_id": "s3", "start_day": 60, "end_day": 61, "discharge_reason": "transferred"}
    assert stays_left({}, later, chain)[0] == [("s1", 0, 61, "transferred")]


@pytest.mark.parametrize("change", [{"level_of_care": "1"}, {"site_id": "y"}, {"start_day": 31}])
def test_other_levels_other_sites_and_later_stays_are_left_alone(change: Row) -> None:
    later = {"stay_id": "s2", "start_day": 20, "end_day": 60, **change}
    assert len(stays_left({}, later)[0]) == 2


def test_daily_one_day_stays_are_no_copies_of_each_other() -> None:
    days = [{"stay_id": f"s{d}", "start_day": d, "end_day": d} for d in range(5)]
    assert len(stays_left(*days)[0]) == 5


def test_equal_screens_are_merged_and_different_ones_kept() -> None:
    found = outcome(raw(screens=[{}, {}, {"result": "positive"}]))
    assert len(found["screens"]) == 2
    assert ["screens", "merged: exact duplicate", 1] in found["intake"].to_numpy().tolist()


def test_too_many_broken_stays_stop_the_run_with_rules_and_counts() -> None:
    stays = [{"stay_id": f"s{i}", "start_day": 40 * i, "end_day": 40 * i + 5} for i in range(8)]
    stays[1]["level_of_care"], stays[2]["end_day"] = "secret", 3
    tables = raw(stays=stays)
    assert len(outcome(tables, share=0.25)["stays"]) == 6
    with pytest.raises(StudyError, match=r"25\.0% of the rows of stays broke a rule") as caught:
        outcome(tables, share=0.24)
    said = str(caught.value)
    assert "ends before it starts (1), unknown level_of_care (1)" in said
    assert "24.0%" in said
    assert "secret" not in said


def test_the_step_returns_every_table(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = raw()
    found = clean.run(
        **{f"raw_{name}": tables[name] for name in ROWS},
        quarantine=tables["quarantine"],
        arrivals=tables["arrivals"],
        gap_days=14,
        gap_sensitivity_days=[7],
        max_quarantined_share=0.0,
    )
    for name, frame in found.items():
        check(TABLES[name], frame)
    assert set(found) == {*ROWS, "episodes", "episodes_by_gap", "quarantine", "intake"}
    assert found["episodes"]["index_end_day"].tolist() == [30]


# records of every kind of trouble, for a few people, sites and days
MANY = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": st.sampled_from(["a", "b", "c", None]),
            "stay_id": st.sampled_from([f"s{i}" for i in range(12)]),
            "site_id": st.sampled_from(["x", "y"]),
            "level_of_care": st.sampled_from(["2.1", "3.5", "none"]),
            "start_day": st.one_of(st.none(), st.integers(0, 12)),
            "end_day": st.one_of(st.none(), st.integers(0, 20)),
            "discharge_reason": st.sampled_from(["completed", "unplanned", None]),
        }
    ),
    max_size=12,
)
DAYS = st.lists(st.fixed_dictionaries({"day": st.integers(-3, 25)}), max_size=6)
PEOPLE = [{}, {"person_id": "b"}, {"person_id": "b"}, {"person_id": "c", "observed_to_day": 15}]


@settings(max_examples=25, deadline=None)
@given(MANY, DAYS, st.randoms(use_true_random=False))
def test_every_row_is_accounted_for_whatever_the_order(stays: list[Row], sessions: list[Row], random: Any) -> None:
    tables = raw(stays=stays, sessions=sessions, persons=PEOPLE)
    found = outcome(tables)
    rows = found["intake"].groupby("table")["rows"].sum()
    assert rows.to_dict() == {name: len(tables[name]) for name in ROWS}
    aside = found["intake"][found["intake"]["outcome"].str.startswith("quarantined")]
    assert aside["rows"].sum() == len(found["quarantine"])
    assert not found["quarantine"].duplicated(["table", "row"]).any()

    shuffled = {}
    for name, frame in tables.items():
        order = list(range(len(frame)))
        random.shuffle(order)
        shuffled[name] = frame.iloc[order].reset_index(drop=True)
    again = outcome(shuffled)
    for name in (*ROWS, "intake"):
        pd.testing.assert_frame_equal(again[name], found[name])


@settings(max_examples=20, deadline=None)
@given(MANY, DAYS)
def test_cleaning_what_is_clean_changes_nothing(stays: list[Row], sessions: list[Row]) -> None:
    once = outcome(raw(stays=stays, sessions=sessions, persons=PEOPLE))
    twice = outcome(complete({name: once[name] for name in ROWS}))
    for name in ("persons", "stays", "screens", "medications"):
        pd.testing.assert_frame_equal(twice[name], once[name])
    assert not twice["quarantine"]["table"].isin(["stays", "persons"]).any()
