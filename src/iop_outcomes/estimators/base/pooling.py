"""Estimates of several completed data sets made one (Rubin 1987, Multiple Imputation for Nonresponse in Surveys).

What happens: the estimates are averaged; the variance is the mean of their variances plus (1 + 1/m) times the variance
between them; degrees of freedom are those of Barnard & Rubin (1999, Biometrika 86:948), which never exceed those of
complete data. Refused: fewer than two completed data sets, shapes that do not fit, and a quantity without variance.

Where every data set gives the same estimate, the variance is that within, and nothing is added for what is missing.
Where the data sets differ and none has a variance of its own, all of it is due to what is missing: m - 1 degrees of
freedom are left (Rubin's, for complete data of any size), and with complete data of few degrees of freedom none by
Barnard and Rubin, so that there is no interval. With neither variance there is nothing to say how sure an estimate is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.labels import quoted


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


def pool(
    values: ArrayLike, covariances: ArrayLike, complete_degrees: float = np.inf, names: Sequence[str] = ()
) -> Pooled:
    """values: (m, k) estimates. covariances: (m, k, k). complete_degrees: degrees of freedom without missing values.

    names: k labels for a refusal. Raises EstimationError as the module says.
    """
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
    # the mean of equal numbers can be off by a rounding
    apart = np.where(np.ptp(value, axis=0) <= 1e-14 * np.abs(mean), 0.0, value - mean)
    between = apart.T @ apart / (m - 1)
    total = within + (1 + 1 / m) * between
    added, own = (1 + 1 / m) * np.diag(between), np.diag(within)
    _refuse_without_variance(added, own, complete_degrees, names)
    share = added / np.diag(total)
    degrees = barnard_rubin(share, m, complete_degrees)
    increase = np.divide(added, own, out=np.full(len(own), np.inf), where=own > 0)
    # (r + 2 / (degrees + 3)) / (1 + r), with r / (1 + r) the share; r may be infinite
    missing = share + 2 / (degrees + 3) * (1 - share)
    return Pooled(mean, total, within, between, degrees, increase, missing)


def _refuse_without_variance(added: Array, own: Array, complete_degrees: float, names: Sequence[str]) -> None:
    """added: (k,) for what is missing; own: (k,) within the completed data sets."""
    labels = list(names) or [f"quantity {at + 1}" for at in range(len(own))]

    def named(which: NDArray[np.bool_]) -> str:
        return quoted(name for name, yes in zip(labels, which, strict=True) if yes)

    if (own < 0).any():
        raise EstimationError(f"The variance of {named(own < 0)} is negative in some completed data set.")
    without = (own == 0) & (added == 0)
    if without.any():
        raise EstimationError(
            f"The estimates of {named(without)} have no variance, neither within the completed data sets nor between "
            "them, so nothing says how sure they are. Report the counts, or an exact interval of them."
        )
    if (own == 0).any() and np.isfinite(complete_degrees):
        raise EstimationError(
            f"The estimates of {named(own == 0)} have no variance within the completed data sets, only between them: "
            "no degrees of freedom are left for an interval. Report the counts, or an exact interval of them."
        )


def barnard_rubin(share: Array, m: int, complete_degrees: float) -> Array:
    """(k,) degrees of freedom; share: (k,) of the total variance that is due to missing values."""
    with np.errstate(divide="ignore"):
        large = (m - 1) / share**2
    if np.isinf(complete_degrees):
        return large
    observed = (complete_degrees + 1) / (complete_degrees + 3) * complete_degrees * (1 - share)
    return np.asarray(1 / (1 / large + 1 / observed))
