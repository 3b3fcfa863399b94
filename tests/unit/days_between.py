"""Curves of a first use that is known to lie between two days, made by hand."""

from __future__ import annotations

from typing import Any


def rows() -> list[dict[str, Any]]:
    """Who is still free of use, with the event as early as can be, as late, when it is known, and by the model."""
    key = {"analysis": "first", "contrast": "iop_vs_res", "outcome": "first_use", "horizon_days": 90}
    heights = {
        "days_earliest": {"iop": (0.5, 0.2), "res": (0.6, 0.3)}, "days_latest": {"iop": (0.6, 0.2), "res": (0.8, 0.4)},
        "days_known": {"iop": (0.7, 0.3), "res": (0.8, 0.4)}, "days_modelled": {"iop": (0.6, 0.1), "res": (0.7, 0.3)},
    }  # fmt: skip
    return [
        {**key, "arm": arm, "method": "overlap", "axis": axis, "x": x, "estimate": y, "rounding_error": 0.005}
        for axis, by_arm in heights.items()
        for arm, ys in by_arm.items()
        for x, y in zip((30, 90), ys, strict=True)
    ]
