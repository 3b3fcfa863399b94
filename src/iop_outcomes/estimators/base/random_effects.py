"""Estimates of several places, each with its standard error, taken together: one effect, or effects that differ.

What happens, in order: the variance of the effects between places is that by which the weighted sum of squares is its
degrees of freedom (Paule & Mandel 1982, Journal of Research of the National Bureau of Standards 87:377), 0 where it is
smaller without any; their mean weighs each place by the inverse of both variances; its standard error counts how far
places lie apart (Hartung & Knapp 2001, Statistics in Medicine 20:3875), and is never below that of known variances
(Rover, Knapp & Friede 2015, BMC Medical Research Methodology 15:99). The interval of the mean says where the mean of
such places lies; the prediction interval where that of one more place does (Higgins, Thompson & Spiegelhalter 2009,
JRSS A 172:137). Refused: fewer than two places, errors that are not above 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import column

ITERATIONS = 200
SETTLED = 1e-12
# fewer places than this say nothing of one more
TO_PREDICT = 3


@dataclass(frozen=True)
class Across:
    """value, error, low, high: of the mean. next_low, next_high: of one more place; missing for two. spread: standard
    deviation of effects between places. inconsistency: share of the variation that is between places (I squared).
    p_value: of effects that are all the same. common: the mean if they were. without: (k,) the mean less each place.
    """

    value: float
    error: float
    low: float
    high: float
    next_low: float
    next_high: float
    spread: float
    inconsistency: float
    p_value: float
    common: float
    without: Array


def across(values: ArrayLike, errors: ArrayLike, level: float = 0.95) -> Across:
    """Places together. values, errors: (k,) estimates, on a scale on which they are normal, and standard errors."""
    value, error = column(values, "values"), column(errors, "errors")
    k = len(value)
    if k < 2 or len(error) != k:
        raise EstimationError("Effects are taken together over two places or more, each with its standard error.")
    if not (error > 0).all():
        raise EstimationError("Each place needs a standard error above 0.")
    between = _between(value, error**2)
    mean, wide = _mean(value, error**2, between)
    reach = float(stats.t.ppf((1 + level) / 2, k - 1)) * wide
    common, _ = _mean(value, error**2, 0.0)
    q = float((((value - common) / error) ** 2).sum())
    following = np.nan
    if k >= TO_PREDICT:
        following = float(stats.t.ppf((1 + level) / 2, k - 2)) * float(np.sqrt(between + wide**2))
    return Across(
        mean, wide, mean - reach, mean + reach, mean - following, mean + following, float(np.sqrt(between)),
        max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0, float(stats.chi2.sf(q, k - 1)), common, _without(value, error**2),
    )  # fmt: skip


def _between(value: Array, variance: Array) -> float:
    """The variance between places: the root of the sum of squares less its degrees of freedom, which falls in it."""

    def excess(between: float) -> float:
        weight = 1 / (variance + between)
        return float((weight * (value - weight @ value / weight.sum()) ** 2).sum()) - (len(value) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.ptp(value) ** 2) * len(value)  # beyond it the sum is below 1
    for _ in range(ITERATIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        if high - low <= SETTLED * high:
            break
    return (low + high) / 2


def _mean(value: Array, variance: Array, between: float) -> tuple[float, float]:
    """The weighted mean and its standard error by Hartung and Knapp, not below that of known variances."""
    weight = 1 / (variance + between)
    total = weight.sum()
    mean = float(weight @ value / total)
    apart = float(weight @ (value - mean) ** 2) / (len(value) - 1)
    return mean, float(np.sqrt(max(1.0, apart) / total))


def _without(value: Array, variance: Array) -> Array:
    """(k,) the mean without each place."""
    kept = ~np.eye(len(value), dtype=bool)
    found = []
    for own in kept:
        between = _between(value[own], variance[own]) if own.sum() > 1 else 0.0
        weight = 1 / (variance[own] + between)
        found.append(float(weight @ value[own] / weight.sum()))
    return np.array(found)
