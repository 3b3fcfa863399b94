"""The same records give the same release: in another folder, locale and time zone, as another user, after a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from released_bytes import UIS, hashes

from iop_outcomes.verify import verdict

pytestmark = pytest.mark.workflow

# folders of tests, and often the project and its interpreter, are closed to other users: the other one may enter and
# read them by a capability of Linux, the first of these that root has here, if it cannot without
MAY_READ = ((), ("dac_read_search",), ("dac_override",))


@dataclass(frozen=True)
class Elsewhere:
    """A run in another folder, locale and time zone that was killed half-way, started again, and finished.

    via: what made it that of another user, if anything. left: the files of its results when it was killed.
    """

    folder: Path
    environment: dict[str, str]
    via: Sequence[str]
    left: frozenset[str]

    @property
    def release(self) -> Path:
        return self.folder / "results/uis/release"


def another_user(environment: dict[str, str], place: Path) -> Sequence[str]:
    """A command that runs another as the user nobody, who owns what is in a place from then on; () where none may."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return ()
    import pwd

    user = pwd.getpwnam("nobody")
    for path in (place, *place.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    whom = (setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    for capabilities in MAY_READ:
        via = (*whom, *(f"--{kind}-caps=+{name}" for name in capabilities for kind in ("inh", "ambient")), "--")
        asked = [*via, sys.executable, "-c", "import iop_outcomes, os; os.listdir(os.getcwd())"]
        done = subprocess.run(asked, check=False, cwd=place, capture_output=True, env=environment)
        if done.returncode == 0:
            return via
    return ()


@pytest.fixture(scope="module")
def finished(finished_run) -> Path:
    return finished_run("uis") / "results/uis/release"


@pytest.fixture(scope="module")
def elsewhere(snakemake, project, tmp_path_factory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("elsewhere")
    for part in ("config", "data"):
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("raw"))
    (folder / "home").mkdir()
    here = {"LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "HOME": str(folder / "home"),
            "PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    environment = {**os.environ, **here}
    via = another_user(environment, folder)
    killed(project, folder, via, environment)
    left = frozenset(p.relative_to(folder / "results").as_posix() for p in (folder / "results").rglob("*"))
    done = snakemake(folder, *UIS, via=via, env=environment)
    assert done.returncode == 0, done.stderr
    return Elsewhere(folder, environment, via, left)


def killed(project: Path, folder: Path, via: Sequence[str], environment: dict[str, str]) -> None:
    """A run that is ended, with all its jobs, once the people of the cohort are found."""
    command = [
        *via, sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all",
        "--workflow-profile", str(project / "workflow/profiles/default"),
        "--snakefile", str(project / "workflow/Snakefile"), "--directory", str(folder), *UIS,
    ]  # fmt: skip
    running = subprocess.Popen(command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL, env=environment)
    while not (folder / "results/uis/private/people.parquet").exists() and running.poll() is None:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_a_killed_run_started_again_finishes_with_the_same_bytes(finished, elsewhere):
    assert "uis/private/people.parquet" in elsewhere.left
    assert "uis/release/manifest.json" not in elsewhere.left
    assert hashes(elsewhere.release) == hashes(finished)


def test_a_run_elsewhere_in_another_locale_and_time_zone_gives_the_same_bytes(finished, elsewhere):
    """And each verifies the other's release."""
    assert hashes(elsewhere.release) == hashes(finished)
    found = verdict.of(elsewhere.release)
    assert found.holds, found.text()
    command = [*elsewhere.via, sys.executable, "-m", "iop_outcomes.cli", "verify", str(finished)]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, env=elsewhere.environment, cwd=elsewhere.folder
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_another_user_gets_the_same_bytes(finished, elsewhere):
    if not elsewhere.via:
        pytest.skip("needs root, setpriv, and an interpreter and a folder that another user may be let into")
    whose = {path.stat().st_uid for path in (elsewhere.folder / "results").rglob("*")}
    assert os.geteuid() not in whose
    assert len(whose) == 1
    assert hashes(elsewhere.release) == hashes(finished)
