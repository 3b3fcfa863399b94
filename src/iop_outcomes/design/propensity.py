"""The propensity score of one contrast, and the weights that follow from it.

The score is a logistic regression on restricted cubic splines of the continuous covariates, on the categories and, if
the protocol says so, on the sites: see `terms`. Where further arms stand alongside the two that are compared, it is a
multinomial one that tells all of them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.population import arms_of
from iop_outcomes.design import terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.causal.entropy_balancing import entropy_balancing
from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights as weigh
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.multinomial import MultinomialModel, fit_multinomial, known_multinomial
from iop_outcomes.protocol import Adjustment, Contrast
from iop_outcomes.vocabulary.methods import IPTW, OVERLAP, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

# scores of arms other than the first, where there are more than two, by the code of the arm
OF_ARM = "propensity_"


@dataclass(frozen=True)
class Fitted:
    """Scores of a contrast's people; `problem` says in words why there is no score, and is empty when there is.

    judged: the covariates that the score holds and balance is judged on. possible: both arms have people. refused: why
    there are no weights, by the name of those that there are none of though there is a score.
    """

    scores: pd.DataFrame
    problem: str
    judged: tuple[str, ...] = ()
    possible: bool = True
    refused: Mapping[str, str] = field(default_factory=dict)

    def of(self, people: Mask) -> Fitted:
        """The same for some of the people (n,)."""
        return replace(self, scores=self.scores[people].reset_index(drop=True))


def without_counterpart(members: pd.DataFrame, contrast: Contrast) -> Mask:
    """(n,) people whose stratum (site, trial) lacks an arm of the contrast."""
    arms = len(arms_of(contrast))
    return np.asarray(members.groupby("stratum")["arm"].transform("nunique") < arms, dtype=bool)


def fit(
    members: pd.DataFrame,
    covariates: ModelMatrix,
    contrast: Contrast,
    adjustment: Adjustment,
    weights: Sequence[str] = (IPTW, OVERLAP),
) -> Fitted:
    """Fit the score of a contrast; never raises for bad data.

    members: one row per person with arm and stratum; covariates: of the same people, in the same order.
    weights: names of the weights to compute.
    """
    arm = members["arm"].to_numpy()
    asked = arms_of(contrast)
    for at in (1, 0, *range(2, len(asked))):
        if not (arm == at).any():
            why = f"no one in this cohort started in the arm '{asked[at].label.lower()}'"
            return _without(members, why, weights, possible=at > 1)
    if without_counterpart(members, contrast).any():
        word = {"site_id": "site", "trial": "trial"}[contrast.stratum]
        all_arms = "both arms" if len(asked) == 2 else "every arm"
        return _without(members, f"arm determined by {word}: no {word} holds {all_arms}", weights)
    chosen = terms.distinct(covariates)
    matrix = terms.of_score(members, chosen, adjustment)
    try:
        fitted = fit_propensity(matrix, arm) if len(asked) == 2 else fit_multinomial(matrix, arm)
        of_score = [n for n in weights if not WEIGHTS[n].balanced]
        found = {n: weigh(WEIGHTS[n].kind, arm, fitted.score, truncated=WEIGHTS[n].truncated) for n in of_score}
    except EstimationError as wrong:
        return _without(members, terms.told(str(wrong), matrix.names), weights)
    balanced, refused = _balanced([n for n in weights if WEIGHTS[n].balanced], matrix, arm)
    found = {n: (found | balanced)[n] for n in weights}
    return Fitted(_scores(members, fitted.score, found, fitted.nuisance.matrix), "", chosen.names, refused=refused)


def _balanced(weights: Sequence[str], matrix: ModelMatrix, arm: Whole) -> tuple[dict[str, Array], dict[str, str]]:
    """Weights that are found by what they balance, zeros where there are none, and why not."""
    if not weights:
        return {}, {}
    try:
        own = entropy_balancing(matrix, arm).weight
        return dict.fromkeys(weights, own), {}
    except EstimationError as wrong:
        why = terms.told(str(wrong), matrix.names)
        return dict.fromkeys(weights, np.zeros(len(arm))), dict.fromkeys(weights, why)


def read(scores: pd.DataFrame) -> MultinomialModel:
    """The score in the table scores as a model of its arms, of which two are the logistic case.

    Raises EstimationError where there is none, as when everyone of an arm has the score 0 or 1.
    """
    arm, first = scores["arm"].to_numpy(), scores["propensity"].to_numpy()
    further = [f"{OF_ARM}{at}" for at in range(2, int(arm.max()) + 1)]
    if any(name not in scores for name in further):
        raise EstimationError("There is no score: the design says why.")
    second = scores[f"{OF_ARM}0"].to_numpy() if further else 1 - first
    score = np.column_stack([second, first, *(scores[name] for name in further)])
    try:
        return known_multinomial(score, arm, terms.read(scores))
    except EstimationError as refusal:
        raise EstimationError(terms.told(str(refusal))) from refusal


def _scores(
    members: pd.DataFrame, score: Array, weights: Mapping[str, Array], matrix: ModelMatrix | None = None
) -> pd.DataFrame:
    """The table scores, with the terms of the score where there is one. score: (n,), or (n, K) of several arms."""
    import pandas as pd

    first = score if score.ndim == 1 else score[:, 1]
    others = {} if score.ndim == 1 else {f"{OF_ARM}{at}": s for at, s in enumerate(score.T) if at != 1}
    basic = members[["person_id", "arm", "site_id", "record_id"]].assign(propensity=first, **others, **weights)
    if matrix is None:
        return basic
    return pd.concat([basic, pd.DataFrame(terms.written(matrix))], axis=1)


def _without(members: pd.DataFrame, problem: str, weights: Sequence[str], possible: bool = True) -> Fitted:
    none = np.zeros(len(members))
    share = np.asarray(members["arm"] == 1, dtype=float)
    return Fitted(_scores(members, share, {name: none for name in weights}), problem, possible=possible)
