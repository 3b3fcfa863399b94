"""Shares of a state standardised by regression: as they would be with everyone on either side of a comparison."""

from __future__ import annotations

import numpy as np

from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects


def means(sample: Sample, state: Array, used: Mask) -> Estimate:
    """Shares with everyone `used` (n,) on the first side, and on the second: mean predictions of a logistic regression
    of the state (n,) on the side and on what stands beside it. Raises EstimationError.
    """
    x, names = sample.columns(used)
    model = effects.fit_outcome("logistic", x, state, names, observed=used)
    first, second = (np.column_stack([np.full(len(x), side), x[:, 1:]]) for side in (1.0, 0.0))
    return effects.standardised_means(model, first, second, over=used, names=sample.names)
