"""Means of what came after care, had everyone had a dose: by hand, against statsmodels and every path, its standard
error against new samples, and what changes nothing. Who happened to have the dose is off."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.doses import Course, Dose
from iop_outcomes.estimators.causal.g_formula import dose_means

WEEKS, LEVEL, FADES = 3, 1, 13
DOSES = {"much": Dose.of(LEVEL, 3, 4.0), "little": Dose.of(LEVEL, 3, 1.0), "one week": Dose.of(LEVEL, 1, 4.0)}
GIVEN = {"much": (3, 4.0), "little": (3, 1.0), "one week": (1, 4.0)}


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def drawn(n: int, seed: int, dose: tuple[int, float] | None = None) -> dict[str, np.ndarray]:
    """People of whom those who use come less, and leave sooner; or all with one dose. What is not known is missing."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    used, hours, level = np.full((n, WEEKS), np.nan), np.zeros((n, WEEKS)), np.zeros((n, WEEKS), dtype=int)
    before, last, there, total, weeks = np.ones(n), np.zeros(n), np.ones(n, dtype=bool), np.zeros(n), np.zeros(n)
    for week in range(WEEKS):
        use = rng.random(n) < logistic(-0.5 + 0.8 * risk + 1.2 * before - 0.25 * last)
        come = rng.random(n) < logistic(0.8 - 1.5 * use - 0.6 * risk)
        given = np.where(come, 4.0, 1.0) if dose is None else np.full(n, dose[1])
        used[there, week], hours[there, week], level[there, week] = use[there], given[there], LEVEL
        before, last = np.where(there, use, before), np.where(there, given, last)
        total, weeks = total + there * given, weeks + there
        stays = rng.random(n) < logistic(1.5 - 2.0 * use - 0.8 * risk)
        there = there & (stays if dose is None else week + 1 < dose[0])
    after = rng.random(n) < logistic(-1.0 - 0.7 * risk - 1.0 * before + 0.5 * weeks + 0.1 * total)
    known = rng.random(n) < 0.8
    return {"used": used, "hours": hours, "level": level, "fixed": risk, "after": np.where(known, after, np.nan)}


def means(s: dict[str, np.ndarray], doses: dict[str, Dose] = DOSES, draws: int = 20, seed: int = 0):
    course = Course.of(s["used"], s["level"], s["hours"], s["fixed"])
    return dose_means(course, doses, after=s["after"], draws=draws, seed=seed)


def test_one_week_is_the_share_of_those_who_were_there() -> None:
    course = Course.of(np.zeros((5, 1)), np.ones((5, 1)), np.full((5, 1), 9.0), np.zeros((5, 0)))
    found = dose_means(course, {"nine": Dose.of(LEVEL, 1, 9.0)}, after=[1, 1, 1, 0, np.nan], draws=2)
    assert found.estimate.value[0] == pytest.approx(0.75, abs=1e-3)


def exact(s: dict[str, np.ndarray], weeks: int, hours: float) -> float:
    """The mean by models that statsmodels fits, and every path of use counted with its chance."""
    n, inside = len(s["used"]), s["level"] > 0
    before = np.hstack([np.ones((n, 1)), s["used"][:, :-1]])
    last = np.hstack([np.zeros((n, 1)), s["hours"][:, :-1]])
    so_far = np.hstack([np.zeros((n, 1)), s["hours"].cumsum(axis=1)[:, :-1]])
    week, risk = np.broadcast_to(np.arange(WEEKS), inside.shape), np.repeat(s["fixed"][:, None], WEEKS, axis=1)
    x = np.column_stack([np.ones(inside.sum()), *(c[inside] for c in (before, last, week, so_far, risk))])
    of_use = GLM(s["used"][inside], x, family=Binomial()).fit().params

    def at_end(use, last, weeks, total):
        early = FADES - weeks
        parts = (last, weeks, total, last * early, total * early, s["fixed"] * early, s["fixed"], use, use * early)
        return np.column_stack([np.ones(n), *(np.broadcast_to(part, n) for part in parts)])

    stayed = inside.sum(axis=1)
    end = np.arange(n), stayed - 1
    known = ~np.isnan(s["after"])
    x = at_end(s["used"][end], s["hours"][end], stayed, s["hours"].sum(axis=1))
    after = GLM(s["after"][known], x[known], family=Binomial()).fit().params
    states = {1.0: np.ones(n)}
    for week in range(weeks):
        next_states = {0.0: np.zeros(n), 1.0: np.zeros(n)}
        for use, chance in states.items():
            known_of_week = np.array([1.0, use, hours if week else 0.0, week, hours * week])
            p = logistic(of_use[:5] @ known_of_week + of_use[5] * s["fixed"])
            next_states[1.0] += chance * p
            next_states[0.0] += chance * (1 - p)
        states = next_states
    ends = [chance * logistic(at_end(use, hours, weeks, hours * weeks) @ after) for use, chance in states.items()]
    return float(np.mean(sum(ends)))


def test_it_is_what_statsmodels_and_all_paths_give() -> None:
    s = drawn(4_000, 1)
    found = means(s, draws=60)
    assert found.estimate.value == pytest.approx([exact(s, *given) for given in GIVEN.values()], abs=0.004)


def test_it_finds_what_comes_of_the_dose_and_who_happened_to_have_it_does_not() -> None:
    s = drawn(40_000, 2)
    found = means(s, draws=4)
    truth = np.array([np.nanmean(drawn(200_000, 3, given)["after"]) for given in GIVEN.values()])
    assert (np.abs(found.estimate.value - truth) < 3 * found.estimate.standard_error() + 0.002).all()
    stayed, mean = (s["level"] > 0).sum(axis=1), s["hours"].sum(axis=1) / np.maximum((s["level"] > 0).sum(axis=1), 1)
    naive = np.array([np.nanmean(s["after"][(stayed == weeks) & (mean == hours)]) for weeks, hours in GIVEN.values()])
    assert (np.abs(naive - truth) > 0.05).sum() >= 2


def test_the_standard_error_is_that_of_new_samples() -> None:
    values, errors = [], []
    gap = np.array([1.0, -1.0, 0.0])
    for seed in range(60):
        found = means(drawn(500, 100 + seed), draws=15, seed=seed).estimate
        values.append([*found.value, gap @ found.value])
        errors.append([*found.standard_error(), np.sqrt(gap @ found.covariance() @ gap)])
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0, ddof=1)
    # 60 samples tell a standard deviation to about a tenth
    assert (np.abs(ratio - 1) < 0.3).all(), ratio


def test_order_and_copies_of_people_change_nothing_and_weeks_after_care_do_not_count() -> None:
    s = drawn(800, 4)
    first = means(s, draws=40).estimate
    assert (means(s, draws=40).estimate.value == first.value).all()
    turned = means({k: v[::-1] for k, v in s.items()}, draws=40).estimate
    assert turned.value == pytest.approx(first.value, abs=0.01)
    assert turned.standard_error() == pytest.approx(first.standard_error(), rel=0.05)
    twice = means({k: np.concatenate([v, v]) for k, v in s.items()}, draws=40).estimate
    assert twice.standard_error() == pytest.approx(first.standard_error() / np.sqrt(2), rel=0.05)
    told = s | {"used": np.where(s["level"] > 0, s["used"], 1.0)}
    assert means(told, draws=40).estimate.value == pytest.approx(first.value, abs=1e-12)


def test_indicators_of_sites_are_columns_like_others_but_do_not_fade() -> None:
    s = drawn(900, 5)
    site = (np.arange(900)[:, None] % 3 == [1, 2]).astype(float)
    more = s | {"fixed": np.column_stack([s["fixed"], site])}
    apart = Course.of(s["used"], s["level"], s["hours"], s["fixed"], sites=site)
    found = dose_means(apart, DOSES, after=s["after"], draws=10).estimate
    assert found.value == pytest.approx(means(more, draws=10).estimate.value, abs=0.02)
    assert (found.value != means(s, draws=10).estimate.value).all()


@pytest.mark.parametrize("after", [np.full(50, np.nan), np.full(50, 0.5), np.zeros(49)])
def test_answers_that_are_none_are_refused(after: np.ndarray) -> None:
    with pytest.raises(EstimationError, match="0 or 1 for each person"):
        means(drawn(50, 6) | {"after": after})
    course = Course.of(*(drawn(50, 6)[k] for k in ("used", "level", "hours", "fixed")))
    with pytest.raises(EstimationError, match="what came afterwards"):
        dose_means(course, DOSES, range(3), after=np.zeros(50))
