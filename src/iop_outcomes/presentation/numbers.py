"""Numbers as a reader sees them: percent, percentage points, ratios, days, people.

Percentages, percentage points and days have one decimal, ratios two; minus is U+2212; thousands are set apart by a
narrow no-break space. What is not known becomes a dash, so that no "nan" reaches a page. An estimate and its limits
have more decimals where fewer would show an interval without width, or a limit that is the estimate. A number that was
rounded to protect people has only the digits that this leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}

MINUS = "\u2212"
NARROW = "\u202f"
DASH = "\u2013"

# takes a number and how it is written, and says what is written
Listener = Callable[[float, str], str]
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard(by: Listener) -> Iterator[None]:
    """Within it every number that is written goes through a listener, which may mark it, to tell where it is from."""
    before = _LISTENER.set(by)
    try:
        yield
    finally:
        _LISTENER.reset(before)


# in place of an interval whose limits protection rounded to one number
HIDDEN = "no wider than rounding"
# further decimals that an interval may take: one that is narrower still has none that matters
FURTHER = 3


class Form(Protocol):
    """How a number is written. error: what protection may have changed it by, either way. more: further decimals."""

    def __call__(self, value: object, error: object = 0.0, more: int = 0) -> str:
        """The value in words."""
        ...


def number(value: object) -> float | None:
    """The value as a finite number, or None."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def known(value: object) -> bool:
    """The value is a finite number."""
    return number(value) is not None


def left(error: object, most: int) -> int:
    """Decimals of a number that rounding may have changed by `error` either way, at most `most`: one unit of the last
    is more than a tenth of the width within which the number may lie.
    """
    width = 2 * (number(error) or 0.0)
    return most if width <= 0 else min(most, max(0, -math.floor(math.log10(width) + 1e-9)))


def percent(value: object, error: object = 0.0, more: int = 0) -> str:
    """0.4123 is '41.2 %'; '41 %' where the share may be off by half a percentage point."""
    return _told(value, lambda s: f"{_fixed(100 * s, _of_percent(error, more))}{NARROW}%")


def points(value: object, error: object = 0.0, more: int = 0) -> str:
    """A difference of shares in percentage points, with its sign: 0.049 is '+4.9'."""
    return _told(value, lambda d: _signed(100 * d, _of_percent(error, more)))


def size(value: object, error: object = 0.0, more: int = 0) -> str:
    """A difference of shares in percentage points, without sign."""
    return _told(value, lambda d: _fixed(100 * d, _of_percent(error, more)))


def of_hundred(value: object, error: object = 0.0, more: int = 0) -> str:
    """A difference of shares as people of a hundred, without sign: 0.049 is '5'."""
    return _told(value, lambda d: _fixed(abs(100 * d), left(100 * (number(error) or 0.0), more)))


def _of_percent(error: object, more: int) -> int:
    return left(100 * (number(error) or 0.0), 1 + more)


def ratio(value: object, error: object = 0.0, more: int = 0) -> str:
    """0.4 is '0.40'."""
    return decimals(value, left(error, 2 + more))


def days(value: object, error: object = 0.0, more: int = 0) -> str:
    """81.23 is '81.2'."""
    return decimals(value, left(error, 1 + more))


def signed_days(value: object, error: object = 0.0, more: int = 0) -> str:
    """A difference in days with its sign."""
    return _told(value, lambda v: _signed(v, left(error, 1 + more)))


def decimals(value: object, digits: int = 2) -> str:
    """A plain number with so many decimals."""
    return _told(value, lambda v: _fixed(v, digits))


def plain(value: object) -> str:
    """A number from the config as short as it is exact: 0.1, 50."""
    return _told(value, lambda v: f"{v:g}".replace("-", MINUS))


def count(value: object) -> str:
    """Whole number, thousands set apart: 3962 is '3 962'."""
    return _told(value, lambda v: f"{round(v):,}".replace(",", NARROW).replace("-", MINUS))


def p_value(p: object) -> str:
    """0.0042 as '0.004', anything below 0.001 as '<0.001', and no more than 0.99."""
    return _told(p, lambda v: "<0.001" if v < 0.001 else ">0.99" if v > 0.99 else _fixed(v, 3 if v < 0.1 else 2))


def p_is(p: object) -> str:
    """'p = 0.60', 'p <0.001': a p value within a sentence."""
    text = p_value(p)
    return f"p {text}" if "<" in text or ">" in text else f"p = {text}"


def _told(value: object, form: Callable[[float], str]) -> str:
    """The value in a form; a dash where it is not known."""
    found, listener = number(value), _LISTENER.get()
    if found is None:
        return DASH
    return form(found) if listener is None else listener(found, form(found))


def interval(low: object, high: object, form: Form, error: object = 0.0, more: int | None = None) -> str:
    """'a to b' in the given form; a dash when a limit is not known. more: further decimals, by default as they need."""
    if not (known(low) and known(high)):
        return DASH
    if hidden(form, error, low, high):
        return HIDDEN
    further = apart(form, error, low, high) if more is None else more
    return f"{form(low, error, further)} to {form(high, error, further)}"


def with_limits(value: object, low: object, high: object, form: Form, error: object = 0.0) -> str:
    """'+4.9 (+1.0 to +8.8)': an estimate with its interval."""
    more = apart(form, error, value, low, high)
    return f"{form(value, error, more)} ({interval(low, high, form, error, more)})"


def hidden(form: Form, error: object, low: object, high: object) -> bool:
    """Protection rounded both limits to one number, so that no digits show the width that the interval has."""
    before = _LISTENER.set(None)
    try:
        return (number(error) or 0.0) > 0 and form(low, error) == form(high, error)
    finally:
        _LISTENER.reset(before)


def apart(form: Form, error: object, *values: object) -> int:
    """How many further decimals tell numbers apart that are not the same; 0 where none do, or protection leaves none.

    They are written here to be compared, and not to be read.
    """
    different = {found for value in values if (found := number(value)) is not None}
    before = _LISTENER.set(None)
    try:
        for more in range(FURTHER + 1):
            if len({form(value, error, more) for value in different}) == len(different):
                return more
        return 0
    finally:
        _LISTENER.reset(before)


def _fixed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}".replace(",", NARROW)
    return text.replace("-", MINUS) if any(c in text for c in "123456789") else text.removeprefix("-")


def _signed(value: float, digits: int) -> str:
    text = _fixed(value, digits)
    return f"+{text}" if value > 0 and any(c in text for c in "123456789") else text


def whole_percent(share: object) -> str:
    """0.4 is '40 %', for axes."""
    return _told(share, lambda s: f"{_fixed(100 * s, 0)}{NARROW}%")


def word(number: int) -> str:
    """A small whole number as a word."""
    return WORDS.get(number, str(number))
