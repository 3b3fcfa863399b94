"""Augmented inverse probability weighting of a contrast: the score's terms in the outcome model, both models estimated.

The outcome model has the arm and the terms of the propensity score. It is logistic for outcomes that are 0 or 1, and
linear for pseudo-observations and days, which need not lie in a range.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import effects
from iop_outcomes.estimators.estimate import Estimate


def means(sample: Sample, outcome: Any, observed: Any, family: str) -> Estimate:
    """Mean outcome with everyone in the first and in the second arm, in that order; the score counts as estimated.

    outcome, observed: (n,) in the order of the sample. family: one of regression.FAMILIES. Raises EstimationError.
    """
    terms = sample.terms
    covariates = terms.keep(np.arange(terms.shape[1]) > 0)
    observed_arm, first, second = (covariates.with_column("arm", value) for value in (sample.arm, 1.0, 0.0))
    try:
        model = effects.fit_outcome(family, observed_arm, outcome, observed=observed)
    except EstimationError as refusal:
        # several terms of one covariate are told once, and none by its category or site
        told = re.sub(r"[tc]_\d+ (\w+)(?:=\d+)?(?:, [tc]_\d+ \1\b(?:=\d+)?)*", r"\1", str(refusal))
        raise EstimationError(told) from refusal
    return effects.aipw(model, sample.arm, first, second, sample.propensity, stacked=True)
