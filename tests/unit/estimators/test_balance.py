"""Balance: distances and differences worked by hand, what must not matter, codes against indicators, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal.balance import (
    distance,
    effective_sample_size,
    largest_pairwise_difference,
    pooled_deviation,
    standardised_difference,
    variance_ratio,
    within_strata,
)
from iop_outcomes.estimators.causal.coded_balance import table_of_codes
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix


def some(n: int = 200, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "x": np.column_stack([rng.normal(size=n), rng.integers(0, 5, n), rng.random(n) < 0.3]).astype(float),
        "arm": rng.integers(0, 2, n),
        "weight": rng.integers(0, 4, n).astype(float),
        "site": rng.integers(0, 4, n),
        "frequency": rng.integers(1, 4, n).astype(float),
    }


def test_distance_by_hand() -> None:
    x = np.array([[1.0, 1], [2, 0], [2, 0], [3, 1], [4, 0]])
    arm = [1, 1, 0, 0, 0]
    # At 1 the shares below are 1/2 and 0, at 2 they are 1 and 1/3; proportions 1/2 and 1/3.
    np.testing.assert_allclose(distance(x, arm), [2 / 3, 1 / 6])
    np.testing.assert_allclose(distance(x, arm, [1, 3, 2, 1, 1])[0], 0.5)


def test_distance_agrees_with_scipy() -> None:
    from scipy.stats import ks_2samp

    s = some()
    expected = [ks_2samp(c[s["arm"] == 1], c[s["arm"] == 0]).statistic for c in s["x"].T]
    np.testing.assert_allclose(distance(s["x"], s["arm"]), expected, rtol=1e-12)


def test_within_strata_by_hand() -> None:
    x, arm, site = [[1.0], [3], [2], [8], [5], [7]], [1, 0, 1, 0, 1, 1], ["a", "a", "b", "b", "c", "c"]
    found = within_strata(x, arm, site)
    # The spread: variances of 1, 2, 5, 7 and of 3, 8 with n - 1.
    spread = np.sqrt((np.var([1, 2, 5, 7], ddof=1) + np.var([3, 8], ddof=1)) / 2)
    np.testing.assert_allclose(found.difference, [[-2 / spread], [-6 / spread]])
    assert (list(found.strata), list(found.one_arm), list(found.people)) == (["a", "b"], ["c"], [2, 2])
    np.testing.assert_allclose(found.largest, [-6 / spread])
    assert within_strata(x, arm, list("aabbcd")).one_arm.tolist() == ["c", "d"]


def test_one_stratum_is_the_whole_and_one_pair_is_the_difference() -> None:
    s = some()
    whole = standardised_difference(s["x"], s["arm"], s["weight"])
    np.testing.assert_allclose(within_strata(s["x"], s["arm"], np.zeros(200), s["weight"]).difference[0], whole)
    np.testing.assert_allclose(largest_pairwise_difference(s["x"], s["arm"], s["weight"]), np.abs(whole))


def test_largest_pair_by_hand() -> None:
    x, arm = [[0.0], [2], [1], [3], [6], [8]], [0, 0, 1, 1, 2, 2]
    # Means 1, 2 and 7 with variances of 2 each.
    np.testing.assert_allclose(largest_pairwise_difference(x, arm), [6 / np.sqrt(2)])


MEASURES = {
    "distance": lambda s, w, f: distance(s["x"], s["arm"], w, f),
    "within": lambda s, w, f: within_strata(s["x"], s["arm"], s["site"], w, f).difference,
    "pairs": lambda s, w, f: largest_pairwise_difference(s["x"], s["arm"], w, f),
    "codes": lambda s, w, f: table_of_codes([s["x"][:, 1].astype(int)], [5], s["arm"], w, f).difference,
}


@pytest.mark.parametrize("measure", MEASURES)
def test_order_scale_frequency_and_absent_rows_do_not_matter(measure: str) -> None:
    s, of = some(), MEASURES[measure]
    expected = of(s, s["weight"], s["frequency"])
    order = np.random.default_rng(3).permutation(200)
    moved = {k: v[order] for k, v in s.items()}
    np.testing.assert_allclose(of(moved, moved["weight"], moved["frequency"]), expected, rtol=1e-9)
    np.testing.assert_allclose(of(s, 2 * s["weight"], s["frequency"]), expected, rtol=1e-9)
    long = {k: np.repeat(v, s["frequency"].astype(int), axis=0) for k, v in s.items()}
    np.testing.assert_allclose(of(long, long["weight"], None), expected, rtol=1e-9)


def test_codes_are_their_indicators() -> None:
    s = some(500)
    rng = np.random.default_rng(4)
    levels = [2, 5, 40, 30, 7]
    coded = [rng.integers(0, k, 500).astype(np.int8) for k in levels]
    dense = np.column_stack([c == k for c, size in zip(coded, levels, strict=True) for k in range(size)]).astype(float)
    for weight in (None, s["weight"]):
        found = table_of_codes(coded, levels, s["arm"], weight, s["frequency"])
        np.testing.assert_allclose(
            found.difference, standardised_difference(dense, s["arm"], weight, s["frequency"]), atol=1e-12
        )
    np.testing.assert_allclose(found.count[:, 1], (s["frequency"] * s["arm"]) @ dense)
    assert (list(found.covariate[:8]), list(found.level[:8])) == ([0, 0, 1, 1, 1, 1, 1, 2], [0, 1, 0, 1, 2, 3, 4, 0])
    three = table_of_codes(coded, levels, s["site"] % 3, s["weight"])
    np.testing.assert_allclose(
        three.difference, largest_pairwise_difference(dense, s["site"] % 3, s["weight"]), atol=1e-12
    )


def coded(s: dict[str, np.ndarray]) -> ModelMatrix:
    """Numbers and codes: among the categories one of nobody, one of one site, and one of one arm."""
    site = np.where(s["site"] == 2, 1, 0).astype(np.int8)
    drug = np.where(s["arm"] == 1, s["x"][:, 1], 0).astype(np.int16)
    names = ("age", "visits", "site=2", "drug=1", "drug=2", "drug=3", "drug=4", "drug=nobody")
    return ModelMatrix(s["x"][:, :2], names, (site, drug), (1, 5))


@pytest.mark.parametrize("weighted", [False, True])
def test_balance_of_codes_is_that_of_indicators(weighted: bool) -> None:
    s = some(500)
    x, more = coded(s), (s["weight"] if weighted else None, s["frequency"])
    for of in (standardised_difference, variance_ratio, distance, largest_pairwise_difference):
        np.testing.assert_allclose(of(x, s["arm"], *more), of(x.dense(), s["arm"], *more), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pooled_deviation(x, s["arm"]), pooled_deviation(x.dense(), s["arm"]), rtol=1e-9)
    ours, theirs = (within_strata(table, s["arm"], s["site"], *more) for table in (x, x.dense()))
    np.testing.assert_allclose(ours.difference, theirs.difference, rtol=1e-9, atol=1e-12)
    assert not ours.difference[:, x.names.index("drug=nobody")].any()
    three = s["site"] % 3
    np.testing.assert_allclose(
        largest_pairwise_difference(x, three, *more), largest_pairwise_difference(x.dense(), three, *more), rtol=1e-9
    )


def test_balance_of_codes_by_hand() -> None:
    # of four in arm 1 two are 'b', of two in arm 0 one; the second stratum holds arm 1 only
    x = ModelMatrix(np.empty((6, 0)), ("v=b", "v=c"), (np.array([0, 1, 1, 2, 0, 1]),), (2,))
    arm, site = np.array([1, 1, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 0, 0])
    spread = np.sqrt([(0.25 + 0.25) / 2, (3 / 16 + 0) / 2])
    np.testing.assert_allclose(standardised_difference(x, arm), [0, 0.25 / spread[1]])
    np.testing.assert_allclose(distance(x, arm), [0, 0.25])
    assert np.isnan(variance_ratio(x, arm)).all()
    found = within_strata(x, arm, site)
    np.testing.assert_allclose(found.difference, [[0, 0]])
    assert found.one_arm.tolist() == [1]
    np.testing.assert_allclose(standardised_difference(x, arm, [1, 3, 1, 1, 1, 1])[0], (4 / 6 - 0.5) / spread[0])


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="a code above 2"):
        table_of_codes([np.array([0, 3])], [3], [0, 1])
    with pytest.raises(EstimationError, match="integer type"):
        table_of_codes([np.array([0.0, 1.0])], [3], [0, 1])
    with pytest.raises(EstimationError, match="no one with weight"):
        table_of_codes([np.array([0, 1])], [3], [0, 1], [1.0, 0.0])
    with pytest.raises(EstimationError, match="no one with weight"):
        largest_pairwise_difference([[1.0], [2.0]], [0, 2])
    with pytest.raises(EstimationError, match="no one with weight"):
        distance([[1.0], [2.0]], [1, 1])
    assert effective_sample_size([1, 1]) == 2
