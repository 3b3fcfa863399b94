"""Means of two sides with missing answers drawn: each completed data set by itself, pooled by Rubin's rules.

What happens: the readings of an outcome are estimated as if every answer had been given, by the method that was asked
for, and pooled. The tipping points are differences with a delta of its own in each arm, from the same draws: one table,
in which every number can be compared with every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import pooled
from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.missing.drawn import deltas_of
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.vocabulary.measures import DIFFERENCE

if TYPE_CHECKING:
    from iop_outcomes.analyses.outcomes.at_a_day import AtADay
    from iop_outcomes.analyses.pooled import Imputed
    from iop_outcomes.analyses.rows import Row, Some
    from iop_outcomes.analyses.sample import Sample
    from iop_outcomes.estimators.base.pooling import Pooled
    from iop_outcomes.protocol import Analysis, Imputation

DRAWN = "with missing answers drawn: "


def estimated(ask: Analysis, sample: Sample, outcome: AtADay) -> Imputed:
    """Both sides, their difference and log ratio, pooled. Raises EstimationError."""
    readings = (outcome.as_drawn(draw, deltas_of(ask.missing_rule, outcome.how)) for draw in outcome.draws(sample))
    completed = ((sample, reading.means(ask, sample), reading.used(ask)) for reading in readings)
    return pooled.two_sides(ask, sample.names, completed, DRAWN)


def tipping(ask: Analysis, sample: Sample, outcome: AtADay, some: Some) -> Iterator[Row]:
    """Rows of the difference for each pair of deltas of the protocol, the first arm's and the second's. Raises
    EstimationError.
    """
    how = outcome.how
    try:
        moved = [
            [outcome.as_drawn(draw, (delta, delta)).means(ask, sample) for delta in how.deltas]
            for draw in outcome.draws(sample)
        ]
        found = pooled.of([_differences(one) for one in moved], [one[0] for one in moved])
    except EstimationError as wrong:
        raise EstimationError(f"{DRAWN}{wrong}") from wrong
    yield from _rows(ask, found, how, sample.inference.confidence_level, some)


def _differences(moved: list[Estimate]) -> Estimate:
    """The mean of the first side under each delta less that of the second under each, pair by pair."""
    k = len(moved)
    whole = join([replace(m, names=(f"{at} first", f"{at} second")) for at, m in enumerate(moved)])
    jacobian = np.zeros((k * k, 2 * k))
    for at in range(k * k):
        jacobian[at, 2 * (at // k)], jacobian[at, 2 * (at % k) + 1] = 1.0, -1.0
    return whole.transform([str(at) for at in range(k * k)], lambda v: jacobian @ v, jacobian)


def _rows(ask: Analysis, found: Pooled, how: Imputation, level: float, some: Some) -> Iterator[Row]:
    limits, errors, p = found.interval(level), found.standard_error(), found.p_value()
    pairs = [(one, other) for one in how.deltas for other in how.deltas]
    for at, (one, other) in enumerate(pairs):
        own = replace(some, delta_first=one, delta_second=other)
        yield results.row(ask, DIFFERENCE, own) | {
            "estimate": float(found.value[at]), "std_error": float(errors[at]), "conf_low": float(limits[at, 0]),
            "conf_high": float(limits[at, 1]), "p_value": float(p[at]),
        }  # fmt: skip
