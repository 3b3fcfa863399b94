"""From records to strategies: doses by the week, read from the simulated records, recover the truths that the demo
shows, of people who started in the program; who happened to stay or leave, and all exits as one, are off.

The outcome is the simulated one, so that nothing hangs on who was interviewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from course_by_week import abstinent

from iop_outcomes.analyses.person_weeks import Weeks, week_left
from iop_outcomes.cohort import doses
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means
from iop_outcomes.simulate.cohort import contacts
from iop_outcomes.simulate.cohort.labels import recorded_levels
from iop_outcomes.simulate.cohort.model import Course, follow, simulate
from iop_outcomes.simulate.cohort.model import Strategy as Intervention
from iop_outcomes.simulate.cohort.program_records import REASONS, enrol, person_rows, stay_rows
from iop_outcomes.simulate.cohort.stays import care_exit, stays_of

pytestmark = pytest.mark.truth

PEOPLE, SEED = 24_000, 7
ASKED = {
    "stay_13_weeks": Strategy.at_least(13),
    "leave_in_week_4": Strategy.exactly(4),
    "leave_by_week_4": Strategy.at_most(4),
}


@pytest.fixture(scope="module")
def truth(project: Path) -> np.ndarray:
    rows = pd.read_csv(project / "data/reference/truth_demo.csv")
    own = rows[(rows["estimand"] == "started") & (rows["outcome"] == "abstinent")].drop_duplicates("of")
    return own.set_index("of")["truth"][list(ASKED)].to_numpy()


@dataclass(frozen=True)
class Placed:
    """Those placed in the program. weeks: up to the twelfth; later: up to the sixteenth, plans telling nothing.
    y: (n,) abstinence in weeks 22 to 25. site: (n,). left: (n,) week of leaving. course: of everyone.
    """

    weeks: Weeks
    later: Weeks
    y: np.ndarray
    site: np.ndarray
    left: np.ndarray
    course: Course


@pytest.fixture(scope="module")
def recorded() -> Placed:
    """Read from their records."""
    rng = np.random.default_rng(SEED)
    course = simulate(PEOPLE, 40, np.random.default_rng(SEED + 1))
    stays, roll = stays_of(course), enrol(course, PEOPLE, rng)
    words = recorded_levels(stays, np.random.default_rng(SEED + 2))
    weeks = contacts.care_weeks(stays, words, roll)
    rows = {
        "persons": person_rows(course, roll, rng), "stays": stay_rows(stays, words, roll, rng),
        "sessions": contacts.session_rows(course, weeks, roll, rng),
        "screens": contacts.screen_rows(course, weeks, roll, rng),
    }  # fmt: skip
    placed = course.arm == 1
    people = pd.DataFrame({
        "person_id": roll.person_id, "record_id": roll.person_id, "site_id": roll.site_id, "entry_period": "2024",
        "index_start_day": 0, "observed_days": roll.observed_to,
    })[placed].reset_index(drop=True)  # fmt: skip
    made = doses.run(people, **rows, weeks=16)["doses"]
    days, cause = care_exit(stays)
    why = np.where(cause == 0, "censored", REASONS[cause])
    stay = pd.DataFrame({"days": days, "cause": why})[placed].reset_index(drop=True)
    b = course.baseline
    known = [b.severity, b.unstable_housing, b.mandated, b.cooccurring, b.opioid]
    fixed = np.column_stack(known)[placed].astype(float)
    weeks, later = (Weeks.of(made, people, stay, *of, fixed) for of in ((12, 14), (16, None)))
    return Placed(weeks, later, abstinent(course)[placed], people["site_id"].to_numpy(), week_left(stay), course)


def test_records_of_each_week_recover_the_truth(recorded, truth) -> None:
    weeks, y = recorded.weeks, recorded.y
    found = strategy_means(y, weeks.person, weeks.week, weeks.ways(), ASKED)
    error = found.estimate.clustered(recorded.site).standard_error()
    assert (np.abs(found.estimate.value - truth) < 3 * error).all(), (found.estimate.value, truth, error)
    assert (error < 0.04).all()
    # where the models of leaving are right, the weights of a strategy stand for everyone
    np.testing.assert_allclose(found.weight.sum(axis=0) / len(y), 1, atol=0.1)


def test_a_late_week_of_leaving_is_recovered_and_rests_on_few(recorded: Placed) -> None:
    """Of those still there in week 16 most can leave by chance alone, and the few who do stand for them: one sample may
    be off by a tenth, which the effective number tells and the error counts.
    """
    weeks, y, late = recorded.later, recorded.y, (8, 16)
    found = strategy_means(y, weeks.person, weeks.week, weeks.ways(), {f"{w}": Strategy.exactly(w) for w in late})
    placed = recorded.course.arm == 1
    truth = [
        abstinent(
            follow(
                recorded.course.baseline, np.random.default_rng(SEED), arm=1, strategy=Intervention(stay_exactly=week)
            )
        )[placed].mean()
        for week in late
    ]
    error = found.estimate.clustered(recorded.site).standard_error()
    assert (np.abs(found.estimate.value - truth) < 3 * error).all(), (found.estimate.value, truth, error)
    np.testing.assert_allclose(found.weight.sum(axis=0) / len(y), 1, atol=0.1)
    assert found.effective[1] < 0.2 * found.people[1]
    assert found.effective[0] > 0.8 * found.people[0]
    assert error[1] > 1.5 * error[0]


def test_who_happened_to_stay_or_leave_is_off(recorded, truth) -> None:
    y, week = recorded.y, recorded.left
    naive = np.array([y[week >= 13].mean(), y[week == 4].mean(), y[week <= 4].mean()])
    assert naive[0] > truth[0] + 0.03
    assert (naive[1:] < truth[1:] - 0.05).all()


def test_all_exits_as_one_are_off(recorded, truth) -> None:
    weeks, y = recorded.weeks, recorded.y
    left = weeks.cause != ""
    pooled = strategy_means(y, weeks.person, weeks.week, [Way(left, weeks.ways()[1].x)], ASKED)
    right = strategy_means(y, weeks.person, weeks.week, weeks.ways(), ASKED)
    # completing goes by the plan and not by use: one model for both finds fewer reasons to have stayed
    away = np.abs(pooled.estimate.value - right.estimate.value)
    assert away.max() > 0.01, (pooled.estimate.value, right.estimate.value)
