"""On which side of no difference an interval lies: words that figures and sentences share."""

from __future__ import annotations

from iop_outcomes.presentation import numbers
from iop_outcomes.tables.rows import Estimated

ABOVE, BELOW, OPEN = "First arm higher", "Second arm higher", "The interval leaves the direction open"


def side(row: Estimated) -> str:
    """On which side of no difference the interval lies, or may lie: rounding may have moved a limit."""
    error = numbers.number(row["rounding_error"]) or 0.0
    return ABOVE if row["conf_low"] - error > 0 else BELOW if row["conf_high"] + error < 0 else OPEN
