"""Multiple imputation by chained equations: missing numbers by predictive mean matching, categories by logistic draws.

What happens, in order: every column is coded once (an intercept, complete predictors, numbers standardised, an
indicator for each category but the first) and gaps are filled with draws from what was observed; then, variable by
variable and the least missing first, a regression of those observed on all other columns is fitted, coefficients are
drawn from their approximate posterior, missing values are drawn under them and take the place of the old; after some
passes the data set is complete. That is done m times from independent random streams of one seed. What is known of the
outcome belongs among the predictors, or associations with it are imputed away; for an event that takes time that is
its indicator and the cumulative hazard at each person's time (White & Royston 2009, Statistics in Medicine 28:1982):
`cumulative_hazard`. Refused: a variable that is missing for everyone.

Numbers: type 1 matching with five donors (van Buuren 2018, Flexible Imputation of Missing Data, section 3.4).
Categories: (multinomial) logistic regression with coefficients drawn from the normal approximation (polyreg of R's mice
does not draw them, and so understates what is not known; its logreg does). A weak normal prior on
the coefficients of indicators and standardised numbers (standard deviation 5, the scale of log odds) keeps them finite
where a category is only seen with one value, as added observations do in White, Daniel & Royston (2010, Computational
Statistics & Data Analysis 54:2267).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.rows import column, columns, indicator
from iop_outcomes.estimators.base.same_times import same_times
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.multinomial import information, probabilities

DONORS = 5
PASSES = 5
PRIOR_DEVIATION = 5.0
NEWTON_STEPS = 20
# squared length of a Newton step, in posterior standard errors, after which the mode is close enough to draw around
CLOSE = 0.01
# below this the information of the step before still serves
NEAR = 2.0
# people from which a part of them is fitted first
MANY, PART = 10_000, 10
RIDGE = 1e-5


@dataclass(frozen=True)
class Incomplete:
    """A variable with missing values (or none). values: (n,) numbers, or codes 0 to levels - 1; NaN where missing.

    levels: number of categories; 0 for a number.
    """

    name: str
    values: Array
    levels: int = 0

    @property
    def missing(self) -> Mask:
        """(n,)."""
        return np.isnan(self.values)


def impute(
    variables: Sequence[Incomplete],
    predictors: ArrayLike | None,
    imputations: int,
    seed: int,
    passes: int = PASSES,
) -> list[dict[str, Array]]:
    """As many completed data sets as `imputations`: values (n,) of each variable by name.

    predictors: (n, q) complete columns that help to predict: arm, sites, what is known of the outcome. Everything is
    the same again for the same seed.
    """
    if not variables or imputations < 1 or passes < 1:
        raise EstimationError("Imputation needs at least one variable, one imputation and one pass.")
    n = len(variables[0].values)
    for variable in variables:
        _check(variable, n)
    extra = np.empty((n, 0)) if predictors is None else np.asarray(predictors, dtype=float)
    extra = columns(extra, [f"predictor {at + 1}" for at in range(extra.shape[-1])], n)
    streams = np.random.default_rng(seed).spawn(imputations)
    start: dict[str, Array] = {}
    return [_chain(variables, extra, stream, passes, start) for stream in streams]


def cumulative_hazard(time: ArrayLike, event: ArrayLike) -> Array:
    """(n,) Nelson-Aalen cumulative hazard at each person's own time."""
    (times,) = same_times(column(time, "time"))
    happened = indicator(event, "event", times.size)
    distinct, at = np.unique(times, return_inverse=True)
    events = np.bincount(at, happened, len(distinct))
    risk = np.bincount(at, minlength=len(distinct))[::-1].cumsum()[::-1]
    return np.asarray(np.cumsum(events / risk)[at])


@dataclass
class _Coded:
    """All columns, coded: matrix (n, P), and where a variable's columns are. center, scale: of numbers."""

    matrix: Array
    place: dict[str, slice]
    center: dict[str, float]
    scale: dict[str, float]
    cells: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def put(self, variable: Incomplete, values: Array) -> None:
        """Write new values of the missing people, in the order of their rows."""
        at, place = self.cells[variable.name], self.place[variable.name]
        if not variable.levels:
            coded = (values - self.center[variable.name]) / self.scale[variable.name]
            self.matrix[at, place.start] = coded
        else:
            self.matrix[at, place] = values[:, None] == np.arange(1, variable.levels)


def _check(variable: Incomplete, n: int) -> None:
    values = np.asarray(variable.values, dtype=float)
    there = values[~np.isnan(values)]
    if values.shape != (n,) or not np.isfinite(there).all():
        raise EstimationError(f"'{variable.name}' must have {n} values, numbers or NaN where missing.")
    if not there.size:
        raise EstimationError(f"'{variable.name}' is missing for everyone: there is nothing to impute it from.")
    if variable.levels and ((there != np.round(there)) | (there < 0) | (there >= variable.levels)).any():
        raise EstimationError(f"'{variable.name}' must hold codes from 0 to {variable.levels - 1}, or NaN.")


def _code(variables: Sequence[Incomplete], extra: Array) -> _Coded:
    n, width = len(extra), 1 + extra.shape[1] + sum(max(v.levels - 1, 0) or int(not v.levels) for v in variables)
    spread = extra.std(axis=0)
    coded = _Coded(np.zeros((n, width)), {}, {}, {})
    coded.matrix[:, 0] = 1
    coded.matrix[:, 1 : 1 + extra.shape[1]] = (extra - extra.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    first = 1 + extra.shape[1]
    for v in variables:
        size = v.levels - 1 if v.levels else 1
        coded.place[v.name] = slice(first, first + size)
        first += size
        there = v.values[~v.missing]
        coded.center[v.name], coded.scale[v.name] = float(there.mean()), float(there.std()) or 1.0
        coded.cells[v.name] = np.arange(n)
        coded.put(v, np.where(v.missing, there[0], v.values))
        coded.cells[v.name] = np.flatnonzero(v.missing)
    return coded


def _chain(
    variables: Sequence[Incomplete], extra: Array, rng: np.random.Generator, passes: int, start: dict[str, Array]
) -> dict[str, Array]:
    """One completed data set. start: coefficients from which to search, handed on from chain to chain."""
    coded = _code(variables, extra)
    done = {v.name: v.values.astype(float) for v in variables}
    waiting = sorted((v for v in variables if v.missing.any()), key=lambda v: int(v.missing.sum()))
    for v in waiting:
        done[v.name][v.missing] = rng.choice(v.values[~v.missing], int(v.missing.sum()))
        coded.put(v, done[v.name][v.missing])
    for _ in range(passes if len(waiting) > 1 else 1):
        for v in waiting:
            others = np.ones(coded.matrix.shape[1], dtype=bool)
            others[coded.place[v.name]] = False
            seen, unseen = coded.matrix[~v.missing][:, others], coded.matrix[v.missing][:, others]
            known = v.values[~v.missing]
            if v.levels:
                drawn, start[v.name] = _categories(seen, known.astype(np.int64), unseen, start.get(v.name), rng)
            else:
                drawn = _matched(seen, known, unseen, rng)
            done[v.name][v.missing] = drawn
            coded.put(v, drawn)
    return done


def _matched(seen: Array, known: Array, unseen: Array, rng: np.random.Generator) -> Array:
    """Values of donors whose predicted value is near that of the person without one, under drawn coefficients."""
    cross = seen.T @ seen
    cross[np.diag_indices_from(cross)] *= 1 + RIDGE
    factor = linalg.cho_factor(cross + RIDGE * np.eye(len(cross)), lower=True)
    # from the mean and in units of the spread: a ridge on the mean of numbers far from zero would be an error
    standard = (known - known.mean()) / (float(known.std()) or 1.0)
    beta = linalg.cho_solve(factor, seen.T @ standard)
    fitted = seen @ beta
    freedom = max(len(known) - len(beta), 1)
    deviation = np.sqrt(((standard - fitted) ** 2).sum() / rng.chisquare(freedom))
    noise = linalg.solve_triangular(factor[0], rng.standard_normal(len(beta)), lower=True, trans="T")
    wanted = unseen @ (beta + deviation * noise)
    order = rng.permutation(len(known))
    order = order[np.argsort(fitted[order], kind="stable")]
    sorted_fit = fitted[order]
    low, high = (np.searchsorted(sorted_fit, wanted, side) for side in ("left", "right"))
    near = low + np.floor(rng.random(len(wanted)) * (high - low + 1)).astype(np.int64)
    donors = min(DONORS, len(known))
    window = np.clip(near[:, None] + np.arange(-donors, donors), 0, len(known) - 1)
    gap = np.abs(sorted_fit[window] - wanted[:, None])
    # beyond the ends the first or last person stands in the window many times, and counts once
    gap[:, 1:][window[:, 1:] == window[:, :-1]] = np.inf
    nearest = np.argpartition(gap, donors - 1, axis=1)[:, :donors]
    chosen = nearest[np.arange(len(wanted)), rng.integers(0, donors, len(wanted))]
    return np.asarray(known[order[window[np.arange(len(wanted)), chosen]]])


def _categories(
    seen: Array, known: NDArray[np.int64], unseen: Array, start: Array | None, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Categories drawn for the people without one, and the coefficients around which theirs were drawn."""
    levels, group = np.unique(known, return_inverse=True)
    if len(levels) == 1:
        return np.full(len(unseen), float(levels[0])), np.empty((0, seen.shape[1]))
    if start is None or start.shape != (len(levels) - 1, seen.shape[1]):
        start = np.zeros((len(levels) - 1, seen.shape[1]))
        if len(group) >= MANY:
            start = _mode(seen[::PART], group[::PART], start)[0]
    mode, root = _mode(seen, group, start)
    noise = linalg.solve_triangular(root, rng.standard_normal(mode.size), lower=True, trans="T")
    below = probabilities(unseen, mode + noise.reshape(mode.shape)).cumsum(axis=1)
    drawn = (rng.random(len(unseen))[:, None] > below[:, :-1]).sum(axis=1)
    return levels[drawn].astype(float), mode


def _mode(x: Array, group: NDArray[np.int64], start: Array) -> tuple[Array, Array]:
    """Coefficients (K - 1, q) at the posterior mode, and the lower Cholesky root of the information there."""
    precision = np.tile(np.r_[1e-4, np.full(x.shape[1] - 1, PRIOR_DEVIATION**-2)], len(start))
    received, rows = np.eye(len(start) + 1)[group][:, 1:], np.arange(len(x))

    def posterior(at: Array, of: Array) -> float:
        seen = np.maximum(of[rows, group], 1e-300)
        return float(np.log(seen).sum() - precision @ (at**2).ravel() / 2)

    beta, score, ones = start, probabilities(x, start), np.ones(len(x))
    best = posterior(beta, score)
    decrement = np.inf
    for _ in range(NEWTON_STEPS):
        if decrement > NEAR:
            curved = information(ModelMatrix(x, tuple(map(str, range(x.shape[1])))), score, ones)
            curved[np.diag_indices_from(curved)] += precision
            root = linalg.cholesky(curved, lower=True)
        uphill = ((received - score[:, 1:]).T @ x).ravel() - precision * beta.ravel()
        step = linalg.cho_solve((root, True), uphill).reshape(beta.shape)
        decrement = float(uphill @ step.ravel())
        if decrement < CLOSE:
            return beta + step, root
        for _ in range(NEWTON_STEPS):
            reached = probabilities(x, beta + step)
            likely = posterior(beta + step, reached)
            if likely >= best:
                break
            step = step / 2
        beta, score, best = beta + step, reached, likely
    return beta, root
