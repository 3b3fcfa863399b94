"""Dirty exports through the mapping and the cleaning: never a traceback, never a value in a message, every row
accounted for.

The files are built from cells that are right, wrong or meant to break something, and written in many ways. Each cell
that is not one of a code list carries a mark; no message may hold it.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from iop_outcomes import clean, sources
from iop_outcomes.errors import StudyError
from iop_outcomes.sources import identifiers
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.canonical import CANONICAL

MARK = "qxq"
Table = tuple[list[str], list[list[str]]]
Content = tuple[bytes, int | None]
Frames = dict[str, pd.DataFrame]

LEVELS = {"IOP": "2.1", "RES": "3.5", "DTX": "detox"}
COLUMNS: dict[str, dict[str, Any]] = {
    "stays": {
        "person_id": "PID", "site_id": "FAC", "level_of_care": {"column": "LOC", "codes": LEVELS}, "start_day": "ADMIT",
        "end_day": "DISCH", "discharge_reason": {"column": "WHY", "codes": {"1": "completed", "2": "unplanned"}},
        "scheduled_hours_per_week": "HOURS", "program_type": {"value": "substance_use"},
    },
    "persons": {"person_id": "PID", "age": "AGE", "sex": {"column": "SEX", "codes": {"M": "male"}, "other": "unknown"}},
    "sessions": {
        "person_id": "PID", "day": "ADMIT", "minutes": {"column": "HOURS", "unit": "hours", "decimal": "comma"},
        "level_of_care": {"column": "LOC", "codes": LEVELS}, "modality": {"value": "unknown"},
    },
}  # fmt: skip
FILES = {
    "stays": ["PID", "FAC", "LOC", "ADMIT", "DISCH", "WHY", "HOURS", "KIND"],
    "persons": ["PID", "AGE", "SEX", "ADMIT"],
    "sessions": ["PID", "ADMIT", "LOC", "HOURS"],
}

IGNORED = {"stays": ["KIND"], "persons": ["ADMIT"], "sessions": []}

ODD = st.one_of(
    st.sampled_from(
        ["", " ", "NA", "-9", "null", "0", "1e400", "-1", "nan", "inf", "1,234", "12,5", "1.234,5", "999999999999",
         "45355", "03/04/24", "31/31/2024", "2024-02-30", "9999-12-31", "0001-01-01", "1899-12-31", "20240304",
         "2024-03-04T10:00:00Z", "2024-03-04T23:00:00+14:00", "2024-03-04 99:99", '"', "a\nb", "=1+1", "٣",
         "\ufeff", "é"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)  # fmt: skip
MARKED = st.integers(0, 99).map(lambda n: f"{MARK}{n}")
CELLS = {
    "PID": st.one_of(st.sampled_from([f"{MARK}p{i}" for i in range(4)]), ODD),
    "FAC": st.one_of(st.just("x"), MARKED),
    "LOC": st.sampled_from([*LEVELS, "IOP", "IOP"]),
    "ADMIT": st.sampled_from(["2022-03-01", "2022-03-15", "2023-01-01", "2019-01-01"]),
    "DISCH": st.sampled_from(["2022-04-01", "2023-02-01", "2025-06-01", ""]),
    "WHY": st.sampled_from(["1", "2", ""]),
    "HOURS": st.sampled_from(["9", "20", "3", "540", "3,5"]),
    "KIND": st.sampled_from(["SU", "SU", "MH", ""]),
    "AGE": st.sampled_from(["30", "31", "45", "130"]),
    "SEX": st.sampled_from(["M", "F", ""]),
}


@st.composite
def tables(draw: st.DrawFn, columns: list[str]) -> Table:
    """The header and the rows of a file, most cells as they should be."""
    odd = draw(st.sampled_from([0, 0, 1, 5]))
    rows = draw(st.lists(st.tuples(*(CELLS[c] for c in columns)).map(list), max_size=8))
    for _ in range(odd if rows else 0):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, len(columns) - 1))] = draw(st.one_of(ODD, MARKED))
    if rows and draw(st.booleans()):
        rows.append(list(draw(st.sampled_from(rows))))
    return list(columns), rows


@st.composite
def damaged(draw: st.DrawFn, table: Table) -> Table:
    """The same with something wrong about the file as a whole."""
    header, rows = table
    harm = draw(st.sampled_from(["ragged", "ragged", "lacking", "more", "no header", "twice"]))
    if harm == "ragged" and rows:
        row = draw(st.sampled_from(rows))
        row[:] = row[: draw(st.integers(1, len(row)))] + [f"{MARK}more"] * draw(st.integers(0, 3))
    if harm == "lacking":
        at = draw(st.integers(0, len(header) - 1))
        return header[:at] + header[at + 1 :], [row[:at] + row[at + 1 :] for row in rows]
    if harm == "more":
        return [*header, "EXTRA"], [[*row, f"{MARK}extra"] for row in rows]
    if harm == "no header" and rows:
        return [f"{MARK}{cell}" for cell in rows[0]], rows[1:]
    if harm == "twice":
        return [header[0], *header[:-1]], rows
    return header, rows


def written(table: Table, delimiter: str = ",", line_end: str = "\n", encoding: str = "utf-8") -> bytes:
    lines = io.StringIO()
    csv.writer(lines, delimiter=delimiter, lineterminator=line_end).writerows([table[0], *table[1]])
    return lines.getvalue().encode(encoding, "replace")


@st.composite
def sound(draw: st.DrawFn, columns: list[str]) -> Content:
    """A text file that can be read, and how many of its rows are not empty."""
    table = draw(tables(columns))
    return written(
        table,
        draw(st.sampled_from([",", ",", ";", "\t", "|"])),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
    ), filled(table)


def filled(table: Table) -> int:
    return sum(any(cell.strip() for cell in row) for row in table[1])


@st.composite
def harmed(draw: st.DrawFn, columns: list[str]) -> Content:
    """A file in which something is wrong as a whole; None where nobody can tell how many rows it has."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.one_of(st.just(b""), st.binary(max_size=60))) + f"\n{MARK}".encode(), None
    table = draw(tables(columns).flatmap(damaged))
    text = written(table, encoding=draw(st.sampled_from(["utf-8", "latin-1"])))
    if draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(text)))
        return text[:at] + draw(st.binary(min_size=1, max_size=3)) + text[at:], None
    return text, filled(table)


@st.composite
def exports(draw: st.DrawFn) -> dict[str, Content]:
    """The files of an export, at most one of them harmed as a whole."""
    harm = draw(st.sampled_from([None, None, None, *FILES]))
    return {name: draw(harmed(columns) if name == harm else sound(columns)) for name, columns in FILES.items()}


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """The settings of a source over stays.csv, persons.csv and sessions.csv."""
    found: dict[str, Any] = {
        "kind": "mapping",
        "dates": "calendar",
        "extract_date": "2024-12-31",
        "date_format": draw(st.sampled_from([None, "iso", "%m/%d/%Y", "%d/%m/%Y"])),
        "time_zone": draw(st.sampled_from([None, "America/Chicago"])),
        "enrolment": draw(st.sampled_from([{}, {"from": "2022-01-01"}, {"from": "2022-01-01", "to": "2022-12-31"}])),
        "missing_values": draw(st.sampled_from([[], ["NA", "-9"]])),
        "tables": {
            name: {"files": f"{name}.csv", "columns": dict(columns), "ignore": IGNORED[name]}
            for name, columns in COLUMNS.items()
        },
    }
    if draw(st.booleans()):
        found["tables"]["persons"].update(first_by="ADMIT", ignore=[])
    if draw(st.booleans()):
        found["tables"]["stays"].update(where=[{"column": "KIND", "in": ["SU"]}], ignore=[])
    if draw(st.integers(0, 3)) == 0:
        found.update(dates="relative", extract_date=None, date_format=None, time_zone=None, enrolment={})
        found["tables"]["persons"]["columns"]["observed_to_day"] = {"value": 400}
    return found


def cleaned(given: dict[str, Any]) -> tuple[Frames, Frames]:
    raw = sources.read("mapping", given)
    for name, frame in raw.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    settings_ = {"gap_days": 14, "gap_sensitivity_days": [], "max_quarantined_share": 1.0}
    canonical = {f"raw_{t.name}": raw[t.name] for t in CANONICAL}
    return raw, clean.run(**canonical, quarantine=raw["quarantine"], arrivals=raw["arrivals"], **settings_)


FUZZ = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def attempt(given: dict[str, Any]) -> tuple[str, Frames]:
    """The message with which an export is refused, without the folder, or the raw tables once all is accounted for."""
    try:
        raw, found = cleaned(given)
    except StudyError as refused:
        return str(refused).replace(str(given["path"]), ""), {}
    account_for(raw, found)
    return "", raw


def account_for(raw: Frames, found: Frames) -> None:
    """Kept, merged, quarantined and excluded add up to the rows that were read; nothing tells a value."""
    read, intake = rows_read(raw), found["intake"]
    assert intake.groupby("table")["rows"].sum().to_dict() == read
    for name in FILES:
        became = intake[intake["table"] == name]
        assert became[became["outcome"] == "kept"]["rows"].sum() == len(found[name])
        aside = became[became["outcome"].str.startswith("quarantined: ")]["rows"].sum()
        assert aside == (found["quarantine"]["table"] == name).sum()
    assert not [words for words in (*intake["outcome"], *found["quarantine"]["rule"]) if MARK in words]


def rows_read(raw: Frames) -> dict[str, int]:
    arrivals = raw["arrivals"]
    return arrivals[arrivals["outcome"] == "read"].set_index("table")["rows"].to_dict()


@FUZZ
@given(mapping=mappings(), contents=exports())
def test_every_row_is_accounted_for_or_the_export_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapping: dict[str, Any], contents: dict[str, Content]
) -> None:
    monkeypatch.setattr(identifiers, "examine", lambda *_: [])
    for name, (text, _) in contents.items():
        (tmp_path / f"{name}.csv").write_bytes(text)
    said, raw = attempt({**mapping, "path": str(tmp_path)})
    event("refused" if said else "read")
    assert MARK not in said
    assert "defect" not in said
    if raw:
        read = rows_read(raw)
        assert all(read[name] >= rows for name, (_, rows) in contents.items() if rows is not None)


@settings(FUZZ, max_examples=10)
@given(mapping=mappings(), contents=exports())
def test_the_gate_tells_no_value_either(tmp_path: Path, mapping: dict[str, Any], contents: dict[str, Content]) -> None:
    for name, (text, _) in contents.items():
        (tmp_path / f"{name}.csv").write_bytes(text)
    try:
        sources.read("mapping", {**mapping, "path": str(tmp_path), "privacy": {"limited_dataset": True}})
        said = ""
    except StudyError as refused:
        said = str(refused).replace(str(tmp_path), "")
    assert MARK not in said
