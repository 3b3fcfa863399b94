"""Fixtures shared by all tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# linear algebra on one thread, as in the steps: that of two workers would wait for each other
for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(library, "1")

try:
    import fcntl
except ImportError:  # Windows, where tests run in one process
    fcntl = None  # type: ignore[assignment]

# what is found hangs neither on chance nor on how busy the machine is: examples are those of the last run, unless
# IOP_OUTCOMES_EXPLORE is set, which looks for others
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    derandomize="IOP_OUTCOMES_EXPLORE" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("untimed")

PROJECT = Path(__file__).resolve().parents[1]
# a folder as people name them: all that a shell, make or Snakemake could stumble upon
FOLDER = "Dr O'Neil & co (R&D) 100% $HOME; #1 ü"


# what takes longest comes first, so that no worker is left alone with it at the end
LONG = ("workflow", "truth")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files by their longest mark, else in the order in which they were found."""
    marks = {item.path: LONG.index(mark.name) for item in items for mark in item.iter_markers() if mark.name in LONG}
    items.sort(key=lambda item: marks.get(item.path, len(LONG)))


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
def odd_place(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it stands in a folder with a difficult name: links to its parts and to the environment."""
    place = shared_root(tmp_path_factory) / FOLDER
    place.mkdir(exist_ok=True)
    parts = {n: project / n for n in ("Makefile", "workflow", "config", "pyproject.toml", "uv.lock", "data", "src")}
    for name, part in {**parts, ".venv": Path(sys.prefix)}.items():
        with contextlib.suppress(FileExistsError):  # another worker may be first
            (place / name).symlink_to(part)
    return place


def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def interpreter(place: Path) -> str:
    """The interpreter by its path within a place's environment."""
    return str(place / ".venv" / Path(sys.executable).relative_to(sys.prefix))


@pytest.fixture(scope="session")
def snakemake(odd_place: Path, project: Path):
    """Run the workflow in a folder of its own, with copies of config and data: returns the finished process.

    The project, its interpreter among it, lies in a folder with a difficult name. via: a command that runs another.
    options: of the process.
    """

    def run(
        folder: Path, *arguments: str, snakefile: Path | None = None, via: Sequence[str] = (), **options: Any
    ) -> subprocess.CompletedProcess[str]:
        for part in ("config", "data"):
            if not (folder / part).exists():
                shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("raw"))
        command = [
            *via, interpreter(odd_place), "-m", "snakemake", "--cores", "2",
            "--workflow-profile", str(odd_place / "workflow/profiles/default"),
            "--snakefile", str(snakefile or odd_place / "workflow/Snakefile"), "--directory", str(folder), *arguments,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, **options)

    return run


@pytest.fixture(scope="session")
def finished_run(snakemake, tmp_path_factory) -> Callable[..., Path]:
    """The folder of a cohort's finished workflow, which all tests share and none may change.

    Whichever worker asks first runs it, and the others wait. Further arguments go to --config.
    """
    root = shared_root(tmp_path_factory)

    def finished(cohort: str, *config: str) -> Path:
        folder, outcome = root / f"{FOLDER} {cohort}", root / f"finished-{cohort}.json"
        with open(root / f"finished-{cohort}.lock", "w") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)  # given up by a worker that dies, too
            if not outcome.exists():
                folder.mkdir(exist_ok=True)
                done = snakemake(folder, "--config", f"cohort={cohort}", *config)
                outcome.write_text(json.dumps({"code": done.returncode, "said": done.stdout + done.stderr}))
        ended = json.loads(outcome.read_text())
        assert ended["code"] == 0, ended["said"]
        return folder

    return finished
