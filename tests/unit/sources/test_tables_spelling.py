"""Canonical tables in which values are written otherwise."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from respelt_exports import tables

from iop_outcomes.errors import StudyError

TABLE_STAYS = pd.DataFrame(
    {
        "person_id": ["1", "2", "3"], "stay_id": ["1", "2", "3"], "site_id": ["North", "North", "South"],
        "level_of_care": ["2.1", "1", "3.5"], "start_day": [0, 0, 0], "end_day": [30, 20, 10],
        "discharge_reason": ["completed", "unplanned", "completed"], "program_type": ["substance_use"] * 3,
    }
)  # fmt: skip
TABLE_PERSONS = pd.DataFrame(
    {"person_id": ["1", "2", "3"], "observed_to_day": [365] * 3, "age": [30] * 3, "sex": ["male", "female", "male"]}
)


def test_canonical_tables_are_read_however_their_values_are_written(tmp_path: Path) -> None:
    plain = tables(tmp_path, TABLE_STAYS, TABLE_PERSONS)
    stays = TABLE_STAYS.assign(
        person_id=["1.0", "2.0", "3.0"], stay_id=["1.0", "2.0", "3.0"], site_id=["North", "NORTH ", "south"],
        level_of_care=["2.10", "1.0", "3.5\u00a0"], discharge_reason=["Completed", "UNPLANNED", "completed "],
        program_type=["Substance use", "substance-use", "substance_use"], start_day=["0.0", "-0", "０"],
    )  # fmt: skip
    found = tables(tmp_path, stays, TABLE_PERSONS.assign(sex=["Male ", "FEMALE", "male\u200b"]))
    for name in ("persons", "stays"):
        one, other = plain[f"raw_{name}"], found[f"raw_{name}"]
        if name == "stays":
            assert other["site_id"].str.casefold().tolist() == ["north", "north", "south"]
            assert other["site_id"].nunique() == 2
            one, other = one.drop(columns="site_id"), other.drop(columns="site_id")
        pd.testing.assert_frame_equal(one, other)
    assert "stays.discharge_reason: values that differ in capital and small letters" in found["notes"]


def test_canonical_tables_with_unclear_identifiers_are_refused(tmp_path: Path) -> None:
    persons = pd.concat([TABLE_PERSONS, TABLE_PERSONS[:1].assign(person_id="01")])
    with pytest.raises(StudyError, match=r"persons\.person_id"):
        tables(tmp_path, TABLE_STAYS, persons)
    assert len(tables(tmp_path, TABLE_STAYS, persons, as_written=["person_id"])["raw_persons"]) == 4
