"""What hours a week of the first four weeks do to those who stay so long, by intervention.

Nobody leaves in the first four weeks, everyone attends so many hours in each of them, and all goes on as it does. Of
people who started in an arm and at the start were like those who are in care after four weeks: a person counts by the
chance of having been placed there, if a course of its own luck, hours as they come, finds the person in care then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iop_outcomes.simulate.cohort.model import Course, Strategy, anew, follow
from iop_outcomes.simulate.cohort.population import Baseline, Floats
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.measures import FEWER_HOURS, MORE_HOURS

QUESTION, WEEKS = "hours_per_week", 4
# more and fewer hours that the demo compares in each arm: 1 the program, 0 residential care
COMPARED = {1: (11.0, 7.0), 0: (30.0, 20.0)}
FEWER = dict(COMPARED.values())


def first_weeks(
    baseline: Baseline,
    year: np.random.SeedSequence,
    other_year: np.random.SeedSequence,
    scenario: str,
    state: Callable[[Course], Floats],
    days_in_care: Callable[[Course], Floats],
) -> Iterator[tuple[float, Floats]]:
    """The more hours of each arm, with (n, 4) weights and weighted states at more and at fewer.

    state, days_in_care: (n,) of a course. other_year: of the course that tells who is like those who stay.
    """
    for arm, compared in COMPARED.items():
        natural = follow(baseline, anew(other_year), scenario, arm)
        placed = baseline.placement if arm else 1 - baseline.placement
        weight = placed * (days_in_care(natural) >= WEEKS * DAYS_PER_WEEK)
        columns = []
        for hours in compared:
            asked = Strategy(stay_at_least=WEEKS + 1, hours=hours, hours_weeks=WEEKS)
            course = follow(baseline, anew(year), scenario, arm, asked)
            columns += [weight, weight * state(course)]
        yield compared[0], np.column_stack(columns)


def hours_of(of: str, more: float) -> float:
    """The hours that a row is of, of those that are compared."""
    return {FEWER_HOURS: FEWER[more], MORE_HOURS: more}.get(of, more)
