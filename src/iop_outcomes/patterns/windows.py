"""Which intervals of each person an endpoint looks at: a window in weeks or tests, from the start or from the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.reading import OUT, Codes
from iop_outcomes.patterns.symbols import NOT_DUE, TESTED
from iop_outcomes.patterns.words import LAST_TEST, TESTS

Whole = NDArray[np.int64]


def kept(codes: Codes) -> NDArray[np.bool_]:
    """(k, n) intervals that are the endpoint's."""
    return (codes != OUT) & (codes != NOT_DUE.code)


def tally(true: NDArray[np.bool_]) -> Whole:
    """(n,) how many rows of (k, n) are true. Small numbers are added as such, which is many times as fast."""
    small = np.uint8 if len(true) < 256 else np.uint32
    return true.view(np.uint8).sum(axis=0, dtype=small).astype(np.int64)


def last_test(codes: Codes) -> Whole:
    """(n,) the number of the last interval with a result, 0 without one. codes: as they were, nothing filled in."""
    found = np.zeros(codes.shape[1], dtype=np.int64)
    for j, row in enumerate(codes):
        tested = np.zeros(codes.shape[1], dtype=bool)
        for state in TESTED:
            tested |= row == state.code
        np.putmask(found, tested, j + 1)
    return found


def cut(definition: Definition, codes: Codes, weeks: Whole, lengths: Whole, last: Whole) -> Codes:
    """(k, n) the same codes, with what lies outside the window left out.

    codes: as read. weeks: (k,) the week of each interval. lengths: (n,) intervals of each person. last: (n,) week of
    the last test.
    """
    start, end = definition.start, definition.end
    if start == 1 and end == -1:
        return codes
    found = codes.copy()
    by_tests = definition.window_of == TESTS
    if not by_tests and start > 0 and isinstance(end, int) and (end > 0 or end == -1):
        found[weeks < start] = OUT
        found[(weeks > end) & (end > 0)] = OUT
        return found
    keep = kept(codes)
    total = tally(keep) if by_tests else np.concatenate([[0], weeks])[lengths]
    low, high = _from(start, total), last if end == LAST_TEST else _from(int(end), total)
    place = np.zeros(codes.shape[1], dtype=np.int64)
    for row, own, week in zip(found, keep, weeks, strict=True):
        place = place + own if by_tests else np.full_like(place, week)
        np.putmask(row, (place < low) | (place > high), OUT)
    return found


def _from(place: int, total: Whole) -> Whole:
    return total + 1 + place if place < 0 else np.full_like(total, place)
