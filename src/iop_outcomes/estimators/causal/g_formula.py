"""Means had everyone had a dose: so many hours a week, at a level of care, for so many weeks (parametric g-formula).

What happens, in order: how craving and use of a week depend on what came before is modelled over all weeks of the
people who are asked (craving by linear, use by logistic regression on last week's use and hours, on weeks and hours of
care so far, on the level of the week and on what was known at the start). Then everyone is followed anew, week by week,
with craving and use drawn from these models, and level and hours as the dose has them; the mean is that of the outcome
over the people so drawn (Robins 1986, Mathematical Modelling 7:1393; Taubman et al. 2009, International Journal of
Epidemiology 38:1599). What made people stay, or attend more hours, needs no model: the dose decides it.

The same random numbers serve every dose, so that differences between doses have little of them. The estimation of the
models is counted in the standard error: a mean's derivative by their coefficients is the mean of the outcome times the
score of what was drawn (Glynn 1990, Communications of the ACM 33:75), times each person's influence on these, over all
of the person's weeks (Stefanski & Boos 2002, American Statistician 56:29). So is the drawing, by the spread of what was
drawn for each person.

Beyond the hours that people attended at a level a mean is what the curve of the model says, and nobody's: `Doses.near`
says how many people had nearly such a dose. Refused: weeks of which nothing is known, and a level at which nobody was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import rows
from iop_outcomes.estimators.causal.doses import OUT, Course, Dose, near
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

# where straight lines may bend: of last week's hours, of weeks and of hours of care so far. At round numbers: quantiles
# would lie where people leave, and tell little of those who stay
BENDS = ((5.0, 10.0, 15.0, 20.0, 25.0), (4.0, 8.0, 13.0), (50.0, 100.0, 150.0, 200.0))
DRAWS = 25


@dataclass(frozen=True)
class Doses:
    """What comes of doses. estimate: their means. near: (k,) people who had nearly such hours at its level."""

    estimate: Estimate
    near: Whole


def dose_means(
    course: Course,
    doses: Mapping[str, Dose],
    free: range,
    asked: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Doses:
    """Means of being free of use in all of some weeks (counted from 0), had everyone had each dose, by its name.

    asked: (n,) of whose weeks the models are, such as those of one arm; None: of all. The means are over everyone.
    Raises EstimationError as the module says.
    """
    n, weeks = course.used.shape
    who = np.ones(n, dtype=bool) if asked is None else np.asarray(asked, dtype=bool)
    if not doses or not len(free) or free.stop > weeks:
        raise EstimationError(f"Name a dose, and weeks from 0 to {weeks - 1} in which people are free of use.")
    made = _Models.of(course, who)
    counted = rows(n, None, None)
    value, gradient, through = np.empty(len(doses)), np.zeros((n, len(doses))), np.zeros((n, len(doses)))
    for k, dose in enumerate(doses.values()):
        level = dose.levels(n, weeks)
        unknown = sorted(set(np.unique(level).tolist()) - {OUT, *made.levels})
        if unknown:
            raise EstimationError(f"Nobody who is asked was ever at level {unknown[0]}, so nothing is known of it.")
        drawn = _followed(made, course, level, dose.hours, free, draws, seed)
        value[k] = drawn.outcome.mean()
        gradient[:, k] = (drawn.outcome.mean(axis=0) - value[k]) / n
        through[:, k] = made.through(drawn)
    found = counted.estimate(tuple(doses), value, gradient, np.repeat(who[:, None], len(doses), axis=1))
    stacked = Estimate(found.names, found.value, found.influence + through, found.frequency, part=found.known_part())
    many = np.asarray([near(course, who, dose) for dose in doses.values()], dtype=np.int64)
    return Doses(stacked, many)


def _past(levels: Sequence[int], used: Array, so_far: Sequence[Array], level: Whole) -> list[Array]:
    """Of a week: last week's use, hours of last week and weeks and hours of care so far as lines with BENDS, and its
    level; (m, p) together.
    """
    bent = [
        np.column_stack([values, *(np.maximum(values - at, 0.0) for at in bends)])
        for values, bends in zip(so_far, BENDS, strict=True)
    ]
    return [used[:, None], *bent, *((level == v).astype(float)[:, None] for v in levels)]


def _before(values: Array) -> Array:
    """(n, T) of each week what stood at the end of the one before, 0 at first."""
    return np.asarray(np.hstack([np.zeros((len(values), 1)), values[:, :-1]]))


@dataclass(frozen=True)
class _Model:
    """Coefficients (p,), centre and spread of the columns behind the intercept, standard deviation of what is left
    (None of a logistic model), and (n, p) influence of each person on the coefficients, and (n,) on the deviation.
    """

    beta: Array
    centre: Array
    spread: Array
    influence: Array
    deviation: float | None = None
    of_deviation: Array = field(default_factory=lambda: np.zeros(0))

    def design(self, parts: Sequence[Array]) -> Array:
        """(m, p) of the model's columns."""
        table = np.hstack(parts)
        return np.column_stack([np.ones(len(table)), (table - self.centre) / self.spread])


@dataclass(frozen=True)
class _Models:
    """Of craving in the first week and in later ones, where there is any, and of use. levels: of care, in columns."""

    levels: tuple[int, ...]
    first: _Model | None
    craving: _Model | None
    use: _Model

    @classmethod
    def of(cls, course: Course, who: Mask) -> _Models:
        n, weeks = course.used.shape
        levels = tuple(int(v) for v in np.unique(course.level[who]) if v != OUT)
        before = np.hstack([course.before[:, None], course.used[:, :-1]]).ravel()
        inside = course.level != OUT
        so_far = (course.hours, np.cumsum(inside, axis=1), np.cumsum(course.hours, axis=1))
        person, week = np.repeat(np.arange(n), weeks), np.tile(np.arange(weeks), n)
        parts = _past(levels, before, [_before(values).ravel() for values in so_far], course.level.ravel())
        parts, asked = [*parts, course.fixed[person]], who[person]
        if course.craving is None:
            return cls(levels, None, None, _logistic(parts, course.used.ravel(), asked, person, n))
        told, last = course.craving.ravel(), _before(course.craving).ravel()[:, None]
        first = _linear([course.fixed[person]], told, asked & (week == 0), person, n)
        later = _linear([*parts, last], told, asked & (week > 0), person, n)
        return cls(levels, first, later, _logistic([*parts, told[:, None]], course.used.ravel(), asked, person, n))

    def through(self, drawn: _Drawn) -> Array:
        """(n,) influence on a mean by way of the models."""
        found = self.use.influence @ drawn.by_use
        for model, by in ((self.first, drawn.by_first), (self.craving, drawn.by_craving)):
            if model is not None:
                found = found + model.influence @ by[:-1] + model.of_deviation * by[-1]
        return np.asarray(found)


def _fitted(parts: Sequence[Array], y: Array, there: Mask) -> tuple[Array, Mask, Array, Array]:
    """Design and rows in which everything is known, and what columns are centred and scaled by."""
    table = np.hstack(parts)
    known = there & ~np.isnan(y) & ~np.isnan(table).any(axis=1)
    if not known.any():
        raise EstimationError("No week is known together with the one before it: there is nothing to model use by.")
    centre, spread = table[known].mean(axis=0), table[known].std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    return np.column_stack([np.ones(known.sum()), (table[known] - centre) / spread]), known, centre, spread


def _logistic(parts: Sequence[Array], y: Array, there: Mask, person: Whole, n: int) -> _Model:
    x, known, centre, spread = _fitted(parts, y, there)
    beta, root = posterior_mode(x, y[known], np.ones(len(x)))
    residual = y[known] - expit(x @ beta)
    return _Model(beta, centre, spread, _solved(root, x, residual, person[known], n))


def _linear(parts: Sequence[Array], y: Array, there: Mask, person: Whole, n: int) -> _Model:
    x, known, centre, spread = _fitted(parts, y, there)
    curved = x.T @ x
    curved[np.diag_indices_from(curved)] += 1e-6
    root = linalg.cholesky(curved, lower=True)
    beta = linalg.cho_solve((root, True), x.T @ y[known])
    residual = y[known] - x @ beta
    deviation = float(np.sqrt((residual**2).mean()))
    if not deviation > 0:
        raise EstimationError("Craving does not vary beyond what was known before: leave it out.")
    squares = np.bincount(person[known], residual**2 - deviation**2, n) / (2 * deviation * len(residual))
    return _Model(beta, centre, spread, _solved(root, x, residual, person[known], n), deviation, squares)


def _solved(root: Array, x: Array, residual: Array, person: Whole, n: int) -> Array:
    """(n, p) influence on coefficients."""
    score = np.column_stack([np.bincount(person, residual * one, n) for one in x.T])
    return np.asarray(linalg.cho_solve((root, True), score.T).T)


@dataclass(frozen=True)
class _Drawn:
    """outcome: (draws, n). by_use, by_first, by_craving: derivatives of its mean by the coefficients, and of the models
    of craving, last, by their standard deviation.
    """

    outcome: Array
    by_use: Array
    by_first: Array
    by_craving: Array


def _followed(made: _Models, course: Course, level: Whole, hours: float, free: range, draws: int, seed: int) -> _Drawn:
    """Everyone drawn anew under a dose, so many times over."""
    n, rng = len(level), np.random.default_rng(seed)
    at, fixed = np.tile(level, (draws, 1)), np.tile(course.fixed, (draws, 1))
    size = len(at)
    used, craving = np.tile(course.before, draws), np.zeros(size)
    last, weeks, total = np.zeros(size), np.zeros(size), np.zeros(size)
    scores = [np.zeros((size, len(m.beta) + (m.deviation is not None))) if m else np.zeros((size, 0))
              for m in (made.use, made.first, made.craving)]  # fmt: skip
    stays_free = np.ones(size, dtype=bool)
    for week in range(free.stop):
        parts = [*_past(made.levels, used, (last, weeks, total), at[:, week]), fixed]
        if made.craving is not None and made.first is not None:
            model, to = (made.craving, scores[2]) if week else (made.first, scores[1])
            x = model.design([*parts, craving[:, None]] if week else [fixed])
            shock = rng.standard_normal(size)
            craving = x @ model.beta + (model.deviation or 0.0) * shock
            to[:, :-1] += x * (shock / (model.deviation or 1.0))[:, None]
            to[:, -1] += (shock**2 - 1) / (model.deviation or 1.0)
            parts = [*parts, craving[:, None]]
        x = made.use.design(parts)
        chance = expit(x @ made.use.beta)
        used = (rng.random(size) < chance).astype(float)
        scores[0] += x * (used - chance)[:, None]
        if week in free:
            stays_free &= used == 0
        inside = at[:, week] != OUT
        last = np.where(inside, hours, 0.0)
        weeks, total = weeks + inside, total + last
    outcome = stays_free.astype(float)
    # a score has mean zero, so that the mean of the outcome may be taken from it first
    by = [(outcome - outcome.mean()) @ score / size for score in scores]
    return _Drawn(outcome.reshape(draws, n), *by)
