"""An estimate that carries its influence: point estimates, each person's part in them, and their covariance.

`influence[i, j]` is the influence of one person of row i on estimate j: the change in the estimate when that person's
weight grows, per share of it. A row stands for `frequency[i]` identical people of weight `weight[i]` each. The
covariance is the sum, over people or clusters of people, of the outer product of influences (the infinitesimal
jackknife; Jaeckel 1972, Bell Laboratories memorandum MM 72-1215-11; for survival curves Therneau & Grambsch 2000,
Modeling Survival Data, section 7.1). Weights and frequencies are distinct: doubling every weight changes nothing,
doubling every frequency is twice as many people. What is inferred from an estimate is in `inference`.

Who takes part is known by the estimator, and not read off the influence, which can be zero by accident (a residual of
exactly zero) and other than zero for people without an outcome. Those take part whose outcome the estimate rests on:
rows with people and weight, less those whose outcome could not have moved it, whatever it was (not observed, never at
risk, in the other arm). Others may still move it by their covariates, as people on whom the score was estimated do, or
over whom predictions are averaged: that influence is summed with their cluster's. But a cluster of such people alone
says nothing of how outcomes vary between clusters, and counts neither for J nor for degrees of freedom. (With outcomes
at 3 of 10 sites, intervals of inverse weighting with 9 degrees of freedom held the truth in 81 of 100 samples, and with
2 in 95.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import distributions as stats
from iop_outcomes.estimators.base.arrays import Array, Labels
from iop_outcomes.estimators.base.labels import quoted

BLOCK = 200_000  # numbers at a time
NO_ERROR = 1e-14  # a standard error this small beside its estimate is rounding


@dataclass(frozen=True)
class Estimate:
    """Point estimates and each row's influence on them.

    names: k labels. value: (k,). influence: (n, k), of one person of each row. frequency: (n,) people per row.
    weight: (n,) of one person of each row, or None once the influence holds more than the derivative by the weights.
    clusters: one or two groupings of the rows, each (n,) whole numbers; none where people are independent.
    part: (n,), or (n, k) for each quantity, which rows with people and weight take part; None: all of them.
    apart: (k, k) covariance were people independent, where a row is a whole cluster; None where rows tell it.
    """

    names: tuple[str, ...]
    value: Array
    influence: Array
    frequency: Array
    weight: Array | None = None
    clusters: tuple[NDArray[np.int64], ...] = ()
    part: NDArray[np.bool_] | None = None
    apart: Array | None = None

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.value.shape != (k,) or self.influence.shape[1:] != (k,):
            raise EstimationError(f"An estimate of {k} quantities was given arrays of other widths.")
        if not (np.isfinite(self.value).all() and np.isfinite(self.influence.sum())):
            raise EstimationError(
                f"The estimate of {quoted(self.names)} is not finite: no events, or no one at risk, in an arm."
            )

    @property
    def gradient(self) -> Array:
        """(n, k) derivative of the estimates by the total weight of each row; 0 for rows without weight."""
        if self.weight is None:
            raise EstimationError(
                "The influence of this estimate holds more than its derivative by the weights (a score was stacked, "
                "or a model was estimated with it), so no further weights can be stacked onto it."
            )
        used = self.weight > 0
        return np.asarray(self.influence / np.where(used, self.weight, 1.0)[:, None] * used[:, None])

    @property
    def takes_part(self) -> NDArray[np.bool_]:
        """(n,) rows that take part in any of the quantities."""
        return np.logical_or.reduce(list(self.parts.T))

    @property
    def parts(self) -> NDArray[np.bool_]:
        """(n, k), or (n, 1) where it is the same for all quantities: rows that take part in each."""
        there = self.frequency > 0
        if self.weight is not None:
            there &= self.weight > 0
        if self.part is None:
            return there[:, None]
        return there[:, None] & (self.part if self.part.ndim == 2 else self.part[:, None])

    def known_part(self) -> NDArray[np.bool_]:
        """(n,) or (n, k) `part` once the weights are no longer told."""
        parts = self.parts
        return parts if parts.shape[1] > 1 else parts[:, 0]

    def take(self, *names: str) -> Estimate:
        """The named quantities only, and in clusters those who take part in them."""
        at = [self.names.index(n) for n in names]
        part = self.part if self.part is None or self.part.ndim == 1 else self.part[:, at]
        apart = None if self.apart is None else self.apart[np.ix_(at, at)]
        return replace(self, names=names, value=self.value[at], influence=self.influence[:, at], part=part, apart=apart)

    def clustered(self, *groupings: Labels) -> Estimate:
        """The same estimate with people grouped by one label each, or two: for example by person and by site.

        groupings: (n,) labels each, of all rows; only groups with someone who takes part count. Two groupings need not
        be nested (Cameron, Gelbach & Miller 2011, JBES 29:238). Raises where a grouping has fewer than two groups, or
        a quantity rests on one of them alone.
        """
        from iop_outcomes.estimators.base.labels import group_numbers

        if len(groupings) > 2:
            raise EstimationError("People can be grouped in one or two ways, not more.")
        there = self.takes_part
        some = [(name, own) for name, own in zip(self.names, self.parts.T, strict=False) if not (own == there).all()]
        # whoever moves the estimate without an outcome in it has a cluster, too
        moved = there | self.influence.any(axis=1)
        codes = tuple(group_numbers(g, "cluster", moved) for g in groupings)
        for c in codes:
            if count_groups(c, there) < 2:
                raise EstimationError(
                    "A cluster-robust variance needs at least two clusters with people who take part in the estimate; "
                    "there is one."
                )
            alone = [name for name, own in some if count_groups(c, own) == 1]
            if alone:
                raise EstimationError(
                    f"The estimate of {quoted(alone)} rests on people of one cluster alone, so that nothing says "
                    "how much it varies between clusters. Leave it out, or take people as independent."
                )
        return replace(self, clusters=codes)

    def transform(self, names: Sequence[str], function: Callable[[Array], Array], jacobian: Array) -> Estimate:
        """New quantities g(value) by the delta method; jacobian is (len(names), k)."""
        part = self.part
        if part is not None and part.ndim == 2:
            part = (part.astype(np.float32) @ (jacobian.T != 0).astype(np.float32)) > 0
        return replace(
            self,
            names=tuple(names),
            value=np.asarray(function(self.value), dtype=float),
            influence=self.influence @ jacobian.T,
            part=part,
            apart=None if self.apart is None else jacobian @ self.apart @ jacobian.T,
        )

    def among(self, there: NDArray[np.bool_], frequency: Array | None = None) -> Estimate:
        """The estimate as one of everyone (N,), of whom its n people are those `there`; the others take no part.

        frequency: (N,) people per row of everyone, by default 1 of the others. Raises EstimationError where people are
        grouped already: everyone is to be grouped afterwards.
        """
        if there.all():
            return self
        if self.clusters:
            raise EstimationError("Estimates of people who are grouped already cannot be taken among others.")
        influence, weight = np.zeros((len(there), len(self.names))), np.ones(len(there))
        people = np.ones(len(there)) if frequency is None else frequency.astype(float)
        influence[there], people[there] = self.influence, self.frequency
        if self.weight is not None:
            weight[there] = self.weight
        known = self.known_part()
        part = np.zeros((len(there), *known.shape[1:]), dtype=bool)
        part[there] = known
        return replace(
            self,
            influence=influence,
            frequency=people,
            weight=None if self.weight is None else weight,
            part=part,
        )

    def covariance(self) -> Array:
        """(k, k) robust covariance; with clusters, the people of a cluster are summed first.

        Clustered covariances carry the factor J / (J - 1), as influences sum to zero over the J clusters with people
        who take part. Two groupings add up, less the covariance under their intersection.
        """
        if not self.clusters:
            return self._product()
        there = self.takes_part
        if len(self.clusters) == 1:
            return self._summed(self.clusters[0], there)
        first, second = self.clusters
        both = np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]
        return self._summed(first, there) + self._summed(second, there) - self._summed(both, there)

    def independent(self) -> Array:
        """(k, k) the covariance that people would have who are independent of each other."""
        return self._product() if self.apart is None else self.apart

    def _product(self) -> Array:
        """Sum over people of the outer product of their influences, a block of rows at a time."""
        k = len(self.names)
        out = np.zeros((k, k))
        step = max(1, BLOCK // k)
        for start in range(0, len(self.influence), step):
            part = self.influence[start : start + step]
            out += (part * self.frequency[start : start + step, None]).T @ part
        return out

    def _variances(self) -> Array:
        """The diagonal of `_product`."""
        k = len(self.names)
        out = np.zeros(k)
        step = max(1, BLOCK // k)
        for start in range(0, len(self.influence), step):
            part = self.influence[start : start + step]
            out += self.frequency[start : start + step] @ part**2
        return out

    def _summed(self, cluster: NDArray[np.int64], there: NDArray[np.bool_]) -> Array:
        size = int(cluster.max()) + 1
        summed = np.stack([np.bincount(cluster, i * self.frequency, size) for i in self.influence.T], axis=1)
        groups = count_groups(cluster, there)
        # where no one takes part nothing varies
        return np.asarray(summed.T @ summed) * groups / max(groups - 1, 1)

    def standard_error(self) -> Array:
        """(k,) square roots of the diagonal of the covariance; refused where two-way clusters leave none."""
        variance = np.diag(self.covariance()) if self.clusters else self._variances()
        if (variance < 0).any():
            raise EstimationError(
                "The two-way clustered variance is negative: the groups of one kind are too few, or hold the others "
                "almost wholly. Cluster by the larger groups alone."
            )
        return np.sqrt(variance)

    @property
    def degrees(self) -> float:
        """Degrees of freedom, or infinite for independent people: one less than the clusters with people who take
        part, of the grouping with fewer of them."""
        if not self.clusters:
            return np.inf
        there = self.takes_part
        return float(max(min(count_groups(c, there) for c in self.clusters) - 1, 1))

    def critical(self, level: float) -> float:
        """The half-width of a confidence interval in standard errors: normal, or t with J - 1 degrees of freedom."""
        return float(stats.t.ppf(0.5 + level / 2, self.degrees))

    def p_value(self) -> Array:
        """(k,) two-sided p values against zero, NaN for a quantity without standard error (none, but for rounding).

        Raises EstimationError where no quantity has one.
        """
        error, size = self.standard_error(), np.abs(self.value)
        tested = error > NO_ERROR * size
        if not tested.any():
            raise EstimationError(f"{quoted(self.names)}: no standard error, so there is nothing to test by.")
        ratio = np.divide(size, error, out=np.full(len(size), np.nan), where=tested)
        return np.asarray(2 * stats.t.sf(ratio, self.degrees))


def join(estimates: Sequence[Estimate]) -> Estimate:
    """Several estimates on the same people as one, so that they can be contrasted with their covariance."""
    first = estimates[0]
    if any(not np.array_equal(e.frequency, first.frequency) for e in estimates):
        raise EstimationError("Estimates on different people cannot be joined.")
    same = all(e.weight is not None and np.array_equal(e.weight, first.weight) for e in estimates)  # type: ignore[arg-type]
    alike = same and all(e.part is None for e in estimates)
    parts = [] if alike else [np.broadcast_to(e.parts, e.influence.shape) for e in estimates]
    return replace(
        first,
        names=tuple(n for e in estimates for n in e.names),
        value=np.concatenate([e.value for e in estimates]),
        influence=np.hstack([e.influence for e in estimates]),
        weight=first.weight if same else None,
        part=None if alike else np.hstack(parts),
        apart=None,
    )


def count_groups(codes: NDArray[np.int64], there: NDArray[np.bool_]) -> int:
    """How many groups hold someone who is there. codes: (n,) numbers of the groups from zero."""
    return int((np.bincount(codes if there.all() else codes[there]) > 0).sum())


def difference(estimate: Estimate, first: str, second: str, name: str = "difference") -> Estimate:
    """first - second."""
    pair = estimate.take(first, second)
    jacobian = np.array([[1.0, -1.0]])
    return pair.transform((name,), lambda v: jacobian @ v, jacobian)


def log_ratio(estimate: Estimate, first: str, second: str, name: str = "log_ratio") -> Estimate:
    """log(first / second); both must be above zero."""
    pair = estimate.take(first, second)
    if (pair.value <= 0).any():
        raise EstimationError(f"A ratio of {first} to {second} needs both above zero.")
    jacobian = np.array([[1 / pair.value[0], -1 / pair.value[1]]])
    return pair.transform((name,), lambda v: np.array([np.log(v[0] / v[1])]), jacobian)
