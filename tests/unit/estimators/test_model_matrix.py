"""Covariates as codes: every sum, and every fit, as with the table of indicators."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.design_matrix import model_matrix as module
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, categories, model_matrix
from iop_outcomes.estimators.regression.glm import linear, logistic, poisson

N = 700


def coded(n: int = N) -> ModelMatrix:
    rng = np.random.default_rng(8)
    values = {"drug": rng.integers(0, 4, n), "state": rng.integers(3, 9, n), "sex": rng.integers(0, 2, n)}
    return categories(values, rng.normal(40, 11, (n, 2)), ("age", "severity"))


def test_columns_are_named_after_the_codes_that_occur() -> None:
    x = categories({"drug": np.array([2, 5, 5, 9])})
    assert x.names == ("drug=5", "drug=9")
    np.testing.assert_array_equal(x.dense(), [[0, 0], [1, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize("block", [64, 2048])
def test_sums_are_those_of_the_table(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    x, rng = coded(), np.random.default_rng(1)
    table = x.dense()
    assert table.shape == x.shape == (N, 2 + 3 + 5 + 1)
    w, v, beta = rng.normal(size=N), rng.normal(size=(N, 3)), rng.normal(size=(x.shape[1], 2))
    group = rng.integers(0, 5, N)
    np.testing.assert_allclose(x.times(beta), table @ beta, rtol=1e-12)
    np.testing.assert_allclose(x.crossproduct(v), table.T @ v, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(x.gram(w), table.T @ (table * w[:, None]), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(x.gram(np.abs(w)), table.T @ (table * np.abs(w)[:, None]), rtol=1e-10)
    by_group = np.stack([(table * w[:, None])[group == g].sum(axis=0) for g in range(5)])
    np.testing.assert_allclose(x.grouped(group, w, 5), by_group, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(x.take(w > 0).dense(), table[w > 0])
    np.testing.assert_array_equal(x.with_intercept("one").dense(), np.column_stack([np.ones(N), table]))


def test_a_category_without_its_column_belongs_to_the_reference() -> None:
    x = categories({"drug": np.array([0, 1, 2, 3, 1]), "sex": np.array([0, 1, 1, 0, 1])}, np.eye(5)[:, :2], ("a", "b"))
    assert x.spans == [slice(2, 5), slice(5, 6)]
    some = x.keep(np.array([False, True, False, True, True, True]))
    assert some.names == ("b", "drug=2", "drug=3", "sex=1")
    assert (list(some.codes[0]), some.levels) == ([0, 0, 1, 2, 0], (2, 1))
    assert some.codes[1] is x.codes[1]
    none = x.keep(np.array([True, False, False, False, False, False]))
    assert (none.names, none.codes, none.levels) == (("a",), (), ())


@pytest.mark.parametrize("wanted", [0.2, 0.6, 1.0])
def test_columns_that_are_kept_are_those_of_the_table(wanted: float) -> None:
    x = coded()
    mask = np.random.default_rng(3).random(x.shape[1]) < wanted
    np.testing.assert_array_equal(x.keep(mask).dense(), x.dense()[:, mask])


def test_a_column_in_front_is_set_for_each_or_for_all() -> None:
    x = coded()
    for value in (np.arange(N), 1.0):
        found = x.with_column("arm", value)
        assert found.names == ("arm", *x.names)
        np.testing.assert_array_equal(found.dense(), np.column_stack([np.broadcast_to(value, N), x.dense()]))


@pytest.mark.parametrize("numeric", [0, 2])
def test_sums_over_joint_codes_are_those_of_the_table(numeric: int) -> None:
    """Ten covariates become five codes, of which one has more values than a joint code may have."""
    rng, n = np.random.default_rng(3), 3 * module.BLOCK + 5
    sizes = [2, 5, 3, 7, 700, 2, 4, 6, 1, 9]
    values = {f"v{at}": rng.integers(0, size, n) for at, size in enumerate(sizes)}
    x = categories(values, rng.normal(size=(n, numeric)), [f"n{at}" for at in range(numeric)])
    table = x.dense()
    assert table.shape == (n, numeric + sum(len(np.unique(v)) - 1 for v in values.values()))
    w, v, beta = rng.normal(size=n), rng.normal(size=(n, 2)), rng.normal(size=(x.shape[1], 3))
    np.testing.assert_allclose(x.times(beta), table @ beta, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(x.times(beta[:, 0]), table @ beta[:, 0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(x.crossproduct(v), table.T @ v, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(x.gram(w), table.T @ (table * w[:, None]), rtol=1e-10, atol=1e-10)
    products = np.vstack([part.copy() for _, part in x.products(beta)])
    np.testing.assert_allclose(products, table @ beta, rtol=1e-10, atol=1e-12)
    for size in (3, n):  # more groups than joint codes serve
        group, by_group = rng.integers(0, size, n), np.zeros((size, x.shape[1]))
        np.add.at(by_group, group, table * w[:, None])
        np.testing.assert_allclose(x.grouped(group, w, size), by_group, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("model", [logistic, poisson, linear])
def test_models_of_codes_are_those_of_indicators(model: object) -> None:
    x, y = coded(), (np.random.default_rng(2).random(N) < 0.4).astype(float)
    ours = model(x, y, x.names)  # type: ignore[operator]
    theirs = model(x.dense(), y, x.names)  # type: ignore[operator]
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ours.influence, theirs.influence, rtol=1e-7, atol=1e-11)


def test_scores_of_codes_are_those_of_indicators() -> None:
    x, arm = coded(), (np.random.default_rng(2).random(N) < 0.4).astype(float)
    ours, theirs = fit_propensity(x, arm), fit_propensity(x.dense(), arm, names=x.names)
    np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-10)
    np.testing.assert_allclose(ours.standard_error, theirs.standard_error, rtol=1e-9)


@pytest.mark.parametrize("times", [12, 100_000])
def test_hazard_ratios_of_codes_are_those_of_indicators(times: int) -> None:
    x, rng = coded(), np.random.default_rng(5)
    time, event, weight = 1.0 + rng.integers(0, times, N), rng.random(N) < 0.7, rng.uniform(0.5, 2, N)
    strata, entry = rng.integers(0, 3, N), rng.random(N)
    for more in ({}, {"strata": strata, "entry": entry}, {"ties": "breslow"}):
        ours = cox(x, time, event, x.names, weight=weight, **more)
        theirs = cox(x.dense(), time, event, x.names, weight=weight, **more)
        np.testing.assert_allclose(ours.estimate.value, theirs.estimate.value, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(ours.estimate.influence, theirs.estimate.influence, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(ours.information, theirs.information, rtol=1e-8, atol=1e-8)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="codes of 'drug' must be whole numbers from zero"):
        categories({"drug": np.array([0.5, 1])})
    with pytest.raises(EstimationError, match="codes of 'drug' must be whole"):
        categories({"drug": np.array([-1, 1])})
    x = coded()
    with pytest.raises(EstimationError, match="700 rows where 3 were expected"):
        model_matrix(x, x.names, 3)
    with pytest.raises(EstimationError, match="names given differ"):
        model_matrix(x, ("a",), N)
    with pytest.raises(EstimationError, match="2 columns was given 1 names"):
        ModelMatrix(np.ones((3, 2)), ("a",))


def test_codes_beyond_their_columns_are_refused() -> None:
    for codes in (np.array([0, 2], dtype=np.int8), np.array([-1, 0], dtype=np.int8)):
        with pytest.raises(EstimationError, match="must lie between 0 and 1"):
            ModelMatrix(np.empty((2, 0)), ("a",), (codes,), (1,))
