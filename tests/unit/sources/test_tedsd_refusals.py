"""What is no file of TEDS-D, what is not SAMHSA's, and files that are dirty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from discharges import ROW, read, validated, write
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import tedsd

SECRET = "4711"
HEAD = "DISYR,CASEID,STFIPS,AGE,LOS,REASON,SERVICES_D"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", f"CASEID,ADMYR,AGE\n{SECRET},2019,3\n", "not a TEDS-D file: it lacks DISYR, STFIPS, LOS, REASON"),
        ("a.csv", f"{SECRET},1,2\n3,4,5\n", "not a TEDS-D file"),
        ("a.csv", f"{HEAD},AGE\n", "AGE stands in it more than once"),
        ("a.csv", f"{HEAD}\n2019,1,1,3,1,1,6\n2019,{SECRET},1,3\n", "line 3: 4 cells, but the header has 7"),
        ("a.csv", "DISYR\0,CASEID", "not a text file"),
        ("a.xlsx", "x", "in no format that is read here"),
        ("a.sav", "x", "cannot be read as a .sav file"),
        ("a.RData", "x", "cannot be read as a file of R"),
        ("a.parquet", "x", "not a readable Parquet file"),
    ],
)  # fmt: skip
def test_what_is_no_tedsd_file_is_refused_without_a_value(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=said) as refused:
        read(path)
    assert SECRET not in str(refused.value)


def test_columns_that_are_not_samhsas_go_through_the_identifier_gate_only(tmp_path: Path) -> None:
    harmless = write(tmp_path / "a.csv", {"BATCH": 7, "SUB4": 3})
    assert "BATCH" not in read(harmless)["persons"]
    assert any("2 columns that are not SAMHSA's were not read" in n for n in tedsd.notes({"path": str(harmless)}))
    for column, value in (("PATIENT_NAME", "Doe"), ("CONTACT", "jane.doe@example.org")):
        path = write(tmp_path / "b.csv", {column: value})
        with pytest.raises(StudyError, match=column) as refused:
            read(path)
        assert value not in str(refused.value)
        frame = pd.read_csv(path)
        for suffix, writer in ((".dta", pyreadstat.write_dta), (".sav", pyreadstat.write_sav)):
            writer(frame, str(tmp_path / f"c{suffix}"))
            with pytest.raises(StudyError, match=column):
                read(tmp_path / f"c{suffix}")


def test_missing_paths_empty_folders_and_years_given_twice_are_refused(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no", "does not exist"), (tmp_path, "holds no TEDS-D file")):
        with pytest.raises(StudyError, match=said):
            sources.inputs("tedsd", {"path": str(path)})
    write(tmp_path / "a.csv", {})
    write(tmp_path / "b.csv", {"CASEID": 99})
    with pytest.raises(StudyError, match="both hold discharges of 2019"):
        read(tmp_path)


def test_a_file_without_rows_is_read_as_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(ROW) + "\n", encoding="utf-8")
    tables = read(path)
    assert (len(tables["stays"]), len(tables["persons"])) == (0, 0)


def test_byte_order_marks_quotes_and_lower_case_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"LOS": 12})
    plain = read(path)
    odd = tmp_path / "b.csv"
    head, body = path.read_text(encoding="utf-8").split("\n", 1)
    quoted = ",".join(f'"{c}"' for c in body.strip().split(","))
    odd.write_bytes(b"\xef\xbb\xbf" + f"{head.strip().lower()}\r\n{quoted}\r\n".encode())
    pd.testing.assert_frame_equal(read(odd)["persons"], plain["persons"])


@options(max_examples=8, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["LOS", "REASON", "SUB1", "DISYR", "SERVICES", "SERVICES_D", "AGE", "STFIPS", "CASEID", "DAYWAIT"]
            ),
            st.one_of(
                st.integers(-200, 3000),
                st.sampled_from(["", " ", "None", "NA", "3.0", "1,5", "x", "\u00e9", "1e3", "9" * 30]),
            ),
            max_size=3,
        ),
        min_size=1,
        max_size=25,
    )
)
def test_dirty_files_never_fail_and_every_row_is_accounted_for(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    tables = read(write(tmp_path / "dirty.csv", *rows))
    gone = tables["arrivals"].query("table == 'stays' and outcome != 'read'")["rows"].sum()
    assert len(tables["stays"]) + gone == len(rows)
    intake = validated(tables)["intake"]
    assert intake[intake["table"] == "stays"]["rows"].sum() == len(rows)
    assert intake[intake["table"] == "persons"]["rows"].sum() == len(rows)
