"""What must hold for every estimator that returns an Estimate, whatever it estimates.

One table of estimators, one small sample with ties, competing causes, delayed entry, unequal weights and
frequencies, and properties that no formula of ours enters: finite differences, repeated rows, shuffled rows,
scaled weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from every_estimator import ARM_COLUMNS, ESTIMATORS, NAMES, STACKED, Sample, common, sample, with_arm
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.survival import cuminc

every = pytest.mark.parametrize("name", ESTIMATORS)


@every
def test_gradient_is_the_derivative_by_the_weight_of_a_row(name: str) -> None:
    estimator, s, step = ESTIMATORS[name], sample(), 1e-6
    gradient = estimator(s).gradient
    assert np.abs(gradient).max() > 1e-4
    for i in range(0, len(s["time"]), 4):
        up, down = s["weight"].copy(), s["weight"].copy()
        up[i] += step
        down[i] -= step
        change = estimator({**s, "weight": up}).value - estimator({**s, "weight": down}).value
        expected = change / (2 * step) / s["frequency"][i]
        np.testing.assert_allclose(gradient[i], expected, rtol=1e-5, atol=2e-8)


@every
def test_influence_is_weight_times_gradient_and_adds_to_nothing(name: str) -> None:
    s = sample()
    estimate = ESTIMATORS[name](s)
    assert estimate.weight is not None
    np.testing.assert_allclose(estimate.influence, s["weight"][:, None] * estimate.gradient, rtol=1e-13)
    # Multiplying all weights by a constant changes no estimate, so by Euler's theorem influences add to zero.
    np.testing.assert_allclose(s["frequency"] @ estimate.influence, 0, atol=1e-9)


@every
def test_a_row_of_frequency_f_is_f_rows(name: str) -> None:
    s = sample()
    copies = s["frequency"].astype(int)
    expanded = {key: np.repeat(values, copies, axis=0) for key, values in s.items()}
    expanded["frequency"] = np.ones(copies.sum())
    short, long = ESTIMATORS[name](s), ESTIMATORS[name](expanded)
    np.testing.assert_allclose(short.value, long.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(short.covariance(), long.covariance(), rtol=1e-9, atol=1e-12)


@every
def test_row_order_changes_nothing(name: str) -> None:
    s = sample()
    order = np.random.default_rng(1).permutation(len(s["time"]))
    straight = ESTIMATORS[name](s)
    shuffled = ESTIMATORS[name]({key: values[order] for key, values in s.items()})
    np.testing.assert_allclose(shuffled.value, straight.value, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(shuffled.influence, straight.influence[order], rtol=1e-8, atol=1e-11)


@every
def test_doubling_all_weights_changes_nothing(name: str) -> None:
    s = sample()
    once, twice = ESTIMATORS[name](s), ESTIMATORS[name]({**s, "weight": 2 * s["weight"]})
    np.testing.assert_allclose(twice.value, once.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(twice.standard_error(), once.standard_error(), rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if "efron" not in name])
def test_doubling_all_people_halves_the_variance(name: str) -> None:
    # Not with Efron ties, where twice the people are twice as many ties.
    s = sample()
    once, twice = ESTIMATORS[name](s), ESTIMATORS[name]({**s, "frequency": 2 * s["frequency"]})
    np.testing.assert_allclose(twice.value, once.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(twice.covariance(), once.covariance() / 2, rtol=1e-8, atol=1e-12)


@every
@pytest.mark.parametrize("absent", ["weight", "frequency"])
def test_rows_that_do_not_count_change_nothing(name: str, absent: str) -> None:
    s, more = sample(), sample(seed=5)
    together = {key: np.concatenate([s[key], more[key]]) for key in s}
    together[absent][len(s["time"]) :] = 0
    alone, padded = ESTIMATORS[name](s), ESTIMATORS[name](together)
    np.testing.assert_allclose(padded.value, alone.value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(padded.covariance(), alone.covariance(), rtol=1e-8, atol=1e-12)


def test_frequency_is_not_a_weight() -> None:
    # Two people of weight 1 say more than one person of weight 2, so the standard errors must differ.
    s = sample()
    for name, estimator in ESTIMATORS.items():
        people = estimator({**s, "weight": np.ones(48), "frequency": np.full(48, 2.0)})
        weights = estimator({**s, "weight": np.full(48, 2.0), "frequency": np.ones(48)})
        ratio = weights.standard_error() / people.standard_error()
        assert (ratio > 1.2).all(), name


def test_aipw_gradient_holds_the_models_and_frequency_counts_people() -> None:
    s, step = sample(), 1e-6
    score = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
    model = effects.fit_outcome("logistic", with_arm(s), s["y"], ARM_COLUMNS, observed=s["observed"], **common(s))

    def estimate(weight: np.ndarray) -> Estimate:
        held = replace(model, rows=rows(48, weight, s["frequency"]))
        return effects.aipw(held, s["arm"], with_arm(s, 1), with_arm(s, 0), score, observed_score=np.full(48, 0.75))

    gradient = estimate(s["weight"]).gradient
    for i in range(0, 48, 4):
        e = np.zeros(48)
        e[i] = step
        change = estimate(s["weight"] + e).value - estimate(s["weight"] - e).value
        np.testing.assert_allclose(gradient[i], change / (2 * step) / s["frequency"][i], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("stacked", [False, True])
def test_aipw_rows_of_frequency_f_are_f_rows(stacked: bool) -> None:
    s = sample()
    copies = s["frequency"].astype(int)
    expanded = {key: np.repeat(values, copies, axis=0) for key, values in s.items()}
    expanded["frequency"] = np.ones(copies.sum())

    def estimate(s: Sample) -> Estimate:
        score = fit_propensity(s["x"], s["arm"], s["frequency"], NAMES)
        model = effects.fit_outcome("linear", with_arm(s), s["cost"], ARM_COLUMNS, observed=s["observed"], **common(s))
        return effects.aipw(model, s["arm"], with_arm(s, 1), with_arm(s, 0), score, stacked=stacked)

    short, long = estimate(s), estimate(expanded)
    np.testing.assert_allclose(short.value, long.value, rtol=1e-9)
    np.testing.assert_allclose(short.covariance(), long.covariance(), rtol=1e-9)


@pytest.mark.parametrize("name", STACKED)
def test_stacked_influence_is_that_of_one_more_person_on_the_whole_procedure(name: str) -> None:
    """A million people a row, one of them more or less, and everything refitted, the score among it."""
    s, many = sample(), 1e6
    s["frequency"] = np.full(48, many)
    influence = STACKED[name](s).influence
    for i in range(0, 48, 5):
        more, less = s["frequency"].copy(), s["frequency"].copy()
        more[i] += 1000
        less[i] -= 1000
        change = STACKED[name]({**s, "frequency": more}).value - STACKED[name]({**s, "frequency": less}).value
        np.testing.assert_allclose(influence[i], change / 2000, rtol=1e-5, atol=1e-14)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 3), st.floats(0.1, 5), st.integers(1, 3)),
        min_size=4,
        max_size=30,
    )
)
def test_causes_and_survival_share_out_one(people: list[tuple[int, int, float, int]]) -> None:
    """Over all causes, incidence and survival add to 1, time lost and restricted mean to tau, and so do
    influences.
    """
    time, cause, weight, frequency = (np.array(v, dtype=float) for v in zip(*people, strict=True))
    tau = 5.0
    time = np.append(time, 9.0)  # someone is followed to the end
    cause, weight, frequency = np.append(cause, 0), np.append(weight, 1.0), np.append(frequency, 1)
    seen = [k for k in (1, 2, 3) if ((cause == k) & (time <= tau)).any()]
    if not seen:
        return
    both = {"weight": weight, "frequency": frequency}
    incidence = [cuminc.cumulative_incidence(time, cause, k, tau, **both) for k in seen]
    lost = [cuminc.time_lost(time, cause, k, tau, **both) for k in seen]
    free = cuminc.survival(time, cause > 0, tau, **both)
    mean = cuminc.restricted_mean(time, cause > 0, tau, **both)
    np.testing.assert_allclose(sum(e.value for e in incidence) + free.value, 1, rtol=1e-12)
    np.testing.assert_allclose(sum(e.value for e in lost) + mean.value, tau, rtol=1e-12)
    np.testing.assert_allclose(sum(e.influence for e in incidence) + free.influence, 0, atol=1e-12)
    np.testing.assert_allclose(sum(e.influence for e in lost) + mean.influence, 0, atol=1e-11)
