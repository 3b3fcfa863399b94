"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


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
