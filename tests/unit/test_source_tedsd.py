"""The reader: lengths of stay, what comes in and what does not, unknown codes, formats, labels, refusals."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

from iop_outcomes import clean, reference, sources
from iop_outcomes.codebooks.tedsd import codes, labels
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import tedsd
from iop_outcomes.sources.tedsd import formats
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.canonical import UNBOUNDED_DAYS

FILES = Path(__file__).parent / "files"
# an invented discharge, valid in 2019
ROW = {
    "DISYR": 2019, "CASEID": 1, "STFIPS": 36, "AGE": 6, "GENDER": 1, "RACE": 5, "ETHNIC": 4, "MARSTAT": 1, "EDUC": 3,
    "EMPLOY": 3, "SERVICES": 6, "SERVICES_D": 6, "REASON": 1, "LOS": 28, "SUB1": 2, "ROUTE1": 1, "FREQ1": 3,
    "FREQ1_D": 1, "FRSTUSE1": 3, "IDU": 0, "PSYPROB": 2, "LIVARAG": 3, "PSOURCE": 1, "NOPRIOR": 1, "HLTHINS": 4,
    "PRIMPAY": 4, "PRIMINC": 5, "ARRESTS": 0, "VET": 2, "PREG": -9, "METHUSE": 2, "DSMCRIT": 4, "REGION": 1,
    "DAYWAIT": 0, "FREQ_ATND_SELF_HELP": 1,
}  # fmt: skip

# what files of several years hold for a variable that did not exist until 2014
NOT_YET = {"FREQ_ATND_SELF_HELP": -9}


def write(path: Path, *rows: dict[str, Any], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """A file of discharges that differ from ROW as told; each has its own CASEID. None leaves a column out."""
    whole = [{**ROW, "CASEID": i, **row} for i, row in enumerate(rows, 1)]
    names = [n for n in whole[0] if whole[0][n] is not None]
    with path.open("w", encoding=encoding, newline="") as out:
        table = csv.DictWriter(out, names, delimiter=delimiter, extrasaction="ignore")
        table.writeheader()
        table.writerows(whole)
    return path


def read(path: Path, **settings: Any) -> dict[str, pd.DataFrame]:
    tables = sources.read("tedsd", {"path": str(path), **settings})
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    return tables


def validated(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    raw = {n if n in ("quarantine", "arrivals") else f"raw_{n}": t for n, t in tables.items()}
    return clean.run(**raw, gap_days=14, gap_sensitivity_days=(), max_quarantined_share=1.0)


def test_a_discharge_by_hand(tmp_path: Path) -> None:
    tables = read(write(tmp_path / "a.csv", {"CASEID": 123, "LOS": 33, "SERVICES_D": 7, "REASON": 4}))
    stay, person = tables["stays"].iloc[0], tables["persons"].iloc[0]
    assert (stay["person_id"], stay["stay_id"], stay["site_id"]) == ("2019-123", "2019-123", "state 36")
    assert (stay["level_of_care"], stay["service"], stay["level_at_discharge"]) == ("2.1", "intensive outpatient", "1")
    assert (stay["start_day"], stay["end_day"], stay["end_day_latest"]) == (0, 61, 90)
    assert (stay["discharge_reason"], stay["use_at_discharge"]) == ("transferred", "none")
    assert stay["program_type"] == "substance_use"
    assert (person["age"], person["age_group"], person["sex"]) == (30, "30-34", "male")
    assert (person["entry_period"], person["observed_to_day"]) == ("2019", UNBOUNDED_DAYS)
    assert (person["race"], person["hispanic"], person["primary_drug"]) == ("White", "no", "alcohol")
    assert (person["stable_housing"], person["living_arrangement"]) == ("yes", "independent")
    assert (person["legal_mandate"], person["referral_source"]) == ("no", "individual")
    assert person[["death_day"]].isna().all()


LENGTHS = [
    (1, 1, None),
    (30, 30, None),
    (31, 31, 45),
    (32, 46, 60),
    (33, 61, 90),
    (34, 91, 120),
    (35, 121, 180),
    (36, 181, 365),
    (37, 366, UNBOUNDED_DAYS),
]


@pytest.mark.parametrize("service", [4, 6])
def test_lengths_are_days_or_intervals_and_only_outpatient_stays_have_the_extra_day(
    tmp_path: Path, service: int
) -> None:
    path = write(tmp_path / "a.csv", *({"LOS": code, "SERVICES_D": service} for code, _, _ in LENGTHS))
    stays = read(path)["stays"]
    assert stays["end_day"].tolist() == [first for _, first, _ in LENGTHS]
    assert stays["end_day_latest"].astype(object).where(stays["end_day_latest"].notna(), None).tolist() == [
        last for _, _, last in LENGTHS
    ]
    less = int(service == 6)
    removed = read(path, outpatient_extra_day="removed")["stays"]
    assert removed["end_day"].tolist() == [first - less for _, first, _ in LENGTHS]
    assert removed["end_day_latest"].dropna().tolist() == [last - less for _, _, last in LENGTHS if last][:-1] + [
        UNBOUNDED_DAYS
    ]


def test_none_is_a_value_and_missing_is_unknown(tmp_path: Path) -> None:
    none = {"SUB1": 1, "HLTHINS": 4, "PRIMINC": 5, "ARRESTS": 0, "NOPRIOR": 0, "FREQ1": 1, "FREQ_ATND_SELF_HELP": 1}
    tables = read(write(tmp_path / "a.csv", none, dict.fromkeys(none, -9), dict.fromkeys(none, "")))
    columns = [
        "primary_drug",
        "health_insurance",
        "income_source",
        "arrests",
        "prior_treatment",
        "use_frequency",
        "self_help",
    ]
    said = tables["persons"][columns]
    assert said.iloc[0].tolist() == ["none", "none", "none", "none", "no", "none", "none"]
    assert set(said.iloc[1]) == set(said.iloc[2]) == {"unknown"}
    assert tables["quarantine"].empty


def test_unknown_codes_are_quarantined_by_variable_and_place_and_nothing_else_is_lost(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", {}, {"SUB1": 20}, {"REASON": 9}, {"SUB1": 99, "RACE": 77}, {"AGE": -9}, {"SERVICES": 12},
        {"SUB1": "beer"}, {"DISYR": 1999}, {"LOS": 4000},
    )  # fmt: skip
    tables = read(path)
    found = {(r.table, r.row): r.rule for r in tables["quarantine"].itertuples()}
    assert found == {
        ("persons", 1): "unknown code in SUB1",
        ("stays", 2): "unknown code in REASON",
        # columns.csv has race before the drug: the first one counts
        ("persons", 3): "unknown code in RACE",
        ("persons", 4): "unknown code in AGE",
        ("stays", 5): "unknown code in SERVICES",
        ("persons", 6): "unknown code in SUB1",
        ("persons", 7): "unknown code in DISYR",
        ("stays", 8): "unknown code in LOS",
    }
    assert tables["quarantine"]["person_id"].tolist() == [
        f"{1999 if r == 7 else 2019}-{r + 1}" for r in tables["quarantine"]["row"]
    ]
    valid = validated(tables)
    assert valid["stays"]["person_id"].tolist() == ["2019-1"]
    intake = valid["intake"]
    assert intake.groupby("table")["rows"].sum()[["persons", "stays"]].tolist() == [9, 9]


def test_missing_reasons_lengths_and_services_are_left_to_the_rules_of_cleaning(tmp_path: Path) -> None:
    old = {
        "DISYR": 2010,
        "AGE": 7,
        "SERVICES": None,
        "FREQ1_D": None,
        "FREQ_ATND_SELF_HELP": None,
        "ETHNIC": 5,
        "NOPRIOR": 2,
        "DAYWAIT": 40,
        "PRIMINC": 21,
        "IDU": -8,
    }
    path = write(tmp_path / "a.csv", old, {**old, "REASON": -9}, {**old, "LOS": -9}, {**old, "SERVICES_D": -9})
    tables = read(path)
    assert tables["quarantine"].empty
    assert tables["stays"]["use_at_discharge"].tolist() == ["unknown"] * 4
    assert tables["persons"]["self_help"].tolist() == ["unknown"] * 4
    valid = validated(tables)
    rules = {(r.table, r.row): r.rule for r in valid["quarantine"].itertuples()}
    assert rules == {
        ("stays", 1): "ended without a reason",
        ("stays", 2): "a reason but no end",
        ("stays", 3): "missing level_of_care",
    }


def test_detoxification_other_years_and_services_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"SERVICES": s, "SERVICES_D": 7} for s in range(1, 9)] + [{"DISYR": 2018, "SERVICES": 1}]
    path = write(tmp_path / "a.csv", *rows)
    tables = read(path, services=[6, 7], years=[2019])
    assert tables["stays"]["service"].tolist() == ["intensive outpatient", "outpatient"]
    out = tables["arrivals"].set_index(["table", "outcome"])["rows"]
    for name in ("persons", "stays"):
        assert out[name, "read"] == 9
        assert out[name, "excluded: discharged in another year"] == 1
        assert out[name, "excluded: detoxification"] == 3
        assert out[name, "excluded: service not asked for"] == 3
    assert read(path)["stays"]["level_of_care"].tolist() == ["4", "3.5", "3.1", "2.1", "1"]
    assert (read(path, services=[1, 8])["stays"]["level_of_care"] == "detox").all()


def test_the_sample_follows_the_seed_and_not_the_order_of_rows_or_files(tmp_path: Path) -> None:
    rows = [{"CASEID": 1000 + i} for i in range(300)]
    whole, folder = write(tmp_path / "a.csv", *rows), tmp_path / "two"
    folder.mkdir()
    write(folder / "z.csv", *({**r, "DISYR": 2018} for r in rows))
    write(folder / "a.csv", *reversed(rows))
    one, other = read(whole, sample=100, seed=1), read(whole, sample=100, seed=2)
    assert len(one["stays"]) == 100
    assert set(one["persons"]["person_id"]) != set(other["persons"]["person_id"])
    out = one["arrivals"].set_index(["table", "outcome"])["rows"]
    assert (out["stays", "read"], out["stays", "excluded: not in the sample"]) == (300, 200)
    both = read(folder, sample=400, seed=1)
    drawn = both["persons"]["entry_period"].value_counts()
    assert drawn.sum() == 400
    assert drawn.min() > 150
    alone = read(folder, sample=100, seed=1, years=[2019])
    assert set(alone["persons"]["person_id"]) == set(one["persons"]["person_id"])
    # two means of 100 of 300: within four standard errors of the middle
    cases = one["persons"]["person_id"].str[5:].astype(int)
    assert abs(cases.mean() - 1149.5) < 4 * 86.6 / 10
    assert len(read(whole, sample=1000)["stays"]) == 300


def test_until_2016_the_service_at_discharge_stands_for_both(tmp_path: Path) -> None:
    path = write(
        tmp_path / "tedsd_2016_puf.csv",
        {"DISYR": 2016, "SERVICES": None, "SERVICES_D": 4},
        {"DISYR": 2016, "SERVICES": None, "SERVICES_D": 1},
    )
    tables = read(path)
    assert tables["stays"][["level_of_care", "level_at_discharge"]].to_numpy().tolist() == [["3.5", "3.5"]]
    filled = write(
        tmp_path / "b.csv",
        {"DISYR": 2016, "SERVICES": -9, "SERVICES_D": 5},
        {"DISYR": 2019, "SERVICES": -9, "SERVICES_D": 5},
    )
    tables = read(filled)
    assert tables["stays"]["level_of_care"].iloc[0] == "3.1"
    assert tables["quarantine"]["rule"].tolist() == ["unknown code in SERVICES"]
    assert any("service at discharge only" in n and "2016" in n for n in tedsd.notes({"path": str(path)}))
    assert not any("service at discharge only" in n for n in tedsd.notes({"path": str(filled)}))


def test_notes_tell_of_years_beyond_the_codebooks_and_of_the_extra_day(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"DISYR": 2023}, {"DISYR": 2023, "SUB1": 21})
    tables = read(path)
    assert tables["persons"]["entry_period"].tolist() == ["2023", "2023"]
    assert tables["quarantine"]["rule"].tolist() == ["unknown code in SUB1"]
    said = tedsd.notes({"path": str(path), "outpatient_extra_day": "removed", "sample": 10})
    assert "The codes of 2022 were used for 2023." in said
    assert any("taken off" in n for n in said)
    assert any("sample of at most 10" in n for n in said)
    assert any("left as published" in n for n in tedsd.notes({"path": str(path)}))


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
