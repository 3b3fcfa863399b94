"""Which intervals of each person an endpoint looks at: a window in weeks or tests, from the start or from the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.patterns.definition import LAST_TEST, TESTS, Definition
from iop_outcomes.patterns.reading import OUT, Codes
from iop_outcomes.patterns.symbols import NOT_DUE, TESTED

Whole = NDArray[np.int64]


def kept(codes: Codes) -> NDArray[np.bool_]:
    """(k, n) intervals that are the endpoint's."""
    return (codes != OUT) & (codes != NOT_DUE.code)


def last_test(codes: Codes) -> Whole:
    """(n,) the number of the last interval with a result, 0 without one. codes: as they were, nothing filled in."""
    found = np.zeros(codes.shape[1], dtype=np.int64)
    for j in range(len(codes)):
        tested = np.zeros(codes.shape[1], dtype=bool)
        for state in TESTED:
            tested |= codes[j] == state.code
        found[tested] = j + 1
    return found


def cut(definition: Definition, codes: Codes, weeks: Whole, lengths: Whole, last: Whole) -> Codes:
    """(k, n) the same codes, with what lies outside the window left out.

    codes: as read. weeks: (k,) the week of each interval. lengths: (n,) intervals of each person. last: (n,) week of
    the last test.
    """
    if definition.start == 1 and definition.end == -1:
        return codes
    if definition.window_of == TESTS:
        places = kept(codes).cumsum(axis=0, dtype=np.int64)
        return _within(codes, places, definition, places[-1] if len(places) else lengths, last)
    total = np.concatenate([[0], weeks])[lengths]
    return _within(codes, weeks[:, None], definition, total, last)


def _within(codes: Codes, places: Whole, definition: Definition, total: Whole, last: Whole) -> Codes:
    """Intervals whose place lies between start and end, each counted backwards from `total` where negative."""
    low = _from(definition.start, total)
    high = last if definition.end == LAST_TEST else _from(int(definition.end), total)
    inside = (places >= low) & (places <= high)
    return np.where(inside, codes, np.uint8(OUT))


def _from(place: int, total: Whole) -> Whole:
    return total + 1 + place if place < 0 else np.full_like(total, place)
