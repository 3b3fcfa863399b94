"""A simulated course as person-weeks in care, and the outcome that strategies of staying are held to."""

from __future__ import annotations

import numpy as np

from iop_outcomes.simulate.cohort.model import COMPLETED, IOP, OUTPATIENT, Course


def abstinent(course: Course) -> np.ndarray:
    """(n,) no use in the four weeks before week 26."""
    return (~course.used[:, 22:26].any(axis=1)).astype(float)


def weeks_in_care(course: Course) -> dict[str, np.ndarray]:
    """Person-weeks of the first spell of care, what is known before leaving, and how each ended."""
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
    return {"person": person, "week": at + 1, "left": left, "done": done, "may": may, "x": x}
