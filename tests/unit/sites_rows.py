"""Released estimates of one primary question site by site, made by hand: five sites that are told and one that is not,
within sites, and between them.
"""

from __future__ import annotations

from typing import Any

ASKED = {"iop_vs_res": {"fewest": 20}}
KEY = {
    "analysis": "leaving", "contrast": "iop_vs_res", "outcome": "unplanned_discharge", "horizon_days": 90,
    "estimand": "ATO", "method": "overlap", "missing_rule": "none", "measure": "risk", "of": "difference",
}  # fmt: skip
VALUES = (0.0, 0.1, 0.2, 0.3, 0.4)
ERROR = 0.06
SUPPRESSED = "too few people at the site"


def rows(gap: tuple[float, float, float] = (0.3, 0.1, 0.5)) -> list[dict[str, Any]]:
    """gap: between less within, with its limits."""
    site = {**KEY, "group_by": "of_site"}
    told = [
        {**site, "group": f"site {at}", "estimate": value, "conf_low": value - 0.12, "conf_high": value + 0.12,
         "std_error": ERROR}
        for at, value in enumerate(VALUES, 1)
    ]  # fmt: skip
    hidden = {**site, "group": "site 6", "status": "suppressed", "reason": SUPPRESSED}
    over = {"within": (0.21, 0.15, 0.27), "between": (0.51, 0.31, 0.71), "between less within": gap}
    return [
        *told,
        hidden,
        *(
            {**KEY, "group_by": "over_sites", "group": name, "estimate": e, "conf_low": low, "conf_high": high,
             "std_error": 0.1, "p_value": 0.004}
            for name, (e, low, high) in over.items()
        ),
    ]  # fmt: skip
