"""The states of an interval, each with its symbol: what a test that was due in it told, or why there is none.

The first five symbols are those of the harmonised trials of the NIDA Clinical Trials Network (public.ctn0094extra).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iop_outcomes.vocabulary import causes


@dataclass(frozen=True)
class State:
    """One state of an interval.

    name: as a rule names it. symbol: one ASCII character. code: its number in a matrix of patterns (uint8). words:
    what a reader sees.
    """

    name: str
    symbol: str
    code: int
    words: str


# after the end of a person's pattern: no interval of theirs, or one that was not over when observation ended
NOT_DUE = State("not_due", ".", 0, "Not yet due")
NOT_SCHEDULED = State("not_scheduled", "_", 1, "No test scheduled")
NEGATIVE = State("negative", "-", 2, "Negative")
POSITIVE = State("positive", "+", 3, "Positive")
# due and not given, as far as known by the person's doing: no show, refused
MISSED = State("missed", "o", 4, "Missed")
# tests of one interval that disagree, or one without a clear result
MIXED = State("mixed", "*", 5, "Mixed or inconclusive")
# due and without a result for a reason that tells nothing of use: an error of the laboratory, hospital, jail; or with
# one that can tell of too little of the interval
EXCUSED = State("excused", "e", 6, "Excused, or told too little")
# in the interval or before it
DIED = State(causes.DIED, "x", 7, "Died")

_ROWS = (NOT_DUE, NOT_SCHEDULED, NEGATIVE, POSITIVE, MISSED, MIXED, EXCUSED, DIED)
STATES: Mapping[str, State] = {state.name: state for state in _ROWS}
SYMBOLS: Mapping[str, State] = {state.symbol: state for state in _ROWS}
# a test was taken and told something; one was due
TESTED = (NEGATIVE, POSITIVE, MIXED)
DUE = (*TESTED, MISSED, EXCUSED)
