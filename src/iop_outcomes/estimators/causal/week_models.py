"""Models of weeks of care: how craving, use, and what comes of people afterwards depend on what came before.

Craving by linear, use and what comes afterwards by logistic regression on last use and hours, on weeks and hours of
care so far, on the level of care and on what was known at the start. Coefficients are held by a weak prior, so that a
kind of week in which everyone does the same is no obstacle. With each goes every person's influence on it, over all of
the person's weeks (Stefanski & Boos 2002, American Statistician 56:29).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import linalg
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.doses import OUT, Course
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

# where straight lines may bend: of last week's hours, of weeks and of hours of care so far. At round numbers: quantiles
# would lie where people leave, and tell little of those who stay
BENDS = ((5.0, 10.0, 15.0, 20.0, 25.0), (4.0, 8.0, 13.0), (50.0, 100.0, 150.0, 200.0))
# the same of what comes after care, which is known once of each person: fewer
FADES, ENOUGH_LAST, ENOUGH_TOTAL = 13.0, 20.0, 150.0
BENDS_AFTER = ((ENOUGH_LAST,), (4.0, 8.0, FADES), (ENOUGH_TOTAL,))


@dataclass(frozen=True)
class Columns:
    """What a model stands on. known: (n, p), or (1, p) where it is the same for everyone. fixed: (n, q) known at the
    start, sites among it. states: each (n,), or (draws, n) of people who are followed anew.
    """

    known: Array
    fixed: Array
    states: tuple[Array, ...]

    def table(self) -> Array:
        """(n, p + q + s) all columns, of people as they were recorded."""
        return np.hstack([self.known, self.fixed, *(state[:, None] for state in self.states)])

    def times(self, slope: Array) -> Array:
        """(n,) or (draws, n) sums of columns times their slopes."""
        p, q = self.known.shape[1], self.fixed.shape[1]
        total = self.known @ slope[:p] + self.fixed @ slope[p : p + q]
        for state, one in zip(self.states, slope[p + q :], strict=True):
            total = total + one * state
        return np.asarray(total)

    def sums(self, residual: Array) -> Array:
        """(p + q + s,) sums of each column times residual (draws, n)."""
        of_person = residual.sum(axis=0)
        known = of_person.sum() * self.known[0] if len(self.known) == 1 else of_person @ self.known
        return np.array([*known, *(of_person @ self.fixed), *((residual * state).sum() for state in self.states)])


@dataclass(frozen=True)
class Model:
    """Coefficients (p,), centre and spread of the columns behind the intercept, standard deviation of what is left
    (None of a logistic model), and (n, p) influence of each person on the coefficients, and (n,) on the deviation.
    """

    beta: Array
    centre: Array
    spread: Array
    influence: Array
    deviation: float | None = None
    of_deviation: Array = field(default_factory=lambda: np.zeros(0))

    def at(self, columns: Columns) -> Array:
        """(n,) or (draws, n) linear predictor."""
        slope = self.beta[1:] / self.spread
        return self.beta[0] - self.centre @ slope + columns.times(slope)

    def score(self, columns: Columns, residual: Array) -> Array:
        """(p,) sums of residual (draws, n) times the columns as the coefficients know them."""
        total = residual.sum()
        return np.array([total, *((columns.sums(residual) - self.centre * total) / self.spread)])


def past(
    levels: Sequence[int], so_far: Sequence[Array], level: Whole, bends: Sequence[Sequence[float]] = BENDS
) -> Array:
    """(m, p) of weeks: last hours, weeks and hours of care so far as lines that may bend, and the level of care."""
    bent = [
        np.column_stack([values, *(np.maximum(values - at, 0.0) for at in places)])
        for values, places in zip(so_far, bends, strict=True)
    ]
    return np.hstack([*bent, *((level == v).astype(float)[:, None] for v in levels)])


@dataclass(frozen=True)
class Models:
    """Of craving in the first week and in later ones, where there is any, of use, and of what comes after care, where
    it is asked about. levels: of care, in columns.
    """

    levels: tuple[int, ...]
    first: Model | None
    craving: Model | None
    use: Model
    after: Model | None

    @classmethod
    def of(cls, course: Course, who: Mask, after: Array | None = None) -> Models:
        """Models of the weeks of `who` (n,): of all of them, or up to the last one in care where `after` (n,), 0 or 1,
        missing where nobody knows, tells what came of people.
        """
        n, weeks = course.used.shape
        levels = tuple(int(v) for v in np.unique(course.level[who]) if v != OUT)
        inside = course.level != OUT
        so_far = (course.hours, np.cumsum(inside, axis=1), np.cumsum(course.hours, axis=1))
        person, week = np.repeat(np.arange(n), weeks), np.tile(np.arange(weeks), n)
        last = weeks - 1 - inside[:, ::-1].argmax(axis=1)
        asked = who[person] if after is None else (who & inside.any(axis=1))[person] & (week <= last[person])
        known = past(levels, [_before(values).ravel() for values in so_far], course.level.ravel())
        before = np.hstack([course.before[:, None], course.used[:, :-1]]).ravel()
        told = None if course.craving is None else course.craving.ravel()
        fixed, used = course.start[person], course.used.ravel()
        first = craving = None
        if told is not None:
            start = Columns(np.empty((len(told), 0)), fixed, ())
            first = _linear(start, told, asked & (week == 0), person, n)
            lagged = _before(told.reshape(n, weeks)).ravel()
            craving = _linear(Columns(known, fixed, (before, lagged)), told, asked & (week > 0), person, n)
        now = (before,) if told is None else (before, told)
        use = _logistic(Columns(known, fixed, now), used, asked, person, n)
        if after is None:
            return cls(levels, first, craving, use, None)
        end = np.arange(n) * weeks + last
        there = who & inside.any(axis=1)
        at_end = ended(
            levels, course, [values.ravel()[end] for values in so_far], course.level.ravel()[end], used[end],
            None if told is None else told[end],
        )  # fmt: skip
        return cls(levels, first, craving, use, _logistic(at_end, after, there, np.arange(n), n))


def ended(
    levels: Sequence[int], course: Course, so_far: Sequence[Array], level: Whole, used: Array, craving: Array | None
) -> Columns:
    """What comes after care stands on: the state at its end, alone and by how early and how late it ended, as states
    fade. Of who is in care up to the outcome's own weeks the last state all but is the outcome: with one slope for all
    later weeks, hours would seem to do less for those who leave at the bend than they do.
    """
    last, weeks, total = so_far
    away = (np.maximum(FADES - weeks, 0.0), np.maximum(weeks - FADES, 0.0))
    known = past(levels, so_far, level, BENDS_AFTER)
    fading = [
        (np.minimum(values, at) * one)[:, None]
        for one in away
        for values, at in ((last, ENOUGH_LAST), (total, ENOUGH_TOTAL))
    ]
    now = (used,) if craving is None else (used, craving)
    start = np.hstack([*(course.fixed * one[:, None] for one in away), course.start])
    return Columns(np.hstack([known, *fading]), start, (*now, *(state * one for one in away for state in now)))


def _before(values: Array) -> Array:
    """(n, T) of each week what stood at the end of the one before, 0 at first."""
    return np.asarray(np.hstack([np.zeros((len(values), 1)), values[:, :-1]]))


def _fitted(columns: Columns, y: Array, there: Mask) -> tuple[Array, Mask, Array, Array]:
    """Design and rows in which everything is known, and what columns are centred and scaled by."""
    known = there & ~np.isnan(y)
    for state in columns.states:
        known = known & ~np.isnan(state)
    if not known.any():
        raise EstimationError("No week is known together with the one before it: there is nothing to model use by.")
    table = columns.table()[known]
    centre, spread = table.mean(axis=0), table.std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    return np.column_stack([np.ones(len(table)), (table - centre) / spread]), known, centre, spread


def _logistic(columns: Columns, y: Array, there: Mask, person: Whole, n: int) -> Model:
    x, known, centre, spread = _fitted(columns, y, there)
    beta, root = posterior_mode(x, y[known], np.ones(len(x)))
    residual = y[known] - expit(x @ beta)
    return Model(beta, centre, spread, _solved(root, x, residual, person[known], n))


def _linear(columns: Columns, y: Array, there: Mask, person: Whole, n: int) -> Model:
    x, known, centre, spread = _fitted(columns, y, there)
    curved = x.T @ x
    curved[np.diag_indices_from(curved)] += 1e-6
    root = linalg.cholesky(curved, lower=True)
    beta = linalg.cho_solve((root, True), x.T @ y[known])
    residual = y[known] - x @ beta
    deviation = float(np.sqrt((residual**2).mean()))
    if not deviation > 0:
        raise EstimationError("Craving does not vary beyond what was known before: leave it out.")
    squares = np.bincount(person[known], residual**2 - deviation**2, n) / (2 * deviation * len(residual))
    return Model(beta, centre, spread, _solved(root, x, residual, person[known], n), deviation, squares)


def _solved(root: Array, x: Array, residual: Array, person: Whole, n: int) -> Array:
    """(n, p) influence on coefficients."""
    score = np.column_stack([np.bincount(person, residual * one, n) for one in x.T])
    return np.asarray(linalg.cho_solve((root, True), score.T).T)
