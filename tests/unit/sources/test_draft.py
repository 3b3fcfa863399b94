"""A messy export is drafted into a mapping: what is recognised, what is never shown, and what must be decided first."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import workbooks
import yaml
from drafts import PEOPLE, N, cycle, days, one_table, written

from iop_outcomes import cli, sources
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import draft
from iop_outcomes.sources.draft import exports
from iop_outcomes.study import loading
from iop_outcomes.vocabulary.causes import LEAVING

FAMILY = ("Smith", "Garcia", "Nguyen", "Johnson", "Miller", "Lopez", "Brown", "Davis")


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stays with semicolons, people with identifiers, sessions of two years, screens in a workbook, and a letter."""
    folder = tmp_path_factory.mktemp("export")
    n = 180
    pd.DataFrame(
        {
            "ClientID": cycle(PEOPLE, n),
            "Program": cycle(["Lakeside", "North House", "Main"], n),
            "LOC": cycle(["IOP", "PHP", "Residential", "Detox", "OP"], n),
            "Admit_Dt": days(n, "%m/%d/%Y"),
            "Dischrge_Dte": days(n, "%m/%d/%Y", begin="2022-02-01"),
            "Disch Reason": cycle(
                ["Completed", "AMA", "Transferred to detox", "Administrative discharge", "Jail", "7"], n - 1
            )
            + ["zq-rare-reason"],
            "Sched Hrs/Wk": cycle(["9,5", "12,0", "20,0"], n),
            "Auth": cycle(["zqa", "zqb", "zqc"], n),
        }
    ).to_csv(folder / "episodes.csv", index=False, sep=";")
    pd.DataFrame(
        {
            "client_id": PEOPLE,
            "Last Name": cycle(FAMILY, N),
            "DOB": days(N, "%m/%d/%Y", 90, "1960-01-05"),
            "Age": cycle(range(19, 64), N),
            "Gender": cycle(["F", "M"], N),
            "Drug of Choice": cycle(["Alcohol", "Opioids", "Meth"], N),
            "Court Ordered": cycle(["Y", "N"], N),
            "Home Phone": [f"617-555-{1000 + i}" for i in range(N)],
            "Vet": cycle(["1", "0", "NA"], N),
            "Notes": [f"He said on the phone that he would call again on the {i}th about the matter" for i in range(N)],
        }
    ).to_csv(folder / "clients.csv", index=False)
    for year in (2022, 2023):
        pd.DataFrame(
            {
                "ClientID": cycle(PEOPLE, 240),
                "Service Date": days(240, "%Y-%m-%d", 1, f"{year}-01-01"),
                "Proc Code": cycle(["H0015", "H0018", "H0004"], 240),
                "Duration": cycle([60, 90, 180], 240),
                "Telehealth": cycle(["video", "in person"], 240),
            }
        ).to_csv(folder / f"sessions_{year}.csv", index=False)
    screens = [[p, f"{m:02}/{d:02}/2022", t, r] for p, m, d, t, r in zip(
        cycle(PEOPLE, 240), cycle(range(1, 13), 240), cycle(range(1, 12), 240), cycle(["THC", "opiates"], 240),
        cycle(["NEG", "POS", "No show"], 240), strict=True)]  # fmt: skip
    workbooks.write_ods(folder / "uds.ods", [["PatID", "Collected", "Panel", "Result"], *screens])
    (folder / "letter.txt").write_text("Dear all,\nthis is; our, export | zq-letter\n")
    return folder


@pytest.fixture(scope="module")
def drafted(messy: Path) -> str:
    return draft.draft([messy])


def test_a_messy_export_is_recognised(messy: Path, drafted: str) -> None:
    source = yaml.safe_load(drafted)["source"]
    assert source["kind"] == "mapping"
    assert (source["path"], source["dates"], source["missing_values"]) == (str(messy), "calendar", ["NA"])
    tables = source["tables"]
    assert {name: table["files"] for name, table in tables.items()} == {
        "stays": ["episodes.csv"],
        "persons": ["clients.csv"],
        "sessions": ["sessions_2022.csv", "sessions_2023.csv"],
        "screens": ["uds.ods"],
    }
    assert tables["stays"]["columns"] == {
        "person_id": "ClientID",
        "site_id": "Program",
        "level_of_care": {
            "column": "LOC",
            "codes": {"Detox": "detox", "IOP": "2.1", "OP": "1", "PHP": "2.5", "Residential": "3.5"},
        },
        "start_day": {"column": "Admit_Dt", "date_format": "%m/%d/%Y"},
        "end_day": {"column": "Dischrge_Dte", "date_format": "%m/%d/%Y"},
        "discharge_reason": {
            "column": "Disch Reason",
            "codes": {
                "7": "TODO",
                "AMA": "unplanned",
                "Administrative discharge": "unplanned",
                "Completed": "completed",
                "Jail": "other",
                "Transferred to detox": "transferred",
            },
        },
        "scheduled_hours_per_week": {"column": "Sched Hrs/Wk", "decimal": "comma", "unit": "hours_per_week"},
        "program_type": {"value": "TODO"},
    }
    assert tables["persons"]["columns"] == {
        "person_id": "client_id",
        "age": "Age",
        "sex": {"column": "Gender", "codes": {"F": "female", "M": "male"}},
        "legal_mandate": {"column": "Court Ordered", "codes": {"N": "no", "Y": "yes"}},
        "primary_drug": "Drug of Choice",
        "veteran": {"column": "Vet", "codes": {"0": "no", "1": "yes"}},
    }
    assert tables["sessions"]["columns"] == {
        "person_id": "ClientID",
        "day": "Service Date",
        "minutes": {"column": "Duration", "unit": "minutes"},
        "level_of_care": {"column": "Proc Code", "crosswalk": "procedure"},
        "modality": {"column": "Telehealth", "codes": {"in person": "in_person", "video": "virtual"}},
    }
    # 05/06/2022 in every row: two readings, for a person to decide
    assert tables["screens"]["columns"]["day"] == {"column": "Collected", "date_format": "TODO"}
    assert "100% as %m/%d/%Y, 100% as %d/%m/%Y" in " ".join(drafted.replace("#", "").split())
    assert tables["stays"]["ignore"] == ["Auth"]
    assert "TODO: not read: letter.txt" in drafted


def test_identifiers_are_told_by_rule(drafted: str) -> None:
    ignored = yaml.safe_load(drafted)["source"]["tables"]["persons"]["ignore"]
    assert ignored == ["Last Name", "DOB", "Home Phone", "Notes"]
    for column, rule in {
        '"Last Name"': "person names",
        "DOB": "birth dates",
        '"Home Phone"': "telephone numbers",
        "Notes": "free text",
    }.items():
        assert f"- {column} # looks like {rule}: remove it" in drafted


def test_nothing_of_the_contents_is_shown(messy: Path, drafted: str) -> None:
    shown = {
        "NA", "Detox", "IOP", "OP", "PHP", "Residential", "AMA", "Jail", "Completed", "Administrative discharge",
        "Transferred to detox", "NEG", "POS", "No show", "video", "in person",
    }  # fmt: skip
    for export in exports.collect([messy]).exports:
        for column in export.columns:
            for value in {*column.counts.index} - shown:
                # the text itself has two-digit numbers
                assert len(value) < 3 or value not in drafted, column.name
    assert "zq" not in drafted
    assert "1 code is not shown" in drafted


def filled(content: dict[str, Any]) -> dict[str, Any]:
    source = content["source"]
    source["extract_date"] = "2024-06-30"
    tables = source["tables"]
    tables["stays"]["columns"]["program_type"]["value"] = "substance_use"
    tables["stays"]["columns"]["discharge_reason"]["codes"]["7"] = "other"
    tables["screens"]["columns"]["day"]["date_format"] = "%m/%d/%Y"
    content["privacy"]["limited_dataset"] = True
    return content


def test_the_study_is_refused_until_it_is_decided_and_then_reads(
    messy: Path, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export = shutil.copytree(messy, tmp_path / "export")
    clients = pd.read_csv(messy / "clients.csv", dtype=str, keep_default_na=False)
    clients.drop(columns=["Last Name", "DOB", "Home Phone", "Notes"]).to_csv(export / "clients.csv", index=False)
    shutil.copytree(project / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "config" / "cohorts" / "ours.yaml"
    assert cli.main(["draft-mapping", str(export), "--out", str(place)]) == 0
    config = {**loading.read_yaml(tmp_path / "config" / "config.yaml"), "cohort": "ours"}
    with pytest.raises(StudyError, match="TODO"):
        loading.load(config)
    content = filled(yaml.safe_load(place.read_text()))
    place.write_text(yaml.safe_dump(content))
    loaded = loading.load(config).study
    tables = sources.read("mapping", {**loaded.source.model_dump(), "privacy": loaded.privacy.model_dump()})
    assert set(tables["stays"]["level_of_care"].dropna()) == {"detox", "1", "2.1", "2.5", "3.5"}
    assert set(tables["persons"]["sex"]) == {"female", "male"}
    assert set(tables["sessions"]["minutes"]) == {60, 90, 180}
    assert set(tables["screens"]["result"]) == {"negative", "positive", "missing"}
    # the one code that was not shown stays as it is, and breaks a rule of the cleaning
    unknown = set(tables["stays"]["discharge_reason"].dropna()) - set(LEAVING)
    assert unknown == {"zq-rare-reason"}
    assert tables["quarantine"].empty
    assert cli.main(["draft-mapping", str(export), "--out", str(place)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_one_file_of_admissions_feeds_stays_and_persons(tmp_path: Path) -> None:
    n = 120
    path = one_table(
        tmp_path,
        person_id=cycle(PEOPLE, n),
        start_day=cycle(range(0, 300, 7), n),
        end_day=cycle(range(30, 330, 7), n),
        level_of_care=cycle(["2.1", "3.5"], n),
        discharge_reason=cycle(["completed", "unplanned"], n),
        site_id=cycle(["A", "B"], n),
        age=cycle(["18-29", "30-49", "-9"], n),
        sex=cycle(["female", "male"], n),
    )
    content = written(path)
    source = content["source"]
    assert source["dates"] == "relative"
    assert "extract_date" not in source
    assert "privacy" not in content
    stays, persons = source["tables"]["stays"], source["tables"]["persons"]
    assert stays["columns"] == {
        **{c: c for c in ("person_id", "site_id", "level_of_care", "start_day", "end_day", "discharge_reason")},
        "program_type": {"value": "TODO"},
    }
    assert stays["ignore"] == ["age", "sex"]
    assert persons["first_by"] == "start_day"
    # what puts rows in order is used, and not ignored as well
    assert "start_day" not in persons["ignore"]
    assert persons["columns"] == {
        "person_id": "person_id",
        "observed_to_day": {"value": "TODO"},
        "age": {"value": ""},
        "age_group": {"column": "age", "missing": ["-9"]},
        "sex": "sex",
    }
