"""Cox regression with a coefficient of its own for each period of follow-up.

What happens, in order: each row is split at the cuts into pieces from its entry to its time; the columns named are
multiplied by indicators of the periods; `cox` is fitted to the pieces; the influences of the pieces of a row are added
up, so that the variance is one of people, not of pieces. Refused: cuts that do not rise or are not above 0, periods
without events, and what `cox` refuses, for example a column that does not vary among those at risk in a period.

A log hazard ratio that is a step function of time is the least that a finding of non-proportional hazards asks for
(Therneau & Grambsch 2000, Modeling Survival Data, section 6.5). One coefficient over periods with different ones is
an average that depends on who was censored when (Struthers & Kalbfleisch 1986, Biometrika 73:363).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.cox import CoxFit, cox
from iop_outcomes.estimators.estimate import Array
from iop_outcomes.estimators.labels import as_labels
from iop_outcomes.estimators.risksets import follow_up
from iop_outcomes.estimators.rows import Whole, column, columns, indicator, label, rows
from iop_outcomes.estimators.same_times import placed

Bounds = Sequence[tuple[float, float]]


def cox_by_period(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    names: Sequence[str],
    cuts: Sequence[float],
    varying: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
) -> CoxFit:
    """Cox regression in which the columns `varying` have one coefficient for each period between the cuts.

    cuts: rising times above 0; the periods are (0, c_1], (c_1, c_2], ... and from the last cut on. The rest as in
    `cox.cox`. Returns the fit with coefficients 'name:0-90', 'name:90-180', 'name:180-', then those of the other
    columns. Its estimate has the influence of the n rows given, their pieces added up; `at_events` speaks of pieces.
    """
    names, varying = list(names), list(varying)
    exits, enters = follow_up(time, entry)
    n = exits.size
    covariates, died, everyone = columns(x, names, n), indicator(event, "event", n), rows(n, weight, frequency)
    asked = column(cuts, "cuts")
    known = np.unique(exits if enters is None else np.concatenate([exits, enters]))
    bounds, named = _bounds(placed(asked, known)), _bounds(asked)
    labels_of_strata = None if strata is None else as_labels(strata)
    if labels_of_strata is not None and labels_of_strata.shape != (n,):
        raise EstimationError(f"'strata' has shape {labels_of_strata.shape} where {n} labels were expected.")
    unknown = [name for name in varying if name not in names]
    if unknown:
        raise EstimationError(f"{', '.join(unknown)}: no such column among {', '.join(names)}.")
    begin = np.full(n, -1.0) if enters is None else enters
    pieces = [np.flatnonzero((exits > low) & (begin < high)) for low, high in bounds]
    row = np.concatenate(pieces)
    period = np.repeat(np.arange(len(bounds)), [len(piece) for piece in pieces])
    low, high = np.array(bounds).T[:, period]
    ends = exits[row] <= high
    changing = [names.index(name) for name in varying]
    steady = [at for at in range(len(names)) if at not in changing]
    inside = period[:, None] == np.arange(len(bounds))
    labels = [f"{name}:{_period_name(*bound)}" for name in varying for bound in named]
    _refuse_empty(named, period[died[row] & ends & everyone.used[row]])
    fitted = cox(
        np.hstack([*(covariates[row, at][:, None] * inside for at in changing), covariates[row][:, steady]]),
        np.minimum(exits[row], high),
        died[row] & ends,
        [*labels, *(names[at] for at in steady)],
        weight=everyone.weight[row],
        frequency=everyone.frequency[row],
        entry=np.maximum(np.maximum(begin[row], low), 0.0),
        strata=None if labels_of_strata is None else labels_of_strata[row],
        ties=ties,
    )
    gradient = np.zeros((n, len(fitted.estimate.names)))
    np.add.at(gradient, row, fitted.estimate.gradient)
    part = np.bincount(row, fitted.estimate.takes_part, n) > 0
    return replace(fitted, estimate=everyone.estimate(fitted.estimate.names, fitted.estimate.value, gradient, part))


def _bounds(inner: Array) -> list[tuple[float, float]]:
    if (inner <= 0).any() or (np.diff(inner) <= 0).any():
        raise EstimationError("The cuts between periods must rise, and lie above 0, where the first period begins.")
    edges = [-1.0, *(float(cut) for cut in inner), np.inf]  # day 0 belongs to the first period
    return list(pairwise(edges))


def _period_name(low: float, high: float) -> str:
    return f"{label(max(low, 0.0))}-{'' if np.isinf(high) else label(high)}"


def _refuse_empty(bounds: Bounds, periods: Whole) -> None:
    for at, bound in enumerate(bounds):
        if not (periods == at).any():
            raise EstimationError(
                f"No events in the period {_period_name(*bound)}, so it has no hazard ratio. Move the cuts."
            )
