"""An export in text, its mapping, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from parts import at_places

from iop_outcomes import sources
from iop_outcomes.tables import TABLES, check

Tables = dict[str, pd.DataFrame]
MAPPING = """
kind: mapping
dates: calendar
extract_date: 2024-12-31
enrolment: { from: 2022-01-01, to: 2024-06-30 }
tables:
  stays:
    files: stays*.csv
    columns:
      person_id: PID
      site_id: FAC
      level_of_care: { column: LOC, codes: { IOP: "2.1", RES: "3.5", DTX: detox } }
      start_day: ADMIT
      end_day: DISCH
      discharge_reason: { column: WHY, codes: { 1: completed, 2: unplanned } }
      scheduled_hours_per_week: HOURS
      program_type: { value: substance_use }
  persons:
    files: people.csv
    columns: { person_id: PID, age: AGE, sex: { column: SEX, codes: { M: male, F: female }, other: unknown } }
"""
STAYS = "PID,FAC,LOC,ADMIT,DISCH,WHY,HOURS\n"
PEOPLE = "PID,AGE,SEX\n"


def settings(folder: Path, *changes: tuple[str, Any], **texts: str) -> dict[str, Any]:
    """The mapping above with changes at dotted places (None takes away), over files written from texts."""
    content = at_places(yaml.safe_load(MAPPING), *changes)
    for name, text in {"stays": STAYS, "people": PEOPLE, **texts}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return {**content, "path": str(folder), "privacy": {"limited_dataset": True}}


def read(given: dict[str, Any]) -> Tables:
    tables = sources.read("mapping", given)
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    return tables


ADMISSIONS = "PID,FAC,LOC,ADMIT,DISCH,WHY,HOURS,AGE,SEX,HOME,DIED\n"
FROM_ADMISSIONS = [
    ("tables.stays.ignore", ["AGE", "SEX", "HOME", "DIED"]),
    ("tables.persons", {
        "files": "stays.csv", "first_by": "ADMIT", "ignore_others": True,
        "columns": {
            "person_id": "PID", "age": "AGE", "sex": {"column": "SEX", "codes": {"M": "male", "F": "female"}},
            "stable_housing": "HOME", "death_day": "DIED",
        },
    }),
]  # fmt: skip
