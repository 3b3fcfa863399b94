"""Augmented inverse probability weighting of a contrast: the score's terms in the outcome model, both models estimated.

The outcome model has the arm and the terms of the propensity score. It is logistic for outcomes that are 0 or 1, and
linear for pseudo-observations and days, which need not lie in a range. People of arms alongside are averaged over, and
have no part in the outcome model.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.arms_aipw import aipw_of_arms
from iop_outcomes.estimators.estimate import Estimate


def means(sample: Sample, outcome: Any, observed: Any, family: str) -> Estimate:
    """Mean outcome with everyone in the first and in the second arm, in that order; the score counts as estimated.

    outcome, observed: (n,) in the order of the sample. family: one of regression.FAMILIES. Raises EstimationError.
    """
    score, arm, there = sample.propensity, sample.everyone["arm"].to_numpy(), sample.compared
    known, seen = np.zeros(len(arm)), np.zeros(len(arm), dtype=bool)
    known[there], seen[there] = outcome, np.asarray(observed, dtype=bool)
    first, second = sample.names
    terms = score.matrix.keep(np.arange(score.matrix.shape[1]) > 0)
    try:
        found = aipw_of_arms(family, known, arm, (second, first), terms, score, seen)
    except EstimationError as refusal:
        # several terms of one covariate are told once, and none by its category or site
        told = re.sub(r"[tc]_\d+ (\w+)(?:=\d+)?(?:, [tc]_\d+ \1\b(?:=\d+)?)*", r"\1", str(refusal))
        raise EstimationError(told) from refusal
    return found.take(first, second)
