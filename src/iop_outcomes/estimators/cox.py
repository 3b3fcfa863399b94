"""Weighted Cox regression with tied times, strata, left truncation and frequencies.

What happens, in order: the rows are checked and those without weight set aside; covariates are centred within
strata and scaled; columns that do not vary among those at risk, or that others contain, are refused by name;
Newton's method with step halving maximises the partial likelihood; a likelihood that keeps rising as a
coefficient grows without limit is refused, naming the covariate; each row's influence is its score residual
times the inverse information.

With R(u) those at risk and D(u) the m(u) people who have an event at u, W = weight * frequency, r = exp(x b)
and sums over a set written W(D), Wr(R), the partial log likelihood (Cox 1972, JRSS B 34:187; ties after Efron
1977, JASA 72:557) is

    sum over events of W x b - sum over u of W(D) / m * sum over j < m of log(Wr(R) - a_j Wr(D))

with a_j = j / m for Efron and 0 for Breslow. m counts people, so a row of frequency f answers exactly as f
rows do; it is no case weight (lifelines and R read it as one). Score residuals are the derivatives of the
score by the rows' weights (Therneau & Grambsch 2000, Modeling Survival Data, section 7.1), so robust
variances equal those of R's `coxph(robust = TRUE)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Estimate
from iop_outcomes.estimators.risksets import RiskSets, follow_up, risk_sets
from iop_outcomes.estimators.rows import Whole, columns, indicator, refuse_collinear, rows

MAXIMUM_ITERATIONS = 50
MAXIMUM_HALVINGS = 20


@dataclass(frozen=True)
class CoxFit:
    """estimate: log hazard ratios. information: (p, p), whose inverse is the model-based covariance.

    log_likelihood: partial, at the estimate; null_log_likelihood: at zero. iterations: Newton steps.
    """

    estimate: Estimate
    information: Array
    log_likelihood: float
    iterations: int
    null_log_likelihood: float


def cox(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
) -> CoxFit:
    """Log hazard ratios of the columns of x.

    x: (n, p), no intercept. time, entry: (n,); at risk where entry < u <= time, so that a person's rows over
    successive intervals do not overlap. event: (n,) zeros and ones. names: p labels. strata: (n,) any labels.
    ties: 'efron' or 'breslow'. Rows without weight take no part and have gradient zero.
    Raises EstimationError: no events, columns that do not vary or are collinear, a coefficient without limit.
    """
    exits, enters = follow_up(time, entry)
    n = exits.size
    everyone = rows(n, weight, frequency)
    kept = np.flatnonzero(everyone.used)
    died = indicator(event, "event", n)[kept]
    covariates = columns(x, names, n)[kept]
    if not died.any():
        raise EstimationError("No events, so there are no hazard ratios to estimate. Look at the outcome's coding.")
    stratum = _stratum_numbers(strata, n)[kept]
    sets = risk_sets(exits[kept], died, None if enters is None else enters[kept], stratum)
    mean_total = everyone.total[kept].mean()
    standard, scale = _standardised(covariates, stratum)
    likelihood = _Likelihood(
        x=standard,
        total=everyone.total[kept] / mean_total,
        sets=sets,
        ties=_ties(sets, everyone.frequency[kept][sets.dead], ties),
    )
    null = likelihood.at(np.zeros(len(names)))
    refuse_collinear(_square_root(null.information), names, "Cox model", tolerance=1e-6)
    top, iterations = _maximise(likelihood, null, names)
    gradient = np.zeros((n, len(names)))
    gradient[kept] = likelihood.score_residuals(top) @ np.linalg.inv(top.information) / (scale * mean_total)
    return CoxFit(
        estimate=everyone.estimate(names, top.beta / scale, gradient),
        information=top.information * np.outer(scale, scale) * mean_total,
        log_likelihood=likelihood.on_scale(top, mean_total),
        iterations=iterations,
        null_log_likelihood=likelihood.on_scale(null, mean_total),
    )


@dataclass(frozen=True)
class _Ties:
    """The terms j of the likelihood, those of all event times in one row.

    owner: event time that a term belongs to. fraction: a_j. copies: how often it counts. people: (T,) deaths.
    """

    owner: Whole
    fraction: Array
    copies: Array
    people: Array

    def sum(self, values: Array) -> Array:
        """(T,) sums over the terms of each event time."""
        return np.asarray(np.bincount(self.owner, self.copies * values, len(self.people)), dtype=float)


def _ties(sets: RiskSets, people_dead: Array, ties: str) -> _Ties:
    people = sets.among_dead(people_dead)
    each = np.arange(len(people))
    if ties == "breslow":
        return _Ties(each, np.zeros(len(people)), people, people)
    if ties != "efron":
        raise EstimationError(f"Ties can be handled after 'efron' or 'breslow', not '{ties}'.")
    whole = people.astype(np.int64)
    owner = np.repeat(each, whole)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(whole) - whole, whole)
    return _Ties(owner, rank / people[owner], np.ones(len(owner)), people)


@dataclass(frozen=True)
class _Point:
    """The likelihood and its derivatives at one beta, and what the score residuals need.

    relative: (n,) r. At each event time, (T,) or (T, p): risk and risk_x are Wr(R) and Wrx(R), dead and
    dead_x the same of D, scaled is W(D) / m.
    """

    beta: Array
    log_likelihood: float
    score: Array
    information: Array
    relative: Array
    risk: Array
    risk_x: Array
    dead: Array
    dead_x: Array
    scaled: Array


@dataclass(frozen=True)
class _Likelihood:
    """x: (n, p) centred and scaled. total: (n,) weights of mean one."""

    x: Array
    total: Array
    sets: RiskSets
    ties: _Ties

    def at(self, beta: Array) -> _Point:
        """The likelihood and its two derivatives; not finite where beta overflows."""
        sets, dead = self.sets, self.sets.dead
        linear = self.x @ beta
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            relative = np.exp(linear)
            mass = self.total * relative
            mass_x = mass[:, None] * self.x
            risk, risk_x = sets.at_risk(mass), sets.at_risk(mass_x)
            gone, gone_x = sets.among_dead(mass[dead]), sets.among_dead(mass_x[dead])
            scaled = sets.among_dead(self.total[dead]) / self.ties.people
            p0, p1, q0, q1, q2 = self._sums(risk, gone)
            logs = self.ties.sum(np.log(self._remaining(risk, gone)))
            score = self.total[dead] @ self.x[dead] - scaled @ (risk_x * p0[:, None] - gone_x * p1[:, None])
            exposure = mass * sets.while_at_risk(scaled * p0)
            exposure[dead] -= mass[dead] * (scaled * p1)[sets.position]
            cross = risk_x.T @ (gone_x * (scaled * q1)[:, None])
            information = (
                self.x.T @ (self.x * exposure[:, None])
                - risk_x.T @ (risk_x * (scaled * q0)[:, None])
                + (cross + cross.T)
                - gone_x.T @ (gone_x * (scaled * q2)[:, None])
            )
            log_likelihood = float(self.total[dead] @ linear[dead] - scaled @ logs)
        return _Point(beta, log_likelihood, score, information, relative, risk, risk_x, gone, gone_x, scaled)

    def score_residuals(self, point: _Point) -> Array:
        """(n, p) derivative of the score with respect to each row's weight, per unit of weight."""
        sets, at = self.sets, self.sets.position
        p0, p1, q0, q1, q2 = self._sums(point.risk, point.dead)
        scaled = point.scaled
        hazard = sets.while_at_risk(scaled * p0)
        hazard_x = sets.while_at_risk(scaled[:, None] * (point.risk_x * q0[:, None] - point.dead_x * q1[:, None]))
        residual = -point.relative[:, None] * (self.x * hazard[:, None] - hazard_x)
        mean = (point.risk_x * p0[:, None] - point.dead_x * p1[:, None]) / self.ties.people[:, None]
        kept_x = scaled[:, None] * (point.risk_x * q1[:, None] - point.dead_x * q2[:, None])
        x, relative = self.x[sets.dead], point.relative[sets.dead][:, None]
        residual[sets.dead] += x - mean[at] + relative * (x * (scaled * p1)[at][:, None] - kept_x[at])
        return np.asarray(residual)

    def on_scale(self, point: _Point, mean_total: float) -> float:
        """The log likelihood for the weights as given, not as scaled to mean one."""
        events = self.total[self.sets.dead].sum()
        return float(mean_total * (point.log_likelihood - events * np.log(mean_total)))

    def _remaining(self, risk: Array, gone: Array) -> Array:
        return risk[self.ties.owner] - self.ties.fraction * gone[self.ties.owner]

    def _sums(self, risk: Array, gone: Array) -> tuple[Array, Array, Array, Array, Array]:
        """(T,) sums over terms of a^k / remaining for k = 0, 1, and of a^k / remaining^2 for k = 0, 1, 2."""
        a, inverse = self.ties.fraction, 1 / self._remaining(risk, gone)
        add = self.ties.sum
        return add(inverse), add(a * inverse), add(inverse**2), add(a * inverse**2), add(a**2 * inverse**2)


def _maximise(likelihood: _Likelihood, null: _Point, names: Sequence[str]) -> tuple[_Point, int]:
    point = null
    for iteration in range(1, MAXIMUM_ITERATIONS + 1):
        try:
            step: Array = np.asarray(np.linalg.solve(point.information, point.score), dtype=float)
        except np.linalg.LinAlgError:
            _refuse_unlimited(point.beta, names)
        moves = float(np.abs(likelihood.x @ step).max())
        reached = _step(likelihood, point, step)
        gain = reached.log_likelihood - point.log_likelihood
        if moves > 0.01 and gain < 1e-9:
            _refuse_unlimited(step, names)
        point = reached
        if moves < 1e-8:
            return point, iteration
    _refuse_unlimited(step, names)  # the likelihood is concave: if it rises still, it has no maximum


def _step(likelihood: _Likelihood, point: _Point, step: Array) -> _Point:
    """The point after a Newton step, halved until the likelihood does not fall (beyond rounding)."""
    rounding = 1e-12 * (1 + abs(point.log_likelihood))
    for _ in range(MAXIMUM_HALVINGS):
        reached = likelihood.at(point.beta + step)
        climbs = reached.log_likelihood >= point.log_likelihood - rounding
        if climbs and np.isfinite(reached.information).all():
            return reached
        step = step / 2
    return point


def _refuse_unlimited(direction: Array, names: Sequence[str]) -> NoReturn:
    size = np.abs(direction)
    guilty = ", ".join(name for name, s in zip(names, size, strict=True) if s > 0.5 * size.max())
    raise EstimationError(
        f"The log hazard ratio of {guilty} has no finite estimate: the likelihood keeps rising as it grows, "
        "because everyone with an event is on one side of it (a category without events, or with nothing "
        "but). Merge the category with another, or leave it out."
    )


def _square_root(information: Array) -> Array:
    """A matrix whose crossproduct is the information; zero where a column never varies."""
    size = np.sqrt(np.clip(np.diag(information), 0, None))
    flat = size <= 1e-7 * max(size.max(), 1e-300)
    size = np.where(flat, 1.0, size)
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    root = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    return np.where(flat, 0.0, root)


def _standardised(x: Array, stratum: Whole) -> tuple[Array, Array]:
    """x less its mean in each stratum and over its root mean square there, and that scale (p,).

    Neither changes the partial likelihood, and no digits are lost to cancellation. Columns that do not vary
    are zero.
    """
    people = np.maximum(np.bincount(stratum), 1)
    means = np.stack([np.bincount(stratum, column) / people for column in x.T], axis=1)
    centred = x - means[stratum]
    scale = np.sqrt((centred**2).mean(axis=0))
    flat = scale <= 1e-10 * np.sqrt((x**2).mean(axis=0))
    scale[flat] = 1.0
    return np.where(flat, 0.0, centred / scale), scale


def _stratum_numbers(strata: ArrayLike | None, n: int) -> Whole:
    if strata is None:
        return np.zeros(n, dtype=np.int64)
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise EstimationError(f"'strata' has shape {labels.shape} where {n} labels were expected, one for each row.")
    return np.unique(labels.astype(str), return_inverse=True)[1].astype(np.int64)
