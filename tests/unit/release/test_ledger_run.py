"""The whole release, twice, with people added in between."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import release_rows
from release_rows import LEAVING, PLENTY, four, settings
from results_rows import made

from iop_outcomes.errors import StudyError
from iop_outcomes.release import run
from iop_outcomes.steps import store

ASKED = four() + four(outcome="unplanned_discharge", analysis="leaving", horizon_days=90, missing_rule="none")
Released = dict[str, pd.DataFrame]


def released(rows: release_rows.Rows, earlier: tuple[Path, ...] = (), cohort: str = "demo") -> Released:
    tables = {"counts": rows, "life_tables": LEAVING, "estimates": ASKED, "curves": [], "diagnostics": []}
    frames = {name: made(name, [{**row, "cohort": cohort} for row in given]) for name, given in tables.items()}
    return run(**frames, **settings(earlier=[str(path) for path in earlier]))


def grown(rows: release_rows.Rows) -> release_rows.Rows:
    """Three people more in the first arm, of whom two answered."""
    more = {("iop", "abstinent"): 2, ("iop", "missing"): 1}
    return [{**row, "count": row["count"] + more.get((row["arm"], row["level"]), 0)} for row in rows]


@pytest.fixture
def first(tmp_path: Path) -> tuple[Released, Path]:
    found = released(PLENTY)
    store.write("ledger", found["ledger"], tmp_path / "ledger.csv")
    return found, tmp_path / "ledger.csv"


def test_the_same_again_is_the_same_to_the_last_number(first: tuple[Released, Path]) -> None:
    again = released(PLENTY, (first[1],))
    for name in ("counts", "estimates", "curves", "diagnostics", "ledger"):
        pd.testing.assert_frame_equal(again[name], first[0][name])


def test_of_three_people_more_nothing_is_told_exactly(first: tuple[Released, Path]) -> None:
    free, held = released(grown(PLENTY)), released(grown(PLENTY), (first[1],))
    before = first[0]["counts"]
    changed = before["count"].notna() & (before["count"] != free["counts"]["count"])
    assert changed.any()
    for found, exact in ((free, True), (held, False)):
        after = found["counts"][changed]
        assert (after["rounded_to"] == 1).all() == exact
    low = (held["counts"]["count_low"] - before["count_high"]).clip(lower=0)
    values = held["counts"]["count_high"] - before["count_low"] - low + 1
    assert values[changed].dropna().ge(5).all()


def test_sizes_are_not_told_beside_the_cells(first: tuple[Released, Path]) -> None:
    """155 people in the first arm, then 158: the number of people beside an estimate is rounded as the cells are."""
    free, held = released(grown(PLENTY)), released(grown(PLENTY), (first[1],))
    asked = {"outcome": "abstinent", "measure": "risk", "of": "iop"}
    sizes = [release_rows.only(found["estimates"], **asked).n for found in (first[0], free, held)]
    assert sizes[1] - sizes[0] == 3
    assert pd.isna(sizes[2]) or sizes[2] % 5 == 0


def test_the_ledger_holds_nothing_that_is_not_released(first: tuple[Released, Path]) -> None:
    counts, ledger = first[0]["counts"], first[0]["ledger"]
    exact = ledger[ledger["rounded_to"] == 1]
    shown = {int(n) for n in counts["count"].dropna()} | {int(n) for n in first[0]["curves"]["n_risk"].dropna()}
    assert {int(n) for n in exact["count_low"]} <= shown
    assert len(ledger) >= len(counts)


def test_a_ledger_of_another_cohort_stops_the_release(first: tuple[Released, Path]) -> None:
    with pytest.raises(StudyError, match="ledger of the cohort 'demo', and this run is of 'ours'"):
        released(PLENTY, (first[1],), cohort="ours")
