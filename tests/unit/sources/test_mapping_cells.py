"""What single cells of an export mean: dates, numbers, units, codes; and which rule each of the others breaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import ColumnMapping, Source
from iop_outcomes.protocol.mapping import TableMapping
from iop_outcomes.sources.mapping import dates, meanings, numbers, units

EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def read(*cells: str | None, **how: Any) -> list[Any]:
    """For each cell the ISO date that it names, or the rule that it breaks."""
    text = pd.Series([*cells, None], dtype=object)
    days, rules = dates.parse(text, np.ones(len(text), dtype=int), dates.Reading("stays.start_day", **how))
    assert days.isna().iloc[-1]
    assert rules.isna().iloc[-1]
    found = [
        rule if isinstance(rule, str) else (EPOCH + timedelta(days=int(d))).isoformat() if pd.notna(d) else None
        for d, rule in zip(days, rules, strict=True)
    ]
    return found[:-1]


@pytest.mark.parametrize(
    "cell",
    ["2024-03-04", "2024/03/04", "2024.3.4", "2024-03-04T10:30:00", "2024-03-04 23:59", "2024-03-04T00:00:00.000"],
)
def test_the_year_first_is_read_without_a_format(cell: str) -> None:
    assert read(cell) == ["2024-03-04"]


@pytest.mark.parametrize(
    ("layout", "cell"),
    [
        ("%m/%d/%Y", "03/04/2024"),
        ("%m/%d/%Y", "3/4/2024 11:15 PM"),
        ("%m/%d/%Y", "2024-03-04"),  # what Excel makes of some cells of the column
        ("%d/%m/%Y", "04/03/2024"),
        ("%d.%m.%Y", "4.3.2024"),
        ("%d-%b-%Y", "04-MAR-2024"),
        ("%d%b%Y", "04mar2024"),
        ("%B %d, %Y", "March 4, 2024"),
        ("%Y%m%d", "20240304"),
        ("%Y%j", "2024064"),
        ("%m/%d/%Y %I:%M %p", "03/04/2024 01:05 am"),
    ],
)
def test_a_declared_format_is_read(layout: str, cell: str) -> None:
    assert read(cell, layout=layout) == ["2024-03-04"]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("2024-02-30", "impossible date"),
        ("2023-02-29", "impossible date"),
        ("2024-13-01", "impossible date"),
        ("31/04/2024", "impossible date"),
        ("13/04/2024", "date in an undeclared format"),
        ("4 March 2024", "date in an undeclared format"),
        ("20240304", "date in an undeclared format"),
        ("03/04/24", "two-digit year"),
        ("3-4-24 10:00", "two-digit year"),
        ("4 Mar 24", "two-digit year"),
        ("04MAR24", "two-digit year"),
        ("Mar 4, '24", "two-digit year"),
        ("45355", "Excel serial number"),
        ("45355.5", "Excel serial number"),
        ("1899-12-31", "date before 1900"),
        ("01/01/1800", "date before 1900"),
        ("2024-03-04T10:30:00Z", "time zone not declared"),
        ("2024-03-04 10:30:00-06:00", "time zone not declared"),
        ("2024-03-04T25:00", "unreadable"),
        ("٢٠٢٤-٠٣-٠٤", "unreadable"),
        ("soon", "unreadable"),
        ("12", "unreadable"),
        ("2024", "unreadable"),
        ("0000-00-00", "impossible date"),
    ],
)
def test_what_cannot_be_read_is_told_apart(cell: str, rule: str) -> None:
    assert read(cell, "03/05/2024", layout="%m/%d/%Y") == [rule, "2024-03-05"]


def test_dates_with_two_meanings_are_refused_with_what_fits() -> None:
    with pytest.raises(StudyError) as caught:
        read("03/04/2024", "12/31/2024", "2024-01-01")
    said = str(caught.value)
    assert "stays.start_day: 2 cells hold no date with the year first" in said
    assert "%m/%d/%Y 2, %d/%m/%Y 1" in said
    assert "`date_format`" in said
    assert "31" not in said
    with pytest.raises(StudyError, match="%d %b %Y 1"):
        read("4 Mar 2024")
    with pytest.raises(StudyError, match="%Y%m%d 1"):
        read("20240304")


def test_iso_sets_other_dates_aside() -> None:
    assert read("03/04/2024", "2024-01-01", layout="iso") == ["date in an undeclared format", "2024-01-01"]


def test_excel_serial_numbers_are_read_where_they_are_declared() -> None:
    assert read("45355", "45355.75", "61", "60", "2024-03-05", excel_serial=True) == [
        "2024-03-04", "2024-03-04", "1900-03-01", "unreadable", "2024-03-05",
    ]  # fmt: skip


def test_timestamps_become_dates_of_the_declared_zone() -> None:
    cells = ["2024-03-04T03:30:00Z", "2024-03-04T23:30:00-0600", "2024-03-04T03:30:00", "2024-07-01T04:59:59+00"]
    assert read(*cells, zone="America/Chicago") == ["2024-03-03", "2024-03-04", "2024-03-04", "2024-06-30"]


def test_a_column_of_midnights_holds_dates() -> None:
    assert read("2024-03-04T00:00:00Z", "2024-03-05T00:00:00Z") == ["2024-03-04", "2024-03-05"]
    assert read("2024-03-04T00:00:00Z", zone="America/Chicago") == ["2024-03-04"]


DAYS = st.lists(st.dates(date(1900, 1, 1), date(9999, 12, 31)), min_size=1, max_size=20)


@settings(max_examples=4, deadline=None)
@given(DAYS)
@pytest.mark.parametrize("layout", dates.COMMON)
def test_what_is_written_in_a_format_is_read_back(layout: str, days: list[date]) -> None:
    assert read(*(d.strftime(layout) for d in days), layout=layout) == [d.isoformat() for d in days]


@settings(max_examples=10, deadline=None)
@given(DAYS)
def test_iso_is_read_back(days: list[date]) -> None:
    assert read(*(d.isoformat() for d in days)) == [d.isoformat() for d in days]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.sampled_from([None, "iso", "%m/%d/%Y"]))
def test_any_text_is_read_or_breaks_a_rule(cells: list[str], layout: str | None) -> None:
    try:
        assert None not in read(*cells, layout=layout, zone="Asia/Tokyo")
    except StudyError:
        assert layout is None


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("12.5", "point", 12.5),
        ("-3", "point", -3),
        ("1e2", "point", 100),
        ("12,5", "point", "decimal comma"),
        ("1,234", "point", "decimal comma"),
        ("1,234.5", "point", "thousands separator"),
        ("1,234,567", "point", "thousands separator"),
        ("12 345", "point", "thousands separator"),
        ("1e99", "point", "unreadable"),
        ("9" * 400, "point", "unreadable"),
        ("3 h", "point", "unreadable"),
        ("nan", "point", "unreadable"),
        ("٣", "point", "unreadable"),
        ("12,5", "comma", 12.5),
        ("12", "comma", 12),
        ("12.5", "comma", "decimal point"),
        ("1.234,5", "comma", "thousands separator"),
    ],
)
def test_numbers(cell: str, decimal: str, expected: float | str) -> None:
    values, rules = numbers.parse(pd.Series([cell, None], dtype=object), False, decimal)
    assert values.isna().iloc[1]
    assert rules.isna().iloc[1]
    assert (rules.iloc[0] if isinstance(expected, str) else values.iloc[0]) == expected
    assert values.isna().iloc[0] == isinstance(expected, str)


def test_units_are_brought_to_the_canonical_one_and_whole_columns_stay_whole() -> None:
    text = pd.Series(["1.5", "20", "0.1"], dtype=object)
    assert numbers.parse(text, False, factor=60)[0].tolist() == [90, 1200, 6]
    assert numbers.parse(pd.Series(["1200"], dtype=object), False, factor=1 / 60)[0].tolist() == [20]
    values, rules = numbers.parse(text, True, factor=7)
    assert values.dropna().tolist() == [140]
    assert rules.fillna("").tolist() == ["unreadable", "", "unreadable"]


def sessions(*minutes: float, level: list[str] | None = None) -> pd.DataFrame:
    levels = level or ["2.1"] * len(minutes)
    return pd.DataFrame({"minutes": pd.Series(minutes, dtype="float64"), "level_of_care": levels})


def changed(frame: pd.DataFrame, unit: str | None = None) -> list[int]:
    mapped = TableMapping.model_validate({"columns": {"minutes": {"column": "M", "unit": unit}}})
    found = units.changed("sessions", frame, "minutes", mapped)
    return found.index[found].tolist()


def test_hours_among_minutes_and_minutes_among_hours_are_found() -> None:
    assert changed(sessions(180, 170, 3, 190, 3, 200, 3.5, 60)) == [2, 4, 6]
    # 180 minutes read as hours are 10,800 minutes
    assert changed(sessions(180, 10800, 240), "hours") == [1]
    assert changed(sessions(180, 10800, 240), "quarter_hours") == [1]


def test_short_sessions_and_one_long_day_are_no_change_of_unit() -> None:
    assert changed(sessions(180, 15, 20, 15, 10, 12, 1440, 600)) == []
    assert changed(sessions(180, 3, 190, 3, 200)) == []  # two are no pattern
    assert changed(sessions(60, 0.2, 0.2, 0.2, 70)) == []  # 12 minutes as hours, among hours of 60: nearer to nothing
    assert changed(sessions(180, 3, 3, 3), "hours") == []  # converted already
    assert changed(sessions(0, 0, 0, 180)) == []


def test_the_median_is_that_of_the_level_of_care() -> None:
    # 9 minutes are an hour and a half, or a visit: near the usual 20 minutes of level 1 they are no hours
    frame = sessions(*[20] * 10, *[9] * 3, *[300] * 10, *[5] * 3, level=["1"] * 13 + ["3.5"] * 13)
    assert changed(frame) == [23, 24, 25]


def test_a_column_of_the_wrong_unit_is_refused() -> None:
    with pytest.raises(StudyError, match=r"sessions\.minutes: 100% of the values, read in minutes, are too small"):
        changed(sessions(*[3] * 30))
    with pytest.raises(StudyError, match="read in hours"):
        changed(sessions(*[10800] * 30), "hours")


def meaning(cells: list[str | None], **mapped: Any) -> list[Any]:
    source = Source(kind="uis", missing_values=["NA"])
    found = meanings.meant(
        pd.Series(cells, dtype=object),
        np.ones(len(cells), dtype=int),
        ColumnMapping.model_validate({"column": "C", **mapped}),
        source,
        meanings.Slot("persons.race", "text"),
    )
    return [None if pd.isna(v) else v for v in found.values]


def test_codes_missing_texts_and_others() -> None:
    codes = {"1": "male", "2": "female", "9": None}
    cells = ["1", "2", "9", "NA", "x", None, "-1"]
    kept = ["male", "female", None, None, "x", None, "-1"]
    assert meaning(cells, codes=codes) == kept
    assert meaning(cells, codes=codes, missing=["x"]) == [*kept[:4], None, None, "-1"]
    assert meaning(cells, codes=codes, other="unknown") == [*kept[:4], "unknown", None, "unknown"]
    assert meaning(cells, codes=codes, other="") == [*kept[:4], None, None, None]
    assert meaning(cells, codes={**codes, None: "unknown"}) == ["male", "female", None, "unknown", "x", "unknown", "-1"]
    assert meaning(cells) == ["1", "2", "9", None, "x", None, "-1"]


def test_a_crosswalk_tells_the_level_and_own_codes_come_first() -> None:
    cells = ["H0015", "h0018", "9999", None]
    assert meaning(cells, crosswalk="procedure") == ["2.1", "3.5", "9999", None]
    assert meaning(cells, crosswalk="procedure", codes={"H0015": "2.5"}, other="1") == ["2.5", "3.5", "1", None]
    assert meaning(["Level III.7", "II.1"], crosswalk="asam3") == ["3.7", "2.1"]
