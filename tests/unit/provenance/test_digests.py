"""Digests of inputs: content decides, however a file came to its place, and large ones are read once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance import digests, manifest
from iop_outcomes.steps import runner


def settled(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was written long ago, as far as the module can tell."""
    path.write_text(text)
    monkeypatch.setattr(digests, "SETTLED_SECONDS", -1)
    return path


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read."""
    seen: list[Path] = []
    whole = manifest.digest
    monkeypatch.setattr(manifest, "digest", lambda path: (seen.append(path), whole(path))[1])
    return seen


def test_a_large_file_is_read_once(tmp_path, monkeypatch, read):
    big, notes = settled(tmp_path / "big.csv", "a,b\n1,2\n", monkeypatch), tmp_path / "notes/digests.json"
    for _ in range(3):
        assert digests.of([big], notes, small=0) == [sha("a,b\n1,2\n")]
    assert read == [big]
    digests.of([big], notes)  # a small one is read each time, and nothing is believed
    assert len(read) == 2


@pytest.mark.parametrize("how", ["written over", "copied over", "moved there", "unpacked"])
def test_another_content_is_seen_under_the_old_time_and_size(tmp_path, monkeypatch, how):
    old = settled(tmp_path / "records.csv", "id\n1\n", monkeypatch)
    new = tmp_path / "new.csv"
    new.write_text("id\n2\n")
    time = (1_600_000_000_000_000_000,) * 2
    os.utime(old, ns=time)
    os.utime(new, ns=time)
    notes = tmp_path / "digests.json"
    assert digests.of([old], notes, small=0) == [sha("id\n1\n")]
    if how == "written over":
        old.write_text("id\n2\n")
        os.utime(old, ns=time)
    elif how == "copied over":
        shutil.copy2(new, old)
    elif how == "moved there":
        new.replace(old)
    else:
        shutil.make_archive(str(tmp_path / "archive"), "tar", tmp_path, "new.csv")
        old.unlink()
        shutil.unpack_archive(tmp_path / "archive.tar", tmp_path / "out")
        (tmp_path / "out/new.csv").replace(old)
        os.utime(old, ns=time)
    assert (old.stat().st_mtime_ns, old.stat().st_size) == (time[0], 5)
    assert digests.of([old], notes, small=0) == [sha("id\n2\n")]


def test_what_may_still_be_changing_is_not_believed(tmp_path, read):
    fresh = tmp_path / "fresh.csv"
    fresh.write_text("id\n")
    for _ in range(2):
        digests.of([fresh], tmp_path / "digests.json", small=0)
    assert len(read) == 2


@pytest.mark.parametrize("notes", ["", "[]", "{", '{"big.csv": 1}'])
def test_spoilt_notes_are_no_notes(tmp_path, monkeypatch, notes):
    big = settled(tmp_path / "big.csv", "x", monkeypatch)
    (tmp_path / "digests.json").write_text(notes.replace("big.csv", str(big)))
    assert digests.of([big], tmp_path / "digests.json", small=0) == [sha("x")]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"nowhere\.csv cannot be read"):
        digests.of([tmp_path / "nowhere.csv"], tmp_path / "digests.json")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release of two files and its manifest."""
    folder = tmp_path / "results/x/release"
    (folder / "figures").mkdir(parents=True)
    for name in ("counts.csv", "figures/flow.csv"):
        (folder / name).write_text("a\n1\n")
    files = {n: {"sha256": sha("a\n1\n")} for n in ("counts.csv", "figures/flow.csv")}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    return folder


@pytest.mark.parametrize(("size", "said"), [(digests.LARGE, False), (digests.LARGE + 1, True)])
def test_what_snakemake_does_not_read_itself_is_known_by_its_digest_alone(tmp_path, size, said):
    """No file lies between: one that Snakemake knows by its time only would rerun everything once it is touched."""
    with (tmp_path / "records.csv").open("wb") as file:
        file.truncate(size)
    assert digests.large(tmp_path / "records.csv") is said
    profile = (Path(__file__).parents[3] / "workflow/profiles/default/config.yaml").read_text()
    assert f"max-checksum-file-size: {digests.LARGE}\n" in profile
    assert not digests.large(tmp_path / "nowhere.csv")


def test_a_release_is_as_its_manifest_says_or_is_refused(release):
    digests.check_released(release)
    (release / "figures/flow.csv").write_text("a\n2\n")
    with pytest.raises(StudyError, match=r"figures/flow.csv is not as released.*delete it here"):
        digests.check_released(release)
    (release / "figures/flow.csv").unlink()  # what is missing is made again
    digests.check_released(release)
    (release / "manifest.json").write_text("{}")
    with pytest.raises(StudyError, match=r"manifest.json is not as released"):
        digests.check_released(release)
    (release / "manifest.json").unlink()
    digests.check_released(release)


@pytest.mark.parametrize("path", ["counts.csv", "figures/flow.csv"])
def test_a_step_that_writes_into_a_release_takes_its_manifest_away(release, monkeypatch, path):
    """So that a run which is ended before its end leaves no manifest that its files belie."""
    monkeypatch.setattr("iop_outcomes.report.run", lambda: {"text": "new"})
    runner.run("report", {}, {"text": str(release / path)}, {})
    assert (release / path).read_text() == "new"
    assert not (release / "manifest.json").exists()
    digests.check_released(release)
