"""A number of people as it is told, with how finely, and sums of such numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A number of people as it is told.

    count: None where none is told. low, high: the range that holds the true number; None where nothing is told. base: 1
    exact, larger where the count is rounded to it, 0 without a count. difference: it is one of numbers as they are
    told, from which it may lie further than a sum of them.
    """

    count: int | None
    low: int | None
    high: int | None
    base: int
    difference: bool = False

    @property
    def known(self) -> bool:
        """A count is told."""
        return self.count is not None

    @property
    def range(self) -> tuple[int, int] | None:
        """The range that holds the true number, None where nothing is told."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def less(self, other: Number) -> Number:
        """This number without the people of another, which is a part of it."""
        if self.count is None or other.count is None:
            return NOTHING
        low = (self.low or 0) - (other.high or 0)
        high = (self.high or 0) - (other.low or 0)
        return Number(max(self.count - other.count, 0), max(low, 0), max(high, 0), max(self.base, other.base), True)

    def near(self, parts: int = 1) -> bool:
        """No further from the true number than its base says, or so many of its parts together."""
        return self.count is not None and max(int(self.high or 0) - self.count, self.count - int(self.low or 0)) <= (
            self.base * parts
        )


NOTHING = Number(None, None, None, 0)


def exactly(count: int) -> Number:
    """A number that is told as it is."""
    return Number(count, count, count, 1)


def together(parts: Iterable[Number]) -> Number:
    """The sum of numbers: told as soon as all of them are, as coarsely as the coarsest."""
    found = list(parts)
    if any(part.count is None for part in found):
        return NOTHING
    return Number(
        sum(part.count or 0 for part in found),
        sum(part.low or 0 for part in found),
        sum(part.high or 0 for part in found),
        max((part.base for part in found), default=1),
        any(part.difference for part in found),
    )


def nearer(one: Number, other: Number) -> Number:
    """Of two ways to tell a number the one that leaves less open, within the range of both."""
    if one.count is None or other.count is None:
        return other if one.count is None else one
    widths = [int(told.high or 0) - int(told.low or 0) for told in (one, other)]
    best = one if widths[0] <= widths[1] else other
    low, high = max(int(one.low or 0), int(other.low or 0)), min(int(one.high or 0), int(other.high or 0))
    return Number(best.count, low, high, best.base, best.difference)
