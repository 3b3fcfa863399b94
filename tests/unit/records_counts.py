"""Released counts of the records, made by hand: for tests of figures and report."""

from __future__ import annotations

from typing import Any

ANALYSIS = {"analysis": "records", "contrast": "all"}


def cells(outcome: str, people: dict[str, int | None], **key: Any) -> list[dict[str, Any]]:
    """One group of counts; None is a cell that is withheld."""
    same = {**ANALYSIS, "arm": "all", "horizon_days": None, "outcome": outcome, **key}
    return [
        {**same, "level": level, "count": n, "status": "suppressed" if n is None else "ok"}
        for level, n in people.items()
    ]


def completeness() -> list[dict[str, Any]]:
    """Age known of all, housing of half at site B, screens withheld, sessions of no one."""
    found = []
    for by, group, size in (("all", "all", 400), ("site", "A", 300), ("site", "B", 100), ("period", "2024Q1", 400)):
        some = {"group_by": by, "group": group}
        found += cells("completeness", variable="age", people={"known": size, "not_known": 0}, **some)
        found += cells("completeness", variable="sessions", people={"not_known": size}, **some)
    housing: dict[tuple[str, str], dict[str, int | None]] = {
        ("all", "all"): {"known": 300, "not_known": 100}, ("site", "A"): {"known": 260, "not_known": 40},
        ("site", "B"): {"known": 40, "not_known": 60}, ("period", "2024Q1"): {"known": 300, "not_known": 100},
    }  # fmt: skip
    screens: dict[tuple[str, str], dict[str, int | None]] = {
        ("all", "all"): {"known": 390, "not_known": None}, ("site", "A"): {"known": 290, "not_known": None},
        ("site", "B"): {"known": None, "not_known": None}, ("period", "2024Q1"): {"known": 390, "not_known": None},
    }  # fmt: skip
    for name, groups in (("stable_housing", housing), ("screens", screens)):
        for (by, group), people in groups.items():
            found += cells("completeness", variable=name, people=people, group_by=by, group=group)
    return found


def care() -> list[dict[str, Any]]:
    """Levels, hours, days, moves and episodes; outpatient people are few."""
    outcomes: dict[tuple[str, str, str, str], dict[str, int | None]] = {
        ("agreement", "asam", "label", "1"): {"1": 40, "2.1": 10},
        ("agreement", "asam", "label", "2.1"): {"1": 0, "2.1": 150, "indeterminate": 30, "not_known": 20},
        ("agreement", "broad", "label", "1"): {"1": 40, "2.1": 10},
        ("agreement", "broad", "label", "2.1"): {"1": 0, "2.1": 180, "not_known": 20},
        ("agreement", "delivered", "asam", "2.1"): {"1": None, "2.1": 100, "indeterminate": 60},
        ("hours", "scheduled", "level_of_care", "2.1"): {"6 to under 9": 30, "9 to under 20": 150, "not_known": 20},
        ("hours", "delivered", "level_of_care", "2.1"): {"under 6": 40, "6 to under 9": 60, "9 to under 20": 100},
        ("hours", "scheduled", "level_of_care", "3.5"): {"20 to under 30": None, "30 or more": 140},
        ("hours", "delivered_of_scheduled", "level_of_care", "2.1"): {
            "half to three quarters": 45, "three quarters to all": 135, "not_known": 20,
        },
        ("days", "attained_of_planned", "level_of_care", "2.1"): {"under a quarter": 50, "all or more": 150},
        ("days", "attained_of_planned", "level_of_care", "3.5"): {"all or more": None, "still_there": None},
        ("transition", "1", "from", "3.5"): {"2.1": 80, "1": 20, "completed": 60, "unplanned": 40, "died": None},
        ("transition", "1", "from", "2.1"): {"completed": 120, "unplanned": 80},
        ("transition", "2", "from", "2.1"): {"completed": 50, "in_care": 30},
        ("transition", "2", "from", "1"): {"completed": 20},
    }  # fmt: skip
    found = [
        row
        for (outcome, variable, by, group), people in outcomes.items()
        for row in cells(outcome, people, variable=variable, group_by=by, group=group)
    ]
    found += cells("episodes", {"1": 360, "2": 30, "3 or more": None}, group_by="gap_days", group="7")
    found += cells("episodes", {"1": 380, "2": 20}, group_by="gap_days", group="14")
    found += cells("episodes", {"1": 400}, group_by="gap_days", group="30")
    for day, groups in {
        90: {"all": (300, 100), "2024Q1": (300, 0), "2024Q2": (0, 100)},
        30: {"all": (400, 0), "2024Q1": (300, 0), "2024Q2": (100, 0)},
    }.items():
        for group, (mature, not_yet) in groups.items():
            people = {"mature": mature, "not_yet_observed": not_yet}
            found += cells(
                "maturity", people, group_by="all" if group == "all" else "period", group=group, horizon_days=day
            )
    return found


def rows() -> list[dict[str, Any]]:
    """All of them."""
    return completeness() + care()


def floor() -> dict[str, Any]:
    """What the release tells of screens at site B: at least three quarters."""
    return {
        "contrast": "all", "analysis": "records", "method": "release", "quantity": "known_share_from",
        "outcome": "completeness", "variable": "screens", "group_by": "site", "group": "B", "value": 0.75,
        "status": "info",
    }  # fmt: skip
