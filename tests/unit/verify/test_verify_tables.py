"""What one released number says of another: each rule lets through what holds, and names what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iop_outcomes.estimators.two_by_two.proportions import wilson
from iop_outcomes.tables import TABLES
from iop_outcomes.verify import tables
from iop_outcomes.vocabulary.readings import OF_COUNTS, leaving

USE = {"analysis": "use", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "none"}
EVERYONE = {"group_by": "all", "group": "all"}
PEOPLE = {"iop": (30, 70), "res": (45, 55)}


def row(name: str, **given: Any) -> dict[str, Any]:
    plain: dict[str, Any] = dict.fromkeys(TABLES[name].columns)
    return {**plain, "cohort": "hand", "status": "ok", "#": 2, **given}


def count(arm: str, level: str, people: int) -> dict[str, Any]:
    told = {"count": people, "count_low": people, "count_high": people, "rounded_to": 1}
    asked = {k: v for k, v in USE.items() if k != "missing_rule"}
    return row("counts", **asked, **EVERYONE, arm=arm, level=level, variable="all", detail="", **told)


def estimate(of: str, value: float, **more: Any) -> dict[str, Any]:
    asked = {"measure": "risk", "method": "crude", "estimand": "as_observed", "rounding_error": 0.0}
    return row("estimates", **USE, **EVERYONE, of=of, estimate=value, **{**asked, **more})


def point(x: float, height: float, outcome: str = "unplanned", **more: Any) -> dict[str, Any]:
    asked = {"analysis": "leaving", "contrast": "iop_vs_res", "arm": "iop", "method": "crude", "missing_rule": "none"}
    return row("curves", **asked, outcome=outcome, axis="days", x=x, estimate=height, rounding_error=0.0, **more)


def told(**changed: Any) -> tables.Told:
    """A release that holds: two arms of 100, a curve."""
    counts = [count(a, lv, n) for a, both in PEOPLE.items() for lv, n in zip(("abstinent", "using"), both, strict=True)]
    arms = []
    for name, (events, _) in PEOPLE.items():
        limits = wilson(events, 100, 0.95)
        arms.append(estimate(name, events / 100, n=100, events=events, conf_low=limits.low, conf_high=limits.high))
    both = [estimate("difference", -0.15, n=200, events=75), estimate("ratio", 30 / 45, n=200, events=75)]
    curves = [point(0.0, 0.0), point(7.0, 0.1), point(14.0, 0.25)]
    rows = {"counts": counts, "estimates": [*arms, *both], "curves": curves, **changed}
    read = {"*": OF_COUNTS, "unplanned_discharge": leaving("unplanned")}
    return tables.Told(rows, read, {"iop_vs_res": ("iop", "res")}, 0.95)


def edited(name: str, at: int, **changed: Any) -> tables.Told:
    rows = told().rows[name]
    return told(**{name: [*rows[:at], {**rows[at], **changed}, *rows[at + 1 :]]})


def columns(of: tables.Told) -> set[str]:
    return {f"{f.file}: {f.where.rpartition(', column ')[2]}" for f in tables.check(of)}


def test_a_release_that_holds_has_nothing_to_say() -> None:
    assert columns(told()) == set()


@pytest.mark.parametrize(
    ("name", "at", "changed", "found"),
    [
        ("estimates", 0, {"estimate": 0.301}, "estimates.csv: estimate"),
        ("estimates", 0, {"conf_low": 0.21}, "estimates.csv: conf_low"),
        ("estimates", 0, {"n": 101}, "estimates.csv: n"),
        ("estimates", 0, {"events": 31}, "estimates.csv: events"),
        ("estimates", 2, {"estimate": -0.1500001}, "estimates.csv: estimate"),
        ("estimates", 3, {"estimate": 0.67}, "estimates.csv: estimate"),
        ("estimates", 2, {"n": 199}, "estimates.csv: n"),
        ("estimates", 2, {"conf_low": -0.1, "conf_high": 0.1}, "estimates.csv: estimate"),
        ("counts", 0, {"count": 31}, "counts.csv: count"),
        ("counts", 0, {"count": 31, "count_low": 31, "count_high": 31}, "estimates.csv: estimate"),
        ("counts", 0, {"status": "rounded", "rounded_to": 7, "count_low": 27, "count_high": 33}, "counts.csv: count"),
        ("counts", 0, {"status": "suppressed"}, "counts.csv: count"),
        ("curves", 2, {"estimate": 0.05}, "curves.csv: estimate"),
        ("curves", 2, {"estimate": 1.2}, "curves.csv: estimate"),
    ],
)
def test_what_does_not_hold_is_named(name: str, at: int, changed: dict[str, Any], found: str) -> None:
    assert found in columns(edited(name, at, **changed))


def test_what_protection_may_have_changed_is_allowed_for_and_no_more() -> None:
    assert columns(edited("estimates", 2, estimate=-0.17, rounding_error=0.02)) == set()
    assert columns(edited("estimates", 2, estimate=-0.18, rounding_error=0.02)) == {"estimates.csv: estimate"}


def test_a_share_with_people_lost_to_follow_up_is_the_height_of_its_curve() -> None:
    asked = {"analysis": "leaving", "outcome": "unplanned_discharge", "horizon_days": 14}
    for value, found in ((0.25, set()), (0.26, {"estimates.csv: estimate"})):
        assert columns(told(estimates=[{**estimate("iop", value), **asked}])) == found


@pytest.mark.parametrize(("outcome", "heights"), [("unplanned", (0.2, 0.1)), ("event_free", (0.8, 0.9))])
def test_unadjusted_curves_do_not_turn_back_and_weighted_ones_may(outcome: str, heights: tuple[float, float]) -> None:
    make: Callable[..., tables.Told] = lambda method: told(  # noqa: E731
        estimates=[], curves=[{**point(float(x), h, outcome), "method": method} for x, h in enumerate(heights)]
    )
    assert columns(make("crude")) == {"curves.csv: estimate"}
    assert columns(make("overlap")) == set()
