"""Crude curves over days: their points, from what is told of a life table and from nothing else.

A curve has a point on day 0, before anyone left, and on days between which no one leaves or enough do; between them it
is drawn straight. Where everything may be shown it has one on every day on which anyone leaves, and is a step there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np

from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.release import actuarial
from iop_outcomes.release.crude import ROUNDING_ERROR, log_log_limits, rows_of
from iop_outcomes.release.life_tables import Leaving
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.told import NOBODY, AsTold
from iop_outcomes.vocabulary.causes import CENSORED

# of those there, the greatest share that leaves along a straight line
MOST = 0.4

Points = Mapping[str, Array]


def curve(told: AsTold, causes: Sequence[str], staying: bool, level: float, policy: Policy) -> Points | None:
    """The curve of having left by some causes, or of not having (staying); None where the causes are told with others
    only, or no one is known to have left.

    causes: of staying, () is any. level: of confidence intervals. Returns x, estimate, std_error, conf_low, conf_high
    and rounding_error, each (k,).
    """
    if told.exact is not None:
        return _every_day(told.exact, causes, staying, level, told.last_day)
    drawn, ways = actuarial.heights(told, causes, staying, drawn_to(told, policy)), told.among(causes)
    if drawn is None or ways is None:
        return None
    days = [int(d) for d in drawn.days]
    gone = [sum(way.at(day)[0] for way in ways) for day in days]
    at = _steps(days, gone, {day for way in ways for day in way.days}, policy.minimum_count - NOBODY)
    if len(at) < 2 or gone[-1] < NOBODY:
        return None
    changed = np.maximum(np.maximum(drawn.high - drawn.value, drawn.value - drawn.low), 0.0)
    changed[(changed < NOBODY) | (drawn.days == 0)] = 0.0
    points = _points(drawn.days[at], drawn.value[at], drawn.error[at], level, staying)
    return points | {ROUNDING_ERROR: changed[at]}


def drawn_to(told: AsTold, policy: Policy) -> int:
    """The last day of a curve: before a stretch, longer than the policy's step, in which more than two fifths of those
    there leave, of whom those censored count half. A straight line would say little of when.
    """
    points = sorted({0, told.last_day, *(d for way in told.ways if way.name != CENSORED for d in way.days)})
    for before, day in pairwise(d for d in points if d <= told.last_day):
        step = {way.name: way.at(day)[0] - way.at(before)[0] for way in told.ways}
        censored = step.pop(CENSORED, 0.0)
        there = told.people.number - sum(way.at(before)[0] for way in told.ways) - censored / 2
        if day - before > policy.curve_step_days and sum(step.values()) > MOST * there + NOBODY:
            return before
    return told.last_day


def _steps(days: Sequence[int], gone: Sequence[float], own: Collection[int], least: float) -> list[int]:
    """Positions of the points: days of its own between which no one leaves or enough do, and the last day of all."""
    kept, last = [0], len(days) - 1
    for at in range(1, last):
        step = gone[at] - gone[kept[-1]]
        if days[at] in own and (step < NOBODY or step >= least):
            kept.append(at)
    while kept and NOBODY <= gone[last] - gone[kept[-1]] < least:
        kept.pop()
    return [*kept, last] if kept and last else []


def _every_day(leaving: Leaving, lost: Sequence[str], staying: bool, level: float, last: int) -> Points | None:
    """The curve on every day on which anyone leaves and the day before, so that it is a step there, and on the last."""
    causes = tuple(c for c in leaving.causes if c != CENSORED)
    if leaving.gone(None, lost or causes) == 0:
        return None
    gone = {m.day for m in leaving.moves if m.cause != CENSORED}
    days = sorted({0, last, *gone, *(day - 1 for day in gone if day)})
    time, codes, frequency = rows_of(leaving, causes, lost or causes, days[-1])
    if lost:
        found = cuminc.cumulative_incidence(time, codes, 1, days, frequency=frequency)
    else:
        found = cuminc.survival(time, codes > 0, days, frequency=frequency)
    values = 1 - found.value if staying and lost else found.value
    points = _points(np.array(days, dtype=float), values, found.standard_error(), level, staying)
    return points | {ROUNDING_ERROR: np.zeros(len(days))}


def _points(days: Array, values: Array, errors: Array, level: float, staying: bool) -> dict[str, Array]:
    limits = [log_log_limits(float(v), float(e), level, staying) for v, e in zip(values, errors, strict=True)]
    low, high = np.array(limits).T
    return {"x": days, "estimate": values, "std_error": errors, "conf_low": low, "conf_high": high}
