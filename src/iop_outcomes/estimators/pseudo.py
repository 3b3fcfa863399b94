"""Pseudo-observations: what each person adds to a survival quantity, so that it can be an outcome of a regression.

What happens: the quantity is estimated within each arm, everyone weighing 1; each person's pseudo-observation is the
arm's value plus n times the person's influence on it, n being the people of the arm,

    y_i = theta + n d theta / d w_i,

the infinitesimal-jackknife form of n theta - (n - 1) theta(-i) (Andersen, Klein & Rosthoj 2003, Biometrika 90:15;
Parner, Andersen & Overgaard 2023, Lifetime Data Analysis 29:654). Their mean within an arm is the arm's value. Without
censoring before the horizon they are the outcome itself: 0 or 1 for a probability, the days for a restricted mean.
With censoring they may lie outside that range, and are right where censoring hangs on nothing but the arm. Refused:
what the estimator of the quantity refuses.

Standard errors of what is made of them take them as known, which is conservative to second order where censoring is
independent (Jacobsen & Martinussen 2016, Scandinavian Journal of Statistics 43:845).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.estimators.cuminc import by_arm
from iop_outcomes.estimators.estimate import Array, Estimate


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
        found[here] = estimate.value[own] + people[here].sum() * np.asarray(estimate.gradient)[here, own]
    return found
