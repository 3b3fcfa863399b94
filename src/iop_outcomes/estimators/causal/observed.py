"""The chance of being observed, and means of those observed that stand for everyone who was asked.

What happens: a logistic model of having been observed, among those asked, on arm, covariates and what was recorded
before, gives each person's chance; those observed weigh its inverse (Robins, Rotnitzky & Zhao 1995, JASA 90:106). The
estimation of the model is counted in the standard error (M-estimation; Stefanski & Boos 2002, American Statistician
56:29). Within an arm all weights may be multiplied by one number, such as the share of those observed, and nothing
changes: means of arms are the same stabilised or not. Where some kind of person was always observed, or columns say the
same, the coefficients have no one estimate, and a weak prior holds them (`regression.weak_prior`); for a kind that was
never observed nobody can stand, and they are taken to be like the others. Refused: an arm of which no one is observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import column, indicator
from iop_outcomes.estimators.base.stacking import Nuisance, through
from iop_outcomes.estimators.causal.effects import ARM_NAMES, mean_by_arm
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.glm import solve
from iop_outcomes.estimators.regression.multinomial import NEAREST
from iop_outcomes.estimators.regression.separation import INTERCEPT
from iop_outcomes.estimators.regression.weak_prior import posterior_mode


@dataclass(frozen=True)
class Chance:
    """Each person's chance of being observed.

    value: (n,), 1 for whoever is certain to be, or was not asked. nuisance: the model's coefficients with each person's
    influence on them; None where everyone asked was observed. modelled: (n,) whose chance the model gives.
    """

    value: Array
    nuisance: Nuisance | None
    modelled: Mask

    @property
    def slope(self) -> Array:
        """(n,) derivative of the log of 1 / value by the model's linear predictor."""
        return np.where(self.modelled, self.value - 1.0, 0.0)

    def through(self, moves: Array) -> Array:
        """(n, k) influence that comes through the model. moves: (n, k) derivatives of an estimate by the logarithm of
        each person's 1 / value.
        """
        if self.nuisance is None:
            return np.zeros_like(moves)
        fitted = self.nuisance.fitted
        return fitted.influence(fitted.matrix.crossproduct(moves * self.slope[:, None]))


def chance_observed(
    x: ArrayLike | ModelMatrix,
    observed: ArrayLike,
    asked: ArrayLike | None = None,
    certain: ArrayLike | None = None,
    names: Sequence[str] = (),
    frequency: ArrayLike | None = None,
) -> Chance:
    """Logistic model of observed (n,) on x (n, p), to which an intercept is added, among those asked (n,).

    certain: (n,) who is observed whatever the outcome, as people of whom a positive screen tells it; they have no part
    in the model. names: p labels of a table. Raises EstimationError as the module says.
    """
    seen = indicator(observed, "observed")
    there = np.ones(seen.size, dtype=bool) if asked is None else indicator(asked, "asked", seen.size)
    sure = np.zeros(seen.size, dtype=bool) if certain is None else indicator(certain, "certain", seen.size)
    if (sure & there & ~seen).any():
        raise EstimationError("Some of those who are certain to be observed were not; they are not certain, then.")
    modelled = there & ~sure
    if seen[modelled].all():
        return Chance(np.ones(seen.size), None, np.zeros(seen.size, dtype=bool))
    matrix = model_matrix(x, names, seen.size)
    try:
        fitted = solve("logistic", matrix, seen.astype(float), weight=modelled.astype(float), frequency=frequency)
    except EstimationError:
        return _held(matrix, seen, modelled, frequency)
    value = np.where(modelled, np.clip(fitted.mean, NEAREST, 1 - NEAREST), 1.0)
    return Chance(value, fitted.nuisance(), modelled)


def _held(matrix: ModelMatrix, seen: Mask, modelled: Mask, frequency: ArrayLike | None) -> Chance:
    """The same with coefficients held by a weak prior. Rows that stand for several people are repeated by no one."""
    table = matrix.dense()
    people = np.ones(len(table)) if frequency is None else np.asarray(frequency, dtype=float)
    if (people[modelled] != 1).any():
        raise EstimationError(
            "The chance of being observed has no finite estimate of rows that stand for several people: some kind of "
            "person is always, or never, observed. Give one row to each person, or leave the kind out."
        )
    away = table - table[modelled].mean(axis=0)
    spread = away[modelled].std(axis=0)
    x = np.column_stack([np.ones(len(table)), away / np.where(spread > 0, spread, np.inf)])
    beta, root = posterior_mode(x, seen.astype(float), modelled)
    value = expit(x @ beta)
    residual = np.where(modelled, seen - value, 0.0)[:, None]
    inverse = linalg.cho_solve((root, True), np.eye(len(beta)))
    held = ModelMatrix(x, (INTERCEPT, *matrix.names))
    return Chance(
        np.where(modelled, np.clip(value, NEAREST, 1 - NEAREST), 1.0), Nuisance(held, residual, inverse), modelled
    )


class Inverse(Protocol):
    """Chances by whose inverse people weigh, and what comes of a model of them."""

    @property
    def value(self) -> Array:
        """(n,) chances of those who are observed."""
        ...

    def through(self, moves: Array) -> Array:
        """(n, k) influence by way of the model; moves: (n, k) by the logarithm of each person's 1 / value."""
        ...


@dataclass(frozen=True)
class Score:
    """A score that weights stand on. slope: (n,) or (n, c) derivatives of the weights by its linear predictors."""

    slope: Array
    nuisance: Nuisance


def means_by_observation(
    y: ArrayLike,
    arm: ArrayLike,
    observed: ArrayLike,
    chance: Inverse,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    score: Score | None = None,
    names: tuple[str, str] = ARM_NAMES,
) -> Estimate:
    """Hajek means of each arm, 1 before 0, of those observed, each weighing weight over the chance.

    y: (n,), may be missing where `observed` (n,) is false. arm: (n,) zeros and ones. weight: (n,) for example of a
    propensity score, default 1. names: of the two arms. The influence counts the estimation of the chance and, where it
    is given, of the score, so that no weights can be stacked onto the result. Raises EstimationError where an arm has
    no one observed.
    """
    base = np.ones(len(chance.value)) if weight is None else column(weight, "weight", len(chance.value))
    inverse = 1.0 / chance.value
    found = mean_by_arm(y, arm, base * inverse, frequency, observed, names)
    total = base * inverse * found.frequency
    influence = found.influence + chance.through(found.gradient * total[:, None])
    if score is not None:
        slope = (score.slope.T * inverse).T
        influence = influence + through(found, slope, score.nuisance)
    return replace(found, influence=influence, weight=None, part=found.known_part())
