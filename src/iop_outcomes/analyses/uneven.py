"""What weights achieve, and why nothing is shown that stands on some: few people are left, or one; their mean is off.

Stabilised weights have the mean 1 where their models hold; one far from it says that the models are wrong, or that some
could hardly have done what they did (Cole & Hernan 2008, American Journal of Epidemiology 168:656). How far is too far
is the study's to say (`gate`), as no source does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from iop_outcomes.analyses import rows as results
from iop_outcomes.analyses.rows import Row
from iop_outcomes.estimators.causal.marginal_structural import Weights
from iop_outcomes.protocol import Analysis, Gate
from iop_outcomes.tables.results import EFFECTIVE_SHARE, LARGEST_WEIGHT, MEAN_WEIGHT, TRUNCATED_SHARE


def off_their_mean(mean: float, gate: Gate, whose: str) -> str:
    """That the mean of some weights is off, or ''. whose: what they are, such as 'weights of weekly histories'."""
    limit = gate.max_mean_weight_gap
    if abs(mean - 1) <= limit:
        return ""
    return (
        f"the {whose} have a mean of {mean:.2f}, and where their models hold it is 1 (limits {max(1 - limit, 0):g} and "
        f"{1 + limit:g})"
    )


def uneven(whole: Weights, used: Weights, gate: Gate, whose: str) -> str:
    """What is wrong with weights, or ''. whole: as they were estimated. used: brought in to their quantiles."""
    share, largest = used.effective_share, used.largest / used.mean
    if share < gate.min_effective_share or largest > gate.max_weight:
        return (
            f"the {whose} leave {share:.0%} of the people as effective sample, and one person weighs {largest:.0f} "
            f"times the mean (limits {gate.min_effective_share:.0%} and {gate.max_weight:g})"
        )
    return off_their_mean(whole.mean, gate, whose)


def achieved(weights: Weights) -> dict[str, float]:
    """How many people weights leave, as a share, and the largest by their mean."""
    return {EFFECTIVE_SHARE: weights.effective_share, LARGEST_WEIGHT: weights.largest / weights.mean}


def diagnosed(ask: Analysis, whole: Weights, used: Weights, gate: Gate) -> Iterator[Row]:
    """Diagnostics of weights as they were estimated (whole) and as they are used, to two decimals, as of no one."""
    limits = {EFFECTIVE_SHARE: gate.min_effective_share, LARGEST_WEIGHT: gate.max_weight}
    values = {
        **achieved(used),
        MEAN_WEIGHT: whole.mean,
        TRUNCATED_SHARE: float((used.weight != whole.weight)[used.people].mean()),
    }
    for quantity, value in values.items():
        yield results.diagnostic(ask, quantity, round(value, 2), limits.get(quantity, np.nan), "info")
