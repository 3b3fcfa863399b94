"""Newton's method for the concave log likelihoods of hazard models, and the refusal of coefficients without limit.

What happens: steps are halved while they lower the likelihood; once they are small, the information of the step before
serves; a likelihood that keeps rising as a coefficient grows is refused, naming the covariate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol, TypeVar

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.estimate import Array

MAXIMUM_ITERATIONS = 50
MAXIMUM_HALVINGS = 20
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
    point, moves, information = start, np.inf, start.information
    for iteration in range(1, MAXIMUM_ITERATIONS + 1):
        if moves > SAME_INFORMATION:
            information = point.information
        try:
            step: Array = np.asarray(np.linalg.solve(information, point.score), dtype=float)
        except np.linalg.LinAlgError:
            _refuse_unlimited(point.parameters, names)
        if not np.isfinite(step).all():
            _refuse_unlimited(point.parameters, names)
        moves = change(step)
        reached = _step(at, point, step)
        if moves > 0.01 and reached.log_likelihood - point.log_likelihood < 1e-9:
            _refuse_unlimited(step, names)
        point = reached
        if moves < 1e-9:
            return point, iteration
    _refuse_unlimited(step, names)  # the likelihood is concave: if it rises still, it has no maximum


def _step(at: Callable[[Array], P], point: P, step: Array) -> P:
    """The point after a step, halved until the likelihood does not fall (beyond rounding)."""
    rounding = 1e-12 * (1 + abs(point.log_likelihood))
    for _ in range(MAXIMUM_HALVINGS):
        reached = at(point.parameters + step)
        if reached.log_likelihood >= point.log_likelihood - rounding and np.isfinite(reached.score).all():
            return reached
        step = step / 2
    return point


def _refuse_unlimited(direction: Array, names: Sequence[str]) -> NoReturn:
    size = np.abs(direction[: len(names)])
    guilty = ", ".join(name for name, s in zip(names, size, strict=True) if s > 0.5 * size.max())
    raise EstimationError(
        f"The log hazard ratio of {guilty} has no finite estimate: the likelihood keeps rising as it grows, "
        "because everyone with an event is on one side of it (a category without events, or with nothing "
        "but). Merge the category with another, or leave it out."
    )
