"""The distinct values of a column, and questions about them that cost little.

In order: a frame or an Arrow table is taken column by column; numbers give their lowest and highest value, and their
distinct values only to a rule that asks for them; text gives its distinct values, trimmed, without empty ones. Text
that holds nothing but digits is also known as whole numbers with their width, so that '02118' keeps its zero.

Searches run in Arrow (RE2, linear in the length of the text). Nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

Kind = Literal["text", "number", "date", "opaque"]

# digits that a whole number of 64 bits always holds
MOST_DIGITS = 18
# of more distinct texts, and of columns with many rows, so many are looked at first
LOOKED_AT, MANY = 4_000, 50_000


def columns(frame: pd.DataFrame | pa.Table) -> Iterator[Contents]:
    """The columns of a frame, from the left."""
    import pyarrow as pa

    names = frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)
    for i, name in enumerate(names):
        values = frame.column(i) if isinstance(frame, pa.Table) else _arrow(frame.iloc[:, i])
        yield Contents(str(name), i + 1, values)


def _arrow(series: pd.Series) -> pa.Array | pa.ChunkedArray:
    """A pandas column in Arrow; what is of mixed types as text."""
    import pyarrow as pa

    try:
        return pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None or v != v else str(v) for v in series], type=pa.string())


@dataclass(frozen=True, eq=False)
class Contents:
    """One column: its name, its position from 1, and its values."""

    name: str
    position: int
    values: pa.Array | pa.ChunkedArray

    @cached_property
    def kind(self) -> Kind:
        """Text, numbers (flags among them), dates and times, or what cannot be looked into."""
        from pyarrow import types as t

        kind = self.values.type
        if t.is_dictionary(kind):
            kind = kind.value_type
        if t.is_date(kind) or t.is_timestamp(kind):
            return "date"
        if t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind) or t.is_boolean(kind):
            return "number"
        plain = t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind)
        return "text" if plain or t.is_null(kind) or t.is_time(kind) or t.is_duration(kind) else "opaque"

    @cached_property
    def rows(self) -> int:
        """Cells that are not missing."""
        return len(self.values) - self.values.null_count

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """The lowest and the highest number; None where there is none, or in text."""
        import pyarrow.compute as pc

        if self.kind != "number" or not self.rows:
            return None
        lowest = pc.min_max(self._plain).as_py()
        return None if lowest["min"] is None else (float(lowest["min"]), float(lowest["max"]))

    @cached_property
    def _plain(self) -> Any:
        """The values without a dictionary."""
        from pyarrow import types as t

        kind = self.values.type
        return self.values.cast(kind.value_type) if t.is_dictionary(kind) else self.values

    @cached_property
    def distinct(self) -> Any:
        """The distinct values that are not missing, of any kind."""
        import pyarrow as pa
        import pyarrow.compute as pc

        whole = self.kind == "number" and pa.types.is_integer(self._plain.type)
        # many different whole numbers are sorted faster than they are hashed
        if whole and self.bounds is not None and self.bounds[1] - self.bounds[0] > 1 << 16:
            import numpy as np

            # numpy's unique hashes them too
            ordered = np.sort(pc.drop_null(self._plain).to_numpy())
            return pa.array(ordered[np.append(True, ordered[1:] != ordered[:-1])])
        return pc.drop_null(pc.unique(self._plain))

    @cached_property
    def texts(self) -> pa.Array:
        """The distinct texts, full-width signs as plain ones; none in columns of another kind."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.kind != "text":
            return pa.array([], type=pa.string())
        told = self.distinct.cast(pa.string())
        plain = pc.all(pc.string_is_ascii(told), min_count=0).as_py()
        trimmed = pc.utf8_trim_whitespace(told if plain else pc.utf8_normalize(told, form="NFKC"))
        return trimmed.filter(pc.not_equal(pc.binary_length(trimmed), 0))

    @cached_property
    def some(self) -> pa.Array:
        """The distinct texts, or of very many some that are evenly spread: enough to tell what most are like."""
        return _spread(self.texts, LOOKED_AT)

    @cached_property
    def some_wholes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """As `wholes`, of a few rows, to see in no time what most are not; None where not many differ.

        Whole numbers that are not negative, and their digits.
        """
        if self.rows < MANY:
            return None
        if self.kind != "number":
            return _digits(self.some) if len(self.texts) > LOOKED_AT else None
        import pyarrow.compute as pc

        few = pc.drop_null(pc.unique(_spread(self._plain, LOOKED_AT)))
        return _width(_whole(few)) if len(few) >= LOOKED_AT / 4 else None

    @cached_property
    def count(self) -> int:
        """How many distinct values there are; numbers below zero mean 'missing' and do not count."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.kind != "number":
            return len(self.texts)
        return int(pc.sum(pc.greater_equal(self.distinct.cast(pa.float64(), safe=False), 0.0)).as_py() or 0)

    @cached_property
    def wholes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The distinct whole numbers that are not negative, and the digits in each as written."""
        return _width(_whole(self.distinct)) if self.kind == "number" else _digits(self.texts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The number of characters of each distinct text."""
        import pyarrow.compute as pc

        return pc.utf8_length(self.texts).to_numpy(zero_copy_only=False)

    @cached_property
    def suspicious(self) -> pa.Array:
        """The distinct texts that are more than letters and digits and more than a number.

        Dates as 15JAN2024 and numbers as +12125550187 are among them.
        """
        import pyarrow.compute as pc

        more = pc.invert(
            pc.match_substring_regex(
                self.texts, r"^(?:[0-9A-Za-z_]*|[+-]?[0-9]{0,9}|-?[0-9]*\.?[0-9]*|\+[0-9]*\.[0-9]*)$"
            )
        )
        if (self.lengths == 9).any():
            more = pc.or_(more, pc.match_substring_regex(self.texts, "^[0-9]{2}[A-Za-z]{3}[0-9]{4}$"))
        return self.texts.filter(more)

    def share(self, pattern: str, some: bool = False) -> float:
        """The share of the distinct texts in which the pattern is found; 0 where there are none. some: of `some`."""
        import pyarrow.compute as pc

        if not len(self.texts):
            return 0.0
        return float(pc.mean(pc.match_substring_regex(self.some if some else self.texts, pattern)).as_py())

    def only(self, pattern: str, low: float, high: float) -> bool:
        """Whether every distinct text has the pattern, or every number lies between the bounds; true without values."""
        import pyarrow.compute as pc

        if self.kind == "number":
            return self.bounds is None or (self.bounds[0] >= low and self.bounds[1] <= high)
        return self.kind == "text" and bool(pc.all(pc.match_substring_regex(self.texts, pattern), min_count=0).as_py())


def _spread(values: Any, most: int) -> Any:
    """At most so many values, evenly spread over all."""
    import numpy as np
    import pyarrow as pa

    if len(values) <= most:
        return values
    at = np.linspace(0, len(values) - 1, most).astype(np.int64)
    if not isinstance(values, pa.ChunkedArray):
        return values.take(at)
    # chunk by chunk, as taking from all at once copies them first
    ends = np.cumsum([len(chunk) for chunk in values.chunks])
    taken = [
        c.take(at[(at >= end - len(c)) & (at < end)] - (end - len(c)))
        for c, end in zip(values.chunks, ends, strict=True)
    ]
    return pa.chunked_array(taken, type=values.type)


def _digits(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Texts of nothing but digits as whole numbers, with their width as written."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = texts.filter(pc.match_substring_regex(texts, f"^[0-9]{{1,{MOST_DIGITS}}}$"))
    width = pc.binary_length(found).to_numpy(zero_copy_only=False)
    return found.cast(pa.int64()).to_numpy(), width.astype(np.int64)


def _width(n: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole numbers with their digits."""
    import numpy as np

    powers = np.array([10**k for k in range(1, MOST_DIGITS)], dtype=np.int64)
    return n, np.searchsorted(powers, n, side="right").astype(np.int64) + 1


def _whole(numbers: pa.Array) -> NDArray[np.int64]:
    """Of distinct numbers the whole ones that are not negative."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_integer(numbers.type):
        n = numbers.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
        return n[(n >= 0) & (n < 10**MOST_DIGITS)]
    x = np.asarray(numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    return x[(x >= 0) & (x < 10.0**15) & (x == np.floor(x))].astype(np.int64)
