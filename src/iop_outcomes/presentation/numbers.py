"""Numbers as a reader sees them: percent, percentage points, ratios, days, people.

Percentages, percentage points and days have one decimal, ratios two; minus is U+2212; thousands are set apart by a
narrow no-break space. What is not known becomes a dash, so that no "nan" reaches a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}

MINUS = "\u2212"
NARROW = "\u202f"
DASH = "\u2013"


def known(value: Any) -> bool:
    """The value is a finite number."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def percent(share: Any) -> str:
    """0.4123 is '41.2 %'."""
    return f"{_fixed(100 * float(share), 1)}{NARROW}%" if known(share) else DASH


def points(difference: Any) -> str:
    """A difference of shares in percentage points, with its sign: 0.049 is '+4.9'."""
    return _signed(100 * float(difference), 1) if known(difference) else DASH


def ratio(value: Any) -> str:
    """0.4 is '0.40'."""
    return _fixed(float(value), 2) if known(value) else DASH


def days(value: Any) -> str:
    """81.23 is '81.2'."""
    return _fixed(float(value), 1) if known(value) else DASH


def signed_days(value: Any) -> str:
    """A difference in days with its sign."""
    return _signed(float(value), 1) if known(value) else DASH


def decimals(value: Any, digits: int = 2) -> str:
    """A plain number with so many decimals."""
    return _fixed(float(value), digits) if known(value) else DASH


def plain(value: Any) -> str:
    """A number from the config as short as it is exact: 0.1, 50."""
    return f"{float(value):g}".replace("-", MINUS) if known(value) else DASH


def count(value: Any) -> str:
    """Whole number, thousands set apart: 3962 is '3 962'."""
    return f"{round(float(value)):,}".replace(",", NARROW).replace("-", MINUS) if known(value) else DASH


def p_value(p: Any) -> str:
    """0.0042 as '0.004', anything below 0.001 as '<0.001', and no more than 0.99."""
    if not known(p):
        return DASH
    return "<0.001" if p < 0.001 else (">0.99" if p > 0.99 else _fixed(float(p), 3 if p < 0.1 else 2))


def interval(low: Any, high: Any, form: Callable[[Any], str]) -> str:
    """'a to b' in the given form; a dash when a limit is not known."""
    return f"{form(low)} to {form(high)}" if known(low) and known(high) else DASH


def _fixed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}".replace(",", NARROW)
    return text.replace("-", MINUS) if any(c in text for c in "123456789") else text.removeprefix("-")


def _signed(value: float, digits: int) -> str:
    text = _fixed(value, digits)
    return f"+{text}" if value > 0 and any(c in text for c in "123456789") else text


def whole_percent(share: Any) -> str:
    """0.4 is '40 %', for axes."""
    return f"{_fixed(100 * float(share), 0)}{NARROW}%" if known(share) else DASH


def word(number: int) -> str:
    """A small whole number as a word."""
    return WORDS.get(number, str(number))
