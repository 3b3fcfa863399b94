"""Where the people of the study made by hand are, day by day: as it asks for it, and what came of it."""

from __future__ import annotations

from typing import Any

ENDPOINT = ("place_of_care", "place_of_care", "Where people are", "")
ASKED = ("iop_vs_res", "place_of_care")
SHEET = [
    ("retention", "places", *ASKED, day, measure, "ATO", "overlap", "none", "secondary")
    for measure, days in (("share_in_place", (30, 90)), ("days_in_place", (90,)))
    for day in days
]
# by place: shares of the arms on day 30 and on day 90, and mean days up to it; None is withheld
SHARES = {
    "at_residential": ((0.0, 0.7), (0.0, 0.05)), "at_intensive_outpatient": ((0.8, 0.1), (0.3, 0.25)),
    "out_completed": ((0.0, 0.05), (0.2, 0.5)), "out_otherwise": ((0.2, 0.15), (0.48, 0.2)),
    "died": ((None, None), (0.02, None)),
}  # fmt: skip
DAYS = {
    "at_residential": (0.0, 41.0), "at_intensive_outpatient": (58.0, 18.5), "out_completed": (9.0, 15.0),
    "out_otherwise": (22.5, 15.5), "died": (0.5, None),
}  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Rows of estimates of every place."""
    found = [
        row
        for place, by_day in SHARES.items()
        for day, pair in zip((30, 90), by_day, strict=True)
        for row in _of_place("share_in_place", "place_on_day", day, place, pair, 0.02)
    ]
    for place, pair in DAYS.items():
        found += _of_place("days_in_place", "place_before_day", 90, place, pair, 2.0)
    return found


def _of_place(
    measure: str, group_by: str, day: int, place: str, pair: tuple[float | None, float | None], error: float
) -> list[dict[str, Any]]:
    """Rows of both arms and of their difference."""
    one, other = pair
    gap = None if one is None or other is None else one - other
    key = {"analysis": "places", "contrast": ASKED[0], "outcome": ASKED[1], "horizon_days": day, "estimand": "ATO"}
    asked = {**key, "measure": measure, "method": "overlap", "group_by": group_by, "group": place}
    made = []
    for of, value in (("iop", one), ("res", other), ("difference", gap)):
        withheld = {"status": "suppressed", "reason": "fewer than 11 people in a cell"}
        told = {} if value is None else {"conf_low": value - error, "conf_high": value + error}
        made.append({**asked, "of": of, "estimate": value, **(withheld if value is None else told)})
    return made
