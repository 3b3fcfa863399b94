"""Merged categories: every sum as with the table, whatever is merged with what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.estimators import merged_categories
from iop_outcomes.estimators.merged_categories import Merged, merge, table
from iop_outcomes.estimators.model_matrix import ModelMatrix, categories


def agree_with(found: Merged, dense: np.ndarray) -> None:
    """Sums of two weights and two coefficients against products of the table."""
    rng = np.random.default_rng(3)
    n, p = dense.shape
    beta, v, w = rng.normal(size=(2, p)), rng.normal(size=(2, n)), rng.random((2, n)) * (np.arange(n) % 5 > 0)
    np.testing.assert_allclose(found.times(beta), beta @ dense.T, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.crossproduct(v), v @ dense, rtol=1e-9, atol=1e-9)
    grams = np.stack([dense.T @ (dense * own[:, None]) for own in w])
    np.testing.assert_allclose(found.grams(lambda at: w[:, at], 2), grams, rtol=1e-9, atol=1e-9)


@given(
    sizes=st.lists(st.integers(1, 90), max_size=6),
    numeric=st.integers(0, 3),
    intercept=st.booleans(),
    block=st.sampled_from([40, 2**18]),
)
@settings(deadline=None, max_examples=40)
def test_sums_are_those_of_the_table(sizes: list[int], numeric: int, intercept: bool, block: int) -> None:
    rng = np.random.default_rng(len(sizes) + numeric)
    values = {f"c{at}": rng.integers(0, size, 150) for at, size in enumerate(sizes)}
    x = categories(values, rng.normal(size=(150, numeric)), [f"x{at}" for at in range(numeric)])
    x = x.with_intercept("one") if intercept else x
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merged_categories, "BLOCK", block)
        agree_with(merge(x), x.dense())


def test_small_covariates_share_a_code_and_large_ones_stand_alone() -> None:
    rng = np.random.default_rng(1)
    x = categories({"site": rng.integers(0, 200, 3000), **{f"c{at}": rng.integers(0, 4, 3000) for at in range(5)}})
    found = merge(x.with_intercept("one"))
    assert found.sizes == (200, 64, 16)
    # the intercept is told by the combinations, so no column of numbers is left
    assert found.numeric.shape == (3000, 0)
    np.testing.assert_array_equal(found.times(np.eye(x.shape[1] + 1)[:1])[0], np.ones(3000))


def test_a_table_of_numbers() -> None:
    dense = np.random.default_rng(2).normal(size=(70, 4))
    agree_with(table(dense), dense)
    agree_with(merge(ModelMatrix(dense, tuple("abcd"))), dense)
