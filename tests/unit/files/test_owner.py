"""Private folders and files are for their owner, whatever the umask; released ones are not."""

from __future__ import annotations

import os
import stat
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes.files import owner
from iop_outcomes.privacy.deidentify import Key, Options
from iop_outcomes.privacy.deidentify import run as deidentify
from iop_outcomes.steps import runner, store

ATTRITION = pd.DataFrame({"position": [0], "rule": ["all"], "excluded": [0], "remaining": [7]})
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")


@pytest.fixture(params=[0o000, 0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def below(top: Path) -> list[Path]:
    return [top, *top.rglob("*")]


def closed(paths: list[Path]) -> bool:
    return all(mode(p) == (owner.FOLDER if p.is_dir() else owner.FILE) for p in paths)


def test_what_a_step_writes(umask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "results/ours"
    (home / "private/deep").mkdir(parents=True)  # as Snakemake makes it
    module = types.ModuleType("iop_outcomes.made_up")
    module.run = lambda: {"attrition": ATTRITION, "report": "text"}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "iop_outcomes.made_up", module)
    outputs = {"attrition": str(home / "private/deep/attrition.parquet"), "report": str(home / "release/report.html")}
    for _ in range(2):
        assert runner.main("made_up", {}, outputs, {}, str(home / "private/logs/made_up.log")) == 0
    assert (home / "private/logs/made_up.log").is_file()
    assert closed(below(home / "private"))
    assert mode(home / "release") == 0o777 & ~umask
    assert mode(home / "release/report.html") == 0o666 & ~umask
    assert mode(home) == 0o777 & ~umask
    assert os.umask(umask) == umask


def test_a_file_is_closed_from_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(store.os, "replace", lambda a, b: seen.append(mode(Path(a))))
    before = os.umask(0o022)
    beside = tmp_path / "private/.t.parquet.part"
    beside.parent.mkdir()
    beside.write_text("of a killed run")
    store.write("attrition", ATTRITION, tmp_path / "private/t.parquet")
    store.write_text("x", tmp_path / "private/t.txt")
    store.write_text("x", tmp_path / "release/t.txt")
    os.umask(before)
    assert seen == [0o600, 0o600, 0o644]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("results/a/private/x.parquet", "results/a/private"),
        ("results/a/private/raw/x.parquet", "results/a/private"),
        ("/home/private/study/results/a/release/x.csv", None),
        ("/srv/release/study/results/a/private/x", "/srv/release/study/results/a/private"),
        ("results/a/release/private.csv", None),
        ("x.csv", None),
    ],
)
def test_which_folder_is_private(path: str, found: str | None) -> None:
    assert owner.private(path) == (None if found is None else Path(found))


def test_what_deidentify_writes(umask: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("client,hours\nc1,3\nc2,4\n")
    for out in (tmp_path / "new", tmp_path / "there"):
        if out.name == "there":
            out.mkdir()
        deidentify([tmp_path / "a.csv"], out, Key(bytes(range(40))), Options(["client"]))
        assert (out / "a.csv").is_file()
        assert closed(below(out))
    assert os.umask(umask) == umask


def test_a_key_that_others_can_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from iop_outcomes import cli

    (tmp_path / "a.csv").write_text("client,hours\nc1,3\n")
    key = tmp_path / "key"
    key.write_bytes(bytes(range(33, 80)))
    for bits, told in ((0o644, True), (0o600, False)):
        key.chmod(bits)
        given = ["--out", str(tmp_path / oct(bits)), "--key-file", str(key), "--id", "client"]
        assert cli.main(["deidentify", str(tmp_path / "a.csv"), *given]) == 0
        assert ("chmod 600" in capsys.readouterr().out) is told
