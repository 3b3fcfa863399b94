"""Distributions are those of scipy.stats, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from iop_outcomes.estimators.base import distributions

X = np.array([-40.0, -3.2, -0.1, 0.0, 0.7, 2.5, 9.0, 800.0, np.inf, np.nan])
P = np.array([1e-300, 1e-12, 0.025, 0.5, 0.8, 0.975, 1 - 1e-12, np.nan])
DEGREES = (0.0, 0.5, 1.0, 3.0, 39.0, 12_345.6, np.inf)


@pytest.mark.parametrize(("name", "function"), [("norm", "cdf"), ("norm", "sf"), ("norm", "ppf")])
def test_the_normal_distribution(name, function):
    at = P if function == "ppf" else X
    ours, theirs = (getattr(getattr(module, name), function)(at) for module in (distributions, stats))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("name", "degrees"), [("t", d) for d in DEGREES] + [("chi2", d) for d in DEGREES[:-1]])
@pytest.mark.parametrize("function", ["sf", "ppf"])
def test_distributions_with_degrees_of_freedom(name, function, degrees):
    at = P if function == "ppf" else X
    ours, theirs = (getattr(getattr(module, name), function)(at, degrees) for module in (distributions, stats))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("above", DEGREES[:-1])
@pytest.mark.parametrize("below", DEGREES[:-1])
def test_the_f_distribution(above, below):
    np.testing.assert_array_equal(distributions.f.sf(X, above, below), stats.f.sf(X, above, below))


def test_a_number_gives_a_number():
    assert isinstance(distributions.norm.ppf(0.975), float)
    assert isinstance(distributions.t.ppf(0.975, 3), float)
    assert isinstance(distributions.chi2.sf(3.84, 1), float)
    assert isinstance(distributions.f.sf(3.84, 1, 20), float)
