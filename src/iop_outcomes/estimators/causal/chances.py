"""The chance of what happens in a person-week, by logistic regression, with what each person does to its coefficients.

What happens: columns are centred and scaled among the weeks in which it might happen, the coefficients are those at the
posterior mode under a weak prior (`weak_prior`), so that a kind of week that always ends the same is no obstacle, and
scores are added up over the weeks of a person, who counts once however many there are. Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

# the step after one this short, squared and in standard errors, is below rounding
CLOSE = 1e-6
# of more weeks than this the search begins where some of them lead
MANY, EVERY = 100_000, 16


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
    some = slice(None) if there.all() or not there.any() else there
    np.subtract(table, table[some].mean(axis=0), out=away)
    spread = np.sqrt(np.einsum("ij,ij->j", away[some], away[some]) / max(len(away[some]), 1))
    away /= np.where(spread > 1e-12, spread, np.inf)
    return x


def fit_chance(
    x: Array, happened: Array | Mask, there: Mask, person: Whole, people: int, start: Array | None = None
) -> Chance:
    """The chance in every week of x (m, p), fitted to those `there` (m,). person: (m,) of each, 0 to people - 1.

    start: (p,) coefficients from which to search.
    """
    some = slice(None) if there.all() else np.flatnonzero(there)
    asked, told, who = x[some], happened[some].astype(float), person[some]
    if len(told) > MANY:
        few = np.ones(len(told[::EVERY]))
        start = posterior_mode(asked[::EVERY], told[::EVERY], few, start, 1.0)[0]
    beta, root = posterior_mode(asked, told, np.ones(len(told)), start, CLOSE)
    chance = np.asarray(expit(x @ beta), dtype=float)
    residual = told - chance[some]
    return Chance(chance, _sums(who, residual[:, None] * asked, people), root, beta)


def _sums(person: Whole, values: Array, people: int) -> Array:
    """(n, p) sums of values (m, p) over the weeks of each person."""
    if (person[1:] < person[:-1]).any():
        return np.column_stack([np.bincount(person, one, people) for one in values.T]).astype(float)
    # weeks that stand person by person are added up where they lie
    ends = np.searchsorted(person, np.arange(people + 1))
    where = sparse.csr_array((np.ones(len(person)), np.arange(len(person)), ends), shape=(people, len(person)))
    return np.asarray(where @ values)
