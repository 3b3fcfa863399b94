"""Endpoints of many people at once: each definition evaluated on patterns, intervals in a loop and people never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns import statistics, windows
from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.reading import READ, Codes, as_read
from iop_outcomes.patterns.weeks import DAYS, weekly
from iop_outcomes.patterns.words import LOGICAL, SURVIVAL, TEST, WEEKS

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]
# shares that ought to be alike differ in their last digits
TOLERANCE = 1e-9


class TooShort(StudyError):
    """Nobody is followed to the end of a window. Its words name no week: the last may be that of a single person.

    reach: (n,) the last week of each person, by the day asked about.
    """

    def __init__(self, said: str, reach: Whole) -> None:
        super().__init__(said)
        self.reach = reach


@dataclass(frozen=True)
class Found:
    """One endpoint of n people.

    values: (n,) float, nan where it is not defined; yes is 1; of a time to an event, the number of the interval.
    event: (n,) whether it was seen; None of other values. last_days: (k + 1,) the last day of each interval by its
    number, from time zero; that of 0 has no meaning.
    """

    values: Numbers
    event: NDArray[np.bool_] | None
    last_days: Whole


@dataclass(frozen=True)
class _Prepared:
    """Patterns in the unit of an endpoint, with intervals as rows. weeks: (k,). last: (n,) week of the last test.

    reach: (n,) the last week of each person. read: codes as endpoints read them, which many do alike.
    """

    codes: Codes
    lengths: Whole
    weeks: Whole
    last: Whole
    last_days: Whole
    reach: Whole
    read: dict[tuple[object, ...], Codes] = field(default_factory=dict)

    def as_read(self, row: Definition) -> Codes:
        """(k', n) what an endpoint counts from."""
        key = (row.schedule, row.fill, *(getattr(row, name) for name in READ))
        if key not in self.read:
            self.read[key] = as_read(row, self.codes)
        return self.read[key]


def evaluate(patterns: Patterns, asked: Mapping[str, Sequence[Definition]]) -> dict[str, Found]:
    """Each endpoint by name, of all people. asked: the rows of each endpoint.

    Raises StudyError where patterns are too coarse for an endpoint, or begin after interval 1, and TooShort where
    nobody is followed to the end of its window.
    """
    prepared: dict[bool, _Prepared] = {}
    found = {}
    # tests before interval 1 are none of an endpoint's, and begin no week of it
    own = _from_the_first(patterns)
    for name, rows in asked.items():
        for row in rows:
            by_test = row.unit == TEST
            _fine_enough(patterns, row)
            if by_test not in prepared:
                prepared[by_test] = _prepare(own if by_test else weekly(own))
            _long_enough(prepared[by_test], row)
        found[name] = _joined([_row(prepared[row.unit == TEST], row) for row in rows], rows)
    return found


def _fine_enough(patterns: Patterns, row: Definition) -> None:
    """No interval holds two of the endpoint's tests."""
    if row.unit == TEST and patterns.interval_days * row.tests_per_week > DAYS:
        raise StudyError(
            f"The endpoint '{row.name}' ({row.version}) is of single tests, {row.tests_per_week:g} a week; these "
            f"patterns have one state per {patterns.interval_days} days. Make patterns of days, or ask for "
            "a version that is of weeks."
        )


def _from_the_first(patterns: Patterns) -> Patterns:
    """Patterns from interval 1 on. Raises StudyError where they begin after it."""
    if patterns.first > 1:
        raise StudyError(
            f"patterns: the first interval is number {patterns.first}. Endpoints count from interval 1 on: begin the "
            "patterns with it, without a scheduled test where there was none."
        )
    return patterns.window(1, int(patterns.numbers[-1]) if patterns.codes.shape[1] else 0)


def _prepare(own: Patterns) -> _Prepared:
    codes = np.ascontiguousarray(own.codes.T)
    weeks = (own.numbers - 1) * own.interval_days // DAYS + 1
    last = np.concatenate([[0], weeks])[windows.last_test(codes)]
    reach = np.concatenate([[0], weeks])[own.lengths]
    return _Prepared(codes, own.lengths, weeks, last, np.concatenate([[0], own.last_days]), reach)


def _long_enough(prepared: _Prepared, row: Definition) -> None:
    """Somebody is followed to the end of the window. A run longer than that can be had by nobody either."""
    in_weeks = row.window_of == WEEKS
    asked = {
        "a schedule to week": max(row.schedule, default=0),
        "a test in week": row.retained,
        "a window from week": abs(row.start) if in_weeks else 0,
        "a window to week": abs(row.end) if in_weeks and isinstance(row.end, int) else 0,
    }
    words, most = max(asked.items(), key=lambda item: item[1])
    if len(prepared.lengths) and most > prepared.reach.max():
        raise TooShort(
            f"The endpoint '{row.name}' ({row.version}) asks for {words} {most}, and nobody is followed that far by "
            "the day asked about. Shorten the window, or ask on a later day, where people are followed further.",
            prepared.reach,
        )


def _row(prepared: _Prepared, row: Definition) -> Found:
    """One row of the table, of all people."""
    codes = prepared.as_read(row)
    k = max(len(codes), len(prepared.codes))
    weeks = prepared.weeks if len(codes) <= len(prepared.weeks) else np.arange(1, k + 1)
    lengths = np.full_like(prepared.lengths, len(codes)) if row.schedule else prepared.lengths
    codes = windows.cut(row, codes, weeks[: len(codes)], lengths, prepared.last)
    if row.value == SURVIVAL:
        at, event = statistics.first(codes, row)
        return Found(np.where(at == statistics.NEVER, np.nan, at), event, prepared.last_days)
    values = statistics.STATISTICS_OF[row.statistic](codes, row)
    if row.value == LOGICAL:
        values = _between(values, row)
    if row.retained:
        values = np.where(prepared.last >= row.retained, values, _or_nan(row.otherwise))
    return Found(values, None, prepared.last_days)


def _between(values: Numbers, row: Definition) -> Numbers:
    """1 where a value lies within the bounds, 0 where not, nan where there is none."""
    low = -np.inf if row.at_least is None else row.at_least - TOLERANCE
    high = np.inf if row.at_most is None else row.at_most + TOLERANCE
    return np.where(np.isnan(values), np.nan, (values >= low) & (values <= high))


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _joined(found: Sequence[Found], rows: Sequence[Definition]) -> Found:
    """Of several rows: yes where all are; no where one is not; not defined otherwise."""
    if len(found) == 1:
        return found[0]
    if any(row.value != LOGICAL for row in rows):
        raise StudyError(
            f"{rows[1].where}: the endpoint '{rows[0].name}' has several rows. Only those whose value is '{LOGICAL}' "
            "can be joined: yes, where all of them are."
        )
    values = np.stack([one.values for one in found])
    no = (values == 0).any(axis=0)
    return Found(np.where(no, 0.0, values.sum(axis=0) / len(found)), None, found[0].last_days)
