"""Logistic, Poisson and linear regression with weights, frequencies and each row's influence.

What happens, in order: the outcome, the covariates and the rows are checked; numeric columns are centred and scaled;
Newton's method with step halving maximises the likelihood; columns that others already contain are refused by name, and
so are coefficients that grow without limit, which mean separation.

All three have their canonical link, so the score of a person is x (y - mu) and the derivative of the coefficients with
respect to a row's weight is A^-1 x (y - mu), A = sum of W v(mu) x x'. The robust covariance that follows is HC0; with
a binary y `poisson` is the modified Poisson regression of Zou (2004, American Journal of Epidemiology 159:702). A^-1
itself is the covariance that the model implies (with frequencies, and weights read as such).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Estimate, Nuisance
from iop_outcomes.estimators.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.rows import Rows, column, refuse_collinear, rows, square_root

INTERCEPT = "intercept"
MAXIMUM_ITERATIONS = 40
MAXIMUM_HALVINGS = 25
CONVERGED = 1e-10  # largest change in a linear predictor
SAME_INFORMATION = 1e-3  # below this change, the information of the step before still serves
MOST_NAMED = 5  # columns in a message


@dataclass(frozen=True)
class Family:
    """A model with canonical link.

    name: in messages. mean: of the linear predictor, the derivative of cumulant. variance: of the mean.
    link: from the mean of everyone to the first intercept. lowest, highest: the range of y. saturated: linear
    predictors beyond which the mean is lowest or highest to thirteen digits, as it is only under separation.
    """

    name: str
    mean: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    cumulant: Callable[[Array], Array]
    link: Callable[[float], float]
    lowest: float
    highest: float
    saturated: tuple[float, float]


FAMILIES: dict[str, Family] = {
    "logistic": Family(
        "logistic model", expit, lambda mu: mu * (1 - mu), lambda eta: np.logaddexp(0, eta),
        lambda m: float(np.log(m / (1 - m))), 0.0, 1.0, (-30.0, 30.0),
    ),
    "poisson": Family(
        "Poisson model", np.exp, lambda mu: mu, np.exp, lambda m: float(np.log(m)), 0.0, np.inf,
        (-30.0, np.inf),
    ),
    "linear": Family(
        "linear model", lambda eta: eta, np.ones_like, lambda eta: eta**2 / 2, lambda m: m, -np.inf, np.inf,
        (-np.inf, np.inf),
    ),
}  # fmt: skip


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
    return solved.rows.estimate(solved.matrix.names, solved.coefficient, solved.gradient())


@dataclass(frozen=True)
class Solved:
    """A fitted model, its influence kept as a product so that national files fit in memory.

    coefficient: (p + 1,), intercept first. inverse: (p + 1, p + 1) inverse information. matrix: (n, p + 1).
    mean: (n,) fitted. residual: (n,) y - mean, 0 for rows without weight.
    """

    coefficient: Array
    inverse: Array
    matrix: ModelMatrix
    mean: Array
    residual: Array
    rows: Rows

    def gradient(self) -> Array:
        """(n, p + 1) derivative of the coefficients by the total weight of each row."""
        out = np.empty(self.matrix.shape)
        for at, product in self.matrix.products(self.inverse):
            np.multiply(product, self.residual[at, None], out=out[at])
        return out

    def nuisance(self) -> Nuisance:
        """The coefficients as parameters that another estimate stands on."""
        return Nuisance(self.matrix, (self.rows.weight * self.residual)[:, None], self.inverse)

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
    """Fit one of FAMILIES; x (n, p) without intercept, a table or a ModelMatrix. Raises as `logistic` does."""
    model = FAMILIES[family]
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, frequency)
    covariates = model_matrix(x, names, outcome.size)
    _check_outcome(model, outcome, counted)
    standard, centre, scale = standardised(covariates, counted)
    total = counted.total / counted.total[counted.used].mean()
    some = np.flatnonzero(counted.used) if not counted.used.all() else slice(None)
    beta, inverse = _maximise(model, standard.take(some), outcome[some], total[some])
    # back from centred and scaled columns: b = b* / scale, and the intercept gives up the centres
    back = np.diag(1 / scale)
    back[0] -= centre / scale
    coefficient = back @ beta
    with np.errstate(over="ignore"):  # the mean of a row without weight may be too large for a number
        mean = model.mean(standard.times(beta))
    residual = np.where(counted.used, outcome - mean, 0.0)
    unscaled = back @ inverse @ back.T / counted.total[counted.used].mean()
    return Solved(coefficient, unscaled, covariates.with_intercept(INTERCEPT), mean, residual, counted)


def with_intercept(x: Array) -> Array:
    """(n, p + 1): a column of ones in front of x."""
    return np.column_stack([np.ones(len(x)), x])


def standardised(x: ModelMatrix, counted: Rows) -> tuple[ModelMatrix, Array, Array]:
    """The columns with an intercept, numeric ones less their mean and over their spread; and both, (p + 1,)."""
    share = counted.used * counted.frequency / (counted.used * counted.frequency).sum()
    centre, scale = np.zeros(x.shape[1] + 1), np.ones(x.shape[1] + 1)
    a = x.numeric.shape[1]
    centre[1 : a + 1] = share @ x.numeric
    numeric = x.numeric - centre[1 : a + 1]
    spread = np.sqrt(share @ numeric**2)
    flat = spread <= 1e-10 * np.sqrt(share @ x.numeric**2)
    scale[1 : a + 1] = np.where(flat, 1.0, spread)
    standard = ModelMatrix(np.where(flat, 0.0, numeric / scale[1 : a + 1]), x.names, x.codes, x.levels)
    return standard.with_intercept(INTERCEPT), centre, scale


def _maximise(model: Family, x: ModelMatrix, y: Array, total: Array) -> tuple[Array, Array]:
    """The coefficients and the inverse information at them."""
    beta = np.zeros(x.shape[1])
    beta[0] = model.link(float(total @ y / total.sum()))
    beta, moved, grown = _climb(model, x, y, total, beta)
    information = _information(model, x, total, beta)
    _look_for_collinear(model, x, total, information)
    # under separation the steps may end all the same, as nothing is left to explain
    if not moved < CONVERGED or grown is not None:
        _refuse_separation(model, beta if grown is None else grown, x.names)
    inverse = _solve(information, np.eye(len(beta)))
    if not np.isfinite(inverse).all() or (np.diag(inverse) <= 0).any():
        _refuse_separation(model, beta, x.names)
    return beta, inverse


def _look_for_collinear(model: Family, x: ModelMatrix, total: Array, information: Array) -> None:
    """Refuse collinear columns; an information that only looks so, as under separation, is told from the columns."""
    try:
        refuse_collinear(square_root(information), x.names, model.name, tolerance=1e-7)
    except EstimationError:
        refuse_collinear(square_root(x.gram(total)), x.names, model.name, tolerance=1e-7)


def _information(model: Family, x: ModelMatrix, total: Array, beta: Array) -> Array:
    return x.gram(total * model.variance(model.mean(x.times(beta))))


def _climb(model: Family, x: ModelMatrix, y: Array, total: Array, beta: Array) -> tuple[Array, float, Array | None]:
    """Newton steps, halved while the likelihood falls: the coefficients, how far the last moved anyone, and, if a
    predictor is saturated, the coefficients when it first was: later ones are noise where they have no limit.
    """

    def likelihood(predictor: Array) -> float:
        with np.errstate(over="ignore"):
            return float(total @ (y * predictor - model.cumulant(predictor)))

    predictor, moved, grown = x.times(beta), np.inf, None
    reached = likelihood(predictor)
    for _ in range(MAXIMUM_ITERATIONS):
        mean = model.mean(predictor)
        if moved > SAME_INFORMATION:
            information = x.gram(total * model.variance(mean))
        step = _solve(information, x.crossproduct(total * (y - mean)))
        change = x.times(step)
        for _ in range(MAXIMUM_HALVINGS):
            gained = likelihood(predictor + change)
            if gained >= reached - 1e-12 * (1 + abs(reached)):
                break
            step, change = step / 2, change / 2
        beta, predictor, reached = beta + step, predictor + change, gained
        moved = float(np.abs(change).max())
        low, high = model.saturated
        saturated = bool(predictor.min() < low or predictor.max() > high)
        grown = (beta if grown is None else grown) if saturated else None
        if moved < CONVERGED or not np.isfinite(moved):
            break
    return beta, moved, grown


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


def separated(size: Array, labels: Sequence[str]) -> tuple[str, str]:
    """Which coefficients grow without limit, and what it means where they are many; size: (p,) of them."""
    guilty = [name for name, s in zip(labels, size, strict=True) if s > 0.5 * size.max()]
    named = [name for name in guilty if name != INTERCEPT] or guilty
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    reference = " Where all categories of one covariate are named, it is their reference that does so." if more else ""
    return ", ".join(named[:MOST_NAMED]) + more, reference


def _refuse_separation(model: Family, beta: Array, labels: Sequence[str]) -> NoReturn:
    # told from how far they have grown: once all means are 0 or 1 to the last digit, a step is noise
    named, hint = separated(np.abs(np.nan_to_num(beta, nan=1.0)), labels)
    raise EstimationError(
        f"The coefficient of {named} in the {model.name} has no finite estimate "
        "(separation): some value of it, alone or with others, goes with one outcome only. Merge the category with "
        f"another, or leave it out.{hint}"
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
