from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import reading
from iop_outcomes.tables import TABLES, check

STAYS = (
    "person_id,stay_id,site_id,level_of_care,start_day,end_day,discharge_reason,planned_days,"
    "scheduled_hours_per_week,program_type\n"
)
PERSONS = "person_id,observed_to_day,death_day,age,sex\n"


def folder(path: Path, stays: str = "", persons: str = "", **others: str) -> dict[str, str]:
    for name, text in {"stays": STAYS + stays, "persons": PERSONS + persons, **others}.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return {"path": str(path)}


def test_cells_become_values_of_their_kind_and_empty_cells_missing(tmp_path: Path) -> None:
    settings = folder(
        tmp_path,
        'a,s1,"Main, north",2.1,0,30,completed,90,9.5,substance_use\na,s2,NA,3.5,+31,,, ,,substance_use\n',
        "a,365,,41,female\n",
        sessions="person_id,day,minutes,level_of_care,modality\na,1,180,2.1,virtual\n",
    )
    tables = sources.read("tables", settings)
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    stays = tables["stays"]
    assert stays["site_id"].tolist() == ["Main, north", "NA"]
    assert stays["level_of_care"].tolist() == ["2.1", "3.5"]
    assert stays["start_day"].tolist() == [0, 31]
    assert stays["end_day"].isna().tolist() == [False, True]
    assert stays["scheduled_hours_per_week"].iloc[0] == 9.5
    assert stays["planned_days"].isna().tolist() == [False, True]
    assert "race" not in tables["persons"]
    assert len(tables["sessions"]) == 1
    assert len(tables["quarantine"]) == 0
    assert [Path(p).name for p in sources.inputs("tables", settings)] == ["stays.csv", "persons.csv", "sessions.csv"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "whole",
            {"7": 7, "-3": -3, "12.0": 12, "5.": 5},
            ["7.5", "1e3", "0x1F", "nan", "1 000", "2026-01-05", "٣", "9" * 10],
        ),
        ("number", {"7": 7.0, ".5": 0.5, "-2.25": -2.25, "1e2": 100.0}, ["3,5", "nan", "inf", "1e999", "12h", "--1"]),
    ],
)
def test_what_can_be_read(kind: str, good: dict[str, float], bad: list[str]) -> None:
    read = reading.parse(pd.Series([*good, *bad, None], dtype=object), kind)
    assert read[: len(good)].tolist() == list(good.values())
    assert read[len(good) :].isna().all()


def test_a_row_with_an_unreadable_cell_is_kept_and_quarantined_once(tmp_path: Path) -> None:
    settings = folder(
        tmp_path,
        "a,s1,x,2.1,0,30,completed,,,substance_use\n"
        "a,s2,x,2.1,at once,soon,completed,,,substance_use\n"
        "b,s3,x,2.1,0,10,completed,many,,substance_use\n",
        "a,365,,forty,female\nb,365,,40,male\n",
    )
    tables = sources.read("tables", settings)
    assert (len(tables["stays"]), len(tables["persons"])) == (3, 2)
    assert tables["stays"]["start_day"].isna().tolist() == [False, True, False]
    assert tables["quarantine"].sort_values(["table", "row"]).to_numpy().tolist() == [
        ["persons", "unreadable age", 0, "a"],
        ["stays", "unreadable start_day", 1, "a"],
        ["stays", "unreadable planned_days", 2, "b"],
    ]


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    settings = folder(tmp_path)
    (tmp_path / "persons.csv").write_bytes(b"\xef\xbb\xbf" + f"{PERSONS}a,10,,40,male\r\n\r\n".encode())
    assert sources.read("tables", settings)["persons"]["person_id"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        ("person_id,observed_to_day,death_day,age,sex\nM\xfcller,1,,2,male\n".encode("latin-1"), "line 2: not UTF-8"),
        (b"person_id,observed_to_day,death_day,age,sex\nsecret,1,,2\n", "line 2: 4 cells, but the header has 5"),
        (b"person_id,observed_to_day,death_day,age,sex\nsecret,1,,2,male,x\n", "line 2: 6 cells"),
        (b'person_id,observed_to_day,death_day,age,sex\n"secret,1,,2,male\n', "line 2: not a CSV line"),
        (b"person_id,observed_to_day,death_day,age,age\nsecret,1,,2,3\n", "1 names more than once"),
        (b"person_id,observed_to_day,death_day,age,sex,ssx\nsecret,1,,2,male,9\n", "column 'ssx' is not declared"),
        (b"person_id,observed_to_day,death_day,age,sex,ssn\nsecret,1,,2,male,9\n", "'ssn' looks like social security"),
        (
            b"person_id,observed_to_day,death_day,age,sex\nsecret@secret.org,1,,2,male\n",
            "'person_id' looks like e-mail",
        ),
        (b"person_id,observed_to_day,death_day,age,sex\nsecret,1,,97,male\n", "'age' looks like ages over 89"),
        (
            b"person_id,observed_to_day,death_day,age,sex\nsecret,2024-01-05,,9,male\n",
            "'observed_to_day' looks like dates",
        ),
        (b"person_id,observed_to_day,death_day,age\nsecret,1,,2\n", "column 'sex' is missing"),
        (b"secret,1,,,male\nsecret2,1,,,male\n", "1 names more than once"),
        (b"secret,1,5,2,male\n", "none of the names in its first line"),
        (b"person_id;observed_to_day;death_day;age;sex\nsecret;1;;2;male\n", "none of the names in its first line"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path: Path, content: bytes, said: str) -> None:
    settings = folder(tmp_path)
    (tmp_path / "persons.csv").write_bytes(content)
    with pytest.raises(StudyError, match=said) as caught:
        sources.read("tables", settings)
    assert str(tmp_path / "persons.csv") in str(caught.value)
    assert "secret" not in str(caught.value)
    if "declared" in said or "is missing" in said:
        assert all(column in str(caught.value) for column in TABLES["persons"].columns)


def test_what_a_study_lets_through_the_gate_is_read_on(tmp_path: Path) -> None:
    settings = folder(tmp_path, "a,s1,x,2.1,2026-01-05,9,completed,,,substance_use\n", "a,365,,190,male\n")
    with pytest.raises(StudyError, match=r"stays\.csv holds what may identify people.*limited_dataset"):
        sources.read("tables", settings)
    for privacy in (
        {"limited_dataset": True, "allow": []},
        {"allow": [{"column": "start_day", "rule": "dates", "reason": "Moved by a random number of days"}]},
    ):
        tables = sources.read("tables", {**settings, "privacy": privacy})
        assert tables["quarantine"]["rule"].tolist() == ["unreadable start_day"]
        # no age at all, rather than one over 89: for `clean` to set aside
        assert tables["persons"]["age"].tolist() == [190]


def test_a_missing_folder_or_file_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere does not exist.*stays\.csv, persons\.csv.*DATA="):
        sources.inputs("tables", {"path": str(tmp_path / "nowhere")})
    folder(tmp_path)
    (tmp_path / "stays.csv").unlink()
    with pytest.raises(StudyError, match=r"lacks stays\.csv"):
        sources.inputs("tables", {"path": str(tmp_path)})


def test_a_misspelt_table_is_not_left_out_in_silence(tmp_path: Path) -> None:
    settings = folder(tmp_path, Screen="person_id,day,substance,result\n")
    with pytest.raises(StudyError, match=r"Did you mean screens\.csv"):
        sources.inputs("tables", settings)


def test_other_csv_files_may_lie_beside_the_tables(tmp_path: Path) -> None:
    assert len(sources.inputs("tables", folder(tmp_path, codebook="a,b\n"))) == 2


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(
        StudyError, match=r"'excel' is not known\. Known: synthetic, uis, ctn0094, help, tedsd, tables, mapping"
    ):
        sources.read("excel", {})


def test_the_synthetic_source_reads_no_file() -> None:
    assert sources.inputs("synthetic", {"path": None}) == []


def test_the_step_names_raw_tables(tmp_path: Path) -> None:
    settings = {"kind": "tables", **folder(tmp_path, persons="a,10,,40,male\n")}
    assert set(sources.run(settings, {}, files=sources.inputs("tables", settings))) == {
        "raw_stays", "raw_persons", "raw_sessions", "raw_screens", "raw_followups", "raw_medications", "raw_periods",
        "quarantine", "arrivals", "readings", "notes",
    }  # fmt: skip


def test_levels_of_care_are_those_of_the_tables(project: Path) -> None:
    from iop_outcomes.vocabulary.levels import LEVELS

    levels = pd.read_csv(project / "data" / "reference" / "levels_of_care.csv", dtype=str)
    assert tuple(levels["level_of_care"]) == LEVELS
    # every service of TEDS-D (1 to 8) belongs to a level
    assert set("".join(levels["teds_services"].fillna("")).replace(";", "")) == set("12345678")
    hours = levels.set_index("level_of_care").astype(object)
    assert hours.loc["1", "adult_hours_below"] == hours.loc["2.1", "adult_hours_from"] == "9"
    assert hours.loc["2.1", "adult_hours_below"] == hours.loc["2.5", "adult_hours_from"] == "20"
