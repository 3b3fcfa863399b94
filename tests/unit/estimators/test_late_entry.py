"""Late entry with weights many powers of ten apart: sums by fractions, and no digit lost to the heaviest."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.regression import glm
from iop_outcomes.estimators.regression.multinomial import fit_multinomial
from iop_outcomes.estimators.survival import cuminc, whole_curve
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen
from iop_outcomes.estimators.survival.dyadic import Intervals
from iop_outcomes.estimators.survival.whole_curve import incidence_curves, survival_curve

N = 24


def followed(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """time, entry, event."""
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(20, N)) + 1
    return time, np.floor(time * rng.random(N) * 0.9), rng.random(N) < 0.7


def by_fractions(time: np.ndarray, entry: np.ndarray, event: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Survival and cumulative hazard at each event time, and the standard error of survival, exactly."""
    w = [Fraction(float(v)) for v in weight]
    survival, hazard = Fraction(1), Fraction(0)
    influence = [Fraction(0)] * len(w)  # of log survival, per unit of weight
    out: dict[str, list[float]] = {"times": [], "survival": [], "hazard": [], "error": []}
    for u in sorted(set(time[event])):
        there = [i for i in range(len(w)) if time[i] >= u and (entry[i] < u or entry[i] == 0)]
        dead = [i for i in there if time[i] == u and event[i]]
        at_risk, gone = sum(w[i] for i in there), sum(w[i] for i in dead)
        survival, hazard = survival * (1 - gone / at_risk), hazard + gone / at_risk
        if gone < at_risk:
            for i in there:
                influence[i] += gone / (at_risk * (at_risk - gone))
            for i in dead:
                influence[i] -= 1 / (at_risk - gone)
        out["times"].append(u)
        out["survival"].append(float(survival))
        out["hazard"].append(float(hazard))
        out["error"].append(float(survival) * float(sum((w[i] * influence[i]) ** 2 for i in range(len(w)))) ** 0.5)
    return {name: np.array(values) for name, values in out.items()}


@pytest.mark.parametrize("power", [0, 4, 8, 12, 16])
def test_one_row_that_outweighs_all_others(power: int) -> None:
    time, entry, event = followed()
    for heavy in range(N):
        weight = 1 + np.random.default_rng(heavy).random(N)
        weight[heavy] = 10.0**power
        exact = by_fractions(time, entry, event, weight)
        some = exact["times"] < np.quantile(time, 0.8)
        at, largest = exact["times"][some], max(exact["error"].max(), 1e-3)
        found = cuminc.survival(time, event, at, weight, entry=entry)
        np.testing.assert_allclose(found.value, exact["survival"][some], atol=1e-13)
        np.testing.assert_allclose(found.standard_error(), exact["error"][some], atol=1e-7 * largest)
        curve = survival_curve(time, event, weight, entry=entry)
        np.testing.assert_allclose(curve.value, exact["survival"], atol=1e-13)
        np.testing.assert_allclose(curve.standard_error[: some.sum()], exact["error"][some], atol=1e-7 * largest)
        hazard = nelson_aalen(time, event, 1, at, weight, entry=entry)
        np.testing.assert_allclose(hazard.value, exact["hazard"][some], rtol=1e-8)


def test_incidence_curves_are_those_of_single_horizons() -> None:
    time, entry, event = followed(3)
    cause = event * (1 + (np.arange(N) % 2))
    weight = 1 + np.random.default_rng(2).random(N)
    weight[::5] = 1e7
    for k, curve in incidence_curves(time, cause, weight, entry=entry).items():
        at = curve.times[(curve.value > 0) & (curve.times < 40)]
        single = cuminc.cumulative_incidence(time, cause, k, at, weight, entry=entry)
        here = np.isin(curve.times, at)
        np.testing.assert_allclose(curve.value[here], single.value, rtol=1e-12)
        np.testing.assert_allclose(curve.standard_error[here], single.standard_error(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("power", "rounding"), [(0, 1e-8), (8, 1e-6), (12, 1e-3)])
def test_cox_solves_its_equation_summed_risk_set_by_risk_set(power: int, rounding: float) -> None:
    time, entry, event = followed(9)
    x = np.random.default_rng(6).normal(size=N)
    for heavy in range(N):
        weight = np.ones(N)
        weight[heavy] = 10.0**power
        found = cox(x[:, None], time, event, ("x",), weight, entry=entry, ties="breslow")
        mass = weight * np.exp(x * found.estimate.value[0])
        score, size = 0.0, 0.0
        for i in np.flatnonzero(event):
            there = (time >= time[i]) & ((entry < time[i]) | (entry == 0))
            moved = weight[i] * (x[i] - (mass * x)[there].sum() / mass[there].sum())
            score, size = score + moved, size + abs(moved)
        assert abs(score) < rounding * size, heavy


def test_weights_that_take_all_digits_are_the_reason_that_is_told() -> None:
    time, entry, event = followed(9)
    x = np.random.default_rng(6).normal(size=(N, 2))
    weight = np.ones(N)
    weight[np.flatnonzero(event)[2]] = 1e16
    with pytest.raises(EstimationError, match="log hazard ratio of x is lost to rounding: weights"):
        cox(x[:, :1], time, event, ("x",), weight, entry=entry)
    heavy = np.where(np.arange(N) < 2, 1e16, 1.0)
    for fitted in (
        lambda: glm.linear(x, x[:, 0] + time, "ab", heavy),
        lambda: glm.logistic(x, event, "ab", heavy),
        lambda: fit_multinomial(x, np.arange(N) % 3, "ab", heavy),
    ):
        with pytest.raises(EstimationError, match="weights lie so many powers of ten apart that the columns"):
            fitted()
    # one heavy person and ten powers are as the others' at the person's place
    assert np.isfinite(glm.linear(x, time, "ab", np.where(np.arange(N) == 1, 1e10, 1.0)).standard_error()).all()


def test_a_curve_that_cannot_be_told_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_curve, "MOST_WRITTEN", 10)
    time, entry, event = followed()
    weight = np.where(np.arange(N) == 5, 1e16, 1.0)
    with pytest.raises(EstimationError, match=r"heaviest takes the digits of the others\. Truncate"):
        survival_curve(time, event, weight, entry=entry)
    assert len(survival_curve(time, event, np.ones(N), entry=entry).value)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 13])
def test_sums_over_intervals_are_those_one_by_one(size: int) -> None:
    rng = np.random.default_rng(size)
    begin = rng.integers(0, size, 50)
    end = begin + rng.integers(0, size + 1, 50).clip(0, size - begin)
    intervals = Intervals(begin, end, size)
    rows_, positions = rng.random((50, 3)), rng.random((size, 2))
    inside = (np.arange(size) >= begin[:, None]) & (np.arange(size) < end[:, None])

    def summed(at: np.ndarray, m: int) -> np.ndarray:
        return np.stack([np.bincount(at, v, m) for v in rows_.T], axis=1)

    np.testing.assert_allclose(intervals.over_rows(summed), inside.T @ rows_, rtol=1e-12)
    np.testing.assert_allclose(intervals.over_positions(positions), inside @ positions, rtol=1e-12)
    np.testing.assert_allclose(intervals.over_positions(positions[:, 0]), inside @ positions[:, 0], rtol=1e-12)


def test_people_at_risk_do_not_lose_the_light_to_the_heavy() -> None:
    weight = np.array([1e16, 1.0, 2.0, 1.0])
    people, effective = cuminc.at_risk([3, 8, 8, 8], [2, 5], weight)
    np.testing.assert_array_equal(people, [4, 3])
    np.testing.assert_allclose(effective, [1.0, 16 / 6])
    people, effective = cuminc.at_risk([9, 8, 8, 8], [2, 5], weight, entry=[4, 0, 0, 0])
    np.testing.assert_array_equal(people, [3, 4])
    np.testing.assert_allclose(effective, [16 / 6, 1.0])
