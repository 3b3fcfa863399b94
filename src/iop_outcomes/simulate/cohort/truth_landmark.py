"""What comes of staying in care to a landmark, against leaving before it when people do, by intervention.

Everybody is in the arm that placement gives. Had all stayed so many weeks at least, whatever they did then; and had all
left earlier, in a week drawn from when people like them leave: from the chances of leaving all care in each week of
those who are still there, as a course of their own has them. That course has random numbers of its own, so that the
week is drawn whatever use will come: who leaves for having used is no part of what leaving does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iop_outcomes.simulate.cohort.model import Course, Strategy, anew, follow
from iop_outcomes.simulate.cohort.population import Baseline, Floats, Wholes

# questions by name, with the first whole weeks that last until their day
LANDMARKS = {"stay_14": 2, "stay_30": 5, "stay_60": 9, "stay_90": 13}
# children of a source that no course has
APART = (1_000_000, 1_000_001)


def landmarks(
    baseline: Baseline, year: np.random.SeedSequence, scenario: str, state: Callable[[Course], Floats]
) -> Iterator[tuple[str, Floats]]:
    """(n, 4) weights and states of either side, for each question. state: (n,) of a course."""
    one = np.ones(len(baseline))
    keys = ((*year.spawn_key, at) for at in APART)
    when, draws = (np.random.default_rng(np.random.SeedSequence(year.entropy, spawn_key=key)) for key in keys)
    there = follow(baseline, when, scenario, None, Strategy(stay_at_least=max(LANDMARKS.values())))
    for name, weeks in LANDMARKS.items():
        stayed = state(follow(baseline, anew(year), scenario, None, Strategy(stay_at_least=weeks)))
        week = leaving_week(there.exit_chance[:, : weeks - 1], draws.random(len(baseline)))
        left = state(follow(baseline, anew(year), scenario, None, Strategy(stay_exactly=week)))
        yield name, np.column_stack([one, stayed, one, left])


def leaving_week(chance: Floats, uniform: Floats) -> Wholes:
    """(n,) the week in which each leaves, from 1, given that it is one of these. chance: (n, k) of leaving at the end
    of each week, of who is still there. uniform: (n,) between 0 and 1.
    """
    still = np.cumprod(1 - chance, axis=1)
    by_then = 1 - still
    return np.asarray(1 + (by_then < (uniform * by_then[:, -1])[:, None]).sum(axis=1), dtype=np.int64)
