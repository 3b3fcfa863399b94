"""Names of people under the headers that exports have, measured: what is stopped, and what ordinary data pass."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import gate_columns as lists
import pandas as pd
import pyreadstat
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats
from iop_outcomes.privacy import identifiers
from iop_outcomes.privacy.deidentify import Options, roles
from iop_outcomes.privacy.identifiers import contents, headers, scan
from iop_outcomes.sources import draft

LISTS = ("first", "second")
# how names stand in a column: all differ, or twelve of them repeat
SHAPES = {
    "unique": {"form": "family"},
    "unique, both names": {"form": "LAST, FIRST"},
    "repeated": {"form": "family", "repeat": 33, "most": 12},
}


def frame(columns: dict[str, list[str | None]]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})


def of_people(names: list[str], which: str = "first") -> pd.DataFrame:
    return frame({header: list(names) for header in lists.headers(which)})


def stopped(table: pd.DataFrame) -> set[str]:
    return {f.column for f in identifiers.findings(table)}


@pytest.mark.parametrize("which", LISTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", lists.SETS)
def test_names_are_stopped_whatever_their_header(kind: str, shape: str, which: str) -> None:
    asked = lists.headers(which)
    assert len(asked) >= 100
    found = stopped(of_people(lists.names(kind, **SHAPES[shape]), which))  # type: ignore[arg-type]
    assert len(found) >= 0.98 * len(asked), sorted(set(asked) - found)


@pytest.mark.parametrize("which", LISTS)
def test_ordinary_columns_pass(which: str) -> None:
    columns = dict(lists.ordinary(which))
    assert len(columns) >= {"first": 200, "second": 100}[which]
    found = identifiers.findings(frame(columns))  # type: ignore[arg-type]
    assert len({f.column for f in found}) < 0.02 * len(columns), found


@pytest.mark.parametrize("kind", lists.SETS)
def test_deidentify_drops_the_same_columns(kind: str) -> None:
    table = of_people(lists.names(kind)).assign(person_id=[f"p{i}" for i in range(36)])
    columns = list(contents.columns(table))
    kinds = {r.column: r.kind for r in roles.decide(columns, scan.scan(columns), Options(["person_id"]))}
    kept = [header for header in lists.headers() if kinds[header] != "drop"]
    assert len(kept) <= 2, kept


def test_deidentify_drops_no_ordinary_column_as_a_name() -> None:
    columns = list(contents.columns(frame(dict(lists.ordinary()))))
    made = roles.decide(columns, scan.scan(columns), Options(["person_id"]))
    assert [r.column for r in made if r.kind == "drop" and not r.why.startswith("undecided")] == []


@pytest.mark.parametrize("header", ["person_id", "client_id", "CLIENT_NO", "record_id"])
@pytest.mark.parametrize("kind", lists.SETS)
@pytest.mark.parametrize("repeat", [1, 7])
def test_a_name_is_no_pseudonym(header: str, kind: str, repeat: int) -> None:
    assert stopped(frame({header: list(lists.names(kind, repeat=repeat))})) == {header}


@pytest.mark.parametrize("kind", lists.SETS)
def test_unique_words_are_no_category_whatever_the_name_of_their_column(kind: str) -> None:
    names = lists.names(kind)
    assert stopped(frame({"col_7": list(names)})) == {"col_7"}
    assert stopped(frame({"col_7": [n.lower() for n in names]})) == {"col_7"}
    # many of them are not, either, where each comes back
    many = [f"{a}-{b}" for a in names[:12] for b in names[12:24]]
    assert stopped(frame({"col_7": [n for n in many for _ in range(9)]})) == {"col_7"}


@pytest.mark.parametrize("header", ["PT_LAST", "COUNSELOR", "nombre", "ФИО"])
def test_the_message_names_the_column_and_the_cure_and_no_name(header: str) -> None:
    names = lists.names("uncommon")
    with pytest.raises(StudyError, match="person names") as caught:
        identifiers.examine(frame({"person_id": [f"p{i}" for i in range(36)], header: list(names)}), "x.csv", {})
    said = str(caught.value)
    assert f"'{header}'" in said
    assert "privacy.allow" in said
    assert not [n for n in names if n in said]
    allowed = {"allow": [{"column": header, "rule": "person names", "reason": "Invented for the tests"}]}
    table = frame({"person_id": ["p1"] * 36, header: list(names)})
    assert [(u.column, u.rule) for u in identifiers.examine(table, "x.csv", allowed)] == [(header, "person names")]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("MEMBER_LAST_NAME", "sure"), ("PTLNAME", "sure"), ("MBR_NM", "sure"), ("患者姓名", "sure"), ("Prénom", "sure"),
        ("COUNSELOR", "likely"), ("signed by", "likely"), ("program director", "likely"), ("last", "likely"),
        ("client_id", "coded"), ("last_use_date", "other"), ("drug_name", "other"), ("client_status", "other"),
        ("nominal_dose", "other"), ("col_7", "unknown"), ("", "unknown"), ("x" * 200, "unknown"),
    ],
)  # fmt: skip
def test_what_the_words_of_a_header_say(header: str, found: str) -> None:
    assert headers.person(header) == found


def test_known_words_are_of_one_kind_and_plain() -> None:
    kinds = {kind: headers.vocabulary(kind) for kind in ("who", "what", "name", "filler", "other")}
    for kind, own in kinds.items():
        assert own == {headers.plain(word) for word in own}
        assert not [other for other, theirs in kinds.items() if other != kind and own & theirs]


def test_rules_of_headers_are_rules_of_the_gate() -> None:
    from iop_outcomes.privacy.identifiers.rules import BY_NAME

    assert {row[0] for row in headers._rules()} <= set(BY_NAME)


def test_a_draft_shows_no_name(tmp_path: Path) -> None:
    names = lists.names("uncommon", repeat=12, most=12)
    rows = len(names)
    frame(
        {
            "client_id": [f"k{i}" for i in range(rows)],
            "admit_date": ["2024-01-05"] * rows, "discharge_date": ["2024-02-05"] * rows,
            "program": ["north", "south"] * (rows // 2), "COUNSELOR": list(names), "PT_LAST": list(names),
        }
    ).to_csv(tmp_path / "stays.csv", index=False)  # fmt: skip
    text = draft.draft([tmp_path / "stays.csv"])
    assert "COUNSELOR" in text
    assert text.count("looks like person names") >= 2
    assert not [n for n in names if n in text]


def test_queries_workbooks_and_labels_go_through_the_same_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = lists.names("languages")
    table = pd.DataFrame({"person": [f"p{i}" for i in range(36)], "MBR_NM": names})
    with sqlite3.connect(tmp_path / "r.db") as made:
        table.to_sql("stays", made, index=False)
    made.close()
    monkeypatch.setenv("RECORDS", f"sqlite:///{tmp_path}/r.db")
    (cells,) = formats.query("RECORDS", "select * from stays", "query of stays")
    assert stopped(cells.frame) == {"MBR_NM"}
    table.to_excel(tmp_path / "a.xlsx", index=False)
    assert stopped(formats.read(tmp_path / "a.xlsx", {}).frame) == {"MBR_NM"}
    coded = pd.DataFrame({"counselor": [float(i % 12 + 1) for i in range(60)]})
    labels = {float(i + 1): name for i, name in enumerate(names[:12])}
    for write, file in ((pyreadstat.write_dta, "a.dta"), (pyreadstat.write_sav, "a.sav")):
        write(coded, str(tmp_path / file), variable_value_labels={"counselor": labels})
        assert stopped(formats.read(tmp_path / file, {"labels": True}).frame) == {"counselor"}
        assert stopped(formats.read(tmp_path / file, {}).frame) == set()
