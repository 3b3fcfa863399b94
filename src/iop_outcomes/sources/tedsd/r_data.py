"""Data frames from R's own files (.RData, .rda, .rds), as far as a table of codes needs them; no R, no library.

Format: "Serialization Formats" in the manual R Internals
(https://cran.r-project.org/doc/manuals/r-release/R-ints.html), versions 2 and 3 in XDR, packed by gzip, bzip2 or xz or
not at all. In order: the file is unpacked as it is read; objects are walked one after the other; a vector becomes an
array, R's NA missing; a factor becomes its labels. The first data frame is taken.

Refuses the text format, and objects that data frames do not hold (functions, environments).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pyarrow as pa

PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
# a workspace begins with RDX2 or RDX3, a single object does not
MAGIC = b"RDX"
# types of objects, as R numbers them
SYMBOL, PAIRS, CALL, PROMISE_PAIRS, CHARACTER, LOGICAL, INTEGER, REAL, STRINGS, VECTOR, EXPRESSIONS, RAW = (
    1, 2, 6, 5, 9, 10, 13, 14, 16, 19, 20, 24,
)  # fmt: skip
COMPACT, PAIRS_WITH_ATTRIBUTES, REFERENCE, NOTHING = 238, 239, 255, 254
# constants of the language, which hold nothing
CONSTANTS = (241, 242, 250, 251, 252, 253, NOTHING)
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400
INTEGER_NA = -(2**31)


class _Unknown(Exception):
    """What stands in the file is not understood here."""


def read(path: Path) -> dict[str, pa.Array]:
    """The columns of the first data frame of a file, by name. Raises StudyError."""
    try:
        with path.open("rb") as file:
            opened = PACKED.get(file.read(2))
        with opened(path, "rb") if opened else path.open("rb") as stream:
            frame = _first_frame(_Walk(stream).top())
    except (OSError, EOFError, lzma.LZMAError, struct.error, UnicodeDecodeError, _Unknown):
        raise StudyError(f"{path} cannot be read as a file of R. Get the CSV file from SAMHSA instead.") from None
    if frame is None:
        raise StudyError(f"{path} holds no data frame. Get the CSV file from SAMHSA instead.")
    return frame


def _first_frame(found: Any) -> dict[str, pa.Array] | None:
    """The first vector with names and classes of a data frame, in an object or in the pairs of a workspace."""
    values = [value for _, value in found] if isinstance(found, _Pairs) else [found]
    for value in values:
        if isinstance(value, _Vector) and "data.frame" in _texts(value.attributes.get("class")):
            names = _texts(value.attributes.get("names"))
            return {name: _column(item) for name, item in zip(names, value.items, strict=True)}
    return None


class _Vector:
    """A vector of any type: an Arrow array or a list of objects, and its attributes."""

    def __init__(self, items: Any) -> None:
        self.items = items
        self.attributes: dict[str, Any] = {}


class _Pairs(list[tuple[str, Any]]):
    """A pairlist: names and values."""


def _texts(vector: Any) -> list[str]:
    return list(vector.items.to_pylist()) if isinstance(vector, _Vector) else []


def _column(vector: Any) -> pa.Array:
    """A column as an array; a factor as its labels."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(vector, _Vector) or isinstance(vector.items, list):
        raise _Unknown
    if "factor" not in _texts(vector.attributes.get("class")):
        return vector.items
    place = pc.subtract(vector.items.cast(pa.int32()), pa.scalar(1, pa.int32()))
    return pa.DictionaryArray.from_arrays(place, vector.attributes["levels"].items.dictionary_decode())


class _Walk:
    """Read one object after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.seen: list[str] = []

    def top(self) -> Any:
        """The object of the file, after its header."""
        start = self.exactly(2)
        if start == MAGIC[:2]:
            self.exactly(3)
            start = self.exactly(2)
        if start != b"X\n":
            raise _Unknown
        version = self.integers(3)[0]
        if version == 3:
            self.stream.read(self.integer())
        elif version != 2:
            raise _Unknown
        return self.item()

    def integers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}i", self.exactly(4 * count))

    def integer(self) -> int:
        return self.integers(1)[0]

    def exactly(self, size: int) -> bytes:
        found = self.stream.read(size)
        if len(found) != size:
            raise EOFError
        return found

    def length(self) -> int:
        short = self.integer()
        if short >= 0:
            return short
        high, low = self.integers(2)
        return int((high << 32) + low)

    def item(self) -> Any:
        """The next object, with its attributes."""
        flags = self.integer()
        kind = flags & 0xFF
        if kind in CONSTANTS:
            return None
        if kind in (PAIRS, CALL, PROMISE_PAIRS, PAIRS_WITH_ATTRIBUTES):
            return _Pairs(self.pairs(flags))
        if kind in (SYMBOL, REFERENCE):
            return self.symbol(flags)
        if kind == CHARACTER:
            return self.text()
        if kind == COMPACT:
            return self.compact()
        vector = self.vector(kind)
        if flags & HAS_ATTRIBUTES:
            vector.attributes = dict(self.item())
        return vector

    def symbol(self, flags: int) -> str:
        if flags & 0xFF == REFERENCE:
            place = flags >> 8 or self.integer()
            return self.seen[place - 1]
        name = self.item()
        self.seen.append(name)
        return str(name)

    def text(self) -> str | None:
        size = self.integer()
        if size < 0:
            return None
        found = self.exactly(size)
        try:
            return found.decode("utf-8")
        except UnicodeDecodeError:
            return found.decode("latin-1")

    def pairs(self, flags: int) -> Iterator[tuple[str, Any]]:
        """Names and values of a pairlist, whose cells follow each other."""
        while flags & 0xFF not in CONSTANTS:
            if flags & 0xFF not in (PAIRS, CALL, PROMISE_PAIRS, PAIRS_WITH_ATTRIBUTES):
                raise _Unknown
            if flags & HAS_ATTRIBUTES or flags & 0xFF == PAIRS_WITH_ATTRIBUTES:
                self.item()
            name = self.item() if flags & HAS_TAG else ""
            yield str(name), self.item()
            flags = self.integer()

    def vector(self, kind: int) -> _Vector:
        import numpy as np

        size = self.length()
        if kind in (INTEGER, LOGICAL):
            values = np.frombuffer(self.exactly(4 * size), dtype=">i4").astype(np.int32)
            return _Vector(_narrowed(values, values == INTEGER_NA))
        if kind == REAL:
            numbers = np.frombuffer(self.exactly(8 * size), dtype=">f8").astype(np.float64)
            return _Vector(_narrowed(numbers, np.isnan(numbers)))
        if kind == STRINGS:
            return _Vector(self.strings(size))
        if kind in (VECTOR, EXPRESSIONS):
            return _Vector([self.item() for _ in range(size)])
        if kind == RAW:
            return _Vector([self.exactly(size)])
        raise _Unknown

    def strings(self, size: int) -> pa.Array:
        """Texts as a dictionary of the distinct ones, so that long columns of labels stay small."""
        import numpy as np
        import pyarrow as pa

        places: dict[str | None, int] = {}
        place = np.fromiter((places.setdefault(self.item(), len(places)) for _ in range(size)), np.int32, size)
        missing = place == places.get(None, -1)
        words = pa.array(["" if word is None else word for word in places], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(place, mask=missing), words)

    def compact(self) -> Any:
        """An object that R stores in short: a sequence, a wrapped vector, numbers to be shown as text."""
        import numpy as np
        import pyarrow as pa

        kind = str(next(iter(self.item()))[1])
        state, attributes = self.item(), self.item()
        if kind in ("compact_intseq", "compact_realseq"):
            count, first, step = state.items.to_pylist()
            vector = _Vector(pa.array(np.arange(int(count)) * int(step) + int(first)))
        elif kind.startswith("wrap_"):
            inner = state.items[0] if isinstance(state, _Vector) else state[0][1]
            vector = _Vector(inner.items)
            vector.attributes = inner.attributes
        elif kind == "deferred_string":
            vector = _Vector(state[0][1].items.cast(pa.string()))
        else:
            raise _Unknown
        vector.attributes |= dict(attributes or [])
        return vector


def _narrowed(values: Any, missing: Any) -> pa.Array:
    """Numbers as the smallest whole type that holds them all, else as they are; missing ones are null."""
    import numpy as np
    import pyarrow as pa

    there = values[~missing]
    if not len(there):
        return pa.array(np.zeros(len(values), dtype=np.int8), mask=missing)
    low, high = there.min(), there.max()
    if values.dtype.kind == "f" and ((there != np.floor(there)).any() or max(-low, high) >= 2**53):
        return pa.array(values, mask=missing)
    kind = next(k for k in (np.int8, np.int16, np.int32, np.int64) if np.iinfo(k).min <= low <= high <= np.iinfo(k).max)
    return pa.array(np.where(missing, 0, values).astype(kind), mask=missing)
