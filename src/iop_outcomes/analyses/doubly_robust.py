"""Augmented inverse probability weighting of a contrast: the score's terms in the outcome model, both models estimated.

The outcome model has the arm and the terms of the propensity score. It is logistic for outcomes that are 0 or 1, and
linear for pseudo-observations and days, which need not lie in a range. People of arms alongside are averaged over, and
have no part in the outcome model; a term that does not vary among those who have is not in it.

Of answers that may be missing there are two estimands. Those who would be seen: with R whether a person answers, the
mean of those is E[R Y] / E[R] under each arm, both doubly robust, as every outcome R Y and R is known of everyone; it
is what weighting those seen by the score alone estimates, too, and the default, since the people whom other methods,
the counts and the sentence beside them speak of are the same. Everyone asked: the outcome model and the residuals of
those seen are weighted by the inverse of each person's chance of answering, which takes answers to be missing at
random; it is asked for by the rule of that name. Who was not asked at all is in neither: both are over the share of
those asked.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.causal.observed import Chance

LOGISTIC, LINEAR = "logistic", "linear"


def means(
    sample: Sample, outcome: Array, seen: Mask, asked: Mask | None = None, chance: Chance | None = None
) -> Estimate:
    """Mean of an outcome that is 0 or 1 with everyone in the first and in the second arm, in that order.

    outcome, seen: (n,) in the order of the sample. asked: (n,) of whom it speaks: all of them are seen, or stand behind
    those who are by their `chance` (N,). By default those seen. Raises EstimationError.
    """
    counted = seen if asked is None else asked
    among = None if chance is None else seen | ~counted
    if counted.all():
        return _means(sample, outcome, among, LOGISTIC, chance)
    top = _either(sample, outcome * counted, among, chance)
    below = _either(sample, counted.astype(float), None, None)
    # of who is not counted nothing is known but that
    return replace(_ratio(top, below), part=sample.among(seen if chance is not None else counted))


def families(sample: Sample, outcome: Array, seen: Mask) -> tuple[str, str]:
    """The families of the regressions behind `means` of those seen: of the outcome with being seen, and of that."""
    found = (_family(sample, values) for values in (outcome * seen, seen.astype(float)))
    one, other = found
    return one, other


def _family(sample: Sample, outcome: Array) -> str:
    """Logistic; linear where some category of people, or an arm, has one outcome alone.

    Of who is seen that is no rare thing, and with the score the mean is right by either.
    """
    try:
        _means(sample, outcome, None, LOGISTIC, None)
    except EstimationError:
        return LINEAR
    return LOGISTIC


def _either(sample: Sample, outcome: Array, observed: Mask | None, chance: Chance | None) -> Estimate:
    """By the family that has an estimate."""
    try:
        return _means(sample, outcome, observed, LOGISTIC, chance)
    except EstimationError:
        return _means(sample, outcome, observed, LINEAR, chance)


def of_times(sample: Sample, outcome: Array) -> Estimate:
    """The same of pseudo-observations (n,), which are known of everyone."""
    return _means(sample, outcome, None, LINEAR, None)


def _ratio(top: Estimate, below: Estimate) -> Estimate:
    """Arm by arm, the one over the other. Raises EstimationError."""
    k = len(top.names)
    if (below.value <= 0).any():
        raise EstimationError("the share of people who would be seen is not above zero in an arm")
    value = top.value / below.value
    both = join([top, replace(below, names=tuple(f"{name} seen" for name in below.names))])
    jacobian = np.hstack([np.diag(1 / below.value), np.diag(-value / below.value)])
    return both.transform(top.names, lambda v: v[:k] / v[k:], jacobian)


def _means(sample: Sample, outcome: Array, observed: Mask | None, family: str, chance: Chance | None) -> Estimate:
    """observed: (n,) whose outcome is known; everyone's where it is None."""
    score, arm, there = sample.propensity, sample.everyone["arm"].to_numpy(), sample.compared
    known, seen = np.zeros(len(arm)), np.zeros(len(arm), dtype=bool)
    known[there], seen[there] = outcome, True if observed is None else observed
    first, second = sample.names
    terms_of = score.matrix.varying(seen)
    try:
        found = aipw_of_arms(family, known, arm, (second, first), terms_of, score, seen, chance=chance)
    except EstimationError as refusal:
        raise EstimationError(terms.told(str(refusal))) from refusal
    return found.take(first, second)
