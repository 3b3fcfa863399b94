"""Stepping down: what comes of it in the simulator by intervention, and `iop.starting` among those who did or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.simulate.cohort.model import COMPLETED, DIED, OUT, TRANSFERRED, UNPLANNED, Course, Strategy, follow
from iop_outcomes.simulate.cohort.population import Baseline, draw_baseline

pytestmark = pytest.mark.truth

DRAWS, SEED, GRACE = 40_000, 71, 14


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return draw_baseline(DRAWS, None, np.random.default_rng(SEED))


def residents(baseline: Baseline, strategy: Strategy = Strategy()) -> Course:  # noqa: B008 (frozen)
    return follow(baseline, np.random.default_rng(SEED + 1), arm=0, strategy=strategy)


def left(course: Course) -> tuple[np.ndarray, np.ndarray]:
    """(n,) week, from 0, and cause of leaving residential care; it is left by the thirteenth."""
    week = (course.leaving > 0).argmax(axis=1)
    return week, course.leaving[np.arange(len(week)), week]


def abstinent(course: Course) -> np.ndarray:
    return (~course.used[:, 22:26].any(axis=1)).astype(float)


@pytest.fixture(scope="module")
def recorded(baseline: Baseline) -> pd.DataFrame:
    """Everyone who left residential care alive, in their natural course."""
    course = residents(baseline)
    week, cause = left(course)
    at = np.arange(DRAWS)
    began = course.level[at, week + 1] > OUT
    b = baseline
    return pd.DataFrame(
        {
            "cause": cause, "started": np.where(began, 1.0 + course.gap_days[at, week], np.nan),
            "free": abstinent(course), "week": week, "craving": course.craving[at, week],
            "used": course.used[at, week].astype(int), "severity": b.severity, "site": b.site_effect,
            "housing": b.unstable_housing.astype(int), "cooccurring": b.cooccurring.astype(int),
            "opioid": b.opioid.astype(int),
        }
    )[cause != DIED]  # fmt: skip


@pytest.fixture(scope="module")
def truth(baseline: Baseline) -> np.ndarray:
    """Abstinent of those who complete residential care, had all stepped down, and had nobody."""
    found = []
    for onward in (True, False):
        course = residents(baseline, Strategy(steps_down=onward))
        done = left(course)[1] == COMPLETED
        found.append(abstinent(course)[done].mean())
    return np.array(found)


def test_a_strategy_of_stepping_down_decides_that_and_nothing_else(baseline: Baseline) -> None:
    natural, everyone, nobody = (residents(baseline, Strategy(steps_down=s)) for s in (None, True, False))
    completed = (left(natural)[1] == COMPLETED).mean()
    at = np.arange(DRAWS)
    for course, onward in ((everyone, True), (nobody, False)):
        week, cause = left(course)
        done = cause == COMPLETED
        # hours attended are drawn in a row for those in care, so that others' draws move: the same but for chance
        assert abs(done.mean() - completed) < 0.005
        assert ((course.level[at, week + 1] > OUT)[done] == onward).all()
        # transfers go on as they did, and who leaves unplanned is out
        assert ((course.level[at, week + 1] > OUT)[cause == TRANSFERRED]).all()
        assert not (course.level[at, week + 1] > OUT)[cause == UNPLANNED].any()


def test_stepping_down_is_worth_what_the_simulation_says(truth: np.ndarray, recorded: pd.DataFrame) -> None:
    completed = recorded[recorded["cause"] == COMPLETED]
    known = ["week", "craving", "used", "severity", "site", "housing", "cooccurring", "opioid"]
    found = iop.starting(completed, "started", "free", known, within=(7, GRACE, 30)).set_index(["within", "of"])
    own = found.loc[GRACE]
    for name, value in zip(("start", "none"), truth, strict=True):
        assert abs(own.loc[name, "estimate"] - value) < 3 * own.loc[name, "std_error"]
    assert abs(own.loc["difference", "estimate"] - (truth[0] - truth[1])) < 3 * own.loc["difference", "std_error"]
    assert own.loc["difference", "std_error"] < 0.012
    assert truth[0] - truth[1] > 0.05
    # nearly all who start do so within a week, so that the grace period matters little
    gaps = found.xs("difference", level="of")["estimate"]
    assert gaps.max() - gaps.min() < 0.02


def test_all_who_left_compared_as_they_did_are_off(truth: np.ndarray, recorded: pd.DataFrame) -> None:
    """The wrong way: who left unplanned, and so had no step to take, stands among those who did not take it."""
    has = recorded["started"] <= GRACE
    wrong = recorded.loc[has, "free"].mean() - recorded.loc[~has, "free"].mean()
    assert wrong > truth[0] - truth[1] + 0.05
