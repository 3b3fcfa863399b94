"""Separation is decided as a linear programme over all rows decides it, on designs that look like it and are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import linprog

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import TILTS, weights
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories
from iop_outcomes.estimators.regression import separation
from iop_outcomes.estimators.regression.gee import gee
from iop_outcomes.estimators.regression.glm import fit, logistic
from iop_outcomes.estimators.regression.multinomial import fit_multinomial

SKEWED = (np.array([0, 1, 2, 3, 4, 5, 6, 1000.0]), np.array([0, 0, 0, 1, 0, 1, 1, 1.0]))


def programme(gains: np.ndarray, still: np.ndarray | None = None) -> bool:
    """Whether some direction loses nowhere and gains somewhere; gains (m, q), still (e, q) not to move."""
    still = still if still is not None and len(still) else None
    level = None if still is None else np.zeros(len(still))
    found = linprog(-gains.sum(axis=0), -gains, np.zeros(len(gains)), still, level, (-1, 1))
    return bool(-found.fun > 1e-6)


def rows_of(x: np.ndarray) -> np.ndarray:
    """(n, p + 1) from the median in units of the median distance, each row over its largest entry."""
    away = x - np.median(x, axis=0)
    unit = [np.median(np.abs(c[c != 0])) if (c != 0).any() else 1.0 for c in away.T]
    table = np.column_stack([np.ones(len(x)), away / unit])
    return table / np.abs(table).max(axis=1, keepdims=True)


def separated(kind: str, x: np.ndarray, y: np.ndarray) -> bool:
    table = rows_of(x)
    if kind == "logistic":
        return programme(table * (2 * y - 1)[:, None])
    if kind == "poisson":
        return bool((y == 0).any()) and programme(-table[y == 0], table[y > 0])
    gains = []
    for row, own in zip(table, y.astype(int), strict=True):
        for other in {0, 1, 2} - {int(own)}:
            gain = np.zeros((3, len(row)))
            gain[own], gain[other] = row, -row
            gains.append(gain[1:].ravel())
    return programme(np.array(gains))


COLUMNS: tuple[Callable[[np.random.Generator, int], np.ndarray], ...] = (
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.lognormal(0, 2, n),
    lambda rng, n: rng.standard_t(1.5, n),
    lambda rng, n: (rng.random(n) < 0.1) * 1.0,
    lambda rng, n: rng.integers(0, 4, n) * 1.0,
    lambda rng, n: np.append(np.arange(n - 1.0), 1000.0),
)


def drawn(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A design of one to four columns, and an outcome of each kind, in a third of them pushed to the edge."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(14, 60))
    x = np.column_stack([COLUMNS[k](rng, n) for k in rng.integers(0, len(COLUMNS), rng.integers(1, 5))])
    table = rows_of(x)[:, 1:]
    predictor = 3 * table @ rng.normal(size=table.shape[1])
    y = (rng.random(n) < 1 / (1 + np.exp(-predictor))).astype(float)
    if rng.random() < 1 / 3:
        y = (predictor > np.median(predictor)).astype(float)
    arm = rng.integers(0, 3, n)
    if rng.random() < 1 / 2:
        arm = np.where(predictor > np.quantile(predictor, 0.8), 2, arm)
    return x, {"logistic": y, "poisson": rng.poisson(np.exp(predictor - 1)), "multinomial": arm}


@pytest.mark.parametrize("first", range(0, 150, 30))
def test_the_decision_is_that_of_a_programme_over_all_rows(first: int) -> None:
    told = {True: 0, False: 0}
    for seed in range(first, first + 30):
        x, outcomes = drawn(seed)
        if np.linalg.matrix_rank(rows_of(x)) <= x.shape[1]:
            continue
        for kind, y in outcomes.items():
            levels = np.unique(y)
            if len(levels) < (3 if kind == "multinomial" else 2):
                continue
            expected = separated(kind, x, y)
            told[expected] += 1
            try:
                _ = fit_multinomial(x, y) if kind == "multinomial" else fit(kind, x, y, ())
                found = "an estimate"
            except EstimationError as refusal:
                found = str(refusal)
            assert ("separation" in found) == expected, (seed, kind, found)
    assert min(told.values()) > 10


@pytest.mark.parametrize("start", [3, 12])
def test_a_programme_that_begins_with_few_rows_decides_alike(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separation, "ALL_ROWS", start)
    for seed in range(60):
        x, outcomes = drawn(seed)
        if np.linalg.matrix_rank(rows_of(x)) <= x.shape[1]:
            continue
        y = outcomes["logistic"]
        observed = separation.Observed.of_outcome(y, 0, 1)
        names = tuple("abcd"[: x.shape[1]])
        found = separation.separating(ModelMatrix(x, names), observed, np.ones(len(y)))
        assert bool(found) == separated("logistic", x, y), seed
        # and the columns that are named do it by themselves
        if found:
            assert separated("logistic", x[:, [names.index(name) for name in found]], y), seed


def test_a_far_value_is_no_separation() -> None:
    x, y = SKEWED
    # R 4.2.2: glm(y ~ x, binomial, control = list(epsilon = 1e-12, maxit = 100))
    found = logistic(x[:, None], y, ("x",))
    np.testing.assert_allclose(found.value, [-4.393334, 1.250679], rtol=1e-6)
    assert np.isfinite(found.standard_error()).all()
    np.testing.assert_allclose(fit_propensity(x[:, None], y).coefficient, found.value, rtol=1e-9)
    np.testing.assert_allclose(fit_multinomial(x[:, None], y).coefficient[0], found.value, rtol=1e-9)
    pairs = np.arange(8) // 2
    np.testing.assert_allclose(gee("logistic", x[:, None], y, ("x",), pairs).estimate.value, found.value, rtol=1e-8)
    assert np.isfinite(gee("logistic", x[:, None], y, ("x",), pairs, "exchangeable").estimate.value).all()


@pytest.mark.parametrize("n", [40, 400])
@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_a_lognormal_covariate_whose_groups_overlap_has_an_estimate(sigma: float, n: int) -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = np.column_stack([rng.lognormal(0, sigma, n), rng.normal(size=n)])
        y = (rng.random(n) < 1 / (1 + np.exp(1 - 0.8 * x[:, 0]))).astype(float)
        assert not separated("logistic", x, y)
        assert np.abs(logistic(x, y, "ab").value).max() < 50
        score = fit_propensity(x, y).score
        assert ((score > 0) & (score < 1)).all()
        for kind in TILTS:
            assert np.isfinite(weights(kind, y, score)).all()
        time = rng.exponential(size=n) * np.exp(-0.3 * np.minimum(x[:, 0], 20))
        assert np.isfinite(cox(x, time, rng.random(n) < 0.8).estimate.value).all()


TWO_GROUPS = np.repeat([0.0, 1], 60)


def separations() -> dict[str, tuple[np.ndarray | ModelMatrix, np.ndarray, set[str]]]:
    rng = np.random.default_rng(3)
    a, b, c = rng.normal(size=(3, 120))
    y = (rng.random(120) < 0.5).astype(float)
    site, drug = rng.integers(0, 5, 120), rng.integers(0, 3, 120)
    y_site = np.where(site == 2, 1.0, y)
    low = np.sort(a)
    touching = np.where(np.arange(120) < 60, np.minimum(low, low[60]), low)  # one value in both groups
    touching[59] = touching[60]
    return {
        "complete, one column": (np.column_stack([low, b]), TWO_GROUPS, {"a"}),
        "quasi, one column": (np.column_stack([touching, b]), TWO_GROUPS, {"a"}),
        "a combination": (np.column_stack([a, b, c]), (a + 2 * b > 0.3).astype(float), {"a", "b"}),
        "a category": (categories({"site": site, "drug": drug}), y_site, {"site=2"}),
        "two categories": (
            categories({"site": site, "drug": drug}),
            np.where(drug == 1, 0.0, y_site)[(drug != 1) | (site != 2)],
            {"site=2", "drug=1"},
        ),
        "a reference": (
            categories({"site": site, "drug": drug}),
            np.where(site == 0, 1.0, y),
            {f"site={k}" for k in range(1, 5)},
        ),
        "far from zero": (np.column_stack([low + 1e8, b]), TWO_GROUPS, {"a"}),
        "tiny": (np.column_stack([low * 1e-9, b]), TWO_GROUPS, {"a"}),
    }


@pytest.mark.parametrize("name", separations())
def test_true_separation_is_named(name: str) -> None:
    x, y, expected = separations()[name]
    if isinstance(x, ModelMatrix) and len(y) < x.shape[0]:
        rng = np.random.default_rng(3)
        rng.normal(size=(3, 120)), rng.random(120)
        site, drug = rng.integers(0, 5, 120), rng.integers(0, 3, 120)
        x = x.take(np.flatnonzero((drug != 1) | (site != 2)))
    columns = x.names if isinstance(x, ModelMatrix) else tuple("abc"[: x.shape[1]])
    half = np.where((y == 1) & (np.arange(len(y)) % 2 == 0), 2, y)
    fits = {
        "logistic": lambda: fit("logistic", x, y, columns),
        "propensity": lambda: fit_propensity(x, y, names=columns),
        "multinomial": lambda: fit_multinomial(x, y, columns),
        "three arms": lambda: fit_multinomial(x, half, columns),
    }
    if name in ("a category", "a reference"):  # counts without events there
        fits["poisson"] = lambda: fit("poisson", x, 3 * (1 - y), columns)
    for kind, fitted in fits.items():
        with pytest.raises(EstimationError, match="separation") as told:
            fitted()
        named = str(told.value).split("coefficient of ")[1].split(" in the ")[0]
        assert set(named.split(", ")) == expected, (kind, named)


def test_weights_and_rows_without_any_decide_nothing() -> None:
    x, y = SKEWED
    more_x, more_y = np.append(x, [0.0, 7.0]), np.append(y, [1.0, 0.0])
    weight = np.append(np.ones(8), [0.0, 0.0])
    np.testing.assert_allclose(
        fit("logistic", more_x[:, None], more_y, ("x",), weight).value, logistic(x[:, None], y, ("x",)).value, rtol=1e-9
    )
    apart = np.arange(8.0)
    with pytest.raises(EstimationError, match=r"of x in the logistic model .*separation"):
        fit("logistic", np.append(apart, 0.0)[:, None], np.append(apart > 3, True), ("x",), np.append(np.ones(8), 0.0))
    # a row of next to no weight overlaps all the same
    found = fit(
        "logistic", np.append(apart, 0.0)[:, None], np.append(apart > 3, 1.0), ("x",), np.append(np.ones(8), 1e-3)
    )
    assert np.isfinite(found.value).all()
    # outcomes between 0 and 1 overlap by themselves
    assert np.isfinite(fit("logistic", apart[:, None], np.where(apart > 3, 0.9, 0.1), ("x",)).value).all()


def test_steps_that_prove_an_estimate_need_no_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr("iop_outcomes.estimators.regression.glm.separating", never)
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(size=2000), rng.random(2000) < 0.01])
    y = (rng.random(2000) < 0.3).astype(float)
    assert np.isfinite(logistic(x, y, "ab").value).all()
