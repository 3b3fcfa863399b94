"""Cox regression of the hazards in one period of follow-up.

What happens, in order: everyone who is still there when the period begins, or comes within it, is followed from then to
its end at the latest; `cox` is fitted to them. Refused: a period that does not end after it begins, one without events,
and what `cox` refuses, for example a column that does not vary among those at risk in the period.

Fitted to each of several periods it gives log hazard ratios that are step functions of time, the least that a finding
of non-proportional hazards asks for (Therneau & Grambsch 2000, Modeling Survival Data, section 6.5): where every column
has coefficients of its own in each period, the partial likelihood falls into one for each. One coefficient over periods
with different ones is an average that depends on who was censored when (Struthers & Kalbfleisch 1986, Biometrika
73:363). Influences of several periods are joined with `estimate.join`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.rows import column, indicator, label, rows
from iop_outcomes.estimators.base.same_times import placed
from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.survival.risksets import follow_up


def cox_in_period(
    x: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    names: Sequence[str],
    period: tuple[float, float],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
) -> CoxFit:
    """Cox regression of the hazards after period[0] and up to period[1], which may be infinite; day 0 is after 0.

    The rest as in `cox.cox`. The estimate has the influence of the n rows given; those who are not there in the period
    have none.
    """
    exits, enters = follow_up(time, entry)
    died, counted = indicator(event, "event", exits.size), rows(exits.size, weight, frequency)
    known = np.unique(exits if enters is None else np.concatenate([exits, enters]))
    asked = column([period[0], min(period[1], np.finfo(float).max)], "period")
    if asked[0] < 0 or asked[1] <= asked[0]:
        raise EstimationError("A period begins on day 0 or later, and ends after it begins.")
    low, high = placed(asked, known)
    begin = np.zeros(exits.size) if enters is None else np.maximum(enters, 0.0)  # before day 0 is from the start
    there = ((exits > low) | (low == 0)) & (begin < high)
    within = died & there & (exits <= high)
    if not (within & counted.used).any():
        end = "" if np.isinf(period[1]) else label(period[1])
        raise EstimationError(f"No events in the period {label(period[0])}-{end}, so it has no hazard ratio.")
    return cox(
        x, np.where(there, np.minimum(exits, high), exits), within, names, weight=counted.weight * there,
        frequency=counted.frequency, entry=np.where(there, np.maximum(begin, low), 0.0), strata=strata, ties=ties,
    )  # fmt: skip
