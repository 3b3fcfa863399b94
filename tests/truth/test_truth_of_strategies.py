"""How long to stay: the simulator by intervention against published truths, and the estimator against both.

Published values are of everyone in an arm who stays, or leaves, as a strategy has it (abstinent in the four weeks
before week 26). The estimator sees people as they come and go.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from course_by_week import abstinent, weeks_in_care

from iop_outcomes.estimators.causal import strategies as estimator
from iop_outcomes.simulate.cohort.model import Course, Strategy, follow
from iop_outcomes.simulate.cohort.population import draw_baseline

pytestmark = pytest.mark.truth

DRAWS, SEED = 40_000, 51
FORCED = {
    "stay_at_least_13": Strategy(stay_at_least=13),
    "stay_exactly_4": Strategy(stay_exactly=4),
    "stay_exactly_13_at_9_hours": Strategy(stay_exactly=13, hours=9.0),
}


@pytest.fixture(scope="module")
def published(project: Path) -> pd.Series:
    rows = pd.read_csv(project / "data/reference/truth_published.csv")
    return rows[rows["scenario"] == "base"].set_index("quantity")["value"]


@pytest.mark.parametrize("name", FORCED)
def test_interventions_have_the_published_truths(name: str, published: pd.Series) -> None:
    baseline = draw_baseline(DRAWS, None, np.random.default_rng(SEED))
    for arm, words in ((1, "iop"), (0, "residential")):
        found = abstinent(follow(baseline, np.random.default_rng(SEED), arm=arm, strategy=FORCED[name]))
        truth = published[f"abstinent_week_26_{words}_{name}"]
        assert abs(found.mean() - truth) < 4 * found.std() / np.sqrt(DRAWS), (found.mean(), truth)


@pytest.fixture(scope="module")
def natural() -> Course:
    return follow(draw_baseline(DRAWS, None, np.random.default_rng(SEED)), np.random.default_rng(SEED + 1), arm=1)


def test_a_curve_over_weeks_of_leaving_with_planned_lengths_as_if_by_chance(natural: Course) -> None:
    """Leaving in week 4, 8, 12 and 13, as the simulator has it by intervention: completing is modelled by the week and
    not by the plan, which the program draws by chance; with the plan as well hardly anyone could leave in other weeks.
    """
    s, y = weeks_in_care(natural), abstinent(natural)
    weeks = (4, 8, 12, 13)
    forced = [
        abstinent(
            follow(natural.baseline, np.random.default_rng(SEED + 2), arm=1, strategy=Strategy(stay_exactly=week))
        )
        for week in weeks
    ]
    truth = np.array([one.mean() for one in forced])
    by_week = np.column_stack([s["x"], *(s["week"] == week for week in range(2, 31))])
    drop = estimator.Way(s["left"] & ~s["done"], s["x"])
    asked = {f"week {week}": estimator.Strategy.exactly(week) for week in weeks}
    found, planned = (
        estimator.strategy_means(y, s["person"], s["week"], [drop, done], asked)
        for done in (estimator.Way(s["done"], by_week), estimator.Way(s["done"], s["x"], s["may"]))
    )
    error = found.estimate.standard_error()
    assert (np.abs(found.estimate.value - truth) < 3 * error).all(), (found.estimate.value, truth)
    # the same people, and far fewer of them count where the plan is known
    assert (found.effective[1:] > 1.5 * planned.effective[1:]).all()
    # a regression on the weeks that people happened to stay is steeper than what weeks do
    stayed = np.minimum(np.bincount(s["person"], minlength=len(y)), 13)
    naive = np.polyfit(stayed, y, 1)[0]
    assert naive > (truth[-1] - truth[0]) / (13 - 4) + 0.005


def test_the_estimator_finds_them_among_people_who_come_and_go(natural: Course, published: pd.Series) -> None:
    s, y = weeks_in_care(natural), abstinent(natural)
    ways = [estimator.Way(s["left"] & ~s["done"], s["x"]), estimator.Way(s["done"], s["x"], s["may"])]
    asked = {"stay_at_least_13": estimator.Strategy.at_least(13), "stay_exactly_4": estimator.Strategy.exactly(4)}
    found = estimator.strategy_means(y, s["person"], s["week"], ways, asked)
    error = found.estimate.standard_error()
    truth = published[[f"abstinent_week_26_iop_{name}" for name in asked]].to_numpy()
    assert (np.abs(found.estimate.value - truth) < 3 * error).all(), (found.estimate.value, truth)
    assert (error < [0.01, 0.02]).all()
    stayed = np.bincount(s["person"], minlength=len(y))
    # who happened to stay, and who happened to leave then
    assert y[stayed >= 13].mean() > truth[0] + 0.05
    assert y[stayed == 4].mean() < truth[1] - 0.05
    pooled = estimator.strategy_means(y, s["person"], s["week"], [estimator.Way(s["left"], s["x"])], asked)
    off = np.abs(pooled.estimate.value - truth) / pooled.estimate.standard_error()
    assert off.max() > 2.5
