"""Where a mapped export comes from: many files, a database, typed formats; and what is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mapped_exports import ADMISSIONS, FROM_ADMISSIONS, PEOPLE, STAYS, read, settings

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import identifiers


def test_many_files_feed_a_table_and_one_file_many_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(identifiers, "examine", lambda *given: seen.append(given[1:]))
    given = settings(
        tmp_path,
        *FROM_ADMISSIONS,
        ("tables.persons.files", ["stays.csv", "stays2.csv"]),
        stays=ADMISSIONS + "a,x,IOP,2022-03-01,,,9,31,F,yes,\n",
        stays2="HOURS;PID;FAC;LOC;ADMIT;DISCH;WHY;AGE;SEX;HOME;DIED\n9;b;x;RES;2022-03-01;;;31;M;yes;\n",
    )
    assert [p.name for p in map(Path, sources.inputs("mapping", given))] == ["stays.csv", "stays2.csv"]
    tables = read(given)
    assert tables["stays"]["person_id"].tolist() == tables["persons"]["person_id"].tolist() == ["a", "b"]
    dated = {"ADMIT", "DISCH", "DIED"}
    assert seen == [("stays.csv", given["privacy"], dated), ("stays2.csv", given["privacy"], dated)]


def test_the_gate_stops_the_run_before_anything_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise StudyError("a name")

    monkeypatch.setattr(identifiers, "examine", stop)
    with pytest.raises(StudyError, match="a name"):
        read(settings(tmp_path, stays="WRONG\n03/04/05\n"))


def test_a_database_is_read_by_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "clinic.db") as database:
        database.execute("create table stays (pid text, fac text, loc text, adm text, dis text, why int, hrs real)")
        database.execute("insert into stays values ('a', 'x', 'IOP', '2022-03-01', null, null, 9)")
        database.execute("create table people (pid text, age int, sex text)")
        database.execute("insert into people values ('a', 31, 'F')")
    monkeypatch.setenv("CLINIC", f"sqlite:///{tmp_path / 'clinic.db'}")
    columns = (
        "select pid as PID, fac as FAC, loc as LOC, adm as ADMIT, dis as DISCH, why as WHY, hrs as HOURS from stays"
    )
    given = settings(
        tmp_path,
        ("database", "CLINIC"),
        ("tables.stays.files", None),
        ("tables.stays.query", columns),
        ("tables.persons.files", None),
        ("tables.persons.query", "select pid as PID, age as AGE, sex as SEX from people"),
    )
    assert sources.inputs("mapping", given) == []
    tables = read(given)
    assert tables["stays"]["scheduled_hours_per_week"].tolist() == [9]
    assert tables["persons"]["age"].tolist() == [31]


def test_typed_files_and_text_give_the_same(tmp_path: Path) -> None:
    text = STAYS + "a,x,IOP,2022-03-01,2022-05-30,1,9.5\nb,x,RES,2022-03-01,,,40\n"
    people = PEOPLE + "a,31,F\nb,32,M\n"
    by_text = read(settings(tmp_path, stays=text, people=people))
    frame = pd.read_csv(tmp_path / "stays.csv", parse_dates=["ADMIT", "DISCH"])
    frame.to_parquet(tmp_path / "stays.parquet")
    frame.to_excel(tmp_path / "stays.xlsx", sheet_name="admissions", index=False)
    for change in ({"files": "stays.parquet"}, {"files": "stays.xlsx", "sheet": "admissions"}):
        given = settings(tmp_path, stays=text, people=people)
        given["tables"]["stays"].update(change)
        for name, table in read(given).items():
            pd.testing.assert_frame_equal(table, by_text[name])


@pytest.mark.parametrize(
    ("changes", "texts", "said"),
    [
        ([("tables.stays.files", "none_*.csv")], {}, r"has no file 'none_\*\.csv', which should feed stays"),
        ([("tables.stays.files", None)], {}, "The mapping of stays names no `files`"),
        ([("tables.persons.columns.age", "AGES")], {}, "the column 'AGES', which the file lacks. Did you mean the"),
        ([], {"people": "PID,AGE,SEX,TIER,RACE\n"}, "does not mention the columns 'TIER', 'RACE'"),
        ([("tables.persons.ignore", ["TIER"])], {"people": "PID,AGE,SEX,TIER,RACE\n"}, "not mention the column 'RACE'"),
        ([], {"stays": STAYS + "a,x,IOP,03/04/2022,,,9\n"}, "`date_format`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_mapping_is_refused(
    tmp_path: Path, changes: list[tuple[str, Any]], texts: dict[str, str], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        read(settings(tmp_path, *changes, **texts))


def test_a_file_without_a_header_is_refused_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        read(settings(tmp_path, people="secret,31,hidden\nsecret2,32,hidden2\n"))
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_all_columns_may_be_ignored_but_those_that_are_used(tmp_path: Path) -> None:
    given = settings(tmp_path, ("tables.persons.ignore_others", True), people="PID,AGE,SEX,RACE\n")
    assert len(read(given)["persons"]) == 0


def test_settings_that_are_not_sound_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"The mapping is not sound.*tables.*needs persons"):
        read(settings(tmp_path, ("tables.persons", None)))


def test_a_path_may_be_the_only_file(tmp_path: Path) -> None:
    given = settings(
        tmp_path, *FROM_ADMISSIONS, ("tables.stays.files", None), ("tables.persons.files", None),
        stays=ADMISSIONS + "a,x,IOP,2022-03-01,,,9,31,F,yes,\n",
    )  # fmt: skip
    assert len(read({**given, "path": str(tmp_path / "stays.csv")})["persons"]) == 1
    with pytest.raises(StudyError, match="is no file"):
        read(given)
