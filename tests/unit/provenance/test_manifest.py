"""The manifest: hashes that can be checked by hand, and nothing that varies between two runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance.manifest import code_digest, digest, manifest, run, write


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "counts.csv").write_text('level,count\n"two\nlines",20\nother,30\n', encoding="utf-8")
    pd.DataFrame({"a": [1, 2, 3]}).to_parquet(tmp_path / "curves.parquet")
    (tmp_path / "report.html").write_text("<html></html>", encoding="utf-8")
    return {p.name: p for p in sorted(tmp_path.iterdir())}


def made(files: dict[str, Path], **changed: object) -> dict[str, object]:
    given = {"study": {"title": "a study"}, "inputs": {}, "version": "1.0", "policy": "cms", **changed}
    return manifest(files, **given)  # type: ignore[arg-type]


def test_files_have_their_hash_size_and_rows(files: dict[str, Path]) -> None:
    described = made(files)["files"]
    assert isinstance(described, dict)
    content = files["counts.csv"].read_bytes()
    assert described["counts.csv"] == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "rows": 2}
    assert described["curves.parquet"]["rows"] == 3
    assert "rows" not in described["report.html"]


def test_the_same_run_gives_the_same_bytes_wherever_it_lies(files: dict[str, Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copies = {}
    for name, path in reversed(files.items()):
        copies[name] = elsewhere / f"copy-{name}"
        copies[name].write_bytes(path.read_bytes())
    write(made(files), tmp_path / "one.json")
    write(made(copies), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    text = (tmp_path / "one.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert json.loads(text) == made(files)


def test_what_differs_shows(files: dict[str, Path]) -> None:
    one = made(files)
    files["report.html"].write_text("<html>!</html>", encoding="utf-8")
    assert made(files)["files"] != one["files"]
    assert made(files, study={"title": "another"})["study"] != one["study"]
    assert made(files, inputs={"stays": files["counts.csv"]})["inputs"] != one["inputs"]
    assert made(files, lock=files["counts.csv"])["lock"] == digest(files["counts.csv"])


def test_what_passed_the_identifier_gate_is_told_in_full(files: dict[str, Path]) -> None:
    privacy = {"limited_dataset": True, "allow": [{"column": "ref", "rule": "dates", "reason": "Invented"}]}
    assert made(files, study={"title": "a study", "privacy": privacy})["privacy"] == privacy


def test_a_study_is_hashed_whatever_the_order_of_its_keys(files: dict[str, Path]) -> None:
    assert made(files, study={"a": 1, "b": 2})["study"] == made(files, study={"b": 2, "a": 1})["study"]


def test_a_folder_of_inputs_is_hashed_by_names_and_contents(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "stays.csv").write_text("a", encoding="utf-8")
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    (tmp_path / "two" / "inner" / "stays.csv").rename(tmp_path / "two" / "stays.csv")
    assert digest(tmp_path / "one") != digest(tmp_path / "two")


def test_code_lock_and_libraries_are_told(files: dict[str, Path], project: Path) -> None:
    told = made(files)
    assert told["package"] == {"name": "iop_outcomes", "version": "1.0", "code": code_digest()}
    assert told["lock"] == hashlib.sha256((project / "uv.lock").read_bytes()).hexdigest()
    assert isinstance(told["libraries"], dict)
    assert told["libraries"]["pandas"] == pd.__version__


def test_a_file_that_is_not_there_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"The manifest names gone\.csv") as refusal:
        made({"gone.csv": tmp_path / "gone.csv"})
    assert str(tmp_path) not in str(refusal.value)


def test_the_step_names_files_by_their_place_in_the_release(files: dict[str, Path], tmp_path: Path) -> None:
    files["counts.csv"].unlink()
    files["curves.parquet"].unlink()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "one.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "study.yaml").write_text("title: a study\n", encoding="utf-8")
    released = [str(files["report.html"]), str(tmp_path / "figures" / "one.svg")]
    records = [str(tmp_path / "figures" / "one.svg"), str(tmp_path / "study.yaml")]
    given = {"protocol": str(tmp_path / "study.yaml"), "released": released, "records": records}
    texts = run(**given, policy="cms", version="1.0", lock=[])  # type: ignore[arg-type]
    told = json.loads(texts["manifest"])
    assert list(told["files"]) == ["figures/one.svg", "report.html"]
    assert list(told["inputs"]) == ["one.svg", "study.yaml"]
    assert told["study"] == made({})["study"]
    assert str(tmp_path) not in texts["manifest"]
    assert set(json.loads(texts["run"])) == {"finished", "platform"}


def test_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for year in ("2020", "2021"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "stays.csv").write_text(year, encoding="utf-8")
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "study.yaml").write_text("title: a study\n", encoding="utf-8")
    records = [str(tmp_path / year / "stays.csv") for year in ("2020", "2021")]
    text = run([], str(tmp_path / "release" / "study.yaml"), "cms", "1.0", records)["manifest"]
    assert list(json.loads(text)["inputs"]) == ["2020/stays.csv", "2021/stays.csv"]
