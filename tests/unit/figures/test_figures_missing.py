"""The missingness grid and the tipping-point plane: what they show, of whom, and when they are not drawn."""

from __future__ import annotations

import pandas as pd
import pytest
from drawings import described, drawn
from missing_readings import DELTAS, READINGS, plane, readings, with_readings
from released_study import empty, released, typed, words

from iop_outcomes import figures
from iop_outcomes.figures.tipping import ABOVE, BELOW, OPEN, side
from iop_outcomes.presentation import select


@pytest.mark.parametrize("name", ["missing", "tipping"])
def test_it_is_drawn_with_the_same_bytes_and_described(name: str) -> None:
    one, other = (figures.run(**with_readings(), names=[name], study=words()) for _ in range(2))
    assert one == other
    title, alt = described(one[f"{name}_svg"])
    assert title == figures.TITLES[name]
    assert "cannot be drawn" not in alt


def test_the_grid_holds_both_arms_and_the_difference_of_every_rule() -> None:
    tables = with_readings()
    first = {**tables, "estimates": select.asked_first(tables["estimates"], words())}
    shown = drawn("missing", first).data
    assert list(dict.fromkeys(shown["missing_rule"])) == list(READINGS)
    assert (shown.groupby("missing_rule").size() == 3).all()
    assert set(shown["of"]) == {"iop", "res", "difference"}
    value = shown.set_index(["missing_rule", "of"])["estimate"]
    assert value["imputed", "res"] == READINGS["imputed"][1]
    assert "multiple imputation" in drawn("missing", first).alt


def test_tipping_points_are_in_no_other_figure() -> None:
    whole = with_readings()["estimates"]
    assert len(select.tipping(whole)) == len(DELTAS) ** 2
    first = select.asked_first(whole, words())
    assert first["delta_first"].isna().all()
    by_site = whole["group_by"].isin(["of_site", "over_sites"]).sum()
    assert len(first) == len(whole) - len(DELTAS) ** 2 - by_site


def test_two_plain_readings_make_no_grid() -> None:
    figure = drawn("missing", released())
    assert "cannot be drawn" in figure.alt


def test_a_rule_without_an_estimate_keeps_its_place() -> None:
    rows = [r | {"estimate": None, "status": "gated", "reason": "too few"} if r["missing_rule"] == "imputed" else r
            for r in readings(("missing_is_using", "imputed", "worst_case"))]  # fmt: skip
    shown = drawn("missing", {**empty(), "estimates": typed("estimates", rows)}).data
    assert "imputed" in set(shown["missing_rule"])


def test_the_plane_tells_where_an_interval_leaves_the_direction_open() -> None:
    tables = with_readings()
    figure = drawn("tipping", {**tables, "tipping": select.tipping(tables["estimates"])})
    rows = figure.data.to_dict("records")
    assert len(rows) == 9
    sides = {(r["delta_first"], r["delta_second"]): side(r) for r in rows}
    assert sides[0.0, 0.0] == OPEN
    assert sides[1.0, -1.0] == ABOVE
    assert sides[-1.0, 0.0] == BELOW
    assert "hold both directions" in figure.alt


def test_rounding_that_may_move_a_limit_leaves_it_open() -> None:
    row = {"conf_low": 0.001, "conf_high": 0.08, "rounding_error": 0.002}
    assert side(row) == OPEN
    assert side({**row, "rounding_error": 0.0}) == ABOVE


def test_without_tipping_points_a_note_stands_there() -> None:
    own = typed("estimates", plane())
    assert len(select.tipping(own)) == 9
    figure = drawn("tipping", {**released(), "tipping": pd.DataFrame(columns=own.columns)})
    assert "cannot be drawn" in figure.alt
