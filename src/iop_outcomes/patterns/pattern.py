"""Patterns of many people as one matrix of states: a row per person, a column per interval.

Interval 1 begins on day `begins` (the day after time zero, unless said otherwise) and lasts `interval_days`; interval 0
is the one before it. People whose patterns end early have `NOT_DUE` after the end, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.symbols import NOT_DUE, STATES, SYMBOLS

# by ASCII code: the state; and by code, the symbol
_UNKNOWN = 255
_CODES = np.full(128, _UNKNOWN, dtype=np.uint8)
_CODES[[ord(symbol) for symbol in SYMBOLS]] = [state.code for state in SYMBOLS.values()]
_SYMBOLS = np.zeros(len(STATES), dtype=np.uint32)
_SYMBOLS[[state.code for state in SYMBOLS.values()]] = [ord(symbol) for symbol in SYMBOLS]


@dataclass(frozen=True)
class Patterns:
    """Use patterns of n people over k intervals.

    people: (n,) identifiers. codes: (n, k) uint8, codes of `symbols.STATES`. interval_days: length of an interval.
    first: number of the interval of the first column. lengths: (n,) how many columns are a person's own. begins: day,
    counted from time zero, on which interval 1 begins.
    """

    people: NDArray[np.object_]
    codes: NDArray[np.uint8]
    interval_days: int
    first: int
    lengths: NDArray[np.int64]
    begins: int = 1

    def __post_init__(self) -> None:
        """Raises StudyError where shapes do not fit, or a state is not due within a pattern, or due after its end."""
        n, k = self.codes.shape
        if self.codes.dtype != np.uint8 or self.people.shape != (n,) or self.lengths.shape != (n,):
            raise StudyError(
                f"patterns: {len(self.people)} people and {len(self.lengths)} lengths for a matrix of {n} rows "
                f"({self.codes.dtype}). Expected one of each per row, and codes of type uint8."
            )
        if self.interval_days < 1:
            raise StudyError(f"patterns: an interval of {self.interval_days} days. Expected at least 1.")
        own = np.arange(k) < self.lengths[:, None]
        wrong = int((own == (self.codes == NOT_DUE.code)).any(axis=1).sum())
        if wrong or (len(self.lengths) and not 0 <= self.lengths.min() <= self.lengths.max() <= k):
            raise StudyError(
                f"patterns: {wrong} people have a state where their pattern has ended, or none before. Expected "
                f"'{NOT_DUE.symbol}' ({NOT_DUE.name}) after the end of a pattern, and nowhere else."
            )

    @property
    def n(self) -> int:
        """How many people."""
        return int(self.codes.shape[0])

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(k,) the number of the interval of each column."""
        return self.first + np.arange(self.codes.shape[1], dtype=np.int64)

    @property
    def first_days(self) -> NDArray[np.int64]:
        """(k,) the first day of the interval of each column, from time zero."""
        return self.begins + (self.numbers - 1) * self.interval_days

    @property
    def last_days(self) -> NDArray[np.int64]:
        """(k,) the last day of the interval of each column, from time zero."""
        return self.first_days + self.interval_days - 1

    def window(self, start: int, end: int) -> Patterns:
        """Intervals from number `start` to `end`, both of them in it: those that there are."""
        low, high = max(start - self.first, 0), min(end - self.first + 1, self.codes.shape[1])
        high = max(high, low)
        return Patterns(
            self.people,
            self.codes[:, low:high],
            self.interval_days,
            self.first + low,
            np.clip(self.lengths - low, 0, high - low),
            self.begins,
        )

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Patterns:
        """The patterns of some people, by position or by mask, in the order that is given."""
        return Patterns(
            self.people[rows], self.codes[rows], self.interval_days, self.first, self.lengths[rows], self.begins
        )


def from_strings(
    people: Sequence[object], strings: Sequence[str], interval_days: int = 7, first: int = 1, begins: int = 1
) -> Patterns:
    """Patterns from texts of symbols, one per person; the first symbol is interval `first`.

    A pattern is as long as its text, without the symbols of what is not due at its end. Raises StudyError where a
    symbol is none of `SYMBOLS`, or the numbers of people and texts differ.
    """
    texts = np.asarray(list(strings), dtype=np.str_)
    width = texts.dtype.itemsize // 4
    points = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), width)
    # numpy fills short texts with 0, which is no symbol
    codes = _CODES[np.minimum(points, 127)]
    codes[points == 0] = NOT_DUE.code
    unknown = int((codes == _UNKNOWN).any(axis=1).sum())
    if unknown:
        known = ", ".join(f"'{state.symbol}' {state.name}" for state in SYMBOLS.values())
        raise StudyError(f"patterns: {unknown} texts hold a symbol that is none of {known}.")
    return from_codes(people, codes, interval_days, first, begins)


def from_codes(
    people: Sequence[object], codes: NDArray[np.uint8], interval_days: int = 7, first: int = 1, begins: int = 1
) -> Patterns:
    """Patterns from a matrix (n, k) of codes; each ends with its last state that is due. Raises StudyError."""
    ids = np.empty(len(people), dtype=object)
    ids[:] = list(people)
    due = codes != NOT_DUE.code
    lengths = np.where(due.any(axis=1), codes.shape[1] - due[:, ::-1].argmax(axis=1), 0) if codes.size else 0
    return Patterns(ids, codes, interval_days, first, np.broadcast_to(lengths, len(codes)).astype(np.int64), begins)


def to_strings(patterns: Patterns) -> list[str]:
    """The texts of symbols, one per person, each as long as the person's pattern."""
    n, k = patterns.codes.shape
    if k == 0:
        return [""] * n
    points = _SYMBOLS[patterns.codes]
    points[np.arange(k) >= patterns.lengths[:, None]] = 0
    return [str(text) for text in points.view(f"<U{k}").reshape(n)]
