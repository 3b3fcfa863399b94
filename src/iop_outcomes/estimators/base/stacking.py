"""Models that an estimate stands on, as a score, and how their own uncertainty comes into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate

if TYPE_CHECKING:
    from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix


@dataclass(frozen=True)
class Centred:
    """A model's columns in the units in which it was fitted, so that numbers far from zero lose no digits.

    matrix: (n, q). back: (q, q) from the coefficients of one predictor in these units to those of the columns as
    given. inverse: (c q, c q) inverse information in these units.
    """

    matrix: ModelMatrix
    back: Array
    inverse: Array


@dataclass(frozen=True)
class Nuisance:
    """The parameters of a model that an estimate stands on, and each person's influence on them, kept as a product.

    matrix: the model's columns, (n, q). residual: (n, c), weight times outcome minus fitted, for each of the model's c
    linear predictors (1 in a logistic model, arms less one in a multinomial one). inverse: (c q, c q) inverse
    information. The influence of a person is the vector of residual times x, predictor by predictor, times inverse.
    centred: the columns as they were fitted, if in other units.
    """

    matrix: ModelMatrix
    residual: Array
    inverse: Array
    centred: Centred | None = None

    @property
    def fitted(self) -> Nuisance:
        """The same in the units of the fit, for sums in which the coefficients do not appear."""
        if self.centred is None:
            return self
        return Nuisance(self.centred.matrix, self.residual, self.centred.inverse)

    def influence(self, direction: Array) -> Array:
        """(n, k) influence of each person on `direction` (c q, k) of the parameters."""
        q = self.matrix.shape[1]
        parts = [direction[at * q : (at + 1) * q] for at in range(self.residual.shape[1])]
        if self.centred is not None:
            parts = [self.centred.back.T @ part for part in parts]
        held = self.fitted
        turned = held.inverse @ np.concatenate(parts)
        found = [r[:, None] * held.matrix.times(turned[at * q : (at + 1) * q]) for at, r in enumerate(held.residual.T)]
        return np.asarray(sum(found[1:], found[0]))


def stack(estimate: Estimate, slope: Array, nuisance: Nuisance) -> Estimate:
    """Count the estimation of the weights (M-estimation; Stefanski & Boos 2002, American Statistician 56:29).

    slope: (n,) or (n, c), derivative of each person's weight by the linear predictors of the weight model.
    Raises where the estimate's influence is no longer that of its weights alone.
    """
    influence = estimate.influence + through(estimate, slope, nuisance)
    return replace(estimate, influence=influence, weight=None, part=estimate.known_part())


def through(estimate: Estimate, slope: Array, nuisance: Nuisance) -> Array:
    """(n, k) each person's influence on the estimate through the weight model alone; arguments as of `stack`.

    Weights that are products of several models' take the sum of what comes through each.
    """
    gradient = estimate.gradient * estimate.frequency[:, None]
    slopes = slope[:, None] if slope.ndim == 1 else slope
    fitted = nuisance.fitted
    moved = np.concatenate([fitted.matrix.crossproduct(s[:, None] * gradient) for s in slopes.T])
    return fitted.influence(moved)
