"""People of a cohort alike, their arms, and outcomes under a truth that is set.

In order: sites of uneven size are drawn, each with what it adds to the log odds of the first arm and of the outcome;
covariates by the copula; arms by the score. Outcomes are drawn arm by arm, their intercepts found (`Target`) so that in
a large population of the kind that a method speaks for the means are the wanted ones to a millionth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.weights import TILTS
from iop_outcomes.simulate.alike import copula
from iop_outcomes.simulate.alike.numbers import DECILES, PER_DEVIATION, Covariate, Leaving, Logit, Numbers

# log odds within which an intercept is looked for
WITHIN = 30.0
POPULATION, POPULATION_SITES = 20_000, 400


@dataclass(frozen=True)
class People:
    """n people. site: (n,) numbers. values: by covariate, (n,) places among its levels, or numbers. outcome_site: (n,)
    what the site adds to log odds of an outcome, per unit of its spread. score: (n,) chance of the first arm. first:
    (n,) who is in it.
    """

    site: Whole
    values: Mapping[str, Array | Whole]
    covariates: tuple[Covariate, ...]
    outcome_site: Array
    score: Array
    first: Mask

    def predictor(self, model: Logit) -> Array:
        """(n,) log odds but for the intercept."""
        return _predictor(self.covariates, self.values, model) + model.spread * self.outcome_site


def people(numbers: Numbers, rng: np.random.Generator, count: int = 0, sites: int = 0) -> People:
    """A cohort alike. count, sites: other numbers of people and sites than its own."""
    n, k = count or numbers.people, sites or numbers.sites
    size = np.ones(k)
    if numbers.uneven > 0 and k > 1:
        shape = numbers.uneven**-2
        size = np.maximum(rng.gamma(shape, 1 / shape, k), 1e-3)
    site = rng.choice(k, n, p=size / size.sum())
    behind = copula.normal(np.asarray(numbers.dependence), n, rng)
    own = tuple(numbers.covariates)
    values: dict[str, Array | Whole] = {c.name: _values(c, z) for c, z in zip(own, behind.T, strict=True)}
    _set_unknown(own, values)
    placed, later = rng.standard_normal(k), rng.standard_normal(k)
    log_odds = _predictor(own, values, numbers.placement) + numbers.placement.spread * placed[site]
    score = expit(intercept(log_odds, np.ones(n), numbers.first_share) + log_odds)
    return People(site, values, own, later[site], score, rng.random(n) < score)


def _values(covariate: Covariate, behind: Array) -> Array | Whole:
    if covariate.deciles:
        return copula.number(behind, DECILES, covariate.deciles)
    drawn = copula.category(behind, covariate.shares)
    place = np.array([covariate.levels.index(level) for level in covariate.order])
    return np.asarray(place[drawn])


def _set_unknown(covariates: tuple[Covariate, ...], values: dict[str, Array | Whole]) -> None:
    """A number that is not known stands at its median, as in the table covariates."""
    medians = {one.name: one.centre for one in covariates if one.deciles}
    for one in covariates:
        if one.flags in medians:
            values[one.flags] = np.where(values[one.name] == 1, medians[one.flags], values[one.flags])


def _predictor(covariates: tuple[Covariate, ...], values: Mapping[str, Array | Whole], model: Logit) -> Array:
    total = np.zeros(len(next(iter(values.values()), np.zeros(0))))
    for one in covariates:
        given = model.coefficient.get(one.name, {})
        if one.deciles:
            total = total + given.get(PER_DEVIATION, 0.0) * (values[one.name] - one.centre) / one.deviation
        else:
            total = total + np.array([given.get(level, 0.0) for level in one.levels])[values[one.name].astype(int)]
    return total


def intercept(log_odds: Array, weight: Array, share: float) -> float:
    """What brings the weighted mean chance to a share. log_odds, weight: (n,)."""
    wanted = float(np.clip(share, 1e-6, 1 - 1e-6))

    def over(at: float) -> float:
        return float(weight @ expit(at + log_odds) / weight.sum()) - wanted

    middle = float(logit(wanted)) - float(weight @ log_odds / weight.sum())
    return _root(over, middle)


def chances(numbers: Numbers, rng: np.random.Generator) -> People:
    """The large population in which intercepts are found; the same for every question and truth."""
    return people(numbers, rng, POPULATION, max(POPULATION_SITES, numbers.sites))


def weight_of(population: People, kind: str) -> Array:
    """(n,) how much each person counts among those for whom weights of a kind speak, whatever the arm."""
    return TILTS[kind].value(np.column_stack([1 - population.score, population.score]))


def months(leaving: Leaving, log_odds: Array, first: bool, shift: float) -> Array:
    """(n, months) chance of each person still there to leave in each month. shift: of all log odds."""
    base = logit(np.clip(np.asarray(leaving.first if first else leaving.second), 1e-4, 1 - 1e-4))
    return np.asarray(expit(base + shift + log_odds[:, None]))


def mean_days(leaving: Leaving, chance: Array) -> Array:
    """(n,) expected days up to the horizon, of chances (n, months); days of leaving lie evenly within a month."""
    ends = np.asarray(leaving.ends, dtype=float)
    length = np.diff(ends, prepend=0.0)
    there = np.cumprod(np.hstack([np.ones((len(chance), 1)), 1 - chance[:, :-1]]), axis=1)
    return np.asarray((there * ((1 - chance) * length + chance * (length + 1) / 2)).sum(axis=1))


def shift_of(leaving: Leaving, log_odds: Array, weight: Array, first: bool, days: float) -> float:
    """What brings the weighted mean of days to a number, added to the log odds of leaving in an arm."""
    wanted = float(np.clip(days, 1.0, leaving.ends[-1] - 0.01))

    def over(shift: float) -> float:
        return float(weight @ mean_days(leaving, months(leaving, log_odds, first, shift)) / weight.sum()) - wanted

    return _root(over, 0.0)


def days(leaving: Leaving, chance: Array, rng: np.random.Generator) -> Whole:
    """(n,) days until care was left; one more than the horizon for who is there on it. chance: (n, months)."""
    left = rng.random(chance.shape) < chance
    month = np.where(left.any(axis=1), left.argmax(axis=1), -1)
    ends = np.asarray(leaving.ends)
    length = np.diff(ends, prepend=0)
    within = 1 + np.floor(rng.random(len(chance)) * length[month]).astype(int)
    return np.where(month < 0, ends[-1] + 1, ends[month] - length[month] + within)


def _root(over: Callable[[float], float], near: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(over, near - WITHIN, near + WITHIN, xtol=1e-9))
