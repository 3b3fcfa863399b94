from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.sources import crosswalk
from iop_outcomes.tables import reference
from iop_outcomes.tables.canonical import STAYS
from iop_outcomes.vocabulary.levels import LEVELS

ROWS = reference.rows("level_crosswalk.csv")


@pytest.mark.parametrize(
    ("system", "code", "level"),
    [
        ("asam3", "Level III.5", "3.5"),
        ("asam3", "asam level 2.1", "2.1"),
        ("asam3", "II.1", "2.1"),
        ("asam3", "I", "1"),
        ("asam3", "iv", "4"),
        ("asam3", "0.5", "0.5"),
        ("asam3", "III.7 - WM", "detox"),
        ("asam3", "3.7WM", "detox"),
        ("asam3", "OTP", "1"),
        ("asam4", "1.7", "1"),
        ("asam4", "2.7", "2.5"),
        ("asam4", "3.7 BIO", "3.7"),
        ("procedure", "h0015", "2.1"),
        ("procedure", "S9480", "2.1"),
        ("procedure", "H0018", "3.5"),
        ("procedure", "H0019", "3.1"),
        ("procedure", "H0010", "detox"),
        ("revenue", "0906", "2.1"),
        ("revenue", "906", "2.1"),
        ("revenue", "1002", "3.5"),
        ("revenue", "126", "detox"),
        ("teds_services", "6", "2.1"),
    ],
)
def test_a_code_has_its_level(system: str, code: str, level: str) -> None:
    assert crosswalk.levels(system)[crosswalk.normalise(code)] == level


@pytest.mark.parametrize(
    ("system", "cells", "code"),
    [
        ("teds_services", ("2", "02", "2.0", "002", "２", "2,0", "'02", '="02"', " 2\u00a0"), "2"),
        ("revenue", ("906", "0906.0", "00906", "9.06E+02", "906,0", '="0906"'), "906"),
        ("asam3", ("2.1", "2,1", "2.10", "02.1", "2,10", "'2.1"), "2.1"),
    ],
)
def test_a_code_is_found_however_it_is_written(system: str, cells: tuple[str, ...], code: str) -> None:
    level = crosswalk.levels(system)[code]
    assert {crosswalk.levels(system)[str(crosswalk.find(system, cell))] for cell in cells} == {level}


def test_the_editions_differ_where_they_differ() -> None:
    third, fourth = crosswalk.levels("asam3"), crosswalk.levels("asam4")
    assert {"0.5", "3.3", "3.7WM"} <= set(third) - set(fourth)
    assert {"1.5", "1.7", "2.7", "3.7BIO"} <= set(fourth) - set(third)


def test_psychiatric_codes_say_so() -> None:
    assert crosswalk.program_types("revenue")["0905"] == "mental_health"
    assert crosswalk.program_types("revenue")["0906"] == "substance_use"
    assert crosswalk.program_types("revenue")["1001"] == "mental_health"
    assert crosswalk.program_types("revenue")["1002"] == "substance_use"
    assert crosswalk.program_types("procedure")["S9480"] == "mental_health"
    # a residential day tells nothing of what is treated
    assert "H0018" not in crosswalk.program_types("procedure")


def test_what_is_known_and_no_level_is_told_apart() -> None:
    assert crosswalk.no_level("asam4") == {"RR"}
    assert "RR" not in crosswalk.levels("asam4")


def test_an_unknown_system_names_the_known_ones() -> None:
    with pytest.raises(StudyError, match=r"'icd10' is not known.*asam3, asam4, procedure, revenue, teds_services"):
        crosswalk.levels("icd10")


def test_every_row_can_be_checked() -> None:
    for row in ROWS:
        assert row["level_of_care"] in (*LEVELS, "")
        assert row["program_type"] in (*STAYS.columns["program_type"].allowed, "")
        assert row["name"]
        assert any(str(year) in row["source"] for year in range(2000, 2027)) or "https://" in row["source"]
        # no level, or a level that the code does not tell alone, is explained
        assert row["level_of_care"] or row["note"]


@pytest.mark.parametrize("system", crosswalk.systems())
def test_no_code_stands_for_two_levels(system: str) -> None:
    spellings = [
        spelling
        for row in ROWS
        if row["system"] == system
        for spelling in crosswalk._spellings(system, crosswalk.normalise(row["code"]))
    ]
    assert len(spellings) == len(set(spellings))
    assert all(crosswalk.normalise(code) == code for code in spellings)


def test_the_crosswalk_and_the_levels_of_care_agree(project: Path) -> None:
    levels = pd.read_csv(project / "data/reference/levels_of_care.csv", dtype=str, keep_default_na=False)
    levels = levels.set_index("level_of_care")
    for service, level in crosswalk.levels("teds_services").items():
        assert service in levels.loc[level, "teds_services"].split(";")
    third, fourth = crosswalk.levels("asam3"), crosswalk.levels("asam4")
    for level, row in levels.iterrows():
        if row["roman"]:
            assert third[row["roman"]] == third[level] == level
        for code in filter(None, row["fourth_edition"].split(";")):
            assert fourth[code] == level
