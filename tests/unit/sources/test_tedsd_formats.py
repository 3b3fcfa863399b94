"""Files of TEDS-D read alike: several years, labels in place of codes, every format, typed copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from discharges import ROW, read, write

from iop_outcomes.codebooks.tedsd import codes, labels
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import tedsd
from iop_outcomes.sources.tedsd import formats
from iop_outcomes.tables import reference

FILES = Path(__file__).parents[1] / "data"
# what files of several years hold for a variable that did not exist until 2014
NOT_YET = {"FREQ_ATND_SELF_HELP": -9}


def test_years_in_one_file_are_read_by_their_own_codes(tmp_path: Path) -> None:
    rows = [
        {"DISYR": 2014, "AGE": 2, "SUB1": 20, "NOPRIOR": 5, "ETHNIC": 4, "PRIMINC": 21, "IDU": -8, **NOT_YET},
        {"AGE": 2, "SUB1": 19, "NOPRIOR": 1},
        {"DISYR": 2014, "SUB1": 19, "PRIMINC": 21, **NOT_YET},
    ]
    tables = read(write(tmp_path / "a.csv", *rows))
    people = tables["persons"]
    assert people["age_group"].tolist()[:2] == ["12-14", "15-17"]
    assert people["primary_drug"].tolist()[:2] == ["other", "other"]
    assert people["hispanic"].tolist()[:2] == ["yes", "no"]
    assert [(r.row, r.rule) for r in tables["quarantine"].itertuples()] == [(2, "unknown code in SUB1")]


def as_labels(row: dict[str, Any], year: int, spelling: Any) -> dict[str, Any]:
    """The row with SAMHSA's label in place of each code."""
    said = {}
    for name, code in row.items():
        listed = [r for r in reference.rows("tedsd/codes.csv") if r["codes"] == codes.variables()[name] != ""]
        then = [r for r in listed if int(r["year_from"]) <= year <= int(r["year_to"] or 9999)]
        label = [r["label"] for r in then if r["code"] == str(code)]
        said[name] = spelling(label[0]) if label else code
    return said


@pytest.mark.parametrize("spelling", [str, str.upper, lambda t: t.replace("-", "\x96")])
def test_a_file_decoded_to_labels_reads_like_one_of_codes(tmp_path: Path, spelling: Any) -> None:
    rows = [
        {**ROW, "DISYR": 2021, "CASEID": 1},
        {
            **ROW,
            "DISYR": 2021,
            "CASEID": 2,
            "LOS": 36,
            "SERVICES": 4,
            "SUB1": 1,
            "HLTHINS": 2,
            "PREG": 1,
            "RACE": 9,
            "EDUC": 5,
            "PRIMPAY": 2,
            "STFIPS": 15,
            "AGE": 11,
        },
    ]
    coded = read(write(tmp_path / "codes.csv", *rows))
    decoded = read(write(tmp_path / "labels.csv", *(as_labels(r, 2021, spelling) for r in rows), encoding="latin-1"))
    for name in ("stays", "persons", "quarantine"):
        pd.testing.assert_frame_equal(coded[name], decoded[name])
    assert decoded["quarantine"].empty
    strange = write(
        tmp_path / "odd.csv",
        *(as_labels(r, 2021, spelling) for r in rows),
        {**as_labels(rows[0], 2021, spelling), "SUB1": "Betel", "CASEID": 3},
    )
    assert read(strange)["quarantine"]["rule"].tolist() == ["unknown code in SUB1"]


def test_a_number_is_a_label_only_in_a_column_of_labels(tmp_path: Path) -> None:
    # until 2014 the label of EDUC 3 is "12"
    old = {"DISYR": 2014, "AGE": 7, "PRIMINC": 21, "IDU": 0, **NOT_YET}
    coded = read(write(tmp_path / "a.csv", {**old, "EDUC": 12}, {**old, "SUB1": "Heroin"}))
    assert [(r.row, r.rule) for r in coded["quarantine"].itertuples()] == [(0, "unknown code in EDUC")]
    decoded = read(write(tmp_path / "b.csv", {**old, "EDUC": 12}, {**old, "EDUC": "8 years or less"}))
    assert decoded["persons"]["education"].tolist() == ["12 years or GED", "8 years or less"]


@pytest.fixture(scope="module")
def plain() -> pa.Table:
    return formats.typed(FILES / "tedsd_2019.csv")


def written(plain: pa.Table, suffix: str, folder: Path) -> Path:
    path, frame = folder / f"tedsd{suffix}", plain.to_pandas()
    if suffix == ".parquet":
        pq.write_table(plain, path)
    elif suffix == ".tab":
        frame.to_csv(path, sep="\t", index=False)
    elif suffix == ".dta":
        pyreadstat.write_dta(frame, str(path))
    elif suffix == ".xpt":
        pyreadstat.write_xport(frame, str(path), file_format_version=8)
    else:
        pyreadstat.write_sav(frame.rename(columns=str.lower), str(path), missing_ranges={"sub1": [-9]})
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".tab", ".dta", ".xpt", ".sav"])
def test_every_format_reads_alike(plain: pa.Table, suffix: str, tmp_path: Path) -> None:
    assert plain.num_columns == 76
    assert formats.typed(written(plain, suffix, tmp_path)).equals(plain)


def test_files_of_r_read_alike(plain: pa.Table) -> None:
    assert formats.typed(FILES / "tedsd_2019.RData").equals(plain)
    # factors, texts, doubles, missing values, packed by xz
    labelled = formats.typed(FILES / "tedsd_2019_labels.rds")
    assert labelled.equals(plain)


def test_stretches_of_a_long_file_join_up(plain: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(plain, ".dta", tmp_path)
    monkeypatch.setattr("iop_outcomes.sources.tedsd.packages.STRETCH_ROWS", 20)
    assert formats.typed(path).equals(plain)


def test_types_are_small_and_columns_can_be_chosen(plain: pa.Table) -> None:
    assert {str(plain.schema.field(n).type) for n in plain.column_names if n not in labels.BITS} == {"int8"}
    some = formats.typed(FILES / "tedsd_2019.csv", ["LOS", "CASEID", "PMSA"])
    assert some.column_names == ["CASEID", "LOS"]
    assert some.equals(plain.select(["CASEID", "LOS"]))


def test_a_typed_copy_is_read_in_place_of_the_file_until_the_file_changes(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a.csv", {}, {"LOS": 5}), tmp_path / "cache"
    first = read(path, cache=str(cache))
    (copy,) = cache.iterdir()
    pd.testing.assert_frame_equal(read(path, cache=str(cache))["persons"], first["persons"])
    # what is read is the copy: a changed copy shows
    table = formats.read_parquet(copy)
    formats.write_parquet(table.slice(0, 1), copy)
    assert len(read(path, cache=str(cache))["stays"]) == 1
    write(path, {}, {}, {})
    assert len(read(path, cache=str(cache))["stays"]) == 3
    for old in cache.iterdir():
        old.write_bytes(b"no Parquet")
    with pytest.raises(StudyError, match="Delete it"):
        read(path, cache=str(cache))


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    write(tmp_path / "tedsd_puf_2018.csv", {"DISYR": 2018}, {"DISYR": 2018, "SUB1": 99})
    write(tmp_path / "tedsd_puf_2019.csv", {}, {"SUB1": 99}, {"SERVICES": 2})
    settings = {"path": str(tmp_path)}
    assert [p.name for p in tedsd.files(settings)] == ["tedsd_puf_2018.csv", "tedsd_puf_2019.csv"]
    tables = read(tmp_path)
    assert tables["stays"]["stay_id"].tolist() == ["2018-1", "2018-2", "2019-1", "2019-2"]
    assert tables["quarantine"]["row"].tolist() == [1, 3]
    assert tables["quarantine"]["person_id"].tolist() == ["2018-2", "2019-2"]
    pieces = dict(tedsd.by_file(settings))
    assert [len(t["stays"]) for t in pieces.values()] == [2, 2]
    again = pd.concat([t["persons"] for t in pieces.values()], ignore_index=True)
    assert again["person_id"].tolist() == tables["persons"]["person_id"].tolist()
