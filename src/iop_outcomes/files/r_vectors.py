"""Vectors of R as Arrow arrays, with their attributes; how R shows a number as text.

R's NA is missing; whole numbers take the smallest type that holds them all; texts are kept as the distinct ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# types of vectors, as R numbers them
LOGICAL, INTEGER, REAL, STRINGS = 10, 13, 14, 16
INTEGER_NA = -(2**31)


class Unknown(Exception):
    """What stands in the file is not understood here."""


class Vector:
    """A vector of any type: an Arrow array or a list of objects, and its attributes. kind: R's number of the type."""

    def __init__(self, items: Any, kind: int = 0) -> None:
        self.items = items
        self.kind = kind
        self.attributes: dict[str, Any] = {}

    def texts(self, attribute: str) -> list[str]:
        """The texts of an attribute, such as its class."""
        return _texts(self.attributes.get(attribute))


def _texts(vector: Any) -> list[str]:
    return list(vector.items.to_pylist()) if isinstance(vector, Vector) and vector.kind == STRINGS else []


def labels(vector: Vector) -> pa.Array:
    """A factor as its labels."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.subtract(vector.items.cast(pa.int32()), pa.scalar(1, pa.int32()))
    levels = vector.attributes["levels"].items
    plain = levels.dictionary_decode() if pa.types.is_dictionary(levels.type) else levels
    return pa.DictionaryArray.from_arrays(place, plain)


def as_character(state: Any) -> pa.Array:
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


def narrowed(values: Any, missing: Any) -> pa.Array:
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
