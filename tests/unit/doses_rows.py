"""Doses of the study made by hand: as the study writes and asks for them, and what came of them."""

from __future__ import annotations

from typing import Any

GRID = {
    "title": "Hours and weeks of day care or a ward", "contrast": "iop_vs_res", "hours": [9, 15], "weeks": [4, 13],
    "fewest_near": 20, "compare": {"iop": [9, 15]},
}  # fmt: skip
NAIVE, RIGHT = ("as_observed", "naive"), ("ATE", "g_formula")
SHEET = [
    ("dose", "doses", "grid", "abstinent", 180, "risk", *method, "observed_only", "secondary")
    for method in (NAIVE, RIGHT)
]
WHY = "not identifiable: fewer than 20 people of the arm 'res' stayed so long at nearly such hours a week"
# of the first arm, by weeks and hours
SHARES = {NAIVE: (0.2, 0.5, 0.4, 0.7), RIGHT: (0.25, 0.3, 0.5, 0.55)}
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")


def rows(setting: float | None = None) -> list[dict[str, Any]]:
    """Both methods. setting: the difference of the arms, by either; None: nobody of the second has such doses."""
    found = []
    for (estimand, method), shares in SHARES.items():
        doses = [(weeks, hours) for weeks in (4, 13) for hours in (9.0, 15.0)]
        for (weeks, hours), share in zip(doses, shares, strict=True):
            values = {"iop": (share, share - 0.05, share + 0.05)}
            if setting is not None:
                values["res"] = (share - setting, share - setting - 0.05, share - setting + 0.05)
                values["difference"] = (setting, setting - 0.05, setting + 0.05)
                values["ratio"] = (1.2, 0.9, 1.6)
            for of in ("iop", "res", "difference", "ratio"):
                told = values.get(of)
                found.append({
                    "analysis": "doses", "contrast": "grid", "outcome": "abstinent", "horizon_days": 180,
                    "measure": "risk", "estimand": estimand, "method": method, "missing_rule": "observed_only",
                    "hours_per_week": hours, "weeks_of_care": weeks, "of": of,
                    **(dict(zip(("estimate", "conf_low", "conf_high"), told, strict=True)) if told else {}),
                    **({} if told else {"status": "gated", "reason": WHY}),
                })  # fmt: skip
        for weeks, fewer, more in ((4, *shares[:2]), (13, *shares[2:])):
            gap = more - fewer
            found.append(found[-1] | {
                "of": "difference", "group_by": "arm", "group": "iop", "weeks_of_care": weeks, "hours_per_week": None,
                "estimate": gap, "conf_low": gap - 0.07, "conf_high": gap + 0.07, "status": "ok", "reason": "",
            })  # fmt: skip
    return found
