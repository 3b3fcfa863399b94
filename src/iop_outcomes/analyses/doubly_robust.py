"""Augmented inverse probability weighting of a contrast: the score's terms in the outcome model, both models estimated.

The outcome model has the arm and the terms of the propensity score. It is logistic for outcomes that are 0 or 1, and
linear for pseudo-observations and days, which need not lie in a range. People of arms alongside are averaged over, and
have no part in the outcome model; a term that does not vary among those who have is not in it.
"""

from __future__ import annotations

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.doubly_robust import aipw_of_arms
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix


def means(sample: Sample, outcome: Array, observed: Mask, family: str) -> Estimate:
    """Mean outcome with everyone in the first and in the second arm, in that order; the score counts as estimated.

    outcome, observed: (n,) in the order of the sample. family: one of families.FAMILIES. Raises EstimationError.
    """
    score, arm, there = sample.propensity, sample.everyone["arm"].to_numpy(), sample.compared
    known, seen = np.zeros(len(arm)), np.zeros(len(arm), dtype=bool)
    known[there], seen[there] = outcome, observed
    first, second = sample.names
    try:
        found = aipw_of_arms(family, known, arm, (second, first), _varying(score.matrix, seen), score, seen)
    except EstimationError as refusal:
        raise EstimationError(terms.told(str(refusal))) from refusal
    return found.take(first, second)


def _varying(matrix: ModelMatrix, seen: Mask) -> ModelMatrix:
    """The columns (n, q) that vary among those `seen` (n,); the intercept, which does not, is among the others."""
    some = matrix.take(seen)
    people: Array = some.crossproduct(np.ones(some.shape[0]))
    varying = (people > 0) & (people < some.shape[0])
    a = some.numeric.shape[1]
    varying[:a] = np.ptp(some.numeric, axis=0) > 0
    return matrix.keep(varying)
