"""Hours a week, and the setting at the same hours: the simulator by intervention, and the estimator among people as
they come and go.

Published values are of everyone in the intensive outpatient program for 13 weeks at so many hours (abstinent in the
four weeks before week 26). Where hours of both settings overlap, the setting at equal dose is found; in the base they
hardly do, and that is told.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.estimators.causal import g_formula, week_models
from iop_outcomes.estimators.causal.doses import Course as Recorded
from iop_outcomes.estimators.causal.doses import Dose
from iop_outcomes.estimators.causal.g_formula import Doses, dose_means
from iop_outcomes.estimators.causal.week_models import Columns
from iop_outcomes.simulate.cohort.model import IOP, RESIDENCE, Course, Strategy, follow
from iop_outcomes.simulate.cohort.population import draw_baseline

pytestmark = pytest.mark.truth

PEOPLE, SEED, LAST, STAY = 10_000, 71, 26, 13
FREE = range(22, 26)


def abstinent(course: Course) -> np.ndarray:
    return (~course.used[:, 22:26].any(axis=1)).astype(float)


def natural(scenario: str, people: int = PEOPLE) -> Course:
    return follow(
        draw_baseline(people, None, np.random.default_rng(SEED), scenario), np.random.default_rng(3), scenario
    )


def asked(course: Course, doses: dict[str, Dose], with_craving: bool = True) -> Doses:
    b = course.baseline
    fixed = np.column_stack([b.severity, b.cooccurring, b.unstable_housing, b.opioid, b.mandated, b.site_effect])
    craving = course.craving[:, :LAST] if with_craving else None
    level, hours = course.level[:, :LAST], course.hours[:, :LAST]
    return dose_means(Recorded.of(course.used[:, :LAST], level, hours, fixed, craving), doses, FREE, draws=2)


def told_at_week_26(course: Course, doses: dict[str, Dose]) -> Doses:
    """The same from what programs know: use in weeks in care alone, and abstinence at week 26."""
    b, level = course.baseline, course.level[:, :LAST]
    fixed = np.column_stack([b.severity, b.cooccurring, b.unstable_housing, b.opioid, b.mandated, b.site_effect])
    used = np.where(level > 0, course.used[:, :LAST], np.nan)
    craving = np.where(level > 0, course.craving[:, :LAST], np.nan)
    recorded = Recorded.of(used, level, course.hours[:, :LAST], fixed, craving)
    return dose_means(recorded, doses, after=abstinent(course), draws=2)


def by_plan(course: Course) -> np.ndarray:
    """The level of each week of everyone in the residential arm who stays: as planned, and the program after it."""
    return np.where(np.arange(STAY) < course.baseline.residence_weeks[:, None], RESIDENCE, IOP)


def stayed_at(course: Course, arm: int, hours: float) -> np.ndarray:
    """Who happened to stay, at about so many hours."""
    inside = course.level[:, :STAY] > 0
    near = np.abs(course.hours[:, :STAY].mean(axis=1) - hours) < 1.5
    return (course.arm == arm) & inside.all(axis=1) & near


def test_hours_of_those_who_come_and_go_have_the_published_truths(project: Path) -> None:
    rows = pd.read_csv(project / "data/reference/truth_published.csv").query("scenario == 'base'")
    published = rows.set_index("quantity")["value"]
    course, hours = natural("base"), (9, 12)
    doses = {f"{h} hours": Dose.of(IOP, STAY, h) for h in hours}
    found = asked(course, {**doses, "20 hours": Dose.of(IOP, STAY, 20), "residential": Dose(by_plan(course), 9)})
    truth = published[[f"abstinent_week_26_iop_stay_exactly_13_at_{h}_hours" for h in hours]].to_numpy()
    error = found.estimate.standard_error()[:2]
    assert (np.abs(found.estimate.value[:2] - truth) < 3 * error).all(), (found.estimate.value, truth, error)
    assert (error < 0.016).all()
    # beyond what anyone attended: 20 hours in the program, 9 in residence
    assert found.near[:2].min() > 0.05 * PEOPLE
    assert found.near[2:].max() < 0.01 * PEOPLE
    for h, true in zip(hours, truth, strict=True):
        assert abstinent(course)[stayed_at(course, 1, h)].mean() > true + 0.05


def test_hours_are_found_where_use_is_known_in_care_alone(project: Path) -> None:
    rows = pd.read_csv(project / "data/reference/truth_published.csv").query("scenario == 'base'")
    published = rows.set_index("quantity")["value"]
    course, hours = natural("base"), (9, 12, 15)
    found = told_at_week_26(course, {f"{h} hours": Dose.of(IOP, STAY, h) for h in hours}).estimate
    truth = published[[f"abstinent_week_26_iop_stay_exactly_13_at_{h}_hours" for h in hours]].to_numpy()
    error = found.standard_error()
    assert (np.abs(found.value - truth) < 3 * error).all(), (found.value, truth, error)
    assert (error < 0.025).all()
    # who happened to stay 13 weeks at 9 hours
    assert abstinent(course)[stayed_at(course, 1, 9)].mean() > truth[0] + 3 * error[0]


def test_with_one_slope_for_all_later_weeks_hours_seem_to_do_less(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is in care in the weeks of the outcome all but has it already: the model of what comes after care must know
    how late care ended, or the hours of those who leave in week 13 do too little.
    """
    rows = pd.read_csv(project / "data/reference/truth_published.csv").query("scenario == 'base'")
    truth = rows.set_index("quantity")["value"]["abstinent_week_26_iop_stay_exactly_13_at_12_hours"]
    course, doses = natural("base", 40_000), {"12 hours": Dose.of(IOP, STAY, 12)}
    found = told_at_week_26(course, doses).estimate
    assert abs(found.value[0] - truth) < 3 * found.standard_error()[0]
    assert found.standard_error()[0] < 0.012
    ended = week_models.ended

    def early_alone(levels, course, so_far, level, used, craving) -> Columns:
        whole, q = ended(levels, course, so_far, level, used, craving), course.fixed.shape[1]
        return Columns(whole.known[:, :-2], np.delete(whole.fixed, np.s_[q : 2 * q], axis=1), whole.states[:4])

    for module in (week_models, g_formula):
        monkeypatch.setattr(module, "ended", early_alone)
    assert told_at_week_26(course, doses).estimate.value[0] < truth - 0.01


def test_the_setting_at_equal_dose_is_found_by_what_is_known_at_week_26() -> None:
    course, hours = natural("wide_overlap"), 12.0
    found = told_at_week_26(
        course, {"program": Dose.of(IOP, STAY, hours), "residential": Dose.of(RESIDENCE, STAY, hours)}
    ).estimate
    by_arm = Strategy(stay_exactly=13, hours=hours)
    program = abstinent(follow(course.baseline, np.random.default_rng(5), "wide_overlap", 1, by_arm))
    # 13 weeks in residence, whatever the plan was
    longer = replace(course.baseline, residence_weeks=np.full(PEOPLE, STAY))
    residential = abstinent(follow(longer, np.random.default_rng(5), "wide_overlap", 0, by_arm))
    gap, truth = float(found.value[0] - found.value[1]), float((program - residential).mean())
    c = np.array([1.0, -1.0])
    error = float(np.sqrt(c @ found.covariance() @ c + np.var(program - residential) / PEOPLE))
    assert abs(gap - truth) < 3 * error, (gap, truth, error)
    assert error < 0.03


def test_the_setting_at_equal_dose_is_found_where_hours_overlap() -> None:
    course, hours = natural("wide_overlap"), 12.0
    doses = {"program": Dose.of(IOP, STAY, hours), "residential": Dose(by_plan(course), hours)}
    found = asked(course, doses)
    forced = [
        abstinent(
            follow(
                course.baseline, np.random.default_rng(5), "wide_overlap", arm, Strategy(stay_exactly=13, hours=hours)
            )
        )
        for arm in (1, 0)
    ]
    truth = float((forced[0] - forced[1]).mean())
    gap = found.estimate.value[0] - found.estimate.value[1]
    c = np.array([1.0, -1.0])
    error = float(np.sqrt(c @ found.estimate.covariance() @ c + np.var(forced[0] - forced[1]) / PEOPLE))
    assert abs(gap - truth) < 3 * error, (gap, truth, error)
    assert error < 0.013
    assert found.near.min() > 0.02 * PEOPLE
    naive = [abstinent(course)[stayed_at(course, arm, hours)].mean() for arm in (1, 0)]
    assert abs(naive[0] - naive[1] - truth) > 0.03
