"""A release waits until somebody has looked at its tables, and goes on for these tables only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance import manifest, sign_off


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "release"
    folder.mkdir()
    for name in ("counts.csv", "estimates.csv"):
        (folder / name).write_text(f"{name}\n1\n", encoding="utf-8")
    return sorted(folder.iterdir())


def run(tables: list[Path], path: Path) -> dict[str, str]:
    return dict(json.loads(sign_off.run([str(p) for p in tables], str(path), "ours")["signed"]))


def signed(tables: list[Path], path: Path, **changes: str) -> Path:
    said = {"who": "A. Reader, data protection", "when": "2026-03-31", "release": sign_off.over(tables), **changes}
    path.write_text("".join(f"{key}: {value}\n" for key, value in said.items()), encoding="utf-8")
    return path


def test_without_it_the_run_says_what_to_look_at_and_what_to_sign(tables: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="The release of 'ours' waits for a sign-off") as refusal:
        run(tables, tmp_path / "sign_off.yaml")
    said = str(refusal.value)
    assert all(path.as_posix() in said for path in tables)
    (tmp_path / "sign_off.yaml").write_text(said.partition("\n\n")[2].replace("your name and", "A. Reader,"))
    assert run(tables, tmp_path / "sign_off.yaml")["who"] == "A. Reader, function"


def test_with_it_the_run_goes_on_and_says_who_signed(tables: list[Path], tmp_path: Path) -> None:
    assert run(tables, signed(tables, tmp_path / "sign_off.yaml")) == {
        "who": "A. Reader, data protection", "when": "2026-03-31", "release": sign_off.over(tables),
    }  # fmt: skip


def test_of_other_tables_it_is_refused(tables: list[Path], tmp_path: Path) -> None:
    path = signed(tables, tmp_path / "sign_off.yaml")
    tables[0].write_text("counts.csv\n2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="signs another release of 'ours' than this one"):
        run(tables, path)


def test_what_is_signed_does_not_hang_on_the_folder(tables: list[Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copies = [Path((elsewhere / path.name).write_bytes(path.read_bytes()) and elsewhere / path.name) for path in tables]
    assert sign_off.over(copies[::-1]) == sign_off.over(tables)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": "yesterday"}, "`when` must be a date"),
        ({"who": ""}, "`who` must say who looked"),
        ({"who": "your name and function"}, "`who` must say who looked"),
        ({"why": "it is fine"}, "expected three lines"),
    ],
)
def test_a_sign_off_that_does_not_say_who_and_when_is_refused(
    tables: list[Path], tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        run(tables, signed(tables, tmp_path / "sign_off.yaml", **changes))


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1, 2]", b"who: [a\n"])
def test_a_file_that_is_no_sign_off_is_refused(tables: list[Path], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sign_off.yaml").write_bytes(content)
    with pytest.raises(StudyError, match="expected three lines"):
        run(tables, tmp_path / "sign_off.yaml")


def test_the_manifest_says_who_signed(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "study.yaml").write_text("title: a study\n", encoding="utf-8")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    path = signed([folder / "notes.txt"], tmp_path / "sign_off.yaml")
    (folder / "sign_off.json").write_text(sign_off.run(str(folder / "notes.txt"), str(path), "ours")["signed"])
    files = [str(folder / name) for name in ("notes.txt", "sign_off.json")]
    text = manifest.run(files, str(folder / "study.yaml"), "cms", "1.0", signed=files[1])["manifest"]
    assert json.loads(text)["sign_off"]["who"] == "A. Reader, data protection"
    assert json.loads(text)["sign_off"]["release"] == sign_off.over([folder / "notes.txt"])
