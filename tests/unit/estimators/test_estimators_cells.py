"""Cells: the estimate and the covariance of the people, however they are weighted, grouped and scored."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import cells as module
from iop_outcomes.estimators.base.cells import cell_numbers, collapse
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weight_slope, weights
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray
from iop_outcomes.estimators.regression.glm import logistic
from iop_outcomes.estimators.survival.cuminc import by_arm, cumulative_incidence

N = 900
NAMES = ("a", "b", "c")


def people() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(6)
    x = rng.integers(0, 2, (N, 3)).astype(float)
    arm = (rng.random(N) < 1 / (1 + np.exp(0.5 - x @ [1, -1, 0.5]))).astype(int)
    frequency = rng.integers(1, 4, N).astype(float)
    return {
        "x": x, "arm": arm, "time": 1.0 + rng.integers(0, 12, N), "cause": rng.integers(0, 3, N),
        "frequency": frequency, "site": rng.integers(0, 15, N),
    }  # fmt: skip


def risks(arm: np.ndarray, time: np.ndarray, cause: np.ndarray, weight: np.ndarray, frequency: np.ndarray) -> Estimate:
    return by_arm(
        cumulative_incidence, arm, (1, 0), time=time, cause=cause, which=1, times=[3, 9], weight=weight,
        frequency=frequency,
    )  # fmt: skip


@pytest.mark.parametrize("scored", [False, True])
@pytest.mark.parametrize("by_site", [False, True])
def test_cells_infer_what_people_do(scored: bool, by_site: bool) -> None:
    s = people()
    score = fit_propensity(s["x"], s["arm"], s["frequency"], ("a", "b", "c"))
    weight = weights("overlap", s["arm"], score.score, s["frequency"])
    slope = weight_slope("overlap", s["arm"], score.score, s["frequency"])
    estimate = risks(s["arm"], s["time"], s["cause"], weight, s["frequency"])
    if scored:
        estimate = stack(estimate, slope, score.nuisance)
    if by_site:
        estimate = estimate.clustered(s["site"])
    cells = collapse(
        (s["arm"], s["time"], s["cause"]), weight, s["frequency"], s["site"] if by_site else None,
        *((slope, score.nuisance) if scored else ()),
    )  # fmt: skip
    assert len(cells.weight) <= 2 * 12 * 3
    assert cells.saved > 10
    arm, time, cause = cells.columns
    ours = cells.infer(risks(arm, time, cause, cells.weight, cells.frequency))
    np.testing.assert_allclose(ours.value, estimate.value, rtol=1e-12)
    np.testing.assert_allclose(ours.covariance(), estimate.covariance(), rtol=1e-9, atol=1e-16)
    gap = difference(ours, "1:9", "0:9")
    assert gap.p_value()[0] == pytest.approx(difference(estimate, "1:9", "0:9").p_value()[0], rel=1e-8)
    assert gap.critical(0.95) == pytest.approx(estimate.critical(0.95))


@pytest.mark.parametrize("model", ["logistic", "efron", "breslow", "fine_gray"])
def test_models_of_collapsed_rows_are_those_of_the_people(model: str) -> None:
    """Three coarse covariates: a row of a cell stands for its people, unequal weights included."""
    s = people()
    weight = np.random.default_rng(1).uniform(0.5, 2, N)

    def fit(x: np.ndarray, time: np.ndarray, cause: np.ndarray, weight: np.ndarray, frequency: np.ndarray) -> Estimate:
        if model == "logistic":
            return logistic(x, cause == 1, NAMES, weight, frequency)
        if model == "fine_gray":
            return fine_gray(x, time, cause, 1, NAMES, weight, frequency).estimate
        return cox(x, time, cause == 1, NAMES, weight, frequency, ties=model).estimate

    cells = collapse((*s["x"].T, s["time"], s["cause"]), weight, s["frequency"])
    assert cells.saved > 3
    *covariates, time, cause = cells.columns
    ours = cells.infer(fit(np.column_stack(covariates), time, cause, cells.weight, cells.frequency))
    theirs = fit(s["x"], s["time"], s["cause"], weight, s["frequency"])
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-9)
    np.testing.assert_allclose(ours.covariance(), theirs.covariance(), rtol=1e-8)


def test_cells_of_any_values_are_in_their_order() -> None:
    index, first = cell_numbers([np.array(["b", "a", "b", "a"]), np.array([0.5, 2e9, 0.5, 1.0])])
    np.testing.assert_array_equal(index, [2, 1, 2, 0])
    np.testing.assert_array_equal(first, [3, 1, 0])


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    s = people()
    cells = collapse((s["arm"],))
    with pytest.raises(EstimationError, match="not made from these cells"):
        cells.infer(risks(s["arm"], s["time"], s["cause"], np.ones(N), np.ones(N)))
    with pytest.raises(EstimationError, match="at least two clusters"):
        collapse((s["arm"],), cluster=np.ones(N))
    monkeypatch.setattr(module, "LARGEST", 10)
    score = fit_propensity(s["x"], s["arm"], names=NAMES)
    slope = weight_slope("overlap", s["arm"], score.score)
    with pytest.raises(EstimationError, match="12 cells, more than 10, whose totals vary together"):
        collapse((s["time"],), slope=slope, nuisance=score.nuisance)
    assert len(collapse((s["time"],)).weight) == 12
