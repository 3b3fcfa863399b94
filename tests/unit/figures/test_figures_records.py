"""Figures of the records: how shares are told, and that nothing in a drawing overlaps or is made up."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pandas as pd
import pytest
import records_counts
from drawings import drawn
from records_counts import cells
from released_study import counts, diagnostics, empty, released, study, typed, words

from iop_outcomes import figures
from iop_outcomes.figures import tiles, transitions
from iop_outcomes.presentation import matrices, recorded

HALF = {"known": 50, "not_known": 50}


def read(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return typed("counts", rows)


def share(people: dict[str, int | None], floor: float | None = None, size: int | None = None) -> tuple[float, str]:
    """How a field of one group is told; size: people of the group, from a field that is shown in full."""
    rows = cells("completeness", variable="sex", people=people)
    rows += cells("completeness", variable="age", people={"known": size}) if size else []
    told = (
        [records_counts.floor() | {"variable": "sex", "group_by": "all", "group": "all", "value": floor}]
        if floor is not None
        else []
    )
    found = recorded.completeness(read(rows), typed("diagnostics", told))
    return recorded.by(found[found["field"] == "sex"], "kind")["all",]


@pytest.mark.parametrize(
    ("people", "floor", "size", "expected"),
    [
        ({"known": 90, "not_known": 30}, None, None, (0.75, "exact")),
        ({"known": 90, "not_known": 30, "not_asked": 500}, None, None, (0.75, "exact")),
        ({"known": 90}, None, None, (1.0, "exact")),
        ({"not_known": 90}, None, None, (0.0, "exact")),
        # a few are withheld: the group's size is known from another field
        ({"known": 95, "not_known": None}, None, 100, (0.95, "about")),
        ({"known": 105, "not_known": None}, None, 100, (1.0, "about")),
        ({"known": 60, "not_known": None, "not_asked": 20}, None, 100, (0.75, "about")),
        ({"known": 60, "not_known": None, "not_asked": None}, None, 100, (0.6, "from")),
        # neither is shown: to the quarter below, where that is told
        ({"known": None, "not_known": None}, 0.75, 100, (0.75, "from")),
        # no one is missing, whatever is withheld
        ({"known": None, "not_known": 0}, None, None, (1.0, "exact")),
    ],
)
def test_a_share_is_told_as_far_as_the_release_tells_it(
    people: dict[str, int | None], floor: float | None, size: int | None, expected: tuple[float, str]
) -> None:
    assert share(people, floor, size) == pytest.approx(expected)


@pytest.mark.parametrize("people", [{"known": None, "not_known": None}, {"known": 95, "not_known": None}])
def test_a_share_that_is_not_told_is_withheld(people: dict[str, int | None]) -> None:
    assert share(people)[1] == "withheld"


def test_no_one_was_asked() -> None:
    assert share({"not_asked": 70})[1] == "nobody"


def test_fields_known_of_all_of_some_and_of_none() -> None:
    found = recorded.completeness(counts(), diagnostics())
    assert recorded.unanswered(found) == (["age"], ["stable_housing", "screens"], ["sessions"])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((1.0, "exact"), tiles.Tile("100", 0.0)),
        ((0.999, "exact"), tiles.Tile("99", 0.001)),
        ((0.001, "exact"), tiles.Tile("1", 0.999)),
        ((0.9, "about"), tiles.Tile("~90", 0.1)),
        # nearly all is no gap to point at
        ((0.75, "from"), tiles.Tile("\u226575", None)),
        ((0.25, "from"), tiles.Tile("\u226525", 0.75)),
        ((float("nan"), "withheld"), tiles.Tile("", None)),
        ((float("nan"), "nobody"), None),
    ],
)
def test_tiles_by_hand(told: tuple[float, str], expected: tiles.Tile | None) -> None:
    found = tiles.known(*told)
    if expected is None or expected.shade is None:
        assert found == expected
    else:
        assert found is not None
        assert (found.text, found.shade) == (expected.text, pytest.approx(expected.shade))


def texts(name: str, rows: pd.DataFrame | None = None, unit: str = "first_episode") -> list[str]:
    """The words in a drawing."""
    changes = {} if rows is None else {"counts": rows}
    made = figures.run(**released(**changes), names=[name], study=words(study(population={"unit": unit})))
    return re.findall(r"<text[^>]*>([^<]*)<", made[f"{name}_svg"].decode())


def test_the_grid_has_a_row_for_each_group_and_names_what_has_no_column() -> None:
    found = texts("completeness")
    expected = {"All people", "By site", "A", "B", "2024Q1", "\u226575", "~98", "40", "Known throughout: age."}
    assert expected <= set(found)
    assert "Any session" not in found
    assert "Not in these records: any session." in found


def test_of_many_fields_the_least_known_have_a_column() -> None:
    rows = [
        r
        for i in range(30)
        for r in cells("completeness", variable=f"f{i}", people={"known": 100 + i, "not_known": 200 - i})
    ]
    found = texts("completeness", read(rows))
    assert {"F0", "F23"} <= set(found)
    assert "F24" not in found
    assert "Known of nearly all: F24, F25, F26, F27, F28, F29." in found


def test_what_is_counted_is_named() -> None:
    found = texts("completeness", unit="period")
    assert "All periods" in found
    assert not any("people" in line for line in found if not line.startswith("~"))


def test_groups_of_joined_small_ones_come_last() -> None:
    assert recorded.ordered(["smaller sites", "Z", "A"]) == ["A", "Z", "smaller sites"]
    assert recorded.ordered(["unknown", "2024Q1", "other periods"])[0] == "2024Q1"
    assert recorded.ordered(["state 10", "state 2", "state"]) == ["state", "state 2", "state 10"]


# ----------------------------------------------------------------------------------------------------------- agreement


def test_a_matrix_tells_no_one_from_withheld() -> None:
    table = matrices.matrix(counts(), "label", "asam")
    assert list(table.index) == ["1", "2.1"]
    assert list(table.columns) == ["1", "2.1", "indeterminate", "not_known"]
    assert table.loc["1", "not_known"] == 0
    assert pd.isna(matrices.matrix(counts(), "asam", "delivered").loc["2.1", "1"])


def test_kappa_by_hand() -> None:
    # 40 + 150 of 230 agree; by chance 50 * 40 + 180 * 160 of 230 squared
    found = matrices.kappa(matrices.matrix(counts(), "label", "asam"))
    observed, chance = 190 / 230, (50 * 40 + 180 * 160) / 230**2
    assert found.n == 230
    assert found.kappa == pytest.approx((observed - chance) / (1 - chance))


def test_kappa_says_nothing_where_one_definition_knows_one_class() -> None:
    found = matrices.kappa(matrices.matrix(counts(), "asam", "delivered"))
    assert found.observed == pytest.approx(100 / 160)
    assert pd.isna(found.kappa)


def test_a_matrix_of_one_tile_is_drawn_only_alone() -> None:
    one = cells("agreement", variable="asam", group_by="label", people={"2.1": 100}, group="2.1")
    more = cells("agreement", variable="broad", group_by="label", people={"2.1": 60, "1": 40}, group="2.1")
    assert not any("ASAM" in line for line in texts("agreement", read(one + more)))
    assert any("ASAM" in line for line in texts("agreement", read(one)))
    figure = drawn("agreement", released(counts=read(one + more)))
    assert set(zip(figure.data["down"], figure.data["across"], strict=True)) == {("label", "asam"), ("label", "broad")}


# --------------------------------------------------------------------------------------------------------------- hours


def test_shares_of_a_bar_are_of_the_people_that_are_shown() -> None:
    found = recorded.scheduled_and_delivered(counts())
    own = found[(found["care"] == "2.1") & (found["kind"] == "scheduled")]
    assert dict(zip(own["level"], own["share"], strict=True)) == pytest.approx(
        {"6 to under 9": 0.15, "9 to under 20": 0.75, "not_known": 0.1}
    )
    assert list(own["level"])[-1] == "not_known"


def test_a_band_that_is_withheld_is_in_the_data_and_not_in_the_drawing() -> None:
    data = drawn("hours", released()).data
    hidden = data[data["status"] == "suppressed"]
    assert list(hidden["level"]) == ["20 to under 30"]
    assert hidden["people"].isna().all()
    assert "20 to under 30" not in texts("hours")


# --------------------------------------------------------------------------------------------------------- transitions


def shown() -> pd.DataFrame:
    found = recorded.moves(counts())
    return found[found["people"] > 0].sort_values(["step", "origin", "to"])


def test_boxes_of_a_column_do_not_overlap_and_are_as_high_as_their_people() -> None:
    boxes = transitions.place(shown())
    by_name = {(b.column, b.name): b for b in boxes}
    assert by_name[0, "3.5"].people == 200
    assert by_name[1, "2.1"].people == 80
    assert by_name[1, "completed"].people == 180
    scales = {round(b.height / b.people, 9) for b in boxes}
    assert len(scales) == 1
    for column in range(3):
        own = sorted((b for b in boxes if b.column == column), key=lambda b: b.y)
        for above, below in itertools.pairwise(own):
            # room for two lines of words as well
            assert below.y >= above.y + max(above.height, 2 * transitions.LINE) - 1e-9


def test_bands_leave_and_enter_within_their_boxes() -> None:
    boxes = transitions.place(shown())
    bands = transitions._bands(shown(), boxes, {0: 0.0, 1: 2.0, 2: 4.0}, 10.0)
    by_name = {(b.column, b.name): b for b in boxes}
    corners = bands.groupby("band").agg(first=("x", "min"), y=("y", "max"), low=("y", "min"))
    assert len(corners) == len(shown())
    begin = bands[bands["x"] == transitions.BOX]
    drawn_from = {b.name: (10 - b.y - b.height, 10 - b.y) for b in by_name.values() if b.column == 0}
    low, high = min(v[0] for v in drawn_from.values()), max(v[1] for v in drawn_from.values())
    assert begin["y"].between(low - 1e-9, high + 1e-9).all()


def test_a_move_of_a_few_is_in_the_data_and_not_in_the_drawing() -> None:
    data = drawn("transitions", released()).data
    assert data.loc[data["to"] == "died", "people"].isna().all()
    found = texts("transitions")
    assert {"Intensive outpatient", "Second move"} <= set(found)
    assert not {"Died", "Third move"} & set(found)


def test_moves_that_are_all_withheld_are_told_in_a_note() -> None:
    few = read(
        cells("transition", variable="1", group_by="from", people={"completed": None, "unplanned": None}, group="2.1")
    )
    assert "cannot be drawn: no move of enough people to show" in drawn("transitions", {**empty(), "counts": few}).alt


# ------------------------------------------------------------------------------------------------------------ maturity


def test_maturity_by_time_of_entry() -> None:
    told = recorded.by(recorded.maturity(counts()), "kind", "group", "day")
    assert told["all", "all", 90] == (0.75, "exact")
    assert told["period", "2024Q2", 90] == (0.0, "exact")
    assert {"Day 30", "By time of entry", "2024Q2"} <= set(texts("maturity"))


def test_the_study_of_these_tests_is_of_people() -> None:
    assert recorded.unit(words()) == "people"
    assert recorded.UNITS[study().population.unit] == "people"
