"""Logistic regression with a weak normal prior on its coefficients, where a category may go with one outcome alone.

What happens: Newton's method with step halving climbs to the mode of the posterior. The prior has a standard deviation
of 5 on the scale of log odds, of columns with unit deviation: next to nothing where there are data, and enough to keep
coefficients finite where there are none to say otherwise, as added observations do in White, Daniel & Royston (2010,
Computational Statistics & Data Analysis 54:2267). The intercept is all but free. Nothing is refused.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array, Mask

PRIOR_DEVIATION = 5.0
NEWTON_STEPS = 40
SETTLED = 1e-16
NEAR = 1e-4  # a step this short, squared and in posterior standard errors, is not halved
AT_ONCE = 2048  # rows


def posterior_mode(
    x: Array, outcome: Array, there: Mask | Array, start: Array | None = None, close: float = SETTLED
) -> tuple[Array, Array]:
    """Coefficients (p,) at the posterior mode among those who are there, and the lower Cholesky root of information.

    x: (n, p) columns with unit deviation, the first an intercept. outcome: (n,) zeros and ones, there: (n,) who has a
    part, or weights. start: (p,) from which to search. close: squared length of a Newton step, in posterior
    standard errors, after which the next point is the mode.
    """
    precision = np.r_[1e-4, np.full(x.shape[1] - 1, PRIOR_DEVIATION**-2)]
    known = np.where(there, outcome, 0.0)
    beta = np.zeros(x.shape[1]) if start is None else start
    predictor = x @ beta
    best: float | None = None
    for _ in range(NEWTON_STEPS):
        chance = expit(predictor)
        curved = _gram(x, there * chance * (1 - chance))
        curved[np.diag_indices_from(curved)] += precision
        root = linalg.cholesky(curved, lower=True)
        uphill = x.T @ (there * (known - chance)) - precision * beta
        step = linalg.cho_solve((root, True), uphill)
        if float(uphill @ step) < close:
            return beta + step, root
        change = x @ step
        if float(uphill @ step) < NEAR:
            beta, predictor, best = beta + step, predictor + change, None
            continue
        if best is None:
            best = _posterior(predictor, known, there, beta, precision)
        for _ in range(NEWTON_STEPS):
            reached = _posterior(predictor + change, known, there, beta + step, precision)
            if reached >= best:
                break
            step, change = step / 2, change / 2
        beta, predictor, best = beta + step, predictor + change, reached
    return beta, root


def _gram(x: Array, weight: Array) -> Array:
    """(p, p) sum of weight times x x', so many rows at a time that they stay at hand."""
    found = np.zeros((x.shape[1], x.shape[1]))
    for first in range(0, len(x), AT_ONCE):
        some = x[first : first + AT_ONCE]
        found += some.T @ (some * weight[first : first + AT_ONCE, None])
    return found


def _posterior(predictor: Array, outcome: Array, there: Mask | Array, beta: Array, precision: Array) -> float:
    """Log posterior density, up to a constant."""
    likelihood = outcome * predictor - np.logaddexp(0.0, predictor)
    return float(likelihood @ there - precision @ beta**2 / 2)
