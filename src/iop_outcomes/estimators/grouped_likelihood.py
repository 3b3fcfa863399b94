"""The likelihood of grouped-time hazards, its derivatives, its maximum, and the score of each row.

What happens: for given coefficients b and interval parameters a, one sum per person and cumulative sums over the
intervals give the likelihood, the score and the information (the formulas are in `grouped`); Newton's method with step
halving climbs to the maximum, which is the only one, as the likelihood is concave. Refused: a coefficient without
limit, as in Cox regression. With g = log(1 - exp(-h)) and h the cumulative hazard of the event's interval, the
derivatives by log h are g' = h / (exp(h) - 1) and g'' = g' (1 - h - g').
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iop_outcomes.estimators.cox import _refuse_unlimited
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.model_matrix import ModelMatrix
from iop_outcomes.estimators.rows import Mask, Whole

MAXIMUM_ITERATIONS = 60
MAXIMUM_HALVINGS = 20


@dataclass(frozen=True)
class Point:
    """The likelihood at theta: b, then a of the intervals with a parameter. relative: (n,) r. first: (d,) g'."""

    theta: Array
    log_likelihood: float
    score: Array
    information: Array
    relative: Array
    first: Array

    def profile(self, p: int) -> Array:
        """(p, p) information on b when the a are estimated with it."""
        cross = self.information[p:, :p]
        return np.asarray(self.information[:p, :p] - cross.T @ (cross / np.diag(self.information)[p:, None]))


@dataclass(frozen=True)
class GroupedLikelihood:
    """x: (n, p). survived: (n,) intervals with a parameter that a row came through. dead: (d,) rows with an event in
    such an interval; place: (d,) its number. total: (n,) weights of mean one. size: intervals with a parameter.
    """

    x: ModelMatrix
    x_dead: ModelMatrix
    survived: Whole
    dead: Whole
    place: Whole
    total: Array
    size: int

    @classmethod
    def of(cls, x: ModelMatrix, border: Whole, own: Mask, total: Array, fixed: Array) -> GroupedLikelihood:
        """border: (n,) number of the border by which the row left or was last seen; own: (n,) by the cause."""
        free = np.isnan(fixed)
        before = np.concatenate([[0], np.cumsum(free)])  # intervals with a parameter up to each border
        dead = np.flatnonzero(own & free[np.maximum(border - 1, 0)] & (border > 0))
        survived = before[border - own]
        return cls(x, x.take(dead), survived, dead, before[border[dead] - 1], total, int(free.sum()))

    def start(self) -> Array:
        """(K,) the a without covariates."""
        events = np.bincount(self.place, self.total[self.dead], self.size)
        stayed = self._reached(self.total)
        return np.log(np.log1p(events / stayed))

    def at(self, theta: Array) -> Point:
        """The likelihood and its two derivatives; not finite where theta overflows."""
        p, dead, place = self.x.shape[1], self.dead, self.place
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            linear, rate = self.x.times(theta[:p]), np.exp(theta[p:])
            relative = np.exp(linear)
            mass = self.total * relative
            hazard = rate[place] * relative[dead]
            first = np.where(hazard > 0, hazard / np.where(hazard > 0, np.expm1(hazard), 1.0), 1.0)
            second = first * (1 - hazard - first)
            exposure = np.concatenate([[0.0], np.cumsum(rate)])[self.survived]
            total = self.total[dead]
            log_likelihood = float(total @ np.log(-np.expm1(-hazard)) - mass @ exposure)
            stays, stays_x = rate * self._reached(mass), rate[:, None] * self._reached_x(mass)
            score = np.concatenate([
                self.x_dead.crossproduct(total * first) - self.x.crossproduct(mass * exposure),
                np.bincount(place, total * first, self.size) - stays,
            ])  # fmt: skip
            pull = mass * exposure
            pull[dead] -= total * second
            cross = stays_x - self.x_dead.grouped(place, total * second, self.size)
            own = stays - np.bincount(place, total * second, self.size)
            information = np.block([[self.x.gram(pull), cross.T], [cross, np.diag(own)]])
        return Point(theta, log_likelihood, score, information, relative, first)

    def scores(self, point: Point, turn: Array) -> Array:
        """(n, k) score of each row per unit of weight, times turn (p + K, k)."""
        p, dead = self.x.shape[1], self.dead
        rate = np.exp(point.theta[p:])
        own = -point.relative * np.concatenate([[0.0], np.cumsum(rate)])[self.survived]
        own[dead] += point.first
        come = np.concatenate([np.zeros((1, turn.shape[1])), np.cumsum(rate[:, None] * turn[p:], axis=0)])
        out = np.empty((len(own), turn.shape[1]))
        for at, block in self.x.blocks(own):  # so that no table of rows by p stands beside the answer
            part = come[self.survived[at]]
            part *= -point.relative[at, None]
            part += block @ turn[:p]
            begin, end = np.searchsorted(dead, (at.start, at.stop))
            part[dead[begin:end] - at.start] += point.first[begin:end, None] * turn[p:][self.place[begin:end]]
            out[at] = part
        return out

    def _reached(self, values: Array) -> Array:
        """(K,) sums over the rows that came through each interval."""
        return np.asarray(np.cumsum(np.bincount(self.survived, values, self.size + 1)[::-1])[::-1][1:])

    def _reached_x(self, values: Array) -> Array:
        return np.asarray(np.cumsum(self.x.grouped(self.survived, values, self.size + 1)[::-1], axis=0)[::-1][1:])


def maximise(model: GroupedLikelihood, theta: Array, names: Sequence[str]) -> tuple[Point, int]:
    """The maximum, climbing from theta, and the number of Newton steps. names: of b, for a refusal."""
    p = len(names)
    point = model.at(theta)
    for iteration in range(1, MAXIMUM_ITERATIONS + 1):
        try:
            step: Array = np.asarray(np.linalg.solve(point.information, point.score), dtype=float)
        except np.linalg.LinAlgError:
            _refuse_unlimited(point.theta[:p], names)
        moves = float(np.abs(model.x.times(step[:p])).max(initial=0.0) + np.abs(step[p:]).max())
        reached = _step(model, point, step)
        if moves > 0.01 and reached.log_likelihood - point.log_likelihood < 1e-9:
            _refuse_unlimited(step[:p], names)
        point = reached
        if moves < 1e-8:
            return point, iteration
    _refuse_unlimited(step[:p], names)  # the likelihood is concave: if it rises still, it has no maximum


def _step(model: GroupedLikelihood, point: Point, step: Array) -> Point:
    """The point after a Newton step, halved until the likelihood does not fall (beyond rounding)."""
    rounding = 1e-12 * (1 + abs(point.log_likelihood))
    for _ in range(MAXIMUM_HALVINGS):
        reached = model.at(point.theta + step)
        climbs = reached.log_likelihood >= point.log_likelihood - rounding
        if climbs and np.isfinite(reached.information).all():
            return reached
        step = step / 2
    return point
