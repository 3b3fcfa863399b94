from __future__ import annotations

import datetime as dt
import decimal
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
import workbooks
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats, text_cells

Frame = dict[str, list[str | None]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (float("nan"), None),
        (pd.NaT, None),
        (decimal.Decimal("NaN"), None),
        (" x\u2003", "x"),
        ("  ", None),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (2.5, "2.5"),
        (1e-5, "1e-05"),
        (1e300, "1e+300"),
        (decimal.Decimal("9.50"), "9.5"),
        (decimal.Decimal("1200"), "1200"),
        (dt.date(2024, 3, 1), "2024-03-01"),
        (dt.datetime(2024, 3, 1, 13, 45), "2024-03-01T13:45:00"),
        (dt.datetime(2024, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=-5))), "2024-03-01T00:00:00-05:00"),
        (dt.time(9, 30), "09:30:00"),
        (dt.timedelta(hours=30, minutes=5), "30:05:00"),
        (dt.timedelta(minutes=-90), "-01:30:00"),
        (b"\x01", "01"),
        ({"b": 1, "a": None}, '{"a": null, "b": 1}'),
    ],
)
def test_what_a_value_becomes(value: object, text: str | None) -> None:
    assert text_cells.text(value) == text


def test_equal_values_of_different_types_stay_apart() -> None:
    assert text_cells.column([1, True, 1.0, [1], "1", False, 0]) == ["1", "true", "1", "[1]", "1", "false", "0"]


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_nan=False))
def test_a_number_is_given_back(value: float) -> None:
    assert float(text_cells.text(value) or "") == value


TYPED = pd.DataFrame(
    {
        "id": ["a", "b ", ""],
        "hours": [9.0, np.nan, 2.5],
        "minutes": [540, 0, 3],
        "started": [dt.date(2024, 3, 1), None, dt.date(1999, 12, 31)],
        "seen": pd.to_datetime(["2024-03-01 13:45:00", None, "2024-01-01 00:00:00"]),
    }
)
AS_TEXT: Frame = {
    "id": ["a", "b", None],
    "hours": ["9", None, "2.5"],
    "minutes": ["540", "0", "3"],
    "started": ["2024-03-01", None, "1999-12-31"],
    "seen": ["2024-03-01T13:45:00", None, "2024-01-01T00:00:00"],
}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("records.dta", pyreadstat.write_dta),
        ("records.sav", pyreadstat.write_sav),
        ("records.zsav", lambda frame, path: pyreadstat.write_sav(frame, path, compress=True)),
        ("RECORDS.POR", pyreadstat.write_por),
        ("records.xpt", pyreadstat.write_xport),
        ("records.parquet", lambda frame, path: frame.to_parquet(path)),
    ],
)
def test_typed_files_become_text(tmp_path: Path, name: str, write: Callable[[pd.DataFrame, str], None]) -> None:
    write(TYPED, str(tmp_path / name))
    read = formats.read(tmp_path / name)
    assert read.where == name
    assert read.broken.empty
    assert set(read.frame.dtypes.astype(str)) == {"object"}
    assert {column.lower(): values for column, values in read.frame.to_dict("list").items()} == AS_TEXT


def test_missing_values_and_labels_of_spss(tmp_path: Path) -> None:
    path = tmp_path / "m.sav"
    frame = pd.DataFrame({"sex": [1.0, 2.0, 9.0, np.nan], "reason": ["c", "refused", "t", ""]})
    labels = {"sex": {1: "Female", 2: "Male", 9: "Refused"}}
    pyreadstat.write_sav(
        frame, str(path), missing_ranges={"sex": [9], "reason": ["refused"]}, variable_value_labels=labels
    )
    assert formats.read(path).frame.to_dict("list") == {"sex": ["1", "2", None, None], "reason": ["c", None, "t", None]}
    labelled = formats.read(path, {"labels": True})
    assert labelled.frame["sex"].tolist() == ["Female", "Male", None, None]


def test_missing_values_and_periods_of_stata(tmp_path: Path) -> None:
    path = tmp_path / "m.dta"
    frame = pd.DataFrame({"n": [1.0, "a", np.nan], "month": [770.0, -1.0, np.nan], "quarter": [256.0, 0.0, np.nan]})
    pyreadstat.write_dta(
        frame, str(path), missing_user_values={"n": ["a"]}, variable_format={"month": "%tm", "quarter": "%tq"}
    )
    assert formats.read(path).frame.to_dict("list") == {
        "n": ["1", None, None],
        "month": ["2024-03", "1959-12", None],
        "quarter": ["2024Q1", "1960Q1", None],
    }


def test_types_of_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "zoned": pd.to_datetime(["2024-07-01 13:45", None]).tz_localize("America/New_York"),
            "open": [True, None],
            "share": np.array([0.1, np.nan], "float32"),
            "cost": [decimal.Decimal("1.50"), None],
            "site": pd.Categorical(["North ", None]),
            "codes": [[1, 2], None],
            "whole": pd.array([1, None], "Int64"),
        }
    )
    frame.to_parquet(tmp_path / "x.parquet")
    assert formats.read(tmp_path / "x.parquet").frame.to_dict("list") == {
        "zoned": ["2024-07-01T13:45:00-04:00", None],
        "open": ["true", None],
        "share": ["0.1", None],
        "cost": ["1.5", None],
        "site": ["North", None],
        "codes": ["[1, 2]", None],
        "whole": ["1", None],
    }
    frame.iloc[:0].to_parquet(tmp_path / "empty.parquet")
    assert formats.read(tmp_path / "empty.parquet").frame.shape == (0, 7)


ROWS: list[list[workbooks.Cell]] = [
    ["id", "started", "hours", "serial"],
    ["a", dt.date(2024, 3, 1), 2.5, 45352.0],
    ["b ", None, 9.0, None],
]
SHEET: Frame = {
    "id": ["a", "b"],
    "started": ["2024-03-01", None],
    "hours": ["2.5", "9"],
    "serial": ["45352", None],
}


def write_xlsx(path: Path, rows: workbooks.Rows) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("records.xlsx", write_xlsx),
        ("records.xls", workbooks.write_xls),
        ("records.xlsb", workbooks.write_xlsb),
        ("records.ods", workbooks.write_ods),
    ],
)
def test_workbooks_become_text(tmp_path: Path, name: str, write: Callable[[Path, workbooks.Rows], None]) -> None:
    write(tmp_path / name, ROWS)
    read = formats.read(tmp_path / name)
    assert read.where == name
    assert read.frame.to_dict("list") == SHEET
    assert read.broken.empty


def workbook(path: Path, **sheets: workbooks.Rows) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name.startswith("hidden"):
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


def test_empty_rows_and_columns_around_a_table(tmp_path: Path) -> None:
    rows = [
        [],
        [None, "id", None, "open"],
        [None, "a", None, True],
        [],
        [None, "b", None, dt.timedelta(hours=30)],
        [None, ""],
    ]
    read = formats.read(workbook(tmp_path / "x.xlsx", one=rows, empty=[], hidden=[["x"]]))
    assert read.frame.to_dict("list") == {"id": ["a", None, "b"], "open": ["true", None, "30:00:00"]}
    assert read.broken.to_dict() == {1: "empty row"}


def test_the_sheet_is_named_where_there_are_several(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", secret=[["id"], ["a"]], other=[["id"], ["b"]], hidden=[["id"], ["c"]])
    for sheet, found in {"other": "b", 1: "a", 3: "c", "hidden": "c"}.items():
        assert formats.read(path, {"sheet": sheet}).frame["id"].tolist() == [found]
    for options, said in (({}, "2 visible sheets.*numbers 1, 2"), ({"sheet": 4}, "no sheet '4'.*1 to 3")):
        with pytest.raises(StudyError, match=said) as caught:
            formats.read(path, options)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "is empty"),
        ([["Report of secret"], ["id", "hours"], ["secret", 2]], "gives no name to column 2"),
        ([["id", "id"], ["secret", 2]], "more than once, in columns 1, 2"),
        ([["secret", 41, dt.date(2024, 3, 1)], ["b", 42, None]], "looks like data"),
    ],
)
def test_sheets_without_a_header_are_refused_and_not_quoted(tmp_path: Path, rows: workbooks.Rows, said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        formats.read(workbook(tmp_path / "x.xlsx", one=rows))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("suffix", sorted(s for s in formats.FORMATS if s[1:4] not in ("csv", "tsv", "txt", "dat")))
@pytest.mark.parametrize("content", [b"", b"secret", b"PK\x03\x04secret", b"<html><table>secret</table></html>"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=rf"^x\{suffix} ") as caught:
        formats.read(path)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    many = pd.DataFrame({"id": [f"secret{i}" for i in range(3000)], "n": range(3000)})
    whole = io.BytesIO()
    many.to_parquet(whole)
    (tmp_path / "x.parquet").write_bytes(whole.getvalue()[:-100])
    pyreadstat.write_dta(many, str(tmp_path / "x.dta"))
    pyreadstat.write_sav(many, str(tmp_path / "x.sav"))
    for suffix in ("dta", "sav"):
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for suffix in ("parquet", "dta", "sav"):
        with pytest.raises(StudyError, match=rf"^x\.{suffix} ") as caught:
            formats.read(tmp_path / f"x.{suffix}")
        assert "secret" not in str(caught.value)


def test_a_date_out_of_range_keeps_its_year_and_the_file_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"d": [0.0, 1e7, 1e12]})
    pyreadstat.write_dta(frame, str(tmp_path / "x.dta"), variable_format={"d": "%td"})
    assert formats.read(tmp_path / "x.dta").frame["d"].tolist() == ["1960-01-01", "29339-01-26", "1000000000000.0"]


def test_options_are_those_of_the_format(tmp_path: Path) -> None:
    TYPED.to_parquet(tmp_path / "x.parquet")
    assert len(formats.read(tmp_path / "x.parquet", {"sheet": None, "delimiter": None}).frame) == 3
    with pytest.raises(StudyError, match=r"take no option\. Remove delimiter"):
        formats.read(tmp_path / "x.parquet", {"delimiter": ","})
