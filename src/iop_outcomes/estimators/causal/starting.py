"""Means had everyone started further care within a grace period, and had nobody: clone, censor, weight.

Everyone is in both groups on time zero, so that nobody had to live long enough to start (immortal time). Whoever starts
is censored as one of those who do not, on that day; whoever has not started by the end of the period, as one of those
who do. The others weigh the inverse of their chance of having done so, by a logistic regression on what was known at
time zero; within the period people start when they do. Whoever dies, or is lost, in it before starting is censored in
both, and others stand for them (Cain et al. 2010, International Journal of Biostatistics 6:2; Hernan 2018, BMJ
360:k182). Refused: a group that nobody is in.
"""

from __future__ import annotations

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.causal.strategies import Followed, Strategy, Way, strategy_means


def starting_means(
    y: Array,
    started: Mask,
    gone: Mask,
    x: Array,
    grace: int,
    x_gone: Array | None = None,
    names: tuple[str, str] = ("start", "none"),
    weight: Array | None = None,
    most: float | None = None,
) -> Followed:
    """Both means, with the grace period as the one step in which it is decided.

    y: (n,) outcomes; those of people without weight, or gone, are not read. started, gone: (n,) who started within the
    period, and who died or was lost in it before starting. x: (n, p) what the chance of starting depends on. grace:
    days of the period. x_gone: (n, q) what the chance of being gone depends on, by default x. weight: (n,) of people,
    in the means alone. most: quantile of weights beyond which they are cut off. Raises EstimationError.
    """
    if not started.any() or not (~started & ~gone).any():
        who = "nobody" if not started.any() else "everybody"
        raise EstimationError(f"Within {grace} days {who} starts further care, so that there is nothing to compare.")
    lost = [Way(gone, x if x_gone is None else x_gone, lost=True)] if gone.any() else []
    asked = {names[0]: Strategy.at_most(1), names[1]: Strategy.at_least(2)}
    n = len(y)
    return strategy_means(y, np.arange(n), np.ones(n), [*lost, Way(started, x)], asked, weight, most)
