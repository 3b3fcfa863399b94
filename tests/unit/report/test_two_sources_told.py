"""Agreement of report and test in the report, from released counts: by hand."""

from __future__ import annotations

import pandas as pd
from released_study import NARROW, study, typed

from iop_outcomes.presentation import numbers
from iop_outcomes.report import two_sources

# by arm, of those tested free of use and of those with use: reported none, reported use
CELLS = {"iop": ((60, 10), (20, 30)), "res": ((50, None), (40, 5))}


def rows() -> pd.DataFrame:
    key = {"analysis": "use", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180}
    key |= {"variable": "report_by_test", "group_by": "test"}
    made = [
        {
            **key,
            "arm": arm,
            "group": test,
            "level": report,
            "count": n,
            "status": "ok" if n is not None else "suppressed",
        }
        for arm, of in CELLS.items()
        for test, pair in zip(("abstinent", "using"), of, strict=True)
        for report, n in zip(("abstinent", "using"), pair, strict=True)
    ]
    return typed("counts", made)


def test_agreement_by_hand() -> None:
    """90 of 120 agree; expected (70 x 80 + 50 x 40) / 120^2 = .5278, so that kappa is (.75 - .5278) / .4722 = .47."""
    (table,) = two_sources.tables(rows(), study())
    first, second = table.blocks[0].lines
    assert first.cells[:2] == ("120", f"75.0{NARROW}%")
    assert first.cells[2].startswith("0.47 (")
    assert first.cells[3:] == (f"60.0{NARROW}%", f"85.7{NARROW}%")
    assert (second.cells, second.absent) == ((), two_sources.FEW)


def test_kappa_is_not_told_where_tests_or_reports_know_one_answer() -> None:
    """No one tests free of use: kappa is 0 whatever was reported, and an interval of no width would be told."""
    made = rows()
    iop = made["arm"] == "iop"
    for group in ("group", "level"):
        one = made.assign(count=made["count"].mask(iop & (made[group] == "abstinent"), 0))
        (table,) = two_sources.tables(one, study())
        assert table.blocks[0].lines[0].cells[2] == numbers.DASH


def test_without_counts_there_is_no_table() -> None:
    assert two_sources.tables(typed("counts", []), study()) == []
