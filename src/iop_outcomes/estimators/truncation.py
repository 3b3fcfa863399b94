"""Propensity weights of a kind, truncated or not, and how they move with the score.

What happens: scores become weights of one of `propensity.WEIGHTINGS`, and are brought in to two of their quantiles
where that is asked for (Cole & Hernan 2008, American Journal of Epidemiology 168:656). A truncated weight does not move
with the score: its derivative by the score is zero, and the quantiles are taken as known. Refused: what
`propensity` refuses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.estimators import propensity
from iop_outcomes.estimators.estimate import Array

Quantiles = tuple[float, float]


def weigh(kind: str, arm: ArrayLike, score: ArrayLike, truncated: Quantiles | None = None) -> Array:
    """(n,) weights, of arm (n,) zeros and ones and propensity score (n,). truncated: lower and upper quantile."""
    raw = propensity.weights(kind, arm, score)
    return raw if truncated is None else propensity.truncate(raw, *truncated)[0]


def slope(kind: str, arm: ArrayLike, score: ArrayLike, truncated: Quantiles | None = None) -> Array:
    """(n,) derivatives of the weights by the score's linear predictor, for `estimate.stack`."""
    found = propensity.weight_slope(kind, arm, score)
    if truncated is None:
        return found
    untouched = propensity.truncate(propensity.weights(kind, arm, score), *truncated)[1]
    return np.asarray(found * untouched)
