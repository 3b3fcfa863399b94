"""The weights that a study may ask for by name, and the methods that use them: one table for design, analyses, checks
of the sheet and report.

What happens: a name is looked up for its kind of weights (`estimators.propensity.WEIGHTINGS`) and the quantiles at
which they are truncated; scores become weights and, for the uncertainty of an estimate, the derivatives of the weights
by the score's coefficients. A truncated weight does not move with the score: its derivative is zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.estimators import propensity
from iop_outcomes.estimators.estimate import Array


@dataclass(frozen=True)
class Weights:
    """kind: one of WEIGHTINGS. truncated: quantiles that weights are brought in to, or None."""

    kind: str
    truncated: tuple[float, float] | None = None


@dataclass(frozen=True)
class Method:
    """A method that stands on a propensity score.

    weights: the weights that it uses and whose diagnostics it answers for. estimand: whom it speaks for. augmented:
    an outcome regression is corrected by them. imputed: missing covariates are imputed with the outcome, and the score
    is fitted in each completed data set. alike: arm (1 or 0) whose people all weigh the same, None where they do not.
    """

    weights: str
    estimand: str
    augmented: bool = False
    imputed: bool = False
    alike: int | None = None


WEIGHTS = {
    "iptw": Weights("iptw"),
    "iptw_truncated": Weights("iptw", (0.01, 0.99)),
    "iptw_unstabilised": Weights("iptw_unstabilised"),
    "overlap": Weights("overlap"),
    "matching": Weights("matching"),
    "entropy": Weights("entropy"),
    "att": Weights("att"),
    "atc": Weights("atc"),
}
METHODS = {
    "iptw": Method("iptw", "ATE"),
    "iptw_truncated": Method("iptw_truncated", "ATE"),
    "iptw_unstabilised": Method("iptw_unstabilised", "ATE"),
    "iptw_imputed": Method("iptw", "ATE", imputed=True),
    "overlap": Method("overlap", "ATO"),
    "overlap_imputed": Method("overlap", "ATO", imputed=True),
    "matching": Method("matching", "ATM"),
    "entropy": Method("entropy", "ATEN"),
    "att": Method("att", "ATT", alike=1),
    "atc": Method("atc", "ATC", alike=0),
    "aipw": Method("iptw", "ATE", augmented=True),
}
# methods that weigh people and do nothing else to the design's scores
WEIGHTED = tuple(name for name, m in METHODS.items() if not (m.augmented or m.imputed))
IMPUTED = tuple(name for name, m in METHODS.items() if m.imputed)


def needed(methods: Iterable[str]) -> list[str]:
    """The weights that some methods use, in the order of WEIGHTS."""
    used = {METHODS[m].weights for m in methods if m in METHODS}
    return [name for name in WEIGHTS if name in used]


def weigh(name: str, arm: ArrayLike, score: ArrayLike) -> Array:
    """(n,) weights by name, of arm (n,) and propensity score (n,)."""
    asked = WEIGHTS[name]
    raw = propensity.weights(asked.kind, arm, score)
    return raw if asked.truncated is None else propensity.truncate(raw, *asked.truncated)[0]


def jacobian(name: str, arm: ArrayLike, score: ArrayLike, terms: Array) -> Array:
    """(n, q) derivatives of the weights by the coefficients of the score's terms (n, q)."""
    asked = WEIGHTS[name]
    found = propensity.weight_jacobian(asked.kind, arm, score, terms)
    if asked.truncated is None:
        return found
    untouched = propensity.truncate(propensity.weights(asked.kind, arm, score), *asked.truncated)[1]
    return np.asarray(found * untouched[:, None])
