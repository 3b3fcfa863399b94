"""The partial likelihood of a Cox model, its derivatives, and what each event time and each row adds to them.

What happens: for given coefficients, sums over the risk sets and over those with an event give the likelihood, the
score and the information in O(rows + event times), without an array of rows by times; from the same sums follow the
score residual of each row and, for a fitted model, the score event time by event time (`EventTimes`). Nothing is
refused here but an unknown way with ties; `cox` checks the rows.

The formulas are in `cox`. With D(u) those with an event and mean(u) the mean of x over those at risk, averaged over
the terms of Efron's likelihood, event time u adds

    score(u) = W x (D) - W(D) mean(u)                    (the Schoenfeld residuals, weighted and summed)
    information(u) = W(D) times the variance of x over those at risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.survival.risksets import RiskSets


@dataclass(frozen=True)
class Ties:
    """The terms j of the likelihood, those of all event times in one row.

    owner: event time that a term belongs to. fraction: a_j. copies: how often it counts. people: (T,) deaths.
    """

    owner: Whole
    fraction: Array
    copies: Array
    people: Array

    def sum(self, values: Array) -> Array:
        """(T,) sums over the terms of each event time."""
        return np.asarray(np.add.reduceat(self.copies * values, self._starts))

    @cached_property
    def _starts(self) -> Whole:
        """(T,) first term of each event time."""
        return np.searchsorted(self.owner, np.arange(len(self.people)))


def tie_terms(sets: RiskSets, people_dead: Array, ties: str) -> Ties:
    """The terms of the likelihood after 'efron' or 'breslow'; people_dead (d,) are those that event rows stand for."""
    people = sets.among_dead(people_dead)
    each = np.arange(len(people))
    if ties == "breslow":
        return Ties(each, np.zeros(len(people)), people, people)
    if ties != "efron":
        raise EstimationError(f"Ties can be handled after 'efron' or 'breslow', not '{ties}'.")
    whole = people.astype(np.int64)
    owner = np.repeat(each, whole)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(whole) - whole, whole)
    return Ties(owner, rank / people[owner], np.ones(len(owner)), people)


@dataclass(frozen=True)
class Sums:
    """What the likelihood is made of at one beta.

    relative: (n,) r. At each event time, (T,) or (T, p): risk and risk_x are Wr(R) and Wrx(R), dead and dead_x
    the same of D (dead_x one zero where no terms need it), scaled is W(D) / m. remaining: of each term, what the
    likelihood takes the logarithm of.
    """

    relative: Array
    risk: Array
    risk_x: Array
    dead: Array
    dead_x: Array
    scaled: Array
    remaining: Array


@dataclass(frozen=True)
class Point:
    """The likelihood and its derivatives at one beta; the second is taken when it is asked for, as it costs most."""

    beta: Array
    log_likelihood: float
    score: Array
    sums: Sums
    likelihood: PartialLikelihood

    @property
    def parameters(self) -> Array:
        """(p,) beta."""
        return self.beta

    @cached_property
    def information(self) -> Array:
        """(p, p)"""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.likelihood.information(self.sums)


@dataclass(frozen=True)
class PartialLikelihood:
    """x: (n, p), numeric columns centred and scaled. total: (n,) weights of mean one."""

    x: ModelMatrix
    total: Array
    sets: RiskSets
    ties: Ties

    @cached_property
    def x_dead(self) -> ModelMatrix:
        """(d, p) columns of the rows with an event."""
        return self.x.take(self.sets.dead)

    @cached_property
    def observed(self) -> Array:
        """(p,) W x (D), summed over all event times."""
        return self.x_dead.crossproduct(self.total[self.sets.dead])

    @cached_property
    def scaled(self) -> Array:
        """(T,) W(D) / m."""
        return self.sets.among_dead(self.total[self.sets.dead]) / self.ties.people

    @cached_property
    def tied(self) -> bool:
        """Whether any term takes part of those with an event off; without ties none does."""
        return bool(self.ties.fraction.any())

    def at(self, beta: Array) -> Point:
        """The likelihood and its two derivatives; not finite where beta overflows."""
        sets, dead = self.sets, self.sets.dead
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            relative = np.exp(self.x.times(beta))
            mass = self.total * relative
            gone = mass[dead]
            risk, among = sets.at_risk(mass), sets.among_dead(gone)
            sums = Sums(
                relative=relative,
                risk=risk,
                risk_x=sets.at_risk_times(self.x, mass),
                dead=among,
                dead_x=self.x_dead.grouped(sets.position, gone, len(sets.times)) if self.tied else np.zeros((1, 1)),
                scaled=self.scaled,
                remaining=risk[self.ties.owner] - self.ties.fraction * among[self.ties.owner],
            )
            log_likelihood = float(self.observed @ beta - self.scaled @ self.ties.sum(np.log(sums.remaining)))
            return Point(beta, log_likelihood, self.observed - self._expected_under(sums), sums, self)

    def noise(self, point: Point) -> Array:
        """(p,) about how far rounding alone may move the coefficients: the score is a difference of sums this large."""
        size = ModelMatrix(np.abs(self.x_dead.numeric), self.x_dead.names, self.x_dead.codes, self.x_dead.levels)
        summed = size.crossproduct(self.total[self.sets.dead])
        return np.asarray(np.finfo(float).eps * summed / np.diag(point.information))

    def change(self, step: Array) -> float:
        """The largest change of a linear predictor that a step makes."""
        return float(np.abs(self.x.times(step)).max())

    def expected(self, sums: Sums) -> Array:
        """(T, p) means of x over those at risk, summed over the terms of each event time."""
        p0, p1 = self._per_term(sums, 1)
        whole = sums.risk_x * p0[:, None]
        return np.asarray(whole - sums.dead_x * p1[:, None] if self.tied else whole)

    def information(self, sums: Sums, multiplier: Array | float = 1.0) -> Array:
        """(p, p) sum over event times of multiplier (T,) times the information there."""
        sets, dead = self.sets, self.sets.dead
        (p0, p1), (q0, q1, q2) = self._per_term(sums, 1), self._per_term(sums, 2)
        scaled = sums.scaled * multiplier
        mass = self.total * sums.relative
        exposure = mass * sets.while_at_risk(scaled * p0)
        exposure[dead] -= mass[dead] * (scaled * p1)[sets.position]
        found = self.x.gram(exposure) - sums.risk_x.T @ (sums.risk_x * (scaled * q0)[:, None])
        if self.tied:
            cross = sums.risk_x.T @ (sums.dead_x * (scaled * q1)[:, None])
            found += cross + cross.T - sums.dead_x.T @ (sums.dead_x * (scaled * q2)[:, None])
        return np.asarray(found)

    def score_residuals(self, sums: Sums, turn: Array, times: Array) -> Array:
        """(n, k) derivative of the score with respect to each row's weight, times turn (p, k) and times (n,).

        A row's residual is its x times a number, plus vectors that only depend on when it is at risk and has its
        event; those are turned first, so that no table of rows by p stands beside the answer.
        """
        sets, size = self.sets, len(self.sets.times)
        (passed, mean), leave, died = self._turned(sums, turn), sets.last + 1, np.full(len(times), size)
        leave[sets.dead] += size if self.tied else 0
        died[sets.dead] = sets.position
        own, residual = self._own(sums) * times, np.empty((len(times), turn.shape[1]))
        for rows, part in self.x.products(turn):
            part *= own[rows, None]
            moved = passed.take(leave[rows], axis=0)
            if not sets.from_start:
                moved -= passed.take(sets.first[rows] + 1, axis=0)
            moved *= (sums.relative[rows] * times[rows])[:, None]
            part += moved
            moved = mean.take(died[rows], axis=0)
            moved *= times[rows, None]
            np.subtract(part, moved, out=residual[rows])
        return residual

    def _own(self, sums: Sums) -> Array:
        """(n,) what each row's own x is multiplied by: its events less those expected of it."""
        dead, (p0, p1) = self.sets.dead, self._per_term(sums, 1)
        own = -sums.relative * self.sets.while_at_risk(sums.scaled * p0)
        own[dead] += 1 + sums.relative[dead] * (sums.scaled * p1)[self.sets.position]
        return np.asarray(own)

    def _turned(self, sums: Sums, turn: Array) -> tuple[Array, Array]:
        """What rows pass while at risk, summed from no event time to all, and the mean of x at each, times turn (p, k).

        Both (T + 1, k): the last mean is zero, for rows without an event. With ties, sums (T, k) follow for the rows
        that leave with an event and miss part of its terms.
        """
        size, k = len(self.sets.times), turn.shape[1]
        (p0, p1), (q0, q1, q2) = (np.array(self._per_term(sums, power))[..., None] for power in (1, 2))
        scaled, risk_x = sums.scaled[:, None], sums.risk_x @ turn
        dead_x = sums.dead_x @ turn if self.tied else np.zeros((1, k))
        passed, mean = np.zeros((2, size + 1, k))
        np.cumsum(scaled * (risk_x * q0 - dead_x * q1), axis=0, out=passed[1:])
        mean[:-1] = (risk_x * p0 - dead_x * p1) / self.ties.people[:, None]
        if self.tied:
            passed = np.concatenate([passed, passed[1:] - scaled * (risk_x * q1 - dead_x * q2)])
        return passed, mean

    def on_scale(self, point: Point, mean_total: float) -> float:
        """The log likelihood for the weights as given, not as scaled to mean one."""
        events = self.total[self.sets.dead].sum()
        return float(mean_total * (point.log_likelihood - events * np.log(mean_total)))

    def _expected_under(self, sums: Sums) -> Array:
        """(p,) the score's other part: what x (D) would be on average of those at risk, over all event times."""
        p0, p1 = self._per_term(sums, 1)
        whole = (sums.scaled * p0) @ sums.risk_x
        return np.asarray(whole - (sums.scaled * p1) @ sums.dead_x if self.tied else whole)

    def _per_term(self, sums: Sums, power: int) -> list[Array]:
        """(T,) sums over terms of a^k / remaining^power, for each k = 0 ... power."""
        inverse = 1 / sums.remaining**power
        return [self.ties.sum(self.ties.fraction**k * inverse) for k in range(power + 1)]


@dataclass(frozen=True)
class FollowedUp:
    """The rows with weight that a model was fitted to, (n,) each; entry None: all from the start."""

    time: Array
    entry: Array | None
    frequency: Array
    stratum: Whole


@dataclass(frozen=True)
class EventTimes:
    """A fitted model event time by event time, T of them sorted by stratum and then by time, in the unit of x.

    likelihood, sums: at the estimate. scale: (p,) unit of the likelihood's x. mean_total: unit of its weights.
    """

    rows: FollowedUp
    likelihood: PartialLikelihood
    sums: Sums
    scale: Array
    mean_total: float

    @property
    def times(self) -> Array:
        """(T,)"""
        return self.likelihood.sets.times

    @property
    def stratum(self) -> Whole:
        """(T,) number of the stratum."""
        dead, position = self.likelihood.sets.dead, self.likelihood.sets.position
        numbers = np.zeros(len(self.times), dtype=np.int64)
        numbers[position] = self.rows.stratum[dead]
        return numbers

    @property
    def people(self) -> Array:
        """(T,) people with an event."""
        return self.likelihood.ties.people

    def score(self) -> Array:
        """(T, p) contributions to the score, which sum to zero."""
        model, dead = self.likelihood, self.likelihood.sets.dead
        seen = model.x_dead.grouped(model.sets.position, model.total[dead], len(self.times))
        unit = self.scale * self.mean_total
        return np.asarray((seen - self.sums.scaled[:, None] * model.expected(self.sums)) * unit)

    def information(self, multiplier: Array | float = 1.0) -> Array:
        """(p, p) sum over event times of multiplier (T,) times the information there."""
        unit = np.outer(self.scale, self.scale) * self.mean_total
        return self.likelihood.information(self.sums, multiplier) * unit

    def schoenfeld(self) -> Array:
        """(d, p) x of each row with an event less its mean over those at risk (Schoenfeld 1982, Biometrika 69:239)."""
        model, sets = self.likelihood, self.likelihood.sets
        mean = model.expected(self.sums) / model.ties.people[:, None]
        return np.asarray((model.x_dead.dense() - mean[sets.position]) * self.scale)
