"""The propensity score of one contrast, and the weights that follow from it.

The score is a logistic regression on restricted cubic splines of the continuous covariates, indicators of the
categories and, if the protocol says so, of the sites.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators import propensity as estimator
from iop_outcomes.estimators import splines
from iop_outcomes.estimators.truncation import weigh
from iop_outcomes.weighting import WEIGHTS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Settings = Mapping[str, Any]
SMALLEST_CATEGORY = 20


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
    numbers: pd.DataFrame,
    contrast: Settings,
    adjustment: Settings,
    weights: Sequence[str] = ("iptw", "overlap"),
) -> Fitted:
    """Fit the score of a contrast; never raises for bad data.

    members: one row per person with arm and stratum; numbers: the covariates of the same people, in the same order.
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
    chosen = numbers[distinct(numbers)]
    try:
        names, terms = score_terms(members, chosen, adjustment)
        fitted = estimator.fit_propensity(terms, arm, names=names)
    except EstimationError as wrong:
        return _without(members, str(wrong), weights)
    found = {n: weigh(WEIGHTS[n].kind, arm, fitted.score, WEIGHTS[n].truncated) for n in weights}
    return Fitted(_scores(members, fitted.score, found, fitted), "", tuple(chosen.columns))


def distinct(numbers: pd.DataFrame) -> list[str]:
    """The covariates that can be told apart among these people.

    An indicator 'name=value' of fewer than twenty of them joins the reference category; where the reference category
    does not occur among them, the most frequent value takes its place.
    """
    kept = [c for c in numbers.columns if "=" not in c or numbers[c].sum() >= SMALLEST_CATEGORY]
    for name in dict.fromkeys(c.split("=")[0] for c in kept if "=" in c):
        own = [c for c in kept if c.startswith(f"{name}=")]
        if name not in kept and bool((numbers[own].sum(axis=1) == 1).all()):
            kept.remove(str(numbers[own].sum().idxmax()))
    return kept


def score_terms(members: pd.DataFrame, numbers: pd.DataFrame, adjustment: Settings) -> tuple[list[str], Array]:
    """Names and (n, p) terms of the score beside its intercept: sites, splines, indicators.

    A column that says nothing new (constant, or a combination of those before it, as when two answers are unknown for
    the same people) is left out: the score is the same without it.
    """
    columns: dict[str, Array] = {}
    if adjustment["site_effects"]:
        sites = members["site_id"].to_numpy()
        columns |= {f"site {site}": (sites == site).astype(float) for site in sorted(set(sites))[1:]}
    for name in numbers.columns:
        values = numbers[name].to_numpy()
        if name not in adjustment["continuous"]:
            columns[name] = values
            continue
        for i, column in enumerate(_spline(values, adjustment["spline_knots"]).T):
            columns[name if i == 0 else f"{name} (spline {i})"] = column
    kept = _independent(columns, len(members))
    return kept, np.column_stack([np.empty((len(members), 0)), *(columns[n] for n in kept)])


def _spline(values: Array, knots: int) -> Array:
    """The spline with as many knots as its values allow; a straight line where they allow none."""
    for k in range(knots, 2, -1):
        try:
            return splines.basis(values, splines.knots(values, k))
        except EstimationError:
            continue
    return values[:, None]


def _independent(columns: Mapping[str, Array], n: int) -> list[str]:
    """Names of the columns that are no combination of the intercept and the columns before them (Gram-Schmidt)."""
    basis = [np.full(n, 1 / np.sqrt(n))]
    kept = []
    for name, column in columns.items():
        rest = column - column.mean()
        size = float(np.linalg.norm(rest))
        for direction in basis:
            rest = rest - (direction @ rest) * direction
        if np.linalg.norm(rest) > 1e-8 * max(size, 1e-300):
            kept.append(name)
            basis.append(rest / np.linalg.norm(rest))
    return kept


def _scores(
    members: pd.DataFrame, score: Array, weights: Mapping[str, Array], fitted: estimator.Propensity | None = None
) -> pd.DataFrame:
    """The table scores; a term is called after its place and its covariate, without the category or site."""
    import pandas as pd

    basic = members[["person_id", "arm", "site_id", "record_id"]].assign(propensity=score, **weights)
    if fitted is None:
        return basic
    terms = fitted.nuisance.matrix.dense()
    named = {f"t_{j} {re.split('[= ]', name)[0]}": terms[:, j] for j, name in enumerate(fitted.names)}
    return pd.concat([basic, pd.DataFrame(named)], axis=1)


def _without(members: pd.DataFrame, problem: str, weights: Sequence[str], possible: bool = True) -> Fitted:
    none = np.zeros(len(members))
    share = members["arm"].to_numpy(dtype=float)
    return Fitted(_scores(members, share, {name: none for name in weights}), problem, possible=possible)
