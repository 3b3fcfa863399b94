"""What stands beside a share and speaks of its people: its standard error and limits, the effective number of people,
and why an adjusted row is not shown.

A standard error is a function of events and people, as are Wilson's limits and complementary log-log ones. Where it is
that of the told numbers, it says nothing new; where it is that of the true ones, all pairs of numbers that it fits are
what remains. A gate says that an arm has fewer events than it asks for, or that both have as many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from puzzle import INFINITE, plus
from rules import Rules
from scipy.stats import norm

if TYPE_CHECKING:
    from statements import Share
    from world import World

Numbers = NDArray[np.float64]
SAME = 1e-6
Z = float(norm.ppf(0.975))
STAYING = ("retained", "retained_gap_7")
REASON = re.compile(
    r"fewer than (\d+) (events|people without the event|events or people without one) in the arm '(.+)'"
)


def error(x: Numbers, n: Numbers) -> Numbers:
    """Standard error of x of n."""
    p = x / n
    return np.sqrt(p * (1 - p) / n)


def wilson(side: int) -> Callable[[Numbers, Numbers], Numbers]:
    """Wilson's lower (-1) or upper (1) limit of x of n."""

    def limit(x: Numbers, n: Numbers) -> Numbers:
        p, wide = x / n, 1 + Z**2 / n
        return (p + Z**2 / (2 * n)) / wide + side * Z / wide * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))

    return limit


def log_log(side: int, of_rest: bool) -> Callable[[Numbers, Numbers], Numbers]:
    """The complementary log-log limit of x of n, or what that of the others leaves."""

    def limit(x: Numbers, n: Numbers) -> Numbers:
        p = 1 - x / n if of_rest else x / n
        hazard = -np.log(1 - p)
        times = np.exp((-side if of_rest else side) * Z * error(x, n) / ((1 - p) * hazard))
        found = 1 - np.exp(-hazard * times)
        return 1 - found if of_rest else found

    return limit


WAYS: Mapping[str, Iterable[Callable[[Numbers, Numbers], Numbers]]] = {
    "std_error": (error,),
    "conf_low": (wilson(-1), log_log(-1, False), log_log(-1, True)),
    "conf_high": (wilson(1), log_log(1, False), log_log(1, True)),
}


def errors(world: World, share: Share, row: Any, what: str) -> None:
    """The numbers of events and people that standard error and limits of a crude share leave."""
    if share.most == INFINITE or share.most < 1 or pd.isna(row.estimate) or pd.isna(row.n):
        return
    n = np.arange(max(share.least, 1), share.most + 1)[:, None]
    x = np.arange(share.most + 1)[None, :]
    fits = x <= n
    told = np.array(float(row.estimate) * float(row.n)), np.array(float(row.n))
    true = np.array(float(share.true_events)), np.array(float(share.true_people))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for column, ways in WAYS.items():
            said = getattr(row, column)
            if pd.isna(said) or any(abs(float(way(*told)) - said) < SAME for way in ways):
                continue  # nothing, or what the told numbers give
            for way in ways:
                if abs(float(way(*true)) - said) < SAME:
                    fits = fits & (np.abs(way(x, n) - said) < SAME)
    people, events = np.nonzero(fits)
    if fits.sum() < np.size(fits) and len(events):
        world.say(share.events, int(events.min()), int(events.max()), share.true_events, f"error: {what}")
        people = people + int(n[0, 0])
        world.say(share.people, int(people.min()), int(people.max()), share.true_people, f"error: {what}")


def effective(world: World, share: Share, row: Any, what: str) -> None:
    """Without weights, the effective number of people is their number, if it is told otherwise than that is."""
    if not pd.isna(row.n_effective) and row.n_effective != row.n:
        exact = float(row.n_effective) == share.true_people
        if exact:
            world.say(share.people, share.true_people, share.true_people, share.true_people, f"effective: {what}")


def _may_not_be_said(rules: Rules, share: Share) -> bool:
    """Passing the gate would tell a small number beside levels that are all small; then nobody is told."""
    for at in (0, 1) if share.sides else ():
        side, others = share.sides[at], [n for i, some in enumerate(share.sides) if i != at for n in some]
        least = sum(n if n >= rules.k else rules.least if n else 0 for n in others)
        left = sum(side) + sum(others) - rules.events - least + 1
        if len(side) < 2 or max(side) >= rules.k:
            continue
        fewest = sum(rules.k if n >= rules.k else rules.least if n else 0 for n in others)
        step = share.steps and sum(side) + sum(others) - rules.events - fewest + 1 < rules.protection
        if step or (left < rules.protection and any(map(rules.small, others))):
            return True
    return False


def reasons(world: World, shares: Mapping[str, Share], row: Any, what: str) -> None:
    """What the gate says of the events of both arms, by the reason of an adjusted row. shares: in order of the arms."""
    stopped = REASON.fullmatch(str(row.reason or ""))
    if stopped is None and row.status == "gated":
        return  # for another reason, which is looked at first
    if row.status == "suppressed" and world.rules.events > world.rules.k:
        return  # a gate that asks for more than the smallest cell may be the reason
    if row.status == "suppressed" and any(_may_not_be_said(world.rules, share) for share in shares.values()):
        return
    least = int(stopped[1]) if stopped else world.rules.events
    for arm, share in shares.items():
        events, true = share.events, share.true_events
        others, true_others = plus((1.0, share.people), (-1.0, events)), share.true_people - true
        if row.outcome in STAYING:  # who left has the event
            events, true, others, true_others = others, true_others, events, true
        if stopped and arm == stopped[3]:
            if stopped[2].endswith("one"):
                # where events are many it is the others who are few; a gate that asks for more than the smallest cell
                # gives its reason only where counts say so already
                if least <= world.rules.k and not world.rules.small(true):
                    world.say(others, 0, least - 1, true_others, f"gate: {what}")
                return
            few = stopped[2] == "events"
            world.say(events if few else others, 0, least - 1, true if few else true_others, f"gate: {what}")
            fewer = plus((1.0, others), (-1.0, events))
            low, high = (1, INFINITE) if few else (-INFINITE, 0)
            world.say(fewer, low, high, true_others - true, f"gate, the fewer: {what}")
            return
        world.say(events, least, INFINITE, true, f"gate: {what}")
        world.say(others, least, INFINITE, true_others, f"gate: {what}")
