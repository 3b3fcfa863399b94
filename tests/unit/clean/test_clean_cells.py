"""Ranges and codes for values that are not known, of every canonical column; reasons of open stays; late deaths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from canonical_rows import OPEN, ROWS, Row, broken, fates, outcome, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.clean import cells
from iop_outcomes.errors import StudyError
from iop_outcomes.tables import CANONICAL, TABLES, check, set_aside
from iop_outcomes.tables.canonical import CATEGORY_CODES, NO_NAMES, NUMBER_CODES
from iop_outcomes.tables.declare import Column

COLUMNS = [(table.name, name) for table in CANONICAL for name in table.columns]
NUMBERS = [(t, n) for t, n in COLUMNS if TABLES[t].columns[n].kind != "text"]
TEXTS = [(t, n) for t, n in COLUMNS if TABLES[t].columns[n].kind == "text"]


def declared(table: str, name: str) -> Column:
    return TABLES[table].columns[name]


@pytest.mark.parametrize(("table", "name"), COLUMNS)
def test_every_column_says_what_it_may_hold_and_what_is_not_known(table: str, name: str) -> None:
    column = declared(table, name)
    if column.kind == "text":
        assert column.allowed or set(column.missing) >= set(NO_NAMES)
    else:
        assert column.low is not None
        assert column.high is not None
        assert column.low < column.high
        assert set(column.missing) >= set(NUMBER_CODES)


def test_values_are_no_codes() -> None:
    """No value that a column allows, and none that means something, is a code for one that is not known."""
    values = {v for t, n in TEXTS for v in declared(t, n).allowed} | {"none", "unknown", "no", "0", "1", "9", "10"}
    assert not values & set(CATEGORY_CODES)


def with_values(table: str, name: str, values: Sequence[object]) -> tuple[dict[str, pd.DataFrame], list[list[str]]]:
    """What is kept of a table in which each of several people has one of the values, and the rules of each row."""
    people = [f"p{i:02}" for i in range(len(values))]
    sound: dict[str, list[Row]] = {n: [] for n in ROWS}
    for used in {"persons", "stays", table}:
        sound[used] = [{"person_id": p, **({"stay_id": p} if used == "stays" else {})} for p in people]
    sound[table] = [{**row, name: value} for row, value in zip(sound[table], values, strict=True)]
    found = outcome(raw(**sound))
    gone = found["quarantine"][found["quarantine"]["table"] == table]
    return found, [gone.loc[gone["row"] == i, "rule"].tolist() for i in range(len(values))]


SUSPECT = [-99_999.0, -999.0, -99.0, -9.0, -1.0, 0.0, 77.0, 99.0, 999.0, 9999.0, 99_999.0]


@pytest.mark.parametrize(("table", "name"), NUMBERS)
def test_no_number_out_of_range_is_ever_kept(table: str, name: str) -> None:
    column = declared(table, name)
    assert column.low is not None
    assert column.high is not None
    found, rules = with_values(table, name, SUSPECT)
    left = set(found[table][name].dropna()) if name in found[table] else set()
    for value, named in zip(SUSPECT, rules, strict=True):
        if not column.low <= value <= column.high:
            assert value not in left
            # an interview has no answers without its day, and none held lacks its look-back; a stay without an end has
            # no reason
            others = (["answers without an interview"], ["held without a look-back"], ["a reason but no end"])
            assert named in ([f"out of range {name}"], *others)


WRITTEN = ["N/A", "n/a", "-9", "NULL", "."]


@pytest.mark.parametrize(("table", "name"), TEXTS)
def test_no_code_is_ever_a_category(table: str, name: str) -> None:
    column = declared(table, name)
    found, rules = with_values(table, name, WRITTEN)
    if name in found[table]:
        assert not found[table][name].isin(WRITTEN).any()
    said = f"unknown {name}" if column.allowed else f"missing-value code in {name}"
    assert rules == [[said]] * len(WRITTEN)
    assert len(found[table]) == (len(WRITTEN) if column.alone else 0)


@pytest.mark.parametrize(
    ("change", "rule", "kept"),
    [
        ({"severity": 999.0}, "out of range severity", {"kept: out of range severity": 1}),
        ({"severity": -99.0}, "out of range severity", {"kept: out of range severity": 1}),
        ({"prior_treatments": -1.0}, "out of range prior_treatments", {"kept: out of range prior_treatments": 1}),
        ({"prior_treatments": 99.0}, "out of range prior_treatments", {"kept: out of range prior_treatments": 1}),
        ({"race": "N/A"}, "missing-value code in race", {"kept: missing-value code in race": 1}),
        ({"race": "-9"}, "missing-value code in race", {"kept: missing-value code in race": 1}),
        ({"education": "99"}, "missing-value code in education", {"kept: missing-value code in education": 1}),
        ({"age": 999}, "out of range age", {"kept: out of range age": 1}),
        ({"age": 121}, "out of range age", {"quarantined: out of range age": 1}),
        ({"death_day": -30}, "out of range death_day", {"quarantined: out of range death_day": 1}),
        ({"death_day": -9}, "out of range death_day", {"kept: out of range death_day": 1}),
        ({"death_day": 99_999}, "out of range death_day", {"kept: out of range death_day": 1}),
    ],
)
def test_what_becomes_of_a_person(change: Row, rule: str, kept: dict[str, int]) -> None:
    found = outcome(raw(persons=[change]))
    assert ("persons", rule, 0) in broken(raw(persons=[change]))
    assert fates(found, "persons") == kept
    assert (set_aside.distrusted(found["quarantine"]) == set()) is next(iter(kept)).startswith("kept")


@pytest.mark.parametrize("days", [0.0, -1.0, 999.0, 5000.0])
def test_planned_days_that_are_none_leave_the_stay_in(days: float) -> None:
    found = outcome(raw(stays=[{"planned_days": days}]))
    assert fates(found, "stays") == {"kept: out of range planned_days": 1}
    assert found["stays"]["planned_days"].isna().all()


def test_a_death_after_the_end_of_observation_is_told_and_stands() -> None:
    found = outcome(raw(persons=[{"death_day": 5000}, {"person_id": "b", "death_day": 365}, {"person_id": "c"}]))
    assert fates(found, "persons") == {"kept": 2, f"kept: {cells.LATE_DEATH}": 1}
    assert found["persons"]["death_day"].tolist()[:2] == [5000, 365]
    assert found["quarantine"].empty


def test_of_two_cells_the_first_is_named_and_both_are_gone() -> None:
    found = outcome(raw(persons=[{"severity": 999.0, "race": "-9", "death_day": 5000}]))
    told = found["quarantine"].drop(columns="person_id").to_numpy().tolist()
    assert told == [["persons", "missing-value code in race", 0, "race"]]
    assert found["persons"][["race", "severity"]].isna().all(axis=None)
    assert fates(found, "persons") == {"kept: missing-value code in race": 1}


def test_a_row_set_aside_for_another_reason_is_named_once() -> None:
    assert broken(raw(stays=[{"planned_days": 0.0, "start_day": 31}])) == [
        ("stays", "ends before it starts", 0), ("sessions", "outside any stay", 0),
    ]  # fmt: skip


PEOPLE = 40
BY_SEVERITY = [{"person_id": f"p{i:02}", "severity": 0.5} for i in range(PEOPLE)]


def scored(values: list[float]) -> dict[str, pd.DataFrame]:
    """Forty people, the first of whom have these severities."""
    changed = [{**row, "severity": value} for row, value in zip(BY_SEVERITY, values, strict=False)]
    empty: dict[str, list[Row]] = {name: [] for name in ROWS if name != "persons"}
    return raw(persons=changed + BY_SEVERITY[len(values) :], **empty)


def test_codes_stop_no_run_and_a_column_in_another_unit_does() -> None:
    assert len(outcome(scored([999.0] * 30), share=0.05)["persons"]) == PEOPLE
    assert fates(outcome(scored([140.0, 155.0]), share=0.05), "persons") == {
        "kept": PEOPLE - 2, "kept: out of range severity": 2,
    }  # fmt: skip
    with pytest.raises(
        StudyError, match=r"3 of 30 known values of persons\.severity \(10\.0%\) cannot be true"
    ) as said:
        outcome(scored([999.0] * 10 + [141.0, 156.0, 167.0]), share=0.05)
    assert "from -6 to 60 standard deviations" in str(said.value)
    assert not any(value in str(said.value) for value in ("141", "156", "167"))


# -------------------------------------------------------------------------------------------- reasons of open stays


def reasons(*given_: tuple[str, str | None, str | None], deaths: dict[int, int] | None = None) -> dict[str, int]:
    """What became of stays of a person each: site, end ('open' or 'ended') and reason."""
    stays, persons = [], []
    for i, (site, end, reason) in enumerate(given_):
        who = f"p{i:02}"
        still = OPEN if end == "open" else {}
        stays.append({"person_id": who, "stay_id": f"s{i}", "site_id": site, **still, "discharge_reason": reason})
        persons.append({"person_id": who, "death_day": (deaths or {}).get(i)})
    empty: dict[str, list[Row]] = {name: [] for name in ROWS if name not in ("persons", "stays")}
    found = outcome(raw(stays=stays, persons=persons, **empty))
    kept = found["stays"][found["stays"]["end_day"].isna()]
    assert set(kept["discharge_reason"].dropna()) <= {"died"}
    excluded = set_aside.distrusted(found["quarantine"])
    became = fates(found, "stays")
    assert len(excluded) == sum(n for o, n in became.items() if o.startswith("quarantined"))
    return became


LEFT_OUT = f"kept: {cells.REASON_OF_OPEN}"


@pytest.mark.parametrize("reason", ["completed", "unplanned", "transferred", "other", "still in care", "N/A", "-9"])
@pytest.mark.parametrize("n", [3, 20])
def test_a_reason_that_all_open_stays_bear_is_left_out_and_they_stay_open(reason: str, n: int) -> None:
    became = reasons(*[("x", "open", reason)] * n, ("x", "ended", "completed"), ("x", "ended", "unplanned"))
    assert became == {"kept": 2, LEFT_OUT: n}


def test_one_open_stay_with_a_reason_shows_no_default_and_with_no_reason_at_all_it_is_open() -> None:
    assert reasons(("x", "open", "completed"), ("x", "open", None)) == {
        "kept": 1,
        "quarantined: a reason but no end": 1,
    }
    assert reasons(("x", "open", "still in care"), ("x", "open", None)) == {"kept": 1, LEFT_OUT: 1}


def test_a_site_may_have_a_default_of_its_own() -> None:
    rows = [("x", "open", "completed")] * 6 + [("y", "open", "other")] * 6 + [("z", "open", None)] * 6
    assert reasons(*rows) == {"kept": 6, LEFT_OUT: 12}


def test_reasons_that_differ_tell_of_lost_ends() -> None:
    rows = [("x", "open", reason) for reason in ("completed", "unplanned", "transferred", "completed")]
    assert reasons(*rows, ("x", "ended", "completed")) == {"kept": 1, "quarantined: a reason but no end": 4}
    # one among many is such an end, and the others bear the default
    rows = [("x", "open", "other")] * 19 + [("x", "open", "completed")]
    assert reasons(*rows) == {LEFT_OUT: 19, "quarantined: a reason but no end": 1}


def test_whoever_died_in_care_left_on_the_day_of_death_where_it_is_known() -> None:
    rows = [("x", "open", "died"), ("x", "open", "died")]
    assert reasons(*rows, deaths={0: 50}) == {"kept": 1, "quarantined: a reason but no end": 1}


# --------------------------------------------------------------------------------------------------------- property

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "severity": st.floats(-20, 1100, width=32),
    "prior_treatments": st.sampled_from([-9.0, -1.0, 0.0, 3.0, 75.0, 76.0, 99.0, None]),
    "age": st.sampled_from([-1, 0, 40, 120, 121, 999, None]),
    "race": st.sampled_from(["white", "N/A", "na", "-9", "99", None]),
    "death_day": st.sampled_from([-9, -1, 0, 300, 365, 366, 5000, 99_999, None]),
    "observed_to_day": st.sampled_from([-99_999, 0, 365, 99_999]),
}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=8))
def test_what_is_kept_keeps_its_declaration_and_every_row_is_accounted_for(changes: list[Row]) -> None:
    persons = [{"person_id": f"p{i}", **change} for i, change in enumerate(changes)]
    empty: dict[str, list[Row]] = {name: [] for name in ROWS if name != "persons"}
    tables = raw(persons=persons, **empty)
    found = outcome(tables)
    check(TABLES["persons"], found["persons"])
    # a row is untouched, or named
    named = set(found["quarantine"]["row"])
    for i, row in enumerate(tables["persons"].to_dict("records")):
        if i not in named:
            own = found["persons"][found["persons"]["person_id"] == row["person_id"]].to_dict("records")[0]
            assert {k: v for k, v in own.items() if pd.notna(v)} == {k: v for k, v in row.items() if pd.notna(v)}
    # once clean, nothing more is found
    again = outcome({**tables, "persons": found["persons"], "arrivals": tables["arrivals"]}) if not named else found
    pd.testing.assert_frame_equal(again["persons"], found["persons"])
