"""Weighted Cox regression with tied times, strata, left truncation and frequencies.

What happens, in order: the rows are checked and those without weight set aside; covariates of the rows that take part
are centred within strata and scaled, and those of the others, who are in no risk set with anyone else, move nothing
and are zero; columns that do not vary among those at risk, or that others contain, are refused by name;
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

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.newton import maximise, refuse_noise
from iop_outcomes.estimators.base.rows import indicator, refuse_collinear, rows, square_root
from iop_outcomes.estimators.cox.likelihood import EventTimes, FollowedUp, PartialLikelihood, tie_terms
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix, standardised_within
from iop_outcomes.estimators.survival.risksets import compared, follow_up, risk_sets


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

    x: (n, p), no intercept, a table with its p names (by default 'column 1', ...), or a ModelMatrix. time, entry: (n,);
    at risk where entry < u <= time, so that a person's rows over successive intervals do not overlap. event: (n,) zeros
    and ones. strata: (n,) any labels. ties: 'efron' or 'breslow'. Rows without weight, and those never at risk with
    anyone else, take no part and have gradient zero.
    Raises EstimationError: no events, columns that do not vary or are collinear, a coefficient without limit.
    """
    exits, enters = follow_up(time, entry)
    n = exits.size
    everyone = rows(n, weight, frequency)
    everybody = bool(everyone.used.all())
    kept = slice(None) if everybody else np.flatnonzero(everyone.used)
    died = indicator(event, "event", n)[kept]
    covariates = model_matrix(x, names, n).take(kept)
    if not died.any():
        raise EstimationError("No events, so there are no hazard ratios to estimate. Look at the outcome's coding.")
    stratum = labelled(strata, "strata", n, kept)[1]
    followed = FollowedUp(exits[kept], None if enters is None else enters[kept], everyone.frequency[kept], stratum)
    sets = risk_sets(followed.time, died, followed.entry, stratum)
    part = compared(sets, covariates, followed.frequency, stratum)
    mean_total = everyone.total[kept][part].mean() if part.any() else 1.0
    standard, scale, _ = standardised_within(covariates, stratum, part)
    likelihood = PartialLikelihood(
        x=standard,
        total=everyone.total[kept] / mean_total,
        sets=sets,
        ties=tie_terms(sets, followed.frequency[sets.dead], ties),
    )
    names = covariates.names
    null = likelihood.at(np.zeros(len(names)))
    refuse_collinear(square_root(null.information), names, "Cox model", tolerance=1e-6)
    top, iterations = maximise(likelihood.at, null, likelihood.change, names)
    turn = np.linalg.inv(top.information) / (scale * mean_total)
    influence = likelihood.score_residuals(top.sums, turn, everyone.weight[kept])
    there = part
    if not everybody:
        own, influence, there = influence, np.zeros((n, len(names))), np.zeros(n, dtype=bool)
        influence[kept], there[kept] = own, part
    estimate = Estimate(names, top.beta / scale, influence, everyone.frequency, everyone.weight, part=there)
    refuse_noise(likelihood.noise(top) / scale, estimate)
    return CoxFit(
        estimate=estimate,
        information=top.information * np.outer(scale, scale) * mean_total,
        log_likelihood=likelihood.on_scale(top, mean_total),
        iterations=iterations,
        null_log_likelihood=likelihood.on_scale(null, mean_total),
        at_events=EventTimes(followed, likelihood, top.sums, scale, mean_total),
    )
