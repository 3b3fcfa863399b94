"""What a run leaves behind: private files for their owner only, and no password of a query anywhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from iop_outcomes.provenance import protocol
from iop_outcomes.steps import store
from iop_outcomes.study import loading

pytestmark = pytest.mark.workflow

PASSWORD = "hunter2-and-more"
STAYS = (
    "select person, start, stop, level, reason from stays where person <> '{password}' -- user etl, pwd {password}\n"
    "and start >= 0 /* postgresql://etl:{password}@warehouse/db */"
)
SOURCE = {
    "kind": "mapping",
    "database": "RECORDS",
    "tables": {
        "stays": {
            "query": STAYS.format(password=PASSWORD),
            "columns": {
                "person_id": "person", "start_day": "start", "end_day": "stop", "level_of_care": "level",
                "discharge_reason": "reason", "site_id": {"value": "north"}, "program_type": {"value": "substance_use"},
            },
        },
        "persons": {
            "query": f"select distinct person, 365 as seen, 30 as age, 'female' as sex, '{PASSWORD}' as key from stays",
            "columns": {"person_id": "person", "observed_to_day": "seen", "age": "age", "sex": "sex"},
            "ignore": ["key"],
        },
    },
}  # fmt: skip


@pytest.fixture
def queried(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose cohort comes from queries with a password in them."""
    for part in ("config", "data"):
        shutil.copytree(project / part, tmp_path / part, ignore=shutil.ignore_patterns("raw"))
    cohort = yaml.safe_load((project / "config/cohorts/template_mapping.yaml").read_text(encoding="utf-8"))
    (tmp_path / "config/cohorts/template_mapping.yaml").write_text(
        yaml.safe_dump({**cohort, "source": SOURCE, "questions": None})
    )
    sheet = tmp_path / "config/analyses.tsv"
    lines = sheet.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("demo\t"))
    sheet.write_text("\n".join([lines[0], row.replace("demo\t", "template_mapping\t", 1)]) + "\n", encoding="utf-8")
    with sqlite3.connect(tmp_path / "records.db") as made:
        made.execute("create table stays (person text, start integer, stop integer, level text, reason text)")
        made.executemany("insert into stays values (?, 0, 40, '2.1', 'completed')", [(f"p{i}",) for i in range(40)])
    made.close()
    monkeypatch.setenv("RECORDS", f"sqlite:///{tmp_path}/records.db")
    return tmp_path


def merged(folder: Path) -> dict[str, Any]:
    """The study as the report writes it beside itself."""
    given = yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8"))
    with contextlib.chdir(folder):
        return loading.load({**given, "cohort": "template_mapping"}, ["config/config.yaml"]).merged()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_private_files_are_for_their_owner_and_passwords_nowhere(snakemake, queried: Path) -> None:
    home = "results/template_mapping"
    released, target = queried / home / "release/study.yaml", f"{home}/private/raw/stays.parquet"
    before = os.umask(0o022)
    try:
        done = snakemake(queried, target, "--config", "cohort=template_mapping")
        store.write_text(protocol.written(merged(queried)), released)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    written = [p for place in ("results", ".snakemake") for p in (queried / place).rglob("*") if p.is_file()]
    assert (queried / target) in written
    assert any("metadata" in p.parts for p in written)
    assert [p for p in written if PASSWORD.encode() in p.read_bytes()] == []
    study = yaml.safe_load(released.read_text(encoding="utf-8"))
    assert study["source"]["tables"]["stays"]["query"].startswith(
        "select person, start, stop, level, reason from stays"
    )
    private = queried / home / "private"
    inside = [private, *private.rglob("*")]
    assert {mode(p) for p in inside if p.is_dir()} == {0o700}
    assert {mode(p) for p in inside if p.is_file()} == {0o600}
    assert mode(queried / ".snakemake") == 0o700
    # others may read what is released
    assert mode(released) == 0o644

    # another password is another query: the records are read again, and nothing else is a reason to
    again = snakemake(queried, target, "--config", "cohort=template_mapping", "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr
    file = queried / "config/cohorts/template_mapping.yaml"
    file.write_text(file.read_text().replace(PASSWORD, "another-one"))
    changed = snakemake(queried, target, "--config", "cohort=template_mapping", "--dry-run")
    assert "sources" in changed.stdout
    assert PASSWORD not in changed.stdout + changed.stderr
    assert "another-one" not in changed.stdout + changed.stderr
