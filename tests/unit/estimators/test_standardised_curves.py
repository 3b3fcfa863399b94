"""Standardised curves: the estimates of cuminc where nothing is to adjust, leaving one out, truth, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.cox import standardised_curves
from iop_outcomes.estimators.cox.cause_models import CauseModels, fit_cause_models
from iop_outcomes.estimators.cox.standardised_curves import (
    standardised_incidence,
    standardised_restricted_mean,
    standardised_survival,
    standardised_time_lost,
)
from iop_outcomes.estimators.survival.cuminc import cumulative_incidence, restricted_mean, survival, time_lost

NAMES = ("arm", "x")


def data(n: int, seed: int = 4) -> dict[str, np.ndarray]:
    """Two causes; arm depends on x, and both hazards on both."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    arm = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float)
    first, second = 20 * rng.exponential(np.exp(0.5 * arm - 0.7 * x)), 15 * rng.exponential(np.exp(0.4 * x))
    time = np.minimum(np.ceil(np.minimum(first, second)), 30)
    cause = np.where(np.minimum(first, second) > 30, 0, np.where(first < second, 1, 2))
    return {"x": x, "arm": arm, "time": time, "cause": cause}


def settings(models: CauseModels, x: np.ndarray) -> standardised_curves.Settings:
    return {name: (models, np.column_stack([np.full(len(x), a), x])) for name, a in (("one", 1), ("zero", 0))}


def fitted(s: dict[str, np.ndarray], **options: object) -> standardised_curves.Settings:
    columns = np.column_stack([s["arm"], s["x"]])
    return settings(fit_cause_models(columns, s["time"], s["cause"], NAMES, **options), s["x"])


def test_with_nothing_to_adjust_they_are_the_curves_themselves() -> None:
    # Everyone twice, once in either category: coefficients are zero.
    s = data(60)
    time, cause = np.tile(s["time"], 2), np.tile(s["cause"], 2)
    category = np.repeat([0.0, 1.0], 60)[:, None]
    models = fit_cause_models(category, time, cause, ("category",), ties="breslow")
    one = {"all": (models, category)}
    horizons = (5, 10, 20)
    pairs = (
        (standardised_incidence(one, 1, horizons), cumulative_incidence(time, cause, 1, horizons)),
        (standardised_survival(one, horizons), survival(time, cause > 0, horizons)),
        (standardised_time_lost(one, 2, horizons), time_lost(time, cause, 2, horizons)),
        (standardised_restricted_mean(one, horizons), restricted_mean(time, cause > 0, horizons)),
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-10)
        # the influence on the coefficients is of opposite sign in the two categories and cancels in the sum
        together = (ours.influence[:60] + ours.influence[60:]) / 2
        np.testing.assert_allclose(together, theirs.influence[:60], atol=1e-10)


def test_parts_of_the_whole_add_up() -> None:
    s = data(200)
    arms = fitted(s)
    incidence = [standardised_incidence(arms, which, (10, 25)) for which in (1, 2)]
    free = standardised_survival(arms, (10, 25))
    np.testing.assert_allclose(incidence[0].value + incidence[1].value + free.value, 1)
    np.testing.assert_allclose(incidence[0].influence + incidence[1].influence + free.influence, 0, atol=1e-12)
    lost = [standardised_time_lost(arms, which, 25) for which in (1, 2)]
    mean = standardised_restricted_mean(arms, 25)
    np.testing.assert_allclose(lost[0].value + lost[1].value + mean.value, 25)


def test_leaving_one_out() -> None:
    s, n = data(80), 80
    whole = standardised_incidence(fitted(s), 1, (10, 25))
    without = np.array(
        [
            standardised_incidence(fitted({k: np.delete(v, i) for k, v in s.items()}), 1, (10, 25)).value
            for i in range(n)
        ]
    )
    jackknife = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(whole.standard_error(), jackknife, rtol=0.08)
    for j in range(4):
        assert np.corrcoef(whole.influence[:, j], without.mean(axis=0)[j] - without[:, j])[0, 1] > 0.98


def test_blocks_and_equal_people_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    s = data(120)
    s["x"] = np.round(s["x"])
    whole = standardised_incidence(fitted(s), 1, (10, 25))
    monkeypatch.setattr(standardised_curves, "BLOCK_CELLS", 40)
    parts = standardised_incidence(fitted(s), 1, (10, 25))
    np.testing.assert_allclose(parts.value, whole.value, rtol=1e-12)
    np.testing.assert_allclose(parts.influence, whole.influence, atol=1e-12)


def test_truth_is_recovered_with_its_standard_error() -> None:
    everyone = data(400_000, seed=1)
    rng = np.random.default_rng(2)
    chances = []
    for a in (1.0, 0.0):
        first = 20 * rng.exponential(np.exp(0.5 * a - 0.7 * everyone["x"]))
        second = 15 * rng.exponential(np.exp(0.4 * everyone["x"]))
        chances.append(((first <= second) & (np.ceil(first) <= 15)).mean())
    truth = chances[0] - chances[1]
    z = []
    for seed in range(60):
        effect = difference(standardised_incidence(fitted(data(400, 100 + seed)), 1, 15), "one:15", "zero:15")
        z.append((effect.value[0] - truth) / effect.standard_error()[0])
    assert abs(np.mean(z)) < 0.4
    assert 0.8 < np.std(z) < 1.2


def test_refusals() -> None:
    s = data(60)
    arms = fitted(s)
    with pytest.raises(EstimationError, match="No one is followed to 99: follow-up ends at 30"):
        standardised_survival(arms, (10, 99))
    with pytest.raises(EstimationError, match="No events of cause 3 by 10"):
        standardised_incidence(arms, 3, 10)
    with pytest.raises(EstimationError, match="No events of any cause by 0"):
        standardised_survival(arms, 0)
    with pytest.raises(EstimationError, match="not 'linear'"):
        standardised_survival(arms, 10, form="linear")
    with pytest.raises(EstimationError, match="no one with weight among the people"):
        standardised_survival(arms, 10, over=np.zeros(60))
    with pytest.raises(EstimationError, match="not fitted with the same rows"):
        standardised_survival({**arms, "other": fitted(s, weight=np.full(60, 2.0))["one"]}, 10)
    columns = np.column_stack([s["arm"], s["x"]])
    with pytest.raises(EstimationError, match="No one with weight is within"):
        fit_cause_models(columns, s["time"], s["cause"], NAMES, within=np.zeros(60))
    with pytest.raises(EstimationError, match="No events of any cause"):
        fit_cause_models(columns, s["time"], np.zeros(60), NAMES)
    with pytest.raises(EstimationError, match=r"Cause 1: .* cannot tell what flat does"):
        fit_cause_models(np.column_stack([s["x"], np.ones(60)]), s["time"], s["cause"], ("x", "flat"))
