"""An export, its mapping, and how either is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from parts import at_places

from iop_outcomes import sources
from iop_outcomes.tables import TABLES, check

Frames = dict[str, pd.DataFrame]
N = 60
PEOPLE = [str(1001 + i) for i in range(N)]
STAYS = pd.DataFrame(
    {
        "PID": PEOPLE,
        "FAC": [("11", "12")[i % 2] for i in range(N)],
        "LOC": [("IOP", "RES")[i % 2] for i in range(N)],
        "ADMIT": pd.date_range("2023-01-01", periods=N).strftime("%Y-%m-%d"),
        "DISCH": pd.date_range("2023-02-15", periods=N).strftime("%Y-%m-%d"),
        "WHY": [("2", "1", "2", "3", "2")[i % 5] for i in range(N)],
        "KIND": ["void" if i % 10 == 9 else "ok" for i in range(N)],
        "PLAN": [("30", "60", "999")[i % 3] for i in range(N)],
    }
)
PERSONS = pd.DataFrame(
    {
        "PID": PEOPLE,
        "AGE": [str(20 + i % 40) for i in range(N)],
        "SEX": [("M", "F")[i // 2 % 2] for i in range(N)],
        "DRUG": [("Alcohol", "Opioids")[i % 2] for i in range(N)],
    }
)
SCREENS = pd.DataFrame({"PID": PEOPLE, "DAY": STAYS["ADMIT"], "RES": [("NEG", "POS")[i % 2] for i in range(N)]})
MAPPING: dict[str, Any] = {
    "kind": "mapping",
    "dates": "calendar",
    "extract_date": "2024-12-31",
    "missing_values": ["999", "NA"],
    "tables": {
        "stays": {
            "files": "stays*.csv",
            "columns": {
                "person_id": "PID", "site_id": "FAC", "start_day": "ADMIT",
                "level_of_care": {"column": "LOC", "codes": {"IOP": "2.1", "RES": "3.5"}},
                 "end_day": "DISCH", "planned_days": "PLAN",
                "discharge_reason": {
                    "column": "WHY", "other": "other",
                    "codes": {"1": "completed", "2": "unplanned", "3": "transferred"},
                },
                "program_type": {"value": "substance_use"},
            },
            "where": [{"column": "KIND", "not_in": ["void"]}],
        },
        "persons": {
            "files": "persons.csv",
            "columns": {
                "person_id": "PID", "age": {"column": "AGE", "age_at": "day_zero"},
                "sex": {"column": "SEX", "codes": {"M": "male", "F": "female"}, "other": "unknown"},
                "primary_drug": "DRUG",
            },
        },
        "screens": {
            "files": "screens.csv",
            "columns": {
                "person_id": "PID", "day": "DAY", "substance": {"value": "any"},
                "result": {"column": "RES", "codes": {"NEG": "negative", "POS": "positive"}},
            },
        },
    },
}  # fmt: skip


def run(folder: Path, source: dict[str, Any] = MAPPING, **frames: pd.DataFrame) -> Frames:
    """The tables of `sources.run` over the export, with some of its files written otherwise."""
    files = {"stays": STAYS, "persons": PERSONS, "screens": SCREENS, **frames}
    for old in folder.glob("*.csv"):
        old.unlink()
    for name, frame in files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    found = sources.run({**source, "path": str(folder)}, {"limited_dataset": True})
    check(TABLES["readings"], found["readings"])
    return found


def changed(*places: tuple[str, Any]) -> dict[str, Any]:
    """The mapping with changes at dotted places under `tables`."""
    return {**MAPPING, "tables": at_places(MAPPING["tables"], *places)}


def tables(folder: Path, stays: pd.DataFrame, persons: pd.DataFrame, **source: Any) -> Frames:
    stays.to_csv(folder / "stays.csv", index=False)
    persons.to_csv(folder / "persons.csv", index=False)
    return sources.run({"kind": "tables", "path": str(folder), **source}, {})
