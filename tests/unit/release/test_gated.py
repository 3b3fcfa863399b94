"""Passing a gate of events, or not, tells no more than counts do."""

from __future__ import annotations

import pytest
from release_rows import four, life, only, settings
from results_rows import made as table

from iop_outcomes.release import run

FEW = "fewer than 10 events in the arm 'residential'"
BOTH = FEW.replace("events", "events or people without one")


def released(events: int, policy: str = "opensafely", fewest: int = 10, kind: str = "events"):
    """The adjusted risk of 60 people in one arm and 100 in the other, gated as the analyses gate it."""
    few = min(events, 60 - events) < fewest
    gated = {"status": "gated", "reason": FEW.replace("10", str(fewest)).replace("events", kind)} if few else {}
    key = {"analysis": "leaving", "outcome": "unplanned_discharge", "horizon_days": 30, "missing_rule": "none"}
    moved = life("iop", [(20, "unplanned", 40), (400, "censored", 60)]) + life(
        "residential", [(20, "unplanned", events), (400, "censored", 60 - events)]
    )
    asked = four(**key) + four(number=events / 60, method="iptw", **key, **gated)
    frames = {name: table(name, []) for name in ("counts", "curves", "diagnostics")}
    found = run(
        **frames, life_tables=table("life_tables", moved), estimates=table("estimates", asked),
        **settings(policy, fewest_events=fewest),
    )  # fmt: skip
    estimates = found["estimates"]
    told = only(found["counts"], arm="residential", level="unplanned", horizon_days=30)
    return told, [(r.of, r.status, r.reason) for r in estimates[estimates["method"] == "iptw"].itertuples()]


def test_nine_events_and_eleven_that_are_told_as_ten_look_the_same() -> None:
    (nine, gated), (eleven, passed) = released(9), released(11)
    assert nine.status == eleven.status == "rounded"
    assert nine.count == eleven.count == 10
    assert gated == passed
    assert {status for _, status, _ in passed} == {"suppressed"}


@pytest.mark.parametrize(("events", "kind"), [(49, "people without the event"), (51, "people without the event")])
def test_nor_do_those_without_the_event(events: int, kind: str) -> None:
    told, rows = released(events, kind=kind)
    assert told.count == 50
    assert {status for _, status, _ in rows} == {"suppressed"}
    assert not [reason for *_, reason in rows if "in the arm" in reason]


def test_where_counts_say_as_much_a_row_is_shown_or_gated_for_its_reason() -> None:
    told, rows = released(20)
    assert told.count_low >= 10
    assert {status for _, status, _ in rows} == {"ok"}
    told, rows = released(5)
    assert told.status == "between"
    assert {(status, reason) for _, status, reason in rows} == {("gated", BOTH)}


def test_a_gate_that_asks_for_the_smallest_cell_keeps_its_reason() -> None:
    _, rows = released(9, "cms", 11)
    assert {(status, reason) for _, status, reason in rows} == {("gated", BOTH.replace("10", "11"))}
