"""Identifiers planted in an export are found in nothing that leaves it; hostile labels that are shown do no harm."""

from __future__ import annotations

import base64
import csv
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import planted
import pytest
import yaml

from iop_outcomes.files import csv_text

pytestmark = pytest.mark.workflow
TEXTS = (".csv", ".html", ".json", ".svg", ".txt", ".yaml")
# what turns the text around it, or cannot be seen
UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\u061c\x00-\x08\x0b-\x1f\x7f]")


@pytest.fixture(scope="module")
def finished(snakemake, project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished run on the planted export, and what the run said."""
    folder = tmp_path_factory.mktemp("planted")
    for part in ("config", "data"):
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("raw"))
    raw = planted.make(folder)
    raw.rename(raw := folder / "export")  # its own name stands in the command
    done = snakemake(folder, "--config", f"cohort={planted.COHORT}", f"data={raw}")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout + done.stderr


def released(folder: Path) -> dict[str, bytes]:
    """The content of every released file by its name; pictures within the page apart."""
    home = folder / "results" / planted.COHORT / "release"
    found = {p.relative_to(home).as_posix(): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}
    within = re.findall(rb"data:[a-z/+]+;base64,([A-Za-z0-9+/=]+)", found["report.html"])
    return found | {f"report.html, picture {i}": base64.b64decode(coded) for i, coded in enumerate(within)}


def texts(folder: Path) -> dict[str, str]:
    return {n: c.decode() for n, c in released(folder).items() if n.endswith(TEXTS) or ", picture" in n}


def holding(content: dict[str, bytes]) -> list[tuple[str, str]]:
    """Where a marker is found: its kind, and the file."""
    return [
        (kind, name)
        for name, data in content.items()
        for kind, marker in planted.MARKERS.items()
        if marker.lower().encode() in data.lower() or marker.lower() in name.lower()
    ]


def test_no_planted_identifier_is_released(finished) -> None:
    content = released(finished[0])
    assert len(content) > 40
    assert holding(content) == []


def test_no_planted_identifier_is_logged_or_said(finished) -> None:
    folder, said = finished
    logs = folder / "results" / planted.COHORT / "private/logs"
    content = {p.relative_to(logs).as_posix(): p.read_bytes() for p in logs.rglob("*") if p.is_file()}
    assert "sources.log" in content
    assert holding({**content, "screen": said.encode()}) == []


def test_the_markers_were_there_to_be_found(finished) -> None:
    """Without this the tests above could not fail."""
    raw = finished[0] / "export"
    content = {path.name: path.read_bytes() for path in raw.iterdir()}
    private = finished[0] / "results" / planted.COHORT / "private/raw"
    content |= {path.name: path.read_bytes() for path in private.glob("*.parquet")}
    kinds = {kind for kind, _ in holding(content)}
    compressed = {"name of a sheet"}
    gated = {"number in the name of a small site", "date of birth in such a label", "address in such a label"}
    assert kinds | compressed | gated | {"name of the folder"} == set(planted.MARKERS)


def test_what_the_gate_sees_stops_the_run_without_a_word_of_it(snakemake, project: Path, tmp_path: Path) -> None:
    for part in ("config", "data"):
        shutil.copytree(project / part, tmp_path / part, ignore=shutil.ignore_patterns("raw"))
    raw = planted.make(tmp_path, identified=True)
    raw.rename(raw := tmp_path / "export")
    done = snakemake(tmp_path, "--config", f"cohort={planted.COHORT}", f"data={raw}")
    assert done.returncode != 0
    assert "holds what may identify people, and was not read" in done.stderr
    assert re.search(r"(stays|persons)\*\.\w+ \(1 of 1\)", done.stderr)
    logs = (tmp_path / "results" / planted.COHORT / "private/logs").rglob("*.log")
    assert holding({"screen": (done.stdout + done.stderr).encode()} | {p.name: p.read_bytes() for p in logs}) == []


def test_no_cell_is_a_formula_and_no_row_is_broken(finished) -> None:
    shown = set()
    for name, text in texts(finished[0]).items():
        if not name.endswith(".csv"):
            continue
        header, *rows = csv.reader(text.splitlines(keepends=True), strict=True)
        assert {len(row) for row in rows} <= {len(header)}, name
        cells = {cell for row in (header, *rows) for cell in row}
        formulas = [c for c in cells if csv_text.FORMULA.match(c) and not csv_text.NUMBER.fullmatch(c) and c[:1] != "'"]
        assert formulas == [], name
        assert not any("\n" in cell or "\t" in cell for cell in cells), name
        shown |= {csv_text.restored(cell) for cell in cells}
    # they are shown as they are, not swallowed
    assert {planted.HTML, planted.FORMULA, "-none", "@home"} <= shown


def test_nothing_turns_the_text_around_it(finished) -> None:
    assert {n: sorted(set(UNSEEN.findall(text))) for n, text in texts(finished[0]).items() if UNSEEN.search(text)} == {}


class Tags(HTMLParser):
    """The tags of a page, and their attributes that run something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.handlers: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.handlers += [(tag, name) for name, _ in attributes if name.startswith("on")]


def test_labels_are_words_on_the_page_and_in_figures(finished) -> None:
    content = texts(finished[0])
    for name, text in content.items():
        if name.endswith((".html", ".svg")) or ", picture" in name:
            page = Tags()
            page.feed(text)
            assert not page.found & {"b", "script"}, name
            assert page.handlers == [], name
    assert "<script>alert(1)" not in content["report.html"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content["report.html"]
    assert yaml.safe_load(content["study.yaml"])["contrasts"]["iop_vs_residential"]["first"]["label"].startswith("=1+1")


def test_sites_are_numbers(finished) -> None:
    with open(finished[0] / "results" / planted.COHORT / "release/counts.csv", encoding="utf-8", newline="") as lines:
        sites = {row["group"] for row in csv.DictReader(lines) if row["group_by"] == "site"}
    assert sites == {"site 1", "site 2", "site 3", "site 4", "smaller sites"}
