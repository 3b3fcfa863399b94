"""The chance of what happens in a person-week, by logistic regression, with what each person does to its coefficients.

What happens: columns are centred and scaled among the weeks in which it might happen, the coefficients are those at the
posterior mode under a weak prior (`weak_prior`), so that a kind of week that always ends the same is no obstacle, and
scores are added up over the weeks of a person, who counts once however many there are. Of many weeks the search begins
where some of them lead. Weeks are read so many at a time that they stay at hand. Nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg
from scipy.special import expit

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.regression.weak_prior import AT_ONCE, mode, root_of_information

# the step after one this short, squared and in standard errors, is below rounding
CLOSE = 1e-8
# of more weeks than this the search begins where some of them lead, one of so many; coprime with weeks of a year
MANY, EVERY = 50_000, 7


@dataclass(frozen=True)
class Chance:
    """Of each week asked. chance: (k,). score: (n, p) derivative of the log likelihood by the coefficients, over the
    weeks of each person. root: (p, p) lower root of the information. beta: (p,) coefficients.
    """

    chance: Array
    score: Array
    root: Array
    beta: Array

    @cached_property
    def influence(self) -> Array:
        """(n, p) of each person on the coefficients."""
        return np.asarray(linalg.cho_solve((self.root, True), self.score.T).T)

    def of_what_happened(self, happened: Mask) -> Array:
        """(k,) the chance of that, where `happened` (k,), and of its not happening elsewhere."""
        return np.abs(~happened - self.chance)


@dataclass(frozen=True)
class Scaled:
    """Columns of m weeks, with an intercept before them, in units of their deviation: made as they are asked for.

    tables: (m, p_j) as they were given. centre, spread: (p,) of all of them.
    """

    tables: tuple[Array, ...]
    centre: Array
    spread: Array

    @property
    def width(self) -> int:
        """With the intercept."""
        return len(self.centre) + 1

    def take(self, there: Mask) -> Array:
        """(k, p + 1) of the weeks `there` (m,); columns stand one after the other in memory."""
        found = np.empty((self.width, int(there.sum())))
        found[0], at, unit = 1.0, 0, 1 / self.spread
        for part in _parts(len(there)):
            if not there[part].any():
                continue
            some = self._away(part, there)
            np.multiply(some, unit[:, None], out=found[1:, at : at + some.shape[1]])
            at += some.shape[1]
        return found.T

    def sums(self, values: Array) -> Array:
        """(p + 1,) sums of the columns times values (m,), which are mostly 0."""
        there = values != 0
        return np.asarray(self.take(there).T @ values[there])

    def _away(self, part: slice, there: Mask) -> Array:
        """(p, k) from the centre, of those `there` (m,) in a part of the rows."""
        whole, at = np.empty((len(self.centre), len(there[part]))), 0
        for table in self.tables:
            own = slice(at, at + table.shape[1])
            np.subtract(table[part].T, self.centre[own, None], out=whole[own])
            at = own.stop
        return whole if there[part].all() else np.compress(there[part], whole, axis=1)


def standardised(tables: Sequence[Array], there: Mask) -> Scaled:
    """Columns of tables (m, p_j) with mean 0 and deviation 1 among the weeks `there` (m,), of all where none is."""
    some = there if there.any() else np.ones_like(there)
    width, weeks = sum(table.shape[1] for table in tables), max(int(some.sum()), 1)
    found = Scaled(tuple(tables), np.zeros(width), np.ones(width))
    # squares are of distances from a place among the first weeks, so that no digits are lost far from zero
    near = found._away(slice(0, AT_ONCE), np.ones_like(there)).mean(axis=1) if len(there) else found.centre
    found, total, squares = replace(found, centre=near), np.zeros(width), np.zeros(width)
    for part in _parts(len(some)):
        away = found._away(part, some)
        total += away.sum(axis=1)
        squares += np.einsum("ij,ij->i", away, away)
    spread = np.sqrt(np.maximum(squares / weeks - (total / weeks) ** 2, 0.0))
    return replace(found, centre=near + total / weeks, spread=np.where(spread > 1e-12, spread, np.inf))


def fit_chance(x: Array, happened: Mask, person: Whole, people: int, start: Array | None = None) -> Chance:
    """The chance in every week of x (k, p), in which it might happen. happened: (k,). person: (k,) of each, 0 to
    people - 1. start: (p,) coefficients from which to search.
    """
    beta = mode(x, happened, start, CLOSE, EVERY if len(x) > MANY else 1)
    chance, score, gram = np.empty(len(x)), np.zeros((people, len(beta))), np.zeros((len(beta), len(beta)))
    for part in _parts(len(x)):
        some, who = x[part].T, person[part]
        chance[part] = own = expit(beta @ some)
        gram += (some * (own * (1 - own))) @ some.T
        # weeks of a person that stand together are added up where they lie
        first = np.concatenate([[0], np.flatnonzero(np.diff(who)) + 1])
        np.add.at(score, who[first], np.add.reduceat(some * (happened[part] - own), first, axis=1).T)
    return Chance(chance, score, root_of_information(gram), beta)


def _parts(rows: int) -> Iterator[slice]:
    """So many rows at a time."""
    return (slice(first, first + AT_ONCE) for first in range(0, rows, AT_ONCE))
