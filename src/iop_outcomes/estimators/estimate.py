"""An estimate that carries its influence, and all inference from it.

`gradient[i, j]` is the derivative of estimate j with respect to the total weight of row i. A row stands for
`frequency[i]` identical people of weight `weight[i]` each, so its total weight is their product and the influence of
one of its people is weight[i] * gradient[i]. The covariance is the sum, over people or clusters of people, of the
outer product of influences (the infinitesimal jackknife; Jaeckel 1972, Bell Laboratories memorandum MM 72-1215-11;
for survival curves Therneau & Grambsch 2000, Modeling Survival Data, section 7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from iop_outcomes.errors import EstimationError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """Point estimates and each row's influence on them.

    names: k labels. value: (k,). influence: (n, k), of one person of each row. frequency: (n,) people per row.
    gradient: (n, k) or None once a transformation or a stacked score makes it meaningless.
    cluster: (n,) whole numbers, or None for independent people.
    """

    names: tuple[str, ...]
    value: Array
    influence: Array
    frequency: Array
    gradient: Array | None = None
    cluster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.value.shape != (k,) or self.influence.shape[1:] != (k,):
            raise EstimationError(f"An estimate of {k} quantities was given arrays of other widths.")
        if not (np.isfinite(self.value).all() and np.isfinite(self.influence).all()):
            raise EstimationError(
                f"The estimate of {', '.join(self.names)} is not finite: no events, or no one at risk, in an arm."
            )

    def take(self, *names: str) -> Estimate:
        """The named quantities only."""
        at = [self.names.index(n) for n in names]
        gradient = None if self.gradient is None else self.gradient[:, at]
        return replace(self, names=names, value=self.value[at], influence=self.influence[:, at], gradient=gradient)

    def clustered(self, cluster: Sequence[object] | NDArray[np.object_]) -> Estimate:
        """The same estimate with people grouped, for example by site."""
        codes = np.unique(np.asarray(cluster).astype(str), return_inverse=True)[1].astype(np.int64)
        if codes.max(initial=0) < 1:
            raise EstimationError("A cluster-robust variance needs at least two clusters; there is one.")
        return replace(self, cluster=codes)

    def transform(self, names: Sequence[str], function: Callable[[Array], Array], jacobian: Array) -> Estimate:
        """New quantities g(value) by the delta method; jacobian is (len(names), k)."""
        return replace(
            self,
            names=tuple(names),
            value=np.asarray(function(self.value), dtype=float),
            influence=self.influence @ jacobian.T,
            gradient=None if self.gradient is None else self.gradient @ jacobian.T,
        )

    def covariance(self) -> Array:
        """(k, k) robust covariance; with clusters, the people of a cluster are summed first.

        Clustered covariances carry the factor J / (J - 1), as influences sum to zero over J clusters.
        """
        if self.cluster is None:
            return np.asarray((self.influence * self.frequency[:, None]).T @ self.influence)
        clusters = int(self.cluster.max()) + 1
        summed = np.zeros((clusters, len(self.names)))
        np.add.at(summed, self.cluster, self.influence * self.frequency[:, None])
        return np.asarray(summed.T @ summed) * clusters / (clusters - 1)

    def standard_error(self) -> Array:
        """(k,) square roots of the diagonal of the covariance."""
        return np.sqrt(np.diag(self.covariance()))

    def critical(self, level: float) -> float:
        """The half-width of a confidence interval in standard errors: normal, or t with J - 1 degrees of freedom."""
        upper = 0.5 + level / 2
        if self.cluster is None:
            return float(stats.norm.ppf(upper))
        return float(stats.t.ppf(upper, int(self.cluster.max())))

    def p_value(self) -> Array:
        """(k,) two-sided p values against zero."""
        z = np.abs(self.value) / self.standard_error()
        if self.cluster is None:
            return np.asarray(2 * stats.norm.sf(z))
        return np.asarray(2 * stats.t.sf(z, int(self.cluster.max())))


def join(estimates: Sequence[Estimate]) -> Estimate:
    """Several estimates on the same people as one, so that they can be contrasted with their covariance."""
    first = estimates[0]
    if any(e.influence.shape[0] != first.influence.shape[0] for e in estimates):
        raise EstimationError("Estimates on different people cannot be joined.")
    gradients = [e.gradient for e in estimates]
    gradient = None if any(g is None for g in gradients) else np.hstack([g for g in gradients if g is not None])
    return replace(
        first,
        names=tuple(n for e in estimates for n in e.names),
        value=np.concatenate([e.value for e in estimates]),
        influence=np.hstack([e.influence for e in estimates]),
        gradient=gradient,
    )


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


def stack(estimate: Estimate, weight_jacobian: Array, nuisance: Array) -> Estimate:
    """Count the estimation of the weights (M-estimation; Stefanski & Boos 2002, American Statistician 56:29).

    weight_jacobian: (n, q), derivative of each person's weight with respect to the q parameters of the weight model.
    nuisance: (n, q), influence of each person on those parameters. Needs the estimate's gradient.
    """
    if estimate.gradient is None:
        raise EstimationError("Stacking needs the gradient of the estimate with respect to the weights.")
    through = weight_jacobian.T @ (estimate.gradient * estimate.frequency[:, None])
    return replace(estimate, influence=estimate.influence + nuisance @ through, gradient=None)
