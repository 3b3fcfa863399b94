"""A run that waits for somebody to look at the released tables."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
UIS = ("--config", "cohort=uis")


@pytest.fixture
def waiting(finished_run, tmp_path: Path) -> Path:
    """A finished run whose config asks for a sign-off from now on."""
    folder = Path(shutil.copytree(finished_run("uis"), tmp_path / "copy"))
    cohort = folder / "config/cohorts/uis.yaml"
    text = cohort.read_text(encoding="utf-8")
    cohort.write_text(
        text.replace("  policy: none", "  sign_off: config/signed.yaml\n  policy: none"), encoding="utf-8"
    )
    return folder


def test_the_report_waits_and_then_says_who_looked(snakemake, waiting: Path) -> None:
    release = waiting / "results/uis/release"
    stopped = snakemake(waiting, *UIS)
    assert stopped.returncode != 0
    assert "The release of 'uis' waits for a sign-off" in stopped.stderr
    assert (release / "counts.csv").is_file()
    assert not (release / "manifest.json").exists()
    said = re.search(r"^release: ([0-9a-f]{64})$", stopped.stderr, re.MULTILINE)
    assert said is not None
    signed = f"who: A. Reader, data protection\nwhen: 2026-03-31\nrelease: {said[1]}\n"
    (waiting / "config/signed.yaml").write_text(signed, encoding="utf-8")
    done = snakemake(waiting, *UIS)
    assert done.returncode == 0, done.stderr
    assert json.loads((release / "manifest.json").read_text(encoding="utf-8"))["sign_off"]["release"] == said[1]
    assert "A. Reader, data protection, 2026-03-31" in (release / "report.html").read_text(encoding="utf-8")
    assert "sign_off.json" in json.loads((release / "manifest.json").read_text(encoding="utf-8"))["files"]
