"""The same records give the same release: in another folder, locale and time zone, and as another user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from released_bytes import UIS, hashes

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(finished_run) -> Path:
    return finished_run("uis")


def test_a_run_elsewhere_in_another_locale_and_time_zone_gives_the_same_bytes(snakemake, finished, tmp_path):
    """And each run verifies the other's release."""
    (tmp_path / "home").mkdir()
    here = {"LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "HOME": str(tmp_path / "home"),
            "PYTHONHASHSEED": "7"}  # fmt: skip
    done = snakemake(tmp_path, *UIS, env={**os.environ, **here})
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "results/uis/release") == hashes(finished / "results/uis/release")
    command = [sys.executable, "-m", "iop_outcomes.cli", "verify", str(finished / "results/uis/release")]
    for own in ({}, here):
        told = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **own})
        assert told.returncode == 0, told.stdout + told.stderr


def test_another_user_gets_the_same_bytes(snakemake, finished, odd_place, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to run as another user")
    import pwd

    user = pwd.getpwnam("nobody")
    whom = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    own = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    place = tmp_path / "run"
    place.mkdir()
    asked = [
        str(odd_place / ".venv" / Path(sys.executable).relative_to(sys.prefix)),
        "-c",
        "import iop_outcomes, os; os.listdir(os.getcwd())",
    ]
    try:
        may = subprocess.run(asked, check=False, cwd=place, capture_output=True, env=own, **whom).returncode == 0
    except OSError:
        may = False
    if not may:
        pytest.skip("the interpreter or the folder of the tests is closed to another user here")
    for part in ("config", "data"):
        shutil.copytree(odd_place / part, place / part, ignore=shutil.ignore_patterns("raw"))
    for path in (place, *place.rglob("*"), tmp_path):
        os.chown(path, user.pw_uid, user.pw_gid)
    done = snakemake(place, *UIS, env=own, **whom)
    assert done.returncode == 0, done.stderr
    assert hashes(place / "results/uis/release") == hashes(finished / "results/uis/release")
