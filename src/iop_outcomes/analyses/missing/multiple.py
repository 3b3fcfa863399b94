"""Means of two sides with missing answers drawn: each completed data set by itself, pooled by Rubin's rules.

What happens: the readings of an outcome are estimated as if every answer had been given, by the method that was asked
for; estimates and variances are pooled, with the degrees of freedom of Barnard and Rubin (1999, Biometrika 86:948). The
tipping points are differences with a delta of its own in each arm, from the same draws: one table, in which every
number can be compared with every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import power
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.imputed import Imputed, degrees
from iop_outcomes.analyses.missing.drawn import deltas_of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference, join, log_ratio
from iop_outcomes.estimators.base.pooling import Pooled, pool
from iop_outcomes.vocabulary.measures import DIFFERENCE

if TYPE_CHECKING:
    from iop_outcomes.analyses.outcomes.at_a_day import AtADay
    from iop_outcomes.analyses.rows import Row, Some
    from iop_outcomes.analyses.sample import Sample
    from iop_outcomes.protocol import Analysis, Imputation

DRAWN = "with missing answers drawn: "


def estimated(ask: Analysis, sample: Sample, outcome: AtADay) -> Imputed:
    """Both sides, their difference and log ratio, pooled. Raises EstimationError."""
    how = outcome.how
    each, grounds, least = [], [], np.inf
    try:
        for draw in outcome.draws(sample):
            reading = outcome.as_drawn(draw, deltas_of(ask.missing_rule, how))
            one = reading.means(ask, sample)
            first, second = one.names
            each.append(join([one, difference(one, first, second), log_ratio(one, first, second)]))
            grounds.append(power.ground(ask, sample, one, reading.used(ask)))
            least = min(least, degrees(one))
        shown = results.rows_of(ask, sample.names)
        pooled = pool([e.value for e in each], [e.covariance() for e in each], least, shown)
    except EstimationError as wrong:
        raise EstimationError(f"{DRAWN}{wrong}") from wrong
    return Imputed(pooled, tuple(grounds))


def tipping(ask: Analysis, sample: Sample, outcome: AtADay, some: Some) -> Iterator[Row]:
    """Rows of the difference for each pair of deltas of the protocol, the first arm's and the second's. Raises
    EstimationError.
    """
    how = outcome.how
    each, least = [], np.inf
    try:
        for draw in outcome.draws(sample):
            moved = [outcome.as_drawn(draw, (delta, delta)).means(ask, sample) for delta in how.deltas]
            least = min(least, degrees(moved[0]))
            each.append(_differences(moved))
        pooled = pool([e.value for e in each], [e.covariance() for e in each], least)
    except EstimationError as wrong:
        raise EstimationError(f"{DRAWN}{wrong}") from wrong
    yield from _rows(ask, pooled, how, sample.inference.confidence_level, some)


def _differences(moved: list[Estimate]) -> Estimate:
    """The mean of the first side under each delta less that of the second under each, pair by pair."""
    k = len(moved)
    whole = join([replace(m, names=(f"{at} first", f"{at} second")) for at, m in enumerate(moved)])
    jacobian = np.zeros((k * k, 2 * k))
    for at in range(k * k):
        jacobian[at, 2 * (at // k)], jacobian[at, 2 * (at % k) + 1] = 1.0, -1.0
    return whole.transform([str(at) for at in range(k * k)], lambda v: jacobian @ v, jacobian)


def _rows(ask: Analysis, pooled: Pooled, how: Imputation, level: float, some: Some) -> Iterator[Row]:
    limits, errors, p = pooled.interval(level), pooled.standard_error(), pooled.p_value()
    pairs = [(one, other) for one in how.deltas for other in how.deltas]
    for at, (one, other) in enumerate(pairs):
        own = replace(some, delta_first=one, delta_second=other)
        yield results.row(ask, DIFFERENCE, own) | {
            "estimate": float(pooled.value[at]), "std_error": float(errors[at]), "conf_low": float(limits[at, 0]),
            "conf_high": float(limits[at, 1]), "p_value": float(p[at]),
        }  # fmt: skip
