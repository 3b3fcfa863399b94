"""Dates, moments, periods and lengths of time of Stata, SPSS and SAS, whose meaning lives in a display format.

All formats of a program are columns of one file, so that a grid of them costs one reading.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.files import displays, formats
from iop_outcomes.privacy import identifiers

Writer = Callable[..., None]
FORMATS = Path(__file__).parents[1] / "data" / "display_formats.tsv"

DAY, MOMENT = date(2024, 1, 5), datetime(2024, 1, 5, 10, 30, 45)
DAYS = (DAY - date(1960, 1, 1)).days
SECONDS = (MOMENT - datetime(1960, 1, 1)).total_seconds()
SINCE_1582 = (MOMENT - datetime(1582, 10, 14)).total_seconds()
LONG = 36.25 * 3600  # a day and a quarter, and fifteen minutes

# what the numbers of each text are, by program; for which formats stands in files/display_formats.tsv
NUMBERS: dict[str, dict[str, float]] = {
    "SAS": {"2024-01-05": DAYS, "2024-01-05T10:30:45": SECONDS, "36:15:00": LONG, "5": 5},
    "SPSS": {"2024-01-05": SINCE_1582, "2024-01-05T10:30:45": SINCE_1582, "36:15:00": LONG, "5": 5},
    "Stata": {
        "2024-01-05": DAYS,
        "2024-01-05T10:30:45": 1000 * SECONDS,
        "2024-01-05T10:30:18": 1000 * SECONDS,  # with 27 leap seconds
        "2024-w09": 64 * 52 + 8,
        "2024-03": 64 * 12 + 2,
        "2024Q2": 64 * 4 + 1,
        "2024H2": 64 * 2 + 1,
        "2024": 2024,
        "business day 1234": 1234,
    },
}


def grid(program: str) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """A frame with a column for each format of a program, with one missing cell; their formats; their texts."""
    number, format_, text = {}, {}, {}
    with open(FORMATS, encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["program"] == program]
    for i, row in enumerate(rows):
        value = NUMBERS[program][row["text"]]
        for j, name in enumerate(row["formats"].split()):
            column = f"v{i}_{j}"
            number[column], format_[column], text[column] = [value, np.nan, value], name, row["text"]
    return pd.DataFrame(number), format_, text


@pytest.mark.parametrize(
    ("suffix", "program", "write", "options"),
    [
        (".dta", "Stata", pyreadstat.write_dta, {}),
        (".sav", "SPSS", pyreadstat.write_sav, {}),
        (".zsav", "SPSS", pyreadstat.write_sav, {"compress": True}),
        (".xpt", "SAS", pyreadstat.write_xport, {"file_format_version": 8}),
        (".xpt", "SAS", pyreadstat.write_xport, {"file_format_version": 5}),
    ],
)
def test_a_number_means_what_its_display_format_says(
    tmp_path: Path, suffix: str, program: str, write: Writer, options: dict[str, object]
) -> None:
    frame, format_, text = grid(program)
    if options.get("file_format_version") == 5:
        format_ = {n: f for n, f in format_.items() if len(f.rstrip("0123456789.")) <= 8}  # longer names are cut there
        frame = frame[list(format_)]
    write(frame, str(tmp_path / f"x{suffix}"), variable_format=format_, **options)
    read = formats.read(tmp_path / f"x{suffix}").frame.rename(columns=str.lower)
    wrong = {format_[n]: read[n].tolist() for n in format_ if read[n].tolist() != [text[n], None, text[n]]}
    assert not wrong


def test_periods_and_dates_that_pandas_writes(tmp_path: Path) -> None:
    moments = pd.Series(pd.to_datetime(["2024-03-04 13:45:00", None, "1955-12-20 00:00:00"]))
    kinds = ("tc", "td", "tw", "tm", "tq", "th", "ty")
    frame = pd.DataFrame({kind: moments for kind in kinds})
    frame.to_stata(tmp_path / "x.dta", convert_dates={kind: kind for kind in kinds}, write_index=False)
    assert formats.read(tmp_path / "x.dta").frame.to_dict("list") == {
        "tc": ["2024-03-04T13:45:00", None, "1955-12-20T00:00:00"],
        "td": ["2024-03-04", None, "1955-12-20"],
        "tw": ["2024-w10", None, "1955-w51"],
        "tm": ["2024-03", None, "1955-12"],
        "tq": ["2024Q1", None, "1955Q4"],
        "th": ["2024H1", None, "1955H2"],
        "ty": ["2024", None, "1955"],
    }


@settings(max_examples=50, deadline=None)
@given(st.datetimes(datetime(1583, 1, 1), datetime(9999, 12, 31)))
def test_a_moment_is_given_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    seconds = pd.Series([(moment - datetime(1960, 1, 1)) / timedelta(seconds=1)])
    assert displays.written(seconds, displays.display("SAS", "DATETIME20")) == [moment.isoformat()]
    assert displays.written(1000 * seconds, displays.display("Stata", "%tcCCYY_HH:MM")) == [moment.isoformat()]
    assert displays.written(seconds // 86400, displays.display("SAS", "MONYY7.")) == [moment.date().isoformat()]
    since = pd.Series([(moment - datetime(1582, 10, 14)) / timedelta(seconds=1)])
    assert displays.written(since, displays.display("SPSS", "MOYR8")) == [moment.date().isoformat()]


@settings(max_examples=50, deadline=None)
@given(st.integers(-(10**7), 10**7))
def test_a_length_of_time_keeps_its_hours(seconds: int) -> None:
    (text,) = displays.written(pd.Series([float(seconds)]), displays.display("SPSS", "DTIME12"))
    hours, minutes, rest = text.lstrip("-").split(":")
    assert (-1 if text[0] == "-" else 1) * (3600 * int(hours) + 60 * int(minutes) + int(rest)) == seconds


@settings(max_examples=100, deadline=None)
@given(st.floats(), st.sampled_from(["%td", "%tc", "%tC", "%tw", "%tm", "%tq", "%th", "%ty", "%tb"]))
def test_any_number_is_written_or_missing(value: float, name: str) -> None:
    (text,) = displays.written(pd.Series([value]), displays.display("Stata", name))
    assert (text is None) == (value != value)


def test_leap_seconds_of_stata_are_no_seconds_of_the_calendar() -> None:
    said = displays.display("Stata", "%tC")
    first = 1000 * (datetime(1972, 7, 1) - datetime(1960, 1, 1)).total_seconds()
    seconds = pd.Series([first - 1000, first, first + 1000, first + 2000])
    assert [t[-8:] for t in displays.written(seconds, said)] == ["23:59:59", "23:59:59", "00:00:00", "00:00:01"]


def test_labels_stand_beside_dates_and_users_missing_values_are_missing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"d": [SINCE_1582, -9.0, -8.0, np.nan]})
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "x.sav"),
        variable_format={"d": "MOYR8"},
        missing_ranges={"d": [-9]},
        variable_value_labels={"d": {-8: "never admitted"}},
    )
    assert formats.read(tmp_path / "x.sav").frame["d"].tolist() == ["2024-01-05", None, "1582-10-13", None]
    labelled = formats.read(tmp_path / "x.sav", {"labels": True}).frame
    assert labelled["d"].tolist() == ["2024-01-05", None, "never admitted", None]


def test_birth_dates_do_not_pass_the_gate_in_any_format(tmp_path: Path) -> None:
    births = pd.Series(DAYS - 365.25 * np.linspace(20, 70, 60)).round()
    served = pd.Series(DAYS - np.arange(60.0))
    shown = ["WORDDATE18", "YYMMN6", "YEAR4", "JULIAN7", "MONYY7", "EURDFDD8"]
    frame = pd.DataFrame({**{f"b{i}": births for i in range(len(shown))}, "x": served})
    format_ = {**{f"b{i}": name for i, name in enumerate(shown)}, "x": "QTR1"}
    pyreadstat.write_xport(frame, str(tmp_path / "x.xpt"), variable_format=format_)
    found = identifiers.findings(formats.read(tmp_path / "x.xpt").frame)
    assert {(f.column, f.rule) for f in found} == {
        *((f"b{i}", "birth dates") for i in range(len(shown))),
        ("x", "dates"),
    }
    weeks = pd.DataFrame({"w": births // 7, "m": births // 30.5, "x": served})
    pyreadstat.write_dta(weeks, str(tmp_path / "x.dta"), variable_format={"w": "%tw", "m": "%tmMon_YY", "x": "%tdD_m"})
    found = identifiers.findings(formats.read(tmp_path / "x.dta").frame)
    assert {(f.column, f.rule) for f in found} == {("w", "birth dates"), ("m", "birth dates"), ("x", "dates")}


@pytest.mark.parametrize(("width", "blank"), [(4, 80), (9, 80), (100, 80), (100, 1), (200, 3)])
def test_a_transport_file_that_loses_blank_rows_is_refused(tmp_path: Path, width: int, blank: int) -> None:
    frame = pd.DataFrame({"a": ["x" * width] * 3 + [""] * blank, "b": ["y"] * 3 + [""] * blank})
    pyreadstat.write_xport(frame, str(tmp_path / "x.xpt"), file_format_version=8)
    assert len(formats.read(tmp_path / "x.xpt").frame) == 3 + blank
    pyreadstat.write_xport(frame, str(tmp_path / "x.xpt"), file_format_version=5)
    with pytest.raises(StudyError, match=r"^x\.xpt: .* at its end .* blank, and are lost"):
        formats.read(tmp_path / "x.xpt")
    for whole in (frame.iloc[:3], frame.iloc[:0], frame.assign(n=1.0)):
        pyreadstat.write_xport(whole, str(tmp_path / "x.xpt"), file_format_version=5)
        assert len(formats.read(tmp_path / "x.xpt").frame) == len(whole)


@pytest.mark.parametrize("version", [5, 8])
def test_a_transport_file_with_two_tables_is_refused(tmp_path: Path, version: int) -> None:
    pyreadstat.write_xport(pd.DataFrame({"a": ["x"], "n": [1.0]}), str(tmp_path / "x.xpt"), file_format_version=version)
    content = (tmp_path / "x.xpt").read_bytes()
    (tmp_path / "x.xpt").write_bytes(content + content[content.find(b"HEADER RECORD*******MEMB") :])
    with pytest.raises(StudyError, match="several tables"):
        formats.read(tmp_path / "x.xpt")


@pytest.mark.parametrize("name", ["%tcHH:MM", "%tcHH:MM:SS", "%-tchh.MM", "%tcHH:MM:SS.ss", "%tcHHMM"])
def test_stata_formats_that_show_a_clock_alone_show_lengths_of_time_and_moments(name: str) -> None:
    said = displays.display("Stata", name)
    assert said is not None
    assert displays.written(pd.Series([5_400_000.0, 129_600_000.0]), said) == ["01:30:00", "36:00:00"]
    days = pd.Series([0.0, 23_376.5])
    assert displays.written(days * 86_400_000, said) == ["1960-01-01T00:00:00", "2024-01-01T12:00:00"]
