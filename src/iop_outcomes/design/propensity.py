"""The propensity score of one contrast, and the weights that follow from it.

The score is a logistic regression on restricted cubic splines of the continuous covariates, on the categories and, if
the protocol says so, on the sites: see `terms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import propensity as estimator
from iop_outcomes.estimators.model_matrix import ModelMatrix
from iop_outcomes.estimators.truncation import weigh
from iop_outcomes.weighting import WEIGHTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Fitted:
    """Scores of a contrast's people; `problem` says in words why there is no score, and is empty when there is.

    judged: the covariates that the score holds and balance is judged on. possible: both arms have people.
    """

    scores: pd.DataFrame
    problem: str
    judged: tuple[str, ...] = ()
    possible: bool = True


def without_counterpart(members: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) people whose stratum (site, trial) holds one arm only."""
    return np.asarray(members.groupby("stratum")["arm"].transform("nunique") < 2, dtype=bool)


def fit(
    members: pd.DataFrame,
    covariates: ModelMatrix,
    contrast: Settings,
    adjustment: Settings,
    weights: Sequence[str] = ("iptw", "overlap"),
) -> Fitted:
    """Fit the score of a contrast; never raises for bad data.

    members: one row per person with arm and stratum; covariates: of the same people, in the same order.
    weights: names of the weights to compute.
    """
    arm = members["arm"].to_numpy()
    empty = [contrast[side] for side, value in (("first", 1), ("second", 0)) if not (arm == value).any()]
    if empty:
        label = empty[0]["label"].lower()
        return _without(members, f"no one in this cohort started in the arm '{label}'", weights, possible=False)
    if without_counterpart(members).any():
        word = {"site_id": "site", "trial": "trial"}[contrast["stratum"]]
        return _without(members, f"arm determined by {word}: no {word} holds both arms", weights)
    chosen = terms.distinct(covariates)
    try:
        fitted = estimator.fit_propensity(terms.of_score(members, chosen, adjustment), arm)
    except EstimationError as wrong:
        return _without(members, str(wrong), weights)
    found = {n: weigh(WEIGHTS[n].kind, arm, fitted.score, WEIGHTS[n].truncated) for n in weights}
    return Fitted(_scores(members, fitted.score, found, fitted), "", chosen.names)


def _scores(
    members: pd.DataFrame, score: Array, weights: Mapping[str, Array], fitted: estimator.Propensity | None = None
) -> pd.DataFrame:
    """The table scores, with the terms of the score where there is one."""
    import pandas as pd

    basic = members[["person_id", "arm", "site_id", "record_id"]].assign(propensity=score, **weights)
    if fitted is None:
        return basic
    return pd.concat([basic, pd.DataFrame(terms.written(fitted.nuisance.matrix))], axis=1)


def _without(members: pd.DataFrame, problem: str, weights: Sequence[str], possible: bool = True) -> Fitted:
    none = np.zeros(len(members))
    share = members["arm"].to_numpy(dtype=float)
    return Fitted(_scores(members, share, {name: none for name in weights}), problem, possible=possible)
