"""What a run of the frozen trial is asked for by, and the bytes that it released."""

from __future__ import annotations

import hashlib
from pathlib import Path

UIS = ("--config", "cohort=uis")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder, by its path within."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
