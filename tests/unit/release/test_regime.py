"""Which base a release rounds to, and what it says of it."""

from __future__ import annotations

from typing import Any

import pytest
from release_rows import ARMS, PLENTY, counts_of, four, life, only, release
from results_rows import made as table

from iop_outcomes.release import POLICIES, choose
from iop_outcomes.release.regime import Kept, bases, best, kept, looked_at


def test_bases_are_those_of_the_policy_from_the_studys_own_on() -> None:
    assert bases(POLICIES["cms"]) == (1, 5, 10)
    assert bases(POLICIES["opensafely"]) == (5, 10)
    assert bases(choose("cms", rounding_base=10)) == (10,)
    assert bases(choose("cms", rounding_base=3)) == (3,)
    assert bases(POLICIES["none"]) == (1,)


@pytest.mark.parametrize(
    ("tried", "base"),
    [
        # exact where that keeps as much
        ([(1, 10, 0), (5, 10, 0)], 1),
        # less 2 %
        ([(1, 98, 2), (5, 100, 2)], 1),
        ([(1, 97, 0), (5, 100, 0)], 5),
        # of those that keep as much, the one that withholds least
        ([(1, 10, 8), (5, 10, 2)], 5),
        ([(1, 10, 2), (5, 9, 0)], 1),
        ([(1, 0, 9), (5, 0, 9)], 1),
    ],
)
def test_the_base_that_keeps_most_is_taken(tried: list[tuple[int, int, int]], base: int) -> None:
    assert best([Kept(b, 100, rows, withheld) for b, rows, withheld in tried]).base == base


def row(**more: Any) -> dict[str, Any]:
    plain = four(number=0.5)[0]
    return {**plain, "rounding_error": 0.0, **more}


def test_a_row_is_kept_where_it_is_changed_by_less_than_a_point() -> None:
    rows = [
        row(of="iop"), row(of="residential", rounding_error=0.0099), row(of="difference", rounding_error=0.0101),
        row(of="ratio", estimate=2.0, rounding_error=0.019), row(of="iop", missing_rule="none", status="suppressed"),
        row(of="iop", measure="mean_days", horizon_days=180, estimate=60.0, rounding_error=1.7),
        row(of="residential", measure="mean_days", horizon_days=180, estimate=60.0, rounding_error=1.9),
        # what no data could answer is no loss
        row(of="ratio", missing_rule="none", status="not_possible"),
    ]  # fmt: skip
    assert kept(5, table("estimates", rows)) == Kept(5, 7, 4, 1)


def test_bases_are_judged_by_crude_rows_of_primary_questions_and_by_all_where_there_are_none() -> None:
    rows = table("estimates", four() + four(outcome="employed") + four(method="overlap", number=0.5))
    assert set(looked_at(rows, {"c": ["abstinent"]})["outcome"]) == {"abstinent"}
    assert len(looked_at(rows, {})) == len(looked_at(rows, {"other": ["abstinent"]})) == 8
    assert set(looked_at(rows, {})["method"]) == {"crude"}


def test_a_release_says_to_what_it_is_rounded_and_what_that_costs() -> None:
    found = release(counts=PLENTY, estimates=four())["diagnostics"].set_index("quantity")["value"]
    assert found.to_dict() == {"rounded_to": 1, "rows_asked": 4, "rows_kept": 4, "rows_withheld": 0}
    assert "rounded_to" not in set(release("none", counts=PLENTY, estimates=four())["diagnostics"]["quantity"])


def test_only_blocks_that_would_lose_something_are_rounded() -> None:
    """A few leave between two days, which rounding hides; their answers on a day are not small, and stay exact."""
    key = {"analysis": "leaving", "outcome": "unplanned_discharge"}
    days = {20: (31, 27), 50: (4, 27), 80: (9, 6)}
    cells = [(d, c, n) for d, own in days.items() for c, n in zip(("unplanned", "completed"), own, strict=True)]
    tables = [r for arm in ARMS for r in life(arm, [*cells, (200, "censored", 40)], **key)]
    asked = [r for day in (30, 60, 90) for r in four(horizon_days=day, missing_rule="none", **key)]
    found = release(counts=PLENTY, life_tables=tables, estimates=[*asked, *four()])
    answers = found["counts"].query("analysis == 'abstinence'")
    assert answers["status"].eq("ok").all()
    told = found["counts"].query("analysis == 'leaving'")["status"]
    assert "rounded" in set(told)
    crude = found["estimates"].query("outcome == 'unplanned_discharge' and measure == 'risk'")
    assert crude["status"].eq("ok").mean() >= 0.5


def test_small_cells_choose_no_base_where_no_row_needs_them() -> None:
    cells = PLENTY + counts_of("iop", {"a": 3, "b": 60, "c": 90}, analysis="design", outcome="covariate")
    found = release(counts=cells, estimates=four())
    assert only(found["diagnostics"], quantity="rounded_to").value == 1
