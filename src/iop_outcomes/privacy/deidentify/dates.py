"""Text as calendar dates, in whole days; the time of day is dropped.

In order: an explicit format is used as it is; otherwise values are read in the ways that leave no doubt (year first,
month by name), and the rest with the day or the month first, whichever reads every one of them. The date is the one
that is written: time zones move nothing.

Refuses a column in which days and months cannot be told apart, or that reads in two ways (`spelling.two_readings`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

CLEAR = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d-%b-%Y", "%d%b%Y", "%d %b %Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y",
    "%B %d, %Y", "%B %d %Y", "%d.%m.%Y",
)  # fmt: skip
# with the month first, and with the day first
DOUBTFUL = (("%m/%d/%Y", "%d/%m/%Y"), ("%m-%d-%Y", "%d-%m-%Y"))
TIME = r"^(.*?[0-9])[T :]+[0-9]{1,2}:[0-9]{2}.*$"
COMPACT_TIME = r"^([0-9]{8})[0-9]{6}$"
EXCEL = "excel"
EXCEL_DAY_0 = "1899-12-30"


def days(values: pd.Series, label: str, form: str | None = None) -> pd.Series:
    """Whole days since 1970-01-01 (float64, missing where a value is no date).

    values: text, or dates and times. label: how an error may call the column. form: as for strptime, or 'excel' for
    its serial numbers. Raises StudyError.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _since_1970(values.dt.tz_localize(None) if values.dt.tz is not None else values)
    codes, distinct = pd.factorize(values)
    read = _read(pd.Series(distinct, dtype=object), label, form).to_numpy()
    found = pd.Series(float("nan"), index=values.index)
    found[codes >= 0] = read[codes[codes >= 0]]
    return found


def as_text(number: pd.Series) -> pd.Series:
    """Whole days since 1970-01-01 as YYYY-MM-DD."""
    import pandas as pd

    return pd.to_datetime(number, unit="D").dt.strftime("%Y-%m-%d").astype(object)


def period(number: pd.Series, which: str) -> pd.Series:
    """The calendar year (2024) or quarter (2024Q1) of days since 1970-01-01; missing where they are."""
    import pandas as pd

    day = pd.to_datetime(number, unit="D")
    told = day.dt.to_period({"year": "Y", "quarter": "Q"}[which]).astype("string").astype(object)
    return told.mask(number.isna(), other=None)


def years_between(birth: pd.Series, day: pd.Series) -> pd.Series:
    """Completed years from a birth date to a day, both in days since 1970-01-01."""
    import pandas as pd

    born, on = pd.to_datetime(birth, unit="D"), pd.to_datetime(day, unit="D")
    before = (on.dt.month < born.dt.month) | ((on.dt.month == born.dt.month) & (on.dt.day < born.dt.day))
    return on.dt.year - born.dt.year - before


def _since_1970(dates: pd.Series) -> pd.Series:
    import pandas as pd

    return ((dates.dt.normalize() - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)).astype("float64")


def _read(text: pd.Series, label: str, form: str | None) -> pd.Series:
    import numpy as np
    import pandas as pd

    from iop_outcomes.spelling import two_readings

    if form == EXCEL:
        numbers = pd.to_numeric(text, errors="coerce")
        start = (pd.Timestamp(EXCEL_DAY_0) - pd.Timestamp("1970-01-01")).days
        return (numbers.where((numbers > 0) & (numbers < 200_000)) // 1 + start).astype("float64")
    text = text.astype("string").str.strip()
    if form is not None:
        found = _parsed(text, form)
        two_readings.check(text, found[:0], np.ones(len(text), int), form, label)
        return found
    bare = text.str.replace(TIME, r"\1", regex=True).str.replace(COMPACT_TIME, r"\1", regex=True)
    found = pd.Series(float("nan"), index=text.index)
    for clear in CLEAR:
        found = found.fillna(_parsed(bare.where(found.isna()), clear))
    two_readings.check(bare, found.dropna().astype("int64"), np.ones(len(text), int), None, label)
    for month_first, day_first in DOUBTFUL:
        rest = bare.where(found.isna())
        found = found.fillna(_decided(_parsed(rest, month_first), _parsed(rest, day_first), label))
    return found


def _parsed(text: pd.Series, form: str) -> pd.Series:
    import pandas as pd

    return _since_1970(pd.to_datetime(text, format=form, errors="coerce").astype("datetime64[ns]"))


def _decided(month_first: pd.Series, day_first: pd.Series, label: str) -> pd.Series:
    """The reading that covers the other one. Raises StudyError where neither does, or both do and differ."""
    only_month, only_day = month_first.notna() & day_first.isna(), day_first.notna() & month_first.isna()
    same = month_first.eq(day_first) | (month_first.isna() & day_first.isna())
    if only_month.any() != only_day.any():
        return month_first if only_month.any() else day_first
    if same.all():
        return month_first
    raise StudyError(
        f"{label}: days and months cannot be told apart. Say which comes first, with --date COLUMN=%m/%d/%Y or "
        "--date COLUMN=%d/%m/%Y."
    )
