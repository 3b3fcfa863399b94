"""Propensity scores of two arms: a logistic model of the arm, and each person's influence on its coefficients.

What is made of the scores: weights and how they move with them (`weights`), and balance (`balance`). Of three and more
arms the score is `multinomial`. Refused: separation, which means that some kind of person is only ever seen in one arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.rows import indicator
from iop_outcomes.estimators.base.stacking import Nuisance
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.estimators.regression.glm import solve
from iop_outcomes.estimators.regression.multinomial import NEAREST


@dataclass(frozen=True)
class Propensity:
    """A logistic model of the arm.

    score: (n,) probability of arm 1. nuisance: its coefficients with each person's influence on them.
    coefficient: (q,), intercept first. standard_error: (q,), as the model implies.
    """

    score: Array
    nuisance: Nuisance
    coefficient: Array
    standard_error: Array

    @property
    def names(self) -> tuple[str, ...]:
        """(q,) names of the coefficients, the intercept first."""
        return self.nuisance.matrix.names


def fit_propensity(
    x: ArrayLike | ModelMatrix, arm: ArrayLike, frequency: ArrayLike | None = None, names: Sequence[str] = ()
) -> Propensity:
    """Logistic model of arm (n,), zeros and ones, on x (n, p), to which an intercept is added.

    names: p labels, by default 'column 1', 'column 2', ... frequency: (n,) people per row. A score that rounds to 0 or
    1 stays a rounding error apart.
    Raises EstimationError naming the columns: collinear, or separation.
    """
    treated = indicator(arm, "arm")
    try:
        fitted = solve("logistic", x, treated, names, frequency=frequency)
    except EstimationError as refusal:
        raise EstimationError(f"The propensity score cannot be estimated. {refusal}") from refusal
    score = np.clip(fitted.mean, NEAREST, 1 - NEAREST)
    return Propensity(score, fitted.nuisance(), fitted.coefficient, fitted.standard_error())
