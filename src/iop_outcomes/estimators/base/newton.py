"""Newton's method for the concave log likelihoods of hazard models, and the refusal of coefficients without limit.

What happens: steps are halved while they lower the likelihood; once they are small, the information of the step before
serves; steps that do not become smaller while the likelihood hardly rises any more are refused, naming the covariate.

That is a proof, as it is for `regression`: where a coefficient has no limit, some linear predictor moves by 1 or more
with every whole step from anywhere, against its mean over those at risk; a whole step that moves all by less than a
half shows that there is a maximum. A likelihood that rises little shows nothing: those with a value far from the others
may have stopped to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol, TypeVar

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate

MAXIMUM_ITERATIONS = 100
MAXIMUM_HALVINGS = 40
CONVERGED = 1e-9
FARTHEST = 300.0  # linear predictors from the middle, beyond which squares of hazards are no numbers
LEVEL = 1e-9  # a rise of the likelihood, in units of a mean weight, that is next to none
LEVEL_STEPS = 4  # so many in a row that do not become smaller are refused
PROVED = 0.5  # a whole step that moves every linear predictor by less shows that there is a maximum
NOISE, NOISE_AT_ALL = 1e-3, 1e-10  # shares of a standard error, and of a coefficient
SETTLED = 1e-6  # a step that rounding keeps from becoming smaller
SAME_INFORMATION = 1e-2  # below this change in a linear predictor, the information of the step before still serves


class Point(Protocol):
    """A log likelihood with its derivatives at some parameters (p,)."""

    @property
    def log_likelihood(self) -> float:
        """At the parameters."""

    @property
    def score(self) -> Array:
        """(p,)"""

    @property
    def parameters(self) -> Array:
        """(p,)"""

    @property
    def information(self) -> Array:
        """(p, p)"""


P = TypeVar("P", bound=Point)


def maximise(
    at: Callable[[Array], P], start: P, change: Callable[[Array], float], names: Sequence[str]
) -> tuple[P, int]:
    """The maximum and the number of steps to it.

    at: the likelihood at parameters. change: the largest change of a linear predictor that a step makes. names: of the
    first parameters, for a refusal. Raises EstimationError where there is no maximum.
    """
    point, rising, moves, information, level = start, start, np.inf, start.information, 0
    for iteration in range(1, MAXIMUM_ITERATIONS + 1):
        if moves > SAME_INFORMATION:
            information = point.information
        step = _solve(information, point.score)
        if step is None:
            break
        moves, before = change(step), moves
        reached = _step(at, point, step)
        shrinking = moves < before / 2
        if moves < CONVERGED or (moves < SETTLED and not shrinking):
            if change(reached.parameters) > FARTHEST:
                _refuse_far(reached.parameters, names)
            return reached, iteration
        risen = reached.log_likelihood - point.log_likelihood
        level = 0 if risen > LEVEL or shrinking else level + 1
        if level >= LEVEL_STEPS:
            break
        # once the likelihood is level, steps may be noise
        rising, point = point if level == 0 else rising, reached
    if step is not None and moves < PROVED and level:  # there is a maximum, and rounding keeps the steps from it
        if moves > NOISE:
            _refuse_lost(step, names)
        return reached, iteration
    if change(rising.parameters) > FARTHEST:
        _refuse_far(rising.parameters, names)
    # the likelihood is concave: if it rises still, it has no maximum
    _refuse_unlimited(point.parameters if step is None else step, names)


def _solve(information: Array, score: Array) -> Array | None:
    """information^-1 score, scaled so that rare categories do not spoil it; None where it has none."""
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    if not (size > 0).all() or not np.isfinite(information).all():
        return None
    try:
        found = np.linalg.solve(information / np.outer(size, size), score / size) / size
    except np.linalg.LinAlgError:
        return None
    return np.asarray(found) if np.isfinite(found).all() else None


def _step(at: Callable[[Array], P], point: P, step: Array) -> P:
    """The point after a step, halved until the likelihood does not fall (beyond rounding)."""
    rounding = 1e-12 * (1 + abs(point.log_likelihood))
    for _ in range(MAXIMUM_HALVINGS):
        reached = at(point.parameters + step)
        if reached.log_likelihood >= point.log_likelihood - rounding and np.isfinite(reached.score).all():
            return reached
        step = step / 2
    return point


def refuse_noise(noise: Array, estimate: Estimate) -> None:
    """Refuse coefficients that rounding alone may move by a share of their standard error. noise: (p,) by how much."""
    if (noise > NOISE_AT_ALL * np.abs(estimate.value)).any() and (noise > NOISE * estimate.standard_error()).any():
        _refuse_lost(noise, estimate.names)


def _refuse_lost(noise: Array, names: Sequence[str]) -> NoReturn:
    raise EstimationError(
        f"The log hazard ratio of {_guilty(noise, names)} is lost to rounding: weights, or values of it, lie so many "
        "powers of ten apart that the heaviest and the farthest take the digits of those who decide it. Truncate the "
        "weights, take the logarithm of skewed numbers, or leave out people of next to no weight."
    )


def _guilty(direction: Array, names: Sequence[str]) -> str:
    size = np.abs(direction[: len(names)])
    return ", ".join(name for name, s in zip(names, size, strict=True) if s > 0.5 * size.max())


def _refuse_unlimited(direction: Array, names: Sequence[str]) -> NoReturn:
    raise EstimationError(
        f"The log hazard ratio of {_guilty(direction, names)} has no finite estimate: the likelihood keeps rising "
        "as it grows, because everyone with an event is on one side of it (a category without events, or with nothing "
        "but). Merge the category with another, or leave it out."
    )


def _refuse_far(direction: Array, names: Sequence[str]) -> NoReturn:
    raise EstimationError(
        f"The log hazard ratio of {_guilty(direction, names)} has no finite estimate, or none that can be found: some "
        "value lies so far from the others that the hazards of its people are beyond what numbers hold, and the "
        "likelihood rises still. Take its logarithm, bring far values in, or leave it out."
    )
