"""Which files a draft takes, how it names them, and what it says of those that it does not know."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from drafts import PEOPLE, N, cycle, days, one_table, written
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.sources import draft
from iop_outcomes.sources.draft import exports, recognise, synonyms


def test_a_workbook_with_sheets_gives_a_table_each(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["client_id", "age", "sex"])
    stays = book.create_sheet("stays")
    stays.append(["client_id", "admit_date", "discharge_date"])
    for person, first, last in zip(PEOPLE, days(N, "%Y-%m-%d"), days(N, "%Y-%m-%d", 4), strict=True):
        book.active.append([person, 40, "F"])
        stays.append([person, first, last])
    book.save(tmp_path / "x.xlsx")
    tables = written(tmp_path / "x.xlsx")["source"]["tables"]
    assert {name: table["sheet"] for name, table in tables.items()} == {"stays": 2, "persons": 1}


def test_options_are_written_for_the_files_that_take_them(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = [f"{p}~{d}~{d}~Qu\xe9bec" for p, d in zip(PEOPLE, days(N, "%Y-%m-%d"), strict=True)]
    path.write_bytes("\n".join(["client_id~admit_date~end_date~site", *lines]).encode("cp1252"))
    stays = written(path, delimiter="~", encoding="cp1252")["source"]["tables"]["stays"]
    assert (stays["delimiter"], stays["encoding"]) == ("~", "cp1252")
    with pytest.raises(StudyError, match=r"None of the files could be read\. x\.csv: .*encoding: cp1252"):
        draft.draft([path])


def test_an_unknown_export_gives_an_empty_mapping(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("foo,bar\n1,secret\n")
    (tmp_path / "b.csv").write_text("id;x\n1;2;3\n4;5;6\n7;8;9\n")
    text = draft.draft([tmp_path])
    source = yaml.safe_load(text)["source"]
    assert [source["tables"][t]["files"] for t in ("stays", "persons")] == [["TODO"], ["TODO"]]
    assert set(source["tables"]["stays"]["columns"]) >= {"person_id", "start_day", "end_day"}
    assert "no table was recognised" in text
    assert "not read: b.csv" in text
    assert "secret" not in text


def test_of_many_columns_that_are_not_recognised_none_is_listed(tmp_path: Path) -> None:
    many = {f"q{i}": PEOPLE for i in range(70)}
    path = one_table(
        tmp_path,
        client_id=PEOPLE,
        admit_date=days(N, "%Y-%m-%d"),
        disch_date=days(N, "%Y-%m-%d", 4),
        DOB=PEOPLE,
        **many,
    )
    stays = written(path)["source"]["tables"]["stays"]
    assert (stays["ignore_others"], stays["ignore"]) == (True, ["DOB"])


def test_a_person_told_by_a_record_number_is_told(tmp_path: Path) -> None:
    path = one_table(
        tmp_path, MRN=range(4_000_000, 4_000_000 + N), admit_date=days(N, "%Y-%m-%d"), disch_date=days(N, "%Y-%m-%d", 4)
    )
    path.write_text(path.read_text() + "one,cell,too,many\n")
    text = draft.draft([path])
    assert yaml.safe_load(text)["source"]["tables"]["stays"]["columns"]["person_id"] == "MRN"
    said = " ".join(text.replace("#", "").split())
    assert "looks like medical record numbers: `iop-outcomes deidentify` replaces it by pseudonyms" in said
    assert "not read: stays.csv: some rows (more cells than the header), which are set aside" in said


def test_names_that_may_be_values_are_not_shown(tmp_path: Path) -> None:
    header = "client_id,admit_date,discharge_date,call 617-555-1234"
    rows = [f"{p},{a},{b},x" for p, a, b in zip(PEOPLE, days(N, "%Y-%m-%d"), days(N, "%Y-%m-%d", 4), strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    text = draft.draft([tmp_path])
    assert yaml.safe_load(text)["source"]["tables"]["stays"]["ignore_others"] is True
    assert "617" not in text


def test_teds_d_has_a_reader_of_its_own(tmp_path: Path) -> None:
    path = one_table(
        tmp_path, **{c: cycle([1, 2], 40) for c in ("DISYR", "CASEID", "SERVICES", "REASON", "LOS", "STFIPS")}
    )
    assert "`kind: tedsd`" in draft.draft([path])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="does not exist"):
        draft.draft([tmp_path / "nowhere.csv"])
    with pytest.raises(StudyError, match="holds no file of a known format"):
        draft.draft([tmp_path])


def test_each_name_has_one_best_column() -> None:
    for slot in synonyms.slots():
        assert synonyms.named(slot.column, slot.synonyms)[0] > synonyms.JOINED, slot
    frame = pd.DataFrame(
        {"person_id": ["a"], "Admission Date": ["2024-01-01"], "admit_dt": ["2024-01-01"]}, dtype=object
    )
    export = exports.Export(("x",), {}, frame, tuple(exports._columns(frame)))
    stays = recognise.matched(export)["stays"]
    assert stays["start_day"].column.name == "Admission Date"


NAMES = [
    "client_id",
    "ID",
    "admit_date",
    "dc date",
    "LOC",
    "reason",
    "age",
    "sex",
    "minutes",
    "DOB",
    "result",
    "x",
    "SERVICES",
]
CELLS = [
    "",
    "NA",
    "-9",
    "1",
    "2.1",
    "IOP",
    "F",
    "AMA",
    "03/04/2024",
    "2024-03-04",
    "45352",
    "7,5",
    "zq\u00e9",
    "'",
    "#",
    ": y",
]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True).flatmap(
        lambda names: st.tuples(
            st.just(names),
            st.lists(st.lists(st.sampled_from(CELLS), min_size=len(names), max_size=len(names)), max_size=15),
        )
    )
)
def test_any_export_gives_a_mapping_or_a_reason(tmp_path: Path, made: tuple[list[str], list[list[str]]]) -> None:
    names, rows = made
    path = tmp_path / "x.csv"
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    try:
        said = draft.draft([path])
    except StudyError as wrong:
        said = str(wrong)
    else:
        assert yaml.safe_load(said)["source"]["kind"] == "mapping"
    assert "zq" not in said
