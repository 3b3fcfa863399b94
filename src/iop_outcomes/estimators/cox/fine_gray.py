"""Fine-Gray regression of the subdistribution hazard of one cause, with competing events and weighted rows.

What happens, in order: the rows are checked and those without weight set aside; covariates are centred and scaled among
those who are ever at risk, the others' move nothing; the probability G of remaining
uncensored is estimated in each censoring group, weighted as the rows are; people with a competing event stay at risk
with weight G(u-) / G(T_i-); the weighted partial likelihood of Cox regression is maximised over these risk sets; each
row's influence is its score residual times the inverse information, plus what it adds through G. Refused: no events of
the cause, columns that do not vary or are collinear, a coefficient without limit.

With W = weight * frequency, r = exp(x b), w_i(u) = 1 while T_i >= u, G(u-) / G(T_i-) after a competing event and 0
otherwise (Fine & Gray 1999, JASA 94:496), the score is

    sum over events at u of W (x - E(u)),   E(u) = sum of W w(u) r x / sum of W w(u) r,

and exp(b) is the ratio of subdistribution hazards: it orders cumulative incidences, and is no effect on the hazard of
those still free of any event (Latouche et al. 2013, Journal of Clinical Epidemiology 66:648). Breslow's ties and
standard errors with `censoring='crr'` equal those of R's `cmprsk::crr` with one censoring group; with several, crr
counts the error in a group's G at events of that group only, where it moves the weights at everybody's. The default is
the derivative itself. It differs from crr's approximation by some 1e-4 of the standard error without any ties, and by
more where people are censored at the very time of an event; with few distinct times that is everyone. Where a group's
last person under observation leaves with an event, nothing is known of its G afterwards: here it stays as it was last,
so that its people with a competing event stay at risk; crr takes it as 0, and they leave, which moves the coefficients.
`ties='efron'`, `events_first=True` and `censoring='known'` are R's `finegray` followed by `coxph`, whose robust
variance leaves the estimation of G out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.labels import labelled
from iop_outcomes.estimators.base.newton import maximise, refuse_noise
from iop_outcomes.estimators.base.rows import Rows, codes, label, refuse_collinear, rows, square_root
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.cox.likelihood import PartialLikelihood, Sums, tie_terms
from iop_outcomes.estimators.cox.subdistribution import SubdistributionSets, TiedCensoring, subdistribution_sets
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix, standardised_within
from iop_outcomes.estimators.survival.risksets import follow_up

# What the standard errors count of the estimation of the censoring distribution.
CENSORING: dict[str, TiedCensoring | None] = {
    "derivative": TiedCensoring("left", product=True),
    "crr": TiedCensoring("right", product=False),
    "known": None,
}


@dataclass(frozen=True)
class FineGrayFit:
    """estimate: log subdistribution hazard ratios. information: (p, p). log_likelihood, null_log_likelihood: partial,
    weighted, at the estimate and at zero. iterations: Newton steps.
    """

    estimate: Estimate
    information: Array
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    _fitted: _Fitted

    def cumulative_incidence(self, x: ArrayLike, labels: Sequence[str], times: ArrayLike) -> Estimate:
        """Probability of the cause by each of `times` for people with covariates x, 1 - exp(-L(t) exp(x b)).

        x: (m, p) profiles, named by labels (m). times: (k,) in the unit of time. L jumps by W(D) / sum of W w(u) r
        (Breslow). Returns m k quantities named 'label:time', with the influence of b, L and G. Raises EstimationError
        before the first event and after the last time.
        """
        horizons = np.asarray(times, dtype=float)
        profiles = model_matrix(x, self.estimate.names, len(labels)).dense()
        return self._fitted.incidence(self.estimate, profiles, labels, horizons)


def fine_gray(
    x: ArrayLike | ModelMatrix,
    time: ArrayLike,
    cause: ArrayLike,
    which: int,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    censoring_groups: ArrayLike | None = None,
    ties: str = "breslow",
    censoring: str = "derivative",
    events_first: bool = False,
) -> FineGrayFit:
    """Log subdistribution hazard ratios of the columns of x for cause `which`.

    x: (n, p), no intercept, a table or a ModelMatrix. time: (n,) days from day 0. cause: (n,) whole numbers, 0
    censored. names: p labels. censoring_groups: (n,) labels, for example of the arm, within which G is estimated; None
    for one group. ties: 'breslow' or 'efron'. censoring: what standard errors count of the estimation of G, one of
    CENSORING. events_first: of those who leave at the same time, the ones with an event are not at risk of censoring.
    Raises EstimationError as the module says.
    """
    if censoring not in CENSORING:
        raise EstimationError(f"'censoring' must be one of {', '.join(CENSORING)}, not '{censoring}'.")
    exits = follow_up(time, None)[0]
    n = exits.size
    counted = rows(n, weight, frequency)
    kept = np.flatnonzero(counted.used)
    causes = codes(cause, "cause", n)[kept]
    covariates = model_matrix(x, names, n)
    covariates = covariates if kept.size == n else covariates.take(kept)
    _refuse_no_events(causes, which)
    groups = labelled(censoring_groups, "censoring_groups", n, kept)[1]
    part = _at_risk(exits[kept], causes, which)
    mean_total = float(counted.total[kept][part].mean())
    total, people = counted.total[kept] / mean_total, counted.frequency[kept]
    sets = subdistribution_sets(exits[kept], causes, which, total, people, groups, events_first)
    standard, scale, means = standardised_within(covariates, np.zeros(kept.size, dtype=np.int64), part)
    likelihood = PartialLikelihood(standard, total, sets, tie_terms(sets, people[sets.dead], ties))
    labels = covariates.names
    null = likelihood.at(np.zeros(len(labels)))
    refuse_collinear(square_root(null.information), labels, "Fine-Gray model", tolerance=1e-6)
    top, iterations = maximise(likelihood.at, null, likelihood.change, labels)
    tied = CENSORING[censoring]
    if tied is not None:
        part = part | sets.through_censoring(tied)
    fitted = _Fitted(
        likelihood, sets, top.sums, top.information, scale, means[0], mean_total, kept, counted, tied,
        float(exits[kept].max()), part,
    )  # fmt: skip
    estimate = fitted.estimate(labels, top.beta / scale, fitted.everywhere(fitted.coefficients()))
    refuse_noise(likelihood.noise(top) / scale, estimate)
    return FineGrayFit(
        estimate=estimate,
        information=top.information * np.outer(scale, scale) * mean_total,
        log_likelihood=likelihood.on_scale(top, mean_total),
        null_log_likelihood=likelihood.on_scale(null, mean_total),
        iterations=iterations,
        _fitted=fitted,
    )


@dataclass(frozen=True)
class _Fitted:
    """A fitted model and what its influence is made of, in the units of the likelihood (centred and scaled).

    scale, centre: (p,) of x. mean_total: unit of the weights. kept: rows with weight. last: end of follow-up. part:
    which of the rows with weight take part.
    """

    likelihood: PartialLikelihood
    sets: SubdistributionSets
    sums: Sums
    information: Array
    scale: Array
    centre: Array
    mean_total: float
    kept: Whole
    counted: Rows
    tied: TiedCensoring | None
    last: float
    part: Mask

    def estimate(self, names: Sequence[str], value: Array, gradient: Array) -> Estimate:
        """The Estimate of a gradient of all rows."""
        there = np.zeros(len(self.counted.weight), dtype=bool)
        there[self.kept] = self.part
        return self.counted.estimate(names, value, gradient, there)

    def everywhere(self, gradient: Array) -> Array:
        """The gradient of the rows with weight, and zero for the others."""
        if len(self.kept) == len(self.counted.weight):
            return gradient
        out = np.zeros((len(self.counted.weight), gradient.shape[1]))
        out[self.kept] = gradient
        return out

    def coefficients(self) -> Array:
        """(m, p) derivative of the coefficients by the total weight of each row with weight."""
        model, sets, sums = self.likelihood, self.sets, self.sums
        turn = np.linalg.inv(self.information) / (self.scale * self.mean_total)
        ones = np.ones(len(sums.relative))
        out = model.score_residuals(sums, turn, ones)
        hazard, hazard_x = self._by_time()
        turned = hazard_x @ turn
        sets.add_after_competing(out, turned, sums.relative)
        if self.tied is not None:
            mass = model.total * sums.relative
            sets.add_through_censoring(out, mass, turned, self.tied, slope=(model.x, turn, hazard))
        return out

    def incidence(self, estimate: Estimate, profiles: Array, labels: Sequence[str], horizons: Array) -> Estimate:
        """See FineGrayFit.cumulative_incidence."""
        times = self.sets.times
        asked, horizons = horizons, placed(horizons, np.unique(np.append(times, self.last)))
        if (horizons < times[0]).any() or (horizons > self.last).any():
            raise EstimationError(
                f"The model says nothing before the first event, at {label(times[0])}, nor after the end of "
                f"follow-up, at {label(self.last)}; choose times in between."
            )
        reached = (times[:, None] <= horizons).astype(float)
        jump = self.sets.among_dead(self.likelihood.total[self.sets.dead]) / self.sums.risk
        baseline = jump @ reached
        away = profiles - self.centre
        hazard = np.exp(away @ estimate.value)[:, None] * baseline
        own, by_beta = self._baseline(jump, reached)
        # back to all rows, in the unit of x; profiles are measured from the centre
        gradient = np.empty((len(self.counted.weight), len(labels) * len(horizons)))
        slope = estimate.gradient
        own = self.everywhere(own) + slope @ by_beta
        for at, row in enumerate(away):
            here = np.exp(-hazard[at]) * (np.exp(row @ estimate.value) * own + np.outer(slope @ row, hazard[at]))
            gradient[:, at * len(horizons) : (at + 1) * len(horizons)] = here
        names = [f"{one}:{label(t)}" for one in labels for t in asked]
        return self.estimate(names, (1 - np.exp(-hazard)).ravel(), gradient)

    def _baseline(self, jump: Array, reached: Array) -> tuple[Array, Array]:
        """(m, k) derivative of the baseline by the rows' weights at fixed coefficients, and (p, k) by those."""
        sets, sums = self.sets, self.sums
        pull = (jump / sums.risk)[:, None] * reached
        own = -sums.relative[:, None] * sets.while_at_risk(pull)
        own[sets.dead] += (reached / sums.risk[:, None])[sets.position]
        if self.tied is not None:
            sets.add_through_censoring(own, self.likelihood.total * sums.relative, -pull, self.tied)
        return own / self.mean_total, -(sums.risk_x.T @ pull) * self.scale[:, None]

    def _by_time(self) -> tuple[Array, Array]:
        """(T,) increments of the baseline hazard averaged over the terms of ties, and (T, p) those times the mean."""
        sums, model = self.sums, self.likelihood
        a = model.ties.fraction
        inverse = 1 / (sums.risk[model.ties.owner] - a * sums.dead[model.ties.owner])
        hazard_x = sums.risk_x * model.ties.sum(inverse**2)[:, None]
        if model.tied:
            hazard_x = hazard_x - sums.dead_x * model.ties.sum(a * inverse**2)[:, None]
        return sums.scaled * model.ties.sum(inverse), sums.scaled[:, None] * hazard_x


def _at_risk(time: Array, cause: Whole, which: int) -> Mask:
    """(n,) rows that are at risk at some event of the cause: there at the first, or kept by a competing event before
    the last."""
    own = time[cause == which]
    return np.asarray((time >= own.min()) | ((cause > 0) & (time < own.max())))


def _refuse_no_events(causes: Whole, which: int) -> None:
    if which < 1:
        raise EstimationError("The cause of interest must be 1 or above; 0 means censored.")
    if not (causes == which).any():
        raise EstimationError(
            f"No events of cause {which}, so there are no hazard ratios to estimate. Look at the outcome's coding."
        )
