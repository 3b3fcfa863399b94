"""Dirty exports through the mapping and the cleaning: never a traceback, never a value in a message, every row
accounted for.

The files are built from cells that are right, wrong or meant to break something, and written in many ways. Each cell
that is not one of a code list carries a mark; no message may hold it.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from iop_outcomes import clean, sources
from iop_outcomes.errors import StudyError
from iop_outcomes.privacy import identifiers
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.canonical import CANONICAL

# what no message may hold: the mark, and a year that stands in dates only
MARK, YEAR = "qxq", "2077"
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
         "45355", "03/04/24", f"03/04/{YEAR}", f"04.03.{YEAR}", "31/31/2024", "2024-02-30", "9999-12-31",
         "0001-01-01", "1899-12-31", "20240304",
         "2024-03-04T10:00:00Z", "2024-03-04T23:00:00+14:00", "2024-03-04 99:99", '"', "a\nb", "=1+1", "٣",
         "\ufeff", "é"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)  # fmt: skip
MARKED = st.integers(0, 99).map(lambda n: f"{MARK}{n}")
CELLS = {
    "PID": [f"{MARK}p{i}" for i in range(3)],
    "FAC": ["x", f"{MARK}y"],
    "LOC": [*LEVELS, "IOP", "IOP"],
    "ADMIT": ["2022-03-01", "2022-03-15", "2023-01-01"] * 9 + ["2019-01-01", f"03/04/{YEAR}"],
    "DISCH": ["2023-02-01", "2023-02-01", "2023-02-01", "2022-04-01", "2025-06-01", ""],
    "WHY": ["1", "1", "2", ""],
    "HOURS": ["9", "9", "20", "3", "540", "3,5"],
    "KIND": ["SU", "SU", "SU", "MH", ""],
    "AGE": ["30", "31"] * 6 + ["45", "130"],
    "SEX": ["M"] * 8 + ["F", ""],
}


@st.composite
def tables(draw: st.DrawFn, chance: Random, columns: list[str]) -> Table:
    """The header and the rows of a file, by chance as they should be, with some cells that hypothesis chooses."""
    rows = [[chance.choice(CELLS[c]) for c in columns] for _ in range(chance.choice([0, 1, 4, 8, 12]))]
    for cell in draw(st.lists(st.one_of(ODD, MARKED), max_size=5)) if rows else []:
        chance.choice(rows)[chance.randrange(len(columns))] = cell
    if rows and chance.random() < 0.5:
        rows.append(list(chance.choice(rows)))
    return list(columns), rows


def damaged(chance: Random, table: Table) -> Table:
    """The same with something wrong about the file as a whole."""
    header, rows = table
    harm = chance.choice(["ragged", "lacking", "more", "no header", "no header", "twice"])
    if harm == "ragged" and rows:
        row = chance.choice(rows)
        row[:] = row[: chance.randint(1, len(row))] + [f"{MARK}more"] * chance.randint(0, 3)
    if harm == "lacking":
        at = chance.randrange(len(header))
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
def sound(draw: st.DrawFn, chance: Random, columns: list[str]) -> Content:
    """A text file that can be read, and how many of its rows are not empty."""
    table = draw(tables(chance, columns))
    look = chance.choice([",", ",", ";", "\t", "|"]), chance.choice(["\n", "\r\n"])
    return written(table, *look, chance.choice(["utf-8", "utf-8-sig", "utf-16"])), filled(table)


def filled(table: Table) -> int:
    return sum(any(cell.strip() for cell in row) for row in table[1])


@st.composite
def harmed(draw: st.DrawFn, chance: Random, columns: list[str]) -> Content:
    """A file in which something is wrong as a whole; None where nobody can tell how many rows it has."""
    if chance.random() < 0.2:
        return draw(st.one_of(st.just(b""), st.binary(max_size=60))) + f"\n{MARK}".encode(), None
    table = damaged(chance, draw(tables(chance, columns)))
    text = written(table, encoding=chance.choice(["utf-8", "latin-1"]))
    if chance.random() < 0.3:
        at = draw(st.integers(0, len(text)))
        return text[:at] + draw(st.binary(min_size=1, max_size=3)) + text[at:], None
    return text, filled(table)


@st.composite
def exports(draw: st.DrawFn, chance: Random) -> dict[str, Content]:
    """The files of an export, at most one of them harmed as a whole."""
    harm = chance.choice([None, None, None, *FILES])
    kinds = {name: harmed if name == harm else sound for name in FILES}
    return {name: draw(kinds[name](chance, columns)) for name, columns in FILES.items()}


def mapping(chance: Random) -> dict[str, Any]:
    """The settings of a source over stays.csv, persons.csv and sessions.csv."""
    found: dict[str, Any] = {
        "kind": "mapping",
        "dates": "calendar",
        "extract_date": "2024-12-31",
        "date_format": chance.choice([None, None, "iso", "%m/%d/%Y", "%d/%m/%Y"]),
        "time_zone": chance.choice([None, "America/Chicago"]),
        "enrolment": chance.choice([{}, {"from": "2022-01-01"}, {"from": "2022-01-01", "to": "2022-12-31"}]),
        "missing_values": chance.choice([[], ["NA", "-9"]]),
        "tables": {
            name: {"files": f"{name}.csv", "columns": dict(columns), "ignore": IGNORED[name]}
            for name, columns in COLUMNS.items()
        },
    }
    if chance.random() < 0.5:
        found["tables"]["persons"].update(first_by="ADMIT", ignore=[])
    if chance.random() < 0.5:
        found["tables"]["stays"].update(where=[{"column": "KIND", "in": ["SU"]}], ignore=[])
    if chance.random() < 0.1:
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


# chance is told from a seed: hypothesis alone prefers the same few small files, and chooses what goes wrong in them
SEEDS = pytest.mark.parametrize("seed", range(12))
FUZZ = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def export(data: st.DataObject, seed: int, folder: Path) -> tuple[dict[str, Any], dict[str, Content]]:
    """The settings of an export that was written to a folder, and its files."""
    contents = data.draw(exports(Random(seed)))
    for name, (text, _) in contents.items():
        (folder / f"{name}.csv").write_bytes(text)
    return {**mapping(Random(seed + 1)), "path": str(folder), "privacy": {"limited_dataset": True}}, contents


def attempt(given: dict[str, Any]) -> tuple[str, Frames]:
    """The message with which an export is refused, without the folder, or the raw tables once all is accounted for."""
    try:
        raw, found = cleaned(given)
    except StudyError as refused:
        return str(refused).replace(str(given["path"]), ""), {}
    account_for(raw, found)
    return "", raw


def tells(words: str) -> bool:
    return MARK in words or YEAR in words


def account_for(raw: Frames, found: Frames) -> None:
    """Kept, merged, quarantined and excluded add up to the rows that were read; nothing tells a value."""
    read, intake = rows_read(raw), found["intake"]
    assert intake.groupby("table")["rows"].sum().to_dict() == read
    for name in FILES:
        became = intake[intake["table"] == name]
        fate = became["outcome"].str.partition(": ")[0]
        assert became[fate == "kept"]["rows"].sum() == len(found[name])
        rows = found["quarantine"][found["quarantine"]["table"] == name]
        cells = rows["cell"].notna().sum() if "cell" in rows else 0
        assert became[fate == "quarantined"]["rows"].sum() == len(rows) - cells
    assert not [words for words in (*intake["outcome"], *found["quarantine"]["rule"]) if tells(words)]


def rows_read(raw: Frames) -> dict[str, int]:
    arrivals = raw["arrivals"]
    return arrivals[arrivals["outcome"] == "read"].set_index("table")["rows"].to_dict()


@SEEDS
@FUZZ
@given(st.data())
def test_every_row_is_accounted_for_or_the_export_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, data: st.DataObject
) -> None:
    monkeypatch.setattr(identifiers, "examine", lambda *_: [])
    given_, contents = export(data, seed, tmp_path)
    said, raw = attempt(given_)
    event("refused" if said else "read")
    assert not tells(said)
    assert "defect" not in said
    if raw:
        read = rows_read(raw)
        assert all(read[name] >= rows for name, (_, rows) in contents.items() if rows is not None)


# columns of typed files, whatever the mapping expects in them
TYPED = [
    [1, 2, 400], [1.5, float("nan"), 1e300], [True, False, None], [date(2022, 3, 1), None, date(9999, 12, 31)],
    [datetime(2022, 3, 1, 12, tzinfo=UTC)] * 3, [b"\xff", b"", None], [[1], [], None], ["2022-03-01", "1", None],
    [f"{MARK}p1", f"{MARK}p2", f"{MARK}p3"],
]  # fmt: skip


@SEEDS
def test_wrong_types_are_set_aside_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(identifiers, "examine", lambda *_: [])
    chance = Random(seed)
    frame = pd.DataFrame({column: chance.choice(TYPED) for column in FILES["stays"]})
    frame.to_parquet(tmp_path / "stays.parquet")
    asked = mapping(chance)
    asked["tables"]["stays"]["files"] = "stays.parquet"
    for name in ("persons", "sessions"):
        row = ["2022-03-01" if column == "ADMIT" else "1" for column in FILES[name]]
        (tmp_path / f"{name}.csv").write_bytes(written((FILES[name], [row])))
    said, raw = attempt({**asked, "path": str(tmp_path)})
    assert not tells(said)
    assert "defect" not in said
    assert not raw or rows_read(raw)["stays"] == len(frame)


@SEEDS
@settings(FUZZ, max_examples=1)
@given(st.data())
def test_the_gate_tells_no_value_either(tmp_path: Path, seed: int, data: st.DataObject) -> None:
    given_, _ = export(data, seed, tmp_path)
    try:
        sources.read("mapping", given_)
        said = ""
    except StudyError as refused:
        said = str(refused).replace(str(tmp_path), "")
    assert not tells(said)
