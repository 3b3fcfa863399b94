"""Cohen's kappa: by hand, and beside statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two.kappa import kappa

# a case by hand: po = .7, pe = .5 * .6 + .5 * .4 = .5, kappa = .4
BY_HAND = pd.DataFrame([[20, 5], [10, 15]], index=["1", "2.1"], columns=["1", "2.1"])


def test_kappa_by_hand() -> None:
    found = kappa(BY_HAND)
    assert (found.observed, found.expected, found.n) == (pytest.approx(0.7), pytest.approx(0.5), 50)
    assert found.kappa == pytest.approx(0.4)
    # p11 = .4, p12 = .1, p21 = .2, p22 = .3; rows .5 .5, columns .6 .4; 1 - po = .3
    agree = 0.4 * (0.5 - 1.1 * 0.3) ** 2 + 0.3 * (0.5 - 0.9 * 0.3) ** 2
    apart = 0.3**2 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    last = (0.7 * 0.5 - 2 * 0.5 + 0.7) ** 2
    assert found.standard_error == pytest.approx(np.sqrt((agree + apart - last) / (50 * 0.5**4)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=4, max_size=4))
def test_kappa_is_that_of_statsmodels(cells: list[list[int]]) -> None:
    counts = pd.DataFrame(cells, index=["1", "2.1", "2.5", "3.5"], columns=["1", "2.1", "2.5", "3.5"])
    total = counts.to_numpy().sum()
    expected = (counts.sum(axis=1).to_numpy() * counts.sum(axis=0).to_numpy()).sum()
    found = kappa(counts)
    if total == 0 or expected == total**2:
        assert np.isnan(found.kappa)
        return
    theirs = cohens_kappa(counts.to_numpy(), return_results=True)
    assert found.kappa == pytest.approx(theirs.kappa, abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(max(theirs.var_kappa, 0)), abs=1e-7)


def test_classes_that_are_left_out_count_for_nothing() -> None:
    first = pd.Series(["2.1", "2.1", "indeterminate", "not_known", "3.5"])
    other = pd.Series(["2.1", "1", "2.1", "2.1", "3.5"])
    classes = ["1", "2.1", "3.5", "indeterminate", "not_known"]
    counts = pd.crosstab(first, other).reindex(index=classes, columns=classes, fill_value=0)
    found = kappa(counts, ["not_known"])
    assert found.n == 4
    assert found == kappa(counts.loc[classes[:4], classes[:4]])


def test_agreement_of_nobody_is_missing() -> None:
    found = kappa(pd.DataFrame(dtype="int64"))
    assert found.n == 0
    assert np.isnan(found.kappa)


def test_full_agreement_is_one_and_a_single_class_has_none() -> None:
    assert kappa(pd.DataFrame([[1, 0], [0, 2]])).kappa == pytest.approx(1)
    assert np.isnan(kappa(pd.DataFrame([[2]])).kappa)


def test_a_table_with_other_classes_across_is_refused() -> None:
    with pytest.raises(EstimationError, match="same classes"):
        kappa(BY_HAND[["2.1", "1"]])
