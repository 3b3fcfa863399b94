"""`iop-outcomes check`: what it tells of a study and its records, and what would stop a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iop_outcomes import cli, preflight, study
from iop_outcomes.release import POLICIES


@pytest.fixture
def folder(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the config of the project and a cohort of one's own."""
    shutil.copytree(project / "config", tmp_path / "config")
    (tmp_path / "data").symlink_to(project / "data")
    monkeypatch.chdir(tmp_path)
    cohort = (tmp_path / "config/cohorts/template.yaml").read_text()
    cohort = cohort.replace("questions: demo", "# no questions of another cohort")
    cohort = cohort.replace("categorical: [sex, primary_drug, stable_housing, legal_mandate]", "categorical: [sex]")
    (tmp_path / "config/cohorts/ours.yaml").write_text(cohort)
    with (tmp_path / "config/analyses.tsv").open("a") as sheet:
        for outcome, rule, step in (
            ("unplanned_discharge", "none", "retention"), ("abstinent", "observed_only", "abstinence"),
        ):  # fmt: skip
            sheet.write(f"ours\tq\t{step}\tiop_vs_residential\t{outcome}\t90\trisk\tcrude\t{rule}\tprimary\n")
    return tmp_path


def records(folder: Path, broken: int = 0, sites: int = 2) -> None:
    """Forty people, half in each arm, seen for 60 or 365 days."""
    path = folder / "data/raw/ours" if (folder / "data/raw").exists() else folder / "records"
    path.mkdir(parents=True)
    persons = ["person_id,observed_to_day,age,sex"]
    stays = ["person_id,stay_id,site_id,level_of_care,start_day,end_day,discharge_reason,program_type"]
    for i in range(40):
        persons.append(f"p{i:02d},{60 if i < 12 else 365},40,male")
        level, end = ("2.1", 55) if i % 2 else ("3.5", 20)
        end = -3 if i < broken else end
        stays.append(f"p{i:02d},s{i:02d},site{i % sites},{level},0,{end},completed,substance_use")
    (path / "persons.csv").write_text("\n".join(persons) + "\n")
    (path / "stays.csv").write_text("\n".join(stays) + "\n")


def told(folder: Path) -> preflight.Findings:
    config = study.read_yaml(Path("config/config.yaml")) | {"cohort": "ours", "data": str(folder / "records")}
    return preflight.look(study.load(config, ["config/config.yaml"]))


def test_it_tells_rows_arms_and_which_questions_can_be_answered(folder):
    records(folder, sites=1)
    found = told(folder)
    assert not found.stops
    text = found.text()
    assert "stays: kept 40" in text
    assert "sessions: no delivered hours" in text
    assert "Intensive outpatient 20, Residential 20; both arms in 1 of 1 sites" in text
    # everyone has left by day 90, whether observed until then or not
    assert "unplanned_discharge on day 90: 40 of 40 can be known by then" in text
    assert "abstinent: cannot be answered without followups" in text


def test_too_many_broken_rows_are_told_as_what_stops_a_run(folder, capsys):
    records(folder, broken=12)
    found = told(folder)
    assert "30.0% of the rows of stays broke a rule" in found.stops[0]
    assert "quarantined: ends before it starts 12" in found.text()
    assert cli.main(["check", "--cohort", "ours", "--data", str(folder / "records")]) == 1
    assert "This stops a run" in capsys.readouterr().out


def test_small_counts_are_told_as_the_policy_lets_them_be_seen(folder):
    records(folder, broken=2)
    text = told(folder).text()
    assert "ends before it starts fewer than 11" in text
    assert preflight.shown(10, POLICIES["cms"]) == "fewer than 11"
    assert preflight.shown(0, POLICIES["cms"]) == "0"
    assert preflight.shown(1234, POLICIES["opensafely"]) == "1,235"


def test_a_missing_folder_stops_with_a_paragraph(folder):
    found = told(folder)
    assert "does not exist" in found.stops[0]


def test_a_definition_that_fails_is_told_before_records_are_read(folder):
    people = folder / "config/people/ours.yaml"
    people.write_text("people:\n  - { name: Nobody with a stay, expect: { eligible: true } }\n")
    cohort = folder / "config/cohorts/ours.yaml"
    cohort.write_text(cohort.read_text() + "\npeople: config/people/ours.yaml\n")
    records(folder)
    found = told(folder)
    assert "expected to be eligible, but excluded by treated" in found.stops[0]
    assert "Rows" not in found.told


def test_a_table_whose_rows_are_all_set_aside_was_in_the_records(folder):
    records(folder)
    sessions = ["person_id,day,level_of_care,minutes,modality", *(f"p{i:02d},1,2.1,long,in_person" for i in range(40))]
    (folder / "records/sessions.csv").write_text("\n".join(sessions) + "\n")
    text = told(folder).text()
    assert "Read, but no row of it is left" in text
    absent = text.split("Not in the records")[1].split("Read, but no row")[0]
    assert "sessions:" not in absent
    assert "screens:" in absent
