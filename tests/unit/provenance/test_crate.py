"""The RO-Crate of a release: what an archive reads of it, and nothing that varies between two runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from iop_outcomes.provenance import crate, seals
from iop_outcomes.provenance.manifest import manifest, written

COUNTS = "analysis,level,count\nsetting,one,20\nsetting,two,30\nrecords,one,50\n"
STUDY = {"title": "A study", "cohort": "hand", "source": {"kind": "synthetic", "seed": 7}, "imputation": {"seed": 8}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "figures").mkdir()
    (tmp_path / "counts.csv").write_text(COUNTS, encoding="utf-8")
    (tmp_path / "figures/flow.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "report.html").write_text("<html></html>", encoding="utf-8")
    (tmp_path / "records.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(json.dumps(STUDY), encoding="utf-8")
    return tmp_path


def made(folder: Path) -> dict[str, str]:
    """The manifest and the crate as they are written."""
    files = {n: folder / n for n in ("counts.csv", "figures/flow.svg", "report.html", "study.yaml")}
    content = manifest(files, STUDY, {"records.csv": folder / "records.csv"}, "1.0", "cms", None, {"flow": ["setting"]})
    text = written(content)
    own = hashlib.sha256(text.encode()).hexdigest()
    told = crate.crate(content, STUDY, own, {name: seals.of(path) for name, path in files.items()})
    return {"manifest": text, "crate": written(told)}


def entities(folder: Path) -> dict[str, dict[str, object]]:
    return {one["@id"]: one for one in json.loads(made(folder)["crate"])["@graph"]}


def test_the_crate_keeps_to_what_ro_crate_asks_for(folder: Path) -> None:
    told = json.loads(made(folder)["crate"])
    assert told["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    found = entities(folder)
    assert found["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert found["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert found["./"]["@type"] == "Dataset"
    assert {"name", "description", "license"} <= set(found["./"])
    ids = [one["@id"] for one in told["@graph"]]
    assert len(ids) == len(set(ids))
    assert all("@type" in one for one in told["@graph"])


def test_whatever_is_pointed_at_is_there(folder: Path) -> None:
    found = entities(folder)

    def pointed(part: object) -> set[str]:
        if isinstance(part, dict):
            own = {part["@id"]} if set(part) == {"@id"} else set()
            return own.union(*(pointed(value) for value in part.values()))
        return set().union(*(pointed(one) for one in part)) if isinstance(part, list) else set()

    told = {target for one in found.values() for target in pointed(one)}
    assert {t for t in told if not t.startswith("http")} <= set(found)


def test_a_file_has_its_digest_its_analyses_and_the_seals_of_its_lines(folder: Path) -> None:
    found = entities(folder)
    counts = found["counts.csv"]
    assert counts["sha256"] == hashlib.sha256(COUNTS.encode()).hexdigest()
    assert (counts["contentSize"], counts["rows"]) == (str(len(COUNTS)), 3)
    assert counts["analysis"] == [{"@id": "#analysis-records"}, {"@id": "#analysis-setting"}]
    assert counts["lineSeals"] == seals.of(folder / "counts.csv")
    assert found["figures/flow.svg"]["analysis"] == [{"@id": "#analysis-setting"}]
    text = made(folder)["manifest"]
    assert found["manifest.json"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_steps_tell_what_they_took_and_what_they_made(folder: Path) -> None:
    found = entities(folder)
    assert found["#step-release"]["object"] == [{"@id": "#input-records.csv"}]
    assert found["#step-release"]["result"] == [{"@id": "counts.csv"}]
    assert found["#step-figures"]["object"] == [{"@id": "counts.csv"}]
    assert found["#step-report"]["object"] == [{"@id": "counts.csv"}, {"@id": "figures/flow.svg"}]
    assert found["#step-report"]["result"] == [{"@id": "report.html"}, {"@id": "study.yaml"}]
    assert found["#input-records.csv"]["sha256"] == hashlib.sha256(b"a\n1\n").hexdigest()


def test_seeds_policy_code_and_lock_are_told(folder: Path) -> None:
    found, told = entities(folder), json.loads(made(folder)["manifest"])
    assert (found["#seed-source"]["seed"], found["#seed-imputation"]["seed"]) == (7, 8)
    assert found["./"]["policy"] == "cms"
    program = found["#iop-outcomes"]
    assert (program["codeDigest"], program["lockDigest"]) == (told["package"]["code"], told["lock"])
    assert found["#step-release"]["configuration"] == told["study"]


def test_the_same_gives_the_same_bytes_and_names_no_place(folder: Path) -> None:
    assert made(folder)["crate"] == made(folder)["crate"]
    assert str(folder) not in made(folder)["crate"]


def test_the_crate_follows_from_the_manifest(folder: Path) -> None:
    """So that neither can be edited without the other."""
    content = manifest({"counts.csv": folder / "counts.csv"}, STUDY, {}, "1.0", "cms")
    one = crate.crate(content, STUDY, "0", {"counts.csv": "abc"})
    assert written(one) == written(crate.crate(json.loads(written(content)), STUDY, "0", {"counts.csv": "abc"}))
