"""Fixtures shared by all tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
WAIT_SECONDS = 20 * 60


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the project."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and reference values that cannot be shipped; tests that need it are skipped without."""
    folder = Path(os.environ.get("IOP_OUTCOMES_SHARED", PROJECT.parent / "shared" / "data"))
    root = folder.parent if folder.name == "data" else folder
    if not (root / "data").is_dir():
        pytest.skip("needs the shared data folder: set IOP_OUTCOMES_SHARED to it")
    return root


@pytest.fixture(scope="session")
def snakemake(project: Path):
    """Run the workflow in a folder of its own, with copies of config and data: returns the finished process."""

    def run(folder: Path, *arguments: str, snakefile: Path | None = None) -> subprocess.CompletedProcess[str]:
        for part in ("config", "data"):
            if not (folder / part).exists():
                shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("raw"))
        command = [
            sys.executable, "-m", "snakemake", "--cores", "2",
            "--workflow-profile", str(project / "workflow/profiles/default"),
            "--snakefile", str(snakefile or project / "workflow/Snakefile"), "--directory", str(folder), *arguments,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)

    return run


@pytest.fixture(scope="session")
def finished_run(snakemake, tmp_path_factory) -> Callable[..., Path]:
    """The folder of a cohort's finished workflow, which all tests share and none may change.

    Whichever worker asks first runs it, and the others wait. Further arguments go to --config.
    """
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def finished(cohort: str, *config: str) -> Path:
        folder, outcome = root / f"finished-{cohort}", root / f"finished-{cohort}.json"
        try:
            folder.mkdir()
        except FileExistsError:
            _wait_for(outcome)
        else:
            told = {"code": -1, "said": "the run broke off"}
            try:
                done = snakemake(folder, "--config", f"cohort={cohort}", *config)
                told = {"code": done.returncode, "said": done.stdout + done.stderr}
            finally:
                beside = outcome.with_suffix(".part")
                beside.write_text(json.dumps(told))
                beside.rename(outcome)
        ended = json.loads(outcome.read_text())
        assert ended["code"] == 0, ended["said"]
        return folder

    return finished


def _wait_for(outcome: Path) -> None:
    limit = time.monotonic() + WAIT_SECONDS
    while not outcome.exists():
        if time.monotonic() > limit:
            pytest.fail(f"the run that another worker started has not ended: {outcome.name} is missing")
        time.sleep(0.5)
