"""Estimates of the study made by hand under every reading of a missing answer, and its tipping points."""

from __future__ import annotations

from typing import Any

import pandas as pd
from released_study import estimand, estimates, released, typed

USE = ("use", "iop_vs_res", "abstinent", 180, "ATO", "overlap")
# shares of both arms, and their difference with its interval
READINGS = {
    "missing_is_using": (0.33, 0.384, (-0.054, -0.0821, -0.0249)),
    "observed_only": (0.52, 0.511, (0.009, -0.0333, 0.0512)),
    "last_observation": (0.40, 0.43, (-0.03, -0.06, 0.0)),
    "weighted_by_observation": (0.45, 0.46, (-0.01, -0.05, 0.03)),
    "imputed": (0.45, 0.47, (-0.02, -0.06, 0.02)),
    "delta_adjusted": (0.40, 0.43, (-0.03, -0.07, 0.01)),
    "worst_case": (0.33, 0.60, (-0.27, -0.30, -0.24)),
    "best_case": (0.55, 0.384, (0.166, 0.13, 0.20)),
}
DELTAS = (-1.0, 0.0, 1.0)


def readings(rules: tuple[str, ...] = tuple(READINGS)) -> list[dict[str, Any]]:
    """Rows of both arms, their difference and ratio."""
    rows = []
    for rule in rules:
        one, other, gap = READINGS[rule]
        values = {
            "iop": (one, one - 0.03, one + 0.03), "res": (other, other - 0.03, other + 0.03), "difference": gap,
            "ratio": (one / other, 0.5, 2.0),
        }  # fmt: skip
        rows += estimand((*USE, rule), values)
    return rows


def plane(step: float = 0.05) -> list[dict[str, Any]]:
    """Differences that rise with the first arm's delta and fall with the second's, `step` for each."""
    rows = []
    for one in DELTAS:
        for other in DELTAS:
            value = -0.02 + step * (one - other)
            made = estimand((*USE, "delta_adjusted"), {"difference": (value, value - 0.04, value + 0.04)})
            rows += [{**row, "delta_first": one, "delta_second": other} for row in made]
    return rows


def with_readings() -> dict[str, pd.DataFrame]:
    """The released tables with all of these beside the other estimates."""
    own = estimates()
    others = own[~own["missing_rule"].isin(list(READINGS))]
    more = typed("estimates", [*readings(), *plane()])
    return released(estimates=pd.concat([others, more], ignore_index=True))
