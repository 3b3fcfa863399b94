"""Numbers of an endpoint that cannot be: each column with what it may hold, given what the endpoint takes of how much.

An endpoint of 12 weeks counts at most 12 of them, its shares are no more than the largest weight, its longest run is a
whole number. What is out of its range makes an endpoint that everybody has, or nobody, and is refused with the column,
what stands there, and what was expected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.patterns.words import COUNT, FIRST, INDEX, LOGICAL, LONGEST_RUN, SHARE, TEST, WEEKS

if TYPE_CHECKING:
    from iop_outcomes.patterns.definition import Definition

DAYS = 7
# the last week that a schedule may name: nobody is followed for a hundred years
LAST_WEEK = 5200


@dataclass(frozen=True)
class Range:
    """From low to high. above: low itself is not in it. whole: whole numbers alone. of: what is counted."""

    low: float
    high: float
    of: str
    above: bool = False
    whole: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number lies in it."""
        inside = self.low < value if self.above else self.low <= value
        return math.isfinite(value) and inside and value <= self.high and (not self.whole or value == int(value))

    def __str__(self) -> str:
        least = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        most = "" if math.isinf(self.high) else f", and no more than {self.high:g}"
        return f"{'a whole number, ' if self.whole else ''}{least}{most} ({self.of})"


def intervals(row: Definition, weeks: float = math.inf) -> float:
    """The most intervals that the endpoint looks at in patterns of so many weeks.

    Where patterns may be of any length, infinite for a window that ends with the person's pattern.
    """
    by_week = row.tests_per_week if row.unit == TEST else 1.0
    start, end = row.start, row.end
    bounded = isinstance(end, int) and start * end > 0 and (end > 0 or start < 0) and not (start == 1 and end == -1)
    size = float(int(end) - start + 1) if bounded else math.inf
    if row.window_of == WEEKS:
        size = min(size, weeks - max(start, 1) + 1)
        named = [w for w in row.schedule if not bounded or start < 0 or start <= w <= int(end)]
        size = min(size, len(named)) if row.schedule else size
        return math.ceil(size * by_week) if math.isfinite(size) else size
    tests = len(row.schedule) if row.schedule else weeks
    return min(size, math.ceil(tests * by_week)) if math.isfinite(tests) else size


def largest(row: Definition, weeks: float = math.inf) -> float:
    """The largest value that the statistic can have in patterns of so many weeks."""
    size, weight = intervals(row, weeks), max(row.counts.values())
    return {COUNT: size * weight, SHARE: weight, LONGEST_RUN: size, FIRST: size, INDEX: row.scale}[row.statistic]


def _ranges(row: Definition, weeks: float) -> Iterator[tuple[str, float | None, Range]]:
    """Each number of a row: the column, what stands there, and where it may lie."""
    words = {
        COUNT: "the intervals of the window, by their weights",
        SHARE: "a share",
        LONGEST_RUN: "the intervals of the window",
        FIRST: "the intervals of the window",
        INDEX: "the best value is `scale`",
    }[row.statistic]
    most, run = largest(row, weeks), row.statistic in (LONGEST_RUN, FIRST)
    bound = Range(0, most, words, above=True, whole=run)
    for weight in row.counts.values():
        share = row.statistic == SHARE
        yield "counts", weight, Range(0, 1 if share else math.inf, "the weight of a state", above=True)
    yield "tests_per_week", row.tests_per_week, Range(0, DAYS, "one test a day at most", above=True)
    yield "at_least", row.at_least, bound
    yield "at_most", row.at_most, Range(0, most, words, whole=run)
    if row.at_least is not None and row.at_most is not None:
        yield "at_most", row.at_most, Range(row.at_least, most, "not below `at_least`")
    yield "within", row.within, Range(0, intervals(row, weeks), "the intervals of the window", whole=True)
    yield "retained", row.retained, Range(0, LAST_WEEK, "a week")
    yield "otherwise", row.otherwise, Range(0, 1 if row.value == LOGICAL else most, "the value of who left before")
    yield "empty", row.empty, Range(0, most, "the value of nothing")
    for factor in row.penalty:
        yield "penalty", factor, Range(0, math.inf, "the factor of a week", above=True)
    yield "scale", row.scale, Range(0, math.inf, "the best value", above=True)


def wrong(row: Definition, weeks: float = math.inf) -> str:
    """What is out of its range first, in a sentence with what was expected; '' where nothing is.

    weeks: of which patterns are at most, where that is known.
    """
    for column, value, allowed in _ranges(row, weeks):
        if value is not None and not allowed.holds(value):
            return f"column {column}: {value:g} cannot be. Expected {allowed}. Correct the number, or the window."
    return ""
