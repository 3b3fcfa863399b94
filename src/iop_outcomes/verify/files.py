"""The files of a release against its manifest: each is there, as released, and no other is beside them.

A text that was edited is told line by line: a table by its row and cell, a page or a drawing by the number in it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from iop_outcomes.errors import StudyError
from iop_outcomes.provenance import crate, manifest, seals
from iop_outcomes.provenance.manifest import Manifest
from iop_outcomes.tables import TABLES
from iop_outcomes.verify.findings import Finding

MANIFEST = "manifest.json"
# columns that make the key of a row short to read when they say nothing
SAYS_NOTHING = ("", "all", "none")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release. Raises StudyError where the folder is none."""
    if not folder.is_dir():
        raise StudyError(f"There is no folder {folder}. Name the folder `release` of a run: results/<cohort>/release.")
    path = folder / MANIFEST
    if not path.is_file():
        inside = folder / "release" / MANIFEST
        hint = f" Did you mean {folder / 'release'}?" if inside.is_file() else ""
        raise StudyError(
            f"{folder} is not a whole release: it has no {MANIFEST}, which a run writes last. Name the folder "
            f"`release` of a finished run, or run again.{hint}"
        )
    try:
        content = json.loads(path.read_bytes())
        for name, told in content["files"].items():
            if Path(name).is_absolute() or ".." in Path(name).parts or not isinstance(told["sha256"], str):
                raise ValueError
        for part in ("inputs", "package", "libraries"):
            content[part].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise StudyError(
            f"{path} is not a manifest of this program: the digests of files that it should hold cannot be read. It "
            "was edited or damaged; run again, or take the release from where it was published."
        ) from None
    return cast("Manifest", content)


def check(folder: Path, told: Manifest, study: Mapping[str, object] | None) -> Iterator[Finding]:
    """What is wrong with the files of a release. told: its manifest; study: the merged study, if it can be read."""
    sealed = yield from _crate(folder, told, study)
    for name, one in told["files"].items():
        path = folder / name
        if not path.is_file():
            yield Finding(name, "", "is not there, though the manifest names it.")
        elif manifest.digest(path) != one["sha256"]:
            yield from _edited(path, name, sealed.get(name, ""))
    if study is not None and manifest.study_digest(study) != told["study"]:
        yield Finding("study.yaml", "", "is not the study that the manifest names: their digests differ.")
    known = {*told["files"], MANIFEST, crate.NAME}
    for path in sorted(p for p in folder.rglob("*") if not p.is_dir() or p.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield Finding(name, "", "is a link. A release holds files; a link may lead to what was not released.")
        elif name not in known:
            yield Finding(name, "", "is in the folder, and the manifest does not name it. Take it away.")


def _crate(
    folder: Path, told: Manifest, study: Mapping[str, object] | None
) -> Generator[Finding, None, dict[str, str]]:
    """What is wrong with the RO-Crate; returns the seals of texts by file."""
    path = folder / crate.NAME
    if not path.is_file():
        yield Finding(crate.NAME, "", "is not there: edits can be found, but not told line by line.")
        return {}
    try:
        graph = json.loads(path.read_bytes())["@graph"]
        sealed = {one["@id"]: str(one["lineSeals"]) for one in graph if "lineSeals" in one}
        named = {one["@id"]: one["sha256"] for one in graph if one.get("@type") == "File"}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        yield Finding(crate.NAME, "", "cannot be read: it was edited or damaged.")
        return {}
    own = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if named.get(MANIFEST) != own:
        yield from _manifest_differs(told, named)
    elif study is not None and path.read_text("utf-8") != manifest.written(crate.crate(told, study, own, sealed)):
        yield Finding(crate.NAME, "", "does not tell what manifest.json tells: one of the two was edited.")
    return sealed


def _manifest_differs(told: Manifest, named: Mapping[str, str]) -> Iterator[Finding]:
    """The manifest is not the one that the crate names: which digests differ."""
    files = [n for n, one in told["files"].items() if named.get(n) != one["sha256"]]
    gone = [n for n in named if n not in told["files"] and n != MANIFEST]
    which = f" They differ on {', '.join([*files, *gone][:3])}." if files or gone else ""
    yield Finding(MANIFEST, "", f"is not as released: {crate.NAME} has another digest of it.{which}")


def _edited(path: Path, name: str, sealed: str) -> Iterator[Finding]:
    """Where a file was edited."""
    if not sealed:
        yield Finding(name, "", "is not as released: its digest is another.")
        return
    lines = seals.lines(path)
    found = seals.changed(lines, sealed)
    if not found:
        yield Finding(name, "", "is not as released, though its lines bear their seals: the seals were edited too.")
    rows = _rows(path) if path.suffix == ".csv" else []
    for one in found:
        if one.now is None:
            yield Finding(name, f"at line {one.number}", "a line that was released is gone.")
        elif rows:
            yield _cell(name, rows, one)
        else:
            yield _number(name, one)


def _rows(path: Path) -> list[list[str]]:
    """The rows of a table by line, from 0; [] where a line begins within a cell."""
    try:
        with path.open(encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
    except (OSError, ValueError, csv.Error):
        return []
    return rows


def _cell(name: str, rows: Sequence[list[str]], one: seals.Changed) -> Finding:
    """A changed row of a table, with the cell and what stood there if one digit was changed."""
    assert one.now is not None
    head, row = rows[0], _split(one.now)
    where = f"line {one.number}"
    if one.number == 1 or len(row) != len(head):
        return Finding(name, where, "the row is not as released.")
    where += f" ({key(name, head, row)})"
    if one.was is None:
        return Finding(name, where, "the row is not as released, and more than one digit of it was changed.")
    before = _split(one.was)
    at = next((i for i, (a, b) in enumerate(zip(row, before, strict=True)) if a != b), 0)
    says = f"{row[at]} stands there, {before[at]} was released."
    return Finding(name, f"{where}, column {head[at]}", says)


def _split(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace")]), [])


def key(name: str, head: Sequence[str], row: Sequence[str]) -> str:
    """The row of a released table by what tells it apart."""
    table = TABLES.get(Path(name).stem) if "/" not in name else None
    columns = table.key if table else [c for c in head if not any(ch.isdigit() for ch in row[head.index(c)])][:6]
    told = [(c, row[head.index(c)]) for c in columns if c in head]
    return ", ".join(f"day {v}" if c == "horizon_days" else v for c, v in told if v not in SAYS_NOTHING)


def _number(name: str, one: seals.Changed) -> Finding:
    """A changed line of a text, with the number in it that was changed if one digit was."""
    assert one.now is not None
    if one.was is None:
        return Finding(name, f"line {one.number}", "is not as released.")
    now, was = (_around(line, one.at) for line in (one.now, one.was))
    within = one.now[: one.at].rfind(b"<") > one.now[: one.at].rfind(b">")
    what = "in the drawing, " if name.endswith(".svg") and within else ""
    return Finding(name, f"line {one.number}", f"{what}{now} stands there, {was} was released.")


def _around(line: bytes, at: int) -> str:
    """The number that holds the byte at a place."""
    text, before = line.decode("utf-8", "replace"), len(line[:at].decode("utf-8", "replace"))
    inside = "0123456789.,\u202f\u2212+-"
    low = before
    while low and text[low - 1] in inside:
        low -= 1
    high = before
    while high < len(text) and text[high] in inside:
        high += 1
    return text[low:high].strip(".,")
