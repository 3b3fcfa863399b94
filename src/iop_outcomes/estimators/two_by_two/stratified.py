"""Two arms over strata (sites, trials): the odds ratio and the risk difference that are common to them, from counts.

What happens: one table of two by two for each stratum; strata that hold one arm only say nothing and leave. The odds
ratio, its interval and the test come from statsmodels' StratifiedTable (Mantel & Haenszel 1959, JNCI 22:719; Robins,
Breslow & Greenland 1986, Biometrics 42:311), the difference in risk and its standard error from Sato (1989, Biometrics
45:1323). Refused: counts that no table has, strata without both arms, no events at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import column


@dataclass(frozen=True)
class MantelHaenszel:
    """Common to all strata: odds ratio with limits, test of no association (chi-square with one degree of freedom),
    risk difference with limits and standard error. strata: those that hold both arms."""

    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float
    statistic: float
    p_value: float
    difference: float
    difference_std_error: float
    difference_low: float
    difference_high: float
    strata: int


def mantel_haenszel(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> MantelHaenszel:
    """events1, n1: (s,) events and people of arm 1 in each stratum; events0, n0: of arm 0."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    given = np.stack([column(v, name) for v, name in zip((events1, n1, events0, n0), NAMES, strict=True)])
    if (given < 0).any() or (given != np.round(given)).any() or (given[[0, 2]] > given[[1, 3]]).any():
        raise EstimationError("Events and people of a table must be whole numbers, events no more than people.")
    a, m, b, k = given[:, (given[1] > 0) & (given[3] > 0)]
    if not len(a):
        raise EstimationError("No stratum holds people of both arms, so nothing is compared within strata.")
    if not 0 < a.sum() + b.sum() < m.sum() + k.sum():
        raise EstimationError("No events, or nothing but events, in the strata with both arms.")
    if not ((a * (k - b) / (m + k)).sum() > 0 and (b * (m - a) / (m + k)).sum() > 0):
        raise EstimationError(
            "One arm has no events, or nothing but, in all strata, so there is no common odds ratio. Report the shares."
        )
    table = StratifiedTable([np.array(t).reshape(2, 2) for t in zip(a, m - a, b, k - b, strict=True)])
    low, high = table.oddsratio_pooled_confint(1 - level)
    test = table.test_null_odds(correction=False)
    gap, error = _difference(a, m, b, k)
    reach = float(stats.norm.ppf(0.5 + level / 2)) * error
    return MantelHaenszel(
        float(table.oddsratio_pooled), float(low), float(high), float(test.statistic), float(test.pvalue),
        gap, error, gap - reach, gap + reach, len(a),
    )  # fmt: skip


NAMES = ("events1", "n1", "events0", "n0")


def _difference(a: Array, m: Array, b: Array, k: Array) -> tuple[float, float]:
    """Sato's equations 2 and 3: valid for many small strata and for few large ones."""
    total = m + k
    weight = (m * k / total).sum()
    gap = ((a * k - b * m) / total).sum() / weight
    p = ((m**2 * b - k**2 * a + m * k * (k - m) / 2) / total**2).sum()
    q = ((a * (k - b) + b * (m - a)) / (2 * total)).sum()
    return float(gap), float(np.sqrt(gap * p + q) / weight)
