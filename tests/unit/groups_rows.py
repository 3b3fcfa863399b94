"""Groups of people of the study made by hand: as the study names them, and what came of them."""

from __future__ import annotations

import math
from typing import Any

MODIFIERS = {
    "sex": {"column": "sex", "title": "Sex"},
    "severity": {"column": "age", "title": "Severity", "thirds": True},
}
KEY = {
    "analysis": "use", "contrast": "iop_vs_res", "outcome": "abstinent", "horizon_days": 180, "method": "overlap",
    "missing_rule": "missing_is_using",
}  # fmt: skip
# difference, and its standard error; None: gated
DIFFERENCES: dict[tuple[str, str], tuple[float, float] | None] = {
    ("sex", "female"): (-0.10, 0.04), ("sex", "male"): (-0.02, 0.02),
    ("severity", "highest third"): (-0.08, 0.04), ("severity", "lowest third"): (0.02, 0.03),
    ("severity", "middle third"): None,
}  # fmt: skip
FEW = "the group has fewer than 20 people in the arm 'iop'"
P = {"sex": 0.074, "severity": 0.0228}


def rows() -> list[dict[str, Any]]:
    """Both arms, their difference and their ratio; of women 100 people, of others 150."""
    found = []
    for (by, group), told in DIFFERENCES.items():
        asked = {**KEY, "measure": "risk", "estimand": "ATO", "group_by": by, "group": group}
        if told is None:
            nothing = dict.fromkeys(("estimate", "conf_low", "conf_high"), math.nan)
            sides = ("iop", "res", "difference", "ratio")
            found += [{**asked, **nothing, "of": of, "status": "gated", "reason": FEW} for of in sides]
            continue
        gap, error = told
        people = 100 if group == "female" else 150
        values = {"iop": 0.4 + gap, "res": 0.4, "difference": gap, "ratio": 1 + gap / 0.4}
        found += [
            {
                **asked, "of": of, "estimate": value, "std_error": error, "conf_low": value - 2 * error,
                "conf_high": value + 2 * error, "n": people // 2 if of in ("iop", "res") else people,
            }
            for of, value in values.items()
        ]  # fmt: skip
    return found


def tests() -> list[dict[str, Any]]:
    """P values of the groups' being alike."""
    return [
        {**KEY, "group_by": by, "quantity": quantity, "value": p, "status": "info"}
        for by, p in P.items()
        for quantity in ("groups_differ_p_value", "groups_differ_by_ratio_p_value")
    ]
