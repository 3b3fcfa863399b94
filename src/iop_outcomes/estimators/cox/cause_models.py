"""Cause-specific Cox models of all causes together, and their baseline hazards with influence.

What happens, in order: one Cox regression is fitted for each cause, the other causes censoring, to the rows that are
`within`; the baseline hazard at the mean of the covariates follows at each event time; its derivatives by the
coefficients and by the weights of rows are kept as sums over risk sets, O(rows + event times). Refused: causes named
twice or without events, and what `cox` refuses.

In the notation of `cox`, r = exp((x - mean) b), the baseline hazard is

    dH(u) = W(D) / m * sum over j < m of 1 / (Wr(R) - a_j Wr(D)),

Breslow's W(D) / Wr(R) where ties count as one (Breslow 1974, Biometrics 30:89; Efron's as in R's `survfit.coxph`). The
other causes are no nuisance here: a cumulative incidence needs the hazards of all (Prentice et al. 1978, Biometrics
34:541; Benichou & Gail 1990, Biometrics 46:813).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.rows import Rows, codes, columns, indicator, rows
from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.cox.likelihood import Ties, tie_terms
from iop_outcomes.estimators.survival.risksets import RiskSets, follow_up, risk_sets


@dataclass(frozen=True)
class CauseModel:
    """One cause: fit, with influence on all n rows; centre (p,) of the covariates; hazard (T,) there at times (T,)."""

    fit: CoxFit
    centre: Array
    relative: Array
    sets: RiskSets
    ties: Ties
    kept: Whole
    scaled: Array
    p0: Array
    q0: Array
    q1: Array
    moved: Array  # (T, p) derivative of the hazard by the coefficients

    @property
    def times(self) -> Array:
        """(T,)"""
        return self.sets.times

    @property
    def takes_part(self) -> Mask:
        """(n,) rows that move the coefficients or the baseline hazard."""
        part = self.fit.estimate.takes_part
        part[self.kept] |= self.sets.ever
        return part

    @property
    def hazard(self) -> Array:
        """(T,) at the centre."""
        return np.asarray(self.scaled * self.p0)

    def relative_hazard(self, x: Array) -> tuple[Array, Array]:
        """(m,) hazards at x (m, p) in units of the one at the centre, and x less the centre (m, p)."""
        away = x - self.centre
        return np.exp(away @ self.fit.estimate.value), away

    def gradient(self, by_hazard: Array, by_coefficient: Array) -> Array:
        """(n, h) gradient of quantities with these derivatives by the hazard (T, h) and the coefficients (p, h)."""
        at, dead = self.sets.position, self.sets.dead
        own = by_hazard * (self.p0 / self.ties.people)[:, None]
        kept = by_hazard * (self.scaled * self.q1)[:, None]
        direct = -self.relative[:, None] * self.sets.while_at_risk(by_hazard * (self.scaled * self.q0)[:, None])
        direct[dead] += own[at] + self.relative[dead][:, None] * kept[at]
        coefficients = self.fit.estimate.gradient
        assert coefficients is not None
        out = coefficients @ (by_coefficient + self.moved.T @ by_hazard)
        out[self.kept] += direct
        return np.asarray(out)


@dataclass(frozen=True)
class CauseModels:
    """models: of every cause, by its number. names: of the covariates. rows: all n, within or not. end: of follow-up
    of those within.
    """

    models: dict[int, CauseModel]
    names: tuple[str, ...]
    rows: Rows
    end: float


def fit_cause_models(
    x: ArrayLike,
    time: ArrayLike,
    cause: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    ties: str = "efron",
    within: ArrayLike | None = None,
) -> CauseModels:
    """A Cox model with the covariates x (n, p) for each cause above 0 that happens.

    cause: (n,) whole numbers, 0 censored. within: (n,) the rows fitted to, default all; with one arm here the model is
    that arm's own, and the others can still be averaged over. The rest as in `cox.cox`.
    """
    exits, enters = follow_up(time, entry)
    n = exits.size
    everyone = rows(n, weight, frequency)
    inside = np.ones(n, dtype=bool) if within is None else indicator(within, "within", n)
    if not (inside & everyone.used).any():
        raise EstimationError("No one with weight is within the rows that the hazards are to be estimated from.")
    causes, covariates = codes(cause, "cause", n), columns(x, names, n)
    happen = [int(k) for k in np.unique(causes[inside & everyone.used]) if k > 0]
    if not happen:
        raise EstimationError("No events of any cause, so there are no hazards to estimate. Look at the coding.")
    counted = Rows(everyone.weight * inside, everyone.frequency)
    models = {}
    for k in happen:
        try:
            fit = cox(covariates, time, causes == k, names, counted.weight, frequency, entry, ties=ties)
        except EstimationError as refusal:
            raise EstimationError(f"Cause {k}: {refusal}") from refusal
        models[k] = _cause_model(fit, covariates, exits, enters, causes == k, counted, ties)
    return CauseModels(models, tuple(names), everyone, float(exits[counted.used].max()))


def _cause_model(
    fit: CoxFit, x: Array, exits: Array, enters: Array | None, event: Mask, counted: Rows, ties: str
) -> CauseModel:
    kept = np.flatnonzero(counted.used)
    sets = risk_sets(exits[kept], event[kept], None if enters is None else enters[kept])
    dead, total = sets.dead, counted.total[kept]
    terms = tie_terms(sets, counted.frequency[kept][dead], ties)
    # who is never at risk has no part in any sum, and may be far from everyone who has
    centre = x[kept][sets.ever].mean(axis=0)
    away = np.where(sets.ever[:, None], x[kept] - centre, 0.0)
    relative = np.exp(away @ fit.estimate.value)
    mass = total * relative
    mass_x = mass[:, None] * away
    gone = sets.among_dead(mass[dead])
    inverse = 1 / (sets.at_risk(mass)[terms.owner] - terms.fraction * gone[terms.owner])
    q0, q1 = terms.sum(inverse**2), terms.sum(terms.fraction * inverse**2)
    scaled = sets.among_dead(total[dead]) / terms.people
    moved = sets.at_risk(mass_x) * q0[:, None] - sets.among_dead(mass_x[dead]) * q1[:, None]
    return CauseModel(
        fit=fit,
        centre=centre,
        relative=relative,
        sets=sets,
        ties=terms,
        kept=kept,
        scaled=scaled,
        p0=terms.sum(inverse),
        q0=q0,
        q1=q1,
        moved=-scaled[:, None] * moved,
    )
