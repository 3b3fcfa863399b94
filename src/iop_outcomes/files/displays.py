"""Dates, moments, periods and lengths of time that Stata, SPSS and SAS keep as numbers: text by the display format.

Such a column holds plain numbers; only its display format says what they count, and from when. The formats stand in
data/reference/display_formats.csv, whole families by one pattern, as widths, separators and languages change nothing
about what is stored.

In order: `display` looks a format up; `written` turns numbers into text: days into 2024-03-01, moments into
2024-03-01T13:45:00 (a part of a second only where there is one), lengths of time into 36:15:00, however many hours.
A number of days is a date even where only its month or quarter is shown (SAS MONYY7., SPSS MOYR8). Periods that Stata
counts are no days, and are written so that nobody takes them for one: 2024-03, 2024Q1, 2024H1, 2024-w09 (Stata's
weeks begin on 1 January, not on Mondays), 2024. Days of a business calendar cannot be told without it.

A date beyond the year 9999 keeps its year, and is for the mapping to set aside. Nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from iop_outcomes.files.text_cells import length
from iop_outcomes.tables import reference

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FILE = "display_formats.csv"
# width and decimals at the end of a format of SPSS and SAS
WIDTH = re.compile(r"\d+(\.\d*)?\.?$|\.$")
# milliseconds in what a format counts
SIZE = {"days": 86_400_000, "seconds": 1000, "milliseconds": 1, "milliseconds and leap seconds": 1}
# TOD and TIMEAMPM of SAS and %tcHH:MM of Stata show times of day, of moments too: a column with less than
# a year is no column of moments
YEAR_SECONDS = 366 * 86_400
# beyond some 200,000 years a number is no date, whatever its format
FARTHEST = 7e15
# days that ended with a leap second (International Earth Rotation and Reference Systems Service, Bulletin C)
LEAP_SECONDS = (
    *("1972-06-30", "1972-12-31", "1973-12-31", "1974-12-31", "1975-12-31", "1976-12-31", "1977-12-31", "1978-12-31"),
    *("1979-12-31", "1981-06-30", "1982-06-30", "1983-06-30", "1985-06-30", "1987-12-31", "1989-12-31", "1990-12-31"),
    *("1992-06-30", "1993-06-30", "1994-06-30", "1995-12-31", "1997-06-30", "1998-12-31", "2005-12-31", "2008-12-31"),
    *("2012-06-30", "2015-06-30", "2016-12-31"),
)


@dataclass(frozen=True)
class Display:
    """What the numbers of a column are. counts: the unit; since: day 0 (YYYY-MM-DD) or ''; shows: the kind of text."""

    counts: str
    since: str
    shows: str


@cache
def _table() -> tuple[tuple[str, re.Pattern[str], Display], ...]:
    return tuple(
        (row["program"], re.compile(row["format"]), Display(row["counts"], row["since"], row["shows"]))
        for row in reference.rows(FILE)
    )


@cache
def display(program: str, name: str) -> Display | None:
    """What a display format of Stata, SPSS or SAS says of the numbers in a column; None where they are numbers."""
    plain = name.strip() if program == "Stata" else WIDTH.sub("", name.strip().upper())
    return next((said for whose, look, said in _table() if whose == program and look.fullmatch(plain)), None)


def written(numbers: pd.Series, said: Display) -> list[str | None]:
    """Numbers as text, None where one is missing. Equal numbers share one str. numbers: float64."""
    import numpy as np

    values = numbers.to_numpy("float64")
    there = ~np.isnan(values)
    distinct, place = np.unique(values[there], return_inverse=True)
    found = np.full(len(values), None, dtype=object)
    near = np.abs(distinct) < FARTHEST / SIZE.get(said.counts, 1)
    texts = np.array([repr(value) for value in distinct.tolist()], dtype=object)
    texts[near] = _texts(distinct[near], said)
    found[there] = texts[place]
    return list(found)


def _texts(values: NDArray[np.float64], said: Display) -> list[str]:
    import numpy as np

    if said.shows in PERIODS:
        return [PERIODS[said.shows](int(n)) for n in np.floor(values)]
    seconds = values * SIZE.get(said.counts, 1000) / 1000
    if said.shows == "length" or (said.shows == "length or datetime" and (np.abs(seconds) < YEAR_SECONDS).all()):
        return [length(int(n)) for n in np.rint(seconds)]
    if said.shows == "date":
        days = np.floor(values * SIZE[said.counts] / SIZE["days"]).astype("int64")
        return _iso(np.datetime64(said.since, "D") + days)
    milliseconds = np.rint(values * SIZE[said.counts]).astype("int64")
    if said.counts == "milliseconds and leap seconds":
        milliseconds = _without_leap_seconds(milliseconds, said.since)
    return [text.removesuffix(".000") for text in _iso(np.datetime64(said.since, "ms") + milliseconds)]


def _iso(moments: Any) -> list[str]:
    import numpy as np

    return [str(text) for text in np.datetime_as_string(moments).tolist()]


def _without_leap_seconds(milliseconds: NDArray[np.int64], since: str) -> NDArray[np.int64]:
    """Stata's %tC counts leap seconds, the calendar does not: 23:59:60 becomes 23:59:59."""
    import numpy as np

    ends = (np.array(LEAP_SECONDS, "datetime64[D]") + 1 - np.datetime64(since, "D")).astype("int64")
    begin = ends * SIZE["days"] + 1000 * np.arange(len(ends))
    return milliseconds - 1000 * np.searchsorted(begin, milliseconds, side="right")


# periods that Stata counts from the start of 1960; its weeks are sevenths of days from 1 January, the 52nd is longer
PERIODS: dict[str, Callable[[int], str]] = {
    "week": lambda n: f"{1960 + n // 52}-w{n % 52 + 1:02}",
    "month": lambda n: f"{1960 + n // 12}-{n % 12 + 1:02}",
    "quarter": lambda n: f"{1960 + n // 4}Q{n % 4 + 1}",
    "half-year": lambda n: f"{1960 + n // 2}H{n % 2 + 1}",
    "year": str,
    "business day": lambda n: f"business day {n}",
}
