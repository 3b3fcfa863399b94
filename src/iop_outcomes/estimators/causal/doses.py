"""Courses of use and care by the week, and doses: what is recorded of people, and what everyone might have had."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.rows import columns

OUT = 0
# hours of a person count as near a dose within so much of it, or so many hours, whichever is more
NEAR_SHARE, NEAR_HOURS = 0.15, 1.0


@dataclass(frozen=True)
class Dose:
    """level: of care in each week, (t,) for everyone or (n, t) of each person; 0 is out of care, as are weeks beyond.
    hours: attended in each week in care.
    """

    level: ArrayLike
    hours: float

    @classmethod
    def of(cls, level: int, weeks: int, hours: float) -> Dose:
        """One level for so many weeks."""
        return cls(np.full(weeks, level), hours)

    def levels(self, people: int, weeks: int) -> Whole:
        """(n, weeks) of everyone."""
        given = np.atleast_2d(np.asarray(self.level, dtype=np.int64))[:, :weeks]
        found = np.full((people, weeks), OUT, dtype=np.int64)
        found[:, : given.shape[1]] = given
        return found


@dataclass(frozen=True)
class Course:
    """What was recorded of n people in each of T weeks from the start.

    used: (n, T) 0 or 1, missing where nobody knows. craving: (n, T), missing where nobody told; None: of no one.
    level: (n, T) of care, whole numbers, 0 out of care. hours: (n, T) attended. fixed: (n, q) known at the start.
    before: (n,) use in the week before. sites: (n, s) indicators of the site of each person, all but one of them.
    """

    used: Array
    craving: Array | None
    level: Whole
    hours: Array
    fixed: Array
    before: Array
    sites: Array

    @classmethod
    def of(
        cls, used: ArrayLike, level: ArrayLike, hours: ArrayLike, fixed: ArrayLike, craving: ArrayLike | None = None,
        before: ArrayLike | None = None, sites: ArrayLike | None = None,
    ) -> Course:  # fmt: skip
        """Checked. before: everyone used, where it is not given. Raises EstimationError."""
        use, at, many = np.asarray(used, float), np.asarray(level), np.asarray(hours, float)
        told = None if craving is None else np.asarray(craving, float)
        shapes = {use.shape, at.shape, many.shape} | ({told.shape} if told is not None else set())
        if len(shapes) > 1 or use.ndim != 2:
            raise EstimationError("Use, craving, level and hours need one row for each person and one column a week.")
        n = len(use)
        if not np.isin(use[~np.isnan(use)], (0, 1)).all() or np.isnan(use).all():
            raise EstimationError("Use of a week is 0 or 1, missing where nobody knows, and must be known of some.")
        if not (np.isfinite(many).all() and (many >= 0).all()):
            raise EstimationError("Attended hours are known of every week, and at least 0.")
        table, places = (np.asarray([[]] * n if t is None else t, float).reshape(n, -1) for t in (fixed, sites))
        known = columns(table, [f"fixed column {j + 1}" for j in range(table.shape[1])], n)
        start = np.ones(n) if before is None else np.asarray(before, float)
        return cls(use, told, at.astype(np.int64), many, known, start, places)

    @cached_property
    def start(self) -> Array:
        """(n, q + s) what was known at the start, and the sites."""
        return np.hstack([self.fixed, self.sites])

    @property
    def weeks(self) -> int:
        """T."""
        return self.used.shape[1]


def mean_hours(course: Course, level: int) -> Array:
    """(n,) mean hours of each person's weeks at a level; missing without one."""
    there = course.level == level
    weeks = there.sum(axis=1)
    return np.divide((course.hours * there).sum(axis=1), weeks, out=np.full(len(weeks), np.nan), where=weeks > 0)


def near(course: Course, who: Mask, dose: Dose) -> int:
    """People who were in care for at least as many weeks as a dose has, and whose mean hours over their weeks at each
    of its levels are near it, at the rarest of these.
    """
    return min((int(there.sum()) for there in _near(course, who, dose)), default=0)


def effective_near(course: Course, who: Mask, dose: Dose, weight: Array) -> float:
    """The same people by weight (n,): their effective number (Kish 1965), at the level where it is least."""
    found = [weight[there] for there in _near(course, who, dose)]
    return min((float(own.sum() ** 2 / (own**2).sum()) if own.any() else 0.0 for own in found), default=0.0)


def _near(course: Course, who: Mask, dose: Dose) -> list[Mask]:
    """(n,) of each level of a dose who was near it there."""
    asked = (dose.levels(len(who), course.weeks) != OUT).sum(axis=1)
    stayed = who & ((course.level != OUT).sum(axis=1) >= asked)
    close = max(NEAR_SHARE * dose.hours, NEAR_HOURS)
    levels = sorted(set(np.unique(np.asarray(dose.level)).tolist()) - {OUT})
    return [stayed & (np.abs(mean_hours(course, level) - dose.hours) <= close) for level in levels]
