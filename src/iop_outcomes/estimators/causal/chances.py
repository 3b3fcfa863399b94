"""The chance of what happens in a person-week, by logistic regression, with what each person does to its coefficients.

What happens: columns are centred and scaled among the weeks in which it might happen, the coefficients are those at the
posterior mode under a weak prior (`weak_prior`), so that a kind of week that always ends the same is no obstacle, and
scores are added up over the weeks of a person, who counts once however many there are. Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

# the step after one this short, squared and in standard errors, is below rounding
CLOSE = 1e-6


@dataclass(frozen=True)
class Chance:
    """Of each week among those asked. chance: (m,). score: (n, p) derivative of the log likelihood by the coefficients,
    over the weeks of each person. root: (p, p) lower root of the information. beta: (p,) coefficients.
    """

    chance: Array
    score: Array
    root: Array
    beta: Array

    @cached_property
    def influence(self) -> Array:
        """(n, p) of each person on the coefficients."""
        return np.asarray(linalg.cho_solve((self.root, True), self.score.T).T)


def standardised(table: Array, there: Mask) -> Array:
    """(m, p + 1) an intercept, and columns with mean 0 and deviation 1 among the weeks `there` (m,)."""
    x = np.empty((len(table), table.shape[1] + 1))
    x[:, 0] = 1.0
    away = x[:, 1:]
    mean, spread = (table[there].mean(axis=0), table[there].std(axis=0)) if there.any() else (0.0, 1.0)
    np.subtract(table, mean, out=away)
    away /= np.where(np.asarray(spread) > 1e-12, spread, np.inf)
    return x


def fit_chance(
    x: Array, happened: Array | Mask, there: Mask, person: Whole, people: int, start: Array | None = None
) -> Chance:
    """The chance in every week of x (m, p), fitted to those `there` (m,). person: (m,) of each, 0 to people - 1.

    start: (p,) coefficients from which to search.
    """
    some = slice(None) if there.all() else np.flatnonzero(there)
    asked, told, who = x[some], happened[some].astype(float), person[some]
    beta, root = posterior_mode(asked, told, np.ones(len(told)), start, CLOSE)
    chance = np.asarray(expit(x @ beta), dtype=float)
    residual = told - chance[some]
    score = np.column_stack([np.bincount(who, residual * one, people) for one in asked.T]).astype(float)
    return Chance(chance, score, root, beta)
