"""Hours a week by a marginal structural model: the simulator by intervention, and the estimator among people as they
come and go.

Use makes people come less and leave. Weights are of leaving, completing apart from dropping out, and of the category of
a week's hours; the outcome is regressed on hours and weeks of care and on weeks at each level. Where hours of both
settings overlap, the setting at equal hours and weeks is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from iop_outcomes.estimators.causal.marginal_structural import (
    Choice,
    MarginalStructuralModel,
    Structural,
    Weights,
    chain,
    stabilised_weights,
)
from iop_outcomes.simulate.cohort.model import COMPLETED, IOP, OUTPATIENT, RESIDENCE, Course, Strategy, follow
from iop_outcomes.simulate.cohort.population import draw_baseline

pytestmark = pytest.mark.truth

PEOPLE, SEED, LAST = 10_000, 71, 26
CUTS = np.array([1e-9, 3, 6, 9, 20])
# level, hours a week, weeks
DOSES = [(IOP, 9, 13), (IOP, 12, 13), (IOP, 9, 8), (IOP, 9, 4), (RESIDENCE, 25, 4)]


def abstinent(course: Course) -> np.ndarray:
    return (~course.used[:, 22:26].any(axis=1)).astype(float)


def bent(values: np.ndarray, places: tuple[float, ...]) -> np.ndarray:
    return np.column_stack([values, *(np.maximum(values - at, 0) for at in places)])


def before(values: np.ndarray, first: float = 0.0) -> np.ndarray:
    return np.hstack([np.full((len(values), 1), first), values[:, :-1]])


def summary(level: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """(n, r) weeks of care, hours of all and up to twenty a week, weeks in residence and in outpatient care."""
    weeks, total = (level > 0).sum(axis=1), np.minimum(hours.sum(axis=1), 150)
    own = [
        total,
        np.minimum(hours, 20).sum(axis=1),
        (level == RESIDENCE).sum(axis=1),
        (level == OUTPATIENT).sum(axis=1),
    ]
    return np.column_stack([bent(weeks, (4, 13)), *own]).astype(float)


@dataclass(frozen=True)
class Seen:
    """Weeks of people as they come and go."""

    course: Course

    @property
    def fixed(self) -> np.ndarray:
        b = self.course.baseline
        return np.column_stack(
            [b.severity, b.cooccurring, b.unstable_housing, b.opioid, b.mandated, b.site_effect]
        ).astype(float)

    def columns(self, person: np.ndarray, week: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Level, week and baseline of weeks; use and craving of them."""
        c = self.course
        level = c.level[person, week]
        stable = [*((level == v) for v in (1, 2, 3)), week, week < 1, self.fixed[person]]
        used = c.used[:, :LAST].astype(float)
        states = np.column_stack([used[person, week], c.craving[person, week], before(used, 1.0)[person, week]])
        return stable, states

    def of_leaving(self) -> Weights:
        """Dropping out apart from completing, where the plan of the level is reached."""
        c, b = self.course, self.course.baseline
        person, week = np.nonzero(c.level[:, : LAST - 1] > 0)
        left = c.level[person, week + 1] == 0
        done = left & (c.leaving[person, week] == COMPLETED)
        level = c.level[:, :LAST]
        at_level = np.ones(level.shape)
        for t in range(1, LAST):
            at_level[:, t] = np.where(level[:, t] == level[:, t - 1], at_level[:, t - 1] + 1, 1)
        program = np.where(c.arm == 1, b.iop_weeks, 12)[:, None]
        plan = np.select([level == RESIDENCE, level == IOP], [b.residence_weeks[:, None], program], 16)
        reached = (at_level >= plan)[person, week]
        stable, states = self.columns(person, week)
        early = (c.level[person, week] == IOP) & (week < 4)
        hours = [c.hours[person, week] >= cut for cut in (6, 9, 20)]
        choices = [Choice(left & ~done, ~reached), Choice(done, reached), Choice(left & ~done, reached & ~done)]
        return stabilised_weights(choices, person, np.column_stack([*stable, early, *hours]), states, len(c.arm))

    def of_hours(self) -> Weights:
        """The category of a week's hours, given those planned."""
        c, b = self.course, self.course.baseline
        person, week = np.nonzero(c.level[:, :LAST] > 0)
        level = c.level[person, week]
        program = np.where(c.arm == 1, b.iop_hours, 10.0)[person]
        plan = np.select([level == RESIDENCE, level == IOP], [b.residence_hours[person], program], 2.0)
        planned = bent(plan, (6, 9, 10, 12, 15, 20, 25, 30))
        last = bent(before(c.hours[:, :LAST])[person, week], (3, 6, 9, 20))
        stable, states = self.columns(person, week)
        table = np.column_stack([*stable, planned, planned * (level == RESIDENCE)[:, None], last])
        return stabilised_weights(chain(np.digitize(c.hours[person, week], CUTS)), person, table, states, len(c.arm))

    def means(self, doses: list[tuple[int, int, int]], weights: Weights) -> Structural:
        c = self.course
        model = MarginalStructuralModel(
            "logistic", abstinent(c), summary(c.level[:, :LAST], c.hours[:, :LAST]), self.fixed
        )
        regimes = {}
        for level, hours, weeks in doses:
            inside = np.arange(LAST)[None] < weeks
            regimes[f"{level} {hours} {weeks}"] = summary(level * inside, np.where(inside, float(hours), 0.0))
        return model.means(regimes, weights)

    def weights(self) -> Weights:
        leaving, hours = self.of_leaving(), self.of_hours()
        both = Weights(leaving.weight * hours.weight, leaving.moves + hours.moves, hours.people)
        assert both.mean == pytest.approx(1, abs=0.05)
        return both.brought_in((0.01, 0.99))


def natural(scenario: str) -> Course:
    baseline = draw_baseline(PEOPLE, None, np.random.default_rng(SEED), scenario)
    return follow(baseline, np.random.default_rng(3), scenario)


def forced(course: Course, scenario: str, level: int, hours: int, weeks: int) -> np.ndarray:
    """What comes of everyone at so many hours for so many weeks at a level, whatever the plan was."""
    baseline = replace(course.baseline, residence_weeks=np.full(PEOPLE, weeks))
    by = Strategy(stay_exactly=weeks, hours=float(hours))
    return abstinent(follow(baseline, np.random.default_rng(5), scenario, int(level == IOP), by))


def test_hours_of_those_who_come_and_go_have_the_truths_of_interventions() -> None:
    course = natural("base")
    truth = np.array([forced(course, "base", *dose).mean() for dose in DOSES])
    seen = Seen(course)
    found = seen.means(DOSES, seen.weights()).estimate
    error = found.standard_error()
    assert (np.abs(found.value - truth) < 3 * error).all(), (found.value, truth, error)
    assert error.max() < 0.03
    # who happened to have thirteen weeks at about nine hours
    inside = course.level[:, :13] > 0
    near = np.abs(course.hours[:, :13].mean(axis=1) - 9) < 1.5
    assert abstinent(course)[(course.arm == 1) & inside.all(axis=1) & near].mean() > truth[0] + 3 * error[0]


def test_the_setting_at_equal_hours_is_found_where_they_overlap() -> None:
    course, hours = natural("wide_overlap"), 12
    doses = [(IOP, hours, 13), (RESIDENCE, hours, 13)]
    drawn = [forced(course, "wide_overlap", *dose) for dose in doses]
    seen = Seen(course)
    found = seen.means(doses, seen.weights()).estimate
    c = np.array([1.0, -1.0])
    gap, truth = float(c @ found.value), float((drawn[0] - drawn[1]).mean())
    error = float(np.sqrt(c @ found.covariance() @ c + np.var(drawn[0] - drawn[1]) / PEOPLE))
    assert abs(gap - truth) < 3 * error, (gap, truth, error)
    assert error < 0.03
    stayed = (course.level[:, :13] > 0).all(axis=1) & (np.abs(course.hours[:, :13].mean(axis=1) - hours) < 1.5)
    naive = [abstinent(course)[stayed & (course.arm == arm)].mean() for arm in (1, 0)]
    assert abs(naive[0] - naive[1] - truth) > 0.03
