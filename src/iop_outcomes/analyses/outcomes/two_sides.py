"""What one side of a comparison may lack: people followed for long enough, a horizon that is reached, enough events."""

from __future__ import annotations

import numpy as np

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.vocabulary import statuses

Names = tuple[str, str]

# the last day of an arm is one person's: what may be told of it is told by check
ASK_CHECK = "`iop-outcomes check` names the longest day that can be asked about"


def beyond(arm: Whole, reach: Array, waiting: Mask, names: Names, day: float) -> str:
    """Why an estimate to a day goes beyond what can be known of an arm, or ''.

    arm: (n,) 1 in the first. reach: (n,) the last day to which each person can be followed. waiting: (n,) who was last
    seen before the day, without an event: where there is no one, all is known however short the follow-up. The last day
    of an arm is one person's, and is told to the month of 30 days.
    """
    for value, name in ((1, names[0]), (0, names[1])):
        own = arm == value
        last = float(np.max(reach[own], initial=0))
        if own.any() and last < day and waiting[own].any():
            months = round(last / 30)
            where = f"about day {30 * months}" if months else "less than a month"
            return f"people of the arm '{name}' can be followed to {where} at most, and it speaks of day {day:.0f}"
    return ""


def not_due(arm: Whole, yet_to_come: Mask, names: Names) -> str:
    """Why nothing can be said of a horizon that lies beyond the observation of everyone in an arm, or ''.

    yet_to_come: (n,) whose horizon does.
    """
    for value, name in ((1, names[0]), (0, names[1])):
        own = yet_to_come[arm == value]
        if len(own) and own.all():
            return f"no one in the arm '{name}' is observed to the horizon; {ASK_CHECK}"
    return ""


def too_few(arm: Whole, event: Mask, names: Names, minimum: int) -> str:
    """Why an estimate has too little to stand on after outcomes are read: events or non-events in an arm, or ''."""
    return too_few_of(arm, event, ~event, names, minimum)


def too_few_of(arm: Whole, event: Mask, without: Mask, names: Names, minimum: int) -> str:
    """The same where people may have both: (n,) with the event, and without it, some time."""
    for value, name in ((1, names[0]), (0, names[1])):
        events, others = (int(some[arm == value].sum()) for some in (event, without))
        if min(events, others) < minimum:
            return statuses.too_few(minimum, statuses.EVENTS if events < others else statuses.WITHOUT, name)
    return ""
