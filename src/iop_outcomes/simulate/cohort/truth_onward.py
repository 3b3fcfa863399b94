"""What comes of stepping down within so many days of completing residential care, against not, by intervention.

Of those who start in residential care and complete it: had all gone on to the program, and had nobody by that day. Who
has not gone on within so many days may still do so later, as in the simulation: so many in a hundred of them do,
whoever they are, as the days between two levels are drawn for everyone alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iop_outcomes.simulate.cohort.model import (
    COMPLETED,
    GAP_DAYS,
    GAP_SHARES,
    GOES_ON,
    RESIDENCE,
    Course,
    Strategy,
    anew,
    follow,
)
from iop_outcomes.simulate.cohort.population import Baseline, Floats
from iop_outcomes.vocabulary.arms import NOT_STARTED, STARTED

SIDES = (STARTED, NOT_STARTED)
# questions by name, with their days; the demo asks the second
STEPS = {"step_down_7": 7, "step_down_14": 14}


def step_down(
    baseline: Baseline, year: np.random.SeedSequence, scenario: str, state: Callable[[Course], Floats]
) -> Iterator[tuple[str, Floats]]:
    """(n, 4) weights and weighted states of either side, for each question. state: (n,) of a course."""
    parts = []
    for onward in (True, False):
        course = follow(baseline, anew(year), scenario, 0, Strategy(steps_down=onward))
        week = (course.leaving > 0).argmax(axis=1)
        done = course.leaving[np.arange(len(week)), week] == COMPLETED
        weight = (1 - baseline.placement) * done
        parts.append(np.column_stack([weight, weight * state(course)]))
    all_go, none_goes = parts
    for name, days in STEPS.items():
        later = later_on(days)
        yield name, np.hstack([all_go, later * all_go + (1 - later) * none_goes])


def later_on(days: int) -> float:
    """Share who still go on, of those who have not within so many days; the day after leaving is 1."""
    late = float(GOES_ON[RESIDENCE] * np.sum(np.asarray(GAP_SHARES)[np.asarray(GAP_DAYS) + 1 > days]))
    return late / (1 - float(GOES_ON[RESIDENCE]) + late)
