"""From the weekly course to stays in days, and from these to the length of care.

What happens, in order: weeks at one level between two leavings become a stay. Its first day is 7 x first
week, plus the gap drawn at a step-down, but never so late that no day is left; its last day is 7 x last
week + 6. Who is in care at the end of the year has an open stay. Stays with fewer than `LINK_DAYS` + 1 days
from the last day of one to the first day of the next are one continuum. Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iop_outcomes.simulate.cohort.model import LATER_HOURS, LATER_WEEKS, OUT, STAYING, Codes, Course
from iop_outcomes.simulate.cohort.population import Floats, Wholes

LINK_DAYS = 14


@dataclass(frozen=True)
class Stays:
    """Stays sorted by person and time; every array is (stays,).

    cause: how it ended, 0 while open at the end of the year. index: the person's first.
    """

    person: Wholes
    level: Codes
    first_week: Wholes
    last_week: Wholes
    start_day: Wholes
    end_day: Wholes
    cause: Codes
    planned_weeks: Wholes
    planned_hours: Floats
    index: np.ndarray


def stays_of(course: Course) -> Stays:
    """All stays of all people."""
    inside = course.level > OUT
    begins = inside.copy()
    begins[:, 1:] &= course.leaving[:, :-1] != STAYING
    ends = inside & (course.leaving != STAYING)
    ends[:, -1] = inside[:, -1]
    person, first_week = np.nonzero(begins)
    _, last_week = np.nonzero(ends)
    index = first_week == 0
    level = course.level[person, first_week]
    gap = np.where(index, 0, course.gap_days[person, first_week - 1])
    most = 7 * (last_week - first_week) + 6
    b, iop = course.baseline, course.arm[person] == 1
    index_weeks = np.where(iop, b.iop_weeks[person], b.residence_weeks[person])
    index_hours = np.where(iop, b.iop_hours[person], b.residence_hours[person])
    return Stays(
        person=person,
        level=level,
        first_week=first_week,
        last_week=last_week,
        start_day=7 * first_week + np.minimum(gap, most),
        end_day=7 * last_week + 6,
        cause=course.leaving[person, last_week],
        planned_weeks=np.where(index, index_weeks, LATER_WEEKS[level]),
        planned_hours=np.where(index, index_hours, LATER_HOURS[level]),
        index=index,
    )


def index_exit(stays: Stays) -> tuple[Wholes, Codes]:
    """Last day at the index level and how it was left, one per person."""
    return stays.end_day[stays.index], stays.cause[stays.index]


def care_days(stays: Stays, link_days: int | None = LINK_DAYS) -> Wholes:
    """Last day of the continuum of care that began on day 0, one per person.

    A stay belongs to it when it starts at most `link_days` days after the last day of the stay before; None
    links all.
    """
    if link_days is None:
        return stays.end_day[np.append(stays.index[1:], True)]
    apart = np.append(0, stays.start_day[1:] - stays.end_day[:-1])
    breaks = np.cumsum((apart > link_days) & ~stays.index)
    before = breaks[stays.index][np.cumsum(stays.index) - 1]
    days = np.zeros(int(stays.index.sum()), dtype=np.int64)
    linked = breaks == before
    np.maximum.at(days, stays.person[linked], stays.end_day[linked])
    return days


def care_exit(stays: Stays) -> tuple[Wholes, Codes]:
    """Last day of the continuum of care that began on day 0 (see `care_days`) and how it was left, one per person."""
    days = care_days(stays)
    of_last = stays.end_day == days[stays.person]
    cause = np.zeros(len(days), dtype=stays.cause.dtype)
    cause[stays.person[of_last]] = stays.cause[of_last]
    return days, cause
