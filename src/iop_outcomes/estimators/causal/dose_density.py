"""The density of a dose above zero given covariates, by maximum likelihood, with what each person does to it.

What happens: columns are centred and scaled; the coefficients b of the predictor x b are found by Newton steps, the
spread of the dose about it after them. FORMS says how a dose varies:

    gamma   mean exp(x b), shape exp(s): above zero, skewed, and the more spread the larger it is
    normal  mean x b, standard deviation exp(s): alike on both sides, of the same spread everywhere (Hirano & Imbens
            2004, in Applied Bayesian Modeling and Causal Inference from Incomplete-Data Perspectives, chapter 7)

Both are likelihoods of two predictors, so that one person's part in the coefficients is that of an M-estimator, with
the information as it was observed (Stefanski & Boos 2002, American Statistician 56:29). Refused: doses that a form
cannot have, doses without spread, collinear columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, polygamma

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import column, rows
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.glm import refuse_collinear_columns, standardised

STEPS, HALVINGS = 60, 40
CLOSE = 1e-11  # largest change of a predictor, in its own units, after which the next point is the maximum
NO_SPREAD = 1e-9  # of the size of a dose
SPREAD = "spread"


@dataclass(frozen=True)
class Slopes:
    """Derivatives of the log density of each person, (n,), by the predictor e and by the spread s, first and second."""

    e: Array
    s: Array
    ee: Array
    es: Array
    ss: Array


@dataclass(frozen=True)
class Form:
    """name: in messages. log_density, slopes: of doses (n,), the predictor (n,) and the spread. link: from the mean
    dose to the predictor. spread: at its maximum, of doses and the predictor. lowest: doses lie above it.
    """

    name: str
    log_density: Callable[[Array, Array, float], Array]
    slopes: Callable[[Array, Array, float], Slopes]
    link: Callable[[float], float]
    spread: Callable[[Array, Array], float]
    lowest: float


def _normal(dose: Array, predictor: Array, spread: float) -> Array:
    return np.asarray(-spread - 0.5 * np.log(2 * np.pi) - 0.5 * ((dose - predictor) * np.exp(-spread)) ** 2)


def _normal_slopes(dose: Array, predictor: Array, spread: float) -> Slopes:
    away, precision = dose - predictor, np.exp(-2 * spread)
    squared = away**2 * precision
    return Slopes(away * precision, squared - 1, np.full(len(dose), -precision), -2 * away * precision, -2 * squared)


def _gamma(dose: Array, predictor: Array, spread: float) -> Array:
    shape = np.exp(spread)
    by_mean = dose * np.exp(-predictor)
    return np.asarray(shape * (spread + np.log(by_mean) - by_mean) - np.log(dose) - gammaln(shape))


def _gamma_slopes(dose: Array, predictor: Array, spread: float) -> Slopes:
    shape = np.exp(spread)
    by_mean = dose * np.exp(-predictor)
    e = shape * (by_mean - 1)
    s = shape * (spread + 1 + np.log(by_mean) - by_mean - digamma(shape))
    return Slopes(e, s, -shape * by_mean, e, s + shape - shape**2 * polygamma(1, shape))


def _log_deviation(dose: Array, predictor: Array) -> float:
    return float(0.5 * np.log(np.mean((dose - predictor) ** 2)))


def _log_shape(dose: Array, predictor: Array) -> float:
    """The shape k at which log k - digamma(k) is the mean of h - 1 - log h, h being doses by their mean."""
    by_mean = dose * np.exp(-predictor)
    gap = float(np.mean(by_mean - 1 - np.log(by_mean)))
    # Minka 2002, Estimating a Gamma distribution, equation 8, is within 2 %
    spread = float(np.log((3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)))
    for _ in range(STEPS):
        shape = np.exp(spread)
        step = (spread - digamma(shape) - gap) / (1 - shape * polygamma(1, shape))
        spread -= float(step)
        if abs(step) < CLOSE:
            break
    return spread


FORMS = {
    "gamma": Form("gamma", _gamma, _gamma_slopes, lambda mean: float(np.log(mean)), _log_shape, 0.0),
    "normal": Form("normal", _normal, _normal_slopes, lambda mean: mean, _log_deviation, -np.inf),
}


@dataclass(frozen=True)
class Density:
    """A fitted density of n doses. log_density: (n,) of each. coefficient: (p + 1,), intercept first, and spread, in
    the units of the columns as given. score: (n, p + 2) derivatives of the log densities by the parameters in the units
    of the fit, and influence: (n, p + 2) each person's on these.
    """

    log_density: Array
    coefficient: Array
    spread: float
    score: Array
    influence: Array


def fit_density(form: str, x: ArrayLike | ModelMatrix, dose: ArrayLike, names: Sequence[str] = ()) -> Density:
    """The density of dose (n,) given x (n, p), a table or a ModelMatrix, of one of FORMS. An intercept is added.

    names: p labels of a table. Raises EstimationError.
    """
    if form not in FORMS:
        raise EstimationError(f"There is no density of the form '{form}'. Choose one of {', '.join(FORMS)}.")
    own, amount = FORMS[form], column(dose, "dose")
    n = amount.size
    covariates = model_matrix(x, names, n)
    _check(own, amount)
    standard, back = standardised(covariates, rows(n, None, None))
    refuse_collinear_columns(standard, np.ones(n), standard.gram(np.ones(n)), f"{own.name} model of the dose")
    table = standard.dense()
    beta = _climb(own, table, amount)
    predictor = table @ beta
    spread = own.spread(amount, predictor)
    slopes = own.slopes(amount, predictor, spread)
    score = np.column_stack([slopes.e[:, None] * table, slopes.s])
    information = np.empty((score.shape[1], score.shape[1]))
    information[:-1, :-1] = -(table * slopes.ee[:, None]).T @ table
    information[-1, :-1] = information[:-1, -1] = -table.T @ slopes.es
    information[-1, -1] = -slopes.ss.sum()
    influence = np.linalg.solve(information, score.T).T
    return Density(own.log_density(amount, predictor, spread), back @ beta, spread, score, influence)


def _check(form: Form, dose: Array) -> None:
    if (dose <= form.lowest).any():
        raise EstimationError(
            f"A {form.name} density is of doses above {form.lowest:g}, and some are not: set apart who has none."
        )
    if np.ptp(dose) <= NO_SPREAD * np.abs(dose).max():
        raise EstimationError("Everyone has the same dose, so that there is nothing to weight: no dose varies.")


def _climb(form: Form, table: Array, dose: Array) -> Array:
    """The coefficients: they do not hang on the spread, at 0 of which the likelihood climbs to the same place."""
    beta = np.zeros(table.shape[1])
    beta[0] = form.link(float(dose.mean()))
    predictor = table @ beta
    reached = float(form.log_density(dose, predictor, 0.0).sum())
    for _ in range(STEPS):
        slopes = form.slopes(dose, predictor, 0.0)
        step = np.linalg.solve(-(table * slopes.ee[:, None]).T @ table, table.T @ slopes.e)
        for _ in range(HALVINGS):
            gained = float(form.log_density(dose, predictor + table @ step, 0.0).sum())
            if gained >= reached - 1e-12 * (1 + abs(reached)):
                break
            step = step / 2
        beta, reached = beta + step, gained
        moved = float(np.abs(table @ step).max())
        predictor = table @ beta
        if moved < CLOSE * max(float(np.abs(predictor).max()), 1.0):
            break
    return beta
