"""Hours a week by a marginal structural model: the simulator by intervention, and the estimator among people as they
come and go.

Use makes people come less and leave, and is known in care alone. Where hours of both settings overlap, the setting at
equal hours and weeks is found.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from course_by_week import abstinent, recorded

from iop_outcomes.analyses.courses import FIRST_LEVEL, SECOND_LEVEL
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.doses import Dose
from iop_outcomes.simulate.cohort.model import IOP, RESIDENCE, Course, Strategy, follow
from iop_outcomes.simulate.cohort.population import draw_baseline

pytestmark = pytest.mark.truth

PEOPLE, SEED, LAST = 10_000, 71, 25
OWN = {IOP: FIRST_LEVEL, RESIDENCE: SECOND_LEVEL}
# level, weeks, hours a week
DOSES = [(IOP, 13, 9.0), (IOP, 13, 12.0), (IOP, 8, 9.0), (IOP, 4, 9.0), (RESIDENCE, 4, 25.0)]


def natural(scenario: str) -> Course:
    baseline = draw_baseline(PEOPLE, None, np.random.default_rng(SEED), scenario)
    return follow(baseline, np.random.default_rng(3), scenario)


def found(course: Course, doses: list[tuple[int, int, float]]) -> Estimate:
    weeks = recorded(course, LAST)
    assert weeks.weights.mean == pytest.approx(1, abs=0.05)
    asked = {f"{at} {n} {hours}": Dose.of(OWN[at], n, hours) for at, n, hours in doses}
    return weeks.means(asked, abstinent(course), weeks.weights.brought_in((0.01, 0.99))).estimate


def forced(course: Course, scenario: str, level: int, weeks: int, hours: float) -> np.ndarray:
    """What comes of everyone at so many hours for so many weeks at a level, whatever the plan was."""
    baseline = replace(course.baseline, residence_weeks=np.full(PEOPLE, weeks))
    by = Strategy(stay_exactly=weeks, hours=hours)
    return abstinent(follow(baseline, np.random.default_rng(5), scenario, int(level == IOP), by))


def test_hours_of_those_who_come_and_go_have_the_truths_of_interventions() -> None:
    course = natural("base")
    truth = np.array([forced(course, "base", *dose).mean() for dose in DOSES])
    estimate = found(course, DOSES)
    error = estimate.standard_error()
    assert (np.abs(estimate.value - truth) < 3 * error).all(), (estimate.value, truth, error)
    assert error.max() < 0.035
    # who happened to have thirteen weeks at about nine hours
    stayed = (course.level[:, :13] > 0).all(axis=1) & (course.arm == 1)
    near = np.abs(course.hours[:, :13].mean(axis=1) - 9) < 1.5
    assert abstinent(course)[stayed & near].mean() > truth[0] + 3 * error[0]


def test_the_setting_at_equal_hours_is_found_where_they_overlap() -> None:
    course, hours = natural("wide_overlap"), 12.0
    doses = [(IOP, 13, hours), (RESIDENCE, 13, hours)]
    drawn = [forced(course, "wide_overlap", *dose) for dose in doses]
    estimate = found(course, doses)
    c = np.array([1.0, -1.0])
    gap, truth = float(c @ estimate.value), float((drawn[0] - drawn[1]).mean())
    error = float(np.sqrt(c @ estimate.covariance() @ c + np.var(drawn[0] - drawn[1]) / PEOPLE))
    assert abs(gap - truth) < 3 * error, (gap, truth, error)
    assert error < 0.035
    stayed = (course.level[:, :13] > 0).all(axis=1) & (np.abs(course.hours[:, :13].mean(axis=1) - hours) < 1.5)
    naive = [abstinent(course)[stayed & (course.arm == arm)].mean() for arm in (1, 0)]
    assert abs(naive[0] - naive[1] - truth) > 0.03
