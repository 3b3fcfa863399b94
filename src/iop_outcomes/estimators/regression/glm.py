"""Logistic, Poisson and linear regression with weights, frequencies and each row's influence.

What happens, in order: the outcome, the covariates and the rows are checked; numeric columns are centred and scaled,
and stay so in every sum, so that numbers far from zero lose no digits; Newton's method with step halving maximises the
likelihood; columns that others already contain are refused by name, and so are coefficients that grow without limit,
which mean separation.

Separation is decided, never guessed from large predictors. With p_i the fitted probability of what was observed of row
i, a Newton step s from anywhere shows that there is an estimate if p_i times what the predictor of i gains by s is
below 1 for all rows: the residuals, corrected by the step, are then weights above zero under which no row leaves a
direction to grow in (Stiemke's theorem). Where the steps do not end, or the information is too ill-conditioned to
believe them, `separation` decides.

All three have their canonical link, so the score of a person is x (y - mu) and the derivative of the coefficients with
respect to a row's weight is A^-1 x (y - mu), A = sum of W v(mu) x x'. The robust covariance that follows is HC0; with
a binary y `poisson` is the modified Poisson regression of Zou (2004, American Journal of Epidemiology 159:702). A^-1
itself is the covariance that the model implies (with frequencies, and weights read as such).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, column, refuse_collinear, rows, square_root
from iop_outcomes.estimators.base.stacking import Centred, Nuisance
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, centred, model_matrix
from iop_outcomes.estimators.regression.families import FAMILIES, Family
from iop_outcomes.estimators.regression.separation import (
    INTERCEPT,
    PROVED,
    Observed,
    ill_conditioned,
    listed,
    separating,
)

FIRST_ITERATIONS = 25  # then separation is decided
MAXIMUM_ITERATIONS = 100
MAXIMUM_HALVINGS = 40
MOST_APART = 1e12  # weights, largest by smallest
CONVERGED = 1e-10  # largest change in a linear predictor, in units of its size where that is above LARGE
LARGE = 30.0
# Steps that no longer shrink, as predictors far away are rounded, have settled if they move no mean by more than about
# this, and if they prove that there is an estimate.
SETTLED = 1e-6
SAME_INFORMATION = 1e-3  # below this change, the information of the step before still serves


def logistic(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """Log odds ratios. x: (n, p) without intercept; y: (n,) zeros and ones; names: p labels.

    Returns p + 1 coefficients, 'intercept' first. Raises EstimationError: no events or nothing else,
    collinear columns, separation.
    """
    return fit("logistic", x, y, names, weight, frequency)


def poisson(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """Log risk ratios of a binary y, or log rate ratios of a count; the rest as for `logistic`."""
    return fit("poisson", x, y, names, weight, frequency)


def linear(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """Differences in means; y any numbers, the rest as for `logistic`."""
    return fit("linear", x, y, names, weight, frequency)


def fit(
    family: str,
    x: ArrayLike | ModelMatrix,
    y: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """The coefficients of one of FAMILIES, by its name; see `logistic`."""
    solved = solve(family, x, y, names, weight, frequency)
    return solved.rows.estimate(solved.names, solved.coefficient, solved.gradient())


@dataclass(frozen=True)
class Solved:
    """A fitted model, its influence kept as a product so that national files fit in memory.

    coefficient: (p + 1,), intercept first. centred: its columns as they were fitted, with their inverse information.
    mean: (n,) fitted. residual: (n,) y - mean, 0 for rows without weight.
    """

    coefficient: Array
    centred: Centred
    covariates: ModelMatrix
    mean: Array
    residual: Array
    rows: Rows

    @cached_property
    def matrix(self) -> ModelMatrix:
        """(n, p + 1) columns as they were given, the intercept first."""
        return self.covariates.with_intercept(INTERCEPT)

    @property
    def names(self) -> tuple[str, ...]:
        """(p + 1,) of the coefficients."""
        return INTERCEPT, *self.covariates.names

    @property
    def inverse(self) -> Array:
        """(p + 1, p + 1) inverse information."""
        return self.centred.back @ self.centred.inverse @ self.centred.back.T

    def gradient(self) -> Array:
        """(n, p + 1) derivative of the coefficients by the total weight of each row."""
        out = np.empty(self.centred.matrix.shape)
        for at, product in self.centred.matrix.products(self.centred.inverse @ self.centred.back.T):
            np.multiply(product, self.residual[at, None], out=out[at])
        return out

    def nuisance(self) -> Nuisance:
        """The coefficients as parameters that another estimate stands on."""
        weighed = (self.rows.weight * self.residual)[:, None]
        return Nuisance(self.matrix, weighed, self.inverse, self.centred)

    def standard_error(self) -> Array:
        """(p + 1,) standard errors that the model implies, as of R's `glm` (not for the linear model)."""
        return np.sqrt(np.diag(self.inverse))


def solve(
    family: str,
    x: ArrayLike | ModelMatrix,
    y: ArrayLike,
    names: Sequence[str] = (),
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Solved:
    """Fit one of FAMILIES; x (n, p) without intercept, a table or a ModelMatrix. Raises as `logistic` does.

    names: p labels, by default 'column 1', 'column 2', ...
    """
    model = FAMILIES[family]
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, frequency)
    covariates = model_matrix(x, names, outcome.size)
    _check_outcome(model, outcome, counted)
    standard, back = standardised(covariates, counted)
    total = counted.total / counted.total[counted.used].mean()
    some = np.flatnonzero(counted.used) if not counted.used.all() else slice(None)
    used = standard.take(some)
    beta, inverse = _maximise(model, used, covariates.take(some), outcome[some], total[some])
    predictor = standard.times(beta)
    with np.errstate(over="ignore"):  # of rows without weight
        mean, residual = model.mean(predictor), model.residual(outcome, predictor)
    known = Centred(standard, back, inverse / counted.total[counted.used].mean())
    return Solved(back @ beta, known, covariates, mean, np.where(counted.used, residual, 0.0), counted)


def with_intercept(x: Array) -> Array:
    """(n, p + 1): a column of ones in front of x."""
    return np.column_stack([np.ones(len(x)), x])


def standardised(x: ModelMatrix, counted: Rows) -> tuple[ModelMatrix, Array]:
    """The columns with an intercept, numeric ones less their mean and over their spread, and the matrix (p + 1, p + 1)
    that takes coefficients back: b = b* / scale, and the intercept gives up the centres.
    """
    standard, centre, scale = centred(x, counted.used * counted.frequency)
    back = np.diag(np.concatenate([[1.0], 1 / scale]))
    back[0, 1:] = -centre / scale
    return standard.with_intercept(INTERCEPT), back


def _maximise(model: Family, x: ModelMatrix, plain: ModelMatrix, y: Array, total: Array) -> tuple[Array, Array]:
    """The coefficients and the inverse information at them. plain: the columns of x as they were given."""
    beta = np.zeros(x.shape[1])
    beta[0] = model.link(float(total @ y / total.sum()))
    beta, moved = _climb(model, x, y, total, beta, FIRST_ITERATIONS)
    information = _information(model, x, total, beta)
    _look_for_collinear(model, x, total, information)
    if np.isfinite(model.lowest) and (not moved < CONVERGED or ill_conditioned(information)):
        _refuse_separation(model, plain, y, model.residual(y, x.times(beta)))
    if not moved < CONVERGED:
        beta, moved = _climb(model, x, y, total, beta, MAXIMUM_ITERATIONS)
        information = _information(model, x, total, beta)
    inverse = _solve(information, np.eye(len(beta)))
    if not moved < CONVERGED or not np.isfinite(inverse).all() or (np.diag(inverse) <= 0).any():
        refuse_unsettled(model.name, x.names)
    return beta, inverse


def _look_for_collinear(model: Family, x: ModelMatrix, total: Array, information: Array) -> None:
    """Refuse collinear columns; an information that only looks so, as under separation, is told from the columns."""
    # of weights so far apart, what is left of the others in the information is rounding, which can look like a column
    if np.isfinite(information).all() and total.max() < MOST_APART * total[total > 0].min():
        with suppress(EstimationError):
            refuse_collinear(square_root(information), x.names, model.name, tolerance=1e-7)
            return
    refuse_collinear_columns(x, total, x.gram(total), model.name)


def refuse_collinear_columns(x: ModelMatrix, total: Array, gram: Array, model: str) -> None:
    """Refuse columns of which one is a combination of others, and weights under which one only seems to be."""
    try:
        refuse_collinear(square_root(gram), x.names, model, tolerance=1e-7)
    except EstimationError:
        refuse_collinear(square_root(x.gram(np.ones(len(total)))), x.names, model, tolerance=1e-7)
        raise EstimationError(
            f"The weights lie so many powers of ten apart that the columns of the {model} cannot be told apart among "
            "the heaviest, and the others have no say. Truncate the weights, or leave out people of next to none."
        ) from None


def _information(model: Family, x: ModelMatrix, total: Array, beta: Array) -> Array:
    return x.gram(total * model.bend(x.times(beta)))


def _climb(model: Family, x: ModelMatrix, y: Array, total: Array, beta: Array, iterations: int) -> tuple[Array, float]:
    """Newton steps, halved while the likelihood falls: the coefficients, and how far the last moved anyone (0 where the
    steps have settled).
    """

    def likelihood(predictor: Array) -> float:
        with np.errstate(over="ignore"):
            return float(total @ model.likelihood(y, predictor))

    predictor, moved = x.times(beta), np.inf
    reached = likelihood(predictor)
    for _ in range(iterations):
        if moved > SAME_INFORMATION:
            information = x.gram(total * model.bend(predictor))
        step = _solve(information, x.crossproduct(total * model.residual(y, predictor)))
        change, before = x.times(step), moved
        # of the whole step, as one that had to be halved proves nothing; a predictor is known to so many digits only
        moved = float((np.abs(change) / np.maximum(np.abs(predictor) / LARGE, 1.0)).max())
        whole = np.abs(change)
        for _ in range(MAXIMUM_HALVINGS):
            gained = likelihood(predictor + change)
            if gained >= reached - 1e-12 * (1 + abs(reached)):
                break
            step, change = step / 2, change / 2
        else:
            break
        beta, predictor, reached = beta + step, predictor + change, gained
        if moved < CONVERGED:
            break
        if moved > before / 2 and whole.max() < PROVED:
            matters = np.minimum(2 * np.sqrt(model.bend(predictor)), 1.0)
            if (whole * matters).max() < SETTLED:
                return beta, 0.0
    return beta, moved


def _solve(information: Array, right: Array) -> Array:
    """information^-1 right, scaled so that rare categories do not spoil it; the shortest solution if singular."""
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    scaled = right / (size if right.ndim == 1 else size[:, None])
    try:
        found = np.linalg.solve(information / np.outer(size, size), scaled)
    except np.linalg.LinAlgError:
        found = np.linalg.lstsq(information / np.outer(size, size), scaled, rcond=None)[0]
    return np.asarray(found / (size if right.ndim == 1 else size[:, None]))


def _refuse_separation(model: Family, x: ModelMatrix, y: Array, residual: Array) -> None:
    """Refuse columns that separate; x: (n, p) as given, residual: (n,) where the steps have come to."""
    names = separating(x, Observed.of_outcome(y, model.lowest, model.highest), residual)
    if not names:
        return
    named, hint = listed(names)
    raise EstimationError(
        f"The coefficient of {named} in the {model.name} has no finite estimate "
        "(separation): some value of it, alone or with others, goes with one outcome only. Merge the category with "
        f"another, or leave it out.{hint}"
    )


def refuse_unsettled(model: str, names: Sequence[str]) -> NoReturn:
    """A finite estimate that steps in numbers of sixteen digits do not find."""
    columns = ", ".join(name for name in names if name != INTERCEPT)
    raise EstimationError(
        f"The {model} has a finite estimate, but its steps do not settle on it: the values of some column lie on "
        f"scales too far apart, or columns differ from each other by very little ({columns}). Take the logarithm of "
        "skewed numbers, or leave out columns that say almost the same."
    )


def _check_outcome(model: Family, y: Array, counted: Rows) -> None:
    there = y[counted.used]
    if (there < model.lowest).any() or (there > model.highest).any():
        raise EstimationError(
            f"The outcome of a {model.name} must lie between {model.lowest:g} and {model.highest:g}; check its coding."
        )
    if np.isfinite(model.lowest) and (there == model.lowest).all():
        raise EstimationError(f"No events: y is {model.lowest:g} for everyone, so the {model.name} has no estimate.")
    if np.isfinite(model.highest) and (there == model.highest).all():
        raise EstimationError(f"Nothing but events: y is 1 for everyone, so the {model.name} has no estimate.")
