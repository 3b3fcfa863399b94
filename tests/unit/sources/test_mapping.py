"""A mapped export: day 0, what is set aside, what is left out, and who is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mapped_exports import ADMISSIONS, FROM_ADMISSIONS, PEOPLE, STAYS, Tables, read, settings

from iop_outcomes import clean
from iop_outcomes.tables.canonical import CANONICAL


def cleaned(tables: Tables) -> Tables:
    raw = {f"raw_{t.name}": tables[t.name] for t in CANONICAL}
    others = {name: tables[name] for name in ("quarantine", "arrivals")}
    return clean.run(**raw, **others, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)


def left_out(tables: Tables) -> list[tuple[str, str, int]]:
    rows = tables["arrivals"]
    return [tuple(row) for row in rows[rows["outcome"] != "read"].to_numpy().tolist()]


def broken(tables: Tables) -> list[tuple[str, str, int]]:
    return [tuple(row) for row in tables["quarantine"][["table", "rule", "row"]].to_numpy().tolist()]


NO_STAY = "excluded: no treatment stay in the enrolment period"


def test_dates_become_days_from_the_first_treatment_stay_of_the_enrolment(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        ("tables.sessions", {"files": "visits.csv", "columns": {
            "person_id": "PID", "day": "WHEN", "minutes": {"column": "HOURS", "unit": "hours"},
            "level_of_care": {"value": "2.1"}, "modality": {"value": "unknown"},
        }}),
        stays=STAYS
        + "a,x,IOP,2021-11-01,2021-12-01,1,9\n"  # before the enrolment: it serves the washout
        + "a,x,DTX,2022-02-20,2022-02-27,1,\n"  # detoxification starts no clock
        + "a,x,IOP,2022-03-01,2022-05-30,2,9.5\n"
        + "b,y,RES,2023-04-01,,,40\n"
        + "c,y,RES,2024-08-01,2024-08-30,1,40\n",  # after the enrolment
        people=PEOPLE + "a,30,F\nb,40,X\nc,50,M\n",
        visits="PID,WHEN,HOURS\na,2022-03-02,3\nb,2023-04-01,1.5\nc,2024-08-02,3\n",
    )  # fmt: skip
    tables = read(given)
    stays = tables["stays"]
    assert stays["person_id"].tolist() == ["a", "a", "a", "b"]
    assert stays["stay_id"].tolist() == ["a:1", "a:2", "a:3", "b:1"]
    assert stays["start_day"].tolist() == [-120, -9, 0, 0]
    assert stays["end_day"].fillna(-1).tolist() == [-90, -2, 90, -1]
    assert stays["level_of_care"].tolist() == ["2.1", "detox", "2.1", "3.5"]
    assert stays["discharge_reason"].tolist() == ["completed", "completed", "unplanned", None]
    assert stays["scheduled_hours_per_week"].tolist()[2:] == [9.5, 40]
    persons = tables["persons"]
    assert persons["observed_to_day"].tolist() == [1036, 640]
    assert persons["entry_period"].tolist() == ["2022Q1", "2023Q2"]
    assert persons["sex"].tolist() == ["female", "unknown"]
    assert tables["sessions"][["day", "minutes"]].to_numpy().tolist() == [[1, 180], [0, 90]]
    assert left_out(tables) == [("stays", NO_STAY, 1), ("persons", NO_STAY, 1), ("sessions", NO_STAY, 1)]
    assert broken(tables) == []
    assert cleaned(tables)["episodes"]["index_start_day"].tolist() == [-120, 0, 0]


def test_what_cannot_be_trusted_is_set_aside_by_name(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        ("date_format", "%m/%d/%Y"),
        stays=STAYS
        + 'a,x,IOP,03/01/2022,2022-05-30,1,"9,5"\n'
        + "b,x,IOP,03/01/22,2022-05-30,1,9\n"
        + "c,x,IOP,44621,2022-05-30,1,9\n"
        + "d,x,IOP,02/30/2022,,,9\n"
        + "e,x,IOP,03/01/2022,2025-01-01,1,9\n"
        + "f,x,WHAT,03/01/2022,,,9\n"
        + "g,x,IOP,03/01/2022,,\n"
        + "h,x,IOP,,,,9\n"
        + ",x,IOP,03/01/2022,,,9\n"
        + "i,x,IOP,2025-02-01,,,9\n"
        + "j,x,IOP,03/01/2022,,,180\n",
        people=PEOPLE + "a,forty,F\nb,30,F\n",
    )
    tables = read(given)
    assert len(tables["stays"]) == 11
    assert broken(tables) == [
        ("stays", "decimal comma in scheduled_hours_per_week", 0),
        ("stays", "two-digit year in start_day", 1),
        ("stays", "Excel serial number in start_day", 2),
        ("stays", "impossible date in start_day", 3),
        ("stays", "end_day after the extract date", 4),
        ("stays", "fewer cells than the header", 6),
        ("stays", "start_day after the extract date", 9),
        ("stays", "unit of scheduled_hours_per_week changes", 10),
        ("persons", "unreadable age", 0),
    ]
    # her only stay could not be read: she is not said to have had none
    assert left_out(tables) == [("persons", "excluded: no treatment stay that could be read", 1)]
    rules = cleaned(tables)["quarantine"].query("table == 'stays'").set_index("row")["rule"]
    assert rules[5] == "unknown level_of_care"
    assert rules[7] == "missing start_day"
    assert rules[8] == "missing person_id"


def test_filters_leave_rows_out_under_their_words(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        ("missing_values", ["-9"]),
        ("tables.stays.where", [
            {"column": "KIND", "in": ["SU", None]}, {"column": "TEST", "not_in": ["Y", "y"]},
            {"column": "TEST", "not_in": list("abcde")},
        ]),
        stays="PID,FAC,LOC,ADMIT,DISCH,WHY,HOURS,KIND,TEST\n"
        + "a,x,IOP,2022-03-01,,,9,SU,N\nb,x,IOP,2022-03-01,,,9,,\nc,x,IOP,2022-03-01,,,9,-9,N\n"
        + "d,x,IOP,2022-03-01,,,9,MH,y\ne,x,IOP,2022-03-01,,,9,SU,y\nf,x,IOP,2022-03-01,,,9,SU,b\n"
        + "g,x,IOP,2022-03-01,,,9,MH\n",
    )  # fmt: skip
    tables = read(given)
    assert tables["stays"]["person_id"].tolist() == ["a", "b", "c", "g"]
    assert left_out(tables) == [
        ("stays", "excluded: KIND is not SU or empty", 1),
        ("stays", "excluded: TEST is Y or y", 1),
        ("stays", "excluded: TEST is one of 5 codes", 1),
    ]
    # nobody knows what the cells of a ragged row are: no filter looks at them
    assert broken(tables) == [("stays", "fewer cells than the header", 3)]


def test_the_admission_at_day_zero_stands_for_the_person(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        *FROM_ADMISSIONS,
        stays=ADMISSIONS
        + "a,x,IOP,2023-05-01,2023-06-01,1,9,32,F,no,2024-01-01\n"
        + "a,x,IOP,2019-11-01,2019-12-01,1,9,28,F,yes,\n"
        + "a,x,IOP,2022-03-01,2022-04-01,1,9,31,F,unknown,\n"
        + "b,x,IOP,2022-03-01,2022-04-01,1,9,31,F,yes,\n"
        + "b,x,IOP,2022-05-01,2022-06-01,1,9,31,M,yes,\n"
        + "c,x,IOP,2022-03-01,2022-04-01,1,9,31,M,yes,\n"
        + "c,x,IOP,2022-05-01,2022-06-01,1,9,41,M,yes,\n"
        + "d,x,IOP,2022-03-01,2022-04-01,1,9,old,M,yes,\n"
        + "d,x,IOP,2022-05-01,2022-06-01,1,9,41,,yes,\n",
    )
    tables = read(given)
    persons = tables["persons"]
    assert persons["person_id"].tolist() == ["a", "b", "b", "c", "c", "d", "d"]
    assert persons.loc[0, ["age", "stable_housing"]].tolist() == [31, "unknown"]
    assert persons.loc[0, "death_day"] == 671
    assert left_out(tables) == [("persons", "merged: same person", 2)]
    assert broken(tables) == [
        ("persons", "rows of one person contradict each other in sex", 1),
        ("persons", "rows of one person contradict each other in sex", 2),
        ("persons", "rows of one person contradict each other in age", 3),
        ("persons", "rows of one person contradict each other in age", 4),
        ("persons", "unreadable age", 5),
    ]


def people_left(tables: dict[str, pd.DataFrame]) -> dict[str, int]:
    """The flow of the cohort as far as the source tells it: people by why they are not in."""
    from iop_outcomes import clean
    from iop_outcomes.cohort.population import _lost

    raw = {n if n in ("quarantine", "arrivals") else f"raw_{n}": t for n, t in tables.items()}
    tidy = clean.run(**raw, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)
    left, aside = _lost(tidy["intake"], tidy["quarantine"], tidy["persons"])
    return {**dict(left), "set aside": aside, "persons": len(tidy["persons"])}


def test_people_are_counted_once_however_many_of_their_rows_are_left_out(tmp_path: Path) -> None:
    """A flow of people, where persons come from a file of admissions: someone of whom a row is read has not left."""
    keep = {"column": "TYPE", "in": ["A"]}
    persons = {**FROM_ADMISSIONS[1][1], "where": [keep, {"column": "SEX", "not_in": ["M"]}]}  # type: ignore[dict-item]
    rows = ADMISSIONS.replace("PID,", "TYPE,PID,", 1) + "".join(
        f"{kind},{who},x,IOP,{start},{end},1,9,{age},{sex},yes,\n"
        for who, kind, start, end, age, sex in (
            ("a", "A", "2022-03-01", "2022-04-01", "31", "F"),  # stays in, with a row less
            ("a", "B", "2022-05-01", "2022-06-01", "31", "F"),
            ("b", "B", "2022-03-01", "2022-04-01", "31", "F"),  # leaves once, with three rows
            ("b", "B", "2022-05-01", "2022-06-01", "31", "F"),
            ("b", "B", "2022-07-01", "2022-08-01", "31", "F"),
            (
                "c",
                "B",
                "2022-03-01",
                "2022-04-01",
                "31",
                "M",
            ),  # leaves by the first filter
            ("c", "A", "2022-05-01", "2022-06-01", "31", "M"),
            ("d", "A", "2019-03-01", "2019-04-01", "31", "F"),  # no stay in the enrolment, twice
            ("d", "A", "2019-05-01", "2019-06-01", "31", "F"),
            ("e", "A", "2022-03-01", "2022-04-01", "old", "F"),  # set aside twice
            ("e", "A", "2022-05-01", "2022-06-01", "young", "F"),
        )
    )
    stays = ("tables.stays.ignore", ["TYPE", "AGE", "SEX", "HOME", "DIED"])
    tables = read(settings(tmp_path, stays, ("tables.persons", persons), stays=rows))
    assert people_left(tables) == {
        "TYPE is not A": 2, "No treatment stay in the enrolment period": 1,
        "set aside": 1, "persons": 1,
    }  # fmt: skip
    own = tables["arrivals"][tables["arrivals"]["table"] == "persons"].set_index("outcome")
    assert own.loc["read", "rows"] == 11
    assert own.loc["excluded: TYPE is not A", "rows"] == 5
    assert own.loc["excluded: SEX is M", ["rows", "people"]].tolist() == [1, 0]


def test_the_order_of_rows_and_files_does_not_show(tmp_path: Path) -> None:
    rows = [
        "a,x,IOP,2022-03-01,2022-04-01,1,9,31,F,yes,\n", "a,x,IOP,2022-03-01,2022-04-01,1,9,31,F,no,\n",
        "a,x,RES,2022-03-01,2022-03-09,2,30,31,F,no,\n", "b,y,IOP,2022-05-01,2022-06-01,1,9,31,M,yes,\n",
        "b,y,DTX,2022-04-01,2022-04-02,1,9,30,M,yes,\n", "b,y,DTX,2022-04-01,2022-04-02,1,9,30,M,yes,\n",
    ]  # fmt: skip
    found = []
    for order in (rows, rows[::-1], rows[3:] + rows[:3]):
        given = settings(tmp_path, *FROM_ADMISSIONS, stays=ADMISSIONS + "".join(order))
        found.append(cleaned(read(given)))
    for again in found[1:]:
        for name in ("stays", "persons", "episodes", "intake"):
            pd.testing.assert_frame_equal(again[name], found[0][name])


def test_days_from_day_zero_pass_as_they_are(tmp_path: Path) -> None:
    changes: list[tuple[str, Any]] = [
        ("dates", None), ("extract_date", None), ("enrolment", None),
        ("tables.persons.columns.observed_to_day", {"column": "LAST", "unit": "weeks"}),
    ]  # fmt: skip
    given = settings(
        tmp_path,
        *changes,
        stays=STAYS + "a,x,IOP,-14,-3,1,9\na,x,IOP,0,30,1,9\nb,x,IOP,2022-01-01,,,9\n",
        people="PID,AGE,SEX,LAST\na,30,F,52\nc,30,F,52\n",
    )
    tables = read(given)
    assert tables["stays"]["start_day"].fillna(-99).tolist() == [-14, 0, -99]
    assert tables["persons"]["observed_to_day"].tolist() == [364, 364]
    assert "entry_period" not in tables["persons"]
    assert broken(tables) == [("stays", "unreadable start_day", 2)]
    assert left_out(tables) == []


def test_observation_ends_with_the_extract_or_with_disenrolment(tmp_path: Path) -> None:
    given = settings(
        tmp_path,
        ("tables.persons.columns.observed_to_day", "LAST"),
        ("tables.followups", {"files": "asked.csv", "columns": {
            "person_id": "PID",
            "target_day": {"column": "WAVE", "dates": "relative", "codes": {"6m": 180, "36m": 1080}},
            "day": "HELD", "lookback_days": {"value": 30}, "days_used": "USED",
        }}),
        stays=STAYS + "".join(f"{who},x,IOP,2022-03-01,,,9\n" for who in "abc"),
        people="PID,AGE,SEX,LAST\na,30,F,2022-03-31\nb,30,F,9999-12-31\nc,30,F,\n",
        asked="PID,WAVE,HELD,USED\na,6m,2022-08-30,2\na,36m,,\n",
    )  # fmt: skip
    tables = read(given)
    assert tables["persons"]["observed_to_day"].tolist() == [30, 1036, 1036]
    assert tables["followups"]["target_day"].tolist() == [180, 1080]
    assert broken(tables) == []
