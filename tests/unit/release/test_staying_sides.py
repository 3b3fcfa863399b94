"""Cells of strategies beside those that hold their people: one by one, and two that are apart together."""

from __future__ import annotations

import pandas as pd
import pytest
from release_rows import counts_of, only, settings
from results_rows import made as table

from iop_outcomes.protocol import InCare, Strategies
from iop_outcomes.release import POLICIES, run, staying_sides
from iop_outcomes.release.nesting import Cell

SHORT = Strategies.model_validate(
    {
        "title": "", "contrast": "c", "arm": "iop",
        "first": {"name": "stay", "label": "Long", "stay": "at_least", "weeks": 13},
        "second": {"name": "leave_by_4", "label": "Short", "stay": "at_most", "weeks": 4},
    }
)  # fmt: skip
LONG = SHORT.model_copy(update={"second": SHORT.second.model_copy(update={"name": "leave_in_4", "stay": "exactly"})})
IN_CARE = {
    name: InCare(day=one.all_left_by, of="c", arm="iop", staying="stay", sides=one.days)
    for name, one in {"short": SHORT, "long": LONG}.items()
} | {"hours": InCare(day=28, of="c"), "stay_90": InCare(day=90)}


def test_sides_are_told_by_days() -> None:
    assert SHORT.days == {"stay": (84, None), "leave_by_4": (0, 27)}
    assert LONG.days == {"stay": (84, None), "leave_in_4": (21, 27)}
    assert SHORT.all_left_by == LONG.all_left_by == 28
    # who is to stay 5 weeks is in care on the day by which all others have left
    five = SHORT.model_copy(update={"first": SHORT.first.model_copy(update={"weeks": 5})})
    assert five.days["stay"][0] == five.all_left_by


def held() -> set[tuple[frozenset[str], str]]:
    """By names, which cells hold which, of one level."""
    of = {
        "iop": ("c", "iop"), "residential": ("c", "residential"), "stay": ("short", "stay"),
        "by 4": ("short", "leave_by_4"), "in 4": ("long", "leave_in_4"), "day 28": ("hours", "iop"),
        "90 days": ("stay_90", "stayed"), "less": ("stay_90", "left_earlier"), "onward": ("next", "started"),
    }  # fmt: skip
    plain = {"cohort": "k", "outcome": "abstinent", "variable": "all", "horizon_days": "180", "detail": ""}
    cells = [
        Cell({**plain, "contrast": contrast, "arm": arm, "level": "using", "group_by": "all"}, 0)
        for contrast, arm in of.values()
    ]
    names = list(of)
    found = staying_sides.pairs(cells, range(len(cells)), IN_CARE)
    return {(frozenset(names[i] for i in some), names[whole]) for some, (whole,) in found}


def test_a_cell_holds_those_of_its_days_and_two_that_are_apart() -> None:
    found = held()
    assert (frozenset({"in 4"}), "by 4") in found
    assert {(frozenset({"by 4", "day 28"}), "iop"), (frozenset({"stay", "by 4"}), "iop")} <= found
    assert {(frozenset({"stay"}), "day 28"), (frozenset({"by 4"}), "less"), (frozenset({"in 4"}), "iop")} <= found
    # of people in both, of other days and of others who left, nothing follows
    assert not {whole for some, whole in found if {"residential", "onward"} & {*some, whole}}
    assert (frozenset({"stay", "day 28"}), "iop") not in found
    assert (frozenset({"90 days"}), "stay") not in found
    # without a strategy the other rules look after it
    assert (frozenset({"day 28"}), "iop") not in found


TOLD: dict[str, dict[str, dict[str, int]]] = {
    "c": {"iop": {"abstinent": 162, "using": 65, "missing": 8, "not_yet_observed": 20}},
    "short": {
        "stay": {"abstinent": 64, "using": 25, "missing": 3, "not_yet_observed": 7},
        "leave_by_4": {"abstinent": 31, "using": 12, "missing": 1, "not_yet_observed": 5},
    },
    "hours": {"iop": {"abstinent": 126, "using": 51, "missing": 5, "not_yet_observed": 15, "out_of_care": 58}},
}


def left_open() -> int:
    """How many values are left of those who used and are in neither cell, to whoever takes both from the arm."""
    rows = []
    for contrast, arms in TOLD.items():
        for arm, levels in arms.items():
            more = {"group_by": "arm", "group": arm} if contrast == "hours" else {}
            rows += counts_of(arm, levels, contrast=contrast, analysis=contrast, **more)
    frames = {n: table(n, []) for n in ("life_tables", "estimates", "curves", "diagnostics")}
    arms = {"c": ["iop", "residential"], "short": ["stay", "leave_by_4"]}
    counts = run(counts=table("counts", rows), **frames, **settings(arms=arms, in_care=IN_CARE))["counts"]

    def between(contrast: str, arm: str, level: str) -> tuple[int, int]:
        cell = only(counts, contrast=contrast, arm=arm, level=level)
        return (0, 255) if pd.isna(cell.count_high) else (cell.count_low, cell.count_high)

    whole, *apart = (between(*of, "using") for of in (("c", "iop"), ("short", "leave_by_4"), ("hours", "iop")))
    most = whole[1] - sum(low for low, _ in apart)
    return int(min(10, most) - max(0, whole[0] - sum(high for _, high in apart)) + 1)


def test_two_cells_that_are_apart_do_not_tell_who_is_in_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 65 who used 51 were in care on day 28, and 12 had left by week 4: 2 died, or were lost, before."""
    assert left_open() >= POLICIES["cms"].protection
    pairs = staying_sides.pairs
    monkeypatch.setattr(staying_sides, "pairs", lambda *of: (pair for pair in pairs(*of) if len(pair[0]) == 1))
    assert left_open() == 1  # as it was before
