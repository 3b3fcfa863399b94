"""Does an effect differ between groups of people? Effects of several groups, tested together and drawn to each other.

Each group's effect has been estimated among its own people, by weights of a score of their own, so that the arms are
alike within the group (Dong et al. 2020, Statistics in Medicine 39:1855; Yang et al. 2021, Statistics in Medicine
40:4294). `together` makes one estimate of them, with the covariance that clusters shared by groups give. `differing` is
the test that all are equal. Effects of small groups are far apart by chance alone; `shrunken` draws each to the mean of
all by how little it is known, under effects that are normal about that mean (Morris 1983, Journal of the American
Statistical Association 78:47; the spread by DerSimonian & Laird 1986, Controlled Clinical Trials 7:177).

Refused: fewer than two groups, and a group without standard error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.base.estimate import Estimate, join
from iop_outcomes.estimators.base.inference import JointTest, joint
from iop_outcomes.estimators.base.labels import quoted


def together(effects: Mapping[str, tuple[Estimate, Mask]], frequency: Array | None = None) -> Estimate:
    """The effects of groups as one estimate of everyone (N,), by name.

    effects: of each group one quantity, not clustered yet, and who of everyone is in it (N,). frequency: (N,) people
    per row. Raises EstimationError.
    """
    if len(effects) < 2:
        raise EstimationError("Whether an effect differs between groups is asked of two groups or more.")
    wide = [name for name, (effect, _) in effects.items() if len(effect.names) != 1]
    if wide:
        raise EstimationError(f"Of a group one effect is compared; of {quoted(wide)} there are several.")
    one = np.eye(1)
    return join(
        [effect.transform((name,), lambda v: v, one).among(own, frequency) for name, (effect, own) in effects.items()]
    )


def differing(effects: Estimate) -> JointTest:
    """The test that all effects are equal: k - 1 differences from the first. Raises EstimationError."""
    k = len(effects.names)
    if k < 2:
        raise EstimationError("Whether an effect differs between groups is asked of two groups or more.")
    contrasts = np.column_stack([-np.ones(k - 1), np.eye(k - 1)])
    return joint(effects.transform(effects.names[1:], lambda v: contrasts @ v, contrasts))


@dataclass(frozen=True)
class Shrunken:
    """Effects of k groups drawn to their mean. value, error: (k,) posterior means and standard deviations. mean: of all
    groups. spread: standard deviation of effects between groups, 0 where they lie no further apart than by chance.
    """

    value: Array
    error: Array
    mean: float
    spread: float


def shrunken(effects: Estimate) -> Shrunken:
    """Empirical Bayes estimates. Their errors count that the mean is estimated, not the spread.

    Raises EstimationError.
    """
    return drawn_together(effects.value, effects.standard_error())


def drawn_together(value: Array, error: Array) -> Shrunken:
    """The same of effects (k,) with their standard errors (k,), of independent groups. Raises EstimationError."""
    if len(error) < 2 or (error <= 0).any():
        raise EstimationError("Effects are drawn to each other where there are two or more, with standard errors.")
    spread = _spread(value, error)
    weight = 1 / (error**2 + spread)
    mean = float(weight @ value / weight.sum())
    own = spread / (error**2 + spread)  # how far an effect is believed by itself
    variance = own * error**2 + (1 - own) ** 2 / weight.sum()
    return Shrunken(own * value + (1 - own) * mean, np.sqrt(variance), mean, float(np.sqrt(spread)))


def _spread(value: Array, error: Array) -> float:
    """The variance of effects between groups by the method of moments, not below 0."""
    weight = 1 / error**2
    mean = weight @ value / weight.sum()
    excess = weight @ (value - mean) ** 2 - (len(value) - 1)
    return max(0.0, float(excess / (weight.sum() - weight @ weight / weight.sum())))
