"""Means of an outcome had everyone started care within so many days of leaving a level of care, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.starting import starting_means
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame

if TYPE_CHECKING:
    import pandas as pd

START, NOT = "start", "none"


def starting(
    people: pd.DataFrame,
    started: str,
    outcome: str,
    covariates: Sequence[str],
    within: Sequence[int] = (14,),
    lost: str | None = None,
    most: float | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Means of an outcome had everyone started further care within a grace period, and had nobody, by clone, censor and
    weight.

    people: a row for each person who left a level of care, eligible on that day, which is time zero; covariates are
    those known then. started: the day on which further care began, counted from time zero, missing where none did.
    lost: a column of days on which nothing more was known of people (of death, or of the end of observation), missing
    where that did not happen. outcome: 0 and 1, or numbers; of people who were lost within the grace period it is not
    read and may be missing. within: grace periods in days, each answered by itself. most: quantile beyond which
    weights are cut off. cluster: a column of sites.

    Everyone is in both groups on time zero, so that nobody had to live long enough to start (immortal time). Who
    starts is censored as one of those who do not, on that day; who has not started by the end of the grace period, as
    one of those who do; the others weigh the inverse of their chance of having done so, by a logistic regression on the
    covariates. Within the period people start when they do. Who dies or is lost in it before starting is censored in
    both, and others stand for them: what happens within the period is no outcome here, so keep it short beside the
    time over which outcomes are read. Models count in the standard errors (Hernan 2018, BMJ 360:k182; Cain et al. 2010,
    International Journal of Biostatistics 6:2).

    Returns rows for each period (`within`): `of` 'start' and 'none', their 'difference' and 'ratio', and the
    'naive_difference' of those who did the one and the other, which is the wrong answer wherever the sicker start less
    often. `people`, `effective` and `largest` say on how many people a mean rests, how many they are worth, and the
    largest share of the weights that one of them has. Raises EstimationError.
    """
    import pandas as pd

    frame = Frame(people)
    days = _days(frame, started, "started")
    ends = np.full(len(people), np.inf) if lost is None else _days(frame, lost, "lost")
    x = frame.covariates(covariates, without=[started, outcome, *([lost] if lost else [])]).dense()
    if not len(within):
        raise EstimationError("`within` names at least one grace period, such as (14,) days.")
    groups = None if cluster is None else frame.labels(cluster, "cluster")
    parts = []
    for grace in within:
        if not isinstance(grace, (int, np.integer)) or grace < 1:
            raise EstimationError(f"`within` holds whole numbers of days from 1 on; it holds {grace!r}.")
        has = (days <= grace) & (days <= ends)
        gone = ~has & (ends <= grace)
        y = _outcome(frame, outcome, gone)
        found = starting_means(y, has, gone, x, int(grace), names=(START, NOT), most=most)
        estimate, naive = found.estimate, _naive(y, has, gone)
        if groups is not None:
            estimate, naive = estimate.clustered(groups), naive.clustered(groups)
        told = {"people": found.people, "effective": found.effective, "largest": found.largest}
        means = tidy.rows(estimate, level).assign(of=list(estimate.names), truncated=found.truncated, **told)
        gap = tidy.contrast(estimate, START, NOT, level)
        wrong = tidy.rows(naive, level).assign(of="naive_difference")
        parts += [table.assign(within=int(grace)) for table in (means, gap, wrong)]
    return tidy.ordered(pd.concat(parts, ignore_index=True), ("within", "of", *tidy.NUMBERS))


def _days(frame: Frame, name: str, argument: str) -> Array:
    """(n,) days from time zero, infinite where missing. Refuses days before it."""
    if name not in frame.data:
        frame.column(name, argument)  # which says what is wrong
    known = frame.data[name].notna().to_numpy()
    days = np.full(len(known), np.inf)
    if known.any():
        days[known] = Frame(frame.data[known]).numbers(name, argument)
    if (days < 0).any():
        raise EstimationError(
            f"`{argument}`: '{name}' holds days before 0. Days count from time zero, on which the level of care was "
            "left; who was in other care by then had not left."
        )
    return days


def _outcome(frame: Frame, name: str, gone: Mask) -> Array:
    """(n,) the outcome, 0 of people of whom it is not read."""
    if name not in frame.data:
        frame.column(name, "outcome")
    values = np.zeros(len(gone))
    values[~gone] = Frame(frame.data[~gone]).numbers(name, "outcome")
    return values


def _naive(y: Array, has: Mask, gone: Mask) -> Estimate:
    """Who started less who did not, of those still there at the end of the grace period."""
    means = mean_by_arm(y, has, observed=~gone)
    return difference(means, *means.names)
