"""Open and ended versions of one stay: admission and discharge rows, monthly snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from canonical_rows import OPEN, Row, fates, outcome, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes import clean, sources
from iop_outcomes.clean import merge
from iop_outcomes.clean.versions import spelled

END = "open version of an ended stay"
TOLD = ["start_day", "end_day", "discharge_reason"]


def left(*changes: Row, **more: list[Row]) -> tuple[list[tuple[object, ...]], dict[str, int]]:
    """Start, end and reason of the stays kept, and the fates of all, in either order of the rows."""
    stays = [{"stay_id": f"s{i}", **change} for i, change in enumerate(changes)]
    found = outcome(raw(stays=stays, sessions=[], **more))
    turned = outcome(raw(stays=stays[::-1], sessions=[], **more))
    pd.testing.assert_frame_equal(turned["stays"], found["stays"])
    kept = found["stays"][TOLD].sort_values("start_day").astype(object)
    rows = kept.where(kept.notna(), None).to_numpy().tolist()
    return [tuple(row) for row in rows], {o.partition(": ")[2] or o: n for o, n in fates(found, "stays").items()}


def opened(start: int = 0, **more: Any) -> Row:
    return {**OPEN, "start_day": start, **more}


def ended(start: int, end: int, reason: str = "unplanned", **more: Any) -> Row:
    return {"start_day": start, "end_day": end, "discharge_reason": reason, **more}


@pytest.fixture
def cases(shared: Path) -> Path:
    """Exports with known truths; skipped where the shared folder has none."""
    if not (shared / "cases").is_dir():
        pytest.skip("needs `cases` in the shared data folder")
    return shared / "cases"


@pytest.mark.parametrize("start", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("snapshots", [1, 2, 4])
@pytest.mark.parametrize("end", [5, 40])
def test_the_ended_version_stands(start: int, snapshots: int, end: int) -> None:
    versions = [opened(start)] * snapshots
    stays, became = left(*versions, ended(0, end))
    assert stays == [(0, end, "unplanned")]
    assert became == {"kept": 1, END: snapshots}


def test_the_case_of_three_people(cases: Path) -> None:
    given_ = sources.run({"kind": "tables", "path": str(cases / "open_and_closed")}, {})
    for name in ("notes", "readings"):
        given_.pop(name)
    found = clean.run(**given_, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=0.05)
    told = found["stays"][["person_id", *TOLD]].to_numpy().tolist()
    assert told == [
        ["p1", 0, 40, "unplanned"], ["p2", 0, 20, "completed"], ["p3", 0, 30, "unplanned"],
        ["p3", 100, 130, "unplanned"],
    ]  # fmt: skip
    assert fates(found, "stays") == {"kept": 4, f"merged: {END}": 4}


def test_each_stay_has_its_own_versions() -> None:
    stays, became = left(opened(0), ended(0, 30), opened(100), ended(100, 130, "completed"), opened(200))
    assert stays == [(0, 30, "unplanned"), (100, 130, "completed"), (200, None, None)]
    assert became == {"kept": 3, END: 2}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Site A", "SITE A", True),
        ("Site A", " site-a ", True),
        ("01", "1", True),
        ("1.0", "1", True),
        ("1", "10", False),
        ("A1", "A2", False),
        ("--", "-", False),
    ],
)
def test_a_site_may_be_spelled_in_two_ways(one: str, other: str, same: bool) -> None:
    names = spelled(pd.Series([one, other], dtype=object))
    assert (names[0] == names[1]) is same


def test_an_ended_version_in_another_spelling_of_the_site_stands() -> None:
    stays, became = left(opened(site_id="North Side"), ended(1, 40, site_id="NORTH-SIDE"))
    assert (stays, became) == ([(1, 40, "unplanned")], {"kept": 1, END: 1})


def test_records_with_one_number_are_versions_wherever_and_whenever_they_begin() -> None:
    stays, became = left(opened(0, stay_id="7", site_id="North"), ended(9, 40, stay_id="7", site_id="Elm Street"))
    assert (stays, became) == ([(9, 40, "unplanned")], {"kept": 1, END: 1})


def test_open_at_one_site_and_ended_at_another_from_one_day_on_is_set_aside() -> None:
    stays, became = left(opened(0, site_id="North"), ended(1, 40, site_id="Elm Street"))
    assert (stays, became) == ([], {merge.ELSEWHERE: 2})
    # a stay left on the day on which the other began was left for it
    transfer = ended(0, 1, "transferred", site_id="Elm Street")
    assert left(opened(1, site_id="North"), transfer)[0] == [(0, 1, "transferred"), (1, None, None)]
    # and what began weeks apart are two stays
    assert len(left(opened(0, site_id="North"), ended(30, 40, site_id="Elm Street"))[0]) == 2


@pytest.mark.parametrize("other", [ended(100, 130), opened(100)])
def test_an_open_stay_that_a_later_admission_contradicts_is_set_aside(other: Row) -> None:
    stays, became = left(opened(0), other)
    assert [s[0] for s in stays] == [100]
    assert became == {"kept": 1, merge.REOPENED: 1}


def test_an_open_stay_within_an_ended_one_is_set_aside_and_one_from_its_last_day_goes_on() -> None:
    assert left(ended(0, 40), opened(20)) == ([(0, 40, "unplanned")], {"kept": 1, merge.WITHIN: 1})
    assert left(ended(0, 40), opened(40))[0] == [(0, None, None)]
    assert left(ended(0, 40), opened(41))[0] == [(0, 40, "unplanned"), (41, None, None)]


def test_of_two_ends_the_later_stands_and_is_counted_by_its_own_name() -> None:
    stays, became = left(opened(0), ended(0, 30), ended(1, 40, "completed"))
    assert stays == [(0, 40, "completed")]
    assert became == {"kept": 1, END: 1, merge.TWO_ENDS: 1}


def test_the_end_as_an_interval_comes_with_the_ended_version() -> None:
    found = outcome(raw(stays=[opened(stay_id="s0"), ended(0, 31, end_day_latest=45)], sessions=[]))
    assert found["stays"][["end_day", "end_day_latest"]].to_numpy().tolist() == [[31, 45]]


def test_all_that_is_told_of_the_end_comes_from_the_stay_that_ends_last() -> None:
    early = ended(0, 20, "transferred", stay_id="s0", end_day_latest=25, use_at_discharge="daily")
    late = ended(10, 60, "completed", end_day_latest=None, use_at_discharge="none")
    found = outcome(raw(stays=[early, late], sessions=[]))["stays"]
    assert found[["end_day", "discharge_reason", "use_at_discharge"]].to_numpy().tolist() == [[60, "completed", "none"]]
    assert found["end_day_latest"].isna().all()


def test_what_only_the_open_version_tells_of_the_plan_is_kept() -> None:
    admission = opened(stay_id="s0", planned_days=28.0, scheduled_hours_per_week=12.0, service="day program")
    discharge = ended(0, 20, planned_days=None, scheduled_hours_per_week=9.0, service=None)
    found = outcome(raw(stays=[admission, discharge], sessions=[]))["stays"]
    told = ["stay_id", "planned_days", "scheduled_hours_per_week", "service"]
    assert found[told].to_numpy().tolist() == [["s1", 28.0, 9.0, "day program"]]


@pytest.mark.parametrize("reason", ["completed", "unplanned", "still in care", "died"])
def test_a_snapshot_with_a_reason_and_no_end_is_a_version_too(reason: str) -> None:
    # another person's reason differs, so that it is no default of the program
    other = {"person_id": "b", "stay_id": "t", "end_day": None, "discharge_reason": "other"}
    persons: list[Row] = [{}, {"person_id": "b"}]
    stays, became = left(opened(discharge_reason=reason), ended(0, 40), other, persons=persons)
    assert (0, 40, "unplanned") in stays
    assert became[END] == 1


def test_sessions_after_the_recorded_end_lie_outside_any_stay() -> None:
    sessions = [{"day": 0}, {"day": 40}, {"day": 60}]
    found = outcome(raw(stays=[opened(0, stay_id="s0"), ended(1, 40)], sessions=sessions))
    assert fates(found, "sessions") == {"kept": 2, "quarantined: outside any stay": 1}


def test_open_versions_of_ended_spells_of_medication() -> None:
    spells = [{"end_day": None}, {"start_day": 1}, {"start_day": 30, "end_day": None}]
    found = outcome(raw(medications=[*spells, {"medication": "naltrexone", "end_day": None}]))
    assert fates(found, "medications") == {"kept": 3, "merged: open version of an ended spell": 1}
    told = found["medications"][["medication", "start_day"]].to_numpy().tolist()
    assert told == [["buprenorphine", 1], ["buprenorphine", 30], ["naltrexone", 0]]


# true stays a week apart at least: first day after the one before, length, reason; the last may be open
COURSE = st.tuples(
    st.lists(
        st.tuples(st.integers(7, 60), st.integers(0, 50), st.sampled_from(["completed", "unplanned", "transferred"])),
        max_size=4,
    ),
    st.booleans(),
)
SPELLINGS = ("Elm Street", "ELM STREET", "elm-street")


@settings(max_examples=40, deadline=None)
@given(st.lists(COURSE, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_snapshots_in_any_number_and_order_leave_the_true_stays(courses: list[Any], random: Any) -> None:
    true, rows = [], []
    for person, (closed, still) in enumerate(courses):
        day = 0
        for apart, length, reason in closed:
            start, end = day + apart, day + apart + length
            true.append((f"p{person}", start, end, reason))
            shifts = [random.randint(-2, min(2, length)) for _ in range(random.randint(0, 3))]
            rows += [(f"p{person}", start, end, reason), *((f"p{person}", start + s, None, None) for s in shifts)]
            day = end
        if still:
            true.append((f"p{person}", day + 9, None, None))
            rows += [(f"p{person}", day + 9, None, None)] * random.randint(1, 3)
    random.shuffle(rows)
    stays = [
        {"person_id": who, "stay_id": f"s{i:03}", "site_id": random.choice(SPELLINGS), "start_day": start,
         "end_day": end, "discharge_reason": reason}
        for i, (who, start, end, reason) in enumerate(rows)
    ]  # fmt: skip
    persons = [{"person_id": f"p{person}", "observed_to_day": 1000} for person in range(len(courses))]
    others: dict[str, list[Row]] = {n: [] for n in ("sessions", "screens", "followups", "medications", "periods")}
    found = outcome(raw(stays=stays, persons=persons, **others))
    kept = found["stays"][["person_id", *TOLD]].astype(object)
    plain = kept.where(kept.notna(), None).to_numpy().tolist()
    assert sorted(map(tuple, plain), key=str) == sorted(true, key=str)
    assert set(fates(found, "stays")) <= {"kept", f"merged: {END}", "merged: near duplicate"}


# ------------------------------------------------------- an export of admission and discharge rows, with a known truth

REASONS = {
    "1": "completed", "2": "unplanned", "3": "unplanned", "4": "transferred", "5": "other", "6": "died", "7": "other",
}  # fmt: skip
LEVEL = {"02": "detox", "04": "3.5", "05": "3.1", "06": "2.1", "07": "1"}
ARMS = {"2.1": "IOP", "3.1": "RES", "3.5": "RES"}
COLUMNS: dict[str, Any] = {
    "person_id": "CLIENT_ID", "site_id": "PROVIDER_ID", "level_of_care": {"column": "SERVICES", "codes": LEVEL},
    "start_day": "ADM_DT", "end_day": "LAST_CONT_DT", "discharge_reason": {"column": "DISREASON", "codes": REASONS},
    "program_type": {"value": "substance_use"},
}  # fmt: skip


def in_care(episodes: pd.DataFrame, observed: pd.Series, day: int) -> float:
    """The share in care on a day (Kaplan and Meier): the last day is a day of care."""
    end = episodes["episode_end_day"] - episodes["index_start_day"]
    seen = (end <= observed).fillna(False).to_numpy(bool)
    days = np.where(seen, end.fillna(0), observed).astype(int)
    hazards = [((days == t) & seen).sum() / (days >= t).sum() for t in range(day)]
    return float(np.prod(1 - np.array(hazards)))


@pytest.mark.parametrize("numbered", [True, False])
def test_an_export_of_admission_and_discharge_rows(cases: Path, tmp_path: Path, numbered: bool) -> None:
    truth = json.loads((cases / "exports/a_state.truth.json").read_text())
    rows = pd.read_csv(cases / "exports/a_state/SA_ADM_DIS_20240630.csv", dtype=str, keep_default_na=False)
    used = ["CLIENT_ID", "PROVIDER_ID", "TRANS_NO", "ADM_DT", "SERVICES", "GENDER", "LAST_CONT_DT", "DISREASON"]
    rows[used].to_csv(tmp_path / "stays.csv", index=False)
    columns = {**COLUMNS, "stay_id": "TRANS_NO"} if numbered else COLUMNS
    sex = {"column": "GENDER", "codes": {"1": "male", "2": "female"}, "other": "unknown"}
    source = {
        "kind": "mapping", "path": str(tmp_path), "dates": "calendar", "date_format": "%m/%d/%Y",
        "extract_date": "2024-06-30",
        "tables": {
            "stays": {"files": "stays.csv", "ignore_others": True, "columns": columns},
            "persons": {
                "files": "stays.csv", "ignore_others": True, "first_by": "ADM_DT",
                "columns": {"person_id": "CLIENT_ID", "age": {"value": 30}, "sex": sex},
            },
        },
    }  # fmt: skip
    given_ = sources.run(source, {"limited_dataset": True})
    for name in ("notes", "readings"):
        given_.pop(name)
    found = clean.run(**given_, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=0.05)
    stays = found["stays"]
    assert fates(found, "stays") == {"kept": truth["stays"], f"merged: {END}": truth["rows"]["D"]}
    assert stays["end_day"].isna().sum() == truth["open_stays"]
    begun = found["episodes"][found["episodes"]["index_start_day"] >= 0].drop_duplicates("person_id")
    until = begun["person_id"].map(found["persons"].set_index("person_id")["observed_to_day"])
    arm = begun["index_level"].map(ARMS)
    for name in ("IOP", "RES"):
        own, observed = begun[arm == name], (until - begun["index_start_day"])[arm == name]
        assert len(own) == truth["arms"][name]["n"]
        for day in (30, 90):
            assert in_care(own, observed, day) == pytest.approx(truth["arms"][name][f"in_care_on_day_{day}"], abs=5e-5)
