"""How the cells of a column read: as dates, and in which format; as days; as numbers, and in which unit.

In order: a column is read as ISO dates and in each common format; the best format is taken where others that also
read it fail on many of its cells and have few of their own, else they are rivals and a person must decide
(03/04/2024). Columns of whole numbers are days from day 0, or a count of days: Excel's where that gives dates from
1985. Units follow the name, held against the size of the values. Shares are told, values never.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.sources.draft.exports import Column
from iop_outcomes.sources.reading import NUMBER

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.sources.mapping.dates import Reading

# a column holds what this share of its filled cells reads as
MOST = 0.5
# a format is ruled out when it fails on this share of the cells that another reads, and reads no such share alone
FAILS = 0.1
# distinct texts that are tried
TRIED = 2000
# distinct texts that must show a format before it is tried on all
LOOKED_AT = 100

# 1985-01-01 in Excel's count; in that of SAS and Stata these are days of the year 2045
EXCEL_1985 = 31048

# sessions take fewer hours than this, and at least so many minutes
SMALL, LARGE = 10, 20

DAYS = r"[+-]?[0-9]{1,4}(?:\.0*)?"
# lengths of time of three parts, or of ISO 8601, and of two
CLOCKS = {"whole": r"-?(?:\d+ (?:days?,? )?)?\d+:[0-5]\d:[0-5]\d(?:\.\d*)?|-?PT?[0-9].*", "short": r"-?\d+:[0-5]\d"}
COMMA = r"[+-]?[0-9]+,[0-9]+"


@dataclass(frozen=True)
class Dates:
    """How a column reads as dates. why: in words.

    layout: a format, 'iso', 'excel' (its count of days), 'count' (of days from an unknown one), 'days' (from day 0),
    'undecided' or ''.

    zoned: moments with an offset, which need a time zone.
    """

    layout: str
    why: str
    zoned: bool = False

    @property
    def calendar(self) -> bool:
        """Whether it holds calendar dates."""
        return self.layout not in ("", "days")


def percent(share: float) -> str:
    """A share in whole percent; only all is 100, only none 0."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(max(share, 0.01), 0.99):.0%}"


def _tried(column: Column) -> pd.Series:
    """Rows by distinct text, of all or of evenly spread ones."""
    step = max(1, len(column.counts) // TRIED)
    return column.counts.iloc[::step]


@lru_cache(maxsize=1000)
def dates(column: Column) -> Dates:
    """What kind of dates a column holds, if any."""
    import pandas as pd

    from iop_outcomes.sources.mapping import dates as reading

    counts = _tried(column)
    if not len(counts):
        return Dates("", "it is empty")
    text, rows = pd.Series(counts.index, dtype=object), counts.to_numpy("int64")
    total = rows.sum()
    day, rule = reading.parse(text, rows, reading.Reading("", "iso", trial=True))
    zoned = rule == reading.UNDECLARED_ZONE
    iso = float(rows[day.notna() | zoned].sum() / total)
    serial = float(rows[rule == reading.EXCEL_SERIAL].sum() / total)
    short = float(rows[rule == "two-digit year"].sum() / total)
    if iso >= MOST:
        return _read_in_one_way(text, rows, reading.Reading("it", "iso")) or Dates(
            "iso", f"{percent(iso)} of its cells read as dates with the year first", bool(zoned.any())
        )
    if column.share(DAYS) >= 0.9:
        return Dates("days", "it holds whole numbers, as days from day 0")
    if serial >= MOST:
        return _counts(text[rule == reading.EXCEL_SERIAL], f"{percent(serial)} of its cells look like a count of days")
    if short >= MOST:
        return Dates("undecided", f"{percent(short)} of its cells have two-digit years: export four digits")
    return _layout(text, rows)


def _counts(cells: pd.Series, why: str) -> Dates:
    """Whose count of days the cells are: Excel's, unless that gives dates before there were such records."""
    import pandas as pd

    if pd.to_numeric(cells).median() >= EXCEL_1985:
        return Dates("excel", f"{why}, as Excel has it")
    return Dates(
        "count",
        f"{why}, but as Excel's they lie before 1985: look up from when they count (1960-01-01 in SAS and Stata, "
        "1970-01-01 in R; `excel_serial: true` in place of it where they are Excel's)",
    )


def _read_in_one_way(text: pd.Series, rows: NDArray[np.int64], how: Reading) -> Dates | None:
    """Why a column cannot be read in one way; None where it can."""
    from iop_outcomes.sources.mapping import dates as reading

    try:
        reading.parse(text, rows, how)
    except StudyError as wrong:
        return Dates("undecided", str(wrong).rstrip("."))
    return None


def _layout(text: pd.Series, rows: NDArray[np.int64]) -> Dates:
    """The common format that reads the column, or the rivals that a person must decide between."""
    from iop_outcomes.sources.mapping import dates as reading

    def reads_as(layout: str, some: pd.Series) -> NDArray[np.bool_]:
        found = reading.parse(some, rows[: len(some)], reading.Reading("", layout, trial=True))[0]
        return found.notna().to_numpy(bool)

    few = text.iloc[:: max(1, len(text) // LOOKED_AT)].reset_index(drop=True)
    read = {layout: reads_as(layout, text) for layout in reading.COMMON if reads_as(layout, few).any()}
    shares = {layout: float(rows[fits].sum() / rows.sum()) for layout, fits in read.items()}
    best = max(shares, key=lambda layout: shares[layout], default="")
    if not best or shares[best] < MOST:
        return Dates("", f"only {percent(shares.get(best, 0.0))} of its cells read as dates in one format")
    others = [o for o in shares if o != best]
    lost = {o: float(rows[read[best] & ~read[o]].sum() / rows[read[best]].sum()) for o in others}
    own = {o: float(rows[read[o] & ~read[best]].sum() / rows[read[best]].sum()) for o in others}
    rivals = [o for o in others if lost[o] < FAILS or own[o] >= FAILS]
    tried = ", ".join(f"{percent(shares[o])} as {o}" for o in (best, *rivals))
    if rivals:
        return Dates("undecided", f"its cells read in more than one way: {tried}. Ask who made the export")
    also = [f"{percent(shares[o])} as {o}" for o in others if shares[o] > 0]
    doubtful = _read_in_one_way(text, rows, reading.Reading("it", best))
    return doubtful or Dates(
        best, f"{percent(shares[best])} of its cells read as {best}" + f" ({', '.join(also)})" * bool(also)
    )


@dataclass(frozen=True)
class Numbers:
    """How a column reads as numbers: the share that does, whether its decimals have a comma; of the positive ones the
    median, and the shares that are small (as hours are) and large (as minutes are).

    clock: most cells are lengths of time: 'whole' (01:30:00, which needs no unit) or 'short' (1:30).
    """

    share: float
    comma: bool
    median: float | None = None
    small: float = 0.0
    large: float = 0.0
    clock: str = ""


def numbers(column: Column) -> Numbers:
    """What kind of numbers a column holds, if any."""
    import pandas as pd

    for kind, look in CLOCKS.items():
        share = column.share(look)
        if share >= MOST:
            return Numbers(share, False, clock=kind)
    comma = column.share(COMMA) > 0
    text = column.counts.index.to_series().astype("string")
    plain = text.str.replace(",", ".", regex=False) if comma else text
    read = pd.to_numeric(plain.where(plain.str.fullmatch(NUMBER).fillna(False)), errors="coerce").astype("float64")
    known = read.dropna()
    if known.empty:
        return Numbers(0.0, False)
    rows = column.counts.reindex(known.index)
    spread = known[known > 0].repeat(rows[known > 0].tolist())
    return Numbers(
        share=float(rows.sum() / column.filled),
        comma=comma,
        median=float(spread.median()) if len(spread) else None,
        small=float((spread < SMALL).mean()) if len(spread) else 0.0,
        large=float((spread >= LARGE).mean()) if len(spread) else 0.0,
    )
