"""Strategies of staying of the study made by hand: as the study writes and asks for them, and what came of them."""

from __future__ import annotations

from typing import Any

STAYS = {
    "title": "Staying 13 weeks or leaving in week 4", "contrast": "iop_vs_res", "arm": "iop",
    "first": {"name": "thirteen", "label": "Staying at least 13 weeks", "stay": "at_least", "weeks": 13},
    "second": {"name": "four", "label": "Leaving in week 4", "stay": "exactly", "weeks": 4},
}  # fmt: skip
CRUDE, WEIGHTED = ("as_observed", "crude"), ("started", "clone_censor_weight")
SHEET = [
    ("dose", "how_long", "stays", "abstinent", 180, "risk", *method, "observed_only", "secondary")
    for method in (CRUDE, WEIGHTED)
]
SHORT = 0.3


def naive(gap: float) -> list[dict[str, Any]]:
    """Rows of those who did so."""
    return _rows(CRUDE, gap)


def right(gap: float) -> list[dict[str, Any]]:
    """Rows of everyone who started."""
    return _rows(WEIGHTED, gap)


def _rows(method: tuple[str, str], gap: float) -> list[dict[str, Any]]:
    """Both sides, their difference and their ratio; of: estimate, low, high. SHORT: the share under the second."""
    values = {
        "thirteen": (SHORT + gap, 0.2, 0.9), "four": (SHORT, 0.2, 0.4), "difference": (gap, gap - 0.05, gap + 0.05),
        "ratio": (2.0, 1.5, 3.0),
    }  # fmt: skip
    estimand, by = method
    key = {"analysis": "how_long", "contrast": "stays", "outcome": "abstinent", "horizon_days": 180}
    asked = {**key, "measure": "risk", "estimand": estimand, "method": by, "missing_rule": "observed_only"}
    return [
        {**asked, "of": of, "estimate": e, "conf_low": low, "conf_high": high} for of, (e, low, high) in values.items()
    ]
