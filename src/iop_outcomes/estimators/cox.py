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
from iop_outcomes.estimators.cox_likelihood import EventTimes, FollowedUp, PartialLikelihood, Point, tie_terms
from iop_outcomes.estimators.estimate import Array, Estimate
from iop_outcomes.estimators.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.risksets import follow_up, risk_sets
from iop_outcomes.estimators.rows import Mask, Whole, indicator, refuse_collinear, rows, square_root

MAXIMUM_ITERATIONS = 50
MAXIMUM_HALVINGS = 20
SAME_INFORMATION = 1e-2  # below this change in a linear predictor, the information of the step before still serves
MANY_ROWS = 100_000
EVERY, STEPS_OF_PART = 8, 4  # of many rows, those whose fit is the start, and its Newton steps


@dataclass(frozen=True)
class CoxFit:
    """estimate: log hazard ratios. information: (p, p), whose inverse is the model-based covariance.

    log_likelihood: partial, at the estimate; null_log_likelihood: at zero. iterations: Newton steps.
    at_events: score and information event time by event time.
    """

    estimate: Estimate
    information: Array
    log_likelihood: float
    iterations: int
    null_log_likelihood: float
    at_events: EventTimes


def cox(
    x: ArrayLike | ModelMatrix,
    time: ArrayLike,
    event: ArrayLike,
    names: Sequence[str] = (),
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
) -> CoxFit:
    """Log hazard ratios of the columns of x.

    x: (n, p), no intercept, a table with its p names, or a ModelMatrix. time, entry: (n,); at risk where entry < u <=
    time, so that a person's rows over successive intervals do not overlap. event: (n,) zeros and ones. strata: (n,)
    any labels. ties: 'efron' or 'breslow'. Rows without weight take no part and have gradient zero.
    Raises EstimationError: no events, columns that do not vary or are collinear, a coefficient without limit.
    """
    exits, enters = follow_up(time, entry)
    n = exits.size
    everyone = rows(n, weight, frequency)
    kept = np.flatnonzero(everyone.used)
    died = indicator(event, "event", n)[kept]
    covariates = model_matrix(x, names, n)
    covariates = covariates if kept.size == n else covariates.take(kept)
    if not died.any():
        raise EstimationError("No events, so there are no hazard ratios to estimate. Look at the outcome's coding.")
    stratum = _stratum_numbers(strata, n)[kept]
    followed = FollowedUp(exits[kept], None if enters is None else enters[kept], everyone.frequency[kept], stratum)
    sets = risk_sets(followed.time, died, followed.entry, stratum)
    mean_total = everyone.total[kept].mean()
    standard, scale = _standardised(covariates, stratum)
    likelihood = PartialLikelihood(
        x=standard,
        total=everyone.total[kept] / mean_total,
        sets=sets,
        ties=tie_terms(sets, followed.frequency[sets.dead], ties),
    )
    names = covariates.names
    null = likelihood.at(np.zeros(len(names)))
    start = null
    if kept.size >= MANY_ROWS:
        start = _start(likelihood, followed, died, ties)
    try:
        refuse_collinear(square_root(start.information), names, "Cox model", tolerance=1e-6)
    except EstimationError:  # far from zero an information may only look so
        refuse_collinear(square_root(null.information), names, "Cox model", tolerance=1e-6)
        start = null
    top, iterations = _maximise(likelihood, start, names)
    turn = np.linalg.inv(top.information) / (scale * mean_total)
    influence = likelihood.score_residuals(top.sums, turn, everyone.weight[kept])
    if kept.size < n:
        everywhere = np.zeros((n, len(names)))
        everywhere[kept] = influence
        influence = everywhere
    return CoxFit(
        estimate=Estimate(names, top.beta / scale, influence, everyone.frequency, everyone.weight),
        information=top.information * np.outer(scale, scale) * mean_total,
        log_likelihood=likelihood.on_scale(top, mean_total),
        iterations=iterations,
        null_log_likelihood=likelihood.on_scale(null, mean_total),
        at_events=EventTimes(followed, likelihood, top.sums, scale, mean_total),
    )


def _start(likelihood: PartialLikelihood, followed: FollowedUp, died: Mask, ties: str) -> Point:
    """Where the fit of every eighth row ends, near which that of all does; zero where that fit goes astray."""
    some = slice(None, None, EVERY)
    entry = None if followed.entry is None else followed.entry[some]
    nowhere = np.zeros(likelihood.x.shape[1])
    if not died[some].any():
        return likelihood.at(nowhere)
    sets = risk_sets(followed.time[some], died[some], entry, followed.stratum[some])
    terms = tie_terms(sets, followed.frequency[some][sets.dead], ties)
    part = PartialLikelihood(likelihood.x.take(some), likelihood.total[some], sets, terms)
    point = part.at(nowhere)
    for _ in range(STEPS_OF_PART):
        reached = part.at(point.beta + np.linalg.lstsq(point.information, point.score, rcond=1e-8)[0])
        if not reached.log_likelihood > point.log_likelihood:
            break
        point = reached
    found = likelihood.at(point.beta)
    return found if np.isfinite(found.log_likelihood) else likelihood.at(nowhere)


def _maximise(likelihood: PartialLikelihood, start: Point, names: Sequence[str]) -> tuple[Point, int]:
    """Newton steps; once they are small, the information of the step before serves."""
    point, moves, information = start, np.inf, start.information
    for iteration in range(1, MAXIMUM_ITERATIONS + 1):
        if moves > SAME_INFORMATION:
            information = point.information
        try:
            step: Array = np.asarray(np.linalg.solve(information, point.score), dtype=float)
        except np.linalg.LinAlgError:
            _refuse_unlimited(point.beta, names)
        if not np.isfinite(step).all():
            _refuse_unlimited(point.beta, names)
        moves = float(np.abs(likelihood.x.times(step)).max())
        reached = _step(likelihood, point, step)
        gain = reached.log_likelihood - point.log_likelihood
        if moves > 0.01 and gain < 1e-9:
            _refuse_unlimited(step, names)
        point = reached
        if moves < 1e-9:
            return point, iteration
    _refuse_unlimited(step, names)  # the likelihood is concave: if it rises still, it has no maximum


def _step(likelihood: PartialLikelihood, point: Point, step: Array) -> Point:
    """The point after a Newton step, halved until the likelihood does not fall (beyond rounding)."""
    rounding = 1e-12 * (1 + abs(point.log_likelihood))
    for _ in range(MAXIMUM_HALVINGS):
        reached = likelihood.at(point.beta + step)
        climbs = reached.log_likelihood >= point.log_likelihood - rounding
        if climbs and np.isfinite(reached.score).all():
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


def _standardised(x: ModelMatrix, stratum: Whole) -> tuple[ModelMatrix, Array]:
    """Numeric columns less their mean in each stratum and over their root mean square there, and that scale (p,).

    Neither changes the partial likelihood, and no digits are lost to cancellation. Columns that do not vary
    are zero. Categories stay as they are, with scale one.
    """
    scale = np.ones(x.shape[1])
    a = x.numeric.shape[1]
    if a == 0:
        return x, scale
    people = np.maximum(np.bincount(stratum), 1)
    means = np.stack([np.bincount(stratum, column) / people for column in x.numeric.T], axis=1)
    centred = x.numeric - means[stratum]
    spread = np.sqrt((centred**2).mean(axis=0))
    flat = spread <= 1e-10 * np.sqrt((x.numeric**2).mean(axis=0))
    spread[flat] = 1.0
    scale[:a] = spread
    return ModelMatrix(np.where(flat, 0.0, centred / spread), x.names, x.codes, x.levels), scale


def _stratum_numbers(strata: ArrayLike | None, n: int) -> Whole:
    if strata is None:
        return np.zeros(n, dtype=np.int64)
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise EstimationError(f"'strata' has shape {labels.shape} where {n} labels were expected, one for each row.")
    return np.unique(labels.astype(str), return_inverse=True)[1].astype(np.int64)
