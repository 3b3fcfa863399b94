"""From patterns to what one endpoint makes of them: its schedule, what it fills in, and how it reads each state.

Matrices lie here with intervals as rows and people as columns, so that each step is one operation on all people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.symbols import (
    DIED,
    MISSED,
    MIXED,
    NEGATIVE,
    NOT_DUE,
    NOT_SCHEDULED,
    POSITIVE,
    STATES,
)
from iop_outcomes.patterns.words import CARRIED_FORWARD, LEFT_OUT, MOST_COMMON, NEIGHBOURS

Codes = NDArray[np.uint8]
# code of an interval that is none of the endpoint's
OUT = 254
# states of which some endpoints say that they are read as another
READ = ("missed", "mixed", "excused", "not_scheduled", DIED.name)
# a result in half units of use, and back; halves of a sum round up
_HALVES = {NEGATIVE.code: 0, MIXED.code: 1, POSITIVE.code: 2}
_UNKNOWN = 100
_FROM_SUM = np.array([NEGATIVE.code, MIXED.code, MIXED.code, POSITIVE.code, POSITIVE.code], dtype=np.uint8)


def as_read(definition: Definition, codes: Codes) -> Codes:
    """(k, n) codes of patterns -> (k', n) what the endpoint counts from; OUT and NOT_DUE are none of its intervals."""
    missing = _lookup({name: name_of for name, name_of in _told(definition).items() if name_of == MISSED.name})
    found = missing[codes]
    if definition.schedule:
        found = scheduled(found, definition.schedule)
    if definition.fill:
        found = FILLS[definition.fill](found)
    return _lookup(_told(definition))[found]


def _told(definition: Definition) -> dict[str, str]:
    return {name: getattr(definition, name) for name in READ if getattr(definition, name)}


def _lookup(told: Mapping[str, str]) -> Codes:
    """(256,) by code, the code as which it is read."""
    found = np.arange(256, dtype=np.uint8)
    for name, read in told.items():
        found[STATES[name].code] = OUT if read == LEFT_OUT else STATES[read].code
    return found


def scheduled(codes: Codes, weeks: tuple[int, ...]) -> Codes:
    """Only the weeks of a schedule are tested; to the last of them, those after a pattern's end are missed."""
    last = max(weeks)
    found = np.full((last, codes.shape[1]), NOT_SCHEDULED.code, dtype=np.uint8)
    for week in weeks:
        found[week - 1] = codes[week - 1] if week <= len(codes) else MISSED.code
    found[found == NOT_DUE.code] = MISSED.code
    return found


def carried_forward(codes: Codes) -> Codes:
    """An interval without a scheduled test is as the one before it; those before the first test stay as they are."""
    found = codes.copy()
    for j in range(1, len(found)):
        found[j] = np.where(found[j] == NOT_SCHEDULED.code, found[j - 1], found[j])
    return found


def most_common(codes: Codes) -> Codes:
    """A missed test is the person's most common result, mixed ones counted as positive; positive where they tie."""
    negative = _how_many(codes, NEGATIVE.code)
    positive = _how_many(codes, POSITIVE.code) + _how_many(codes, MIXED.code)
    mode = np.where(positive >= negative, POSITIVE.code, NEGATIVE.code)
    mode[(positive + negative) == 0] = MISSED.code
    return np.where(codes == MISSED.code, mode.astype(np.uint8), codes)


def neighbours(codes: Codes) -> Codes:
    """A missed test between two results is the result nearest to their mean, the more positive of two as near."""
    halves = np.full(256, _UNKNOWN, dtype=np.uint8)
    halves[list(_HALVES)] = list(_HALVES.values())
    around = halves[codes[:-2]] + halves[codes[2:]]
    between = (codes[1:-1] == MISSED.code) & (around < len(_FROM_SUM))
    found = codes.copy()
    found[1:-1][between] = _FROM_SUM[around[between]]
    return found


def _how_many(codes: Codes, code: int) -> NDArray[np.int64]:
    return np.asarray((codes == code).view(np.uint8).sum(axis=0, dtype=np.uint32)).astype(np.int64)


FILLS: Mapping[str, Callable[[Codes], Codes]] = {
    CARRIED_FORWARD: carried_forward,
    MOST_COMMON: most_common,
    NEIGHBOURS: neighbours,
}
