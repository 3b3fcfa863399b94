"""Purging a cohort: what is private goes, everything else stays, and a record says so."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from iop_outcomes import cli
from iop_outcomes.provenance.manifest import digest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Results of two cohorts in a folder in which Snakemake ran."""
    for cohort in ("ours", "theirs"):
        for name in ("private/logs/clean.log", "private/people.parquet", "release/counts.csv", "release/figures/a.svg"):
            path = tmp_path / "results" / cohort / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{cohort} {name}", encoding="utf-8")
            note = base64.urlsafe_b64encode(f"results/{cohort}/{name}".encode()).decode()
            (tmp_path / ".snakemake/metadata").mkdir(parents=True, exist_ok=True)
            (tmp_path / ".snakemake/metadata" / note).write_text("{}", encoding="utf-8")
    return tmp_path / "results" / "ours"


def notes(folder: Path) -> list[str]:
    return sorted(
        base64.urlsafe_b64decode("".join(p.removeprefix("@") for p in note.relative_to(folder).parts)).decode()
        for note in folder.rglob("*")
        if note.is_file()
    )


def purge(*arguments: object) -> int:
    return cli.main(["purge", *map(str, arguments)])


def test_what_is_private_goes_and_the_rest_stays(home: Path) -> None:
    released = {path: path.read_bytes() for path in (home / "release").rglob("*") if path.is_file()}
    assert purge(home, "--yes") == 0
    assert not (home / "private").exists()
    assert {path: path.read_bytes() for path in (home / "release").rglob("*") if path.is_file()} == released
    assert (home.parent / "theirs/private/people.parquet").is_file()
    left = notes(home.parents[1] / ".snakemake/metadata")
    assert "results/theirs/private/people.parquet" in left
    assert [name for name in left if "ours" in name] == [
        "results/ours/release/counts.csv", "results/ours/release/figures/a.svg",
    ]  # fmt: skip


def test_the_record_ties_it_to_the_release_and_holds_nothing_of_rows(home: Path) -> None:
    counts = digest(home / "release/counts.csv")
    purge(home, "--yes")
    (record,) = json.loads((home / "purged.json").read_text(encoding="utf-8"))
    assert record["cohort"] == "ours"
    assert record["release"]["counts.csv"] == counts
    assert record["removed"]["files"] == 2
    assert set(record) == {"cohort", "purged", "release", "removed"}


def test_a_second_purge_adds_to_the_record(home: Path) -> None:
    purge(home, "--yes")
    (home / "private/logs").mkdir(parents=True)
    purge(home, "--yes")
    assert len(json.loads((home / "purged.json").read_text(encoding="utf-8"))) == 2


def test_long_paths_are_forgotten_as_well(home: Path) -> None:
    memory = home.parents[1] / ".snakemake/metadata"
    coded = base64.urlsafe_b64encode(f"results/ours/private/{'x' * 200}.parquet".encode()).decode()
    (memory / f"@{coded[:120]}").mkdir()
    (memory / f"@{coded[:120]}" / coded[120:]).write_text("{}", encoding="utf-8")
    purge(home, "--yes")
    assert not [name for name in notes(memory) if name.startswith("results/ours/private")]


@pytest.mark.parametrize(("answer", "gone"), [("yes", True), ("no", False), ("", False)])
def test_it_asks_first(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, gone: bool
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert purge(home) == (0 if gone else 1)
    assert (home / "private").exists() is not gone
    assert "2 files" in capsys.readouterr().out


def test_links_are_not_followed(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "raw"
    outside.mkdir()
    (outside / "stays.csv").write_text("rows", encoding="utf-8")
    (home / "private/raw").symlink_to(outside)
    (home / "private/logs/stays.csv").symlink_to(outside / "stays.csv")
    assert purge(home, "--yes") == 0
    assert (outside / "stays.csv").read_text(encoding="utf-8") == "rows"


def test_a_private_folder_that_is_a_link_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "private").rename(tmp_path / "elsewhere")
    (home / "private").symlink_to(tmp_path / "elsewhere")
    assert purge(home, "--yes") == 1
    assert "is a link" in capsys.readouterr().err
    assert (tmp_path / "elsewhere/people.parquet").is_file()


def test_a_folder_of_something_else_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine/private").mkdir(parents=True)
    (tmp_path / "mine/private/diary.txt").write_text("mine", encoding="utf-8")
    for folder, said in ((tmp_path / "mine", "was not made by a run"), (tmp_path / "gone", "has no folder `private`")):
        assert purge(folder, "--yes") == 1
        assert said in capsys.readouterr().err
    assert (tmp_path / "mine/private/diary.txt").is_file()


def test_while_a_run_is_under_way_nothing_is_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home.parents[1] / ".snakemake/locks").mkdir()
    (home.parents[1] / ".snakemake/locks/0.input.lock").write_text("", encoding="utf-8")
    assert purge(home, "--yes") == 1
    assert "A run is under way" in capsys.readouterr().err
    assert (home / "private/people.parquet").is_file()
