"""Text as dates: which day a cell names, or the rule that it breaks.

In order: text with the year first (ISO 8601, a time and an offset may follow) is read; other text is read by the
declared format, a time after it is passed over; whole numbers are read as Excel's day counts where that is declared.
A timestamp with an offset becomes the date in the declared time zone; where all of a column stand at midnight they are
dates, and keep their day. What is left is told apart: a date in another format than the declared one, a two-digit year,
an Excel serial number, a month or another period that is no day, an impossible date.

Refuses a column of text that fits common formats, none of which was declared: 03/04/2024 has two meanings. The message
says how many cells each of them fits. Refuses a column that reads in two ways, whatever is declared (`two_readings`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol.mapping import ISO
from iop_outcomes.spelling import two_readings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# day 0 of Excel's count, as it reads from March 1900 on, in days from 1970-01-01; and its range from then to 9999
EXCEL_EPOCH, EXCEL_FIRST, EXCEL_LAST = -25569, 61, 2958465
FIRST_YEAR = 1900

FLAGS = re.IGNORECASE | re.ASCII
OFFSET = r"Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?"
YEAR_FIRST = (
    r"(?P<Y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    rf"(?:[T ]+(?P<H>[01]?\d|2[0-3]):(?P<M>[0-5]\d)(?::(?P<S>[0-5]\d|60)(?:[.,]\d+)?)? ?(?P<offset>{OFFSET})?)?"
)
TIME_AFTER = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?)?"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
LONG = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
# parts of a date that are no numbers
WORDS = ("b", "offset")
DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})", "%m": r"(?P<m>\d{1,2})", "%d": r"(?P<d>\d{1,2})", "%j": r"(?P<j>\d{1,3})",
    "%b": rf"(?P<b>{'|'.join(MONTHS)})", "%B": rf"(?P<b>{'|'.join(LONG)})",
    "%H": r"\d{1,2}", "%I": r"\d{1,2}", "%M": r"\d{2}", "%S": r"\d{2}", "%f": r"\d+", "%p": r"[ap]\.?m\.?",
}  # fmt: skip

# formats that are looked for where none was declared, to say which fit
COMMON = (
    "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%m.%d.%Y", "%d.%m.%Y", "%Y%m%d", "%d%b%Y", "%d-%b-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip

COUNT = r"\d{1,7}(?:\.\d+)?"
EXCEL_SERIAL = "Excel serial number"
# what a cell that could not be read looks like; the first that fits
LOOKS = {
    "two-digit year": (
        r"\d{1,2}(?P<mark>[-/. ])\d{1,2}(?P=mark)\d{2}(?!\d).*|\d{1,2}[-/. ]?[a-z]{3,9}[-/. ,]*\d{2}(?!\d).*"
        r"|[a-z]{3,9}\.? ?\d{1,2},? '?\d{2}(?!\d).*"
    ),
    # 1927 to 2173
    EXCEL_SERIAL: r"[1-9]\d{4}(?:\.\d+)?",
    # months, quarters, half-years, weeks: as `formats.displays` writes what Stata counts
    "period longer than a day": (
        r"\d{4}-(?:0[1-9]|1[0-2])|\d{4}-?Q[1-4]|\d{4}-?H[12]|\d{4}-?W[0-5]\d|business day -?\d+"
    ),
    "impossible date": r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}",
}
UNDECLARED_ZONE = "time zone not declared"
TOO_EARLY = "date before 1900"
OTHER_FORMAT = "date in an undeclared format"


@dataclass(frozen=True)
class Reading:
    """How dates of one column are written. where: table and column, for messages; zone: IANA name.

    excel_serial: whole numbers are days from 1899-12-30; what counts from another day is brought to that (`serials`).
    trial: the format is only tried, and a column with two readings is not refused.
    """

    where: str
    layout: str | None = None
    zone: str | None = None
    excel_serial: bool = False
    trial: bool = False


def parse(text: pd.Series, rows: NDArray[np.int64], how: Reading) -> tuple[pd.Series, pd.Series]:
    """Days from 1970-01-01 (Int64, missing where the cell is or cannot be read), and the rule that each cell breaks.

    text: distinct cells, one str or None each. rows: in how many rows each stands. Raises StudyError for a column
    whose format must be declared.
    """
    import pandas as pd

    day = pd.Series(pd.NA, index=text.index, dtype="Int64")
    rule = pd.Series(None, index=text.index, dtype=object)
    found, early, zoned = _year_first(text, how)
    day = day.fillna(found)
    if how.layout not in (None, ISO):
        by_layout, before = _by_layout(text[day.isna()], str(how.layout))
        day, early = day.fillna(by_layout), early | before.reindex(text.index, fill_value=False)
    if how.excel_serial:
        day = day.fillna(_excel(text[day.isna()]))
    left = text[day.isna() & text.notna() & ~early & ~zoned]
    if not how.trial:
        certain = day[found.notna() | (text.notna() & how.excel_serial & _like(text, COUNT))]
        two_readings.check(text, certain, rows, how.layout, how.where)
    fits = {layout: _by_layout(left, layout)[0].dropna().index for layout in COMMON if len(left)}
    if how.layout is None:
        _refuse_undeclared(fits, left, rows, how.where)
    rule[left.index.intersection(sorted(set().union(*fits.values())))] = OTHER_FORMAT
    for name, look in LOOKS.items():
        rule = rule.mask(rule.isna() & _like(left, look).reindex(text.index, fill_value=False), name)
    rule = rule.mask(rule.isna() & text.index.isin(left.index), "unreadable").mask(early, TOO_EARLY)
    return day.mask(early), rule.mask(zoned, UNDECLARED_ZONE)


def _like(text: pd.Series, look: str) -> pd.Series:
    return text.astype("string").str.fullmatch(look, flags=FLAGS).fillna(False).astype(bool)


def _parts(text: pd.Series, look: str) -> pd.DataFrame:
    """The named parts of the cells that look so; numbers, but for the name of a month and the offset."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pa.array(text, type=pa.string(), from_pandas=True)
    found = pc.extract_regex(cells, f"(?i)^(?:{look})$")
    at = pc.is_valid(found)
    found = found.filter(at)
    parts = {}
    for i, field in enumerate(found.type):
        part = found.field(i)
        if field.name not in WORDS:
            part = pc.cast(pc.if_else(pc.equal(part, ""), "0", part), pa.int64())
        parts[field.name] = part.to_numpy(zero_copy_only=False)
    return pd.DataFrame(parts, index=text.index[at.to_numpy(zero_copy_only=False)])


def _days(parts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Days from 1970-01-01 of the dates that exist, and which of them lie before 1900."""
    import numpy as np
    import pandas as pd

    year = parts["Y"].to_numpy()
    if "j" in parts:
        month, day = np.ones(len(parts), dtype="int64"), parts["j"].to_numpy()
    else:
        names = {name: i for months in (MONTHS, LONG) for i, name in enumerate(months, 1)}
        told = parts["b"].str.lower().map(names) if "b" in parts else parts["m"]
        month, day = told.to_numpy("int64"), parts["d"].to_numpy()
    begin = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    # the next year, or the next month, tells how many days there are
    next_ = begin + (12 if "j" in parts else 1)
    first, length = begin.astype("datetime64[D]"), (next_.astype("datetime64[D]") - begin.astype("datetime64[D]"))
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length.astype("int64"))
    days = pd.Series(first.astype("int64") + day - 1, index=parts.index, dtype="Int64")
    return days[exists], pd.Series(exists & (year < FIRST_YEAR), index=parts.index)


def _year_first(text: pd.Series, how: Reading) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Days of cells with the year first; which lie before 1900; which have an offset but no zone to be read in."""
    import pandas as pd

    parts = _parts(text, YEAR_FIRST)
    days, early = _days(parts)
    stamps = parts.loc[days.index]
    stamps = stamps[stamps["offset"] != ""]
    undeclared = pd.Series(False, index=text.index)
    if (stamps[["H", "M", "S"]] != 0).any(axis=None):
        if how.zone is None:
            undeclared[stamps.index] = True
            days = days.drop(stamps.index)
        else:
            days[stamps.index] = _local(days[stamps.index], stamps, how.zone)
    return days.reindex(text.index), early.reindex(text.index, fill_value=False), undeclared


def _local(days: pd.Series, stamps: pd.DataFrame, zone: str) -> pd.Series:
    """The dates of timestamps with an offset, in a time zone."""
    import pandas as pd

    sign = stamps["offset"].str[0].map({"-": -1}).fillna(1).astype("int64")
    digits = stamps["offset"].str.replace(r"\D", "", regex=True).str.ljust(4, "0")
    ahead = sign * (digits.str[:2].astype("int64") * 60 + digits.str[2:].astype("int64"))
    minutes = days.astype("int64") * 1440 + stamps["H"] * 60 + stamps["M"] - ahead
    moment = pd.DatetimeIndex((60 * minutes + stamps["S"]).to_numpy("int64").astype("datetime64[s]"), tz="UTC")
    local = moment.tz_convert(zone).tz_localize(None).to_numpy().astype("datetime64[D]")
    return pd.Series(local.astype("int64"), index=stamps.index, dtype="Int64")


def _by_layout(text: pd.Series, layout: str) -> tuple[pd.Series, pd.Series]:
    """Days of cells written in a format, and which of them lie before 1900."""
    pieces = re.split(r"(%.)", layout)
    look = "".join(DIRECTIVES.get(piece, re.escape(piece)) for piece in pieces)
    days, early = _days(_parts(text, look + (TIME_AFTER if "%H" not in layout and "%I" not in layout else "")))
    return days.reindex(text.index), early


def _excel(text: pd.Series) -> pd.Series:
    """Days of Excel's serial numbers; a fraction is a time of day."""
    import pandas as pd

    number = pd.to_numeric(text.where(_like(text, COUNT)), errors="coerce")
    return (number.where(number.between(EXCEL_FIRST, EXCEL_LAST)) // 1).astype("Int64") + EXCEL_EPOCH


def _refuse_undeclared(fits: Mapping[str, pd.Index], text: pd.Series, rows: NDArray[np.int64], where: str) -> None:
    """Raise StudyError where cells fit a common format: which of them is meant must be declared."""
    counts = {layout: int(rows[found].sum()) for layout, found in fits.items() if len(found)}
    if not counts:
        return
    said = ", ".join(f"{layout} {n}" for layout, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])))
    total = int(rows[text.index].sum())
    raise StudyError(
        f"{where}: {total} cell{'s' * (total != 1)} hold no date with the year first (2024-03-04), and no format is "
        f"declared. Cells that each format fits: {said}. Ask who made the export, and declare one as `date_format`, "
        "for this column or for the source; `date_format: iso` sets all such rows aside."
    )
