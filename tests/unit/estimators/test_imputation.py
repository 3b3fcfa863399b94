"""Imputation: simulated truth, what stays as it was, the same for the same seed; pooling by hand; refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.pooling import pool
from iop_outcomes.estimators.regression.glm import linear
from iop_outcomes.estimators.regression.imputation import Incomplete, cumulative_hazard, impute

EFFECT = 1.0


def gaps(seed: int, n: int = 300) -> dict[str, np.ndarray]:
    """An outcome that depends on two covariates, which are missing more often where the outcome is high."""
    rng = np.random.default_rng(seed)
    number, category = rng.normal(size=n), rng.integers(0, 3, n).astype(float)
    number += 0.5 * (category == 2)
    y = EFFECT * number + 0.8 * (category == 1) + rng.normal(size=n)
    known = {"number": number.copy(), "category": category.copy(), "y": y}
    for name in ("number", "category"):
        known[name][rng.random(n) < 1 / (1 + np.exp(1.5 - 1.5 * y))] = np.nan
    return known


def regression(number: np.ndarray, category: np.ndarray, y: np.ndarray):
    return linear(np.column_stack([number, category == 1, category == 2]), y, ("number", "one", "two")).take("number")


def variables(known: dict[str, np.ndarray]) -> list[Incomplete]:
    return [Incomplete("number", known["number"]), Incomplete("category", known["category"], 3)]


def test_complete_cases_are_biased_and_imputation_with_the_outcome_is_not() -> None:
    complete, imputed, covered, errors = [], [], [], []
    for seed in range(80):
        known = gaps(seed)
        seen = ~np.isnan(known["number"]) & ~np.isnan(known["category"])
        complete.append(regression(known["number"][seen], known["category"][seen], known["y"][seen]).value[0])
        done = impute(variables(known), known["y"][:, None], 5, seed, passes=3)
        each = [regression(d["number"], d["category"], known["y"]) for d in done]
        pooled = pool([e.value for e in each], [e.covariance() for e in each], 296)
        low, high = pooled.interval()[0]
        imputed.append(pooled.value[0])
        errors.append(pooled.standard_error()[0])
        covered.append(low <= EFFECT <= high)
    assert np.mean(complete) - EFFECT < -0.1
    # matching draws only values that were seen, which blunts the tails a little
    assert abs(np.mean(imputed) - EFFECT) < 0.05
    # 95 % of 80, give or take three standard errors of two and a half percent
    assert 0.87 < np.mean(covered) <= 1
    assert np.mean(errors) == pytest.approx(np.std(imputed, ddof=1), rel=0.25)


def test_what_was_known_stays_and_the_seed_decides() -> None:
    known = gaps(1)
    first, again, other = (impute(variables(known), known["y"][:, None], 2, seed) for seed in (7, 7, 8))
    for done in first:
        for name in ("number", "category"):
            there = ~np.isnan(known[name])
            np.testing.assert_array_equal(done[name][there], known[name][there])
            assert np.isin(done[name], known[name][there]).all()
    for name in ("number", "category"):
        np.testing.assert_array_equal(first[1][name], again[1][name])
        assert (first[1][name] != other[1][name]).any()
        assert (first[0][name] != first[1][name]).any()
    complete = impute([Incomplete("y", known["y"])], None, 1, 0)[0]["y"]
    np.testing.assert_array_equal(complete, known["y"])


def test_a_category_seen_with_one_value_only_does_not_run_away() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 2, 200).astype(float)
    answer = np.where(group == 1, 1.0, rng.integers(0, 2, 200).astype(float))
    answer[:40] = np.nan
    done = impute([Incomplete("answer", answer, 2)], group[:, None], 20, 5)
    share = np.mean([d["answer"][:40][group[:40] == 1].mean() for d in done])
    assert 0.9 < share <= 1
    lone = np.where(np.arange(200) < 10, np.nan, 1.0)
    assert (impute([Incomplete("lone", lone, 3)], group[:, None], 1, 5)[0]["lone"] == 1).all()


def test_many_people_are_fitted_in_parts_first() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=12_000)
    answer = (rng.random((12_000, 1)) > np.column_stack([1 / (1 + np.exp(x)), 0.5 + 0.5 / (1 + np.exp(x))])).sum(axis=1)
    hidden = rng.random(12_000) < 0.3
    known = np.where(hidden, np.nan, answer)
    done = impute([Incomplete("answer", known, 3)], x[:, None], 3, 5)
    for level in range(3):
        share = np.mean([(d["answer"][hidden] == level).mean() for d in done])
        assert share == pytest.approx((answer[hidden] == level).mean(), abs=0.02)


def test_cumulative_hazard_by_hand() -> None:
    np.testing.assert_allclose(cumulative_hazard([2, 1, 3, 2], [1, 1, 0, 0]), [7 / 12, 1 / 4, 7 / 12, 7 / 12])


def test_pooling_by_hand() -> None:
    pooled = pool([[1.0, 0], [3, 0]], np.array([np.diag([2.0, 1])] * 2), np.inf)
    # Mean 2, within 2, between 2, total 2 + 1.5 x 2; share 0.6, so 1 / 0.36 degrees; nothing missing in the second.
    np.testing.assert_allclose(pooled.value, [2, 0])
    np.testing.assert_allclose(np.diag(pooled.covariance), [5, 1])
    np.testing.assert_allclose(pooled.degrees, [1 / 0.36, np.inf])
    np.testing.assert_allclose(pooled.relative_increase, [1.5, 0])
    assert pooled.fraction_missing[1] == 0
    assert pool([[1.0], [1.0]], np.ones((2, 1, 1)), 50).degrees[0] == pytest.approx(51 / 53 * 50)
    assert pooled.interval()[1, 1] == pytest.approx(1.959964, abs=1e-6)
    assert pooled.p_value()[1] == 1


def test_pooling_without_variance_within_or_between() -> None:
    own = np.array([np.diag([0.04, 0.0])] * 4)
    # the first is the same in every data set: its own variance, and the degrees of freedom of complete data
    same = pool([[0.3], [0.3], [0.3], [0.3]], own[:, :1, :1], 40)
    assert (same.standard_error()[0], same.relative_increase[0]) == (pytest.approx(0.2), 0)
    assert same.degrees[0] == pytest.approx(41 / 43 * 40)
    # the second varies between them only: all of it is due to what is missing, with m - 1 degrees of freedom
    apart = pool([[0.1], [0.2], [0.3], [0.4]], own[:, 1:, 1:])
    assert apart.standard_error()[0] == pytest.approx(np.sqrt(1.25 * np.var([0.1, 0.2, 0.3, 0.4], ddof=1)))
    assert (apart.degrees[0], apart.fraction_missing[0], apart.relative_increase[0]) == (pytest.approx(3), 1, np.inf)
    assert np.isfinite(apart.interval()).all()
    assert 0 < apart.p_value()[0] < 1


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -0.7])
@pytest.mark.parametrize("m", [2, 3, 5, 7])
def test_pooling_refuses_by_name_what_has_no_variance(value: float, m: int) -> None:
    known, none = np.linspace(0.2, 0.4, m), np.full(m, value)
    own = np.array([np.diag([0.04, 0.0])] * m)
    for degrees in (np.inf, 30):
        with pytest.raises(EstimationError, match="The estimates of 'quantity 2' have no variance, neither"):
            pool(np.column_stack([known, none]), own, degrees)
        with pytest.raises(EstimationError, match="The estimates of 'risk' have no variance, neither"):
            pool(np.column_stack([known, none]), own, degrees, ("difference", "risk"))
    with pytest.raises(EstimationError, match="The estimates of 'risk' have no variance within"):
        pool(np.column_stack([known, known]), own, 30, ("difference", "risk"))


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="'age' is missing for everyone"):
        impute([Incomplete("age", np.full(3, np.nan))], None, 1, 0)
    with pytest.raises(EstimationError, match="codes from 0 to 1"):
        impute([Incomplete("sex", np.array([0.0, 2, np.nan]), 2)], None, 1, 0)
    with pytest.raises(EstimationError, match="at least one variable"):
        impute([], None, 1, 0)
    with pytest.raises(EstimationError, match="'age' must have 2 values"):
        impute([Incomplete("sex", np.zeros(2), 2), Incomplete("age", np.zeros(3))], None, 1, 0)
    with pytest.raises(EstimationError, match="at least two completed data sets"):
        pool([[1.0]], [[[1.0]]])
    with pytest.raises(EstimationError, match="no finite estimate"):
        pool([[1.0], [np.nan]], np.ones((2, 1, 1)))


@pytest.mark.parametrize(("shift", "unit"), [(1e8, 1.0), (0.0, 1e8), (0.0, 1e-8)])
def test_numbers_far_from_zero_and_in_other_units_have_the_same_donors(shift: float, unit: float) -> None:
    known = {name: np.round(values, 3) for name, values in gaps(2).items()}
    plain = impute(variables(known), known["y"][:, None], 2, 7)
    moved = {**known, "number": known["number"] * unit + shift}
    for one, other in zip(impute(variables(moved), known["y"][:, None] * unit + shift, 2, 7), plain, strict=True):
        np.testing.assert_allclose((one["number"] - shift) / unit, other["number"], atol=1e-6)
        np.testing.assert_array_equal(one["category"], other["category"])
