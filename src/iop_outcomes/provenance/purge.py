"""Remove what a cohort's run knows of single people, and record that it was done.

In order: the folder is looked at, and refused if it is no folder of results, if a run is under way there, or if its
private part is a link to elsewhere; what will go is said; everything under `private` is removed, and what Snakemake
remembers of it; `purged.json` beside the release says when, how much, and to which released files it belonged, by their
hashes. Links are removed and never followed. The release itself stays, as do the records that the cohort was read from,
copies in backups, and caches that the config places elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from iop_outcomes.errors import StudyError
from iop_outcomes.files.owner import PRIVATE, RELEASED

RECORD = "purged.json"
MEMORY = ".snakemake"


@dataclass(frozen=True)
class Plan:
    """What will be removed. private: the folder. remembered: Snakemake's notes on files in it. files, bytes: in all."""

    home: Path
    private: Path
    remembered: tuple[Path, ...]
    files: int
    bytes: int

    def text(self) -> str:
        """What will happen, for the person who decides."""
        notes = f", and {len(self.remembered)} notes of Snakemake's on it" if self.remembered else ""
        return (
            f"This removes {self.private} with {self.files:,} files ({self.bytes / (1 << 20):.1f} MB){notes}. "
            "It stays removed: numbers can then be derived again from the source's records alone. "
            f"{self.home / RELEASED} stays, and {self.home / RECORD} will say that it was done. Backups and the "
            "records themselves are not touched."
        )


def plan(home: Path) -> Plan:
    """What there is to remove of a cohort. home: `<results>/<cohort>`. Raises StudyError as the module says."""
    private = home / PRIVATE
    if not home.is_dir() or not os.path.lexists(private):
        done = f" {home / RECORD} says that it was purged before." if (home / RECORD).is_file() else ""
        raise StudyError(
            f"{home} has no folder `{PRIVATE}`.{done} Name the folder of a cohort's results, such as results/demo."
        )
    if private.is_symlink() or not private.is_dir():
        raise StudyError(
            f"{private} is a link, or no folder: what it points to may belong to something else, and is not touched. "
            "Remove it by hand."
        )
    if not (private / "logs").is_dir() and not (private / "run.json").is_file():
        raise StudyError(
            f"{private} was not made by a run of this project: it has neither logs nor run.json. Nothing is removed. "
            "Name the folder of a cohort's results, such as results/demo."
        )
    memory = _memory(home)
    if memory is not None and any((memory / "locks").glob("*")):
        raise StudyError(
            f"A run is under way in {memory.parent}, or one was killed there. Wait for it, or, if there is none, "
            "release its lock by `snakemake --unlock`; then purge again."
        )
    inside = [Path(top, name) for top, _, names in os.walk(private) for name in names]
    size = sum(path.lstat().st_size for path in inside)
    return Plan(home, private, _remembered(memory, private), len(inside), size)


def carry_out(plan: Plan) -> Path:
    """Remove what the plan names, and write the record. Returns its path."""
    record = {
        "purged": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "cohort": plan.home.resolve().name,
        "removed": {"files": plan.files, "bytes": plan.bytes},
        "release": _released(plan.home / RELEASED),
    }
    for path in plan.remembered:
        path.unlink(missing_ok=True)
    shutil.rmtree(plan.private)
    told = plan.home / RECORD
    earlier = json.loads(told.read_text(encoding="utf-8")) if told.is_file() else []
    told.write_text(json.dumps([*earlier, record], indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return told


def _released(folder: Path) -> dict[str, str]:
    """The hash of each released file, by its name."""
    from iop_outcomes.provenance.manifest import digest

    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): digest(path) for path in files}


def _memory(home: Path) -> Path | None:
    """Snakemake's folder of the runs that wrote here: the nearest above."""
    above = (folder / MEMORY for folder in home.resolve().parents)
    return next((path for path in above if path.is_dir() and not path.is_symlink()), None)


def _remembered(memory: Path | None, private: Path) -> tuple[Path, ...]:
    """Snakemake's notes on files under the private folder, each in a file that is called by the path in base 64."""
    if memory is None:
        return ()
    inside = private.resolve()
    found = []
    for kind in ("metadata", "incomplete"):
        for note in sorted((memory / kind).rglob("*")):
            of = _path(note.relative_to(memory / kind))
            if note.is_file() and of and inside in Path(memory.parent, of).resolve().parents:
                found.append(note)
    return tuple(found)


def _path(note: Path) -> str:
    """The path that a note is of; long ones are parted into folders whose names begin with @."""
    coded = "".join(part.removeprefix("@") for part in note.parts)
    try:
        return base64.urlsafe_b64decode(coded).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
