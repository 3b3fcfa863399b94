"""Entropy balancing: weights under which each arm has the means of everyone, and which are otherwise as even as can be.

Of all weights of an arm's people whose weighted means of the columns are those of everyone, the ones with the least
divergence from even weights are w_i = exp(x_i b), and b is found by Newton's method on the convex dual
sum_{i in arm} exp(x_i b) - sum_i x_i b (Hainmueller 2012, Political Analysis 20:25, equations 7-9, with everyone in
place of the treated as the target, arm by arm). Balance is exact where there are such weights at all: the means of
everyone must lie within the people of each arm. The estimate is right where the outcome, or the log of the inverse
score, is linear in the columns (Zhao & Percival 2017, Journal of Causal Inference 5:20160010).

The weights solve sum_i (1 - 1{i in arm} w_i) x_i = 0, so that each person's influence on b is A^-1 x_i
(1 - 1{i in arm} w_i), A = sum_{i in arm} w_i x_i x_i' (Stefanski & Boos 2002, American Statistician 56:29): `nuisance`
holds it as a product, as of a score, for `stacking.stack`. That the means of everyone are those of a sample is counted.

Refused: an arm that no weights bring to the means of everyone, naming what stays apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.base.rows import Rows, codes, rows
from iop_outcomes.estimators.base.stacking import Centred, Nuisance
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.glm import standardised
from iop_outcomes.estimators.regression.separation import INTERCEPT

STEPS, HALVINGS = 100, 40
# weighted means lie so near to those of everyone, in standard deviations
BALANCED = 1e-9
# a weight beyond this is that of one who stands for all others
LARGEST = 1e9


@dataclass(frozen=True)
class Balanced:
    """weight: (n,) with mean 1 among the people of each arm. nuisance: what they were found by, a predictor an arm."""

    weight: Array
    nuisance: Nuisance


def entropy_balancing(
    x: ArrayLike | ModelMatrix, arm: ArrayLike, frequency: ArrayLike | None = None, names: Sequence[str] = ()
) -> Balanced:
    """Weights of people in arms (n,), coded 0 to K - 1, on columns x (n, p), to which an intercept is added.

    names: p labels of a table. frequency: (n,) people per row. Raises EstimationError as the module says.
    """
    group = codes(arm, "arm", np.size(arm))
    counted = rows(group.size, None, frequency)
    covariates = model_matrix(x, names, group.size)
    standard, back = standardised(covariates, counted)
    target = standard.crossproduct(counted.total)
    raw = np.zeros(group.size)
    for at in range(int(group.max()) + 1):
        own = (group == at) & counted.used
        if not own.any():
            raise EstimationError(f"Nobody is in arm {at}, so that it cannot be weighted to the means of everyone.")
        raw[own] = _of_arm(standard.take(np.flatnonzero(own)), counted.total[own], target)
    matrix = covariates.with_intercept(INTERCEPT)
    return Balanced(raw * _share(group, counted), _nuisance(matrix, standard, back, group, raw, counted))


def known(terms: ModelMatrix, arm: ArrayLike, weight: ArrayLike) -> Nuisance:
    """The same of weights (n,) that were found earlier on columns `terms` (n, q), the intercept first."""
    group = codes(arm, "arm", terms.shape[0])
    counted = rows(group.size, None, None)
    covariates = ModelMatrix(terms.numeric[:, 1:], terms.names[1:], terms.codes, terms.levels)
    standard, back = standardised(covariates, counted)
    raw = np.asarray(weight, dtype=float) / _share(group, counted)
    return _nuisance(terms, standard, back, group, raw, counted)


def slope(arm: ArrayLike, weight: ArrayLike) -> Array:
    """(n, K) derivatives of the weights by the predictors of the arms, for `stacking.stack`."""
    given = np.asarray(weight, dtype=float)
    group = codes(arm, "arm", given.size)
    return np.asarray(np.eye(int(group.max()) + 1)[group] * given[:, None])


def _share(group: Whole, counted: Rows) -> Array:
    """(n,) share of people in the arm of each row."""
    people = np.bincount(group, counted.total)
    return np.asarray((people / people.sum())[group])


def _of_arm(x: ModelMatrix, people: Array, target: Array) -> Array:
    """(m,) weights of the m rows of an arm whose weighted totals of x (m, q) are those of everyone, target (q,)."""
    size = target[0]
    beta = np.zeros(len(target))
    beta[0] = np.log(size / people.sum())
    value, weight = _dual(x, people, target, beta)
    for _ in range(STEPS):
        gap = target - x.crossproduct(people * weight)
        if np.abs(gap).max() <= BALANCED * size:
            return weight
        step = _solved(x.gram(people * weight), gap)
        if step is None:
            break
        for _ in range(HALVINGS):
            reached, there = _dual(x, people, target, beta + step)
            if reached <= value + 1e-14 * abs(value):
                break
            step = step / 2
        else:
            break
        beta, value, weight = beta + step, reached, there
        if weight.max() > LARGEST:
            break
    gap = np.abs(target - x.crossproduct(people * weight)) / size
    apart = ", ".join(name for name, one in zip(x.names, gap, strict=True) if one > gap.max() / 2 and name != INTERCEPT)
    raise EstimationError(
        "An arm has no weights under which its means are those of everyone: its people do not surround them in "
        f"{apart or 'the covariates'}. Merge rare categories, or adjust for fewer covariates."
    )


def _dual(x: ModelMatrix, people: Array, target: Array, beta: Array) -> tuple[float, Array]:
    """What is least at the weights sought, and the weights (m,) at beta (q,)."""
    with np.errstate(over="ignore"):
        weight = np.exp(x.times(beta))
        value = float(people @ weight - target @ beta)
    return (value if np.isfinite(value) else np.inf), weight


def _solved(gram: Array, gap: Array) -> Array | None:
    """gram^-1 gap, None where it has none."""
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    if not (size > 0).all() or not np.isfinite(gram).all():
        return None
    try:
        return np.asarray(linalg.solve(gram / np.outer(size, size), gap / size, assume_a="pos") / size)
    except linalg.LinAlgError:
        return None


def _nuisance(
    matrix: ModelMatrix, standard: ModelMatrix, back: Array, group: Whole, raw: Array, counted: Rows
) -> Nuisance:
    own = np.eye(int(group.max()) + 1)[group]
    weighed = own * raw[:, None]
    blocks = [_inverse(standard.gram(counted.total * part)) for part in weighed.T]
    inverse = linalg.block_diag(*blocks)
    given = linalg.block_diag(*(back @ block @ back.T for block in blocks))
    residual = np.where(counted.used[:, None], 1.0 - weighed, 0.0)
    return Nuisance(matrix, residual, given, Centred(standard, back, inverse))


def _inverse(gram: Array) -> Array:
    size = np.sqrt(np.diag(gram))
    return np.asarray(linalg.inv(gram / np.outer(size, size)) / np.outer(size, size))
