"""Tests, medications and people from a few cells, and the use patterns of them as texts."""

from __future__ import annotations

import pandas as pd
from cohort_rows import people, table

from iop_outcomes.cohort import use as step
from iop_outcomes.patterns.pattern import Patterns, to_strings
from iop_outcomes.protocol import AskedTests, Use

NOBODY = pd.DataFrame({"person_id": pd.Series(dtype=object), "death_day": pd.Series(dtype="Int64")})


def screens(*rows: tuple, **columns) -> pd.DataFrame:
    """Tests of person a: day and result, and what else is given by name of the column."""
    names = ("day", "result", *columns.pop("also", ()))
    given = [dict(zip(names, row, strict=True)) for row in rows]
    return table("screens", given, **{"person_id": "a", "substance": "opioid", **columns})


def spell(medication: str, start: int, end: int | None) -> pd.DataFrame:
    return table("medications", [{"person_id": "a", "medication": medication, "start_day": start, "end_day": end}])


def stay(level: str, start: int, end: int | None, person: str = "a") -> pd.DataFrame:
    return table(
        "stays", [{"person_id": person, "level_of_care": level, "start_day": start, "end_day": end}],
        stay_id=f"{person}{level}{start}", site_id="S1", program_type="substance_use",
        discharge_reason=None if end is None else "completed",
    )  # fmt: skip


def told(**cells: object) -> pd.DataFrame:
    """An interview of person a."""
    row = {"person_id": "a", "target_day": 28, "day": 29, "lookback_days": 14, "days_used": 0.0, **cells}
    return table("followups", [row])


def run(
    tests: pd.DataFrame,
    use: Use,
    *,
    medications: pd.DataFrame | None = None,
    followups: pd.DataFrame | None = None,
    stays: pd.DataFrame | None = None,
    died: int | None = None,
    days: int = 27,
    who: tuple[str, ...] = ("a",),
    classes: tuple[str, ...] = ("opioid",),
    views: list[AskedTests] | None = None,
    **linked: int,
) -> pd.DataFrame:
    """The table use_patterns of people who are observed to a day. linked: `gap_days`, where not the usual."""
    persons = table("persons", [{"person_id": n, "death_day": died} for n in who], observed_to_day=days, sex="unknown")
    empty = {n: table(n, []) for n in ("medications", "followups", "stays")}
    return step.run(
        people(*who, observed_days=days), persons, empty["stays"] if stays is None else stays, tests,
        empty["followups"] if followups is None else followups,
        empty["medications"] if medications is None else medications, use,
        views or [AskedTests(substance=s) for s in classes], **linked,
    )["use_patterns"]  # fmt: skip


def matrix(found: pd.DataFrame, use: Use, who: tuple[str, ...] = ("a",), of: str = "opioid") -> Patterns:
    return step.matrix(found, who, AskedTests(substance=of), use)


def text(tests: pd.DataFrame, use: Use, of: str = "opioid", **more) -> str:
    """The pattern of person a from interval 1 on."""
    found = run(tests, use, classes=(of,), **more)
    return to_strings(matrix(found, use, of=of).window(1, 99))[0]
