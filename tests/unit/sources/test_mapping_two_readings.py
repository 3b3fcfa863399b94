"""Dates that stand in a file in two ways, or as numbers of days; lengths of time as numbers of minutes and hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
import workbooks
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.files import formats
from iop_outcomes.privacy import identifiers
from iop_outcomes.protocol import ColumnMapping
from iop_outcomes.sources import draft
from iop_outcomes.sources.mapping import dates

EPOCH = dt.date(1970, 1, 1)
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=5 * i) for i in range(30)]
WRITERS: dict[str, Callable[..., None]] = {
    "xls": workbooks.write_xls,
    "xlsb": workbooks.write_xlsb,
    "ods": workbooks.write_ods,
}


def write_xlsx(path: Path, rows: workbooks.Rows, since: dt.date = workbooks.EPOCH) -> None:
    book = openpyxl.Workbook()
    if since == workbooks.MAC:
        book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book.active.append(row)
    book.save(path)


WRITERS["xlsx"] = write_xlsx


def study(path: Path, start: Any, sessions: Any = None) -> dict[str, Any]:
    """Settings that map a file with columns id and start, and for sessions a column length."""
    person = {"person_id": "id"}
    stay = {"site_id": "x", "level_of_care": "2.1", "discharge_reason": "", "program_type": "substance_use"}
    tables: dict[str, Any] = {
        "stays": {
            "columns": {
                **person,
                "start_day": start,
                "end_day": {"value": ""},
                **{n: {"value": v} for n, v in stay.items()},
            },
            "ignore_others": True,
        },
        "persons": {"columns": {**person, "age": {"value": "30"}, "sex": {"value": "unknown"}}, "ignore_others": True},
    }
    if sessions:
        fixed = {"level_of_care": {"value": "2.1"}, "modality": {"value": "unknown"}}
        tables["sessions"] = {"columns": {**person, "day": start, "minutes": sessions, **fixed}, "ignore_others": True}
    return {
        "kind": "mapping", "dates": "calendar", "extract_date": "2030-12-31", "tables": tables, "path": str(path),
        "privacy": {"limited_dataset": True},
    }  # fmt: skip


def entries(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The calendar day on which each person's first stay began, from the days to the extract."""
    last = dt.date(2030, 12, 31)
    return [(last - dt.timedelta(days=int(d))).isoformat() for d in tables["persons"]["observed_to_day"]]


def half_turned(days: list[dt.date], layout: str) -> list[Any]:
    """What a spreadsheet that takes days and months in the other order than they were written makes of text."""
    other = "%m/%d/%Y" if layout == "%d/%m/%Y" else "%d/%m/%Y"
    cells: list[Any] = []
    for day in days:
        try:
            cells.append(dt.datetime.strptime(day.strftime(layout), other).date())
        except ValueError:
            cells.append(day.strftime(layout))
    return cells


@pytest.mark.parametrize("layout", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("clock", ["", " 10:30"])
def test_a_column_that_a_spreadsheet_has_half_turned_is_refused(
    tmp_path: Path, layout: str, suffix: str, clock: str
) -> None:
    cells = [c + clock if isinstance(c, str) else c for c in half_turned(DAYS, layout)]
    rows = [["id", "start"], *([f"p{i}", cell] for i, cell in enumerate(cells))]
    path = tmp_path / f"x.{suffix}"
    WRITERS[suffix](path, rows)
    text = [i for i, cell in enumerate(cells, 2) if isinstance(cell, str)]
    for start in ("start", {"column": "start", "date_format": layout}):
        with pytest.raises(StudyError) as caught:
            sources.read("mapping", study(path, start))
        said = str(caught.value)
        assert "the column 'start' has two readings" in said
        assert f"{30 - len(text)} of its cells are dates, and {len(text)} hold text" in said
        assert f"rows {text[0]}, {text[1]}" in said
        assert "2024-01" not in said
    assert "has two readings" in draft.draft([path])


@pytest.mark.parametrize("few", [2, 4])
def test_a_few_cells_are_enough_in_a_workbook(tmp_path: Path, few: int) -> None:
    rows = [["id", "start"], ["a", dt.date(2024, 4, 3)], ["b", "13/04/2024"], ["c", "14/04/2024"], ["d", "15/04/24"]]
    write_xlsx(tmp_path / "x.xlsx", rows[: few + 1])
    with pytest.raises(StudyError, match="two readings"):
        sources.read("mapping", study(tmp_path / "x.xlsx", {"column": "start", "date_format": "%d/%m/%Y"}))


@pytest.mark.parametrize(
    ("layout", "form"), [("iso", "%Y-%m-%d"), ("%d-%b-%Y", "%d-%b-%Y"), ("%B %d, %Y", "%B %d, %Y"), ("iso", "%Y/%m/%d")]
)
def test_text_with_one_reading_stands_beside_dates(tmp_path: Path, layout: str, form: str) -> None:
    cells = [day.strftime(form) if i % 2 else day for i, day in enumerate(DAYS)]
    write_xlsx(tmp_path / "x.xlsx", [["id", "start"], *([f"p{i}", cell] for i, cell in enumerate(cells))])
    tables = sources.read("mapping", study(tmp_path / "x.xlsx", {"column": "start", "date_format": layout}))
    assert entries(tables) == [day.isoformat() for day in DAYS]


def test_dates_and_text_that_nothing_was_done_to_stand_together(tmp_path: Path) -> None:
    cells = [day if i % 2 else day.strftime("%d/%m/%Y") for i, day in enumerate(DAYS)]
    write_xlsx(tmp_path / "x.xlsx", [["id", "start"], *([f"p{i}", cell] for i, cell in enumerate(cells))])
    tables = sources.read("mapping", study(tmp_path / "x.xlsx", {"column": "start", "date_format": "%d/%m/%Y"}))
    assert entries(tables) == [day.isoformat() for day in DAYS]


def test_a_stray_text_among_many_dates_is_set_aside_and_no_reason_to_stop(tmp_path: Path) -> None:
    rows = [["id", "start"], *([f"p{i}", day] for i, day in enumerate([*DAYS, *DAYS])), ["q", "13/04/2024"]]
    write_xlsx(tmp_path / "x.xlsx", rows)
    tables = sources.read("mapping", study(tmp_path / "x.xlsx", {"column": "start", "date_format": "iso"}))
    assert tables["quarantine"]["rule"].tolist() == ["date in an undeclared format in start_day"]


def parse(cells: list[str], **how: Any) -> list[str]:
    text = pd.Series(cells, dtype=object)
    days, rules = dates.parse(text, np.ones(len(text), int), dates.Reading("stays.start_day", **how))
    assert rules.isna().all()
    return [(EPOCH + dt.timedelta(days=int(d))).isoformat() for d in days]


def as_saved(cell: Any, form: str) -> str:
    """A cell of a half-turned column as a spreadsheet, or a program that reads it, saves it as text."""
    if isinstance(cell, str):
        return cell
    return {
        "iso": cell.isoformat(),
        "moment": f"{cell.isoformat()} 00:00:00",
        "serial": str((cell - workbooks.EPOCH).days),
        "short": f"{cell.month}/{cell.day}/{cell.year}",
        "short_day_first": f"{cell.day}/{cell.month}/{cell.year}",
    }[form]


@pytest.mark.parametrize("layout", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("form", ["iso", "moment", "serial", "short", "short_day_first"])
def test_a_half_turned_column_is_refused_as_text_too(layout: str, form: str) -> None:
    cells = list(dict.fromkeys(as_saved(cell, form) for cell in half_turned(DAYS, layout)))
    with pytest.raises(StudyError, match=r"stays\.start_day has two readings") as caught:
        parse(cells, layout=layout, excel_serial=form == "serial")
    assert "2024-01-" not in str(caught.value).replace("2024-04-03", "")


@pytest.mark.parametrize("layout", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("mixed", ["iso", "moment", "serial", "unpadded", "clock"])
def test_dates_of_two_forms_that_mean_one_thing_are_read(layout: str, mixed: str) -> None:
    bare = layout.replace("%d", "{0.day}").replace("%m", "{0.month}").replace("%Y", "{0.year}")
    write: dict[str, Callable[[dt.date], str]] = {
        "iso": lambda day: day.isoformat(),
        "moment": lambda day: f"{day.isoformat()}T08:15:00",
        "serial": lambda day: str((day - workbooks.EPOCH).days),
        "unpadded": bare.format,
        "clock": lambda day: day.strftime(layout) + " 08:15",
    }
    cells = [write[mixed](day) if i % 2 else day.strftime(layout) for i, day in enumerate(DAYS)]
    assert parse(cells, layout=layout, excel_serial=True) == [day.isoformat() for day in DAYS]


def test_the_other_order_than_the_declared_one_is_refused_and_typing_errors_are_set_aside() -> None:
    cells = [day.strftime("%d/%m/%Y") for day in DAYS]
    with pytest.raises(StudyError, match=r"says month first, and .* of 30 cells .* only be read day first"):
        parse(cells, layout="%m/%d/%Y")
    text = pd.Series([*cells, "04/31/2024", "04/13/2024"], dtype=object)
    _, rules = dates.parse(text, np.ones(len(text), int), dates.Reading("x", "%d/%m/%Y"))
    assert rules.dropna().tolist() == ["impossible date", "date in an undeclared format"]


@pytest.mark.parametrize("cell", ["2024-03", "2024Q1", "2024H1", "2024-w09", "business day 1234"])
def test_a_period_is_no_day(cell: str) -> None:
    text = pd.Series([cell], dtype=object)
    days, rules = dates.parse(text, np.ones(1, int), dates.Reading("x"))
    assert days.isna().all()
    assert rules.tolist() == ["period longer than a day"]


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("since", [workbooks.EPOCH, workbooks.MAC])
def test_serial_numbers_count_from_the_day_that_the_workbook_names(tmp_path: Path, suffix: str, since: dt.date) -> None:
    path = tmp_path / f"x.{suffix}"
    for start in ({"column": "start", "excel_serial": True}, {"column": "start", "days_from": since}, "start"):
        cells = DAYS if start == "start" else [(day - since).days for day in DAYS]
        WRITERS[suffix](path, [["id", "start"], *([f"p{i}", cell] for i, cell in enumerate(cells))], since=since)
        assert entries(sources.read("mapping", study(path, start))) == [day.isoformat() for day in DAYS]


@pytest.mark.parametrize("since", ["1899-12-30", "1904-01-01", "1960-01-01", "1970-01-01"])
def test_days_from_a_date_that_the_mapping_names(tmp_path: Path, since: str) -> None:
    numbers = [(day - dt.date.fromisoformat(since)).days for day in DAYS]
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(len(DAYS))], "start": numbers})
    frame.to_csv(tmp_path / "x.csv", index=False)
    tables = sources.read("mapping", study(tmp_path / "x.csv", {"column": "start", "days_from": since}))
    assert entries(tables) == [day.isoformat() for day in DAYS]
    pyreadstat.write_dta(frame, str(tmp_path / "x.dta"))
    tables = sources.read("mapping", study(tmp_path / "x.dta", {"column": "start", "days_from": since}))
    assert entries(tables) == [day.isoformat() for day in DAYS]


def test_days_from_and_excel_serial_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="either Excel's day counts"):
        ColumnMapping(column="x", excel_serial=True, days_from=dt.date(1960, 1, 1))


def test_the_gate_sees_declared_counts_of_days_as_dates(tmp_path: Path) -> None:
    numbers = [(day - workbooks.EPOCH).days for day in DAYS]
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(len(DAYS))], "start": numbers})
    frame.to_csv(tmp_path / "x.csv", index=False)
    assert {f.rule for f in identifiers.findings(formats.read(tmp_path / "x.csv").frame)} == {"ZIP codes"}
    given = study(tmp_path / "x.csv", {"column": "start", "excel_serial": True})
    assert len(sources.read("mapping", given)["stays"]) == len(DAYS)
    with pytest.raises(StudyError, match="'start' looks like dates"):
        sources.read("mapping", {**given, "privacy": {}})
    with pytest.raises(StudyError, match=r"On ZIP codes: .* `excel_serial`"):
        sources.read("mapping", study(tmp_path / "x.csv", "start"))
    births = [n - 365 * (20 + 2 * i) for i, n in enumerate(numbers)]
    frame.assign(other=numbers, start=births).to_csv(tmp_path / "x.csv", index=False)
    given["tables"]["stays"]["columns"]["end_day"] = {"column": "other", "excel_serial": True}
    with pytest.raises(StudyError, match="'start' looks like birth dates"):
        sources.read("mapping", given)


def lengths(path: Path) -> None:
    """A file with three lengths of time: 90 minutes, 36 hours and 15 minutes, none."""
    seconds = pd.Series([5400.0, 130500.0, np.nan])
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.append(["id", "start", "length", "hhmm"])
        for i, s in enumerate([5400, 130500, None]):
            book.active.append([f"p{i}", dt.date(2024, 1, 5), s and s / 86400, s and s / 86400])
        for row in book.active.iter_rows(min_row=2):
            row[2].number_format, row[3].number_format = "[h]:mm", "h:mm"
        book.save(path)
        return
    frame = pd.DataFrame({"id": ["p0", "p1", "p2"], "start": ["2024-01-05"] * 3, "length": seconds, "hhmm": seconds})
    if path.suffix == ".xpt":
        pyreadstat.write_xport(frame, str(path), variable_format={"length": "TIME8", "hhmm": "HHMM5"})
    elif path.suffix == ".sav":
        pyreadstat.write_sav(frame, str(path), variable_format={"length": "TIME8", "hhmm": "DTIME12"})
    else:
        parquet = frame.assign(length=pd.to_timedelta(seconds, unit="s"), hhmm=pd.to_timedelta(seconds, unit="s"))
        parquet.to_parquet(path) if path.suffix == ".parquet" else parquet.to_csv(path, index=False)


@pytest.mark.parametrize("column", ["length", "hhmm"])
@pytest.mark.parametrize(
    ("suffix", "unit"),
    [
        *((suffix, None) for suffix in ("xlsx", "xpt", "sav", "parquet", "csv")),
        *(("sav", unit) for unit in ("minutes", "hours", "quarter_hours", "hours_minutes")),
    ],
)
def test_a_length_of_time_is_the_minutes_of_a_session(
    tmp_path: Path, suffix: str, column: str, unit: str | None
) -> None:
    path = tmp_path / f"x.{suffix}"
    lengths(path)
    tables = sources.read("mapping", study(path, "start", {"column": column, "unit": unit}))
    assert tables["sessions"]["minutes"].fillna(-1).tolist() == [90, 2175, -1]
    # more than a day is no session: it is set aside under the rule for numbers, and not as a unit that changes
    assert not tables["quarantine"]["rule"].str.startswith("unreadable").any()


@pytest.mark.parametrize(
    ("unit", "cells", "minutes"),
    [
        ("hours_minutes", ["1:30", "0:45", "2", "01:30:00"], [90, 45, 120, 90]),
        ("minutes_seconds", ["45:00", "90:30", "50", "01:30:00"], [45, 90.5, 50, 90]),
        (None, ["PT1H30M", "PT45M", "0 days 01:00:00", "50"], [90, 45, 60, 50]),
        ("hours", ["PT1H30M", "00:45:00", "1.5", "2"], [90, 45, 90, 120]),
    ],
)
def test_lengths_of_time_in_text(tmp_path: Path, unit: str | None, cells: list[str], minutes: list[float]) -> None:
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(4)], "start": "2024-01-05", "length": cells})
    frame.to_csv(tmp_path / "x.csv", index=False)
    tables = sources.read("mapping", study(tmp_path / "x.csv", "start", {"column": "length", "unit": unit}))
    assert tables["sessions"]["minutes"].tolist() == minutes
    if any(cell.count(":") == 1 for cell in cells):
        with pytest.raises(StudyError, match=r"sessions\.minutes: 2 different cells have the form 1:30.*hours_minutes"):
            sources.read("mapping", study(tmp_path / "x.csv", "start", {"column": "length", "unit": "minutes"}))


def test_a_draft_tells_lengths_of_time_and_counts_of_days(tmp_path: Path) -> None:
    n = 60
    frame = pd.DataFrame({
        "person_id": [f"p{i % 20}x" for i in range(n)],
        "service_date": [(DAYS[i % 30] - dt.date(1960, 1, 1)).days for i in range(n)],
        "duration": [5400.0 + 900 * (i % 5) for i in range(n)],
    })  # fmt: skip
    pyreadstat.write_xport(frame, str(tmp_path / "a.xpt"), variable_format={"duration": "TIME8"})
    said = draft.draft([tmp_path / "a.xpt"])
    assert "days_from: TODO" in said
    assert "excel_serial: true }" not in said
    assert "a length of time" in said
    shown = {"duration": "HHMM5", "service_date": "MONYY7"}
    pyreadstat.write_xport(frame, str(tmp_path / "a.xpt"), variable_format=shown)
    said = draft.draft([tmp_path / "a.xpt"])
    assert "days_from" not in said
    assert "with the year first" in said
    clock = frame.assign(duration=["1:30", "0:45"] * 30, service_date="2024-01-05")
    clock.to_csv(tmp_path / "a.csv", index=False)
    assert "unit: TODO" in draft.draft([tmp_path / "a.csv"])
