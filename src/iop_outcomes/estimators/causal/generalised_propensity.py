"""Stabilised weights by a generalised propensity score, of a dose in categories or as a number, and means under doses.

In categories the score is the multinomial chance of each; a weight is the share of the own category by its chance
(Imbens 2000, Biometrika 87:706). As a number it is a density (Hirano & Imbens 2004; Robins, Hernan & Brumback 2000,
Epidemiology 11:550): a weight is the density of the dose among all by the density given the covariates, both of one
form (`dose_density`). Who has none is no point of a density: the chance of having any is a logistic model, and the
density is of those who have. Gamma fits hours of care, which lie above zero, are skewed, and spread the more the more
of them there are; with a normal density the weights of such doses are wrong where they are largest, in the tails.
Categories need no form, and hold alike whatever lies in one of them (Naimi et al. 2014, Epidemiology 25:292).

Means are those of a marginal structural model (`marginal_structural`): weighted means of categories, or predictions of
a weighted regression on a spline of the dose. The estimation of the score is counted. Balance is a correlation of
the dose with each covariate, by weighted means and the spread before weighting, so that weights cannot improve it by
changing the ruler (Zhu, Coffman & Ghosh 2015, Journal of Causal Inference 3:25; Austin 2019, Statistics in Medicine
38:1875). Refused: what `multinomial` and `dose_density` refuse, and doses below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.rows import codes, column, label
from iop_outcomes.estimators.causal.balance import over_spread
from iop_outcomes.estimators.causal.chances import fit_chance
from iop_outcomes.estimators.causal.chances import standardised as standardised_among
from iop_outcomes.estimators.causal.dose_density import fit_density
from iop_outcomes.estimators.causal.doses import NEAR_HOURS, NEAR_SHARE
from iop_outcomes.estimators.causal.marginal_structural import (
    TRUNCATIONS,
    MarginalStructuralModel,
    Structural,
    Weights,
)
from iop_outcomes.estimators.causal.weights import Quantiles
from iop_outcomes.estimators.design_matrix import splines
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.multinomial import fit_multinomial

Covariates = ArrayLike | ModelMatrix
# of the size of a covariate, or of a dose
ROUNDING = 1e-12


def category_weights(x: Covariates, category: ArrayLike, names: Sequence[str] = ()) -> Weights:
    """Weights of people for their category (n,), coded 0 to K - 1, given x (n, p).

    Raises EstimationError, as `fit_multinomial` does: for a covariate of which some value is never seen in one of them.
    """
    group = codes(category, "category", np.size(category))
    n = group.size
    model = fit_multinomial(x, group, names)
    own = np.eye(model.score.shape[1])[group]
    share = own.mean(axis=0)
    weight = share[group] / np.take_along_axis(model.score, group[:, None], axis=1)[:, 0]
    # log w = log share - log chance, and d log chance / d predictor of arm b = 1{z = b} - e_b
    table = model.centred.matrix.dense()
    score = (model.residual[:, :, None] * table[:, None, :]).reshape(n, -1)
    moves = ((own, (own - share) / (n * share)), (-score, score @ model.centred.inverse))
    return Weights(weight, moves, np.ones(n, dtype=bool))


def dose_weights(x: Covariates, dose: ArrayLike, form: str = "gamma", names: Sequence[str] = ()) -> Weights:
    """Weights of people for their dose (n,), 0 or more, given x (n, p). form: of dose_density.FORMS, of doses above 0.

    Raises EstimationError.
    """
    amount = column(dose, "dose")
    if (amount < 0).any():
        raise EstimationError("A dose is 0 or more, and some are below.")
    n = amount.size
    covariates = model_matrix(x, names, n)
    any_dose = amount > 0
    log, moves = np.zeros(n), list[tuple[Array, Array]]()
    if not any_dose.all():
        log, moves = _of_having_any(covariates.dense(), any_dose)
    nothing = ModelMatrix(np.empty((n, 0)), (), (), ())
    for columns_of, sign in ((nothing, 1.0), (covariates, -1.0)):
        density = fit_density(form, columns_of.take(any_dose), amount[any_dose])
        log[any_dose] += sign * density.log_density
        moves.append((sign * _among(any_dose, density.score), _among(any_dose, density.influence)))
    return Weights(np.exp(log), tuple(moves), np.ones(n, dtype=bool))


def _of_having_any(table: Array, any_dose: Mask) -> tuple[Array, list[tuple[Array, Array]]]:
    """Log of the share by the chance of having any dose, or none, as each person has; and how it moves."""
    n = len(table)
    everyone, person = np.ones(n, dtype=bool), np.arange(n)
    x = standardised_among((table,), everyone).take(everyone)
    log, moves = np.zeros(n), list[tuple[Array, Array]]()
    for width, sign in ((1, 1.0), (x.shape[1], -1.0)):
        model = fit_chance(x[:, :width], any_dose, person, n)
        log += sign * np.log(np.where(any_dose, model.chance, 1 - model.chance))
        moves.append((sign * model.score, model.influence))
    return log, moves


def _among(there: Mask, values: Array) -> Array:
    found = np.zeros((len(there), values.shape[1]))
    found[there] = values
    return found


@dataclass(frozen=True)
class Response:
    """An outcome by its dose. model: what it is regressed on. doses: by name what each is there."""

    model: MarginalStructuralModel
    doses: Mapping[str, Array]

    def means(self, weights: Weights) -> Structural:
        """Had everyone had each dose. Raises EstimationError."""
        return self.model.means(self.doses, weights)

    def truncations(
        self, weights: Weights, quantiles: Sequence[Quantiles] = TRUNCATIONS
    ) -> dict[Quantiles, Structural]:
        """The same with weights as they are, and brought in to quantiles."""
        return self.model.truncations(self.doses, weights, quantiles)


def by_category(
    y: ArrayLike, category: ArrayLike, names: Sequence[str], observed: ArrayLike | None = None,
    weight: ArrayLike | None = None, beside: ArrayLike | None = None,
) -> Response:  # fmt: skip
    """Means of y (n,) by category (n,), coded 0 to K - 1 and named by `names` (K).

    y may be missing where `observed` (n,) is false. weight: (n,) of people. beside: (n, q) what y is regressed on too;
    means are then over everyone, with columns of their own.
    """
    every = np.eye(len(names))
    own = every[codes(category, "category", np.size(category))]
    labels = [*(f"category {j + 1}" for j in range(1, len(names))), *_labels(beside)]
    model = MarginalStructuralModel("linear", y, own[:, 1:], beside, observed, weight, labels)
    return Response(model, dict(zip(names, every[:, 1:], strict=True)))


def by_dose(
    y: ArrayLike, dose: ArrayLike, grid: ArrayLike, knots: int = 4, family: str = "logistic",
    observed: ArrayLike | None = None, weight: ArrayLike | None = None, among: Mask | None = None,
    beside: ArrayLike | None = None,
) -> Response:  # fmt: skip
    """Means of y (n,) at each dose of grid (k,), named by it, on a restricted cubic spline of the dose (n,).

    y may be missing where `observed` (n,) is false. knots: of the spline, at quantiles of the doses of those `among`
    (n,), None: of all. weight: (n,) of people. beside: as of `by_category`.
    """
    at = splines.knots(dose if among is None else column(dose, "dose")[among], knots)
    doses = column(grid, "grid")
    labels = [*(f"spline column {j + 1}" for j in range(knots - 1)), *_labels(beside)]
    model = MarginalStructuralModel(family, y, splines.basis(dose, at), beside, observed, weight, labels)
    return Response(model, {label(float(d)): row for d, row in zip(doses, splines.basis(doses, at), strict=True)})


def _labels(beside: ArrayLike | None) -> list[str]:
    return [] if beside is None else [f"column {j + 1} beside" for j in range(np.shape(beside)[1])]


def unweighted(n: int) -> Weights:
    """Everyone weighs one: the naive answer, and balance before weighting."""
    return Weights(np.ones(n), (), np.ones(n, dtype=bool))


def of_some(weights: Weights, there: Mask) -> Weights:
    """Weights of k people as those of n, of whom `there` (n,) says who the k are; the others have none."""
    found = np.zeros(len(there))
    found[there] = weights.weight
    people = np.zeros(len(there), dtype=bool)
    people[there] = weights.people
    return Weights(found, tuple((_among(there, by), _among(there, own)) for by, own in weights.moves), people)


def product(first: Weights, second: Weights) -> Weights:
    """Weights of n people for two choices in turn, such as their hours week by week, and the dose these make."""
    return Weights(first.weight * second.weight, first.moves + second.moves, first.people & second.people)


def dose_correlation(x: Covariates, dose: ArrayLike, weight: ArrayLike | None = None) -> Array:
    """(p,) weighted correlation of a dose (n,) with each column of x (n, p), over the standard deviations before
    weighting. A column that does not vary has 0.
    """
    amount = column(dose, "dose")
    table = model_matrix(x if isinstance(x, ModelMatrix) else np.asarray(x, dtype=float), (), amount.size).dense()
    own = np.ones(amount.size) if weight is None else column(weight, "weight", amount.size)
    share = own / own.sum()
    away, off = table - share @ table, amount - share @ amount
    spread = table.std(axis=0) * amount.std()
    size = ROUNDING * (np.abs(table).max(axis=0, initial=0) + 1) * max(float(np.abs(amount).max()), 1.0)
    return over_spread((share * off) @ away, spread, size)


def effective_near(dose: ArrayLike, grid: ArrayLike, weight: ArrayLike | None = None) -> Array:
    """(k,) effective number of people (Kish 1965) whose dose is near each of grid (k,): within NEAR_SHARE of it, or
    NEAR_HOURS, whichever is more.
    """
    amount, at = column(dose, "dose"), column(grid, "grid")
    own = np.ones(amount.size) if weight is None else column(weight, "weight", amount.size)
    order = np.argsort(amount, kind="stable")
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(np.column_stack([own, own**2])[order], axis=0)])
    reach = np.maximum(NEAR_SHARE * at, NEAR_HOURS)
    low = np.searchsorted(amount[order], at - reach, side="left")
    high = np.searchsorted(amount[order], at + reach, side="right")
    total, squared = (sums[high] - sums[low]).T
    return np.divide(total**2, squared, out=np.zeros(len(at)), where=squared > 0)


def seen_in_all(x: ModelMatrix, category: ArrayLike) -> ModelMatrix:
    """The columns of x (n, p) that tell people of every category (n,) apart: a multinomial model has no finite estimate
    for a value that is never seen in one of them. Values that are left out join the reference.
    """
    group = codes(category, "category", x.shape[0])
    everywhere = [x.varying(group == k) for k in range(int(group.max()) + 1)]
    return x.keep(np.logical_and.reduce([np.isin(x.names, one.names) for one in everywhere]))
