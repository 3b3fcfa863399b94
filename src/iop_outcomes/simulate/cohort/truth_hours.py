"""What hours a week of the first four weeks do to those who stay so long, by intervention.

Nobody leaves in the first four weeks, everyone attends so many hours in each of them, and all goes on as it does. Of
people who started in an arm and at the start were like those who are in care after four weeks: a person counts by the
chance of having been placed there, if a course of its own luck, hours as they come, finds the person in care then.

In categories everyone attends hours of one of them, drawn for each person, whatever its plan and use, from the mean
hours of those who stayed for four weeks at the level where they started and attended such hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iop_outcomes.errors import StudyError
from iop_outcomes.simulate.cohort.model import Course, Strategy, anew, follow
from iop_outcomes.simulate.cohort.population import Baseline, Floats
from iop_outcomes.tables import bands
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.measures import DIFFERENCE, FEWER_HOURS, MORE_HOURS

QUESTION, WEEKS = "hours_per_week", 4
# more and fewer hours that the demo compares in each arm: 1 the program, 0 residential care
COMPARED = {1: (11.0, 7.0), 0: (30.0, 20.0)}
FEWER = dict(COMPARED.values())
# the same of categories: the one that others are compared with, first, and these; by the hours between which they lie
CATEGORIES = "hours_in_categories"
CUTS = (3.0, 6.0, 9.0, 20.0)
IN_CATEGORIES = {1: (6.0, 3.0, 9.0), 0: (20.0, 9.0)}
# child of a source that no course has
APART = 1_000_002


def first_weeks(
    baseline: Baseline,
    year: np.random.SeedSequence,
    other_year: np.random.SeedSequence,
    scenario: str,
    state: Callable[[Course], Floats],
    days_in_care: Callable[[Course], Floats],
) -> Iterator[tuple[int, float, Floats]]:
    """Each arm and its more hours, with (n, 4) weights and weighted states at more and at fewer.

    state, days_in_care: (n,) of a course. other_year: of the course that tells who is like those who stay.
    """
    for arm, compared in COMPARED.items():
        _, weight = _natural(baseline, other_year, scenario, arm, days_in_care)
        columns = []
        for hours in compared:
            columns += [weight, weight * state(_under(baseline, year, scenario, arm, hours))]
        yield arm, compared[0], np.column_stack(columns)


def in_categories(
    baseline: Baseline,
    year: np.random.SeedSequence,
    other_year: np.random.SeedSequence,
    scenario: str,
    state: Callable[[Course], Floats],
    days_in_care: Callable[[Course], Floats],
) -> Iterator[tuple[int, float, Floats]]:
    """Of each arm and category, by where it begins: (n, 4) weights and weighted states in it, and in the one that it is
    compared with. Arguments as of `first_weeks`.
    """
    for arm, categories in IN_CATEGORIES.items():
        natural, weight = _natural(baseline, other_year, scenario, arm, days_in_care)
        drawn = _hours_of(natural, weight, other_year, categories)
        found = {one: weight * state(_under(baseline, year, scenario, arm, hours)) for one, hours in drawn.items()}
        for one in categories:
            yield arm, one, np.column_stack([weight, found[one], weight, found[categories[0]]])


def _natural(
    baseline: Baseline, year: np.random.SeedSequence, scenario: str, arm: int, days_in_care: Callable[[Course], Floats]
) -> tuple[Course, Floats]:
    """What comes of an arm by itself, and (n,) the chance of having been placed there, of those in care after the
    weeks.
    """
    natural = follow(baseline, anew(year), scenario, arm)
    placed = baseline.placement if arm else 1 - baseline.placement
    return natural, placed * (days_in_care(natural) >= WEEKS * DAYS_PER_WEEK)


def _under(baseline: Baseline, year: np.random.SeedSequence, scenario: str, arm: int, hours: float | Floats) -> Course:
    asked = Strategy(stay_at_least=WEEKS + 1, hours=hours, hours_weeks=WEEKS)
    return follow(baseline, anew(year), scenario, arm, asked)


def _hours_of(
    natural: Course, weight: Floats, source: np.random.SeedSequence, categories: tuple[float, ...]
) -> dict[float, Floats]:
    """(n,) hours of each category for everyone, drawn from those of its own people by their weight."""
    one_level = (natural.level[:, :WEEKS] == natural.level[:, :1]).all(axis=1)
    mean = natural.hours[:, :WEEKS].mean(axis=1)
    ends = dict(zip(CUTS, (*CUTS[1:], np.inf), strict=True))
    rng = np.random.default_rng(np.random.SeedSequence(source.entropy, spawn_key=(*source.spawn_key, APART)))
    found = {}
    for low in categories:
        own = np.flatnonzero(one_level & (weight > 0) & (mean >= low) & (mean < ends[low]))
        if not len(own):
            raise StudyError(f"Nobody attended {low:g} hours or more, below {ends[low]:g}: ask for more draws.")
        chance = weight[own] / weight[own].sum()
        found[low] = mean[rng.choice(own, len(mean), p=chance)]
    return found


def names_of(program: bool, begin: float) -> tuple[str, ...]:
    """What the rows of a category are of: its own, and but for the one that is compared with its difference."""
    own = bands.hours_bands(CUTS)[2 + CUTS.index(begin)]
    return (own,) if begin == IN_CATEGORIES[int(program)][0] else (own, "", DIFFERENCE)


def hours_of(of: str, more: float) -> float:
    """The hours that a row is of, of those that are compared."""
    return {FEWER_HOURS: FEWER[more], MORE_HOURS: more}.get(of, more)
