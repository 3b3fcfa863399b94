"""Shares of people with a state, corrected for a measurement that misses some of it, or sees it where it is not.

With the sensitivity Se and the specificity Sp of the measurement, the share p that it finds is Se P + (1 - Sp)(1 - P)
of a true share P, so that P = (p + Sp - 1) / (Se + Sp - 1) (Rogan & Gladen 1978, American Journal of Epidemiology
107:71). With Se and Sp taken as known the correction is linear, and limits are corrected as estimates are. A difference
of two arms that are measured alike is divided by Se + Sp - 1: it is found too small, whichever way it points. Where the
arms are measured differently, no sign is safe (Lash, Fox & Fink 2009, Applying Quantitative Bias Analysis to
Epidemiologic Data, chapter 6). Refused: measurements that find no more of the state among those with it than among
those without.
"""

from __future__ import annotations

from iop_outcomes.errors import EstimationError


def true_share(found: float, sensitivity: float, specificity: float) -> float:
    """The share that a measurement finds as `found`; outside 0 to 1 no true share can have been found so."""
    return (found + specificity - 1) / _told_apart(sensitivity, specificity)


def true_difference(found: float, sensitivity: float, specificity: float) -> float:
    """The difference of two shares that are measured alike."""
    return found / _told_apart(sensitivity, specificity)


def _told_apart(sensitivity: float, specificity: float) -> float:
    """Se + Sp - 1. Raises EstimationError."""
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise EstimationError("A sensitivity and a specificity are shares, from 0 to 1.")
    apart = sensitivity + specificity - 1
    if apart <= 0:
        raise EstimationError(
            f"With a sensitivity of {sensitivity:g} and a specificity of {specificity:g} a measurement finds no more "
            "of the state among those with it than among those without, and nothing can be corrected."
        )
    return apart
