"""The two commands as they are typed: what of COHORT and DATA reaches the workflow, and which uv and certificates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import parse_config

from iop_outcomes.checks import prepare
from iop_outcomes.errors import StudyError

pytestmark = pytest.mark.workflow

# what people type for a name or a path; Snakemake alone reads most of them as something else
TYPED = (
    "my data/2024_11", "2024_11", "2.10", "007", "1e5", "false", "True", "no", "null", "~", "2024-01-05", "0x10",
    "Dr O'Neil", 'the "old" one', "R&D (2024)", "a; b | c > d", "$HOME", "$(HOME)", "`date`", "a\\b", "100%", "a: b",
    "[x]", "*", "?", "!", "&a", "- x", "a #b", "a=b", "a,b", "Grüße 日本", "two  spaces", "-x", "../up", "/abs/o lute",
)  # fmt: skip

UV = """#!/bin/sh
[ "$1" = sync ] && exit 0
shift 3
exec "$WITH_PYTHON" "$WITH_SCRIPT" "$@"
"""
TOLD = """
import json, os, sys
names = ("SSL_CERT_FILE", "PIP_CERT", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
print(json.dumps([sys.argv[1:], {n: os.environ.get(n) for n in names}]))
"""
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS")


def interpreter(place: Path) -> str:
    """The interpreter by its path within the place's environment."""
    return str(place / ".venv" / Path(sys.executable).relative_to(sys.prefix))


@pytest.fixture(scope="module")
def make(odd_place: Path, tmp_path_factory: pytest.TempPathFactory):
    """Run make in a folder with a difficult name, with a uv that does nothing but run Python: the finished process."""
    program = shutil.which("make")
    if program is None:
        pytest.skip("needs make")
    folder = tmp_path_factory.mktemp("a home")
    (folder / "uv").write_text(UV)
    (folder / "uv").chmod(0o755)
    (folder / "told.py").write_text(TOLD)

    def run(*arguments: str, script: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if k not in (*CERTIFICATES, "DATA", "COHORT", "MAKEFLAGS")}
        own = {
            "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
            "WITH_PYTHON": sys.executable,
            "WITH_SCRIPT": str(script or folder / "told.py"),
        }
        command = [program, "--silent", *arguments]
        return subprocess.run(
            command, cwd=odd_place, capture_output=True, text=True, check=False, env={**kept, **own, **environment}
        )

    return run


def told(done: subprocess.CompletedProcess[str]) -> tuple[list[str], dict[str, str | None]]:
    """The arguments and the environment with which Snakemake was called."""
    assert done.returncode == 0, done.stderr
    arguments, environment = json.loads(done.stdout.splitlines()[0])
    return arguments, environment


def read(*given: str) -> dict[str, object]:
    """What the workflow makes of arguments of --config."""
    parsed = parse_config(list(given))
    return prepare.as_typed({"cohort": "demo", **parsed}, parsed, given)


@pytest.mark.parametrize("text", TYPED)
def test_a_path_reaches_the_workflow_as_it_was_typed(make, text):
    arguments, _ = told(make("report", "COHORT=uis", f"DATA={text}"))
    config = arguments[arguments.index("--config") + 1 :]
    assert config == ["cohort=uis", f"data={text}"]
    assert read(*config) == {"cohort": "uis", "data": text}


def test_what_begins_like_a_comment_is_named_from_the_folder_it_is_in(make):
    arguments, _ = told(make("report", "DATA=#1 of 2"))
    assert read(*arguments[arguments.index("--config") + 1 :]) == {"cohort": "demo", "data": "./#1 of 2"}


def test_without_cohort_and_data_nothing_is_overridden(make):
    done = make("report")
    assert "--config" not in told(done)[0]
    assert "results/demo/release/report.html" in done.stdout
    assert "--config" not in told(make("report", "DATA=", "COHORT="))[0]


def test_what_holds_no_text_stays_as_it_was_read_and_quotation_marks_are_left_out():
    assert read("data='2024_11'", 'title="2.10"', "people=") == {
        "cohort": "demo", "data": "2024_11", "title": "2.10", "people": None,
    }  # fmt: skip
    assert read("source={people: 300}")["source"] == {"people": "300"}
    # an importing workflow has put something else in its place
    assert prepare.as_typed({"data": "mine"}, {"data": 1}, ["data=01"]) == {"data": "mine"}


def test_the_report_is_planned_in_a_folder_with_a_difficult_name(make, odd_place, tmp_path):
    """As far as the plan: the runs of the other tests lie in such a folder, interpreter and all."""
    script = tmp_path / "dry run.py"
    program = interpreter(odd_place)
    script.write_text(f"import subprocess, sys\nsys.exit(subprocess.call([{program!r}, *sys.argv[1:], '--dry-run']))\n")
    records = tmp_path / "my data" / "2024_11"
    records.parent.mkdir()
    shutil.copy(odd_place / "data/uis/uis.csv", records)
    done = make("report", "COHORT=uis", f"DATA={records}", script=script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "analyses_retention" in done.stdout + done.stderr
    records.unlink()
    done = make("report", "COHORT=uis", f"DATA={records}", script=script)
    assert done.returncode != 0
    assert str(records) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_uv_of_the_machine_is_called_by_name_and_else_one_is_installed(make, tmp_path):
    done = make("--dry-run", "setup")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["uv"]
    for needed in ("sh", "sed"):
        (tmp_path / needed).symlink_to(str(shutil.which(needed)))
    done = make("--dry-run", "--always-make", "setup", PATH=str(tmp_path), PYTHON=sys.executable)
    assert "-m pip install" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(".uv/bin/uv sync")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_pip_or_openssl_is_told_of_serves_uv_and_pip(make, name):
    _, environment = told(make("report", **{name: "/etc/our bundle.pem"}))
    assert environment == {
        "SSL_CERT_FILE": "/etc/our bundle.pem", "PIP_CERT": "/etc/our bundle.pem",
        "UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true",
    }  # fmt: skip


def test_the_machines_own_certificates_are_the_default_and_may_be_declined(make):
    environment = told(make("report", PIP_CONFIG_FILE=os.devnull))[1]
    assert environment["SSL_CERT_FILE"] is None
    assert environment["UV_SYSTEM_CERTS"] == "true"
    assert told(make("report", UV_SYSTEM_CERTS="false"))[1]["UV_SYSTEM_CERTS"] == "false"


def test_braces_in_a_path_are_refused_in_words():
    with pytest.raises(StudyError, match="between braces"):
        prepare.check_names(["data/{a}/x.csv"])
    prepare.check_names(["data/(a)/x.csv"])


def test_an_interpreter_is_called_by_name_where_its_path_needs_quoting(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    monkeypatch.setenv("PATH", "/usr/bin")
    prepare.name_interpreter()
    assert (sys.executable, os.environ["PATH"]) == ("/opt/python/bin/python3", "/usr/bin")
    monkeypatch.setattr(sys, "executable", "/home/Dr O'Neil/.venv/bin/python3")
    prepare.name_interpreter()
    assert (sys.executable, os.environ["PATH"]) == ("python3", "/home/Dr O'Neil/.venv/bin:/usr/bin")
