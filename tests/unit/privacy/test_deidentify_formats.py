"""De-identification of every format that a mapping reads: the same records give the same bytes, whoever wrote them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import workbooks

from iop_outcomes import cli
from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats
from iop_outcomes.privacy import deidentify
from iop_outcomes.privacy.deidentify import Key, Options, Summary
from iop_outcomes.privacy.shifted import NOTE
from iop_outcomes.sources import mapping

DATA = Path(__file__).parents[1] / "data"
SECRET = b"0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef"
N = 24
DATES = ("ADMIT", "LEFT_ON")


def day(i: int) -> datetime.date:
    return datetime.date(2023, 1, 1) + datetime.timedelta(days=i)


# what data/admissions.R writes, too
ADMISSIONS = pd.DataFrame(
    {
        "MRN": [f"M{100 + i // 2}" for i in range(N)],
        "PATNAME": ["Zoë Marker"] * N,
        "ADMIT": [day(17 * i) for i in range(N)],
        "LEFT_ON": [day(17 * i + 5 + i) if i % 5 else None for i in range(N)],
        "LEVEL": [("2.1", "3.5")[i % 2] for i in range(N)],
        "HOURS": [(9.5, 40.0, None)[i % 3] for i in range(N)],
        "ZIP": [(2118, 3601)[i // 2 % 2] for i in range(N)],
        "AGE": [31 + i // 2 for i in range(N - 2)] + [92, 92],
    }
)
IN_ROWS = [
    [None if value is None or value != value else value for value in row] for row in ADMISSIONS.itertuples(index=False)
]
AS_TEXT = ADMISSIONS.assign(
    ZIP="0" + ADMISSIONS["ZIP"].astype(str), HOURS=ADMISSIONS["HOURS"].map({9.5: "9.5", 40.0: "40"})
)


def text(mark: str = ",", encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: AS_TEXT.to_csv(path, sep=mark, encoding=encoding, index=False)


def excel(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [list(ADMISSIONS), *IN_ROWS]:
        book.active.append(row)
    book.save(path)


def stata(path: Path) -> None:
    frame = ADMISSIONS.assign(**{name: pd.to_datetime(ADMISSIONS[name]) for name in DATES})
    frame.to_stata(path, write_index=False, convert_dates=dict.fromkeys(DATES, "td"), version=118)


def statistical(write: Callable[..., None], **options: object) -> Callable[[Path], None]:
    return lambda path: write(ADMISSIONS, str(path), **options)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.csv": text(";"),
    "a.txt": text("|"),
    "a.tsv": text("\t"),
    "a.dat.gz": text(";"),
    "a.xlsx": excel,
    "a.xls": lambda path: workbooks.write_xls(path, [list(ADMISSIONS), *IN_ROWS]),
    "a.xlsb": lambda path: workbooks.write_xlsb(path, [list(ADMISSIONS), *IN_ROWS]),
    "a.ods": lambda path: workbooks.write_ods(path, [list(ADMISSIONS), *IN_ROWS]),
    "a.dta": stata,
    "a.sav": statistical(pyreadstat.write_sav),
    "a.zsav": statistical(pyreadstat.write_sav, compress=True),
    "a.xpt": statistical(pyreadstat.write_xport),
    "a.rds": lambda path: path.write_bytes((DATA / "admissions.rds").read_bytes()),
}


def made(path: Path, out: Path, **options: object) -> list[Summary]:
    asked = {"persons": ["MRN"], **options}
    return deidentify.run([path], out, Key(SECRET), Options(**asked))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What comes of the admissions as comma-separated text."""
    folder = tmp_path_factory.mktemp("plain")
    text()(folder / "plain.csv")
    made(folder / "plain.csv", folder / "out")
    return (folder / "out" / "plain.csv").read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_records_give_the_same_bytes(tmp_path: Path, plain: bytes, name: str) -> None:
    WRITERS[name](tmp_path / name)
    (summary,) = made(tmp_path / name, tmp_path / "out")
    assert (summary.file, summary.written, summary.rows, summary.set_aside) == (name, "a.csv", N, {})
    assert (tmp_path / "out" / "a.csv").read_bytes() == plain
    assert b"Marker" not in plain
    # leading zeros that programs lose are put back: 036 has 20,000 people or fewer
    found = formats.read(tmp_path / "out" / "a.csv").frame
    assert set(found["zip3"]) == {"021", "000"}
    assert found["AGE"].tolist()[-2:] == ["90", "90"]


def test_every_format_of_a_mapping_is_tried_here_or_stands_beside_one_that_is() -> None:
    """pyreadstat writes no .sas7bdat and no .por; they go through the module of the others of SAS and SPSS."""
    tried = {formats.FORMATS[formats.suffix(Path(name))] for name in WRITERS} | {formats.FORMATS[".parquet"]}
    assert tried == set(formats.FORMATS.values())


def test_parquet_stays_parquet(tmp_path: Path) -> None:
    ADMISSIONS.to_parquet(tmp_path / "a.parquet")
    (summary,) = made(tmp_path / "a.parquet", tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / summary.written)
    assert summary.written == "a.parquet"
    assert found["HOURS"].dropna().tolist() == ADMISSIONS["HOURS"].dropna().tolist()
    assert set(found["zip3"]) == {"021", "000"}


def test_lists_of_parquet_are_text(tmp_path: Path) -> None:
    pd.DataFrame({"MRN": ["a", "b"], "drugs": [["x", "y"], None]}).to_parquet(tmp_path / "a.parquet")
    made(tmp_path / "a.parquet", tmp_path / "out", keep=["drugs"])
    assert pd.read_parquet(tmp_path / "out" / "a.parquet")["drugs"].tolist() == ['["x", "y"]', None]


def test_an_encoding_is_read_as_a_mapping_reads_it(tmp_path: Path, plain: bytes) -> None:
    text(";", "cp1252")(tmp_path / "a.csv")
    with pytest.raises(StudyError, match="encoding"):
        made(tmp_path / "a.csv", tmp_path / "out")
    made(tmp_path / "a.csv", tmp_path / "out", reading={"encoding": "cp1252", "delimiter": "semicolon"})
    assert (tmp_path / "out" / "a.csv").read_bytes() == plain


def test_labels_stand_in_place_of_codes_where_they_are_asked_for(tmp_path: Path) -> None:
    frame = pd.DataFrame({"MRN": ["a", "b"], "LEVEL": [1.0, 2.0]})
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"), variable_value_labels={"LEVEL": {1: "IOP", 2: "residential"}})
    for reading, levels in (({}, ["1", "2"]), ({"labels": True}, ["IOP", "residential"])):
        out = tmp_path / f"out{len(reading)}"
        made(tmp_path / "a.sav", out, reading=reading)
        assert formats.read(out / "a.csv").frame["LEVEL"].tolist() == levels


# -------------------------------------------------------------------------------------------------------------- sheets


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


STAYS: list[list[object]] = [["MRN", "ADMIT"], ["a", datetime.date(2024, 1, 10)], ["b", datetime.date(2024, 2, 20)]]
SCREENS: list[list[object]] = [["MRN", "DRAWN"], ["a", datetime.date(2024, 1, 8)], ["b", datetime.date(2024, 3, 1)]]


def test_each_sheet_of_a_workbook_is_a_table_and_days_count_from_all_of_them(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Marker=STAYS, empty=[], Screens=SCREENS)
    stays, screens = made(path, tmp_path / "out", relative=True)
    assert [(s.file, s.written) for s in (stays, screens)] == [
        ("a.xlsx, sheet 1", "a_1.csv"), ("a.xlsx, sheet 3", "a_3.csv")
    ]  # fmt: skip
    assert formats.read(tmp_path / "out" / "a_1.csv").frame["ADMIT"].tolist() == ["2", "0"]
    assert formats.read(tmp_path / "out" / "a_3.csv").frame["DRAWN"].tolist() == ["0", "10"]


def test_sheets_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Stays=STAYS, Notes=[["read"], ["me"]], Screens=SCREENS)
    with pytest.raises(StudyError, match=r"a\.xlsx, sheet 2 has none of the columns of person identifiers"):
        made(path, tmp_path / "out")
    chosen = made(path, tmp_path / "two", reading={"sheet": ["Stays", "3"]})
    assert [s.written for s in chosen] == ["a_1.csv", "a_3.csv"]
    (one,) = made(path, tmp_path / "one", reading={"sheet": ["Screens"]})
    assert (one.file, one.written) == ("a.xlsx", "a.csv")
    with pytest.raises(StudyError, match="has no sheet 'Persons'"):
        made(path, tmp_path / "out", reading={"sheet": ["Persons"]})


def test_serial_numbers_count_from_the_day_that_the_workbook_says(tmp_path: Path) -> None:
    """A workbook of an older Mac counts from 1904: 1462 days less for the same date."""
    rows = [["MRN", "ADMIT"], ["a", 45306.0], ["a", 45316.0]]
    for since, path in ((workbooks.EPOCH, tmp_path / "a.xls"), (workbooks.MAC, tmp_path / "b.xls")):
        shift = (since - workbooks.EPOCH).days
        workbooks.write_xls(path, [rows[0], *([who, float(n) - shift] for who, n in rows[1:])], since)
        made(path, tmp_path / path.stem, dates={"ADMIT": "excel"})
    one, other = (formats.read(tmp_path / name / f"{name}.csv").frame["ADMIT"].tolist() for name in ("a", "b"))
    assert one == other
    moved = datetime.date.fromisoformat(one[0]) - datetime.date(2024, 1, 15)
    assert moved.days == Key(SECRET).shift("a")


def test_dates_that_a_spreadsheet_has_half_turned_are_refused(tmp_path: Path) -> None:
    half = [day(13 * i) for i in range(30)]
    cells: list[list[object]] = [[f"m{i}", d if d.day <= 12 else d.strftime("%d/%m/%Y")] for i, d in enumerate(half)]
    path = workbook(tmp_path / "a.xlsx", one=[["MRN", "ADMIT"], *cells])
    with pytest.raises(StudyError, match=r"a\.xlsx: the column 'ADMIT' has two readings"):
        made(path, tmp_path / "out", dates={"ADMIT": None})
    assert not (tmp_path / "out").exists()


# ----------------------------------------------------------------------------------------------------------- set aside

GOOD = [f"M{i};2024-01-{i % 28 + 1:02};2.1" for i in range(60)]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "stays.csv"
    path.write_text("\n".join(["MRN;admitted;level", *lines]) + "\n", encoding="utf-8")
    return path


def test_rows_that_cannot_be_trusted_are_set_aside_counted_and_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*GOOD[:30], "M-zq;2024-01-06", "MRN;admitted;level", ";;", *GOOD[30:], "M-zr;2024-01-07;1;Marker"]
    path = written(tmp_path, *lines)
    (tmp_path / "key").write_bytes(SECRET)
    named = ["--key-file", str(tmp_path / "key"), "--id", "MRN", "--out", str(tmp_path / "out")]
    assert cli.main(["deidentify", str(path), *named]) == 0
    said = capsys.readouterr().out
    rules = {"empty row": 1, "fewer cells than the header": 1, "header repeated": 1, "more cells than the header": 1}
    assert [f"set aside, and not written: {n} rows ({rule})" in said for rule, n in rules.items()] == [True] * 4
    assert "stays.csv: 60 rows" in said
    everything = said + "".join(p.read_text() for p in (tmp_path / "out").iterdir())
    assert not [mark for mark in ("Marker", "M-zq", "M-zr", "zq") if mark in everything]
    # those that are left are what they would be alone
    alone = tmp_path / "alone"
    alone.mkdir()
    made(written(alone, *GOOD), tmp_path / "other")
    assert (tmp_path / "out" / "stays.csv").read_bytes() == (tmp_path / "other" / "stays.csv").read_bytes()
    assert json.loads((tmp_path / "out" / NOTE).read_text())["set_aside"] == {"stays.csv": rules}
    assert json.loads((tmp_path / "other" / NOTE).read_text())["set_aside"] == {}


def test_the_reader_of_the_result_is_told_that_rows_were_set_aside(tmp_path: Path) -> None:
    made(written(tmp_path, *GOOD, "M-zq;2024-01-06"), tmp_path / "out")
    table = {"files": "stays.csv", "columns": {"person_id": "person_id"}, "ignore_others": True}
    stay = {
        "site_id": {"value": "S"}, "level_of_care": "level", "start_day": "admitted", "end_day": {"value": ""},
        "discharge_reason": {"value": ""}, "program_type": {"value": "substance_use"},
    }  # fmt: skip
    person = {"age": {"value": ""}, "sex": {"value": "unknown"}, "observed_to_day": {"value": ""}}
    tables = {n: {**table, "columns": {"person_id": "MRN", **c}} for n, c in (("stays", stay), ("persons", person))}
    told = mapping.notes({"kind": "mapping", "path": str(tmp_path / "out"), "dates": "calendar", "tables": tables})
    assert (
        "Some rows of stays.csv were set aside when the records were de-identified, as they could not be trusted "
        "(fewer cells than the header)."
    ) in told


def test_a_file_of_which_many_rows_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    bad = [f"M-zq{i};2024-01-06" for i in range(4)]
    path = written(tmp_path, *GOOD, *bad)
    with pytest.raises(StudyError, match=r"stays\.csv: 4 of 64 rows cannot be trusted \(fewer cells") as caught:
        made(path, tmp_path / "out")
    assert "zq" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    (only,) = made(written(tmp_path, *GOOD, *bad[:3]), tmp_path / "out")
    assert only.set_aside == {"fewer cells than the header": 3}
