"""The propensity score of one contrast, and the weights that follow from it.

The score is a logistic regression on restricted cubic splines of the continuous covariates, indicators of the
categories and, if the protocol says so, of the sites. People of a stratum that holds one arm only have no counterpart;
they keep a row with weight zero, so that nobody is lost, and are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import propensity as estimator
from iop_outcomes.estimators import splines

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Settings = Mapping[str, Any]
WEIGHTS = ("iptw", "overlap")
SMALLEST_CATEGORY = 20


@dataclass(frozen=True)
class Fitted:
    """Scores of a contrast's people; `problem` says in words why there is no score, and is empty when there is.

    supported: (n,) people with a counterpart. judged: the covariates that the score holds and balance is judged on.
    """

    scores: pd.DataFrame
    supported: NDArray[np.bool_]
    one_arm_strata: int
    problem: str
    judged: tuple[str, ...] = ()
    possible: bool = True


def fit(members: pd.DataFrame, numbers: pd.DataFrame, contrast: Settings, adjustment: Settings) -> Fitted:
    """Fit the score of a contrast; never raises for bad data.

    members: one row per person with arm and stratum; numbers: the covariates of the same people, in the same order.
    """
    arm = members["arm"].to_numpy()
    empty = [contrast[side] for side, value in (("first", 1), ("second", 0)) if not (arm == value).any()]
    if empty:
        label = empty[0]["label"].lower()
        return _without(members, f"no one in this cohort started in the arm '{label}'", 0, possible=False)
    both = members.groupby("stratum")["arm"].transform("nunique") == 2
    alone = int(members.loc[~both, "stratum"].nunique())
    if not both.any():
        word = {"site_id": "site", "trial": "trial"}[contrast["stratum"]]
        return _without(members, f"arm determined by {word}: no {word} holds both arms", alone)
    supported = both.to_numpy()
    try:
        chosen = numbers[distinct(numbers, supported)]
        names, terms = score_terms(members, chosen, adjustment, supported)
        fitted = estimator.fit_propensity(terms[supported], arm[supported], names=names)
    except EstimationError as wrong:
        return _without(members, str(wrong), alone)
    score = arm.astype(float)
    score[supported] = fitted.score
    weights = {kind: np.zeros(len(members)) for kind in WEIGHTS}
    for kind, weight in weights.items():
        weight[supported] = estimator.weights(kind, arm[supported], fitted.score)
    kept = np.zeros((len(members), fitted.terms.shape[1]))
    kept[supported] = fitted.terms
    return Fitted(_scores(members, score, weights, kept), supported, alone, "", tuple(chosen.columns))


def distinct(numbers: pd.DataFrame, supported: NDArray[np.bool_]) -> list[str]:
    """The covariates that can be told apart among the supported people.

    An indicator 'name=value' of fewer than twenty of them joins the reference category; where the reference category
    does not occur among them, the most frequent value takes its place.
    """
    among = numbers[supported]
    kept = [c for c in numbers.columns if "=" not in c or among[c].sum() >= SMALLEST_CATEGORY]
    for name in dict.fromkeys(c.split("=")[0] for c in kept if "=" in c):
        own = [c for c in kept if c.startswith(f"{name}=")]
        if name not in kept and bool((among[own].sum(axis=1) == 1).all()):
            kept.remove(str(among[own].sum().idxmax()))
    return kept


def score_terms(
    members: pd.DataFrame, numbers: pd.DataFrame, adjustment: Settings, supported: NDArray[np.bool_]
) -> tuple[list[str], Array]:
    """Names and (n, p) terms of the score beside its intercept: splines, indicators, sites; none that is constant."""
    columns: dict[str, Array] = {}
    for name in numbers.columns:
        values = numbers[name].to_numpy()
        if name not in adjustment["continuous"]:
            columns[name] = values
            continue
        at = splines.knots(values[supported], adjustment["spline_knots"])
        for i, column in enumerate(splines.basis(values, at).T):
            columns[name if i == 0 else f"{name} (spline {i})"] = column
    if adjustment["site_effects"]:
        sites = members["site_id"].to_numpy()
        for site in sorted(set(sites[supported]))[1:]:
            columns[f"site {site}"] = (sites == site).astype(float)
    varied = {n: c for n, c in columns.items() if np.ptp(c[supported]) > 0}
    return list(varied), np.column_stack([np.empty((len(members), 0)), *varied.values()])


def _scores(members: pd.DataFrame, score: Array, weights: Mapping[str, Array], terms: Array) -> pd.DataFrame:
    import pandas as pd

    basic = members[["person_id", "arm", "site_id"]].assign(propensity=score, **weights)
    named = pd.DataFrame({f"t_{j}": terms[:, j] for j in range(terms.shape[1])})
    return pd.concat([basic, named], axis=1)


def _without(members: pd.DataFrame, problem: str, alone: int, possible: bool = True) -> Fitted:
    none = np.zeros(len(members))
    scores = _scores(
        members, members["arm"].to_numpy(dtype=float), {k: none for k in WEIGHTS}, np.empty((len(members), 0))
    )
    return Fitted(scores, np.zeros(len(members), dtype=bool), alone, problem, possible=possible)
