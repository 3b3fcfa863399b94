"""Multiple imputation of yes-or-no states in the order of time: chained logistic equations with few columns each.

What happens, in order: fixed columns are centred and scaled once; going forward in time, the equation of each state is
fitted to those seen, its coefficients are drawn from their approximate posterior, and whoever is not seen is drawn
under them, so that later equations find the earlier states complete; then, in so many passes, gaps that are followed by
a seen state are drawn again, from an equation that also holds the next state, and what lies after the last seen state
is drawn forward again. That is done m times from independent random streams of one seed. Refused: a state seen of no
one.

The equation of the state at a time holds: the fixed columns (arm, covariates, what was recorded), those that vary, at
that time, the two states before it, and for a gap the next one. People with nothing but gaps after some time need one
pass only, as with them the missing states form a monotone pattern, and forward draws are draws from the joint
distribution (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 5.4); gaps between are a Gibbs sampler
(van Buuren 2018, Flexible Imputation of Missing Data, section 4.5). Given its neighbours, a state is taken not to
depend on states further away: with few columns a table of 20,000 people and 26 weeks takes a minute, where equations
with all other weeks in each take an hour.

A weak normal prior on the coefficients keeps them finite where a category is only seen with one state
(`regression.weak_prior`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.rows import columns
from iop_outcomes.estimators.regression.weak_prior import posterior_mode

PASSES = 5
LAGS = 2
# squared length of a Newton step, in posterior standard errors, after which the mode is close enough to draw around
CLOSE = 0.01


@dataclass(frozen=True)
class Completed:
    """One completed data set.

    states: (n, T) of zeros and ones. missing: (n,) who was not seen at the last time. log_odds: (n,) of the last state,
    as drawn, of those; uniform: (n,) what it was drawn with.
    """

    states: Array
    missing: Mask
    log_odds: Array
    uniform: Array

    def last(self, delta: ArrayLike = 0.0) -> Array:
        """(n,) the last state, with the log odds of those missing moved by delta, a number or (n,); with 0 as drawn.

        The same draws serve for every delta, so that two of them differ by delta alone (Carpenter & Kenward 2013,
        Multiple Imputation and its Application, section 10.4).
        """
        moved = (self.uniform < expit(self.log_odds + np.asarray(delta, dtype=float))).astype(float)
        return np.where(self.missing, moved, self.states[:, -1])


def impute_in_time(
    states: ArrayLike,
    fixed: ArrayLike,
    imputations: int,
    seed: int,
    varying: ArrayLike | None = None,
    passes: int = PASSES,
) -> Iterator[Completed]:
    """Completed data sets, one after the other.

    states: (n, T) zeros, ones, and NaN where not seen. fixed: (n, q) complete columns; no intercept. varying: (n, T, v)
    complete columns that have a value at each time, as hours attended in a week. Everything is the same again for the
    same seed. Raises EstimationError as the module says.
    """
    table = _checked(states)
    n, times = table.shape
    if imputations < 1 or passes < 1:
        raise EstimationError("Imputation needs at least one imputation and one pass.")
    held = np.asarray(fixed, dtype=float).reshape(n, -1)
    held = columns(held, [f"fixed column {at + 1}" for at in range(held.shape[1])], n)
    moving = np.empty((n, times, 0)) if varying is None else np.asarray(varying, dtype=float)
    if moving.shape[:2] != (n, times) or not np.isfinite(moving).all():
        raise EstimationError(f"The columns that vary must be complete and of shape ({n}, {times}, v).")
    chain = _Chain(table, _scaled(held), _scaled(moving))
    for stream in np.random.default_rng(seed).spawn(imputations):
        yield chain.completed(stream, passes)


def _checked(states: ArrayLike) -> Array:
    table = np.asarray(states, dtype=float)
    if table.ndim != 2 or not table.size:
        raise EstimationError("States to impute must be a table (n, T) of people by time.")
    if not (np.isnan(table) | (table == 0) | (table == 1)).all():
        raise EstimationError("States to impute must be 0 or 1, and NaN where they were not seen.")
    unseen = np.isnan(table).all(axis=0)
    if unseen.any():
        raise EstimationError(
            f"The state at time {int(np.flatnonzero(unseen)[0]) + 1} was seen of no one, so there is nothing to impute "
            "it from. Leave that time out."
        )
    return table


def _scaled(values: Array) -> Array:
    """Columns with mean zero and unit deviation over people, and times; those that do not vary become zero."""
    axes = tuple(range(values.ndim - 1))
    if not values.shape[-1]:
        return values
    away = values - values.mean(axis=axes)
    spread = away.std(axis=axes)
    return np.asarray(away / np.where(spread > 1e-12, spread, np.inf))


@dataclass
class _Chain:
    """The states as seen, with their columns, and the coefficients from which to search, by equation."""

    seen: Array
    fixed: Array
    varying: Array

    def __post_init__(self) -> None:
        n, self.times = self.seen.shape
        self.missing = np.isnan(self.seen)
        later = np.cumsum(~self.missing[:, ::-1], axis=1)[:, ::-1] > 0
        self.gaps = self.missing & later  # some later state was seen
        self.tails = self.missing & ~later
        q, v = self.fixed.shape[1], self.varying.shape[2]
        # columns stand one after the other in memory, as each time writes its own into the last ones
        self.x = np.empty((n, 1 + q + v + LAGS + 1), order="F")
        self.x[:, 0] = 1
        self.x[:, 1 : 1 + q] = self.fixed
        self.at = 1 + q
        self.start: dict[tuple[int, bool], Array] = {}

    def completed(self, rng: np.random.Generator, passes: int) -> Completed:
        """One data set."""
        states = np.where(self.missing, 0.0, self.seen)
        last = np.zeros(len(states)), np.zeros(len(states))
        for at in range(passes + 1 if self.gaps.any() else 1):
            for time in range(self.times):
                unseen = self.tails[:, time] if at else self.missing[:, time]
                if at and self.gaps[:, time].any():
                    self._draw(states, time, self.gaps[:, time], rng, with_next=True)
                if unseen.any():
                    found = self._draw(states, time, unseen, rng, with_next=False)
                    last = found if time == self.times - 1 else last
        return Completed(states, self.missing[:, -1], *last)

    def _draw(
        self, states: Array, time: int, unseen: Mask, rng: np.random.Generator, with_next: bool
    ) -> tuple[Array, Array]:
        """Draw the states of those `unseen` (n,) at a time, in place; (n,) their log odds and uniform numbers."""
        x = self._columns(states, time, with_next)
        there = ~self.missing[:, time]
        key = (time, with_next)
        # where an equation was not fitted before, one of the time before is near
        near = self.start.get(key, self.start.get((time - 1, with_next)))
        mode, root = posterior_mode(x, self.seen[:, time], there, near, CLOSE)
        self.start[key] = mode
        noise = linalg.solve_triangular(root, rng.standard_normal(len(mode)), lower=True, trans="T")
        log_odds, uniform = np.zeros(len(x)), np.zeros(len(x))
        log_odds[unseen] = x[unseen] @ (mode + noise)
        uniform[unseen] = rng.random(int(unseen.sum()))
        states[unseen, time] = uniform[unseen] < expit(log_odds[unseen])
        return log_odds, uniform

    def _columns(self, states: Array, time: int, with_next: bool) -> Array:
        """(n, p) of the equation of one time."""
        at = self.at
        for column in self.varying[:, time].T:
            self.x[:, at] = column
            at += 1
        for lag in range(1, LAGS + 1):
            # from one half, so that the prior on the intercept stays that of an average person
            self.x[:, at] = states[:, time - lag] - 0.5 if time >= lag else 0.0
            at += 1
        if with_next:
            self.x[:, at] = states[:, time + 1] - 0.5
            at += 1
        return self.x[:, :at]
