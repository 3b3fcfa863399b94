"""What is taken of the intervals that an endpoint looks at.

Codes come as (k, n): intervals as rows, people as columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.reading import Codes
from iop_outcomes.patterns.symbols import MISSED, MIXED, NOT_DUE, POSITIVE
from iop_outcomes.patterns.windows import kept, tally
from iop_outcomes.patterns.words import COUNT, FIRST_COUNTING, INDEX, KNOWN, LATEST_START, LONGEST_RUN, SHARE

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Statistic = Callable[[Codes, Definition], Numbers]
# states whose weight an index multiplies by the factor of the week
PENALISED = (POSITIVE.code, MIXED.code)
# the interval of who has too few for the event ever to be known
NEVER = 0


def count(codes: Codes, definition: Definition) -> Numbers:
    """(n,) the sum of the weights of the states that count."""
    found = np.zeros(codes.shape[1])
    for code, weight in definition.counts.items():
        found += weight * tally(codes == code)
    return found


def share(codes: Codes, definition: Definition) -> Numbers:
    """(n,) the count by the number of intervals; of none, `empty`, or nan."""
    of = tally(kept(codes))
    nothing = np.nan if definition.empty is None else definition.empty
    return np.where(of > 0, count(codes, definition) / np.maximum(of, 1), nothing)


def longest_run(codes: Codes, definition: Definition) -> Numbers:
    """(n,) the most intervals in a row that count; those left out neither count nor break a run."""
    longest = np.zeros(codes.shape[1], dtype=np.uint16)
    for run in _runs(_counting(codes, definition), kept(codes)):
        np.maximum(longest, run, out=longest)
    return longest.astype(np.float64)


def _runs(counted: NDArray[np.bool_], keep: NDArray[np.bool_]) -> Iterator[NDArray[np.uint16]]:
    """By interval, (n,) how many in a row have counted up to it. What is yielded is written over."""
    run = np.zeros(counted.shape[1], dtype=np.uint16)
    for now, own in zip(counted, keep, strict=True):
        run += now
        run *= now | ~own
        yield run


def index(codes: Codes, definition: Definition) -> Numbers:
    """(n,) the weighted use of each week by the largest that it could be, from 0 (all use) to `scale` (none).

    The use of a week is its state's weight, that of a positive or mixed test times the factor of the week (Ling and
    others, Archives of General Psychiatry 1976).
    """
    use, worst = np.zeros(codes.shape[1]), np.zeros(codes.shape[1])
    weights = np.zeros(256)
    weights[list(definition.counts)] = list(definition.counts.values())
    penalised = np.isin(np.arange(256), PENALISED)
    largest = weights[POSITIVE.code], weights[MISSED.code]
    # without factors of the weeks after the last one
    for row, there, factor in zip(codes, kept(codes), definition.penalty, strict=False):
        by_code = np.where(penalised, weights * factor, weights)
        use += np.where(there, by_code[row], 0)
        worst += there * max(largest[0] * factor, largest[1])
    nothing = np.nan if definition.empty is None else definition.empty
    return np.where(worst > 0, definition.scale * (1 - use / np.where(worst > 0, worst, 1)), nothing)


def first(codes: Codes, definition: Definition) -> tuple[Whole, NDArray[np.bool_]]:
    """(n,) number of the interval of the event, or of the last in which it could begin and still be known; (n,) event.

    The event is the first stretch of `span` intervals of which `needed` count. Without it, the person is followed to
    the last interval to which an event could be dated: a run of four that began in one of the last three weeks would
    not be known. NEVER where there are fewer intervals than `span`.
    """
    if definition.span > definition.needed:
        return _in_windows(codes, definition)
    counted, keep = _counting(codes, definition), kept(codes)
    n, needed = codes.shape[1], definition.needed
    found, start = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for j, run in enumerate(_runs(counted, keep), 1):
        np.putmask(start, counted[j - 1] & (run == 1), j)
        at = np.where((run == needed) & (found == 0), j if definition.dated == KNOWN else start, 0)
        found += np.where(counted[j - 1], at, 0)
    event = found > 0
    # of the intervals that are left, the last, or the last but as many as a run takes beside its first
    place = 1 if definition.dated == KNOWN else needed
    enough = tally(keep) >= needed
    left = np.zeros(n, dtype=np.uint16)
    for j, row in enumerate(keep[::-1]):
        left += row
        np.putmask(found, row & (left == place) & enough & ~event, len(keep) - j)
    return found, event


def _in_windows(codes: Codes, definition: Definition) -> tuple[Whole, NDArray[np.bool_]]:
    """The same where fewer than all of a stretch have to count."""
    places, numbers, there = _closed_up(codes)
    counted = _counting(places, definition)
    span, needed = definition.span, definition.needed
    n = codes.shape[1]
    found, event = np.full(n, NEVER, dtype=np.int64), np.zeros(n, dtype=bool)
    before = np.zeros((len(counted) + 1, n), dtype=np.int16)
    np.cumsum(counted, axis=0, out=before[1:])
    for start in range(len(counted) - span, -1, -1):
        enough = (there >= start + span) & (before[start + span] - before[start] >= needed)
        event |= enough
        at = _dated(counted, start, definition, enough)
        np.putmask(found, enough, numbers[at, np.arange(n)])
    last = there - 1 if definition.dated == KNOWN else there - needed
    without = ~event & (there >= span)
    found[without] = numbers[last[without], np.flatnonzero(without)]
    return found, event


def _dated(counted: NDArray[np.bool_], start: int, definition: Definition, enough: NDArray[np.bool_]) -> Whole:
    """(n,) the place of the event in the window that begins at a place."""
    span, needed = definition.span, definition.needed
    if definition.dated == LATEST_START:
        return np.full(len(enough), start + span - needed)
    window = counted[start : start + span]
    if definition.dated == FIRST_COUNTING:
        return start + window.argmax(axis=0)
    return start + (window.cumsum(axis=0) >= needed).argmax(axis=0)


def _counting(codes: Codes, definition: Definition) -> NDArray[np.bool_]:
    """(k, n) intervals that count at all."""
    found = np.zeros(codes.shape, dtype=bool)
    for code in definition.counts:
        found |= codes == code
    return found


def _closed_up(codes: Codes) -> tuple[Codes, Whole, Whole]:
    """Intervals that are the endpoint's, moved up: their codes, the numbers that they had, and (n,) how many."""
    k, n = codes.shape
    keep = kept(codes)
    there = tally(keep)
    numbers = np.broadcast_to(np.arange(1, k + 1, dtype=np.int64)[:, None], (k, n))
    if bool((keep == (np.arange(k)[:, None] < there)).all()):
        return codes, numbers, there
    order = np.argsort(~keep, axis=0, kind="stable")
    moved = np.take_along_axis(codes, order, axis=0)
    return np.where(np.arange(k)[:, None] < there, moved, np.uint8(NOT_DUE.code)), order + 1, there


STATISTICS_OF: Mapping[str, Statistic] = {COUNT: count, SHARE: share, LONGEST_RUN: longest_run, INDEX: index}
