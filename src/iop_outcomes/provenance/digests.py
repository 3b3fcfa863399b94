"""Digests of input files: what decides whether a step has to read them again.

Times do not decide. A file that is copied over another with its old time (`cp -p`, an archive, a synchronised folder)
is another file; one that was only touched is the same. Small files are read each time. Of a large
one the digest is remembered, and believed while size, times and place on the disk are as they were: no copy keeps the
time at which a file's entry last changed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from iop_outcomes.errors import StudyError

# beside Snakemake's own notes, in the folder of the run
REMEMBERED = Path(".snakemake/iop-outcomes-digests.json")
SMALL = 16 << 20
# a file that changed so lately may change again within the same tick of the disk's clock
SETTLED_SECONDS = 5
# Snakemake would read an input once for each output of its rule, up to `max-checksum-file-size` of the profile
LARGE = 100_000_000


def of(paths: Iterable[str | Path], remembered: Path = REMEMBERED, small: int = SMALL) -> list[str]:
    """SHA-256 of each file (of a folder, over its files), in order. Raises StudyError for one that cannot be read.

    remembered: file with the digests of files of more than `small` bytes, by path, with what they were believed for.
    """
    known = _known(remembered)
    before = dict(known)
    found = [_one(Path(path), known, small) for path in paths]
    if known != before:
        from iop_outcomes.steps import store

        store.write_text(json.dumps(known, indent=0, sort_keys=True), remembered)
    return found


def large(path: str | Path) -> bool:
    """A file that is known by its digest alone, as for Snakemake to read it again and again would take seconds."""
    return Path(path).is_file() and Path(path).stat().st_size > LARGE


def _one(path: Path, known: dict[str, list[object]], small: int) -> str:
    from iop_outcomes.provenance import manifest

    state = _state(path)
    # Windows keeps no time of the last change of a file's entry
    lasting = os.name != "nt" and path.is_file() and int(state[0]) > small
    key = str(path)
    if lasting and known.get(key, [])[:-1] == state:
        return str(known[key][-1])
    digest = manifest.digest(path)
    known.pop(key, None)
    newest = max(state[1:3]) / 1e9
    if lasting and _state(path) == state and time.time() - newest > SETTLED_SECONDS:
        known[key] = [*state, digest]
    return digest


def _state(path: Path) -> Sequence[int]:
    """Size, the times of the last change of content and of the file's entry, and its place on the disk."""
    try:
        there = path.stat()
    except OSError:
        raise StudyError(f"{path} cannot be read. Check that it is there and that you may read it.") from None
    return [there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino]


def _known(remembered: Path) -> dict[str, list[object]]:
    """What was remembered; nothing where it cannot be read."""
    try:
        found = json.loads(remembered.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, list)} if isinstance(found, dict) else {}


def check_released(folder: Path) -> None:
    """Raise StudyError where a file of a release is not what its manifest says: nothing is built upon an edited file.

    A release that is being made has no manifest (`iop_outcomes.steps.runner` takes an old one away), and one without is
    not checked.
    """
    from iop_outcomes.provenance import manifest

    tied = folder / "manifest.json"
    if not tied.is_file():
        return
    try:
        files = {folder / name: said["sha256"] for name, said in json.loads(tied.read_bytes())["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        files = {tied: ""}
    there = {path: digest for path, digest in files.items() if path.is_file()}
    edited = [path.as_posix() for path, digest in there.items() if manifest.digest(path) != digest]
    if edited:
        them, are = ("it", "is") if len(edited) == 1 else ("them", "are")
        more = f" and {len(edited) - 3} more" if len(edited) > 3 else ""
        raise StudyError(
            f"{', '.join(edited[:3])}{more} {are} not as released, but edited or damaged since. A run would build on "
            f"{them}. Keep a copy elsewhere if you need one, delete {them} here, and run again: what is missing is "
            "made anew."
        )
