"""Every released cohort is what it says it is, and an edit by hand is named with its file, its place and its digit."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from iop_outcomes.provenance import manifest
from iop_outcomes.verify import files, ledgers, origins, page, pictures, printed, released, tables, verdict

pytestmark = pytest.mark.workflow
SEED, EDITS = 20261130, 50
NUMBER = re.compile("[0-9]+(?:[.,\u202f][0-9]+)*(?:e[-+]?[0-9]+)?")
Files = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(release, request) -> Files:
    """The release of a cohort; those with records that cannot be shipped only where they are."""

    def finished(cohort: str) -> Path:
        if cohort in ("demo", "uis"):
            return release(cohort).folder
        return release(cohort, f"data={request.getfixturevalue('shared') / 'data' / cohort}").folder

    return finished


@pytest.fixture(scope="module")
def verdict_on(folder) -> Callable[[str], verdict.Verdict]:
    """The verdict on the release of a cohort, reached once."""
    return cache(lambda cohort: verdict.of(folder(cohort)))


@pytest.fixture(scope="module")
def drawn(folder) -> dict[str, pictures.Built]:
    """The figures of uis as the released tables give them."""
    release = released.opened(folder("uis"))
    return {name: pictures.built(release, name) for name in pictures.names(release)}


@pytest.fixture
def edited(folder, tmp_path) -> Path:
    """A copy of the release of uis that may be edited."""
    return Path(shutil.copytree(folder("uis"), tmp_path / "release"))


def sealed(release: Path) -> None:
    """The manifest of an edited release made anew, as someone would who wants the edit not to be seen."""
    told = json.loads((release / "manifest.json").read_text())
    for name in told["files"]:
        told["files"][name]["sha256"] = manifest.digest(release / name)
    manifest.write(told, release / "manifest.json")
    (release / "ro-crate-metadata.json").unlink()


@pytest.mark.parametrize("cohort", ["demo", "uis", "help", "ctn0094"])
def test_a_release_holds_and_every_number_of_its_report_has_an_origin(folder, verdict_on, cohort):
    found = verdict_on(cohort)
    assert found.holds, found.text()
    assert not [t for t in found.traced if t.origin.how == origins.UNTRACED]
    # counted without the reader that is under test
    text = (folder(cohort) / "report.html").read_text("utf-8")
    text = re.sub(r"<style>.*?</style>|<title>.*?</title>", " ", text, flags=re.DOTALL)
    words = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', text)
    printed_there = [unescape(t) for t in (*re.split(r"<[^>]*>", text), *words)]
    title = NUMBER.findall(next(iter(page.pieces((folder(cohort) / "report.html").read_text("utf-8")))).text)
    assert len(found.traced) == sum(len(NUMBER.findall(t)) for t in printed_there) + len(title)


@pytest.mark.parametrize("cohort", ["demo", "uis"])
def test_most_numbers_are_cells_that_hold_what_is_printed(folder, verdict_on, cohort):
    """The cell that is named holds the number, to the digits that are printed."""
    found = [t for t in verdict_on(cohort).traced if t.origin.how == origins.CELL]
    rows = {name: list(csv.DictReader((folder(cohort) / f"{name}.csv").open())) for name in released.TABLES}
    seen = 0
    for one in found:
        cell = one.origin.cell
        if cell.table not in rows:
            continue
        value = rows[cell.table][cell.row - 1][cell.column]
        shown = one.number.replace("\u202f", "")
        digits = len(shown.partition(".")[2])
        if re.fullmatch("[0-9.]+", shown) and re.fullmatch("[-0-9.e]+", value):
            # halves go either way
            sides = [abs(float(value)) * times * near for times in (1, 100) for near in (1 - 1e-9, 1 + 1e-9)]
            as_shown = {f"{side:.{digits}f}" for side in sides}
            assert shown in as_shown or (shown in ("0.001", "0.99")), (one, value)
            seen += 1
    assert seen > 300


def _digits(text: str, hidden: str) -> list[int]:
    """Places of the digits of a text that do not lie in what a pattern hides."""
    shown = re.sub(hidden, lambda found: "x" * len(found[0]), text, flags=re.DOTALL)
    return [m.start() for m in re.finditer("[0-9]", shown)]


def edits(rng: random.Random, text: str, hidden: str = "$^") -> Iterator[tuple[int, str]]:
    """A place within a text and the text with another digit there, again and again."""
    places = _digits(text, hidden)
    while True:
        at = rng.choice(places)
        digit = rng.choice([d for d in "0123456789" if d != text[at]])
        yield at, text[:at] + digit + text[at + 1 :]


def test_a_digit_changed_anywhere_is_named_with_its_file_its_line_and_what_stood_there(edited):
    rng = random.Random(SEED)
    told, study = files.read_manifest(edited), released.opened(edited).plain
    names = [n for n in told["files"] if n.endswith((".csv", ".svg", ".html", ".yaml"))]
    names = [n for n in names if re.search("[0-9]", (edited / n).read_text("utf-8"))]
    for _ in range(EDITS):
        name = rng.choice(names)
        text = (edited / name).read_text("utf-8")
        at, other = next(edits(rng, text, r"base64,[^\"]*"))
        (edited / name).write_text(other, encoding="utf-8", newline="")
        found = [f for f in files.check(edited, told, study) if f.file == name]
        (edited / name).write_text(text, encoding="utf-8", newline="")
        assert len(found) == 1
        assert f"line {text[:at].count(chr(10)) + 1}" in found[0].where
        stands, was = re.fullmatch("(?:in the drawing, )?(.*) stands there, (.*) was released.", found[0].says).groups()
        assert len(stands) == len(was)
        assert [(a, b) for a, b in zip(stands, was, strict=True) if a != b] == [(other[at], text[at])]


def test_a_digit_changed_in_the_report_does_not_follow_from_the_tables(folder):
    """Without any digest: the number, its place, and what the tables say in its stead."""
    rng = random.Random(SEED)
    release = released.opened(folder("uis"))
    anew = printed.made(release)
    text = (release.folder / "report.html").read_text("utf-8")
    again = edits(rng, text, r"base64,[^\"]*|<style.*?</style>|<title>.*?</title>|<[^>]*>")
    for _ in range(EDITS):
        at, other = next(again)
        found = printed.differences(page.pieces(other), anew)
        assert found, text[at - 40 : at + 40]
        assert all(f.file == "report.html" for f in found)
        whole = NUMBER.search(other, max(m.start() for m in NUMBER.finditer(other) if m.start() <= at))[0]
        assert any(whole in f"{f.where} {f.says}" for f in found), (whole, [f.text() for f in found])


def test_a_digit_changed_in_the_data_of_a_figure_does_not_follow_from_the_tables(folder, drawn):
    rng = random.Random(SEED)
    release = released.opened(folder("uis"))
    for name, built in drawn.items():
        text = (release.folder / f"figures/{name}.csv").read_text("utf-8")
        assert list(pictures.check(release, built)) == []
        if not re.search("[0-9]", text):
            continue
        for _, other in (next(edits(rng, text)) for _ in range(5)):
            found = list(pictures.data_differs(f"figures/{name}.csv", other, built))
            pairs = zip(other.splitlines(), text.splitlines(), strict=True)
            line = next(i for i, (a, b) in enumerate(pairs, 1) if a != b)
            assert len(found) == 1
            assert f"line {line}" in found[0].where


def test_a_number_changed_in_the_words_or_the_texts_of_a_drawing_does_not_follow(folder, drawn):
    rng = random.Random(SEED)
    release = released.opened(folder("uis"))
    done = 0
    for name, one in drawn.items():
        text = (release.folder / f"figures/{name}.svg").read_text("utf-8")
        hidden = r"<style.*?</style>|<metadata>.*?</metadata>|<[^>]*>"
        if not _digits(text, hidden):
            continue
        for at, other in (next(edits(rng, text, hidden)) for _ in range(5)):
            if at < text.index("<title>"):
                continue
            assert list(pictures.drawing_differs(f"figures/{name}.svg", other, one)), text[at - 30 : at + 30]
            done += 1
    assert done > 30


@pytest.mark.parametrize("column", ["estimate", "conf_low", "n"])
def test_an_estimate_edited_with_its_digests_is_belied_by_report_or_tables(edited, column):
    path = edited / "estimates.csv"
    head, *rows = list(csv.reader(path.open(newline="")))
    at = next(
        i for i, row in enumerate(rows) if row[head.index("method")] == "crude" and row[head.index("of")] == "long"
    )
    value = rows[at][head.index(column)]
    rows[at][head.index(column)] = (
        value[:-1] + str((int(value[-1]) + 5) % 10) if column == "n" else f"{float(value) + 0.02:.10g}"
    )
    with path.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
    sealed(edited)
    found = verdict.of(edited)
    assert not found.holds
    text = found.text()
    assert "report.html" in text or f"estimates.csv, line {at + 2}" in text, text


def test_a_crude_share_must_follow_from_the_counts(folder):
    release = released.opened(folder("uis"))
    told = tables.told(release)
    rows = told.rows["estimates"]
    crude = [r for r in rows if (r["method"], r["of"], r["measure"]) == ("crude", "long", "risk")]
    for row in crude:
        row["estimate"] += 1e-6
    found = [f for f in tables.check(told) if "column estimate" in f.where and "counts.csv" in f.says]
    assert found
    assert all(f.file == "estimates.csv" for f in found)


def test_a_ledger_that_says_something_else_than_the_counts_is_named(edited):
    path = edited / "ledger.csv"
    head, *rows = list(csv.reader(path.open(newline="")))
    at = next(i for i, row in enumerate(rows) if row[head.index("count_high")] == "575")
    rows[at][head.index("count_high")] = "576"
    with path.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
    found = {f.where.partition(" ")[0]: f.text() for f in ledgers.check(released.opened(edited))}
    assert "576 stands there" in found["line"]
    assert "do not bear their seal" in found["column"]


def test_what_is_missing_what_is_more_and_what_is_a_link_is_named(edited):
    (edited / "notes.txt").unlink()
    (edited / "people.csv").write_text("person_id\n1\n")
    (edited / "figures/more.svg").symlink_to(edited / "figures/flow.svg")
    told = verdict.of(edited).text()
    assert "notes.txt: is not there" in told
    assert "people.csv: is in the folder, and the manifest does not name it" in told
    assert "figures/more.svg: is a link" in told


def test_an_edited_manifest_and_an_edited_crate_are_named(edited):
    text = (edited / "manifest.json").read_text()
    (edited / "manifest.json").write_text(text.replace('"policy": "none"', '"policy": "cms"'))
    assert any(f.file == "manifest.json" for f in verdict.of(edited).found)
    (edited / "manifest.json").write_text(text)
    crate = edited / "ro-crate-metadata.json"
    crate.write_text(crate.read_text().replace("Draw the figures", "Draw some figures"))
    assert [f.file for f in verdict.of(edited).found] == ["ro-crate-metadata.json"]


def test_an_edited_study_is_named(edited):
    path = edited / "study.yaml"
    path.write_text(path.read_text().replace("confidence_level: 0.95", "confidence_level: 0.90"))
    told = verdict.of(edited).text()
    assert "study.yaml, line" in told
    assert "report.html" in told


def test_every_coordinate_of_a_drawing_follows_from_the_released_tables(folder, edited, monkeypatch):
    """Drawn again from what is released alone, byte for byte; a mark moved by less than can be seen is found."""
    monkeypatch.setattr(pictures, "names", lambda _: ["leaving", "staying", "patterns", "missing"])
    assert list(pictures.redrawn(released.opened(folder("demo")))) == []
    monkeypatch.setattr(pictures, "names", lambda _: ["staying"])
    path = edited / "figures/staying.svg"
    text = path.read_text("utf-8")
    at = max(m.end() for m in re.finditer(r"L [0-9]+\.[0-9]{5}[0-8](?= )", text))
    path.write_text(text[: at - 1] + "9" + text[at:], encoding="utf-8", newline="")
    assert [f.file for f in pictures.redrawn(released.opened(edited))] == ["figures/staying.svg"]
