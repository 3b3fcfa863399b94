"""Columns that hold dates as whole numbers of days, brought to Excel's usual count (`counted`) or to dates (`shown`).

The identifier gate is shown dates, since five digits look like ZIP codes, and a date of birth like any number. Refuses
nothing: a cell that is no such number stays as it is, for whoever reads dates to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.files.epochs import DAY_0

if TYPE_CHECKING:
    import pandas as pd

COUNT = r"[+-]?\d{1,7}(?:\.\d+)?"


def counted(frame: pd.DataFrame, columns: Mapping[str, int | None], shift: int) -> pd.DataFrame:
    """The frame with counts of days from 1899-12-30.

    columns: those that count days, with the days to add to be Excel's; None where the file tells. shift: what the file
    itself asks for (text_cells.Cells).
    """
    days = {name: n for name, n in _days(frame, columns, shift).items() if n}
    return frame.assign(**{name: _mapped(frame[name], n, False) for name, n in days.items()}) if days else frame


def shown(frame: pd.DataFrame, columns: Mapping[str, int | None], shift: int) -> pd.DataFrame:
    """The frame with counts of days as dates (YYYY-MM-DD)."""
    days = _days(frame, columns, shift)
    return frame.assign(**{name: _mapped(frame[name], n, True) for name, n in days.items()}) if days else frame


def _days(frame: pd.DataFrame, columns: Mapping[str, int | None], shift: int) -> dict[str, int]:
    """Days to add in each column that the frame has."""
    return {name: shift if own is None else own for name, own in columns.items() if name in frame}


def _mapped(cells: pd.Series, shift: int, as_dates: bool) -> pd.Series:
    """The cells with their numbers moved, distinct ones once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(cells)
    found = pd.Series([*distinct, None], dtype=object)
    number = found.where(found.astype("string").str.fullmatch(COUNT).fillna(False).astype(bool))
    days = pd.to_numeric(number, errors="coerce").to_numpy("float64")
    count = ~np.isnan(days)
    moved = np.floor(days[count]).astype("int64") + shift
    dates = np.datetime64(DAY_0.isoformat(), "D") + moved
    found[count] = np.datetime_as_string(dates) if as_dates else [str(n) for n in moved]
    return found.take(codes).set_axis(cells.index)
