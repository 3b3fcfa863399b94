"""Hazard ratios of a comparison: over the whole follow-up, by period, and whether one ratio says it all.

What happens: the arm is the first covariate of a weighted Cox model; of ways of leaving it then has a ratio of its own
in each period between the days of `hazard_cuts_days`, and the ratios are tested for being one (a Wald test with the
same weights, score and clusters as the ratios). Where people weigh the same and are independent, hazards are tested for
being proportional by the score test, which knows neither weights nor clusters. Where
lengths of stay are known as intervals only, the ratio is that of grouped-time hazards, which needs no day. A period in
which an arm has too few events has no ratio of its own, and says so. Ratios of subdistribution hazards are of all days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from iop_outcomes.analyses.sample import Alike, Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import inference
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.cox import cox, fine_gray, grouped
from iop_outcomes.estimators.cox.cox import CoxFit
from iop_outcomes.estimators.cox.in_period import cox_in_period
from iop_outcomes.estimators.cox.proportionality import proportional_hazards_test
from iop_outcomes.protocol import Analysis
from iop_outcomes.vocabulary.methods import SCORED
from iop_outcomes.vocabulary.statuses import EVENTS, too_few


@dataclass(frozen=True)
class Period:
    """Days of follow-up, first and last, and the finished log ratio of their hazards, or why there is none."""

    first: int
    last: int
    estimate: Estimate | None
    reason: str = ""


@dataclass(frozen=True)
class Ratios:
    """The finished log ratio of all days, and of periods. fit: its Cox model, where it is one. one_ratio: p value of
    all periods having the same ratio, proportional: of the score test of proportional hazards, over_weeks: of the ratio
    of a weekly outcome being the same in all weeks; None where that is not tested.
    """

    whole: Estimate
    fit: CoxFit | None = None
    periods: tuple[Period, ...] = ()
    one_ratio: float | None = None
    proportional: float | None = None
    over_weeks: float | None = None


def over_all_days(ask: Analysis, sample: Sample, days: Array, event: Mask, used: Mask) -> Ratios:
    """The ratio of days (n,) up to the horizon among those `used` (n,). Raises EstimationError."""
    x, names = sample.columns(used)
    weight, strata = sample.weight(ask.method) * used, sample.strata(ask.method)
    fit = cox.cox(x, days, event, names, weight=weight, strata=strata)
    whole = sample.finish(fit.estimate.take(names[0]), ask.method)
    return Ratios(whole, fit, proportional=None if whole.clusters or ask.method in SCORED else _score_test(fit))


def _score_test(fit: CoxFit) -> float | None:
    """P value of the comparison's hazards being proportional, against a log ratio that changes with the share who have
    had the event; None where the event times are too few to tell.
    """
    try:
        return float(proportional_hazards_test(fit).p_value[0])
    except EstimationError:
        return None


def of_subdistributions(ask: Analysis, sample: Sample, days: Array, cause: Whole, used: Mask) -> Estimate:
    """The finished log ratio of the subdistribution hazards of cause 1 (n,) among those `used` (n,); 0 censored.

    Censoring is estimated within each arm, as cumulative incidences are. Raises EstimationError.
    """
    arm = sample.arm[:, None].astype(float)
    weight = sample.weight(ask.method) * used
    fit = fine_gray.fine_gray(arm, days, cause, 1, [sample.called], weight=weight, censoring_groups=sample.arm)
    return sample.finish(fit.estimate, ask.method)


def by_period(
    ask: Analysis, sample: Sample, days: Array, event: Mask, fewest: int
) -> tuple[tuple[Period, ...], float | None]:
    """The ratio of each period up to the horizon, and the p value of their being one.

    With the arm as the only covariate the partial likelihood falls into one for each period, fitted apart. fewest:
    events that each arm must have in a period.
    """
    cuts = [c for c in sample.inference.hazard_cuts_days if c < ask.horizon_days]
    if not cuts:
        return (), None
    found = [_period(ask, sample, days, event, bounds, fewest) for bounds in pairwise((0, *cuts, ask.horizon_days))]
    fitted = [replace(p.estimate, names=(f"period {at}",)) for at, p in enumerate(found) if p.estimate is not None]
    return tuple(found), _p_value(fitted)


def _period(ask: Analysis, sample: Sample, days: Array, event: Mask, bounds: tuple[int, int], fewest: int) -> Period:
    low, high = bounds
    # whoever leaves on day 0 leaves in the first period
    first = low + 1 if low else 0
    reason = _few(sample, event & (days >= first) & (days <= high), fewest)
    if not reason:
        x, names = sample.columns(days >= first)
        weight, strata = sample.weight(ask.method), sample.strata(ask.method)
        try:
            fit = cox_in_period(x, days, event, names, bounds, weight=weight, strata=strata)
            return Period(first, high, sample.finish(fit.estimate.take(names[0]), ask.method))
        except EstimationError as wrong:
            reason = str(wrong)
    return Period(first, high, None, reason)


def _few(sample: Sample, event: Mask, fewest: int) -> str:
    for value, name in ((1, sample.names[0]), (0, sample.names[1])):
        if int(event[sample.arm == value].sum()) < fewest:
            return too_few(fewest, EVENTS, name)
    return ""


def _p_value(fitted: Sequence[Estimate]) -> float | None:
    """Of the ratios of all periods that have one being the same; None of fewer than two."""
    k = len(fitted)
    if k < 2:
        return None
    steps = np.eye(k)[1:] - np.eye(k)[:-1]
    names = [f"step {at}" for at in range(1, k)]
    try:
        return inference.joint(join(fitted).transform(names, lambda v: steps @ v, steps)).p_value
    except EstimationError:  # with no more sites than periods there are ratios, and no test
        return None


def grouped_time(rows: Alike, first: str, low: Array, high: Array, cause: Whole, borders: Array) -> Estimate:
    """The log ratio of grouped-time hazards of the side `first`, for times of rows (r,) known as intervals (low, high].

    cause: (r,) 1 is counted.
    """
    arm = (rows.label == first)[:, None].astype(float)
    fit = grouped.grouped_hazards(
        arm, low, high, cause, 1, ["arm"], borders, weight=rows.weight, frequency=rows.frequency
    )
    return replace(fit.estimate, names=("arm",))
