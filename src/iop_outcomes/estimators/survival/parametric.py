"""Accelerated failure time models: Weibull, exponential, log-normal, log-logistic; right- and interval-censored.

What happens, in order: rows are checked and those without weight, or last seen at 0, set aside; covariates are centred
and scaled; collinear columns are refused by name; the likelihood is maximised by Newton steps with halving; each row's
influence is its score times the inverse information, so that the covariance of the estimate is robust (the sandwich),
and the information gives the model-based one. Refused: times of events that are not above 0, intervals that end before
they begin, no event at all, and models without maximum.

With log T = x b + s e and z = (log t - x b) / s, a person adds to the log likelihood

    log f(z) - log s - log t          for an event at t,
    log(S(z_lower) - S(z_upper))      for an event in (lower, upper]; upper infinite: not yet; lower 0: by then,
    less log S(z_entry)               for one followed from entry on,

e having the smallest extreme value distribution for Weibull (exponential: s = 1), the normal, or the logistic one
(Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, chapter 3). exp(b) is the factor by which
a unit of x stretches time. The same numbers as R's `survreg`, but for its robust errors, which leave out the weights
and are off where times are intervals (survival 3.5-3); lifelines' AFT fitters have rho = 1 / s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from scipy.special import expit, log_expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, columns, indicator, refuse_collinear, rows
from iop_outcomes.estimators.base.same_times import same_times
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.estimators.regression.glm import standardised
from iop_outcomes.estimators.survival.risksets import follow_up

INTERCEPT, LOG_SCALE = "intercept", "log_scale"
MAXIMUM_ITERATIONS = 200
MAXIMUM_HALVINGS = 40
CONVERGED = 1e-9
LEVEL, LEVEL_STEPS = 1e-11, 4
SETTLED = 1e-6  # a step that rounding keeps from becoming smaller, as where intervals are narrow


@dataclass(frozen=True)
class Distribution:
    """Of e. log_density, log_survival: of z. slope: derivative of log_density; bend: its second derivative."""

    log_density: Callable[[Array], Array]
    log_survival: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    bend: Callable[[Array], Array]
    scale_is_free: bool = True


EXTREME_VALUE = Distribution(
    lambda z: z - np.exp(z), lambda z: -np.exp(z), lambda z: 1 - np.exp(z), lambda z: -np.exp(z)
)
DISTRIBUTIONS: dict[str, Distribution] = {
    "weibull": EXTREME_VALUE,
    "exponential": replace(EXTREME_VALUE, scale_is_free=False),
    "log-normal": Distribution(
        # as scipy.stats, which takes longer to import than all else, computes them
        lambda z: -(z**2) / 2.0 - np.log(np.sqrt(2 * np.pi)),
        lambda z: special.log_ndtr(-z),
        lambda z: -z,
        lambda z: -np.ones_like(z),
    ),
    "log-logistic": Distribution(
        lambda z: log_expit(z) + log_expit(-z),
        lambda z: log_expit(-z),
        lambda z: 1 - 2 * expit(z),
        lambda z: -2 * expit(z) * expit(-z),
    ),
}


@dataclass(frozen=True)
class AcceleratedFailureTime:
    """estimate: 'intercept', the columns, and 'log_scale' unless it is fixed. information: its matrix.

    log_likelihood: of times, not of their logarithms; parameters: how many were fitted.
    """

    estimate: Estimate
    information: Array
    log_likelihood: float
    distribution: str

    @property
    def aic(self) -> float:
        """Akaike's information criterion; weights must count people for it to mean anything."""
        return 2 * len(self.estimate.names) - 2 * self.log_likelihood


def accelerated_failure_time(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    names: Sequence[str],
    distribution: str = "weibull",
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> AcceleratedFailureTime:
    """Time ratios, on the log scale, of the columns of x (n, p), without intercept.

    time: (n,) above 0, entry: (n,) or None; event: (n,) zeros and ones. distribution: one of DISTRIBUTIONS.
    """
    exits, enters = follow_up(time, entry)
    seen = indicator(event, "event", exits.size)
    upper = np.where(seen, exits, np.inf)
    return _fit(x, exits, upper, enters, names, distribution, weight, frequency)


def interval_failure_time(
    x: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    names: Sequence[str],
    distribution: str = "weibull",
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> AcceleratedFailureTime:
    """The same where an event is known to lie in (lower, upper], for example between two interviews.

    lower: (n,) from 0 (event at any time up to upper); upper: (n,), infinite if the event was not seen by lower, equal
    to lower for an event at that time exactly.
    """
    begin, end = check_intervals(lower, upper)
    return _fit(x, begin, end, None, names, distribution, weight, frequency)


def free_by(fit: AcceleratedFailureTime, times: ArrayLike, at: Mapping[str, float]) -> Array:
    """(k,) probability of no event by each of times (k,), above 0, for the values `at` of every column of the model."""
    values = dict(zip(fit.estimate.names, fit.estimate.value, strict=True))
    # without a free scale (exponential) it is 1
    scale = np.exp(values.pop(LOG_SCALE, 0.0))
    predictor = values.pop(INTERCEPT) + sum(value * at[name] for name, value in values.items())
    z = (np.log(np.asarray(times, dtype=float)) - predictor) / scale
    return np.asarray(np.exp(DISTRIBUTIONS[fit.distribution].log_survival(z)))


def check_intervals(lower: ArrayLike, upper: ArrayLike) -> tuple[Array, Array]:
    """(n,) and (n,): 0 <= lower <= upper, upper above 0 and perhaps infinite; equal where they are the same time."""
    begin, end = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if begin.ndim == end.ndim == 1 and begin.size and end.size:
        begin, end = same_times(begin, end)
    if begin.ndim != 1 or begin.shape != end.shape or begin.size == 0:
        raise EstimationError(f"'lower' and 'upper' have shapes {begin.shape} and {end.shape}; one of each for a row.")
    if not np.isfinite(begin).all() or np.isnan(end).any():
        raise EstimationError(
            "Ends of intervals are missing in some rows. Give 0 as 'lower' where nothing is known before, and infinity "
            "as 'upper' where the event was not seen."
        )
    if (begin < 0).any() or (end < begin).any() or (end <= 0).any():
        raise EstimationError("Intervals must begin at 0 or later, end at or after their beginning, and after day 0.")
    return begin, end


def _fit(
    x: ArrayLike,
    lower: Array,
    upper: Array,
    enters: Array | None,
    names: Sequence[str],
    distribution: str,
    weight: ArrayLike | None,
    frequency: ArrayLike | None,
) -> AcceleratedFailureTime:
    if distribution not in DISTRIBUTIONS:
        raise EstimationError(f"The distribution can be {', '.join(DISTRIBUTIONS)}, not '{distribution}'.")
    n = lower.size
    everyone = rows(n, weight, frequency)
    covariates = columns(x, names, n)
    # who was last seen at 0 and not known to have had the event says nothing: S(0) = 1
    there = everyone.used & ~((lower <= 0) & np.isinf(upper))
    kept = np.flatnonzero(there)
    if np.isinf(upper[kept]).all():
        raise EstimationError("No events, so times to them have no distribution. Look at the outcome's coding.")
    if (np.where(np.isinf(upper), lower, upper)[kept] <= 0).any():
        raise EstimationError(
            "Some times are 0, whose logarithm is minus infinity. Count days from 1, or take half a day for day 0."
        )
    standard, back = standardised(model_matrix(covariates, names), Rows(everyone.weight * there, everyone.frequency))
    design = standard.dense()[kept]
    total = everyone.total[kept] / everyone.total[kept].sum()
    refuse_collinear(np.sqrt(total)[:, None] * design, (INTERCEPT, *names), f"{distribution} model")
    from_entry = None if enters is None else np.maximum(enters[kept], 0.0)
    model = _Model(DISTRIBUTIONS[distribution], design, lower[kept], upper[kept], from_entry, total)
    labels = (INTERCEPT, *names, *((LOG_SCALE,) if model.distribution.scale_is_free else ()))
    top = model.maximise(labels)
    log_likelihood, score, information = model.at(top)
    # from coefficients of the centred columns to those of the columns as given, the scale as it is
    whole = np.eye(len(labels))
    whole[: len(back), : len(back)] = back
    inward = np.linalg.inv(whole)
    gradient = np.zeros((n, len(labels)))
    gradient[kept] = score @ (np.linalg.inv(information) @ whole.T) / everyone.total[kept].sum()
    return AcceleratedFailureTime(
        estimate=everyone.estimate(labels, whole @ top, gradient, there),
        information=inward.T @ information @ inward * everyone.total[kept].sum(),
        log_likelihood=float(log_likelihood * everyone.total[kept].sum()),
        distribution=distribution,
    )


@dataclass(frozen=True)
class _Model:
    """x: (n, q) with intercept, centred and scaled. total: (n,) weights that add to one."""

    distribution: Distribution
    x: Array
    lower: Array
    upper: Array
    entry: Array | None
    total: Array

    def at(self, parameters: Array) -> tuple[float, Array, Array]:
        """Mean log likelihood, (n, m) scores of rows per unit of weight, and (m, m) information."""
        q = self.x.shape[1]
        predictor, log_scale = self.x @ parameters[:q], float(parameters[q]) if len(parameters) > q else 0.0
        scale = float(np.exp(log_scale))
        value, z, slope, bend = self._by_ends(predictor, scale)
        # every z moves by -1 / s with the predictor, and by -z with log s
        exact = self.lower == self.upper
        by_predictor = -slope.sum(axis=1) / scale
        by_scale = -(slope * z).sum(axis=1) - exact
        twice = bend.sum(axis=(1, 2)) / scale**2
        mixed = (np.einsum("iab,ib->i", bend, z) + slope.sum(axis=1)) / scale
        scale_twice = np.einsum("iab,ia,ib->i", bend, z, z) + (slope * z).sum(axis=1)
        score = by_predictor[:, None] * self.x
        information = -(self.x.T @ (self.x * (self.total * twice)[:, None]))
        if len(parameters) > q:
            cross = -(self.x.T @ (self.total * mixed))[:, None]
            score = np.column_stack([score, by_scale])
            information = np.block([[information, cross], [cross.T, -(self.total @ scale_twice)]])
        return float(self.total @ (value - exact * log_scale)), score, np.asarray(information)

    def _by_ends(self, predictor: Array, scale: float) -> tuple[Array, Array, Array, Array]:
        """(n,) log likelihood at s = 1, and z of lower, upper and entry (n, 3), with its derivatives by them."""
        n, of = len(predictor), self.distribution
        value, z, slope, bend = np.zeros(n), np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3, 3))
        ends = (self.lower, self.upper, np.zeros(n) if self.entry is None else self.entry)
        there = [(t > 0) & np.isfinite(t) for t in ends]
        for at, (t, here) in enumerate(zip(ends, there, strict=True)):
            z[here, at] = (np.log(t[here]) - predictor[here]) / scale
        exact = self.lower == self.upper
        one = z[exact, 0]
        value[exact] = of.log_density(one) - np.log(self.lower[exact])
        slope[exact, 0], bend[exact, 0, 0] = of.slope(one), of.bend(one)
        z[exact, 1] = 0.0
        low, high = (np.where(here[~exact], z[~exact, at], 0.0) for at, here in enumerate(there[:2]))
        still = np.where(there[0][~exact], of.log_survival(low), 0.0)
        gone = np.where(there[1][~exact], of.log_survival(high), -np.inf)
        value[~exact] = still + np.log(-np.expm1(gone - still))
        for at, (end, sign) in enumerate(((low, -1.0), (high, 1.0))):
            pull = np.where(there[at][~exact], sign * np.exp(of.log_density(end) - value[~exact]), 0.0)
            slope[~exact, at], bend[~exact, at, at] = pull, pull * of.slope(end)
        pulls = slope[~exact, :2]
        bend[~exact, :2, :2] -= pulls[:, :, None] * pulls[:, None, :]
        late, start = there[2], z[there[2], 2]
        hazard = np.exp(of.log_density(start) - of.log_survival(start))
        value[late] -= of.log_survival(start)
        slope[late, 2], bend[late, 2, 2] = hazard, hazard * (of.slope(start) + hazard)
        return value, z, slope, bend

    def maximise(self, names: Sequence[str]) -> Array:
        """The parameters at which the likelihood is largest."""
        middle = np.where(np.isinf(self.upper), self.lower, (self.lower + self.upper) / 2)
        logs = np.log(np.maximum(middle, np.min(middle[middle > 0])))
        start = np.zeros(self.x.shape[1] + self.distribution.scale_is_free)
        start[0] = self.total @ logs / self.x[0, 0]
        if self.distribution.scale_is_free:
            start[-1] = 0.5 * np.log(max(self.total @ (logs - self.total @ logs) ** 2, 1e-4))
        with np.errstate(all="ignore"):
            top, step = self._climb(start)
        if top is None:
            worst = np.abs(step) > 0.5 * np.abs(step).max()
            guilty = ", ".join(name for name, yes in zip(names, worst, strict=True) if yes)
            raise EstimationError(
                f"The likelihood of this model has no maximum: it keeps rising with {guilty}, for example because a "
                "category has no events, or because all events happen at one time. Merge categories, or leave it out."
            )
        return top

    def _climb(self, parameters: Array) -> tuple[Array | None, Array]:
        """The maximum, or None, and the last step."""
        value, score, information = self.at(parameters)
        step, moves, level = np.zeros_like(parameters), np.inf, 0
        for _ in range(MAXIMUM_ITERATIONS):
            sizes, directions = np.linalg.eigh(information)
            step = directions @ (directions.T @ (self.total @ score) / np.maximum(np.abs(sizes), 1e-12))
            before, moves = moves, float(np.abs(self.x @ step[: self.x.shape[1]]).max() + np.abs(step[-1]))
            for _ in range(MAXIMUM_HALVINGS):
                reached = self.at(parameters + step)
                if np.isfinite(reached[0]) and reached[0] >= value - 1e-13 and np.isfinite(reached[2]).all():
                    break
                step = step / 2
            # steps that do not shrink while the likelihood is level have no end; one that rises little may have stopped
            # to matter to people far away, and shrinks
            shrinking = moves < before / 2
            level = 0 if shrinking or reached[0] - value > LEVEL else level + 1
            parameters, (value, score, information) = parameters + step, reached
            if moves < CONVERGED or (moves < SETTLED and not shrinking):
                return parameters, step
            if level >= LEVEL_STEPS:
                break
        return None, step
