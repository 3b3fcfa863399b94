"""How an outcome is read from cells: which levels or causes are the event, and who is left out of the denominator.

Counts and life tables hold people in cells; an estimate asks for a share of some of them. A reading says which, so that
crude estimates, and the people and events beside every other estimate, follow from released cells alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from iop_outcomes.vocabulary.answers import (
    ABSTINENT,
    AS_MISSING,
    BETTER,
    COUNTED_AGAINST,
    EVENT,
    LAST_ABSTINENT,
    LEFT_OUT,
    MISSING,
    MISSING_RULES,
    NO_BETTER,
    NO_EVENT,
    NONE_OF_IT,
    NOT_ANSWERED,
    NOT_ASKED,
    NOT_YET_OBSERVED,
    SOME_OF_IT,
    USING,
    MissingRule,
)
from iop_outcomes.vocabulary.causes import CENSORED, DIED, EVENT_FREE, IN_CARE, LEAVING, STILL_AT_RISK
from iop_outcomes.vocabulary.places import NAMES


@dataclass(frozen=True)
class Reading:
    """How one outcome is read.

    kind: 'cause', the event is leaving by one of `events`; 'staying', the event is not having left at all; of
    counts, always 'cause'. events: levels of a group of counts, or causes of a life table. others: levels
    that are not the event; a group with any further level is refused. staying: name of the curve of those who
    have not left. lost: for 'staying', the causes that end it; () is any, censoring aside. left_out, taken, apart: by
    rule for missing outcomes, levels that are not in the denominator; that are the event as well, in the first and in
    the second arm; and groups of levels that an estimate tells of beside the event, so that none of them may be few.
    """

    kind: Literal["cause", "staying"]
    events: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    staying: str = IN_CARE
    lost: tuple[str, ...] = ()
    taken: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict, hash=False)
    apart: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict, hash=False)

    def event(self, rule: str, first: bool) -> tuple[str, ...]:
        """The levels that are the event under a rule for missing outcomes, in the first or in another arm."""
        return (*self.events, *self.taken.get(rule, ((), ()))[0 if first else 1])


def of_counts(deaths: str, not_due: str) -> Reading:
    """Of an answer on a day, or an event by it: in counts, whatever the kind.

    deaths, not_due: how people who had died by the day are read, and those whose answer was not due yet.
    """
    out = {name: _left_out(rule.left_out, deaths, not_due) for name, rule in MISSING_RULES.items()}
    unanswered = (
        *NOT_ANSWERED,
        *(level for level, how in ((DIED, deaths), (NOT_YET_OBSERVED, not_due)) if how == AS_MISSING),
    )
    taken = {name: _taken(rule, unanswered) for name, rule in MISSING_RULES.items()}
    apart = {name: ((USING, NO_EVENT), unanswered) for name, rule in MISSING_RULES.items() if not rule.counts}
    without = (NO_EVENT, NONE_OF_IT, NO_BETTER)
    others = (USING, DIED, *NOT_ANSWERED, *NOT_ASKED, *without, CENSORED, STILL_AT_RISK)
    return Reading(
        "cause", (ABSTINENT, EVENT, SOME_OF_IT, BETTER), others, out, staying=EVENT_FREE, taken=taken, apart=apart
    )


def _taken(rule: MissingRule, unanswered: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Levels of missing answers that a rule counts as the event, in the first and in the second arm."""
    if rule.carried:
        return (LAST_ABSTINENT,), (LAST_ABSTINENT,)
    first, second = (unanswered if counts else () for counts in rule.counted_as or (False, False))
    return first, second


def _left_out(levels: tuple[str, ...], deaths: str, not_due: str) -> tuple[str, ...]:
    """The levels that a rule for missing outcomes leaves out, and those that are read like one of them."""
    rules = {DIED: deaths, NOT_YET_OBSERVED: not_due}
    out = {level for level, rule in rules.items() if rule == LEFT_OUT or (rule == AS_MISSING and MISSING in levels)}
    kept = tuple(level for level in levels if level not in rules or level in out)
    return (*kept, *(level for level in rules if level in out and level not in kept))


OF_COUNTS = of_counts(COUNTED_AGAINST, LEFT_OUT)


# of several places: who is in none of them that is known is in the denominator, as everyone stands behind each share
OF_PLACES = Reading("cause", (EVENT,), (NO_EVENT, *NAMES, NOT_YET_OBSERVED), staying=EVENT_FREE)


def being_there(curve: str, kept: str) -> Reading:
    """Still in care. curve: its name. kept: a cause of leaving that counts as still being there, or ''."""
    return Reading("staying", staying=curve, lost=tuple(c for c in LEAVING if c != kept) if kept else ())


def leaving(cause: str) -> Reading:
    """Leaving by one cause, with which the others compete."""
    return Reading("cause", (cause,), (*(c for c in LEAVING if c != cause), CENSORED, STILL_AT_RISK))


def happening(event: str, competing: str) -> Reading:
    """An event that is no way of leaving; who has neither had it nor been lost to the competing cause is without it."""
    others = tuple(c for c in (competing,) if c != event)
    return Reading("cause", (event,), (*others, CENSORED, STILL_AT_RISK), staying=EVENT_FREE)


def in_place(place: str) -> Reading:
    """Being in one of several places on a day."""
    others = tuple(name for name in (*NAMES, NOT_YET_OBSERVED) if name != place)
    return Reading("cause", (place,), others, staying=EVENT_FREE)
