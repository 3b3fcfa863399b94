"""Estimates of several completed data sets made one (Rubin 1987, Multiple Imputation for Nonresponse in Surveys).

What happens: the estimates are averaged; the variance is the mean of their variances plus (1 + 1/m) times the variance
between them; degrees of freedom are those of Barnard & Rubin (1999, Biometrika 86:948), which never exceed those of
complete data. Refused: fewer than two completed data sets, and shapes that do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array


@dataclass(frozen=True)
class Pooled:
    """k pooled quantities of m completed data sets.

    value: (k,). covariance: (k, k) total. within, between: (k, k). degrees: (k,) of freedom, may be infinite.
    relative_increase: (k,) of the variance for what is missing. fraction_missing: (k,) of the information.
    """

    value: Array
    covariance: Array
    within: Array
    between: Array
    degrees: Array
    relative_increase: Array
    fraction_missing: Array

    def standard_error(self) -> Array:
        """(k,)."""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, level: float = 0.95) -> Array:
        """(k, 2) confidence limits by the t distribution."""
        reach = stats.t.ppf(0.5 + level / 2, self.degrees) * self.standard_error()
        return np.column_stack([self.value - reach, self.value + reach])

    def p_value(self) -> Array:
        """(k,) two-sided, against zero."""
        return np.asarray(2 * stats.t.sf(np.abs(self.value) / self.standard_error(), self.degrees))


def pool(values: ArrayLike, covariances: ArrayLike, complete_degrees: float = np.inf) -> Pooled:
    """values: (m, k) estimates. covariances: (m, k, k). complete_degrees: degrees of freedom without missing values."""
    value, covariance = np.asarray(values, dtype=float), np.asarray(covariances, dtype=float)
    if value.ndim != 2 or len(value) < 2 or covariance.shape != (*value.shape, value.shape[1]):
        raise EstimationError(
            f"Pooling needs estimates (m, k) and covariances (m, k, k) of at least two completed data sets; it was "
            f"given {value.shape} and {covariance.shape}."
        )
    if not (np.isfinite(value).all() and np.isfinite(covariance).all()):
        raise EstimationError("Some completed data set has no finite estimate, so there is nothing to pool.")
    m = len(value)
    mean, within = value.mean(axis=0), covariance.mean(axis=0)
    apart = value - mean
    between = apart.T @ apart / (m - 1)
    total = within + (1 + 1 / m) * between
    added = (1 + 1 / m) * np.diag(between)
    share = added / np.diag(total)
    degrees = barnard_rubin(share, m, complete_degrees)
    increase = added / np.diag(within)
    missing = (increase + 2 / (degrees + 3)) / (1 + increase)
    return Pooled(mean, total, within, between, degrees, increase, missing)


def barnard_rubin(share: Array, m: int, complete_degrees: float) -> Array:
    """(k,) degrees of freedom; share: (k,) of the total variance that is due to missing values."""
    with np.errstate(divide="ignore"):
        large = (m - 1) / share**2
    if np.isinf(complete_degrees):
        return large
    observed = (complete_degrees + 1) / (complete_degrees + 3) * complete_degrees * (1 - share)
    return np.asarray(1 / (1 / large + 1 / observed))
