"""Data frames of R (.rds, .RData, .rda) as text cells.

In order: `r_data` reads the data frame of the file; each column is written by its class, which alone says what
its numbers mean: factors as their labels, dates as 2024-03-01, moments as the clock shows them in the column's time
zone, or with their offset where it has none, lengths of time as 36:15:00, or in days where they are counted in days or
weeks, months and quarters of zoo as 2024-03 and 2024Q1, whole numbers of bit64 as such.

Refuses what `r_data` refuses, files with several data frames, and columns that are lists, tables or complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import displays, r_data, r_vectors
from iop_outcomes.files.text_cells import Cells, column, named

if TYPE_CHECKING:
    import pandas as pd

DAYS = displays.Display("days", "1970-01-01", "date")
MOMENTS = displays.Display("seconds", "1970-01-01", "datetime")
LENGTHS = displays.Display("seconds", "", "length")
# units of difftime, in seconds; days and weeks are told in days
CLOCK = {"secs": 1, "mins": 60, "hours": 3600}
WHOLE = {"days": 1, "weeks": 7}


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A data frame of R as cells. It has no options. Raises StudyError."""
    found = r_data.vectors(path, only=True)
    try:
        return named(path.name, list(found), [written(vector) for vector in found.values()])
    except r_vectors.Unknown:
        raise StudyError(
            f"{path.name}: the data frame has a column that is no vector of numbers, text, dates or factors. Keep what "
            "is needed in plain columns, and save it again."
        ) from None


def written(vector: r_vectors.Vector) -> list[str | None]:
    """One column as text. Raises r_vectors.Unknown."""
    write = next((write for name, write in CLASSES.items() if name in vector.texts("class")), _plain)
    return write(vector)


def _numbers(items: Any) -> pd.Series:
    import pandas as pd

    return pd.Series(items.to_pandas(), dtype="float64")


def _plain(vector: r_vectors.Vector) -> list[str | None]:
    import pyarrow as pa

    if isinstance(vector.items, list):
        raise r_vectors.Unknown
    values = vector.items
    if vector.kind == r_vectors.LOGICAL:
        values = values.cast(pa.bool_())
    return column(values.to_pylist())


def _factor(vector: r_vectors.Vector) -> list[str | None]:
    return column(r_vectors.labels(vector).to_pylist())


def _dates(vector: r_vectors.Vector) -> list[str | None]:
    return displays.written(_numbers(vector.items), DAYS)


def _moments(vector: r_vectors.Vector) -> list[str | None]:
    """Moments as the clock of their zone shows them; without a zone, in UTC with its offset."""
    import numpy as np
    import pandas as pd

    seconds = _numbers(vector.items)
    zone = next(iter(vector.texts("tzone")), "")
    utc = [text and f"{text}+00:00" for text in displays.written(seconds, MOMENTS)]
    if not zone:
        return utc
    try:
        known = pd.to_datetime(np.floor(seconds), unit="s", utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    except (KeyError, ValueError, OverflowError):  # a zone that is not known, a year that pandas has not
        return utc
    shown = (known - pd.Timestamp("1970-01-01")) / pd.Timedelta(seconds=1) + seconds % 1
    return displays.written(shown.astype("float64"), MOMENTS)


def _parts(vector: r_vectors.Vector) -> list[str | None]:
    """Moments in parts (POSIXlt): years since 1900, months from 0, days of the month, hours, minutes, seconds."""
    import pandas as pd

    names = vector.texts("names")
    if not isinstance(vector.items, list) or not {"sec", "min", "hour", "mday", "mon", "year"} <= set(names):
        raise r_vectors.Unknown
    part = {n: _numbers(v.items) for n, v in zip(names, vector.items, strict=True) if n in PART_NAMES}
    rows = max(map(len, part.values()))
    # parts that are all the same may be kept once
    at = {n: pd.Series(v.to_numpy()[: len(v)].repeat(rows) if len(v) == 1 else v) for n, v in part.items()}
    months = 12 * (at["year"] - 70) + at["mon"]
    first = pd.Series(
        months.fillna(0).to_numpy("int64").astype("datetime64[M]").astype("datetime64[D]").astype("int64")
    )
    days = first.where(months.notna()) + at["mday"] - 1
    return displays.written(86_400 * days + 3600 * at["hour"] + 60 * at["min"] + at["sec"], MOMENTS)


PART_NAMES = ("sec", "min", "hour", "mday", "mon", "year")


def _lengths(vector: r_vectors.Vector) -> list[str | None]:
    unit = next(iter(vector.texts("units")), "secs")
    if unit in WHOLE:
        return column((_numbers(vector.items) * WHOLE[unit]).tolist())
    return displays.written(_numbers(vector.items) * CLOCK.get(unit, 1), LENGTHS)


def _periods(shows: str, a_year: int) -> Callable[[r_vectors.Vector], list[str | None]]:
    """Years with a fraction, as zoo counts months and quarters."""

    def write(vector: r_vectors.Vector) -> list[str | None]:
        said = displays.Display(f"{shows}s", "1960-01-01", shows)
        return displays.written((a_year * (_numbers(vector.items) - 1960) + 0.001).round(6), said)

    return write


def _wide(vector: r_vectors.Vector) -> list[str | None]:
    """Whole numbers of 64 bits, which bit64 keeps in the bits of doubles."""
    import numpy as np

    bits = _numbers(vector.items).to_numpy("float64")
    missing = np.isnan(bits) | (bits.view(np.int64) == np.iinfo(np.int64).min)
    return [None if gone else str(n) for n, gone in zip(bits.view(np.int64).tolist(), missing, strict=True)]


CLASSES: dict[str, Callable[[r_vectors.Vector], list[str | None]]] = {
    "factor": _factor,
    "Date": _dates,
    "IDate": _dates,
    "POSIXct": _moments,
    "POSIXlt": _parts,
    "difftime": _lengths,
    "ITime": lambda vector: displays.written(_numbers(vector.items), LENGTHS),
    "yearmon": _periods("month", 12),
    "yearqtr": _periods("quarter", 4),
    "integer64": _wide,
}
