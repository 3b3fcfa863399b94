"""Logistic regression with a weak normal prior on its coefficients, where a category may go with one outcome alone.

What happens: Newton's method climbs to the mode of the posterior, reading the rows once for each step. A step that
moves no row's predictor by more than `SAFE` never leads down: with u uphill, s the step and r the farthest move, the
log posterior gains at least u's (1 - (e^r - r - 1) / r^2) (Bach 2010, Electronic Journal of Statistics 4:384,
proposition 1). A longer one is halved while it does.

The prior has a standard deviation of 5 on the scale of log odds, of columns with unit deviation: next to nothing where
there are data, and enough to keep coefficients finite where there are none to say otherwise, as added observations do
in White, Daniel & Royston (2010, Computational Statistics & Data Analysis 54:2267). The intercept is all but free.
Nothing is refused.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array, Mask

PRIOR_DEVIATION = 5.0
NEWTON_STEPS = 40
SETTLED, ROUGH = 1e-16, 1.0
# after a step this short, squared and in posterior standard errors, the information serves once more; and then as long
# as the next is shorter by so much
NEAR, SHRINKS = 0.01, 0.01
SAFE = 1.79  # where (e^r - r - 1) / r^2 reaches 1
AT_ONCE = 8192  # rows


def posterior_mode(
    x: Array, outcome: Array, there: Mask | Array | None = None, start: Array | None = None, close: float = SETTLED
) -> tuple[Array, Array]:
    """Coefficients (p,) at the posterior mode among those who are there, and the lower Cholesky root of information.

    x: (n, p) columns with unit deviation, the first an intercept. outcome: (n,) zeros and ones, there: (n,) who has a
    part, or weights; None: everyone. start: (p,) from which to search. close: squared length of a Newton step, in
    posterior standard errors, after which the next point is the mode.
    """
    found = _Climb(x, outcome if there is None else np.where(there, outcome, 0.0), there)
    beta = found.to_mode(start, close)
    return beta, found.root


def mode(x: Array, outcome: Array | Mask, start: Array | None = None, close: float = SETTLED, first: int = 1) -> Array:
    """(p,) the coefficients alone, of everyone; the rest as in `posterior_mode`. Close to the mode the information of
    the step before serves once more, as long as steps shrink by it.

    first: the search begins with one row of so many.
    """
    if first == 1:
        return _Climb(x, outcome, None).to_mode(start, close, again=True)
    some = _Climb(np.asfortranarray(x[::first]), outcome[::first], None)
    start = some.to_mode(start, ROUGH, again=True)
    # what some of the rows tell of the information is near enough for a first step
    return _Climb(x, outcome, None, some.root * np.sqrt(len(x) / len(some.x))).to_mode(start, close, again=True)


def root_of_information(gram: Array) -> Array:
    """(p, p) lower Cholesky root of the information of the posterior, of that of the likelihood."""
    curved = gram.copy()
    curved[np.diag_indices_from(curved)] += _precision(len(curved))
    return np.asarray(linalg.cholesky(curved, lower=True))


def _precision(columns: int) -> Array:
    """(p,) of the prior."""
    return np.r_[1e-4, np.full(columns - 1, PRIOR_DEVIATION**-2)]


class _Climb:
    """From a point to the mode. root: of the information where it was last looked at."""

    def __init__(self, x: Array, told: Array | Mask, there: Mask | Array | None, root: Array | None = None) -> None:
        self.x, self.told, self.there = x, told, there
        self.precision = _precision(x.shape[1])
        self.predictor = np.zeros(len(x))
        self.root = np.empty((0, 0)) if root is None else root

    def to_mode(self, start: Array | None, close: float, again: bool = False) -> Array:
        """(p,) the mode. again: whether information may serve once more; otherwise the root is of the last point."""
        beta = np.zeros(self.x.shape[1]) if start is None else start
        renewed, before = not self.root.size, np.inf
        uphill = self.look(beta, renewed)[0]
        for _ in range(NEWTON_STEPS):
            step = linalg.cho_solve((self.root, True), uphill)
            length = float(uphill @ step)
            if length < close:
                return np.asarray(beta + step)
            renewed = not again or length > NEAR or (not renewed and length > SHRINKS * before)
            beta, uphill = self._taken(beta, step, renewed)
            before = length
        return beta

    def _taken(self, beta: Array, step: Array, curved: bool) -> tuple[Array, Array]:
        """The point after a step, halved where it leads down, and what is uphill there."""
        best: float | None = None
        for _ in range(NEWTON_STEPS):
            uphill, farthest = self.look(beta + step, curved)
            if farthest <= SAFE:
                break
            best = self._posterior(beta) if best is None else best
            if self._posterior(beta + step) >= best:
                break
            step = step / 2
        return beta + step, uphill

    def look(self, beta: Array, curved: bool) -> tuple[Array, float]:
        """(p,) the derivative of the log posterior, and the farthest that a row's predictor came from where it was; the
        root is renewed where `curved`.
        """
        uphill, gram, farthest = -self.precision * beta, np.zeros((len(beta), len(beta))), 0.0
        # so many rows at a time that they stay at hand
        for first in range(0, len(self.x), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            some = self.x[part].T
            at = beta @ some
            moved = np.subtract(at, self.predictor[part], out=self.predictor[part])
            farthest = max(farthest, float(moved.max()), -float(moved.min()))
            self.predictor[part] = at
            chance = expit(at, out=at)
            residual = self.told[part] - chance
            uphill += some @ (residual if self.there is None else residual * self.there[part])
            if curved:
                spread = chance * (1 - chance)
                gram += (some * (spread if self.there is None else spread * self.there[part])) @ some.T
        if curved:
            self.root = root_of_information(gram)
        return uphill, farthest

    def _posterior(self, beta: Array) -> float:
        """Log posterior density, up to a constant."""
        predictor = self.x @ beta
        likelihood = self.told * predictor - np.logaddexp(0.0, predictor)
        total = likelihood.sum() if self.there is None else likelihood @ self.there
        return float(total - self.precision @ beta**2 / 2)
