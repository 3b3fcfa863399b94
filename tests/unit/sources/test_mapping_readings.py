"""What is told of how cells were read: what `other` swallows, filters that meet nothing, levels by another system."""

from __future__ import annotations

from pathlib import Path

import pytest
from respelt_exports import STAYS, Frames, changed, run

from iop_outcomes import clean


def readings(found: Frames, column: str) -> dict[tuple[str, str | None], tuple[int, int | None]]:
    own = found["readings"]
    own = own[own["column"] == column].astype(object).where(lambda f: f.notna(), None)
    return {(r.outcome, r.code): (r.rows, r.people) for r in own.itertuples()}


def test_what_other_swallows_is_counted_and_adds_up_to_the_rows_read(tmp_path: Path) -> None:
    why = STAYS["WHY"].replace("3", "PROB").where(STAYS.index != 4)
    found = run(tmp_path, stays=STAYS.assign(WHY=why))
    told = readings(found, "discharge_reason")
    assert told["other", "PROB"] == (12, 12)
    assert told["never found", "3"] == (0, 0)
    assert told["empty", None][0] == 1
    rows = sum(n for (outcome, _), (n, _) in told.items() if outcome in ("listed", "other", "kept as it is", "empty"))
    gone = found["arrivals"].query("table == 'stays' and outcome.str.startswith('excluded: KIND')")["rows"].sum()
    read = found["arrivals"].query("table == 'stays' and outcome == 'read'")["rows"].sum()
    assert rows == read - gone == 54


def test_rows_are_accounted_for_with_what_other_swallows_beside(tmp_path: Path) -> None:
    found = run(tmp_path, stays=STAYS.assign(WHY=STAYS["WHY"].replace("3", "PROB")))
    told, _ = found.pop("readings"), found.pop("notes")
    made = clean.run(**found, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)
    read = found["arrivals"].query("outcome == 'read'").set_index("table")["rows"].to_dict()
    assert made["intake"].groupby("table")["rows"].sum().to_dict() == read
    swallowed = told.query("table == 'stays' and outcome == 'other'")["rows"].sum()
    assert (made["stays"]["discharge_reason"] == "other").sum() == swallowed == 12


def test_listed_codes_of_filters_that_never_occur_are_named(tmp_path: Path) -> None:
    where = [{"column": "KIND", "not_in": ["VOID ", "test"]}]
    assert readings(run(tmp_path, changed(("stays.where", where))), "where KIND") == {("never found", "test"): (0, 0)}


@pytest.mark.parametrize(("column", "other"), [("PROC", "REV_CD"), ("PROC", "X2"), ("REV_CD", "PROC")])
def test_levels_that_another_column_tells_otherwise_are_counted(tmp_path: Path, column: str, other: str) -> None:
    codes = {"PROC": ["H2036", "H0015", "H2036"] * 20, "REV_CD": ["1002", "0906", ""] * 20}
    codes["X2"] = codes["REV_CD"]
    stays = STAYS.assign(**{column: codes[column], other: codes[other]}).drop(columns="LOC")
    system = "procedure" if column == "PROC" else "revenue"
    source = changed(
        ("stays.columns.level_of_care", {"column": column, "crosswalk": system, "other": "1"}),
        ("stays.ignore", [other]),
    )
    told = run(tmp_path, source, stays=stays)["readings"].query("outcome in ('several levels', 'another column')")
    found = {(r.outcome, r.code): (r.meaning, r.instead, r.rows, r.people) for r in told.itertuples()}
    kept = 54
    both = int((stays.loc[stays["KIND"] == "ok", column].isin(["H2036", "1002"]) & stays[other].ne("")).sum())
    chosen, beside = ("2.5", "3.5") if column == "PROC" else ("3.5", "2.5")
    assert found["another column", other] == (chosen, beside, both, both)
    code = "H2036" if column == "PROC" else "1002"
    rows = int((stays.loc[stays["KIND"] == "ok", column] == code).sum())
    assert found["several levels", code][2:] == (rows, rows)
    assert 0 < both <= rows < kept
    # an empty cell has no level that another column could contradict
    assert told.query("outcome == 'another column'")["rows"].sum() == both


def test_levels_of_every_crosswalk_that_might_be_others_are_counted(tmp_path: Path) -> None:
    stays = STAYS.assign(LOC=["06", "04"] * 30)
    source = changed(("stays.columns.level_of_care", {"column": "LOC", "crosswalk": "teds_services"}))
    told = run(tmp_path, source, stays=stays)["readings"].query("outcome == 'several levels'")
    found = {(r.code, r.meaning, r.instead, r.rows) for r in told.itertuples()}
    assert found == {("6", "2.1", "2.5", 30), ("4", "3.5", "3.7", 24)}


def test_codes_that_the_mapping_decides_are_no_choice(tmp_path: Path) -> None:
    stays = STAYS.assign(LOC=["H2036", "H0015"] * 30)
    level = {"column": "LOC", "crosswalk": "procedure", "codes": {"h2036": "3.5"}}
    found = run(tmp_path, changed(("stays.columns.level_of_care", level)), stays=stays)
    assert set(found["raw_stays"]["level_of_care"]) == {"3.5", "2.1"}
    assert "several levels" not in set(found["readings"]["outcome"])
