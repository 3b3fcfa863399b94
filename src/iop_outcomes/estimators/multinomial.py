"""Generalised propensity scores: a multinomial logistic model of K arms, and weights for three or more of them.

What happens, in order: rows are checked; the coefficients of K - 1 arms against the first are found by Newton steps,
halved while they lower the likelihood, with the information added up over chunks of rows (it has K (K - 1) / 2 blocks
of p x p, and nothing larger is ever held); weights follow from the scores by a tilting function, with their
derivatives by the linear predictors. Refused: an arm without people, collinear columns, separation, and scores of 0.

Weights are h(x) / e_z(x), e_k(x) = P(arm k | x), z the arm received; h decides for whom the weighted contrasts of all
arms speak (Li & Li 2019, Annals of Applied Statistics 13:2389, table 1). A person's influence on the coefficients is
A^-1 (r (x) x), r the residuals of K - 1 arms and A the information; it is carried through an estimate without being
written out for everybody (`estimate.stack`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array, Estimate, Nuisance
from iop_outcomes.estimators.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression import INTERCEPT, with_intercept
from iop_outcomes.estimators.rows import Rows, codes, columns, refuse_collinear, rows

# rows whose terms fit a processor's nearer memory
CHUNK = 2048
# cells of the terms from which every tenth row is fitted first, to start near the answer
NATIONAL_SIZE = 2_000_000
NEWTON_STEPS = 30
LARGEST_LAST_MOVE = 1e-3
# a step that moves predictors no more than this is the last, as the error after it is of the order of its square
CONVERGED = 1e-7


@dataclass(frozen=True)
class MultinomialModel:
    """A multinomial logistic model of the arm.

    score: (n, K) probabilities of each arm. coefficient: (K - 1, p + 1), arms 1 to K - 1 against arm 0, intercept
    first. inverse: ((K - 1)(p + 1), same) inverse information, arm by arm. terms: (n, p + 1). residual: (n, K - 1)
    received minus probability. names: p + 1 labels. rows: weights and frequencies.
    """

    score: Array
    coefficient: Array
    inverse: Array
    terms: Array
    residual: Array
    names: tuple[str, ...]
    rows: Rows

    @property
    def nuisance(self) -> Nuisance:
        """The coefficients as parameters that another estimate stands on, for `estimate.stack`."""
        matrix = ModelMatrix(self.terms, self.names)
        return Nuisance(matrix, self.rows.weight[:, None] * self.residual, self.inverse)

    def estimate(self) -> Estimate:
        """The coefficients with everyone's influence, (n, (K - 1)(p + 1)), named 'arm 1: intercept', ..."""
        arms, width = self.coefficient.shape
        scores = (self.residual[:, :, None] * self.terms[:, None, :]).reshape(-1, arms * width)
        names = [f"arm {at + 1}: {name}" for at in range(arms) for name in self.names]
        return self.rows.estimate(names, self.coefficient.ravel(), scores @ self.inverse)

    def model_standard_error(self) -> Array:
        """(K - 1, p + 1) from the inverse information, right where the model is and rows count people."""
        return np.sqrt(np.diag(self.inverse)).reshape(self.coefficient.shape)


def fit_multinomial(
    x: ArrayLike,
    arm: ArrayLike,
    names: Sequence[str],
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> MultinomialModel:
    """Multinomial logistic model of arm (n,), coded 0 to K - 1, on x (n, p), to which an intercept is added.

    With K = 2 it is the logistic model. Raises EstimationError naming the columns: collinear, or separation.
    """
    group = codes(arm, "arm", np.size(arm))
    covariates = columns(x, names, group.size)
    counted = rows(group.size, weight, frequency)
    people = np.bincount(group, counted.total)
    if len(people) < 2 or (people == 0).any():
        raise EstimationError("A multinomial model needs people with weight in every arm, coded 0, 1, ..., K - 1.")
    terms, labels = with_intercept(covariates), (INTERCEPT, *names)
    total = counted.total / counted.total[counted.used].mean()
    scale = np.sqrt((terms[counted.used] ** 2).mean(axis=0))
    if (scale == 0).any():
        refuse_collinear(terms[counted.used], labels, "multinomial model")
    scaled = terms / scale
    refuse_collinear(_root(scaled, total), labels, "multinomial model", tolerance=1e-7)
    beta, inverse = _newton(scaled, group, total, len(people), labels)
    stretch = np.tile(scale, len(beta))
    score = probabilities(scaled, beta)
    residual = -score[:, 1:]
    residual[group > 0, group[group > 0] - 1] += 1
    inverse = inverse / np.outer(stretch, stretch) / counted.total[counted.used].mean()
    return MultinomialModel(score, beta / scale, inverse, terms, residual, labels, counted)


def probabilities(terms: Array, coefficient: Array) -> Array:
    """(n, K) of arms 0 to K - 1, for terms (n, q) and coefficients (K - 1, q) of arms 1 to K - 1 against arm 0."""
    predictor = np.zeros((len(terms), len(coefficient) + 1))
    predictor[:, 1:] = terms @ coefficient.T
    predictor -= predictor.max(axis=1, keepdims=True)
    np.exp(predictor, out=predictor)
    return np.asarray(predictor / predictor.sum(axis=1, keepdims=True))


def information(terms: Array, score: Array, total: Array) -> Array:
    """((K - 1) q, (K - 1) q): blocks sum of W e_a (1{a = b} - e_b) x x', added up over chunks of rows."""
    arms, width = score.shape[1] - 1, terms.shape[1]
    found = np.zeros((arms, width, arms, width))
    for part in _chunks(len(terms)):
        x, e, w = terms[part], score[part, 1:], total[part]
        for a in range(arms):
            for b in range(a + 1):
                spread = e[:, a] * (1 - e[:, a] if a == b else e[:, b])
                root = x * np.sqrt(w * spread)[:, None]
                crossed = root.T @ root  # a product of a matrix with itself is half the work
                found[a, :, b] += crossed if a == b else -crossed
    for a in range(arms):
        for b in range(a):
            found[b, :, a] = found[a, :, b]
    return found.reshape(arms * width, arms * width)


def _newton(x: Array, group: NDArray[np.int64], total: Array, arms: int, labels: Sequence[str]) -> tuple[Array, Array]:
    """Coefficients (K - 1, q) and the inverse information there."""
    beta, likelihood = _start(x, group, total, arms, labels), -np.inf
    received = np.eye(arms)[group][:, 1:]
    score = probabilities(x, beta)
    moved = np.inf
    for _ in range(NEWTON_STEPS):
        inverse = _inverse(information(x, score, total), beta, labels)
        gradient = ((received - score[:, 1:]) * total[:, None]).T @ x
        step = (inverse @ gradient.ravel()).reshape(beta.shape)
        moved = float(np.abs(x[total > 0] @ step.T).max())
        if moved < CONVERGED:
            return beta + step, inverse
        for _ in range(NEWTON_STEPS):
            reached = probabilities(x, beta + step)
            gained = float(total @ np.log(np.maximum(reached[np.arange(len(x)), group], 1e-300)))
            if gained >= likelihood - 1e-12 * abs(gained):
                break
            step = step / 2
        beta, score, likelihood = beta + step, reached, gained
    if moved > LARGEST_LAST_MOVE:
        _refuse_separation(step, labels)
    return beta, _inverse(information(x, score, total), beta, labels)


def _start(x: Array, group: NDArray[np.int64], total: Array, arms: int, labels: Sequence[str]) -> Array:
    """Zeros, or where there are very many rows the coefficients of every tenth, if they exist."""
    if x.size >= NATIONAL_SIZE:
        some = slice(None, None, 10)
        with contextlib.suppress(EstimationError):
            return _newton(x[some], group[some], total[some], arms, labels)[0]
    return np.zeros((arms - 1, x.shape[1]))


def _inverse(matrix: Array, beta: Array, labels: Sequence[str]) -> Array:
    size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if (size <= 1e-10 * size.max()).any():
        _refuse_separation(beta, labels)
    try:
        found = np.linalg.inv(matrix / np.outer(size, size)) / np.outer(size, size)
    except np.linalg.LinAlgError:
        _refuse_separation(beta, labels)
    return np.asarray((found + found.T) / 2)


def _root(x: Array, total: Array) -> Array:
    """A square root of the weighted crossproduct, the size of which does not depend on the number of rows."""
    cross = np.zeros((x.shape[1], x.shape[1]))
    for part in _chunks(len(x)):
        cross += x[part].T @ (x[part] * total[part, None])
    values, vectors = np.linalg.eigh(cross)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).T)


def _chunks(n: int) -> Iterator[slice]:
    return (slice(first, first + CHUNK) for first in range(0, n, CHUNK))


def _refuse_separation(direction: Array, labels: Sequence[str]) -> NoReturn:
    size = np.abs(direction).max(axis=0)
    guilty = [n for n, s in zip(labels, size, strict=True) if s > 0.5 * size.max() and n != INTERCEPT] or list(labels)
    raise EstimationError(
        f"The coefficient of {', '.join(guilty)} in the multinomial model has no finite estimate (separation): some "
        "value of it, alone or with others, is never seen in one of the arms. Merge the category with another, or "
        "leave it out."
    )


@dataclass(frozen=True)
class Tilt:
    """A kind of weights for K arms.

    population: whom the weighted contrasts speak for. value: h (n,) of the scores (n, K). slope: dh/de (n, K).
    """

    population: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _least(e: Array) -> Array:
    return np.asarray(np.eye(e.shape[1])[e.argmin(axis=1)])


TILTS: dict[str, Tilt] = {
    "ate": Tilt("everyone", lambda e: np.ones(len(e)), np.zeros_like),
    "overlap": Tilt(
        "those with a chance of every arm",
        lambda e: 1 / (1 / e).sum(axis=1),
        lambda e: ((1 / e).sum(axis=1)[:, None] * e) ** -2,
    ),
    "matching": Tilt("those who could be matched", lambda e: e.min(axis=1), _least),
    "entropy": Tilt(
        "those with a chance of every arm", lambda e: -(e * np.log(e)).sum(axis=1), lambda e: -np.log(e) - 1
    ),
}


def generalised_weights(kind: str, arm: ArrayLike, score: Array, target: int | None = None) -> tuple[Array, Array]:
    """(n,) weights h / e_z, and (n, K - 1) their derivatives by the linear predictors of arms 1 to K - 1.

    kind: one of TILTS, or 'att' for the people of arm `target`. score: (n, K). Raises EstimationError for scores of 0.
    """
    group = codes(arm, "arm", len(score))
    if (score <= 0).any() or (score >= 1).any():
        raise EstimationError(
            "Some generalised propensity scores are 0 or 1: people of that kind are never in one of the arms and "
            "cannot be compared. Restrict the cohort to those for whom every arm is possible."
        )
    tilt = _tilt(kind, score.shape[1], target)
    own = np.eye(score.shape[1])[group]
    received = (score * own).sum(axis=1)
    h, slope = tilt.value(score), tilt.slope(score)
    # de_k / d(predictor of arm b) = e_k (1{k = b} - e_b), and d log e_z / d(predictor of arm b) = 1{z = b} - e_b
    by_predictor = score * (slope - (slope * score).sum(axis=1)[:, None])
    by_received = h[:, None] * (own - score)
    return h / received, ((by_predictor - by_received) / received[:, None])[:, 1:]


def _tilt(kind: str, arms: int, target: int | None) -> Tilt:
    if kind == "att":
        if target is None or not 0 <= target < arms:
            raise EstimationError(f"Weights of kind 'att' need the target arm, one of 0 to {arms - 1}.")
        there = np.eye(arms)[target]
        return Tilt("those in the target arm", lambda e: e @ there, lambda e: np.broadcast_to(there, e.shape))
    if kind not in TILTS:
        raise EstimationError(f"There are no weights of kind '{kind}'. Choose one of att, {', '.join(TILTS)}.")
    return TILTS[kind]


def group_means(
    y: ArrayLike, arm: ArrayLike, names: Sequence[str], weight: ArrayLike, frequency: ArrayLike | None = None
) -> Estimate:
    """Hajek means sum W y / sum W of each of K arms, coded 0 to K - 1 and named by `names` (K)."""
    group = codes(arm, "arm", np.size(arm))
    outcome = columns(np.asarray(y, dtype=float)[:, None], ["y"], group.size)[:, 0]
    counted = rows(group.size, weight, frequency)
    own = np.eye(len(names))[group]
    size = counted.total @ own
    if (size == 0).any():
        raise EstimationError(f"No one with weight is in the arm '{names[int(size.argmin())]}', so it has no mean.")
    value = (counted.total * outcome) @ own / size
    return counted.estimate(names, value, own * (outcome[:, None] - value) / size)
