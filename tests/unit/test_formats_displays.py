"""Dates, moments, periods and lengths of time of Stata, SPSS and SAS, whose meaning lives in a display format.

All formats of a program are columns of one file, so that a grid of them costs one reading.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.sources import formats, identifiers
from iop_outcomes.sources.formats import displays

Writer = Callable[..., None]

DAY, MOMENT = date(2024, 1, 5), datetime(2024, 1, 5, 10, 30, 45)
DAYS = (DAY - date(1960, 1, 1)).days
SECONDS = (MOMENT - datetime(1960, 1, 1)).total_seconds()
SINCE_1582 = (MOMENT - datetime(1582, 10, 14)).total_seconds()
LONG = 36.25 * 3600  # a day and a quarter, and fifteen minutes

SAS_DATES = (
    "DATE5 DATE7 DATE9 DATE11 DAY2 DDMMYY8 DDMMYY10 DDMMYYB10 DDMMYYC10 DDMMYYD10 DDMMYYN8 DDMMYYP10 DDMMYYS10 DOWNAME9 "
    "JULDAY3 JULIAN5 JULIAN7 MMDDYY8 MMDDYY10 MMDDYYB10 MMDDYYC10 MMDDYYD10 MMDDYYN8 MMDDYYP10 MMDDYYS10 MMYY7 MMYYC7 "
    "MMYYD7 MMYYN6 MMYYP7 MMYYS7 MONNAME9 MONTH2 MONYY5 MONYY7 PDJULG4 PDJULI4 QTR1 QTRR3 WEEKDATE29 WEEKDATX29 WEEKDAY1 "
    "WEEKU11 WEEKV11 WEEKW11 WORDDATE18 WORDDATX18 YEAR2 YEAR4 YYMM7 YYMMC7 YYMMD7 YYMMN6 YYMMP7 YYMMS7 YYMMDD8 YYMMDD10 "
    "YYMMDDB10 YYMMDDC10 YYMMDDD10 YYMMDDN8 YYMMDDP10 YYMMDDS10 YYMON7 YYQ6 YYQC6 YYQD6 YYQN5 YYQP6 YYQS6 YYQZ6 YYQR8 "
    "YYQRC8 YYQRD8 YYQRN7 YYQRP8 YYQRS8 YYWEEKU7 YYWEEKV7 YYWEEKW7 B8601DA8 E8601DA10 IS8601DA10 HDATE9 HEBDATE16 "
    "MINGUO8 NENGO10 NLDATE10 NLDATEL18 NLDATEM12 NLDATEMD10 NLDATEMDL12 NLDATEMDM8 NLDATEMDS5 NLDATEMN10 NLDATES10 "
    "NLDATEW20 NLDATEWN10 NLDATEYM10 NLDATEYML16 NLDATEYMM12 NLDATEYMS10 NLDATEYQ10 NLDATEYQL16 NLDATEYQM12 NLDATEYQS10 "
    "NLDATEYR10 NLDATEYW10 EURDFDD8 EURDFDE7 EURDFDN1 EURDFDWN9 EURDFMN9 EURDFMY5 EURDFWDX18 EURDFWKX29 DEUDFDD10 "
    "FRADFWDX18 ESPDFMY7"
).split()
SAS_DATETIMES = (
    "DATETIME7 DATETIME16 DATETIME18 DATETIME20 DATEAMPM19 MDYAMPM19 DTDATE9 DTMONYY7 DTWKDATX29 DTYEAR4 DTYYQC6 "
    "B8601DN8 B8601DT15 B8601DX20 B8601DZ16 B8601LX20 E8601DN10 E8601DT19 E8601DX25 E8601DZ20 E8601LX25 IS8601DN10 "
    "IS8601DT19 IS8601DZ20 NLDATM30 NLDATMAP32 NLDATMDT20 NLDATML30 NLDATMM24 NLDATMMD20 NLDATMMDL20 NLDATMMN20 "
    "NLDATMS20 NLDATMTM16 NLDATMTZ30 NLDATMW40 NLDATMWN20 NLDATMWZ40 NLDATMYM20 NLDATMYQ20 NLDATMYR20 NLDATMYW20 "
    "NLDATMZ30 EURDFDT18 DEUDFDT18 TOD8 TIMEAMPM11"
).split()
SAS_LENGTHS = (
    "TIME5 TIME8 TIME11 HHMM5 HOUR2 MMSS5 TOD8 TIMEAMPM11 B8601TM6 B8601TX11 B8601TZ11 B8601LZ11 E8601TM8 E8601TX14 "
    "E8601TZ14 E8601LZ14 IS8601TM8 IS8601TZ14 NLTIME20 NLTIMAP10"
).split()
SAS_NUMBERS = "BEST12 F8 COMMA10 DOLLAR10 PERCENT8 Z8 HEX8 NUMX10 E10 SSN11 NEGPAREN10 YEN10 ROMAN6 WORDS20".split()

SPSS: dict[str, tuple[float, list[str]]] = {
    "2024-01-05": (SINCE_1582, "DATE9 DATE11 ADATE8 ADATE10 EDATE8 EDATE10 SDATE8 SDATE10 JDATE5 JDATE7 QYR6 QYR8 "
                               "MOYR6 MOYR8 WKYR8 WKYR10".split()),
    "2024-01-05T10:30:45": (SINCE_1582, "DATETIME17 DATETIME20 DATETIME23.2 YMDHMS16 YMDHMS19 YMDHMS19.2".split()),
    "36:15:00": (LONG, "TIME5 TIME8 TIME11.2 DTIME9 DTIME12 DTIME15.2 MTIME5 MTIME8".split()),
    "5": (5, "WKDAY3 WKDAY9 MONTH3 MONTH9 F8 F8.2 COMMA10 DOLLAR10 E10 N8".split()),
}  # fmt: skip
STATA: dict[str, tuple[float, list[str]]] = {
    "2024-01-05": (DAYS, "%td %-td %d %-d %dD_m_Y %dN/D/Y %tdD_m_Y %tdDD/NN/CCYY %tdNN/DD/CCYY %tdCCYY-NN-DD %tdCCYYNNDD "
                         "%tdMonth_dd,_CCYY %tdDDmonCCYY %tdMon_YY %tdCCYY %tdJJJ %tdCCYY!QQ %tdD_m_y %td.. %tdn/d/y "
                         "%tdDayname %tdww %tdhh %-tdDD.NN.CCYY".split()),
    "2024-01-05T10:30:45": (1000 * SECONDS, "%tc %-tc %tcDDmonCCYY_HH:MM %tcCCYY.NN.DD_HH:MM:SS %tcDD/NN/CCYY %tcHH:MM "
                                            "%tcNN/DD/CCYY_hh:MM_am %-tcCCYY-NN-DD!THH:MM:SS %tcHH:MM:SS.sss".split()),
    "2024-01-05T10:30:18": (1000 * SECONDS, "%tC %-tC %tCDDmonCCYY_HH:MM:SS".split()),
    "2024-w09": (64 * 52 + 8, "%tw %-tw %twCCYY!www".split()),
    "2024-03": (64 * 12 + 2, "%tm %-tm %tmMon_CCYY %tmCCYY-NN".split()),
    "2024Q2": (64 * 4 + 1, "%tq %-tq %tqCCYY-!Qq".split()),
    "2024H2": (64 * 2 + 1, "%th %-th %thCCYY!Hh".split()),
    "2024": (2024, "%ty %-ty %tyYY %tg %tgd %9.0g %-9.0g %8.2f %-12.3e %9.0gc %08.0f %21x".split()),
    "business day 1234": (1234, "%tb %tbnyse %-tbsimple".split()),
}  # fmt: skip
SAS: dict[str, tuple[float, list[str]]] = {
    "2024-01-05": (DAYS, SAS_DATES),
    "2024-01-05T10:30:45": (SECONDS, SAS_DATETIMES),
    "36:15:00": (LONG, SAS_LENGTHS),
    "5": (5, SAS_NUMBERS),
}


def columns(grid: Mapping[str, tuple[float, list[str]]]) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """For a grid of text, number and formats: a frame with a column for each, their formats and their texts."""
    number, format_, text = {}, {}, {}
    for (said, (value, names)), i in zip(grid.items(), itertools.count()):
        for j, name in enumerate(names):
            number[f"v{i}_{j}"], format_[f"v{i}_{j}"], text[f"v{i}_{j}"] = [value, np.nan, value], name, said
    return pd.DataFrame(number), format_, text


@pytest.mark.parametrize(
    ("suffix", "grid", "write", "options"),
    [
        (".dta", STATA, pyreadstat.write_dta, {}),
        (".sav", SPSS, pyreadstat.write_sav, {}),
        (".zsav", SPSS, pyreadstat.write_sav, {"compress": True}),
        (".xpt", SAS, pyreadstat.write_xport, {"file_format_version": 8}),
        (".xpt", SAS, pyreadstat.write_xport, {"file_format_version": 5}),
    ],
)
def test_a_number_means_what_its_display_format_says(
    tmp_path: Path, suffix: str, grid: dict[str, tuple[float, list[str]]], write: Writer, options: dict[str, object]
) -> None:
    frame, format_, text = columns(grid)
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
    assert displays.written(1000 * seconds, displays.display("Stata", "%tcHH:MM")) == [moment.isoformat()]
    assert displays.written(seconds // 86400, displays.display("SAS", "MONYY7.")) == [moment.date().isoformat()]
    since = pd.Series([(moment - datetime(1582, 10, 14)) / timedelta(seconds=1)])
    assert displays.written(since, displays.display("SPSS", "MOYR8")) == [moment.date().isoformat()]


@settings(max_examples=50, deadline=None)
@given(st.integers(-(10**7), 10**7))
def test_a_length_of_time_keeps_its_hours(seconds: int) -> None:
    (text,) = displays.written(pd.Series([float(seconds)]), displays.display("SPSS", "DTIME12"))
    hours, minutes, rest = text.lstrip("-").split(":")
    assert (-1 if text[0] == "-" else 1) * (3600 * int(hours) + 60 * int(minutes) + int(rest)) == seconds


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
