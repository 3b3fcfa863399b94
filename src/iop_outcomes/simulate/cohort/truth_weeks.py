"""What further weeks of care do to those who started in the program, had all left in one and the same week."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iop_outcomes.simulate.cohort.model import Course, Strategy, anew, follow
from iop_outcomes.simulate.cohort.population import Baseline, Floats
from iop_outcomes.vocabulary.measures import GAIN, RISE

QUESTION = "sixty_days"
# weeks in which everyone leaves that the demo asks about, and those before, at and after its threshold
CURVE, STEPS = (1, 2, 3, 4, 8, 12, 13), (4, 8, 12)


def leaving(
    baseline: Baseline, year: np.random.SeedSequence, scenario: str, state: Callable[[Course], Floats]
) -> Iterator[tuple[str, Floats]]:
    """Of each measure (n, 4): weights, and weighted differences of states up to the threshold and beyond it. state:
    (n,) of a course. A person counts by the chance of having been placed in the program.
    """
    placed = baseline.placement
    under = (follow(baseline, anew(year), scenario, 1, Strategy(stay_exactly=week)) for week in CURVE)
    left = np.column_stack([state(course) for course in under])
    for measure, taken in ((GAIN, equal_steps()), (RISE, slopes())):
        up_to, beyond = (left @ taken).T
        yield measure, np.column_stack([placed, placed * up_to, placed, placed * beyond])


def equal_steps() -> Floats:
    """(k, 2) what is taken of the shares of CURVE for equal steps up to the threshold and beyond it."""
    return np.diff(np.eye(len(CURVE))[[CURVE.index(week) for week in STEPS]], axis=0).T


def slopes() -> Floats:
    """(k, 2) the same for a line that bends at the threshold: what a further week adds before it, and beyond.

    By least squares, every week alike: a study weighs its points by how well it knows them, which is of no matter as
    far as the line holds.
    """
    x = np.asarray(CURVE, dtype=float)
    fit = np.linalg.pinv(np.column_stack([np.ones_like(x), x, np.maximum(x - STEPS[1], 0.0)]))
    return np.column_stack([fit[1], fit[1] + fit[2]])
