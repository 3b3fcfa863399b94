"""Cumulative hazards by cause (Nelson-Aalen), weighted, with exact influence.

What happens, in order: rows are checked and those without weight set aside; the hazard of the cause at each event time
is the weight that has it over the weight at risk; horizons are looked up in its running sum. Refused: horizons beyond
the last person at risk, causes that do not happen by the last horizon, negative or missing times.

H_k(t) = sum over u <= t of dL_k(u) (Nelson 1972, Technometrics 14:945; Aalen 1978, Annals of Statistics 6:534), and the
derivative by the weight of row i is the sum over u <= t of

    (1{row i has cause k at u} - 1{entry_i < u <= time_i} dL_k(u)) / Y(u)        with Y(u) the weight at risk.

Unlike 1 less Kaplan-Meier it means the same with and without competing causes: the rate, added up, at which the cause
happens to those still at risk of it. It is no probability and may pass 1. Tied events share one risk set (ctype = 1 in
R's `survfit`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import codes, label, rows
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.survival.risksets import asked_times, follow_up, risk_sets


def nelson_aalen(
    time: ArrayLike,
    cause: ArrayLike,
    which: int,
    times: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> Estimate:
    """Cumulative hazard of cause `which` by each of `times`.

    time, entry: (n,) days from day 0; at risk where entry < u <= time. cause: (n,) whole numbers, 0 censored. times:
    (k,) horizons, which name the quantities; before the first event the hazard is 0. Works with `cuminc.by_arm`.
    """
    horizons = asked_times(times)
    exits, enters = follow_up(time, entry)
    causes = codes(cause, "cause", exits.size)
    everyone = rows(exits.size, weight, frequency)
    kept = np.flatnonzero(everyone.used)
    happened, total = causes[kept] == which, everyone.total[kept]
    reached = _reached(exits[kept], exits[kept][happened], which, horizons)
    sets = risk_sets(exits[kept], happened, None if enters is None else enters[kept])
    at_risk = sets.at_risk(total)
    hazard = sets.among_dead(total[sets.dead]) / at_risk
    value = np.concatenate([[0.0], np.cumsum(hazard)])[np.searchsorted(sets.times, reached, side="right")]
    gradient = np.zeros((exits.size, len(horizons)))
    part = np.zeros(gradient.shape, dtype=bool)
    for at, horizon in enumerate(reached):
        by = sets.times <= horizon
        own = -sets.while_at_risk(by * hazard / at_risk)
        own[sets.dead] += (by / at_risk)[sets.position]
        gradient[kept, at], part[kept, at] = own, sets.by(horizon)
    return everyone.estimate([label(t) for t in horizons], value, gradient, part)


def _reached(exits: Array, events: Array, which: int, asked: Array) -> Array:
    """(k,) the horizons as times of the people (see `same_times`); refuses those at which nothing can be said."""
    horizons = placed(asked, np.unique(exits))
    if horizons.max() > exits.max():
        raise EstimationError(
            f"No one is followed to {label(horizons.max())}, so the hazard up to then is not known. Choose a horizon "
            "within follow-up."
        )
    if not (events <= horizons.max()).any():
        raise EstimationError(
            f"No events of cause {which} by {label(horizons.max())}, so its hazard and standard error cannot be "
            "estimated. Choose a later horizon."
        )
    return horizons
