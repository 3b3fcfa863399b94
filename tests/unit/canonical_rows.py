"""Raw canonical tables from changes to a sound row of each, for the tests of `clean`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from iop_outcomes.clean.validate import validated
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.conform import complete

Tables = dict[str, pd.DataFrame]
Row = dict[str, Any]

PERSON: Row = {"person_id": "a", "observed_to_day": 365, "death_day": None, "age": 40, "sex": "female"}
STAY: Row = {
    "person_id": "a", "stay_id": "s1", "site_id": "x", "level_of_care": "2.1", "start_day": 0, "end_day": 30,
    "discharge_reason": "completed", "planned_days": 90.0, "scheduled_hours_per_week": 9.0,
    "program_type": "substance_use",
}  # fmt: skip
SESSION: Row = {"person_id": "a", "day": 3, "minutes": 180.0, "level_of_care": "2.1", "modality": "in_person"}
SCREEN: Row = {"person_id": "a", "day": 3, "substance": "opioid", "result": "negative"}
FOLLOWUP: Row = {
    "person_id": "a", "target_day": 90, "day": 92, "lookback_days": 30, "days_used": 2.0, "first_use_day": 70,
    "no_use_through_day": 69,
}  # fmt: skip
MEDICATION: Row = {"person_id": "a", "medication": "buprenorphine", "start_day": 0, "end_day": 20}
PERIOD: Row = {
    "person_id": "a", "period": 1, "from_day": 0, "to_day": 20, "residential": "yes", "day_treatment": "no",
    "outpatient": "unknown",
}  # fmt: skip
ROWS = {
    "persons": PERSON, "stays": STAY, "sessions": SESSION, "screens": SCREEN, "followups": FOLLOWUP,
    "medications": MEDICATION, "periods": PERIOD,
}  # fmt: skip
OPEN: Row = {"end_day": None, "discharge_reason": None}


def raw(**rows: list[Row]) -> Tables:
    """Raw tables from changes to a sound row of each table; by default the sound row itself."""
    frames = {}
    for name, sound in ROWS.items():
        changed = [{**sound, **change} for change in rows.get(name, [{}])]
        frames[name] = pd.DataFrame(changed, columns=list(dict.fromkeys([*sound, *(k for r in changed for k in r)])))
    return complete(frames)


def outcome(tables: Tables, share: float = 1.0) -> Tables:
    """What `validated` makes of raw tables, each held to its declaration, every row accounted for."""
    found = validated(tables, tables["quarantine"], tables["arrivals"], share)
    for name, frame in found.items():
        check(TABLES[name], frame)
    intake, gone = found["intake"], found["quarantine"]
    assert intake.groupby("table")["rows"].sum().to_dict() == {name: len(tables[name]) for name in ROWS}
    rows = gone if "cell" not in gone else gone[gone["cell"].isna()]
    for name in ROWS:
        own = intake[intake["table"] == name]
        fate = own["outcome"].str.partition(": ")[0]
        assert own.loc[fate == "kept", "rows"].sum() == len(found[name])
        assert own.loc[fate == "quarantined", "rows"].sum() == (rows["table"] == name).sum()
    return found


def fates(found: Tables, name: str) -> dict[str, int]:
    """What became of the rows of a table: rows by outcome, those of none left out."""
    own = found["intake"][found["intake"]["table"] == name]
    return {str(o): int(n) for o, n in zip(own["outcome"], own["rows"], strict=True) if n}


def broken(tables: Tables) -> list[tuple[str, str, int]]:
    """Table, rule and row of all that was set aside."""
    rows = outcome(tables)["quarantine"]
    return list(zip(rows["table"], rows["rule"], rows["row"], strict=True))
