"""Proportional hazards for durations that are known by interval only: grouped-time regression of one cause.

What happens, in order: each person's interval is checked against the common borders; rows without weight are set
aside; intervals in which nobody at risk has the event, or everybody, get hazard 0 or 1 and no parameter; Newton's
method with step halving maximises the likelihood over the other intervals and the covariates; each row's influence is
its score times the inverse information. Refused: intervals other than those of the borders, no events of the cause,
columns that do not vary or are collinear, a coefficient without limit.

With borders b_0 < b_1 < ... < b_K, a person still there at b_k-1 leaves by the cause before b_k with probability

    h_k(x) = 1 - exp(-exp(a_k + x b)),

which is the probability that continuous proportional hazards with log hazard ratios b give, whatever happens within
the interval (Prentice & Gloeckler 1978, Biometrics 34:57). Someone who leaves by another cause in the interval has
stayed free of this one to its end, so that the cumulative incidence is the sum of S_k-1 h_k, with S falling by the h of
all causes (`predicted_incidence`; without covariates it is `cumulative_incidence` at the borders). With s_i intervals
survived, k_i that of the event and r = exp(x b) the log likelihood is

    sum of W (log(1 - exp(-exp(a_k_i) r_i)) at an event  -  r_i (exp(a_1) + ... + exp(a_s_i))),

which needs one sum per person: rows of people by intervals are never written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.base.newton import maximise
from iop_outcomes.estimators.base.rows import codes, column, label, refuse_collinear, rows, square_root
from iop_outcomes.estimators.base.same_times import placed, same_times
from iop_outcomes.estimators.cox.grouped_likelihood import GroupedLikelihood
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix, standardised_within


@dataclass(frozen=True)
class GroupedFit:
    """estimate: log hazard ratios b. baseline: a_k of the intervals with a parameter, named by their upper border.
    information: of b and then a_k, observed. log_likelihood: weighted. borders: (K + 1,). fixed: (K,) hazards of the
    intervals without a parameter, 0 or 1, and not a number for the others.
    """

    estimate: Estimate
    baseline: Estimate
    information: Array
    log_likelihood: float
    iterations: int
    borders: Array
    fixed: Array

    def hazards(self, x: ArrayLike) -> Array:
        """(m, K) h_k(x) for profiles x (m, p)."""
        profiles = np.asarray(x, dtype=float)
        free = np.isnan(self.fixed)
        out = np.tile(self.fixed, (len(profiles), 1))
        out[:, free] = -np.expm1(-np.exp((profiles @ self.estimate.value)[:, None] + self.baseline.value))
        return out


def grouped_times(low: ArrayLike, high: ArrayLike, cause: ArrayLike, borders: ArrayLike) -> Array:
    """(n,) the border by which each person has left, or at which they were last seen.

    low, high: (n,) a person with an event (cause > 0) leaves within (low, high], one of the intervals between
    successive borders; someone censored is last seen at low, one of the borders (high does not matter). With these
    times `cumulative_incidence` and `survival` are exact at the borders. Raises EstimationError for other intervals.
    """
    grid, begins = _borders(borders), column(low, "low")
    causes = codes(cause, "cause", begins.size)
    ends = np.asarray(high, dtype=float)
    if ends.shape != begins.shape:
        raise EstimationError(f"'high' has shape {ends.shape} where {begins.size} values were expected, as in 'low'.")
    begins, ends = (placed(values, grid) for values in (begins, ends))
    at = np.minimum(np.searchsorted(grid, begins), len(grid) - 1)
    if (grid[at] != begins).any():
        raise EstimationError(
            "Some intervals begin, or some people are last seen, at no border of the partition. Give all borders, or "
            "move people who are last seen within an interval back to the border before."
        )
    event = causes > 0
    if (at[event] == len(grid) - 1).any() or (grid[at[event] + 1] != ends[event]).any():
        raise EstimationError(
            "Some people leave within an interval that is not one between two successive borders. Give all borders; if "
            "intervals overlap or differ between people, use an estimator for interval-censored times."
        )
    return np.where(event, ends, begins)


def grouped_hazards(
    x: ArrayLike | ModelMatrix,
    low: ArrayLike,
    high: ArrayLike,
    cause: ArrayLike,
    which: int,
    names: Sequence[str],
    borders: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> GroupedFit:
    """Log hazard ratios of the columns of x for cause `which`, and the hazard of each interval.

    x: (n, p), no intercept, a table or a ModelMatrix; p may be 0. low, high: (n,) see `grouped_times`. cause: (n,)
    whole numbers, 0 censored. borders: (K + 1,), from the one at which all are there. Raises EstimationError as the
    module says.
    """
    times = grouped_times(low, high, cause, borders)
    n, grid = times.size, _borders(borders)
    counted = rows(n, weight, frequency)
    kept = np.flatnonzero(counted.used)
    causes = codes(cause, "cause", n)[kept]
    covariates = model_matrix(x, names, n)
    covariates = covariates if kept.size == n else covariates.take(kept)
    own = causes == which
    if which < 1 or not own.any():
        raise EstimationError(f"No events of cause {which}, so there are no hazards to estimate. Look at the coding.")
    place = np.searchsorted(grid, times[kept])
    fixed = _fixed(place, own, counted.frequency[kept], len(grid) - 1)
    if not np.isnan(fixed).any():
        raise EstimationError(
            f"In every interval all of those at risk, or none, have an event of cause {which}: no hazard can be "
            "compared. Choose wider intervals."
        )
    part = _at_risk(place, own, fixed)
    standard, scale, means = standardised_within(covariates, np.zeros(kept.size, dtype=np.int64), part)
    mean_total = float(counted.total[kept][part].mean())
    model = GroupedLikelihood.of(standard, place, own, counted.total[kept] / mean_total, fixed)
    labels, p = covariates.names, covariates.shape[1]
    theta = np.concatenate([np.zeros(p), model.start()])
    if p:
        refuse_collinear(square_root(model.at(theta).profile(p)), labels, "grouped-time model", tolerance=1e-6)
    point, iterations = maximise(model.at, model.at(theta), model.change, labels)
    # back from centred and scaled columns: b = b* / scale, a = a* - centre b
    centre = means[0]
    back = np.eye(len(point.theta))
    back[:p, :p] = np.diag(1 / scale)
    back[p:, :p] = -(centre / scale)
    inward = np.linalg.inv(back)
    gradient = np.zeros((n, len(point.theta)))
    gradient[kept] = model.scores(point, np.linalg.inv(point.information) @ back.T) / mean_total
    there = np.zeros(n, dtype=bool)
    there[kept] = part
    free = [label(b) for b in grid[1:][np.isnan(fixed)]]
    joint = counted.estimate((*labels, *(f"by:{b}" for b in free)), back @ point.theta, gradient, there)
    return GroupedFit(
        estimate=joint.take(*labels),
        baseline=joint.take(*joint.names[p:]),
        information=inward.T @ point.information @ inward * mean_total,
        log_likelihood=mean_total * point.log_likelihood,
        iterations=iterations,
        borders=grid,
        fixed=fixed,
    )


def predicted_incidence(fits: Sequence[GroupedFit], x: ArrayLike, labels: Sequence[str]) -> Estimate:
    """Probability of the cause of the first of `fits` by each border, for people with covariates x.

    fits: of all causes, with the same rows, borders and covariates. x: (m, p) profiles named by labels. Returns m K
    quantities named 'label:border', with the influence of all fits. Raises EstimationError where the hazards of the
    causes add to more than one.
    """
    profiles = np.asarray(x, dtype=float)
    size, q = len(fits[0].borders) - 1, profiles.shape[1]
    together = join([e for fit in fits for e in (fit.estimate, fit.baseline)])
    width = len(together.names)
    values, slopes = np.empty((len(profiles), size)), np.empty((len(profiles), size, width))
    for at, profile in enumerate(profiles):
        hazard, slope = np.zeros((len(fits), size)), np.zeros((len(fits), size, width))
        start = 0
        for j, fit in enumerate(fits):
            free = np.flatnonzero(np.isnan(fit.fixed))
            hazard[j] = fit.hazards(profile[None])[0]
            rate = np.exp(profile @ fit.estimate.value + fit.baseline.value)
            slope[j, free, start : start + q] = (rate * np.exp(-rate))[:, None] * profile
            slope[j, free, start + q + np.arange(len(free))] = rate * np.exp(-rate)
            start += q + len(free)
        values[at], slopes[at] = _incidence(hazard, slope)
    names = [f"{one}:{label(b)}" for one in labels for b in fits[0].borders[1:]]
    return together.transform(names, lambda v: values.ravel(), slopes.reshape(-1, width))


def _incidence(hazard: Array, slope: Array) -> tuple[Array, Array]:
    """(K,) incidence of the first cause and (K, q) its slope; hazard (J, K), slope (J, K, q)."""
    whole, by_whole = hazard.sum(axis=0), slope.sum(axis=0)
    if (whole > 1 + 1e-9).any():
        raise EstimationError(
            "For some profile the hazards of the causes add to more than one in an interval: the separate models do "
            "not hold together there. Choose a profile that people have, or narrower intervals."
        )
    free, by_free = 1.0, np.zeros(slope.shape[2])
    reached, by_reached = 0.0, np.zeros(slope.shape[2])
    out, slopes = np.empty(hazard.shape[1]), np.empty(slope.shape[1:])
    for k in range(hazard.shape[1]):
        reached += free * hazard[0, k]
        by_reached = by_reached + free * slope[0, k] + by_free * hazard[0, k]
        by_free = by_free * (1 - whole[k]) - free * by_whole[k]
        free *= max(1 - whole[k], 0.0)
        out[k], slopes[k] = reached, by_reached
    return out, slopes


def _borders(borders: ArrayLike) -> Array:
    (grid,) = same_times(column(borders, "borders"))
    if grid.size < 2 or (np.diff(grid) <= 0).any():
        raise EstimationError("'borders' must hold at least two values in increasing order, from where all are there.")
    return grid


def _at_risk(border: Whole, own: Mask, fixed: Array) -> Mask:
    """(n,) rows that come through an interval with a parameter, or have the event in one; the others move nothing."""
    before = np.concatenate([[0], np.cumsum(np.isnan(fixed))])
    return np.asarray(before[border] > 0)


def _fixed(border: Whole, own: Mask, people: Array, size: int) -> Array:
    """(K,) 0 where none of those at risk has the event, 1 where all have, otherwise not a number."""
    at_risk = np.cumsum(np.bincount(border, people, size + 1)[::-1])[::-1][1:]
    events = np.bincount(border[own], people[own], size + 1)[1:]
    return np.where(events == 0, 0.0, np.where(events == at_risk, 1.0, np.nan))
