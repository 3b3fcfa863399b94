"""Generalised propensity scores: a multinomial logistic model of K arms.

What happens, in order: rows are checked; numeric columns are centred and scaled; the coefficients of K - 1 arms against
the first are found by Newton steps from the arms' shares, halved while they lower the likelihood, and once they are
small with the information of the step before. The information has K (K - 1) / 2 blocks of p x p, and covariates come
as codes: nothing larger than the scores is ever held. Refused: an arm without people, collinear columns, separation
(decided as in `regression`), and known scores of 0 or 1; a fitted one that rounds to them stays a rounding error apart.

What is made of the scores: weights (`weights`) and doubly robust means (`arms_aipw`). A person's influence
on the coefficients is A^-1 (r (x) x), r the residuals of K - 1 arms and A the information; it is carried through an
estimate without being written out for everybody (`estimate.stack`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, codes, columns, rows
from iop_outcomes.estimators.base.stacking import Centred, Nuisance
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.glm import (
    LARGE,
    MAXIMUM_HALVINGS,
    MAXIMUM_ITERATIONS,
    SETTLED,
    refuse_collinear_columns,
    refuse_unsettled,
    standardised,
)
from iop_outcomes.estimators.regression.separation import (
    INTERCEPT,
    PROVED,
    Observed,
    ill_conditioned,
    listed,
    separating,
)

MODEL = "multinomial model"
FIRST_ITERATIONS = 20  # then separation is decided
# below this change in a linear predictor, the information of the step before still serves
SAME_INFORMATION = 1e-2
# a step that moves predictors no more than this, in units of their size where that is large, is the last
CONVERGED = 1e-9
# a probability is no nearer to 0 or 1
NEAREST = 2.0**-53
# how far the scores of a person may be from adding up to one
ROUNDING = 1e-6


@dataclass(frozen=True)
class MultinomialModel:
    """A multinomial logistic model of the arm.

    score: (n, K) probabilities of each arm. coefficient: (K - 1, p + 1), arms 1 to K - 1 against arm 0, intercept
    first. matrix: (n, p + 1) columns of the model; centred: as they were fitted, with their inverse information.
    residual: (n, K - 1) received minus probability. rows: weights and frequencies.
    """

    score: Array
    coefficient: Array
    matrix: ModelMatrix
    centred: Centred
    residual: Array
    rows: Rows

    @property
    def inverse(self) -> Array:
        """((K - 1)(p + 1), same) inverse information, arm by arm."""
        back = self._back
        return back @ self.centred.inverse @ back.T

    @property
    def _back(self) -> Array:
        return np.asarray(np.kron(np.eye(len(self.coefficient)), self.centred.back), dtype=float)

    @property
    def names(self) -> tuple[str, ...]:
        """(p + 1,) names of the columns, the intercept first."""
        return self.matrix.names

    @property
    def nuisance(self) -> Nuisance:
        """The coefficients as parameters that another estimate stands on, for `estimate.stack`."""
        weighed = self.rows.weight[:, None] * self.residual
        return Nuisance(self.matrix, weighed, self.inverse, self.centred)

    def estimate(self) -> Estimate:
        """The coefficients with everyone's influence, (n, (K - 1)(p + 1)), named 'arm 1: intercept', ..."""
        arms, width = self.coefficient.shape
        scores = (self.residual[:, :, None] * self.centred.matrix.dense()[:, None, :]).reshape(-1, arms * width)
        names = [f"arm {at + 1}: {name}" for at in range(arms) for name in self.names]
        return self.rows.estimate(names, self.coefficient.ravel(), scores @ (self.centred.inverse @ self._back.T))

    def model_standard_error(self) -> Array:
        """(K - 1, p + 1) from the inverse information, right where the model is and rows count people."""
        return np.sqrt(np.diag(self.inverse)).reshape(self.coefficient.shape)


def fit_multinomial(
    x: ArrayLike | ModelMatrix,
    arm: ArrayLike,
    names: Sequence[str] = (),
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> MultinomialModel:
    """Multinomial logistic model of arm (n,), coded 0 to K - 1, on x (n, p), a table or a ModelMatrix.

    An intercept is added. names: p labels, which a ModelMatrix has already. With K = 2 it is the logistic model.
    Raises EstimationError naming the columns: collinear, or separation.
    """
    group = codes(arm, "arm", np.size(arm))
    covariates = model_matrix(x, names, group.size)
    counted = rows(group.size, weight, frequency)
    people = np.bincount(group, counted.total)
    if len(people) < 2 or (people == 0).any():
        raise EstimationError(
            "A multinomial model needs people with weight in every arm, coded 0, 1, ..., K - 1; there is no one in "
            f"arm {int(people.argmin()) if len(people) > 1 else 1}."
        )
    standard, back = standardised(covariates, counted)
    used, mean = counted.used, counted.total[counted.used].mean()
    some, plain = (standard, covariates) if used.all() else (standard.take(used), covariates.take(used))
    beta, inverse = _newton(some, plain, group[used], counted.total[used] / mean)
    score = _softmax(standard.times(beta.T).T)
    residual = _residual(score, group).T
    return MultinomialModel(
        np.clip(score.T, NEAREST, 1 - NEAREST),
        beta @ back.T,
        covariates.with_intercept(INTERCEPT),
        Centred(standard, back, inverse / mean),
        residual,
        counted,
    )


def known_multinomial(score: ArrayLike, arm: ArrayLike, terms: ModelMatrix) -> MultinomialModel:
    """The model of scores (n, K) that were fitted earlier, on columns `terms` (n, q), the intercept first.

    Raises EstimationError for scores of 0 or 1, or that do not add up to 1, and for terms without an intercept.
    """
    group = codes(arm, "arm", terms.shape[0])
    known = checked_scores(score, group)
    if not (terms.numeric[:, :1] == 1).all() or not terms.numeric.shape[1]:
        raise EstimationError(
            "The terms of known scores must be those of their model: an intercept of ones comes first."
        )
    covariates = ModelMatrix(terms.numeric[:, 1:], terms.names[1:], terms.codes, terms.levels)
    counted = rows(len(group), None, None)
    standard, back = standardised(covariates, counted)
    _gram(standard, counted.total)
    # log(e_k / e_0) = x b_k, so b is their regression on x, with the weights that make the information
    e = known.T[1:]
    predictor = np.log(e / known.T[0])
    right = standard.crossproduct((e * (predictor - (e * predictor).sum(axis=0))).T).T
    inverse = _inverse(information(standard, known, counted.total))
    if inverse is None:
        refuse_unsettled(MODEL, terms.names)
    coefficient = (inverse @ right.ravel()).reshape(right.shape) @ back.T
    return MultinomialModel(
        known, coefficient, terms, Centred(standard, back, inverse), _residual(known.T, group).T, counted
    )


def checked_scores(score: ArrayLike, group: Whole, used: Mask | None = None) -> Array:
    """(n, K) scores of people in arms `group` (n,). Raises where one is 0 or 1, or they do not add up to 1.

    used: (n,) rows that count, default all; the others' scores may be anything, and are given as equal chances.
    """
    if np.ndim(score) != 2 or np.shape(score)[1] <= group.max():
        raise EstimationError(
            f"The scores have shape {np.shape(score)} where a column was expected for each of {group.max() + 1} arms."
        )
    table = columns(score, [f"score of arm {at}" for at in range(np.shape(score)[1])], len(group))
    if used is not None and not used.all():
        table = np.where(used[:, None], table, 1 / table.shape[1])
    if (table <= 0).any() or (table >= 1).any():
        raise EstimationError(
            "Some propensity scores are 0 or 1: people of that kind are only ever in some of the arms and "
            "cannot be compared. Restrict the cohort to those for whom any arm is possible."
        )
    if (np.abs(table.sum(axis=1) - 1) > ROUNDING).any():
        raise EstimationError("The propensity scores of some people do not add up to 1 over the arms.")
    return table


def probabilities(terms: Array, coefficient: Array) -> Array:
    """(n, K) of arms 0 to K - 1, for terms (n, q) and coefficients (K - 1, q) of arms 1 to K - 1 against arm 0."""
    return _softmax(coefficient @ terms.T).T


def information(x: ModelMatrix, score: Array, total: Array) -> Array:
    """((K - 1) q, (K - 1) q): blocks sum of W e_a (1{a = b} - e_b) x x', for scores (n, K) and weights (n,)."""
    arms, width = score.shape[1] - 1, x.shape[1]
    found = np.empty((arms, width, arms, width))
    others = _others(score.T)
    for a in range(arms):
        of_arm = total * score[:, a + 1]
        found[a, :, a] = x.gram(of_arm * others[a + 1])
        for b in range(a):
            found[a, :, b] = found[b, :, a] = -x.gram(of_arm * score[:, b + 1])
    return found.reshape(arms * width, arms * width)


def _newton(x: ModelMatrix, plain: ModelMatrix, group: Whole, total: Array) -> tuple[Array, Array]:
    """Coefficients (K - 1, q) and the inverse information there. plain: the columns of x as they were given."""
    share = np.bincount(group, total) / total.sum()
    beta = np.zeros((len(share) - 1, x.shape[1]))
    beta[:, 0] = np.log(share[1:] / share[0])
    # where all have the same scores, the information is a product of two small ones
    spread = np.diag(share[1:]) - np.outer(share[1:], share[1:])
    curved = np.kron(spread, _gram(x, total))
    beta, moved, curved = _climb(x, group, total, beta, curved, FIRST_ITERATIONS)
    if not moved < CONVERGED or ill_conditioned(curved):
        _refuse_separation(plain, group, _softmax(x.times(beta.T).T))
    if not moved < CONVERGED:
        beta, moved, curved = _climb(x, group, total, beta, curved, MAXIMUM_ITERATIONS)
    inverse = _inverse(curved)
    if not moved < CONVERGED or inverse is None:
        refuse_unsettled(MODEL, x.names)
    return beta, inverse


def _climb(
    x: ModelMatrix, group: Whole, total: Array, beta: Array, curved: Array, iterations: int
) -> tuple[Array, float, Array]:
    """Newton steps, halved while the likelihood falls: coefficients, how far the last moved anyone, information."""

    def reach(predictor: Array) -> tuple[Array, float]:
        score = _softmax(predictor)
        return score, float(total @ np.log(np.maximum(score[group, np.arange(len(group))], 1e-300)))

    predictor, moved, inverse = x.times(beta.T).T, 0.0, _inverse(curved)
    score, likelihood = reach(predictor)
    for _ in range(iterations):
        if moved > SAME_INFORMATION:
            inverse = _inverse(information(x, score.T, total))
        if inverse is None:
            moved = np.inf
            break
        uphill = x.crossproduct((total * _residual(score, group)).T).T.ravel()
        step = (inverse @ uphill).reshape(beta.shape)
        change, before = x.times(step.T).T, moved
        moved = float((np.abs(change) / np.maximum(np.abs(predictor) / LARGE, 1.0)).max())
        whole = np.abs(change).max(axis=0)
        for _ in range(MAXIMUM_HALVINGS):
            reached, gained = reach(predictor + change)
            if gained >= likelihood - 1e-12 * abs(gained):
                break
            step, change = step / 2, change / 2
        else:
            break
        beta, predictor, score, likelihood = beta + step, predictor + change, reached, gained
        if moved < CONVERGED:
            break
        if moved > before / 2 and whole.max() < PROVED:
            matters = np.minimum(2 * np.sqrt(_others(score).min(axis=0)), 1.0)
            if (whole * matters).max() < SETTLED:
                moved = 0.0
                break
    return beta, moved, information(x, score.T, total)


def _softmax(predictor: Array) -> Array:
    """(K, n) probabilities, for predictors (K - 1, n) of arms 1 to K - 1 against arm 0."""
    score = np.concatenate([np.zeros((1, predictor.shape[1])), predictor])
    score -= score.max(axis=0)
    np.exp(score, out=score)
    score /= score.sum(axis=0)
    return score


def _others(score: Array) -> Array:
    """(K, n) probability of the other arms, without the rounding of 1 - score where it is small; score (K, n)."""
    before, after = np.zeros_like(score), np.zeros_like(score)
    np.cumsum(score[:-1], axis=0, out=before[1:])
    np.cumsum(score[:0:-1], axis=0, out=after[-2::-1])
    return before + after


def _residual(score: Array, group: Whole) -> Array:
    """(K - 1, n) received less probability, of arms 1 to K - 1; score (K, n)."""
    residual = -score[1:]
    there = np.flatnonzero(group)
    residual[group[there] - 1, there] = _others(score[:, there])[group[there], np.arange(len(there))]
    return residual


def _gram(x: ModelMatrix, total: Array) -> Array:
    """The crossproduct of the columns, which refuses collinear ones."""
    gram = x.gram(total)
    refuse_collinear_columns(x, total, gram, MODEL)
    return gram


def _inverse(matrix: Array) -> Array | None:
    size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not (size > 0).all() or not np.isfinite(size).all():
        return None
    try:
        found = np.linalg.inv(matrix / np.outer(size, size)) / np.outer(size, size)
    except np.linalg.LinAlgError:
        return None
    return np.asarray((found + found.T) / 2)


def _refuse_separation(x: ModelMatrix, group: Whole, score: Array) -> None:
    """Refuse columns that separate; x: (n, p) as given, score: (K, n) where the steps have come to."""
    missed = 1 - score[group, np.arange(len(group))]
    names = separating(x, Observed(group, len(score)), missed)
    if not names:
        return
    named, hint = listed(names)
    raise EstimationError(
        f"The coefficient of {named} in the multinomial model has no finite estimate (separation): some value of "
        "it, alone or with others, is never seen in one of the arms. Merge the category with another, or leave it "
        f"out.{hint}"
    )
