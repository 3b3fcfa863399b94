"""Columns of dates that cannot be read in one way, whatever format is declared.

A spreadsheet that takes the month first turns 03/04/2024 into the 4th of March and leaves 13/04/2024 as text. Saved as
text again, such a column has dates with the year first (or numbers of days) beside days first, or 3/4/2024 beside
13/04/2024; half of its dates are wrong. And a column of which many cells fit only the other order of day and month than
the declared one is written in the other order, or in both: the cells that fit both would be read, and be wrong.

Refuses a column with so clear a pattern that chance does not make it:

- dates with the year first, or numbers of days, all up to the 12th of a month, and text of which nothing can be read
  month first and day first alike;
- text without leading zeros, all of which can be read both ways, beside text with them, none of which can;
- a tenth of the text of the form 13/04/2024, and three rows, that fits the order alone that was not declared.

Single cells are left to the rules of `dates`. Messages tell numbers of cells, and no cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NUMERIC = r"^(?P<first>[0-9]{1,2})[-/. ](?P<second>[0-9]{1,2})[-/. ][0-9]{4}(?:[^0-9].*)?$"
MONTHS = 12
# different cells of each kind that make a pattern
FEW, SEVERAL = 3, 5
# rows, and their share, that speak against the declared order
ROWS, SHARE = 3, 0.1
ORDERS = {"dm": "day first", "md": "month first"}

CURE = (
    "Get the export from its program as text, with the year first (2024-04-03), or import it again with this column as "
    "text; do not open and save it in a spreadsheet before"
)


def check(text: pd.Series, certain: pd.Series, rows: NDArray[np.int64], layout: str | None, where: str) -> None:
    """Raise StudyError for a column with two readings.

    text: distinct cells, one str or None each. certain: days from 1970-01-01 of those with the year first, and of
    numbers of days. rows: in how many rows each cell stands. layout: the declared format.
    """
    import pandas as pd

    parts = text.dropna().astype("string").str.extract(NUMERIC).dropna()
    if parts.empty:
        return
    first, second = parts["first"], parts["second"]
    numbers = pd.DataFrame({"first": first.astype("int64"), "second": second.astype("int64")})
    either = (numbers <= MONTHS).all(axis=1)
    _turned_into_dates(certain.dropna(), either, where)
    _turned_into_text(first, second, either, where)
    _other_order(numbers, either, rows, layout, where)


def _turned_into_dates(certain: pd.Series, either: pd.Series, where: str) -> None:
    import numpy as np

    if len(certain) < FEW or len(either) < FEW or either.any():
        return
    moments = certain.to_numpy("int64").astype("datetime64[D]")
    of_month = (moments - moments.astype("datetime64[M]")).astype("int64") + 1
    if np.all(of_month <= MONTHS):
        raise StudyError(
            f"{where} has two readings: {len(certain)} different cells are dates with the year first, or numbers of "
            f"days, none later than the 12th of a month, and {len(either)} are text such as 13/04/2024, none of which "
            "could be read month first and day first alike. A spreadsheet has turned those that could into dates, in "
            f"the wrong order of day and month. {CURE}."
        )


def _turned_into_text(first: pd.Series, second: pd.Series, either: pd.Series, where: str) -> None:
    bare = (first.str.fullmatch("[1-9]") | second.str.fullmatch("[1-9]")).astype(bool)
    padded = (first.str.startswith("0") | second.str.startswith("0")).astype(bool)
    clear = bare.sum() >= SEVERAL and (padded & ~either).sum() >= FEW
    if clear and not (bare & ~either).any() and not (padded & either).any():
        raise StudyError(
            f"{where} has two readings: {int(bare.sum())} different cells are written without leading zeros, such as "
            f"3/4/2024, all of which can be read month first and day first, and {int((padded & ~either).sum())} with "
            "them, such as 13/04/2024, none of which can. A spreadsheet has turned those that could, in the wrong "
            f"order of day and month. {CURE}."
        )


def _other_order(
    numbers: pd.DataFrame, either: pd.Series, rows: NDArray[np.int64], layout: str | None, where: str
) -> None:
    order = "".join(re.findall("%([dm])", layout or ""))
    if order not in ORDERS or re.match("%Y", str(layout)):
        return
    day, month = ("first", "second") if order == "dm" else ("second", "first")
    against = (numbers[month] > MONTHS) & numbers[month].le(31) & numbers[day].between(1, MONTHS)
    weight = rows[numbers.index.to_numpy()]
    n, total = int(weight[against.to_numpy()].sum()), int(weight.sum())
    if n >= ROWS and n >= SHARE * total:
        other = ORDERS["md" if order == "dm" else "dm"]
        raise StudyError(
            f"{where} has two readings: `date_format` says {ORDERS[order]}, and {n} of {total} cells of the form "
            f"13/04/2024 can only be read {other}. Those that fit both would be read in the wrong order. Ask who "
            "made the export: declare the other order if all are written so, else correct the column at its source."
        )
