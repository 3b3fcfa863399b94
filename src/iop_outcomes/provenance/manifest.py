"""What was released, from what: hashes of files, inputs, study and code, and the versions that made them.

Nothing in it differs between two runs of the same thing on the same machine: no time, no host, no path. Files
and inputs are named by the caller and appear in the order of their names. Refused: a file that is not there.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NotRequired, TypedDict

from iop_outcomes.errors import StudyError


class Described(TypedDict):
    """A released file: digest, bytes, rows of a table without its header, names of the analyses that it is of."""

    sha256: str
    bytes: int
    rows: NotRequired[int]
    analyses: NotRequired[list[str]]


class Manifest(TypedDict):
    """What a manifest holds, as `manifest` says it."""

    files: dict[str, Described]
    inputs: dict[str, str]
    study: str
    privacy: object
    policy: str
    package: dict[str, str]
    lock: str | None
    python: str
    libraries: dict[str, str | None]
    sign_off: NotRequired[object]


PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "lifelines", "matplotlib", "numpy", "pandas", "pandera", "plotnine", "pyarrow", "pydantic", "scipy", "snakemake",
    "statsmodels",
)  # fmt: skip
CHUNK = 1 << 20


def run(
    released: Sequence[str] | str,
    protocol: str,
    policy: str,
    version: str,
    records: Sequence[str] | str = (),
    lock: Sequence[str] | str = (),
    analyses: Mapping[str, Sequence[str]] | None = None,
    signed: Sequence[str] | str = (),
) -> dict[str, str]:
    """The step: the manifest, the same as an RO-Crate, and what is true of this run only, which stays private.

    released: paths of all released files; protocol: path of the merged study; records: paths of the source's
    files; analyses: names of the analyses that a figure is of, by figure; signed: path of the sign-off. Raises
    StudyError where the folder holds what no rule has let out.
    """
    import time

    import yaml

    from iop_outcomes.provenance import crate, outbound, seals

    study = yaml.safe_load(Path(protocol).read_text(encoding="utf-8"))
    files = [Path(p) for p in ([released] if isinstance(released, str) else released)]
    base = Path(protocol).parent
    outbound.check(base, [*files, Path(protocol)])
    inputs = _named([records] if isinstance(records, str) else records, study.get("source") or {})
    own_lock = Path(lock if isinstance(lock, str) else lock[0]) if lock else None
    named = {p.relative_to(base).as_posix(): p for p in files}
    content = manifest(named, study, inputs, version, policy, own_lock, analyses)
    for path in [signed] if isinstance(signed, str) else signed:
        content["sign_off"] = json.loads(Path(path).read_text(encoding="utf-8"))
    run_only = {"finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "platform": platform.platform()}
    text = written(content)
    own = hashlib.sha256(text.encode()).hexdigest()
    told = crate.crate(content, study, own, {name: seals.of(path) for name, path in named.items()})
    return {"manifest": text, "crate": written(told), "run": written(run_only)}


def manifest(
    files: Mapping[str, Path],
    study: Mapping[str, object],
    inputs: Mapping[str, Path],
    version: str,
    policy: str,
    lock: Path | None = None,
    analyses: Mapping[str, Sequence[str]] | None = None,
) -> Manifest:
    """The manifest as plain data.

    files: released files by name; tables (CSV, Parquet) are given with their rows. study: the merged config as it
    is written; what it lets through the identifier gate is given in full. inputs: files or folders read, by name.
    version: of the package. policy: name of the disclosure policy. lock: the lock file of the environment; without
    it, uv.lock above the package, if there is one. analyses: those of each figure, by its name; a table tells its own.
    Raises StudyError.
    """
    lock = lock or next((p / "uv.lock" for p in PACKAGE.parents if (p / "uv.lock").is_file()), None)
    return {
        "files": {name: _described(Path(files[name]), analyses or {}) for name in sorted(files)},
        "inputs": {name: digest(Path(inputs[name])) for name in sorted(inputs)},
        "study": study_digest(study),
        "privacy": study.get("privacy"),
        "policy": policy,
        "package": {"name": PACKAGE.name, "version": version, "code": code_digest()},
        "lock": digest(Path(lock)) if lock else None,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def write(content: Mapping[str, object], path: Path) -> None:
    """Write a manifest as JSON with sorted keys."""
    Path(path).write_text(written(content), encoding="utf-8")


def written(content: Mapping[str, object]) -> str:
    """A manifest as JSON with sorted keys."""
    return _json(content, indent=2) + "\n"


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, over the relative paths and contents of its files, sorted."""
    if path.is_dir():
        return _over(path, [p for p in path.rglob("*") if p.is_file()])
    total = hashlib.sha256()
    try:
        with path.open("rb") as content:
            while chunk := content.read(CHUNK):
                total.update(chunk)
    except OSError:
        raise StudyError(
            f"The manifest names {path.name}, which cannot be read. It was expected among the run's inputs or "
            "released files; run the steps before the manifest again."
        ) from None
    return total.hexdigest()


def study_digest(study: Mapping[str, object]) -> str:
    """SHA-256 of a merged study, whatever the order of its keys."""
    return hashlib.sha256(_json(study).encode()).hexdigest()


def code_digest() -> str:
    """SHA-256 over the package's Python files, by relative path and content."""
    return _over(PACKAGE, list(PACKAGE.rglob("*.py")))


def _named(paths: Sequence[str], source: Mapping[str, object]) -> dict[str, Path]:
    """Paths by name; by as much of the path as tells them apart, where names are the same.

    Files whose names the source's mapping does not write go by what stands for these (`sources.unnamed`).
    """
    from iop_outcomes.sources import unnamed

    found = [Path(p) for p in paths]
    said = unnamed.names(found, source)
    depth = next(d for d in range(1, 100) if len({p.parts[-d:] for p in found}) == len(set(found)))
    return {said.get(p.name) or Path(*p.parts[-depth:]).as_posix(): p for p in found}


def _over(folder: Path, paths: list[Path]) -> str:
    total = hashlib.sha256()
    for name, path in sorted((p.relative_to(folder).as_posix(), p) for p in paths):
        total.update(f"{name}\0{digest(path)}\n".encode())
    return total.hexdigest()


def _described(path: Path, analyses: Mapping[str, Sequence[str]]) -> Described:
    described = Described(sha256=digest(path), bytes=path.stat().st_size)
    rows, own = _rows(path)
    if rows is not None:
        described["rows"] = rows
    found = sorted({*own, *(analyses.get(path.stem, ()) if path.parent.name == "figures" else ())})
    if found:
        described["analyses"] = found
    return described


def _rows(path: Path) -> tuple[int | None, set[str]]:
    """Rows of a table without its header, and the analyses that they are of; (None, nothing) for other files."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return int(pyarrow.parquet.ParquetFile(path).metadata.num_rows), set()
    if path.suffix == ".csv":
        import csv

        with path.open(encoding="utf-8", newline="") as lines:
            head, *rows = [row for row in csv.reader(lines) if row] or [[]]
        at = head.index("analysis") if "analysis" in head else None
        return len(rows), set() if at is None else {row[at] for row in rows}
    return None, set()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _json(content: object, indent: int | None = None) -> str:
    return json.dumps(content, sort_keys=True, indent=indent, ensure_ascii=False, default=str)
