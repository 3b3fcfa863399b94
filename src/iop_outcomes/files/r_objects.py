"""The objects of a file of R, walked one after the other.

Format: "Serialization Formats" in the manual R Internals
(https://cran.r-project.org/doc/manuals/r-release/R-ints.html), versions 2 and 3 in XDR. What holds no data (pointers,
environments) is passed over. Refuses, by `Unknown`, the text format, and objects that data frames do not hold
(functions).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from iop_outcomes.files.r_vectors import (
    INTEGER,
    INTEGER_NA,
    LOGICAL,
    REAL,
    STRINGS,
    Unknown,
    Vector,
    as_character,
    narrowed,
)

if TYPE_CHECKING:
    import pyarrow as pa

# a workspace begins with RDX2 or RDX3, a single object does not
MAGIC = b"RDX"
# types of objects, as R numbers them
SYMBOL, PAIRS, CALL, PROMISE_PAIRS, CHARACTER, VECTOR, EXPRESSIONS, RAW = (
    1, 2, 6, 5, 9, 19, 20, 24,
)  # fmt: skip
ENVIRONMENT, POINTER, NAMESPACE, PACKAGE = 4, 22, 249, 250
COMPACT, PAIRS_WITH_ATTRIBUTES, REFERENCE, NOTHING = 238, 239, 255, 254
IN_PAIRS = (PAIRS, CALL, PROMISE_PAIRS, PAIRS_WITH_ATTRIBUTES)
# constants of the language, which hold nothing
CONSTANTS = (241, 242, 247, 251, 252, 253, NOTHING)
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400


class Pairs(list[tuple[str, Any]]):
    """A pairlist: names and values."""


class Walk:
    """Read one object after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.seen: list[Any] = []

    def top(self) -> Any:
        """The object of the file, after its header."""
        start = self.exactly(2)
        if start == MAGIC[:2]:
            self.exactly(3)
            start = self.exactly(2)
        if start != b"X\n":
            raise Unknown
        version = self.integers(3)[0]
        if version == 3:
            self.stream.read(self.integer())
        elif version != 2:
            raise Unknown
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
        return self.object(self.integer())

    def object(self, flags: int) -> Any:
        """The object that flags announce."""
        kind = flags & 0xFF
        if kind in CONSTANTS:
            return None
        if kind in IN_PAIRS:
            return Pairs(self.pairs(flags))
        if kind in (SYMBOL, REFERENCE):
            return self.symbol(flags)
        if kind in (ENVIRONMENT, POINTER, NAMESPACE, PACKAGE):
            return self.passed_over(flags)
        if kind == CHARACTER:
            return self.text()
        if kind == COMPACT:
            return self.compact()
        vector = self.vector(kind)
        if flags & HAS_ATTRIBUTES:
            vector.attributes = dict(self.item())
        return vector

    def symbol(self, flags: int) -> Any:
        if flags & 0xFF == REFERENCE:
            place = flags >> 8 or self.integer()
            return self.seen[place - 1]
        name = str(self.item())
        self.seen.append(name)
        return name

    def passed_over(self, flags: int) -> None:
        """What holds no data, and may be referred to later: its parts are read, and left."""
        self.seen.append(None)
        kind = flags & 0xFF
        if kind in (NAMESPACE, PACKAGE):
            _, count = self.integers(2)
            parts = count
        elif kind == ENVIRONMENT:
            self.integer()
            parts = 4  # what encloses it, its variables in two forms, attributes
        else:
            parts = 2 + bool(flags & HAS_ATTRIBUTES)
        for _ in range(parts):
            self.item()

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
        """Names and values of a pairlist, whose cells follow each other; what ends it may be a value without a name."""
        while flags & 0xFF not in CONSTANTS:
            if flags & 0xFF not in IN_PAIRS:
                yield "", self.object(flags)
                return
            if flags & HAS_ATTRIBUTES or flags & 0xFF == PAIRS_WITH_ATTRIBUTES:
                self.item()
            name = self.item() if flags & HAS_TAG else ""
            yield str(name), self.item()
            flags = self.integer()

    def vector(self, kind: int) -> Vector:
        import numpy as np

        size = self.length()
        if kind in (INTEGER, LOGICAL):
            values = np.frombuffer(self.exactly(4 * size), dtype=">i4").astype(np.int32)
            return Vector(narrowed(values, values == INTEGER_NA), kind)
        if kind == REAL:
            numbers = np.frombuffer(self.exactly(8 * size), dtype=">f8").astype(np.float64)
            return Vector(narrowed(numbers, np.isnan(numbers)), kind)
        if kind == STRINGS:
            return Vector(self.strings(size), kind)
        if kind in (VECTOR, EXPRESSIONS):
            return Vector([self.item() for _ in range(size)], kind)
        if kind == RAW:
            return Vector([self.exactly(size)], kind)
        raise Unknown

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
            vector = Vector(
                pa.array(np.arange(int(count)) * int(step) + int(first)), INTEGER if "int" in kind else REAL
            )
        elif kind.startswith("wrap_"):
            inner = state.items[0] if isinstance(state, Vector) else state[0][1]
            vector = Vector(inner.items, inner.kind)
            vector.attributes = inner.attributes
        elif kind == "deferred_string":
            vector = Vector(as_character(state), STRINGS)
        else:
            raise Unknown
        vector.attributes |= dict(attributes or [])
        return vector
