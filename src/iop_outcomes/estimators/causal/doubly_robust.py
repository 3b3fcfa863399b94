"""Doubly robust means of several arms: an outcome regression, corrected by propensity scores.

What happens: one regression of the observed outcomes, on an indicator of each arm but the first and on the terms,
predicts everyone's outcome under each arm; residuals of those in the arm, weighted by their score, correct its mean.
The influence counts the estimation of both models and is right if either holds. No table of n rows and all columns is
held. Refused: an arm without observed outcomes, scores of 0 or 1, and what `regression` refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, codes, observed_outcome, rows
from iop_outcomes.estimators.causal.observed import Chance
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.families import FAMILIES
from iop_outcomes.estimators.regression.glm import Solved, solve
from iop_outcomes.estimators.regression.multinomial import MultinomialModel, checked_scores


def aipw_of_arms(
    family: str,
    y: ArrayLike,
    arm: ArrayLike,
    names: Sequence[str],
    terms: ModelMatrix,
    scores: MultinomialModel,
    observed: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    chance: Chance | None = None,
) -> Estimate:
    """Augmented inverse-probability-weighted means of the first m of K arms, named by `names` (m): the mean of

        m_k(x) + 1{in arm k, observed} (y - m_k(x)) / (e_k(x) p),

    e_k being the scores and m_k the prediction of one of families.FAMILIES on arm and terms, fitted to those observed
    (Robins, Rotnitzky & Zhao 1994, JASA 89:846; for several arms Cattaneo 2010, Journal of Econometrics 155:138).
    p is the person's chance of being observed, by which those in the regression are weighted, too: right where score
    and chance are, or where regression and chance are. Without `chance` it is the arm's share, taken as known: right
    where the regression is. The mean is over everyone; people of arms that are not named are averaged over, and their
    outcomes have no part.

    y: (n,), may be missing where `observed` (n,) is false. arm: (n,) coded 0 to K - 1. terms: (n, p) without intercept.
    scores: of the same people, fitted with the same weights, or known. chance: of the same people (`observed`), whose
    estimation counts. No weights can be stacked onto the result.
    Raises EstimationError where a named arm has no one observed.
    """
    group = codes(arm, "arm", terms.shape[0])
    counted = rows(len(group), weight, frequency)
    score = checked_scores(scores.score, group, counted.used)
    if not 2 <= len(names) <= score.shape[1]:
        raise EstimationError(
            f"The scores are those of {score.shape[1]} arms, and {len(names)} arms are named. Name two or more of them."
        )
    outcome, seen = observed_outcome(y, observed, len(group))
    seen = seen & (group < len(names))
    received = np.eye(score.shape[1])[group][:, : len(names)]
    share = _share_observed(received, seen, counted, names)
    known_chance = share if chance is None else chance.value[:, None]
    lifted = counted.weight * seen if chance is None else counted.weight * seen / chance.value
    named = np.where(group < len(names), group, 0)
    model = solve(family, _with_arm(terms, named, names), outcome, (), lifted, frequency)
    place = slice(terms.numeric.shape[1] + 1, terms.numeric.shape[1] + len(names))
    mean, slope = _predictions(family, model, place, counted.used)
    inverse = received * seen[:, None] / (score[:, : len(names)] * known_chance)
    residual = inverse * (outcome[:, None] - mean)
    total = counted.total / counted.total.sum()
    value = total @ (mean + residual)
    known = counted.estimate(names, value, (mean + residual - value) / counted.total.sum(), seen)
    on_outcome = model.nuisance().influence(_by_coefficient(model, total[:, None] * (1 - inverse) * slope, place))
    on_scores = scores.nuisance.influence(_by_score(scores.matrix, total[:, None] * residual, score))
    influence = known.influence + on_outcome + on_scores
    if chance is not None:
        # the chance moves the residuals, and the weights of the regression
        influence = influence + chance.through(total[:, None] * residual + on_outcome * counted.frequency[:, None])
    return replace(known, influence=influence, weight=None, part=known.known_part())


def _with_arm(terms: ModelMatrix, group: Whole, names: Sequence[str]) -> ModelMatrix:
    """The terms, and the arm as one categorical covariate after the numeric columns."""
    a = terms.numeric.shape[1]
    labels = (*terms.names[:a], *(f"arm={name}" for name in names[1:]), *terms.names[a:])
    return ModelMatrix(terms.numeric, labels, (group, *terms.codes), (len(names) - 1, *terms.levels))


def _predictions(family: str, model: Solved, place: slice, used: Mask) -> tuple[Array, Array]:
    """(n, K) mean outcomes with everyone in each arm, and their derivatives by the linear predictor."""
    others = model.coefficient.copy()
    others[place] = 0.0
    # a prediction for who does not count may be too large for a number
    alike = np.where(used, model.matrix.times(others), 0.0)
    predictor = alike[:, None] + np.concatenate([[0.0], model.coefficient[place]])
    mean = FAMILIES[family].mean(predictor)
    return mean, FAMILIES[family].variance(mean)


def _by_coefficient(model: Solved, moves: Array, place: slice) -> Array:
    """(q, K) sums of moves (n, K) times the columns with everyone in each arm."""
    out = model.matrix.crossproduct(moves)
    out[place] = np.diag(moves.sum(axis=0))[1:]
    return out


def _by_score(matrix: ModelMatrix, moves: Array, score: Array) -> Array:
    """((K - 1) q, m): moves (n, m) of the means by 1 / e_k, over e_k, led on to the coefficients of K - 1 arms.

    d(1 / e_k) / d(predictor of arm b) = -(1{k = b} - e_b) / e_k.
    """
    own = np.eye(score.shape[1])[:, : moves.shape[1]]
    return np.concatenate([matrix.crossproduct(moves * (score[:, [b]] - own[b])) for b in range(1, len(own))])


def _share_observed(received: Array, seen: Mask, counted: Rows, names: Sequence[str]) -> Array:
    """(K,) shares of the people of each arm whose outcome was observed."""
    observed = (counted.total * seen) @ received
    if (observed == 0).any():
        raise EstimationError(
            f"No one in the arm '{names[int(observed.argmin())]}' has both an observed outcome and weight, so it has "
            "no mean."
        )
    return np.asarray(observed / (counted.total @ received))
