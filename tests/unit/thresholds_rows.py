"""A threshold of the study made by hand: as the study writes and asks for it, and what came of it."""

from __future__ import annotations

from typing import Any

BEND = {
    "title": "What weeks add up to week 13 and beyond", "contrast": "iop_vs_res", "arm": "iop",
    "weeks": [5, 9, 13, 17, 21], "at": 13, "step": 4,
}  # fmt: skip
NAIVE, RIGHT = ("as_observed", "naive"), ("started", "clone_censor_weight")
MEASURES = ("rise_per_week", "gain")
SHEET = [
    ("dose", "bends", "bend", "abstinent", 180, measure, *method, "observed_only", "secondary")
    for measure in MEASURES
    for method in (NAIVE, RIGHT)
]
# up to the threshold and beyond it
RISES = {NAIVE: (0.04, 0.02), RIGHT: (0.03, 0.01)}
STEPS = {NAIVE: (0.16, 0.08), RIGHT: (0.12, 0.05)}
KEY = {"analysis": "bends", "contrast": "bend", "outcome": "abstinent", "horizon_days": 180}


def rows(open_bend: bool = False) -> list[dict[str, Any]]:
    """Both measures by both methods. open_bend: the weighted difference of rises has an interval that holds 0."""
    found = []
    for measure, values in zip(MEASURES, (RISES, STEPS), strict=True):
        for (estimand, method), (first, second) in values.items():
            asked = {
                **KEY, "measure": measure, "estimand": estimand, "method": method, "missing_rule": "observed_only",
            }  # fmt: skip
            reach = 0.1 if open_bend and method == RIGHT[1] else 0.005
            for of, value in (("up_to", first), ("beyond", second), ("difference", first - second)):
                told = {"estimate": value, "conf_low": value - reach, "conf_high": value + reach}
                found.append({**asked, "of": of, **told})
    return found


def curves() -> list[dict[str, Any]]:
    """Both curves, over the weeks that are asked about."""
    return [
        {
            **KEY, "method": method, "missing_rule": "observed_only", "arm": "iop", "axis": "weeks_of_care", "x": week,
            "estimate": low + 0.01 * week, "conf_low": low, "conf_high": low + 0.02 * week,
        }
        for method, low in (("naive", 0.1), ("clone_censor_weight", 0.2))
        for week in (5, 9, 13, 17, 21)
    ]  # fmt: skip


def fits() -> list[dict[str, Any]]:
    """P values of a line through the weighted curve, and of one that bends."""
    told = {**KEY, "method": "clone_censor_weight", "missing_rule": "observed_only", "status": "info"}
    return [{**told, "quantity": name, "value": p} for name, p in (("line_fits", 0.012), ("bend_fits", 0.4))]
