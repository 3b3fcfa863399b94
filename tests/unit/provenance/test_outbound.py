"""The gate on the way out: what is declared passes, anything else stops the run by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance import outbound
from iop_outcomes.tables import TABLES

PIXEL = outbound.PNG + b"\x00"


def header(name: str) -> str:
    return ",".join(TABLES[name].columns) + "\n"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    (folder / "figures").mkdir(parents=True)
    for name in ("counts", "curves", "ledger", "target_trials", "dictionary"):
        (folder / f"{name}.csv").write_text(header(name), encoding="utf-8")
    (folder / "figures/flow.csv").write_text("part,arm,level,people,status\nall,iop,in,20,ok\n", encoding="utf-8")
    (folder / "figures/flow.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (folder / "figures/flow.png").write_bytes(PIXEL)
    (folder / "report.html").write_text("<!doctype html><title>x</title>", encoding="utf-8")
    (folder / "study.yaml").write_text("title: x\n", encoding="utf-8")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    return folder


def check(folder: Path, files: list[Path] | None = None) -> None:
    declared = sorted(p for p in folder.rglob("*") if p.is_file()) if files is None else files
    outbound.check(folder, declared)


def test_what_is_declared_passes(release: Path) -> None:
    check(release)


def test_the_manifest_of_an_earlier_run_is_no_stranger(release: Path) -> None:
    declared = sorted(p for p in release.rglob("*") if p.is_file())
    (release / "manifest.json").write_text("{}", encoding="utf-8")
    check(release, declared)


@pytest.mark.parametrize("name", ["people.parquet", "figures/old.csv", ".counts.csv.part", "deeper/people.csv"])
def test_a_file_that_no_rule_let_out_stops_the_run_by_its_name(release: Path, name: str) -> None:
    declared = sorted(p for p in release.rglob("*") if p.is_file())
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_text("person_id\np1\n", encoding="utf-8")
    with pytest.raises(StudyError, match="not part of this release") as refusal:
        check(release, declared)
    assert name in str(refusal.value)
    assert "p1" not in str(refusal.value)


def test_a_link_stops_the_run(release: Path, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(header("counts"), encoding="utf-8")
    (release / "counts.csv").unlink()
    (release / "counts.csv").symlink_to(tmp_path / "people.csv")
    with pytest.raises(StudyError, match=r"counts\.csv: a link stands in"):
        check(release)


def written(name: str, content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (written("counts.csv", "person_id\np1\n"), "its column person_id can tell people apart"),
        (written("counts.csv", "analysis,count\na,2\n"), "its columns are not those declared"),
        (written("counts.csv", header("counts") + "a,b\n"), "longer or shorter than its header"),
        (written("counts.csv", b"\xff\xfe\x00"), "no text in UTF-8"),
        (written("figures/flow.csv", "arm,favourite_colour\niop,red\n"), "its column favourite_colour is not declared"),
        (written("figures/flow.csv", "part\n" + "x\n" * 5_001), "it has 5,001 rows, where at most 5,000 are let out"),
        (written("figures/flow.png", b"person_id\np1\n"), "its content is no PNG image"),
        (written("figures/flow.svg", "<svg><script>alert(1)</script></svg>"), "no drawing, or one with a script"),
        (written("figures/flow.svg", "person_id,p1"), "no drawing, or one with a script"),
        (written("sign_off.json", "who: me"), "its content is no JSON"),
        (written("people.parquet", b"PAR1"), "its type .parquet is not among"),
        (written("stays.csv", "level_of_care\n2.1\n"), "no such table is released"),
        (written("notes.txt", b"x" * (17 << 20)), "it has 17 MB, where at most 16 are let out"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_stops_the_run(
    release: Path, edit: Callable[[Path], object], said: str
) -> None:
    edit(release)
    with pytest.raises(StudyError, match="may not leave") as refusal:
        check(release)
    assert said in str(refusal.value)
    assert "p1" not in str(refusal.value)


def test_every_file_that_the_interface_names_may_leave(project: Path) -> None:
    told = yaml.safe_load((project / "INTERFACE.yaml").read_text(encoding="utf-8"))["outputs"]
    names = [Path(output["path"]) for output in told.values()]
    assert {path.suffix for path in names} <= set(outbound.TYPES)
    assert {path.stem for path in names if path.suffix == ".csv"} == {*outbound._released()}


def test_columns_of_figures_tell_nobody_apart() -> None:
    assert not set(outbound.OF_FIGURES) & outbound._telling()
    assert {"person_id", "stay_id"} <= outbound._telling()
