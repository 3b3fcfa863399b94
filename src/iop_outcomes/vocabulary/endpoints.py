"""The kinds of endpoints: what each asks, what answers it, and every word that readers see of it.

A row of `kinds_of_care`, `kinds_of_use` or `kinds_of_amounts`, and the function that bears its name in `cohort.events`
(COMPETING), `cohort.on_a_day` (AT_A_DAY), `cohort.abstinence` (TO_AN_EVENT), `cohort.amounts` (AMOUNT) or
`cohort.weekly` (WEEK_BY_WEEK), is all that a further kind takes; kinds of patterns are answered by
`cohort.pattern_endpoints`, as their endpoints define. What follows is made of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from iop_outcomes.vocabulary.causes import CENSORED, LEAVING, NOT_AT_RISK
from iop_outcomes.vocabulary.kind import (
    AMOUNT,
    AT_A_DAY,
    BEING_THERE,
    BETWEEN_TWO_DAYS,
    COMPETING,
    PLACE_BY_PLACE,
    SINCE_LEAVING,
    TO_AN_EVENT,
    WEEK_BY_WEEK,
    Kind,
)
from iop_outcomes.vocabulary.kinds_of_amounts import KINDS_OF_AMOUNTS
from iop_outcomes.vocabulary.kinds_of_care import KINDS_OF_CARE
from iop_outcomes.vocabulary.kinds_of_use import KINDS_OF_USE

_ROWS = (*KINDS_OF_CARE, *KINDS_OF_USE, *KINDS_OF_AMOUNTS)
KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}

# names of kinds, by how they are answered
# still in care, with the cause of leaving that counts as still being there, or ''
STAYING = {k.name: k.kept for k in _ROWS if k.answered == BEING_THERE}
LEFT_INDEX = tuple(k.name for k in _ROWS if k.answered == COMPETING and not k.cause)
# those that follow an event beside leaving care, with its name among the causes of the table retention
EVENTS = {k.name: k.cause for k in _ROWS if k.answered == COMPETING and k.cause}
FOLLOWED = (*LEFT_INDEX, *STAYING, *EVENTS)
ON_A_DAY = tuple(k.name for k in _ROWS if k.answered == AT_A_DAY)
TIMED = tuple(k.name for k in _ROWS if k.answered == TO_AN_EVENT)
BETWEEN = tuple(k.name for k in _ROWS if k.answered == BETWEEN_TWO_DAYS)
WEEKLY = tuple(k.name for k in _ROWS if k.answered == WEEK_BY_WEEK)
AMOUNTS = tuple(k.name for k in _ROWS if k.answered == AMOUNT)
AFTER_LEAVING = tuple(k.name for k in _ROWS if k.answered == SINCE_LEAVING)
OF_PLACES = tuple(k.name for k in _ROWS if k.answered == PLACE_BY_PLACE)
# whose outcome may be missing, and those of them that are about use
MAY_BE_MISSING = (*ON_A_DAY, *WEEKLY, *AMOUNTS)
# about use on a day, and about other states
USE_ON_A_DAY = tuple(name for name in ON_A_DAY if KINDS[name].about_use)
# of which the person's report and tests of the same days are held against each other
TOLD_TWICE = tuple(k.name for k in _ROWS if k.told_twice)
MISSING_MAY_BE_USE = (*USE_ON_A_DAY, *WEEKLY, *AMOUNTS)
STATES = tuple(name for name in ON_A_DAY if not KINDS[name].about_use)
# of them, those that no test tells: work, arrests
STATES_OF_LIFE = tuple(name for name in STATES if not KINDS[name].of_patterns)
# that are computed from use patterns: yes or no, times to an event, and amounts; and what each is of a person
PATTERN_ANSWERS = tuple(name for name in ON_A_DAY if KINDS[name].of_patterns)
PATTERN_TIMES = tuple(name for name in TIMED if KINDS[name].of_patterns)
PATTERN_AMOUNTS = tuple(name for name in AMOUNTS if KINDS[name].of_patterns)
OF_PATTERNS = (*PATTERN_ANSWERS, *PATTERN_TIMES, *PATTERN_AMOUNTS)
# events that cannot happen to everyone
AMONG_SOME = tuple(k.name for k in _ROWS if k.among_some)
# of which what has happened by one day has happened by every later one
GROWING = tuple(k.name for k in _ROWS if k.grows)
# labels of the curves of being in care, where they have a panel of their own
PANELS = {k.name: k.panel for k in _ROWS if k.panel}
# columns that an endpoint may name, by kind; and numbers of an endpoint that only some kinds have, and need
COLUMNS = {k.name: k.columns for k in _ROWS if k.columns}
TAKES = {column: tuple(k.name for k in _ROWS if column in k.takes) for k in _ROWS for column in k.takes}
MAY_TAKE = {column: tuple(k.name for k in _ROWS if column in k.may_take) for k in _ROWS for column in k.may_take}
# clocks of an endpoint, and kinds whose clock may start with the return to the community
ADMISSION, COMMUNITY = "admission", "community"
CLOCKS = (ADMISSION, COMMUNITY)
CLOCKED = tuple(k.name for k in _ROWS if (k.about_use or k.of_patterns) and not k.fixed)
# kinds that are answered by tests alone
OF_TESTS = tuple(k.name for k in _ROWS if k.needs == ("screens",))
# in the order in which they are spoken of
ORDER = tuple(k.name for k in sorted(_ROWS, key=lambda k: k.place))
# what can be counted among those who are followed: ways of leaving, then events beside it
COUNTED = (*LEAVING, *(cause for cause in EVENTS.values() if cause not in LEAVING))
# every cause of the table retention
CAUSES = (*COUNTED, NOT_AT_RISK, CENSORED)
# causes of events that are no way of leaving, with the labels of their curves and of those of being in care
LABELS = {(k.cause or k.name): k.curve for k in _ROWS if k.curve}


def compared(step: str) -> tuple[str, ...]:
    """What questions of a step compare: contrasts, durations, intensities."""
    return tuple(dict.fromkeys(a.of for k in _ROWS for a in k.asked if a.step == step))


def measures(kind: str, step: str, of: str) -> dict[str, tuple[str, ...]]:
    """The measures of a kind in a step, each with the methods that answer it."""
    found = (a.measures for a in KINDS[kind].asked if (a.step, a.of) == (step, of))
    return {measure: able for each in found for measure, able in each.items()}
