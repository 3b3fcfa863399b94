"""A simulated course by the week: in care, as programs know it, and what strategies and doses are held to."""

from __future__ import annotations

import numpy as np

from iop_outcomes.analyses.courses import FIRST_LEVEL, SECOND_LEVEL
from iop_outcomes.analyses.weighted_weeks import WeightedWeeks
from iop_outcomes.estimators.causal.doses import Course as Recorded
from iop_outcomes.simulate.cohort.model import COMPLETED, IOP, LATER_WEEKS, OUTPATIENT, RESIDENCE, Course


def abstinent(course: Course) -> np.ndarray:
    """(n,) no use in the four weeks before week 26."""
    return (~course.used[:, 22:26].any(axis=1)).astype(float)


def weeks_in_care(course: Course) -> dict[str, np.ndarray]:
    """Person-weeks of the first spell of care, what is known before leaving, and how each ended. may: completing is
    possible by the plan of the program, or of what comes after it; due: the plan of the level ends with the week.
    """
    last = 30
    there = np.cumprod(course.level[:, :last] > 0, axis=1).astype(bool)
    person, at = np.nonzero(there)
    level, b = course.level[person, at], course.baseline
    left = course.level[person, at + 1] == 0
    early = (level == IOP) & (at < 4)
    x = np.column_stack([
        course.craving[person, at], course.used[person, at], early, (level == IOP) & ~early, level == OUTPATIENT,
        b.severity[person], b.unstable_housing[person], b.mandated[person], b.site_effect[person],
    ])  # fmt: skip
    done = left & (course.leaving[person, at] == COMPLETED)
    # the plan of the program, and whatever comes after it
    may = (level != IOP) | (at + 1 >= b.iop_weeks[person])
    so_far = spent(course.level)[person, at]
    planned = np.where((level == IOP) & (at + 1 == so_far), b.iop_weeks[person], LATER_WEEKS[level])
    return {"person": person, "week": at + 1, "left": left, "done": done, "may": may, "due": so_far >= planned, "x": x}


def spent(level: np.ndarray) -> np.ndarray:
    """(n, T) weeks so far at the level of each week (n, T)."""
    found = np.ones(level.shape)
    for week in range(1, level.shape[1]):
        found[:, week] = np.where(level[:, week] == level[:, week - 1], found[:, week - 1] + 1, 1)
    return found


def recorded(course: Course, last: int) -> WeightedWeeks:
    """What programs know of the first weeks: use and craving in care, scheduled hours, planned weeks."""
    b, level = course.baseline, course.level[:, :last]
    inside, first = level > 0, (course.arm == 1)[:, None]
    fixed = np.column_stack([b.severity, b.cooccurring, b.unstable_housing, b.opioid, b.mandated, b.site_effect])
    own = np.select([level == IOP, level == RESIDENCE, level == OUTPATIENT], [FIRST_LEVEL, SECOND_LEVEL, 3], 0)
    states = (np.where(inside, state[:, :last], np.nan) for state in (course.used, course.craving))
    used, craving = states
    residence, program = (level == RESIDENCE), (level == IOP) & first
    weeks = np.select([residence, program], [b.residence_weeks[:, None], b.iop_weeks[:, None]], LATER_WEEKS[level])
    later = np.where(level == IOP, 10.0, 2.0)
    hours = np.select([residence, program], [b.residence_hours[:, None], b.iop_hours[:, None]], later)
    return WeightedWeeks(
        Recorded.of(used, own, course.hours[:, :last], fixed.astype(float), craving),
        hours * inside, np.where(inside, 7.0 * (weeks - spent(level)), np.nan), np.ones(level.shape, dtype=bool),
        ("severity", "cooccurring", "housing", "opioid", "mandated", "site"),
    )  # fmt: skip
