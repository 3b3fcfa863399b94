"""Pseudo-observations: what each person contributes to a probability or a mean time, censored or not.

What happens, in order: `pseudo_values` takes an estimate of one group of people, each of weight one, and gives every
person the estimate plus n times the person's influence; these stand for the outcomes that censoring hides, so that
any regression or weighting for complete outcomes can use them. `pseudo_regression` fits a generalised linear model to
them with the robust covariance of people. Refused: estimates with other weights, or with estimated ones, whose
influence is not one of people; and what cannot be fitted.

P_i = G + n * influence_i is the infinitesimal-jackknife form (Andersen, Klein & Rosthoj 2003, Biometrika 90:15, with
the leave-one-out n G - (n - 1) G_(-i) in its place; R's `survival::pseudo` takes the form used here). Means of P are G,
and regressions of P on covariates are consistent where censoring depends on none of them; if it depends on a
category, compute pseudo-values within its levels. The sandwich covariance takes the P_i as independent outcomes and
is slightly too large (Overgaard, Parner & Pedersen 2017, Annals of Statistics 45:1988).

As y of `effects.fit_outcome` and `effects.aipw` they give doubly robust survival probabilities, cumulative incidences
and restricted means (Andersen, Syriopoulou & Parner 2017, Statistics in Medicine 36:2669).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import columns, refuse_collinear, rows
from iop_outcomes.estimators.design_matrix.model_matrix import model_matrix
from iop_outcomes.estimators.regression.glm import standardised
from iop_outcomes.estimators.survival.cuminc import by_arm

MAXIMUM_ITERATIONS = 100
MAXIMUM_HALVINGS = 30


@dataclass(frozen=True)
class Link:
    """mean: of the linear predictor; slope: its derivative; variance: the working one, of the mean; start: the
    predictor of a mean.
    """

    mean: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    start: Callable[[float], float]


LINKS: dict[str, Link] = {
    "identity": Link(lambda eta: eta, np.ones_like, np.ones_like, lambda mu: mu),
    "log": Link(np.exp, np.exp, lambda mu: mu, np.log),
    "logit": Link(
        expit, lambda eta: expit(eta) * expit(-eta), lambda mu: mu * (1 - mu), lambda mu: np.log(mu / (1 - mu))
    ),
    "cloglog": Link(
        lambda eta: -np.expm1(-np.exp(eta)),
        lambda eta: np.exp(eta - np.exp(eta)),
        np.ones_like,
        lambda mu: np.log(-np.log1p(-mu)),
    ),
}


def pseudo_values(estimate: Estimate) -> Array:
    """(n, k) pseudo-observations of k quantities, such as `cuminc.survival`, `cumulative_incidence`, `restricted_mean`.

    The estimate must be of all its rows together (compute each arm apart), with weights of one; frequencies are
    people, and the values of a row those of each of its people. Rows of weight zero are not among the n, and have the
    estimate itself for value.
    """
    gradient = estimate.gradient
    if not np.allclose(gradient, estimate.influence, rtol=1e-9, atol=0):
        raise EstimationError(
            "Pseudo-observations need an estimate in which every person has weight one. Leave the weights out here, "
            "and use them where the pseudo-observations are averaged or regressed."
        )
    n = estimate.frequency.sum() if estimate.weight is None else estimate.frequency @ (estimate.weight > 0)
    return np.asarray(estimate.value + n * estimate.influence)


def pseudo_observations(
    function: Callable[..., Estimate], arm: ArrayLike, arms: Sequence[object], **arguments: object
) -> Array:
    """(n, k) pseudo-observations of the k quantities of `function`, one of those of `cuminc`, within each arm.

    arm: (n,) labels, each one of `arms`. arguments: those of `function` by name, without weight; a frequency counts
    identical people:

        y = pseudo_observations(survival, arm, ("iop", "residential"), time=t, event=e, times=[90])
    """
    labels = np.asarray(arm)
    people = np.asarray(arguments.get("frequency", np.ones(labels.size)), dtype=float)
    estimate = by_arm(function, labels, arms, **arguments)
    k = len(estimate.names) // len(arms)
    found = np.full((labels.size, k), np.nan)
    for at, one in enumerate(arms):
        here, own = labels == one, slice(at * k, (at + 1) * k)
        found[here] = estimate.value[own] + people[here].sum() * estimate.gradient[here, own]
    return found


def pseudo_regression(
    pseudo: ArrayLike,
    x: ArrayLike,
    names: Sequence[str],
    quantities: Sequence[str],
    link: str = "identity",
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Estimate:
    """Regression of pseudo-observations (n, k) of k quantities (times) on x (n, p), an intercept for each quantity.

    link: one of LINKS; 'identity' gives differences, 'log' log ratios, 'cloglog' of a cumulative incidence or of 1 less
    survival log (subdistribution) hazard ratios, common to the quantities. Solves sum of W x mu' / v (P - mu) = 0 over
    rows and quantities with working independence, and v as in LINKS. Returns 'intercept:quantity' for each, then
    names; influence of the n rows, with the pseudo-observations taken as given and, as in GEE, the expected derivative
    of the score for the one at hand (they differ for 'cloglog' only).
    """
    if link not in LINKS:
        raise EstimationError(f"The link can be {', '.join(LINKS)}, not '{link}'.")
    outcome = columns(pseudo, quantities)
    n, k = outcome.shape
    covariates = columns(x, names, n)
    counted = rows(n, weight, frequency)
    labels = [*(f"intercept:{quantity}" for quantity in quantities), *names]
    kept = counted.used
    standard, back = standardised(model_matrix(covariates, names), counted)
    design, total = standard.dense()[kept], counted.total[kept]
    refuse_collinear(np.sqrt(total)[:, None] * design, standard.names, "regression of pseudo-observations")
    model = _Model(LINKS[link], outcome[kept], design[:, 1:], total / total.sum())
    beta = model.solve()
    # from coefficients of the centred columns to those of the columns as given, an intercept for each quantity
    whole = np.eye(len(labels))
    whole[k:, k:], whole[:k, k:] = back[1:, 1:], back[0, 1:]
    gradient = np.zeros((n, len(labels)))
    gradient[kept] = model.score(beta) @ (np.linalg.inv(model.bread(beta)).T @ whole.T) / total.sum()
    return counted.estimate(labels, whole @ beta, gradient)


@dataclass(frozen=True)
class _Model:
    """total: (n,) weights that add to one."""

    link: Link
    outcome: Array
    x: Array
    total: Array

    def predictor(self, beta: Array) -> Array:
        """(n, k)"""
        k = self.outcome.shape[1]
        return np.asarray(beta[:k] + (self.x @ beta[k:])[:, None])

    def score(self, beta: Array) -> Array:
        """(n, k + p) of each row, per unit of weight."""
        eta = self.predictor(beta)
        mean = self.link.mean(eta)
        pull = self.link.slope(eta) / self.link.variance(mean) * (self.outcome - mean)
        return np.hstack([pull, pull.sum(axis=1)[:, None] * self.x])

    def bread(self, beta: Array) -> Array:
        """(k + p, k + p) expected derivative of the score, with its sign turned."""
        eta = self.predictor(beta)
        weight = self.total[:, None] * self.link.slope(eta) ** 2 / self.link.variance(self.link.mean(eta))
        cross = weight.T @ self.x
        inner = self.x.T @ (self.x * weight.sum(axis=1)[:, None])
        return np.block([[np.diag(weight.sum(axis=0)), cross], [cross.T, inner]])

    def solve(self) -> Array:
        """Fisher scoring from the means; halved while the scores, in units of their expected spread, grow."""
        means = self.total @ self.outcome
        with np.errstate(all="ignore"):
            beta = np.concatenate([[self.link.start(float(mean)) for mean in means], np.zeros(self.x.shape[1])])
            for _ in range(MAXIMUM_ITERATIONS):
                if not np.isfinite(beta).all():
                    break
                size, step = self._step(beta)
                if not np.isfinite(size):
                    break
                if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
                    return np.asarray(beta + step)
                for _ in range(MAXIMUM_HALVINGS):
                    if self._step(beta + step)[0] < size:
                        break
                    step = step / 2
                beta = beta + step
        raise EstimationError(
            "The regression of pseudo-observations found no solution with this link: fitted means leave its range, or "
            "a category has no events. Use the identity link, or merge categories."
        )

    def _step(self, beta: Array) -> tuple[float, Array]:
        total, bread = self.total @ self.score(beta), self.bread(beta)
        if not (np.isfinite(bread).all() and np.isfinite(total).all()):
            return np.inf, np.zeros_like(beta)
        step: Array = np.asarray(np.linalg.lstsq(bread, total, rcond=None)[0], dtype=float)
        return float(np.sqrt(abs(total @ step))), step
