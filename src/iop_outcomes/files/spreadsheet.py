"""Excel and OpenDocument workbooks as text cells.

In order: the sheet is the one that `sheet` names (by name, or by number from 1), or the only visible one that is not
empty; its first row that is not empty gives the names of the columns; a cell that is a date is written in ISO form, a
length of time in hours, however many, a number stays a number (an Excel serial number among them: the mapping judges
it, from the workbook's own day 0), and error cells are missing. Columns of which a spreadsheet turned some text into
dates, and left the rest, are doubted (`halves`).

Refuses files that are no workbook, are locked by a password, or have several sheets and none named.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from iop_outcomes.errors import StudyError
from iop_outcomes.files import epochs, halves
from iop_outcomes.files.text_cells import Cells, column, headed, plain


def read(path: Path, options: Mapping[str, object]) -> Cells:
    """A sheet of a workbook as cells. options: sheet. Raises StudyError."""
    import pandas as pd

    with _opened(path) as book:
        sheet = book.get_sheet_by_index(_number(path.name, book, options.get("sheet")) - 1)
        rows, top = sheet.to_python(), (sheet.start or (0, 0))[0] + 1
    raw = [_lengths(values) for values in zip(*rows, strict=True)]
    columns = [column(values) for values in raw]
    header = next((i for i in range(len(rows)) if any(values[i] is not None for values in columns)), 0)
    names = [values[header] or "" for values in columns] if rows else []
    frame = pd.DataFrame({i: pd.Series(values[header + 1 :], dtype=object) for i, values in enumerate(columns)})
    doubts = {n: halves.doubt(v[header + 1 :], top + header + 1) for n, v in zip(plain(names), raw, strict=True)}
    found = headed(path.name, names, frame)
    return replace(found, shift=epochs.shift(path), doubts={name: why for name, why in doubts.items() if why})


def _lengths(values: Sequence[object]) -> Sequence[object]:
    """The cells of a column, lengths of time of a day and more among them as such.

    A cell with the format h:mm that holds 36 hours is read as noon of the first day in the workbook's count. Beside
    other times, and no date of any later year, it is a length of time.
    """
    kinds = {type(value) for value in values}
    if not kinds & {datetime.time, datetime.timedelta} or not kinds & {datetime.date, datetime.datetime}:
        return values
    moments = [v for v in values if isinstance(v, datetime.date)]
    if any(v.year not in (1900, 1904) or v.month > 2 for v in moments):
        return values
    return [_since_day_0(v) if isinstance(v, datetime.date) else v for v in values]


def _since_day_0(moment: datetime.date) -> datetime.timedelta:
    day_0 = datetime.datetime(1904, 1, 1) if moment.year == 1904 else datetime.datetime(1899, 12, 31)
    whole = moment if isinstance(moment, datetime.datetime) else datetime.datetime.combine(moment, datetime.time())
    return whole - day_0


def filled(path: Path) -> list[int]:
    """The numbers, from 1, of the visible sheets that are not empty. Raises StudyError."""
    with _opened(path) as book:
        return _filled(book)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The workbook. Raises StudyError, also for what goes wrong while it is read."""
    import python_calamine as calamine

    try:
        with calamine.load_workbook(str(path)) as book:
            yield book
    except calamine.PasswordError:
        raise StudyError(f"{path.name} is locked by a password. Save it again without one.") from None
    except (calamine.CalamineError, OSError):
        raise StudyError(
            f"{path.name} is not a workbook. Some programs write HTML or text under such a name: open it and save it "
            "as .xlsx, or as CSV."
        ) from None


def _filled(book: Any) -> list[int]:
    import python_calamine as calamine

    shown = calamine.SheetVisibleEnum.Visible
    visible = [i for i, sheet in enumerate(book.sheets_metadata) if sheet.visible == shown]
    return [i + 1 for i in visible if book.get_sheet_by_index(i).height]


def number(path: Path, wanted: object) -> int:
    """The number, from 1, of a sheet that is wanted by its name or number. Raises StudyError.

    Digits as text are a number where no sheet has such a name.
    """
    with _opened(path) as book:
        counted = isinstance(wanted, str) and wanted.isdigit() and wanted not in book.sheet_names
        return _number(path.name, book, int(str(wanted)) if counted else wanted)


def _number(where: str, book: Any, wanted: object) -> int:
    """The number of the sheet that is meant. Raises StudyError, which tells sheets by number: names may be people's."""
    names = book.sheet_names
    if wanted is None:
        numbers = _filled(book)
        if len(numbers) > 1:
            raise StudyError(
                f"{where} has {len(numbers)} visible sheets with something in them (numbers "
                f"{', '.join(map(str, numbers))}). Say which one is meant: `sheet`, its name or number. Each sheet is "
                "a table of its own."
            )
        wanted = numbers[0] if numbers else 1
    if wanted in names:
        return int(names.index(wanted)) + 1
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return wanted
    raise StudyError(
        f"{where} has no sheet '{wanted}'. Expected the name of one of its {len(names)} sheets, or a number from 1 to "
        f"{len(names)}. Set `sheet`."
    )
