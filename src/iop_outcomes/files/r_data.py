"""Data frames from R's own files (.RData, .rda, .rds), as far as tables need them; no R, no library.

In order: the file is unpacked (gzip, bzip2, xz or not at all) as it is read; its objects are walked (`r_objects`); a
vector becomes an array (`r_vectors`). `read` makes a factor its labels; `vectors` gives each column with its
attributes. The first data frame is taken.

Refuses files without a data frame, and what `r_objects` refuses.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files.r_objects import Pairs, Walk
from iop_outcomes.files.r_vectors import Unknown, Vector, labels

if TYPE_CHECKING:
    import pyarrow as pa

PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def read(path: Path) -> dict[str, pa.Array]:
    """The columns of the first data frame of a file, by name; factors as their labels. Raises StudyError."""
    try:
        return {name: _column(vector) for name, vector in vectors(path).items()}
    except Unknown:
        raise _unreadable(path) from None


def vectors(path: Path, only: bool = False) -> dict[str, Vector]:
    """The columns of the first data frame of a file as R holds them, by name; only: of its one. Raises StudyError."""
    try:
        with path.open("rb") as file:
            opened = PACKED.get(file.read(2))
        with opened(path, "rb") if opened else path.open("rb") as stream:
            frames = _frames(Walk(stream).top())
    except (OSError, EOFError, lzma.LZMAError, struct.error, UnicodeDecodeError, ValueError, IndexError, Unknown):
        raise _unreadable(path) from None
    if not frames:
        raise StudyError(f"{path.name} holds no data frame. Save one, by saveRDS or save, or get the data as CSV.")
    if only and len(frames) > 1:
        raise StudyError(f"{path.name} holds {len(frames)} data frames. Save each in a file of its own, by saveRDS.")
    return frames[0]


def _unreadable(path: Path) -> StudyError:
    return StudyError(
        f"{path.name} cannot be read as a file of R. Save the data frame again, by saveRDS without `ascii`, or get the "
        "data as CSV."
    )


def _frames(found: Any) -> list[dict[str, Vector]]:
    """The vectors with names and classes of a data frame: an object, or those in the pairs of a workspace."""
    values = [value for _, value in found] if isinstance(found, Pairs) else [found]
    frames = [v for v in values if isinstance(v, Vector) and "data.frame" in v.texts("class")]
    if not all(isinstance(item, Vector) for frame in frames for item in frame.items):
        raise Unknown
    return [dict(zip(frame.texts("names"), frame.items, strict=True)) for frame in frames]


def _column(vector: Any) -> pa.Array:
    """A column as an array; a factor as its labels."""
    if not isinstance(vector, Vector) or isinstance(vector.items, list):
        raise Unknown
    if "factor" not in vector.texts("class"):
        return vector.items
    return labels(vector)
