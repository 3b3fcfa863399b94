"""Generalised linear models with weights and frequencies: logistic, modified Poisson, linear.

What happens, in order: rows are checked; an intercept is put in front of the covariates; collinear columns
are refused by name; statsmodels finds the coefficients by iteratively reweighted least squares (for logistic models
of national size, whose QR decompositions take minutes, Newton steps from zero find them); Newton steps take them to
full precision, and show whether they exist: where a step still moves a prediction after convergence, a coefficient is
growing without limit (separation), which is refused naming the covariate.

All three have their canonical link, so the score of a person is x (y - mu) and the derivative of the
coefficients with respect to a row's weight is A^-1 x (y - mu), A = sum of W v(mu) x x'. The robust covariance
that follows is HC0; with a binary y `poisson` is the modified Poisson regression of Zou (2004, American
Journal of Epidemiology 159:702).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Estimate
from iop_outcomes.estimators.rows import Rows, column, columns, refuse_collinear, rows

INTERCEPT = "intercept"
POLISHING_STEPS = 2
LARGEST_LAST_MOVE = 1e-3
# cells of the design from which a logistic model starts with Newton steps of its own
NATIONAL_SIZE = 2_000_000
NEWTON_STEPS = 25


@dataclass(frozen=True)
class Family:
    """A model with canonical link.

    name: in messages. statsmodels: the name there. mean: of the linear predictor. variance: of the mean.
    lowest, highest: the range of y.
    """

    name: str
    statsmodels: str
    mean: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    lowest: float
    highest: float


FAMILIES: dict[str, Family] = {
    "logistic": Family("logistic model", "Binomial", expit, lambda mu: mu * (1 - mu), 0.0, 1.0),
    "poisson": Family("Poisson model", "Poisson", np.exp, lambda mu: mu, 0.0, np.inf),
    "linear": Family("linear model", "Gaussian", lambda eta: eta, np.ones_like, -np.inf, np.inf),
}


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
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """The coefficients of one of FAMILIES, by its name; see `logistic`."""
    model = FAMILIES[family]
    outcome = column(y, "y")
    counted = rows(outcome.size, weight, frequency)
    design = with_intercept(columns(x, names, outcome.size))
    labels = (INTERCEPT, *names)
    _check_outcome(model, outcome, counted)
    total = counted.total / counted.total[counted.used].mean()
    refuse_collinear(np.sqrt(total[counted.used])[:, None] * design[counted.used], labels, model.name)
    scale = np.sqrt((design[counted.used] ** 2).mean(axis=0))
    scaled = design / scale
    start = _iteratively_reweighted(model, scaled[counted.used], outcome[counted.used], total[counted.used])
    beta, inverse = _polished(model, scaled, outcome, total, start, labels)
    residual = outcome - model.mean(scaled @ beta)
    gradient = scaled @ inverse * residual[:, None] / scale / counted.total[counted.used].mean()
    return counted.estimate(labels, beta / scale, gradient)


def with_intercept(x: Array) -> Array:
    """(n, p + 1): a column of ones in front of x."""
    return np.column_stack([np.ones(len(x)), x])


def _iteratively_reweighted(model: Family, x: Array, y: Array, total: Array) -> Array:
    if model.name == FAMILIES["logistic"].name and x.size >= NATIONAL_SIZE:
        return newton(x, y, total)
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # separation is looked for below, whether or not statsmodels noticed it
        fitted = GLM(y, x, family=getattr(families, model.statsmodels)(), freq_weights=total)
        # the deviance grows with the people, and so does its rounding error
        result = fitted.fit(maxiter=100, tol=1e-9 * max(1.0, len(y) / 1000), wls_method="qr")
    return np.asarray(result.params, dtype=float)


def newton(x: Array, y: Array, total: Array) -> Array:
    """Coefficients of a logistic model by Newton steps from zero, halved while they lower the likelihood.

    Where no finite coefficients exist the last ones come back, and the polishing refuses them.
    """
    beta = np.zeros(x.shape[1])
    predictor, likelihood = np.zeros(len(y)), -np.inf
    for _ in range(NEWTON_STEPS):
        mean = expit(predictor)
        information = x.T @ (x * (total * mean * (1 - mean))[:, None])
        step = np.linalg.lstsq(information, x.T @ (total * (y - mean)), rcond=None)[0]
        for _ in range(NEWTON_STEPS):
            reached = x @ (beta + step)
            gained = float(total @ (y * reached - np.logaddexp(0, reached)))
            if gained >= likelihood:
                break
            step = step / 2
        beta, predictor, moved = beta + step, reached, float(np.abs(reached - predictor).max())
        likelihood = gained
        if moved < LARGEST_LAST_MOVE / 10:
            break
    return beta


def _polished(
    model: Family, x: Array, y: Array, total: Array, beta: Array, labels: Sequence[str]
) -> tuple[Array, Array]:
    """The coefficients after Newton steps, and the inverse information there."""
    for _ in range(POLISHING_STEPS):
        inverse = _inverse_information(model, x, total, beta, labels)
        step = inverse @ (x.T @ (total * (y - model.mean(x @ beta))))
        moved = float(np.abs(x[total > 0] @ step).max())
        if not moved < LARGEST_LAST_MOVE:
            _refuse_separation(model, step, labels)
        beta = beta + step
    return beta, _inverse_information(model, x, total, beta, labels)


def _inverse_information(model: Family, x: Array, total: Array, beta: Array, labels: Sequence[str]) -> Array:
    with np.errstate(over="ignore"):
        spread = total * model.variance(model.mean(x @ beta))
    information = x.T @ (x * spread[:, None])
    size = np.sqrt(np.diag(information))
    if not (np.isfinite(size).all() and (size > 0).all()):
        _refuse_separation(model, np.where(size > 0, 0.0, 1.0), labels)
    try:
        return np.asarray(np.linalg.inv(information / np.outer(size, size)) / np.outer(size, size))
    except np.linalg.LinAlgError:
        _refuse_separation(model, beta, labels)


def _refuse_separation(model: Family, direction: Array, labels: Sequence[str]) -> NoReturn:
    size = np.abs(np.nan_to_num(direction, nan=1.0))
    guilty = [name for name, s in zip(labels, size, strict=True) if s > 0.5 * size.max()]
    named = [name for name in guilty if name != INTERCEPT] or guilty
    raise EstimationError(
        f"The coefficient of {', '.join(named)} in the {model.name} has no finite estimate (separation): "
        "some value of it, alone or with others, goes with one outcome only. Merge the category with "
        "another, or leave it out."
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
