"""Passwords: in queries, in addresses, in messages. None is written, and a change of one is still seen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import withheld
from iop_outcomes.protocol import Study
from iop_outcomes.study import loading

PASSWORD = "Hunter2!x"
QUERIES = [
    "select * from dblink('host=h user=u password={}', 'select 1') as t(a int)",
    "select pgp_sym_decrypt(ssn, '{}') as x from stays",
    'select pgp_sym_decrypt(ssn, "{}") as x from stays',
    "select * from stays -- password {}",
    "select * from stays # {}",
    "select * /* {}\n */ from stays",
    "select $${}$$ from stays",
    "select $key$ {} $key$ from stays",
    "select * from openrowset('SQLOLEDB', 'h';'sa';'{}', 'select 1')",
    "select E'it\\'s {}' from stays",
    "select 'it''s {}' from stays",
    "select * from read_csv(s3://key:{}@bucket/a.csv)",
    "set password = {}; select 1",
    "set role x identified by {}",
    "create secret s (type s3, key_id k, secret {}); select 1",
    "select 'not closed {}",
    "select /* not closed {}",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_shown_without_what_may_be_a_password(query: str) -> None:
    sql = query.format(PASSWORD)
    shown = withheld.shown(sql)
    assert PASSWORD not in shown
    assert "Hunter2" not in shown
    assert withheld.shown(query.format("another")) != shown
    assert withheld.shown(sql) == shown
    assert withheld.shown(shown) == shown


def test_names_stay_in_a_query_that_is_shown() -> None:
    shown = withheld.shown("select person, [level], `hours` from stays where day >= 3 and status = 'ok'")
    assert shown.startswith("select person, [level], `hours` from stays where day >= 3 and status = ***")


SOURCE = {"kind": "mapping", "tables": {"stays": {"query": f"select '{PASSWORD}'"}, "persons": {"files": "a.csv"}}}


def test_a_query_reaches_its_step_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_OUTCOMES_QUERY_STAYS", "")
    settings = withheld.source(SOURCE)
    assert PASSWORD not in json.dumps(settings)
    with pytest.raises(StudyError, match="query of stays: its text did not reach the step"):
        withheld.restored(settings)
    withheld.lend(SOURCE)
    assert withheld.restored(settings) == SOURCE
    assert withheld.restored(SOURCE) == SOURCE
    os.environ["IOP_OUTCOMES_QUERY_STAYS"] = "select 'another'"
    with pytest.raises(StudyError, match="or has changed since") as caught:
        sources.run(settings, {})
    assert PASSWORD not in str(caught.value)
    assert "another" not in str(caught.value)


def loaded(project: Path, monkeypatch: pytest.MonkeyPatch, **source: object) -> loading.Loaded:
    monkeypatch.chdir(project)
    found = loading.load({**loading.read_yaml(Path("config/config.yaml")), "cohort": "demo"})
    return loading.Loaded(
        found.study.model_copy(update={"source": found.study.source.model_copy(update=source)}),
        found.analyses, found.endpoints, found.rules,
    )  # fmt: skip


def test_the_merged_study_holds_no_password(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "note": f"From postgresql://etl:{PASSWORD}@warehouse/db by odbc (server=w;uid=etl;pwd={PASSWORD})",
        "path": f"postgresql://etl:{PASSWORD}@warehouse",
    }
    merged = yaml.safe_dump(loaded(project, monkeypatch, **said).merged())
    assert PASSWORD not in merged
    assert "warehouse/db by odbc" in merged


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": f"postgresql://etl:{PASSWORD}@h/db"},
        {"database": f"host=h password={PASSWORD}"},
        {"database": PASSWORD},
        {"database": f"${{{PASSWORD}}}"},
        {"tables": {"stays": {"query": [f"select '{PASSWORD}'"]}}},
        {"database_url": f"postgresql://etl:{PASSWORD}@h/db"},
        {"path": [f"postgresql://etl:{PASSWORD}@h/db"]},
    ],
)
def test_a_refused_config_quotes_no_password(wrong: dict[str, object], project: Path, tmp_path: Path) -> None:
    protocol = loading.read_yaml(project / "config/config.yaml")
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump({"source": {"kind": "mapping", **wrong}}))
    with pytest.raises(StudyError) as caught:
        loading._typed(Study, {**protocol, "cohort": "c", "source": {"kind": "mapping", **wrong}}, [file])
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://etl:{PASSWORD}@h/db does not exist.", f"postgresql:/etl:{PASSWORD}@h/db does not exist.",
        f"mssql+pyodbc://etl:a@{PASSWORD}@h/db", f"server=h;PWD={PASSWORD};x=1", f"DB_PASSWORD='{PASSWORD}'",
    ],
)  # fmt: skip
def test_no_message_quotes_a_password(text: str) -> None:
    assert PASSWORD not in str(StudyError(text))
    assert PASSWORD not in repr(StudyError(text))


@pytest.mark.parametrize(
    "text",
    [
        "such as postgresql://user:password@host/database or sqlite:///file.db.",
        "the name, user and password in the address",
        "C:/Users/jo@example/x.csv does not exist", "data/my file.csv", "https://example.org/page", "a: b, c = d",
    ],
)  # fmt: skip
def test_other_words_stay(text: str) -> None:
    assert str(StudyError(text)) == text
