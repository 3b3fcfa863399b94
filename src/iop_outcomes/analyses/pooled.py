"""Means of two sides over completed data sets, whatever was completed in them: each by itself, pooled by Rubin's rules.

What happens: in each data set both sides, their difference and log ratio are taken with their covariance; estimates and
variances are pooled, with the degrees of freedom of Barnard and Rubin (1999, Biometrika 86:948), of which the data set
that leaves fewest is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iop_outcomes.analyses import rows as results
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference, join, log_ratio
from iop_outcomes.estimators.base.pooling import Pooled, pool

if TYPE_CHECKING:
    from iop_outcomes.analyses.sample import Sample
    from iop_outcomes.estimators.base.arrays import Mask
    from iop_outcomes.protocol import Analysis


@dataclass(frozen=True)
class Imputed:
    """Pooled means of both sides, their difference and log ratio; effective: people under the weights, by data set."""

    pooled: Pooled
    effective: tuple[float, ...]


def two_sides(
    ask: Analysis, names: tuple[str, str], completed: Iterable[tuple[Sample, Estimate, Mask]], said: str
) -> Imputed:
    """completed: of each data set its people, the finished means of both sides and who is in them. said: what stands
    before the reason where one has no estimate. Raises EstimationError.
    """
    each, effective, every = [], [], []
    try:
        for sample, one, used in completed:
            first, second = one.names
            each.append(join([one, difference(one, first, second), log_ratio(one, first, second)]))
            effective.append(sample.effective(ask.method, used))
            every.append(one)
        return Imputed(of(each, every, results.rows_of(ask, names)), tuple(effective))
    except EstimationError as wrong:
        raise EstimationError(f"{said}{wrong}") from wrong


def of(each: Sequence[Estimate], ground: Sequence[Estimate], names: Sequence[str] = ()) -> Pooled:
    """Estimates of the same quantities pooled. ground: of each data set the estimate whose people count as degrees of
    freedom. Raises EstimationError.
    """
    return pool([e.value for e in each], [e.covariance() for e in each], min(map(degrees, ground)), names)


def degrees(one: Estimate) -> float:
    """Of freedom, of one completed data set."""
    return one.degrees if one.clusters else float(one.takes_part.sum()) - 1
