"""Where a printed number comes from, by its value: shares may stand as points, p-values never do."""

from __future__ import annotations

import pandas as pd
import pytest
import results_rows

from iop_outcomes.verify.origins import CELL, COMPUTED, MOST, Sources

ROW = {
    "analysis": "use", "cohort": "hand", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180,
    "estimand": "ATE", "measure": "risk", "of": "difference", "method": "iptw", "estimate": 0.25, "p_value": 0.00035,
    "status": "ok",
}  # fmt: skip


@pytest.fixture
def sources() -> Sources:
    estimates = results_rows.made("estimates", [ROW])
    counts = pd.DataFrame(columns=[*results_rows.made("counts", []).columns]).astype({"count": "Int64"})
    return Sources({"estimates": estimates, "counts": counts}, None, "", "")


@pytest.mark.parametrize("value", [0.25, -0.25, 25.0])
def test_a_share_is_found_as_it_is_without_its_sign_and_as_points(sources, value):
    found = sources.of_value(value, "Inverse probability weighting")
    assert (found.how, found.cell.column) == (CELL, "estimate")


def test_a_value_that_many_others_hold_is_found_beyond_the_first_of_them():
    others = [ROW | {"outcome": "retained", "method": "overlap", "horizon_days": day} for day in range(1, MOST + 5)]
    estimates = results_rows.made("estimates", [*others, ROW])
    counts = pd.DataFrame(columns=[*results_rows.made("counts", []).columns]).astype({"count": "Int64"})
    found = Sources({"estimates": estimates, "counts": counts}, None, "", "").of_value(0.25, "iptw")
    assert (found.how, found.cell.row) == (CELL, len(estimates))


def test_a_p_value_is_found_as_it_is(sources):
    found = sources.of_value(0.00035, "Inverse probability weighting")
    assert (found.how, found.cell.column) == (CELL, "p_value")


def test_a_share_of_a_hundred_p_values_is_none_of_them(sources):
    assert sources.of_value(0.035, "Inverse probability weighting").how == COMPUTED
