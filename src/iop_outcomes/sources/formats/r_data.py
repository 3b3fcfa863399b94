"""Data frames from R's own files (.RData, .rda, .rds), as far as tables need them; no R, no library.

Format: "Serialization Formats" in the manual R Internals
(https://cran.r-project.org/doc/manuals/r-release/R-ints.html), versions 2 and 3 in XDR, packed by gzip, bzip2 or xz or
not at all. In order: the file is unpacked as it is read; objects are walked one after the other; a vector becomes an
array, R's NA missing. `read` makes a factor its labels; `vectors` gives each column with its attributes. The first
data frame is taken; what hangs on it and is no data (pointers, environments) is passed over.

Refuses the text format, and objects that data frames do not hold (functions).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
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
ENVIRONMENT, POINTER, NAMESPACE, PACKAGE = 4, 22, 249, 250
COMPACT, PAIRS_WITH_ATTRIBUTES, REFERENCE, NOTHING = 238, 239, 255, 254
IN_PAIRS = (PAIRS, CALL, PROMISE_PAIRS, PAIRS_WITH_ATTRIBUTES)
# constants of the language, which hold nothing
CONSTANTS = (241, 242, 247, 251, 252, 253, NOTHING)
HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400
INTEGER_NA = -(2**31)


class Unknown(Exception):
    """What stands in the file is not understood here."""


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
            frames = _frames(_Walk(stream).top())
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
    values = [value for _, value in found] if isinstance(found, _Pairs) else [found]
    frames = [v for v in values if isinstance(v, Vector) and "data.frame" in v.texts("class")]
    if not all(isinstance(item, Vector) for frame in frames for item in frame.items):
        raise Unknown
    return [dict(zip(frame.texts("names"), frame.items, strict=True)) for frame in frames]


class Vector:
    """A vector of any type: an Arrow array or a list of objects, and its attributes. kind: R's number of the type."""

    def __init__(self, items: Any, kind: int = 0) -> None:
        self.items = items
        self.kind = kind
        self.attributes: dict[str, Any] = {}

    def texts(self, attribute: str) -> list[str]:
        """The texts of an attribute, such as its class."""
        return _texts(self.attributes.get(attribute))


class _Pairs(list[tuple[str, Any]]):
    """A pairlist: names and values."""


def _texts(vector: Any) -> list[str]:
    return list(vector.items.to_pylist()) if isinstance(vector, Vector) and vector.kind == STRINGS else []


def _column(vector: Any) -> pa.Array:
    """A column as an array; a factor as its labels."""
    if not isinstance(vector, Vector) or isinstance(vector.items, list):
        raise Unknown
    if "factor" not in vector.texts("class"):
        return vector.items
    return labels(vector)


def labels(vector: Vector) -> pa.Array:
    """A factor as its labels."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.subtract(vector.items.cast(pa.int32()), pa.scalar(1, pa.int32()))
    levels = vector.attributes["levels"].items
    plain = levels.dictionary_decode() if pa.types.is_dictionary(levels.type) else levels
    return pa.DictionaryArray.from_arrays(place, plain)


class _Walk:
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
            return _Pairs(self.pairs(flags))
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
            return Vector(_narrowed(values, values == INTEGER_NA), kind)
        if kind == REAL:
            numbers = np.frombuffer(self.exactly(8 * size), dtype=">f8").astype(np.float64)
            return Vector(_narrowed(numbers, np.isnan(numbers)), kind)
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
            vector = Vector(_as_character(state), STRINGS)
        else:
            raise Unknown
        vector.attributes |= dict(attributes or [])
        return vector


def _as_character(state: Any) -> pa.Array:
    """Numbers that R was to show as text, and has not yet: as it would, with 15 digits. state: numbers, and scipen."""
    import pyarrow as pa

    if isinstance(state, Vector):  # it has been done
        return state.items
    numbers, scipen = state[0][1], state[1][1].items.to_pylist()[0] if len(state) > 1 else 0
    distinct = numbers.items.dictionary_encode()
    show = str if numbers.kind in (INTEGER, LOGICAL) else lambda number: shortest(number, scipen or 0)
    shown = [number if number is None else show(number) for number in distinct.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(distinct.indices, pa.array(shown, pa.string()))


def shortest(number: float, scipen: int = 0) -> str:
    """A number as R's as.character: fixed notation, unless scientific takes fewer signs (scipen more, to be taken)."""
    if isinstance(number, float) and not math.isfinite(number):
        return "Inf" if number > 0 else "-Inf" if number < 0 else "NaN"
    mantissa, _, power = f"{abs(number):.14e}".partition("e")
    digits, exponent = mantissa.replace(".", "").rstrip("0") or "0", int(power)
    scientific = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{exponent:+03}"
    behind = max(len(digits) - exponent - 1, 0)
    fixed = f"{abs(number):.{behind}f}"
    return "-" * (number < 0) + (fixed if len(fixed) <= len(scientific) + scipen else scientific)


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
