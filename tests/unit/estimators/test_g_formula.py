"""Means had everyone had a dose: by hand, against another implementation, its standard error against new samples, and
what no order of people may change. Who happened to have the dose is off."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.doses import Course, Dose
from iop_outcomes.estimators.causal.g_formula import dose_means

WEEKS, LEVEL = 3, 1
LAST = range(2, 3)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def drawn(n: int, seed: int, hours: float | None = None) -> dict[str, np.ndarray]:
    """Three weeks of people of whom those who use come less, which makes them use more; or all with the same hours."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    used, given = np.zeros((n, WEEKS)), np.zeros((n, WEEKS))
    before, last = np.ones(n), np.zeros(n)
    for week in range(WEEKS):
        used[:, week] = before = rng.random(n) < logistic(-0.5 + 0.8 * risk + 1.2 * before - 0.25 * last)
        come = rng.random(n) < logistic(0.8 - 1.5 * before - 0.6 * risk)
        given[:, week] = last = np.where(come, 4.0, 1.0) if hours is None else np.full(n, hours)
    return {"used": used, "hours": given, "level": np.full((n, WEEKS), LEVEL), "fixed": risk}


def course(s: dict[str, np.ndarray]) -> Course:
    return Course.of(s["used"], s["level"], s["hours"], s["fixed"])


DOSES = {"much": Dose.of(LEVEL, WEEKS, 4.0), "little": Dose.of(LEVEL, WEEKS, 1.0)}


def test_one_week_is_the_share_of_those_who_were_there() -> None:
    used = np.array([[0.0], [1.0], [0.0], [0.0], [np.nan]])
    found = dose_means(
        Course.of(used, np.ones((5, 1)), np.full((5, 1), 9.0), np.zeros((5, 0))),
        {"nine": Dose.of(LEVEL, 1, 9.0)}, range(1), draws=20_000,
    )  # fmt: skip
    assert abs(found.estimate.value[0] - 0.75) < 0.005
    assert found.near.tolist() == [5]


def exact(s: dict[str, np.ndarray], hours: float) -> float:
    """The mean by a model fitted by statsmodels, and every path of use counted with its chance."""
    n = len(s["used"])
    before = np.hstack([np.ones((n, 1)), s["used"][:, :-1]]).ravel()
    last = np.hstack([np.zeros((n, 1)), s["hours"][:, :-1]])
    total = np.hstack([np.zeros((n, 1)), s["hours"].cumsum(axis=1)[:, :-1]])
    week = np.tile(np.arange(WEEKS), n)
    x = np.column_stack([np.ones(n * WEEKS), before, last.ravel(), week, total.ravel(), np.repeat(s["fixed"], WEEKS)])
    beta = GLM(s["used"].ravel(), x, family=Binomial()).fit().params
    states = {1.0: np.ones(n)}  # chance of having used last week, and of not
    for week in range(WEEKS):
        after = {0.0: np.zeros(n), 1.0: np.zeros(n)}
        for use, chance in states.items():
            dose = hours if week else 0.0
            p = logistic(beta @ np.array([1.0, use, dose, week, hours * week, 0.0]) + beta[5] * s["fixed"])
            after[1.0] += chance * p
            after[0.0] += chance * (1 - p)
        states = after
    return float(states[0.0].mean())


def test_it_is_what_statsmodels_and_all_paths_give() -> None:
    s = drawn(3_000, 1)
    found = dose_means(course(s), DOSES, LAST, draws=60)
    assert found.estimate.value == pytest.approx([exact(s, 4.0), exact(s, 1.0)], abs=0.004)


def test_it_finds_what_comes_of_the_dose_and_who_happened_to_have_it_does_not() -> None:
    s = drawn(40_000, 2)
    found = dose_means(course(s), DOSES, LAST, draws=4)
    truth = [1 - drawn(200_000, 3, hours)["used"][:, 2].mean() for hours in (4.0, 1.0)]
    error = found.estimate.standard_error()
    assert (np.abs(found.estimate.value - truth) < 3 * error + 0.002).all()
    free = s["used"][:, 2] == 0
    naive = [free[(s["hours"][:, :2] == hours).all(axis=1)].mean() for hours in (4.0, 1.0)]
    assert naive[0] > truth[0] + 0.05
    assert naive[1] < truth[1] - 0.05


def test_the_standard_error_is_that_of_new_samples() -> None:
    values, errors = [], []
    for seed in range(60):
        found = dose_means(course(drawn(400, 100 + seed)), DOSES, LAST, draws=15, seed=seed).estimate
        values.append([*found.value, found.value[0] - found.value[1]])
        gap = np.array([1.0, -1.0])
        errors.append([*found.standard_error(), np.sqrt(gap @ found.covariance() @ gap)])
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0, ddof=1)
    # 60 samples tell a standard deviation to about a tenth
    assert (np.abs(ratio - 1) < 0.3).all()


def test_craving_is_followed_with_use() -> None:
    """Craving that stands between use and use: with it, and without, the same mean, and a right one."""
    rng = np.random.default_rng(7)
    n, s = 6_000, drawn(6_000, 6)
    craving = rng.normal(size=(n, WEEKS)) + 0.5 * np.hstack([np.ones((n, 1)), s["used"][:, :-1]])
    told = Course.of(s["used"], s["level"], s["hours"], s["fixed"], craving)
    found, without = (dose_means(c, DOSES, LAST, draws=20).estimate for c in (told, course(s)))
    assert found.value == pytest.approx(without.value, abs=0.012)
    assert found.standard_error() == pytest.approx(without.standard_error(), rel=0.15)


def test_the_order_of_people_changes_nothing_that_is_modelled_and_the_same_seed_gives_the_same() -> None:
    s = drawn(800, 4)
    first, again = (dose_means(course(s), DOSES, LAST, draws=40) for _ in range(2))
    assert (first.estimate.value == again.estimate.value).all()
    turned = dose_means(course({k: v[::-1] for k, v in s.items()}), DOSES, LAST, draws=40)
    assert turned.estimate.value == pytest.approx(first.estimate.value, abs=0.01)
    assert turned.estimate.standard_error() == pytest.approx(first.estimate.standard_error(), rel=0.05)
    twice = dose_means(course({k: np.concatenate([v, v]) for k, v in s.items()}), DOSES, LAST, draws=40)
    assert twice.estimate.standard_error() == pytest.approx(first.estimate.standard_error() / np.sqrt(2), rel=0.05)


def test_weeks_out_of_care_have_no_hours_and_levels_differ_by_person() -> None:
    s = drawn(500, 5)
    half = np.where(np.arange(500)[:, None] % 2, LEVEL, 0) * np.ones(WEEKS, dtype=int)
    asked = {"all": Dose.of(LEVEL, WEEKS, 4.0), "half": Dose(half, 4.0), "out": Dose.of(0, WEEKS, 4.0)}
    s["level"][::3] = 0
    s["hours"][::3] = 0.0
    found = dose_means(course(s), asked, LAST, draws=40)
    inside, mixed, out = found.estimate.value
    assert inside > mixed + 0.02
    assert mixed > out + 0.02
    assert found.near[0] == found.near[1] > found.near[2] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"used": np.full((4, 3), 0.5)}, "0 or 1"),
        ({"used": np.full((4, 3), np.nan)}, "known of some"),
        ({"hours": np.full((4, 2), 1.0)}, "one row for each person"),
        ({"hours": np.full((4, 3), np.nan)}, "known of every week"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, np.ndarray], said: str) -> None:
    given = {"used": np.zeros((4, 3)), "level": np.ones((4, 3)), "hours": np.ones((4, 3)), "fixed": np.zeros((4, 0))}
    with pytest.raises(EstimationError, match=said):
        Course.of(**(given | change))


def test_a_level_at_which_nobody_was_is_refused() -> None:
    with pytest.raises(EstimationError, match="ever at level 2"):
        dose_means(course(drawn(50, 8)), {"else": Dose.of(2, 3, 9.0)}, LAST)
    with pytest.raises(EstimationError, match="weeks from 0 to 2"):
        dose_means(course(drawn(50, 8)), DOSES, range(2, 5))
