"""Folders and files that only their owner may read: everything under `private`, whatever the umask.

`folder` makes the folder of a file, `closed` is around what writes it. Where the last of the names `private` and
`release` in a path is `private`, folders from there on get mode 0700, and files 0600 from their first byte. Other paths
are left to the umask. A file system without modes keeps its own rules.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER, FILE, OTHERS = 0o700, 0o600, 0o077
PRIVATE, RELEASED = "private", "release"


def private(path: str | Path) -> Path | None:
    """The private folder that a path lies in, or None for a path that others may read."""
    for above in Path(path).parents:
        if above.name in (PRIVATE, RELEASED):
            return above if above.name == PRIVATE else None
    return None


def only(path: str | Path) -> None:
    """Leave a folder, or a file, to its owner."""
    with suppress(OSError):  # of someone else, or of a file system without modes
        os.chmod(path, FOLDER if os.path.isdir(path) else FILE)


def folder(path: str | Path) -> None:
    """Make the folder of a file, with those above it; private ones are left to their owner."""
    path = Path(path)
    with closed(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    top = private(path)
    for above in path.parents if top is not None else ():
        # Snakemake makes folders before a job, by the umask
        if above == top or top in above.parents:
            only(above)


@contextmanager
def closed(path: str | Path, always: bool = False) -> Iterator[None]:
    """What is written in the meantime is for its owner only, where the path is private, or always."""
    if not always and private(path) is None:
        yield
        return
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)
