"""The people of a comparison: weights by name, columns of a model, and estimates finished with score and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.design import propensity
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.causal.weights import weight_slope
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.multinomial import MultinomialModel
from iop_outcomes.protocol import Contrast, Inference
from iop_outcomes.vocabulary.methods import METHODS, RANDOMISED, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def clustered(estimate: Estimate, members: pd.DataFrame, inference: Inference) -> Estimate:
    """The estimate with sites as clusters, where the protocol says so and there are enough of them.

    members: site_id and record_id of the people of the estimate, in its order, of whom only those who take part in it
    count. Else people are independent of each other, but not of themselves: whoever counts more than once is a cluster.
    """
    there = estimate.takes_part
    if inference.cluster == "site" and members["site_id"][there].nunique() >= inference.min_clusters:
        return estimate.clustered(members["site_id"].to_numpy())
    # who has a part in the score alone is a person, too
    if members["record_id"][there | estimate.influence.any(axis=1)].duplicated().any():
        return estimate.clustered(members["record_id"].to_numpy())
    return estimate


@dataclass(frozen=True)
class Sample:
    """People of two sides in the order of `scores`, who is compared with whom, and how to infer.

    everyone: the table scores (N rows), people of further arms alongside included, or any table with arm, site_id and
    record_id for a comparison without a score. Further arms have a part in the score, and are among those that inverse
    weights and the doubly robust method standardise to; their outcomes have none. names: of the first and the second
    side. within_sites: methods whose hazards are compared within sites. beside: covariates of a regression, of the
    people in `scores`. called: what a regression calls the comparison.
    """

    everyone: pd.DataFrame
    names: tuple[str, str]
    inference: Inference
    within_sites: tuple[str, ...] = ()
    beside: ModelMatrix | None = None
    called: str = "arm"

    @classmethod
    def of(cls, scores: pd.DataFrame, contrast: Contrast, inference: Inference) -> Sample:
        """The people of a contrast with their scores."""
        within = (RANDOMISED,) if contrast.stratum == "site_id" else ()
        return cls(scores, (contrast.first.name, contrast.second.name), inference, within)

    @cached_property
    def compared(self) -> Mask:
        """(N,) who of everyone is in the first or the second arm."""
        return (self.everyone["arm"] < 2).to_numpy()

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The n people of the two arms."""
        return self.everyone if self.compared.all() else self.everyone[self.compared].reset_index(drop=True)

    @cached_property
    def arm(self) -> Whole:
        """(n,) 1 in the first arm, 0 in the second."""
        return self.scores["arm"].to_numpy()

    @cached_property
    def label(self) -> NDArray[np.object_]:
        """(n,) names of the arms."""
        return np.where(self.arm == 1, self.names[0], self.names[1]).astype(object)

    def strata(self, method: str) -> NDArray[np.object_] | None:
        """(n,) sites within which hazards are compared by a method, or None."""
        return self.scores["site_id"].to_numpy() if method in self.within_sites else None

    def columns(self, used: Mask) -> tuple[Array, list[str]]:
        """(n, p) and names of a regression: the comparison first, then what varies among `used` (n,) of `beside`."""
        arm = self.arm[:, None].astype(float)
        if self.beside is None:
            return arm, [self.called]
        table = self.beside.dense()
        varied = np.ptp(table[used], axis=0) > 0
        names = [n for n, v in zip(self.beside.names, varied, strict=True) if v]
        return np.hstack([arm, table[:, varied]]), [self.called, *names]

    def weight(self, method: str) -> Array:
        """(n,) weights of a method."""
        weights = METHODS[method].weights  # methods without weigh everyone alike
        return self.scores[weights].to_numpy() if weights else np.ones(len(self.scores))

    @cached_property
    def propensity(self) -> MultinomialModel:
        """The score of everyone."""
        return propensity.read(self.everyone)

    def finish(self, estimate: Estimate, method: str) -> Estimate:
        """Count the estimation of the score, where the method has one, and group people by site.

        estimate: of the n people of the two arms, or of everyone. Influences of what stands on a score are everyone's.
        """
        weights = METHODS[method].weights
        if weights and estimate.weight is not None:
            kind, arm = WEIGHTS[weights], self.everyone["arm"].to_numpy()
            moves = weight_slope(kind.kind, arm, self.propensity.score, truncated=kind.truncated)
            estimate = stack(estimate.among(self.compared), moves, self.propensity.nuisance)
        whole = len(estimate.influence) == len(self.everyone)
        return clustered(estimate, self.everyone if whole else self.scores, self.inference)

    def effective(self, method: str, used: Mask | None = None) -> float:
        """Effective sample size under a method's weights, summed over the arms."""
        weight = self.weight(method) if used is None else self.weight(method) * used
        return float(sum(effective_sample_size(weight[self.arm == a]) for a in np.unique(self.arm)))
