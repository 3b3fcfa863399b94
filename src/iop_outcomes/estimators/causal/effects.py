"""Average effects of an arm, and of a dose: weighted means, standardisation, augmented weighting.

What happens: `mean_by_arm` takes weighted means of the outcome as it was observed. `fit_outcome` fits a
regression to those observed; `standardised_means` and `standardised_curve` average its predictions with
everyone set to an arm or to a dose; `aipw` adds the weighted residuals, and is right if either the regression
or the propensity score is. People whose outcome was not observed have no part in a regression or a weighted
mean, and keep theirs in every average over people and so in its influence. Refused: an arm without observed
outcomes, and what `regression` refuses.

Influences are those of a sample from a larger population (covariates count as sampled, too).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.rows import Rows, column, indicator, label, observed_outcome, rows
from iop_outcomes.estimators.base.stacking import Nuisance
from iop_outcomes.estimators.causal.propensity import Propensity
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix, model_matrix
from iop_outcomes.estimators.regression.families import FAMILIES
from iop_outcomes.estimators.regression.glm import solve
from iop_outcomes.estimators.regression.separation import INTERCEPT

ARM_NAMES = ("arm1", "arm0")
Covariates = ArrayLike | ModelMatrix


def mean_by_arm(
    y: ArrayLike,
    arm: ArrayLike,
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    observed: ArrayLike | None = None,
    names: tuple[str, str] = ARM_NAMES,
) -> Estimate:
    """Hajek means sum W y / sum W of each arm, 1 before 0.

    y: (n,), may be missing where `observed` (n,) is false. arm: (n,) zeros and ones. names: of the two arms. With
    propensity weights, count their estimation with `estimate.stack` (Lunceford & Davidian 2004, Statistics in
    Medicine 23:2937). Raises EstimationError where an arm has no one observed.
    """
    treated = indicator(arm, "arm")
    outcome, seen = observed_outcome(y, observed, treated.size)
    counted = rows(treated.size, weight, frequency)
    value, gradient = np.zeros(2), np.zeros((treated.size, 2))
    part = np.column_stack([treated & seen, ~treated & seen])
    for at, here in enumerate(part.T):
        total = (counted.total * here).sum()
        if total == 0:
            raise EstimationError(f"No one in the arm '{names[at]}' has both an observed outcome and weight.")
        value[at] = (counted.total * here) @ outcome / total
        gradient[:, at] = here * (outcome - value[at]) / total
    return counted.estimate(names, value, gradient, part)


@dataclass(frozen=True)
class Predicted:
    """Mean outcomes at some covariates.

    mean: (n,). variance: (n,) its derivative by the linear predictor. matrix: (n, p + 1), the intercept first.
    """

    mean: Array
    variance: Array
    matrix: ModelMatrix

    def slope(self, share: Array) -> Array:
        """(p + 1,) derivative of the sum of share (n,) times mean by the model's coefficients."""
        return self.matrix.crossproduct(share * self.variance)


@dataclass(frozen=True)
class OutcomeModel:
    """A regression of the outcome on the people observed, its influence kept as a product.

    coefficient: (p + 1,), intercept first. nuisance: the columns as they were fitted, and each person's influence on
    the coefficients, zero where not observed. outcome: (n,), 0 where not observed. rows: weights and frequencies of
    all n rows, observed or not.
    """

    family: str
    coefficient: Array
    nuisance: Nuisance
    outcome: Array
    observed: Mask
    rows: Rows

    @property
    def names(self) -> tuple[str, ...]:
        """(p + 1,) names of the coefficients."""
        return self.nuisance.matrix.names

    def predict(self, x: Covariates) -> Predicted:
        """Mean outcomes at covariates x (n, p), a table or a matrix as the model was fitted with."""
        covariates = model_matrix(x, self.names[1:], len(self.outcome))
        if covariates.levels != self.nuisance.matrix.levels:
            raise EstimationError(
                "The covariates to predict at have other categories than the fitted ones, or hold them another way "
                "(codes, indicators). Build both by the same function."
            )
        matrix, model = covariates.with_intercept(INTERCEPT), FAMILIES[self.family]
        # a prediction for who does not count may be too large for a number
        mean = model.mean(np.where(self.rows.used, matrix.times(self.coefficient), 0.0))
        return Predicted(mean, model.variance(mean), matrix)


def fit_outcome(
    family: str,
    x: Covariates,
    y: ArrayLike,
    names: Sequence[str] = (),
    weight: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    observed: ArrayLike | None = None,
) -> OutcomeModel:
    """Regress y (n,) on x (n, p), the arm or dose among its columns, by one of families.FAMILIES.

    y may be missing where `observed` (n,) is false; x may not. An intercept is added. names: p labels of a table; a
    matrix has its own.
    """
    covariates = model_matrix(x, names)
    n = covariates.shape[0]
    outcome, seen = observed_outcome(y, observed, n)
    counted = rows(n, weight, frequency)
    solved = solve(family, covariates, outcome, weight=counted.weight * seen, frequency=frequency)
    return OutcomeModel(family, solved.coefficient, solved.nuisance(), outcome, seen, counted)


def standardised_means(
    model: OutcomeModel,
    x1: Covariates,
    x0: Covariates,
    over: ArrayLike | None = None,
    names: tuple[str, str] = ARM_NAMES,
) -> Estimate:
    """Mean predictions with everyone in arm 1 and everyone in arm 0: g-computation.

    x1, x0: (n, p), the model's columns with the arm, and what it interacts with, set. over: (n,) people
    averaged over, default all (Snowden, Rose & Mortimer 2011, American Journal of Epidemiology 173:731). names: of the
    two arms.
    """
    return _standardised(model, dict(zip(names, (x1, x0), strict=True)), over)


def standardised_curve(
    model: OutcomeModel, x_for: Callable[[float], Covariates], grid: ArrayLike, over: ArrayLike | None = None
) -> Estimate:
    """Mean predictions with everyone's dose set to each value of grid (k,), named by the value.

    x_for: from a dose to the model's columns (n, p) at it, for example with `splines.basis` of it.
    over: (n,) people averaged over, default all.
    """
    doses = column(grid, "grid")
    return _standardised(model, {label(dose): x_for(float(dose)) for dose in doses}, over)


def aipw(
    model: OutcomeModel,
    arm: ArrayLike,
    x1: Covariates,
    x0: Covariates,
    propensity: Propensity,
    observed_score: ArrayLike | None = None,
    stacked: bool = False,
) -> Estimate:
    """Augmented inverse-probability-weighted means, named 'arm1' and 'arm0': the mean over people of

        m_a(x) + 1{in arm a, observed} (y - m_a(x)) / (P(arm a | x) P(observed | arm, x)),

    m_a being the model's prediction (Robins, Rotnitzky & Zhao 1994, JASA 89:846; Lunceford & Davidian 2004,
    Statistics in Medicine 23:2937, equation 9).

    x1, x0: (n, p) the model's columns with the arm set, equal to the fitted ones for those in that arm.
    observed_score: (n,) P(observed | arm, x), taken as known; by default the arm's share, which is right
    where the regression is. stacked False: regression and score count as known, which is right to first
    order if both models hold; gradient is the derivative with both held. True: the influence counts the
    estimation of both and is right if either holds; no weights can be stacked onto it.
    """
    treated = indicator(arm, "arm", len(model.outcome))
    seen_score = _observed_score(model, treated, observed_score)
    total = model.rows.total / model.rows.total.sum()
    score = np.where(model.rows.used, propensity.score, 0.5)
    names, values, gradients, influences = ARM_NAMES, [], [], []
    for here, received, sign, x in ((treated, score, -1.0, x1), (~treated, 1 - score, 1.0, x0)):
        predicted = model.predict(x)
        _check_arm(model, here, predicted.matrix)
        inverse = here * model.observed / (received * seen_score)
        residual = model.outcome - predicted.mean
        augmented = predicted.mean + inverse * residual
        values.append(float(total @ augmented))
        gradients.append((augmented - values[-1]) / model.rows.total.sum())
        by_coefficient = predicted.slope(total * (1 - inverse))
        # d(1 / P(arm a)) / d(linear predictor) = -(1 - s) / s for arm 1, s / (1 - s) for arm 0
        by_score = propensity.nuisance.matrix.crossproduct(total * inverse * residual * sign * (1 - received))
        through = ((model.nuisance, by_coefficient), (propensity.nuisance, by_score))
        influences.append(sum(nuisance.influence(direction[:, None])[:, 0] for nuisance, direction in through))
    estimate = model.rows.estimate(names, values, np.column_stack(gradients), model.observed)
    if not stacked:
        return estimate
    influence = estimate.influence + np.column_stack(influences)
    return replace(estimate, influence=influence, weight=None, part=estimate.known_part())


def _standardised(model: OutcomeModel, settings: Mapping[str, Covariates], over: ArrayLike | None) -> Estimate:
    n = len(model.outcome)
    among = np.ones(n, dtype=bool) if over is None else indicator(over, "over", n)
    total = model.rows.total * among
    if total.sum() == 0:
        raise EstimationError("There is no one with weight among the people to average predictions over.")
    share = total / total.sum()
    values, own, slopes = [], [], []
    for x in settings.values():
        predicted = model.predict(x)
        values.append(float(share @ predicted.mean))
        own.append(among * (predicted.mean - values[-1]) / total.sum())
        slopes.append(predicted.slope(share))
    weight = model.rows.weight
    # without weight nobody is in the regression, and its influence is zero
    through = model.nuisance.influence(np.column_stack(slopes)) / np.where(weight > 0, weight, 1.0)[:, None]
    return model.rows.estimate(tuple(settings), values, np.column_stack(own) + through, model.observed)


def _check_arm(model: OutcomeModel, here: Mask, matrix: ModelMatrix) -> None:
    """matrix: (n, p + 1) with everyone set to the arm of those who are `here`."""
    if not (here & model.observed & model.rows.used).any():
        raise EstimationError("An arm has no one with an observed outcome and weight, so it has no mean.")
    fitted = model.nuisance.matrix
    same = np.allclose(matrix.numeric[here], fitted.numeric[here]) and all(
        set_to is own or np.array_equal(set_to[here], own[here])
        for set_to, own in zip(matrix.codes, fitted.codes, strict=True)
    )
    if not same:
        raise EstimationError(
            "The covariates with everyone set to an arm differ from the fitted ones for people who are in "
            "that arm, so residuals would belong to another prediction. Build both by the same function."
        )


def _observed_score(model: OutcomeModel, treated: Mask, given: ArrayLike | None) -> Array:
    if given is None:
        total, seen = model.rows.total, model.observed
        shares = [(total * here) @ seen / max((total * here).sum(), 1e-300) for here in (treated, ~treated)]
        return np.maximum(np.where(treated, *shares), 1e-300)
    score = column(given, "observed_score", len(treated))
    if (score <= 0).any() or (score > 1).any():
        raise EstimationError("Probabilities of being observed must lie above 0 and at most at 1.")
    return score
