"""The regressions' families, all with canonical link: means, variances, likelihoods, and what keeps their digits.

What happens: nothing by itself; `regression` and what stands on it read the table. y - mean and the variance come from
the linear predictor, as 1 less a mean near 1 has few digits left. Nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array


@dataclass(frozen=True)
class Family:
    """A model with canonical link.

    name: in messages. mean: of the linear predictor. variance: of the mean. likelihood: its logarithm, of y and the
    predictor. link: from the mean of everyone to the first intercept. lowest, highest: the range of y. residual: of y
    and the predictor, and bend: of the predictor, y - mean and the variance without rounding where they are small.
    """

    name: str
    mean: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    likelihood: Callable[[Array, Array], Array]
    link: Callable[[float], float]
    lowest: float
    highest: float
    residual: Callable[[Array, Array], Array]
    bend: Callable[[Array], Array]


FAMILIES: dict[str, Family] = {
    "logistic": Family(
        "logistic model", expit, lambda mu: mu * (1 - mu),
        lambda y, eta: (y - (eta > 0)) * eta - np.log1p(np.exp(-np.abs(eta))),
        lambda m: float(np.log(m / (1 - m))), 0.0, 1.0,
        lambda y, eta: y * expit(-eta) - (1 - y) * expit(eta), lambda eta: expit(eta) * expit(-eta),
    ),
    "poisson": Family(
        "Poisson model", np.exp, lambda mu: mu, lambda y, eta: y * eta - np.exp(eta),
        lambda m: float(np.log(m)), 0.0, np.inf,
        lambda y, eta: y - np.exp(eta), np.exp,
    ),
    "linear": Family(
        "linear model", lambda eta: eta, np.ones_like, lambda y, eta: y * eta - eta**2 / 2,
        lambda m: m, -np.inf, np.inf,
        lambda y, eta: y - eta, np.ones_like,
    ),
}  # fmt: skip
