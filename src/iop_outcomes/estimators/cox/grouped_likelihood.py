"""The likelihood of grouped-time hazards, its derivatives, and the score of each row.

What happens: for given coefficients b and interval parameters a, one sum per person and cumulative sums over the
intervals give the likelihood, the score and the information (the formulas are in `grouped`); it is concave, so that
`newton` climbs to its only maximum. With g = log(1 - exp(-h)) and h the cumulative hazard of the event's interval, the
derivatives by log h are g' = h / (exp(h) - 1) and g'' = g' (1 - h - g').
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix


@dataclass(frozen=True)
class Point:
    """The likelihood at theta: b, then a of the intervals with a parameter. relative: (n,) r. first: (d,) g'."""

    theta: Array
    log_likelihood: float
    score: Array
    information: Array
    relative: Array
    first: Array

    @property
    def parameters(self) -> Array:
        """(p + intervals,) theta."""
        return self.theta

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
        for at, product in self.x.products(turn[:p]):  # so that no table of rows by p stands beside the answer
            part = come[self.survived[at]]
            part *= -point.relative[at, None]
            part += own[at, None] * product
            begin, end = np.searchsorted(dead, (at.start, at.stop))
            part[dead[begin:end] - at.start] += point.first[begin:end, None] * turn[p:][self.place[begin:end]]
            out[at] = part
        return out

    def change(self, step: Array) -> float:
        """The largest change of a linear predictor that a step makes."""
        p = self.x.shape[1]
        return float(np.abs(self.x.times(step[:p])).max(initial=0.0) + np.abs(step[p:]).max())

    def _reached(self, values: Array) -> Array:
        """(K,) sums over the rows that came through each interval."""
        return np.asarray(np.cumsum(np.bincount(self.survived, values, self.size + 1)[::-1])[::-1][1:])

    def _reached_x(self, values: Array) -> Array:
        return np.asarray(np.cumsum(self.x.grouped(self.survived, values, self.size + 1)[::-1], axis=0)[::-1][1:])
