"""The gate after outcomes: the smallest difference in risk that the people of an analysis can show.

In order: effective people of each arm under the method's weights, the mean of the two estimated risks and the inflation
of the difference's variance by clusters (at least 1) make the difference that is detectable with 80 % power; where
estimates of several completed data sets are pooled, each of the three is its mean over them. It becomes a row of the
diagnostics. Where the protocol sets a limit and it is passed, the estimate is gated with that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from iop_outcomes.analyses.rows import Row, diagnostic
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.two_by_two.power import detectable_difference
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import DETECTABLE


@dataclass(frozen=True)
class Ground:
    """What a detectable difference stands on.

    risk: of both arms together. first, second: effective people of the arms. inflation: variance of the difference with
    clusters over that without, at least 1.
    """

    risk: float
    first: float
    second: float
    inflation: float


def ground(ask: Analysis, sample: Sample, estimate: Estimate, used: Mask) -> Ground:
    """The ground of one estimate. estimate: finished risks of the two arms. used: (n,) people in the denominator."""
    weight = sample.weight(ask.method) * used
    first, second = (effective_sample_size(weight[sample.arm == a]) for a in (1, 0))
    return Ground(float(estimate.value.mean()), first, second, _inflation(estimate))


def _inflation(estimate: Estimate) -> float:
    if not estimate.clusters:
        return 1.0
    gap = difference(estimate, *estimate.names)
    alone = float(gap.independent()[0, 0])
    return max(1.0, float(gap.covariance()[0, 0]) / alone) if alone > 0 else 1.0


@dataclass(frozen=True)
class Judged:
    """The row of the table diagnostics, if there is one, and why the estimate is gated, or ''."""

    row: Row | None = None
    reason: str = ""


def judge(ask: Analysis, level: float, grounds: Sequence[Ground], limit: float | None) -> Judged:
    """What the people of an analysis can show, held against the limit.

    level: of confidence. grounds: one, or those of each completed data set. Where no risk strictly between 0 and 1 was
    estimated, nothing is said.
    """
    risk, first, second, inflation = np.mean([astuple(g) for g in grounds], axis=0)
    if not 0 < risk < 1:
        return Judged()
    value = detectable_difference(risk, first, second, inflation, level=level)
    if limit is None:
        return Judged(diagnostic(ask, DETECTABLE, value, np.nan, "info"))
    passed = value > limit
    # the difference itself rests on outcomes, and is told by the diagnostics where it may be
    reason = f"these people can show no difference in risk as small as {limit:.0%}, the limit" if passed else ""
    return Judged(diagnostic(ask, DETECTABLE, value, limit, "failed" if passed else "ok"), reason)
