"""Patterns of days, or of other parts of a week, as patterns of weeks: one state from all tests of a week."""

from __future__ import annotations

import numpy as np

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import (
    DIED,
    EXCUSED,
    MISSED,
    MIXED,
    NEGATIVE,
    NOT_DUE,
    NOT_SCHEDULED,
    POSITIVE,
    State,
)

DAYS = 7
# what a week without a result is, from what says most to what says least
WITHOUT_RESULT: tuple[State, ...] = (DIED, MISSED, EXCUSED, NOT_SCHEDULED)


def weekly(patterns: Patterns) -> Patterns:
    """One state per week: positive or negative where all results of the week are, mixed where they disagree.

    A week with a result is read from its results alone; one without is died, missed, excused or without a test, in this
    order. The week in which a pattern ends is a week of it. Raises StudyError where intervals are no part of a week, or
    the first one does not begin a week.
    """
    if patterns.interval_days == DAYS:
        return patterns
    per, rest = divmod(DAYS, patterns.interval_days)
    if rest or (patterns.first - 1) % per:
        raise StudyError(
            f"patterns: intervals of {patterns.interval_days} days from number {patterns.first} make no weeks. "
            f"Expected intervals of 1 or {DAYS} days, the first of which begins a week."
        )
    n, k = patterns.codes.shape
    weeks = -(-k // per)
    padded = np.full((n, weeks * per), NOT_DUE.code, dtype=np.uint8)
    padded[:, :k] = patterns.codes
    by_week = padded.reshape(n, weeks, per)
    mixed = _any(by_week, MIXED)
    negative, positive = _any(by_week, NEGATIVE), _any(by_week, POSITIVE)
    found = np.full((n, weeks), NOT_DUE.code, dtype=np.uint8)
    for state in reversed(WITHOUT_RESULT):
        found[_any(by_week, state)] = state.code
    found[negative] = NEGATIVE.code
    found[positive] = POSITIVE.code
    found[mixed | (negative & positive)] = MIXED.code
    first = (patterns.first - 1) // per + 1
    return Patterns(patterns.people, found, DAYS, first, -(-patterns.lengths // per), patterns.begins)


def _any(by_week: np.ndarray, state: State) -> np.ndarray:
    return (by_week == state.code).any(axis=2)
