"""Confidence limits of probabilities, on a scale on which they are closer to normal, and limits of quantiles.

What happens: `probability_limits` moves an estimate and its standard error to a scale by the delta method, adds and
subtracts the critical value there, and moves the ends back. `quantiles` finds where a falling curve crosses a height,
and takes the times at which its pointwise limits cross it as the limits of the quantile (Brookmeyer & Crowley 1982,
Biometrics 38:29). Refused: probabilities of 0 or 1, which have no such limits, and heights that are no probabilities.

Scales of `survfit` in R, conf.type: 'plain', cut at 0 and 1; 'log' (R's default), cut at 1; 'log-log', log(-log S),
which is that of the cumulative hazard and never leaves 0 to 1 (lifelines' default); 'logit'.

A curve that runs level at exactly the height asked for has no single quantile. As R does, and since an interval is
what the data say, the middle of the level stretch is taken (for S = 0.5, from the event that brings it there to the
next one, or to the end of follow-up); others take its beginning. Limits go by the same rule. A height never reached is
infinite: the quantile lies beyond follow-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.inference import SCALES
from iop_outcomes.estimators.base.labels import quoted
from iop_outcomes.estimators.base.rows import column

# Heights closer than this are the same: survival is a product of many fractions. As in R.
SAME_HEIGHT = 1.5e-8


def probability_limits(estimate: Estimate, scale: str = "log-log", level: float = 0.95) -> tuple[Array, Array]:
    """(k,) lower and (k,) upper limits of an estimate of probabilities, on one of `inference.SCALES`.

    With clusters the critical value is that of t with clusters - 1 degrees of freedom, as in `Estimate.critical`.
    """
    inside = (estimate.value > 0) & (estimate.value < 1)
    if not inside.all():
        named = quoted(name for name, yes in zip(estimate.names, inside, strict=True) if not yes)
        raise EstimationError(
            f"The probability at {named} is not between 0 and 1, so a standard error gives it no limits. "
            "Choose another horizon, or report an exact interval of the count."
        )
    return limits(estimate.value, estimate.standard_error(), scale, estimate.critical(level))


def limits(value: Array, standard_error: Array, scale: str, critical: float) -> tuple[Array, Array]:
    """The same from values (k,) above 0 and below 1 and their standard errors (k,)."""
    if scale not in SCALES:
        raise EstimationError(f"Limits can be on the scale {', '.join(SCALES)}, not '{scale}'.")
    on = SCALES[scale]
    half = critical * np.abs(on.slope(value)) * standard_error
    ends = on.back(on.forth(value) - half), on.back(on.forth(value) + half)
    return np.clip(np.minimum(*ends), 0.0, 1.0), np.clip(np.maximum(*ends), 0.0, 1.0)


@dataclass(frozen=True)
class Quantiles:
    """time, lower, upper: (k,) quantiles and their limits at each probability (k,); infinite where not reached."""

    probability: Array
    time: Array
    lower: Array
    upper: Array


def quantiles(
    times: Array, survival: Array, lower: Array, upper: Array, end: float, probability: ArrayLike
) -> Quantiles:
    """Times by which shares `probability` (k,) have had the event, with limits from the limits of the curve.

    times: (T,) rising, survival (T,) from each time on, lower and upper (T,) its limits there. end: of follow-up.
    """
    shares = column(probability, "probability")
    if (shares <= 0).any() or (shares >= 1).any():
        raise EstimationError("Quantiles are asked for as probabilities between 0 and 1, such as 0.5 for the median.")
    found = [[_crossing(times, curve, 1 - p, end) for p in shares] for curve in (survival, lower, upper)]
    return Quantiles(shares, *(np.array(row) for row in found))


def _crossing(times: Array, curve: Array, height: float, end: float) -> float:
    """The first time at which the curve is as low as height; the middle of the stretch on which it equals it."""
    reached = np.flatnonzero(curve <= height + SAME_HEIGHT)
    if not len(reached):
        return float("inf")
    first = float(times[reached[0]])
    if curve[reached[0]] < height - SAME_HEIGHT:
        return first
    below = np.flatnonzero(curve < height - SAME_HEIGHT)
    return (first + (float(times[below[0]]) if len(below) else end)) / 2
