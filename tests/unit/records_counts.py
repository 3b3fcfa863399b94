"""Released counts of the records, made by hand: for tests of figures and report."""

from __future__ import annotations

from typing import Any

ANALYSIS = {"analysis": "records", "contrast": "all"}


def cells(outcome: str, people: dict[str, int | None], **key: Any) -> list[dict[str, Any]]:
    """One group of counts; None is a cell that is withheld."""
    same = {**ANALYSIS, "arm": "all", "subgroup": "all", "horizon_days": None, "outcome": outcome, **key}
    return [
        {**same, "level": level, "count": n, "status": "suppressed" if n is None else "ok"}
        for level, n in people.items()
    ]


def completeness() -> list[dict[str, Any]]:
    """Age known of all, housing of half at site B, screens withheld, sessions of no one."""
    found = []
    for group, size in (("all", 400), ("site: A", 300), ("site: B", 100), ("period: 2024Q1", 400)):
        found += cells("completeness: age", {"known": size, "not_known": 0}, subgroup=group)
        found += cells("completeness: sessions", {"not_known": size}, subgroup=group)
    housing: dict[str, dict[str, int | None]] = {
        "all": {"known": 300, "not_known": 100}, "site: A": {"known": 260, "not_known": 40},
        "site: B": {"known": 40, "not_known": 60}, "period: 2024Q1": {"known": 300, "not_known": 100},
    }  # fmt: skip
    screens: dict[str, dict[str, int | None]] = {
        "all": {"known": 390, "not_known": None}, "site: A": {"known": 290, "not_known": None},
        "site: B": {"known": None, "not_known": None}, "period: 2024Q1": {"known": 390, "not_known": None},
    }  # fmt: skip
    for name, groups in (("stable_housing", housing), ("screens", screens)):
        for group, people in groups.items():
            found += cells(f"completeness: {name}", people, subgroup=group)
    return found


def care() -> list[dict[str, Any]]:
    """Levels, hours, days, moves and episodes; outpatient people are few."""
    outcomes: dict[tuple[str, str], dict[str, int | None]] = {
        ("agreement: label, asam", "1"): {"1": 40, "2.1": 10},
        ("agreement: label, asam", "2.1"): {"1": 0, "2.1": 150, "indeterminate": 30, "not_known": 20},
        ("agreement: label, broad", "1"): {"1": 40, "2.1": 10},
        ("agreement: label, broad", "2.1"): {"1": 0, "2.1": 180, "not_known": 20},
        ("agreement: asam, delivered", "2.1"): {"1": None, "2.1": 100, "indeterminate": 60},
        ("hours: scheduled", "2.1"): {"6 to under 9": 30, "9 to under 20": 150, "not_known": 20},
        ("hours: delivered", "2.1"): {"under 6": 40, "6 to under 9": 60, "9 to under 20": 100},
        ("hours: scheduled", "3.5"): {"20 to under 30": None, "30 or more": 140},
        ("hours: delivered of scheduled", "2.1"): {
            "half to three quarters": 45, "three quarters to all": 135, "not_known": 20,
        },
        ("days: attained of planned", "2.1"): {"under a quarter": 50, "all or more": 150},
        ("days: attained of planned", "3.5"): {"all or more": None, "still_there": None},
        ("transition 1", "3.5"): {"2.1": 80, "1": 20, "completed": 60, "unplanned": 40, "died": None},
        ("transition 1", "2.1"): {"completed": 120, "unplanned": 80},
        ("transition 2", "2.1"): {"completed": 50, "in_care": 30},
        ("transition 2", "1"): {"completed": 20},
    }  # fmt: skip
    found = [row for (outcome, arm), people in outcomes.items() for row in cells(outcome, people, arm=arm)]
    found += cells("episodes", {"1": 360, "2": 30, "3 or more": None}, subgroup="gap: 7")
    found += cells("episodes", {"1": 380, "2": 20}, subgroup="gap: 14")
    found += cells("episodes", {"1": 400}, subgroup="gap: 30")
    for day, groups in {
        90: {"all": (300, 100), "period: 2024Q1": (300, 0), "period: 2024Q2": (0, 100)},
        30: {"all": (400, 0), "period: 2024Q1": (300, 0), "period: 2024Q2": (100, 0)},
    }.items():
        for group, (mature, not_yet) in groups.items():
            people = {"mature": mature, "not_yet_observed": not_yet}
            found += cells("maturity", people, subgroup=group, horizon_days=day)
    return found


def rows() -> list[dict[str, Any]]:
    """All of them."""
    return completeness() + care()


def floor() -> dict[str, Any]:
    """What the release tells of screens at site B: at least three quarters."""
    return {
        "contrast": "all", "analysis": "records", "method": "release", "quantity": "known_share_from",
        "variable": "screens | site: B", "value": 0.75, "status": "info",
    }  # fmt: skip
