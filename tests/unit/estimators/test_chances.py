"""Chances of person-weeks: columns as they are asked for, the mode against a general optimiser, scores by person.

Neither the number of rows that are read at a time, nor beginning with some of them, nor their order changes anything.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from iop_outcomes.estimators.causal import chances
from iop_outcomes.estimators.causal.chances import Chance, fit_chance, standardised
from iop_outcomes.estimators.regression import weak_prior
from iop_outcomes.estimators.regression.weak_prior import PRIOR_DEVIATION, mode, posterior_mode

PEOPLE, WEEKS = 150, 12


@pytest.fixture(scope="module")
def weeks() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(PEOPLE), WEEKS)
    table = np.column_stack(
        [rng.normal(size=person.size), 1e6 + np.tile(np.arange(WEEKS), PEOPLE), rng.exponential(size=person.size)]
    )
    happened = rng.random(person.size) < expit(-1 + 0.8 * table[:, 0] + 0.1 * (table[:, 1] - 1e6))
    return {"person": person, "table": table, "happened": happened, "there": rng.random(person.size) < 0.8}


def test_columns_have_mean_zero_and_deviation_one_among_those_asked(weeks: dict[str, np.ndarray]) -> None:
    table, there = weeks["table"], weeks["there"]
    scaled = standardised((table[:, :2], np.column_stack([table[:, 2], np.full(len(table), 1e6)])), there)
    x = scaled.take(there)
    away = table[there] - table[there].mean(axis=0)
    np.testing.assert_allclose(x[:, 1:4], away / away.std(axis=0), atol=1e-9)
    assert (x[:, 0] == 1).all()
    assert (x[:, 4] == 0).all()  # it does not vary
    everywhere = scaled.take(np.ones(len(table), dtype=bool))
    np.testing.assert_array_equal(everywhere[there], x)
    values = np.where(there, table[:, 0], 0.0)
    np.testing.assert_allclose(scaled.sums(values), everywhere.T @ values, rtol=1e-10)


def _fitted(weeks: dict[str, np.ndarray], order: np.ndarray | None = None) -> Chance:
    rows = np.arange(len(weeks["person"])) if order is None else order
    x = standardised((weeks["table"],), np.ones(len(rows), dtype=bool)).take(np.ones(len(rows), dtype=bool))[rows]
    return fit_chance(x, weeks["happened"][rows], weeks["person"][rows], PEOPLE)


def test_the_mode_and_its_scores_are_those_of_a_general_optimiser(weeks: dict[str, np.ndarray]) -> None:
    found = _fitted(weeks)
    away = weeks["table"] - weeks["table"].mean(axis=0)
    x = np.column_stack([np.ones(len(away)), away / away.std(axis=0)])
    precision = np.r_[1e-4, np.full(3, PRIOR_DEVIATION**-2)]

    def down(beta: np.ndarray) -> tuple[float, np.ndarray]:
        at = x @ beta
        value = np.logaddexp(0, at) - weeks["happened"] * at
        return value.sum() + precision @ beta**2 / 2, x.T @ (expit(at) - weeks["happened"]) + precision * beta

    best = minimize(down, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(found.beta, best.x, atol=1e-6)
    residual = (weeks["happened"] - expit(x @ found.beta))[:, None] * x
    score = np.array([residual[weeks["person"] == one].sum(axis=0) for one in range(PEOPLE)])
    np.testing.assert_allclose(found.score, score, atol=1e-8)
    spread = found.chance * (1 - found.chance)
    information = (x * spread[:, None]).T @ x + np.diag(precision)
    np.testing.assert_allclose(found.root @ found.root.T, information, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.influence, score @ np.linalg.inv(information), atol=1e-8)
    done = np.where(weeks["happened"], found.chance, 1 - found.chance)
    np.testing.assert_array_equal(found.of_what_happened(weeks["happened"]), done)


def test_rows_at_a_time_a_beginning_with_some_and_the_order_change_nothing(
    weeks: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _fitted(weeks)
    order = np.random.default_rng(1).permutation(len(weeks["person"]))
    mixed = _fitted(weeks, order)
    monkeypatch.setattr(chances, "AT_ONCE", 37)
    monkeypatch.setattr(weak_prior, "AT_ONCE", 41)
    monkeypatch.setattr(chances, "MANY", 100)
    parts = _fitted(weeks)
    for other, rows in ((mixed, order), (parts, slice(None))):
        np.testing.assert_allclose(other.beta, whole.beta, rtol=1e-9)
        np.testing.assert_allclose(other.chance, whole.chance[rows], rtol=1e-9)
        np.testing.assert_allclose(other.score, whole.score, atol=1e-9)
        np.testing.assert_allclose(other.root, whole.root, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("start", [[8.0, -9.0], [-30.0, 4.0], [0.0, 0.0]])
def test_from_far_away_steps_that_lead_down_are_halved(start: list[float]) -> None:
    """From these points whole steps of Newton's method go ever further away."""
    x = np.column_stack([np.ones(60), np.linspace(-2, 2, 60)])
    outcome = (np.arange(60) % 3 == 0).astype(float)
    beta, root = posterior_mode(x, outcome, start=np.array(start))
    uphill = x.T @ (outcome - expit(x @ beta)) - np.array([1e-4, PRIOR_DEVIATION**-2]) * beta
    assert np.abs(uphill).max() < 1e-9
    assert np.isfinite(root).all()
    np.testing.assert_allclose(mode(x, outcome, np.array(start), 1e-12, first=3), beta, atol=1e-8)
