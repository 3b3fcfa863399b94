"""A folder with the config of the project, a cohort of one's own, and forty people's records in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iop_outcomes.checks import preflight
from iop_outcomes.study import loading


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


def with_column(folder: Path, name: str, values: list[str]) -> None:
    """A further column of persons; the last value stands for all that follow."""
    path = folder / "records/persons.csv"
    lines = path.read_text().splitlines()
    rows = [f"{line},{values[min(i, len(values) - 1)]}" for i, line in enumerate(lines[1:])]
    path.write_text("\n".join([f"{lines[0]},{name}", *rows]) + "\n")


def told(folder: Path) -> preflight.Findings:
    config = loading.read_yaml(Path("config/config.yaml")) | {"cohort": "ours", "data": str(folder / "records")}
    return preflight.look(loading.load(config, ["config/config.yaml"]))
