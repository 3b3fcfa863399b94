"""The people of a comparison: weights by name, columns of a model, and estimates finished with score and clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from iop_outcomes.design import propensity, terms
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.cells import Cells, Ground, ground
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.stacking import Nuisance, stack
from iop_outcomes.estimators.causal import entropy_balancing
from iop_outcomes.estimators.causal.balance import effective_sample_size
from iop_outcomes.estimators.causal.weights import weight_slope
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.multinomial import MultinomialModel
from iop_outcomes.protocol import Contrast, Inference
from iop_outcomes.vocabulary.methods import METHODS, RANDOMISED, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Values = TypeVar("Values", Array, Mask)


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
class Alike:
    """Rows of people who are alike in arm and columns, or of one person each.

    label: (r,) names of the arms. columns: (r,) each. weight: (r,) mean of a row's people. frequency: (r,) people.
    square: (r,) sums of their squared weights.
    """

    label: NDArray[np.object_]
    columns: tuple[Array, ...]
    weight: Array
    frequency: Array
    square: Array


def _among(there: Mask, values: Values) -> Values:
    """(N,) values (n,) of those who are there; zero of the others."""
    if there.all():
        return values
    found = np.zeros(len(there), dtype=values.dtype)
    found[there] = values
    return found


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
    _collapsed: dict[tuple[object, ...], tuple[object, Cells]] = field(init=False, repr=False, default_factory=dict)
    _slopes: dict[str, Array] = field(init=False, repr=False, default_factory=dict)
    _grounds: dict[str, Ground] = field(init=False, repr=False, default_factory=dict)
    _nuisances: dict[str, Nuisance] = field(init=False, repr=False, default_factory=dict)

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

    def marginal(
        self, method: str, estimator: Callable[[Alike], Estimate], columns: tuple[Array, ...], used: Mask
    ) -> Estimate:
        """A weighted estimate that knows people by their arm and by `columns` (n,) only, finished as by `finish`.

        estimator: called with the people as rows of `Alike`. used: (n,) who counts. Columns are known by their
        identity: the same arrays make the same cells, once for all horizons and curves.
        """
        if (cells := self._cells(method, columns, used)) is not None:
            found = cells.infer(estimator(self._of(cells)).among(cells.frequency > 0))
            if found.takes_part.sum() >= self.inference.min_clusters:
                return found
        return self.finish(estimator(self._people(method, columns, used)), method)

    def alike(self, method: str, columns: tuple[Array, ...], used: Mask) -> Alike:
        """The people as in `marginal`, in as few rows as can be."""
        cells = self._cells(method, columns, used)
        return self._people(method, columns, used) if cells is None else self._of(cells)

    def _people(self, method: str, columns: tuple[Array, ...], used: Mask) -> Alike:
        weight = self.weight(method) * used
        return Alike(self.label, columns, weight, np.ones(len(weight)), weight**2)

    def _of(self, cells: Cells) -> Alike:
        """The cells in which someone counts, as rows."""
        some = cells.frequency > 0
        arm, *columns = (np.asarray(c[some], dtype=float) for c in cells.columns)
        label = np.where(arm == 1, self.names[0], self.names[1]).astype(object)
        return Alike(label, tuple(columns), cells.weight[some], cells.frequency[some], cells.square[some])

    def _cells(self, method: str, columns: tuple[Array, ...], used: Mask) -> Cells | None:
        """Everyone as cells by arm and columns; None where sites are not the clusters, or there are too few."""
        if self._site is None or self._site.max(initial=-1) + 1 < self.inference.min_clusters:
            return None
        key = (method, *map(id, columns), id(used))
        if key not in self._collapsed:
            weights = METHODS[method].weights
            slope = None
            if weights:
                slope = (self.slope(weights).T * _among(self.compared, used.astype(float))).T
            known = [self.everyone["arm"].to_numpy(), *(_among(self.compared, c) for c in columns)]
            weight = _among(self.compared, self.weight(method) * used)
            made = self._ground(weights).cells(known, weight, slope=slope)
            # what the columns are known by lives as long as their cells
            self._collapsed[key] = ((columns, used), made)
        return self._collapsed[key][1]

    def _ground(self, weights: str) -> Ground:
        # all weights that are made of the score stand on one
        key = weights if weights and WEIGHTS[weights].balanced else str(bool(weights))
        if key not in self._grounds:
            nuisance = self.nuisance(weights) if weights else None
            self._grounds[key] = ground(len(self.everyone), cluster=self._site, nuisance=nuisance)
        return self._grounds[key]

    def nuisance(self, weights: str) -> Nuisance:
        """What weights were found by: the score of everyone, or what balances everyone."""
        if not WEIGHTS[weights].balanced:
            return self.propensity.nuisance
        if weights not in self._nuisances:
            arm, own = self.everyone["arm"].to_numpy(), self.everyone[weights].to_numpy()
            self._nuisances[weights] = entropy_balancing.known(terms.read(self.everyone), arm, own)
        return self._nuisances[weights]

    @cached_property
    def _site(self) -> Whole | None:
        """(N,) numbers of everyone's site, in the order of their names, where sites are the clusters."""
        import pandas as pd

        if self.inference.cluster != "site":
            return None
        return np.asarray(pd.factorize(self.everyone["site_id"], sort=True)[0])

    def among(self, values: Values) -> Values:
        """(N,) values (n,) of those compared; zero of everyone else."""
        return _among(self.compared, values)

    def slope(self, weights: str) -> Array:
        """(N,) or (N, K - 1) derivatives of everyone's weights by the score's predictors; (N, K) of balanced ones."""
        if weights not in self._slopes:
            kind, arm = WEIGHTS[weights], self.everyone["arm"].to_numpy()
            if kind.balanced:
                self._slopes[weights] = entropy_balancing.slope(arm, self.everyone[weights].to_numpy())
                return self._slopes[weights]
            self._slopes[weights] = weight_slope(kind.kind, arm, self.propensity.score, truncated=kind.truncated)
        return self._slopes[weights]

    def finish(self, estimate: Estimate, method: str) -> Estimate:
        """Count the estimation of the score, where the method has one, and group people by site.

        estimate: of the n people of the two arms, or of everyone. Influences of what stands on a score are everyone's.
        """
        weights = METHODS[method].weights
        if weights and estimate.weight is not None:
            estimate = stack(estimate.among(self.compared), self.slope(weights), self.nuisance(weights))
        whole = len(estimate.influence) == len(self.everyone)
        return clustered(estimate, self.everyone if whole else self.scores, self.inference)

    def effective(self, method: str, used: Mask | None = None) -> float:
        """Effective sample size under a method's weights, summed over the arms."""
        weight = self.weight(method) if used is None else self.weight(method) * used
        return float(sum(effective_sample_size(weight[self.arm == a]) for a in np.unique(self.arm)))
