"""Are hazards proportional? A test, a picture of the log hazard ratio over time, and coefficients by period.

What happens, in order: a fitted Cox model is read event time by event time; time is transformed to g(u);
`proportional_hazards_test` is the score test of adding x g(u) to the model, for each term and for all together;
`effect_over_time` smooths the scaled Schoenfeld residuals over g(u) by a natural spline. Refused: a logarithm of time
where someone has an event on day 0, terms that are no columns of the model, and too few different event times.

With score(u) and information(u) as in `cox_likelihood`, the score of the coefficients theta of x g(u) at theta = 0
is U = sum of g(u) score(u), and with I_k = sum of g(u)^k information(u) the statistic is

    U' (I_2 - I_1 I_0^-1 I_1)^-1 U,    chi squared with as many degrees of freedom as the term has columns

(Grambsch & Therneau 1994, Biometrika 81:515; exact as in `cox.zph` since version 3.0 of R's survival. Older versions
and lifelines put the average of information(u) for each of them, and can be far off.) Weights enter as there: into
the score and the information, so that the test is exact for weights that count people, and only a guide for
propensity weights; there compare the periods of `cox_in_period`, whose variance is robust.

Transformations, as in R: 'identity' u; 'log'; 'km' 1 less the Kaplan-Meier survival just before u of all people
together, without weights; 'rank' of u among all times of leaving, censored or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.base.rows import quantile
from iop_outcomes.estimators.cox.cox import CoxFit
from iop_outcomes.estimators.cox.likelihood import EventTimes
from iop_outcomes.estimators.design_matrix.splines import basis
from iop_outcomes.estimators.survival.risksets import risk_sets

Terms = Mapping[str, Sequence[str]]

ALL_TERMS = "global"
# a standardised column is constant where it stays this close to its mean
VARIES = 1e-9
# share of information below which it counts as none
SINGULAR = 1e-9


def _log(events: EventTimes) -> Array:
    if (events.times == 0).any():
        raise EstimationError(
            "Someone has an event on day 0, whose logarithm is minus infinity. Take another transformation of time "
            "('km', 'rank' or 'identity'), or count days from 1."
        )
    return np.log(events.times)


def _kaplan_meier(events: EventTimes) -> Array:
    rows, dead = events.rows, events.likelihood.sets.dead
    event = np.zeros(len(rows.time), dtype=bool)
    event[dead] = True
    sets = risk_sets(rows.time, event, rows.entry)
    stay = 1 - sets.among_dead(rows.frequency[dead]) / sets.at_risk(rows.frequency)
    before = np.concatenate([[1.0], np.cumprod(stay)[:-1]])
    return np.asarray(1 - before[np.searchsorted(sets.times, events.times)])


def _rank(events: EventTimes) -> Array:
    distinct, at = np.unique(events.rows.time, return_inverse=True)
    people = np.bincount(at, events.rows.frequency)
    rank = np.cumsum(people) - (people - 1) / 2
    return np.asarray(rank[np.searchsorted(distinct, events.times)])


TRANSFORMS: dict[str, Callable[[EventTimes], Array]] = {
    "identity": lambda events: events.times,
    "log": _log,
    "km": _kaplan_meier,
    "rank": _rank,
}


@dataclass(frozen=True)
class ProportionalHazardsTest:
    """names: the terms, and 'global' last. statistic, degrees, p_value: one for each."""

    names: tuple[str, ...]
    statistic: Array
    degrees: Whole
    p_value: Array
    transform: str


def proportional_hazards_test(
    fit: CoxFit, transform: str = "km", terms: Terms | None = None
) -> ProportionalHazardsTest:
    """Score test of every term, and of all together, against a log hazard ratio that is linear in g(time).

    transform: one of TRANSFORMS. terms: columns tested together, such as the indicators of a category, by the term's
    name; by default each column is a term. Columns in no term are tested only in 'global'.
    """
    events, groups = fit.at_events, _groups(fit, terms)
    g = _varying(events, transform)
    score = g @ events.score()
    first = events.information(g)
    second = events.information(g**2)
    left = second - first @ np.linalg.solve(fit.information, first)
    _refuse_singular(left, second, groups)
    every = {**groups, ALL_TERMS: np.arange(len(score))}
    degrees = np.array([len(at) for at in every.values()])
    statistic = np.array([score[at] @ np.linalg.solve(left[np.ix_(at, at)], score[at]) for at in every.values()])
    return ProportionalHazardsTest(tuple(every), statistic, degrees, stats.chi2.sf(statistic, degrees), transform)


@dataclass(frozen=True)
class EffectOverTime:
    """A log hazard ratio over time. time, log_hazard_ratio, standard_error, lower, upper: (m,), the smooth curve.

    event_time, residual, people: (d,) scaled Schoenfeld residuals plus the coefficient, at each row with an event
    whose stratum tells something of the term.
    """

    name: str
    time: Array
    log_hazard_ratio: Array
    standard_error: Array
    lower: Array
    upper: Array
    event_time: Array
    residual: Array
    people: Array


def effect_over_time(
    fit: CoxFit, name: str, transform: str = "km", terms: Terms | None = None, points: int = 40, level: float = 0.95
) -> EffectOverTime:
    """The log hazard ratio of a column over time, by a natural spline with four degrees of freedom over g(time).

    name: a term; of a term with several columns, the curve is the factor by which its part of the linear predictor
    is to be multiplied, 1 where hazards are proportional. The band is pointwise and model-based, as in R's
    `plot.cox.zph` (which takes 2 standard errors; here it is the normal quantile of `level`).
    """
    events, groups = fit.at_events, _groups(fit, terms)
    if name not in groups:
        raise EstimationError(f"'{name}' is no term of the model; its terms are {', '.join(groups)}.")
    g = _varying(events, transform)
    residual, variance = _scaled_residuals(fit, groups, list(groups).index(name))
    position, dead = events.likelihood.sets.position, events.likelihood.sets.dead
    people, seen = events.rows.frequency[dead], np.isfinite(residual)
    grid = np.linspace(g.min(), g.max(), points)
    # R puts the inner knots at the thirds of the events and the grid together.
    thirds = quantile(
        np.concatenate([grid, g[position]]), (0.0, 1 / 3, 2 / 3, 1.0), np.concatenate([np.ones(points), people])
    )
    curve, leverage = _smooth(g[position[seen]], residual[seen], people[seen], thirds, grid)
    error = np.sqrt(variance * leverage)
    half = stats.norm.ppf(0.5 + level / 2) * error
    return EffectOverTime(
        name=name,
        time=_time_at(grid, g, events.times, transform),
        log_hazard_ratio=curve,
        standard_error=error,
        lower=curve - half,
        upper=curve + half,
        event_time=events.times[position[seen]],
        residual=residual[seen],
        people=people[seen],
    )


def _smooth(where: Array, values: Array, people: Array, knots: Array, grid: Array) -> tuple[Array, Array]:
    """(m,) a natural spline through values (d,) by least squares, at the grid, and its variance in units of theirs."""
    if len(np.unique(where)) <= len(knots):
        raise EstimationError(
            f"A curve over time needs more than {len(knots)} different event times. Compare coefficients by period."
        )
    low, width = knots[0], knots[-1] - knots[0]

    def design(at: Array) -> Array:
        return np.column_stack([np.ones(len(at)), basis((at - low) / width, (knots - low) / width)])

    root = np.sqrt(people)
    orthogonal, triangle = np.linalg.qr(design(where) * root[:, None])
    spread = design(grid) @ np.linalg.inv(triangle)
    return spread @ (orthogonal.T @ (values * root)), (spread**2).sum(axis=1)


def _time_at(grid: Array, g: Array, times: Array, transform: str) -> Array:
    """The times that belong to values of g, between event times in proportion."""
    order = np.argsort(g)
    if transform == "log":
        return np.asarray(np.exp(np.interp(grid, g[order], np.log(times[order]))))
    return np.interp(grid, g[order], times[order])


def _groups(fit: CoxFit, terms: Terms | None) -> dict[str, Whole]:
    """Positions of the columns of each term."""
    names = fit.estimate.names
    chosen: Terms = {name: (name,) for name in names} if terms is None else terms
    unknown = sorted({column for columns in chosen.values() for column in columns} - set(names))
    if unknown:
        raise EstimationError(f"{', '.join(unknown)}: no such column of the model, which has {', '.join(names)}.")
    return {name: np.array([names.index(column) for column in columns]) for name, columns in chosen.items()}


def _varying(events: EventTimes, transform: str) -> Array:
    """g at the event times, less its mean over the people with an event."""
    if transform not in TRANSFORMS:
        raise EstimationError(f"Time can be transformed by {', '.join(TRANSFORMS)}, not by '{transform}'.")
    g = TRANSFORMS[transform](events)
    if np.ptp(g) == 0:
        raise EstimationError("All events happen at one time, so nothing can be said about a change over time.")
    return np.asarray(g - np.average(g, weights=events.people))


def _refuse_singular(left: Array, second: Array, groups: Mapping[str, Whole]) -> None:
    """Refuse terms of which no change over time could be seen: left is what the coefficients leave of second."""
    size = np.sqrt(np.maximum(np.diag(second), 1e-300))
    relative = left / np.outer(size, size)
    for name, at in {**groups, "all terms together": np.arange(len(left))}.items():
        if np.linalg.eigvalsh(relative[np.ix_(at, at)])[0] < SINGULAR:
            raise EstimationError(
                f"There are too few different event times to test whether the log hazard ratio of {name} changes "
                "over time. Test fewer columns, or fit the model without those that tell something at one time only."
            )


def _scaled_residuals(fit: CoxFit, groups: Mapping[str, Whole], at: int) -> tuple[Array, float]:
    """(d,) scaled residuals of term number `at` plus its coefficient, NaN in strata in which it does not vary, and
    the variance that belongs to them.

    Scaled by the inverse of the average information of an event, strata in which a column is constant not counted.
    """
    events = fit.at_events
    dead = events.likelihood.sets.dead
    stratum = events.rows.stratum
    strata, p = int(stratum.max()) + 1, len(fit.estimate.names)
    people = np.bincount(stratum[dead], events.rows.frequency[dead], strata)
    x = events.likelihood.x.dense()
    high, low = np.full((strata, p), -np.inf), np.full((strata, p), np.inf)
    np.maximum.at(high, stratum, x)
    np.minimum.at(low, stratum, x)
    varies = high - low > VARIES
    for columns in groups.values():
        varies[:, columns] = varies[:, columns].any(axis=1, keepdims=True)
    counted = np.einsum("s,sj,sk->jk", people, varies, varies)
    mean = fit.information / np.where(counted == 0, 1, counted)
    combine = np.zeros((p, len(groups)))
    for term, columns in enumerate(groups.values()):
        combine[columns, term] = fit.estimate.value[columns] if len(columns) > 1 else 1.0
    own = list(groups.values())[at]
    mean, varies = combine.T @ mean @ combine, varies[:, [columns[0] for columns in groups.values()]]
    residual = events.schoenfeld() @ combine
    scaled = np.full(len(dead), np.nan)
    for number in np.unique(stratum[dead]):
        used = np.flatnonzero(varies[number])
        if varies[number, at]:
            here = stratum[dead] == number
            row = np.linalg.inv(mean[np.ix_(used, used)])[np.flatnonzero(used == at)[0]]
            scaled[here] = residual[np.ix_(here, used)] @ row
    centre = fit.estimate.value[own[0]] if len(own) == 1 else 1.0
    return scaled + centre, float(np.linalg.inv(mean)[at, at])
