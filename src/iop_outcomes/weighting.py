"""The weights that a study may ask for by name, and the methods that use them: one table for design, analyses, checks
of the sheet and report.

A method has weights, and weights have a kind (`estimators.weights.TILTS`) and the quantiles at which they are
truncated; `estimators.weights` makes weights of them. A row of METHODS is all that a further variant takes here,
beside its name in `protocol.rows.Method`, and its words in `figures.labels` and `report.explanations`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """kind: one of TILTS. truncated: quantiles that weights are brought in to, or None."""

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
# methods whose curves are drawn
DRAWN = ("iptw", "overlap")


def needed(methods: Iterable[str]) -> list[str]:
    """The weights that some methods use, in the order of WEIGHTS."""
    used = {METHODS[m].weights for m in methods if m in METHODS}
    return [name for name in WEIGHTS if name in used]


# for whom every method speaks
ESTIMANDS = {
    "crude": "as_observed",
    "naive": "as_observed",
    **{name: method.estimand for name, method in METHODS.items()},
    "landmark": "landmark",
    "landmark_adjusted": "landmark",
    "spline": "landmark",
    "randomised": "randomised",
}
