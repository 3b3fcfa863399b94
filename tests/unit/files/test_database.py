from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy

from iop_outcomes.errors import StudyError
from iop_outcomes.files import database, formats

WHERE = "query of stays"


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "records.db"
    with sqlite3.connect(path) as made:
        made.execute("create table stays (person text, hours real, minutes integer, started text, note blob)")
        made.executemany(
            "insert into stays values (?, ?, ?, ?, ?)",
            [
                ("secret ", 9.0, 540, "2024-03-01", None),
                ("b", 2.5, None, "03/04/2024", b"\x01"),
                ("", None, 3, "", b""),
            ],
        )
    made.close()
    monkeypatch.setenv("RECORDS", f"sqlite:///{path}")
    return path


def whole(sql: str) -> pd.DataFrame:
    return pd.concat([cells.frame for cells in formats.query("RECORDS", sql, WHERE)], ignore_index=True)


@pytest.mark.usefixtures("sqlite")
def test_the_rows_of_a_query_are_text() -> None:
    (cells,) = formats.query("RECORDS", "select * from stays where person like '%' order by rowid;", WHERE)
    assert cells.where == WHERE
    assert cells.broken.empty
    assert cells.frame.to_dict("list") == {
        "person": ["secret", "b", None],
        "hours": ["9", "2.5", None],
        "minutes": ["540", None, "3"],
        "started": ["2024-03-01", "03/04/2024", None],
        "note": [None, "01", None],
    }


@pytest.mark.usefixtures("sqlite")
def test_batches_hold_every_row_once_and_an_empty_result_has_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH", 2)
    frames = [cells.frame for cells in formats.query("RECORDS", "select * from stays order by rowid", WHERE)]
    assert [len(f) for f in frames] == [2, 1]
    assert pd.concat(frames)["minutes"].tolist() == ["540", None, "3"]
    (empty,) = formats.query("RECORDS", "select person, hours from stays where 0", WHERE)
    assert (list(empty.frame.columns), len(empty.frame)) == (["person", "hours"], 0)


@pytest.mark.parametrize("sql", ["delete from stays", "update stays set hours = 1", "drop table stays"])
def test_nothing_is_written(sqlite: Path, sql: str) -> None:
    before = sqlite.read_bytes()
    with pytest.raises(StudyError, match="the database gave an error"):
        whole(sql)
    assert sqlite.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    ["select nothing from stays", "select * from missing", "select 1; select 2", "select person, person from stays"],
)
@pytest.mark.usefixtures("sqlite")
def test_an_error_names_the_query_and_quotes_neither_rows_nor_the_address(
    sql: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(StudyError, match=WHERE) as caught:
        whole(sql)
    assert caught.value.__context__ is None
    for said in (str(caught.value), caplog.text):
        assert "secret" not in said
        assert str(tmp_path) not in said


def test_text_that_is_not_utf8_is_not_quoted(sqlite: Path) -> None:
    with sqlite3.connect(sqlite) as made:
        made.execute("insert into stays (person) values (cast(x'736563726574ff' as text))")
    made.close()
    with pytest.raises(StudyError, match="not UTF-8") as caught:
        whole("select person from stays")
    assert "secret" not in str(caught.value)


def test_the_address_comes_from_the_environment_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECORDS", raising=False)
    with pytest.raises(StudyError, match="RECORDS is not set"):
        whole("select 1")
    address = "postgresql://someone:hunter2@host/db"
    with pytest.raises(StudyError, match="name of an environment variable") as caught:
        next(iter(formats.query(address, "select 1", WHERE)))
    assert "hunter2" not in str(caught.value)
    for wrong, check in {
        "hunter2": "the form of the address",
        "nosuch://someone:hunter2@host/db": "how the address begins",
        "mysql+mysqldb://someone:hunter2@host/db": "the driver that the address names is installed",
        "postgresql://someone:hunter2@127.0.0.1:1/db": "runs and can be reached",
        f"sqlite:///{tmp_path}/hunter2.db": "does not exist",
    }.items():
        monkeypatch.setenv("RECORDS", wrong)
        with pytest.raises(StudyError, match=check) as caught:
            whole("select 1")
        assert "hunter2" not in str(caught.value)
    assert not list(tmp_path.iterdir())  # SQLite would make the file


@pytest.fixture
def records(postgres: str, monkeypatch: pytest.MonkeyPatch) -> str:
    url = postgres.replace("postgresql:", "postgresql+psycopg:")
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists stays")
        connection.exec_driver_sql(
            "create table stays (person text, started date, seen timestamp, sent timestamptz, hours numeric(5,2), "
            "minutes integer, share double precision, open boolean, codes text[], about jsonb, id uuid, spent interval)"
        )
        connection.exec_driver_sql(
            "insert into stays values ('secret', '2024-03-01', '2024-03-01 13:45', '2024-03-01 08:45-05', 9.50, 540, "
            "0.1, true, '{a,b}', '{\"k\": 1}', '00000000-0000-0000-0000-000000000001', '30 hours'), "
            "(null, null, null, null, 12.00, null, 'nan', null, null, null, null, null)"
        )
    monkeypatch.setenv("RECORDS", postgres)
    return postgres


@pytest.mark.usefixtures("records")
def test_postgresql_types_are_text() -> None:
    (cells,) = formats.query("RECORDS", "select * from stays where person like '%' or person is null", WHERE)
    assert cells.frame.to_dict("list") == {
        "person": ["secret", None],
        "started": ["2024-03-01", None],
        "seen": ["2024-03-01T13:45:00", None],
        "sent": ["2024-03-01T13:45:00+00:00", None],
        "hours": ["9.5", "12"],
        "minutes": ["540", None],
        "share": ["0.1", None],
        "open": ["true", None],
        "codes": ['["a", "b"]', None],
        "about": ['{"k": 1}', None],
        "id": ["00000000-0000-0000-0000-000000000001", None],
        "spent": ["30:00:00", None],
    }


@pytest.mark.usefixtures("records")
def test_postgresql_is_read_in_batches_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH", 1000)
    batches = formats.query("RECORDS", "select n, n % 7 as day from generate_series(1, 2500) n -- all;", WHERE)
    frames = [cells.frame for cells in batches]
    assert [len(f) for f in frames] == [1000, 1000, 500]
    assert pd.concat(frames)["n"].tolist() == [str(n) for n in range(1, 2501)]
    # the server sends rows as they are asked for: the first come before the last can fail
    batches = formats.query("RECORDS", "select 1 / (1500 - n) as q from generate_series(1, 2500) n", WHERE)
    assert len(next(batches).frame) == 1000
    with pytest.raises(StudyError, match="DataError"):
        next(batches)


@pytest.mark.parametrize(
    "sql",
    [
        "delete from stays",
        "drop table stays",
        "with gone as (delete from stays returning *) select * from gone",
        "select nothing from stays",
        "select person::integer from stays",
    ],
)
def test_postgresql_is_read_only_and_its_errors_are_not_quoted(
    records: str, sql: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(StudyError, match="the database gave an error") as caught:
        whole(sql)
    password = records.split(":")[2].split("@")[0]
    for said in (str(caught.value), caplog.text):
        assert "secret" not in said
        assert password not in said
    assert whole("select count(*) as n from stays")["n"].tolist() == ["2"]


def test_a_wrong_password_is_not_shown(records: str, monkeypatch: pytest.MonkeyPatch) -> None:
    password = records.split(":")[2].split("@")[0]
    monkeypatch.setenv("RECORDS", records.replace(password, "hunter2"))
    with pytest.raises(StudyError, match="user and password") as caught:
        whole("select 1")
    assert "hunter2" not in str(caught.value)
