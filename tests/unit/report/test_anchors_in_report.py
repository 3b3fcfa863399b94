"""As strong as what is on record: each covariate that was left out, the one that moves the answer most first."""

from __future__ import annotations

import pandas as pd
import pytest
from released_study import estimates, study, typed

from iop_outcomes.presentation import select
from iop_outcomes.report import overturned

KEY = {
    "analysis": "leaving", "contrast": "iop_vs_res", "outcome": "unplanned_discharge", "horizon_days": 90,
    "estimand": "ATO", "method": "overlap", "missing_rule": "none", "measure": "risk", "of": "ratio",
    "group_by": "without_covariate",
}  # fmt: skip


def with_anchors() -> pd.DataFrame:
    rows = [
        {**KEY, "group": name, "estimate": e, "conf_low": e - 0.3, "conf_high": e + 0.3, "std_error": 0.1}
        for name, e in (("sex", 2.0), ("severity", 1.38))
    ]
    gone = {**KEY, "group": "age", "status": "not_possible", "reason": "no term"}
    return pd.concat([estimates(), typed("estimates", [*rows, gone])], ignore_index=True)


def test_each_covariate_by_hand() -> None:
    """From 2.07 to 1.38 is a factor of 1.5, whose E-value is 2.37; a cause as strong again would have 2.07 at 3.105."""
    (table,) = overturned.anchors(estimates(), with_anchors(), study())
    ((severity, sex),) = [block.lines for block in table.blocks]
    assert severity.cells == ("1.38 (1.08 to 1.68)", "1.50", "2.37", "3.10")
    assert float(sex.cells[1]) == pytest.approx(2.07 / 2.0, abs=0.005)
    assert severity.label == "Severity of substance use"


def test_rows_with_something_left_out_stand_in_no_other_table() -> None:
    assert not set(select.asked_first(with_anchors(), study())["group_by"]) & {"without_covariate"}
    assert overturned.anchors(estimates(), estimates(), study()) == []
