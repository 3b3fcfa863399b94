"""What every estimator does with its rows before it estimates, and how it hands back its estimate.

In order: weights and frequencies are completed with ones and checked; other arrays are checked for length,
missing values and meaning; columns of a model are checked for one that the others already contain. Each check
refuses with an EstimationError that says what to do; none repairs anything, and none repeats a value of a
row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate


@dataclass(frozen=True)
class Rows:
    """weight: (n,) of one person of each row. frequency: (n,) identical people per row."""

    weight: Array
    frequency: Array

    @property
    def total(self) -> Array:
        """(n,) weight of all people of a row together."""
        return self.weight * self.frequency

    @property
    def used(self) -> Mask:
        """(n,) rows that count for anything."""
        return self.total > 0

    def estimate(self, names: Sequence[str], value: ArrayLike, gradient: Array, part: Mask | None = None) -> Estimate:
        """The Estimate whose derivative with respect to the rows' total weights is `gradient` (n, k).

        part: (n,) or (n, k) which rows with people and weight take part, default all; see `estimate`.
        """
        used = self.used
        if not used.all():
            gradient = np.where(used[:, None], gradient, 0.0)  # it may be infinite where nobody counts
        influence = gradient if (self.weight == 1).all() else self.weight[:, None] * gradient
        return Estimate(tuple(names), np.asarray(value, dtype=float), influence, self.frequency, self.weight, part=part)


def rows(n: int, weight: ArrayLike | None, frequency: ArrayLike | None) -> Rows:
    """Weights and frequencies of n rows, ones where None. Refuses negative ones, and parts of a person."""
    weight = np.ones(n) if weight is None else column(weight, "weight", n)
    frequency = np.ones(n) if frequency is None else column(frequency, "frequency", n)
    for values, what in ((weight, "weight"), (frequency, "frequency")):
        if (values < 0).any():
            raise EstimationError(f"The {what} of some rows is negative; give zero to rows that are not to count.")
    if (frequency != np.round(frequency)).any():
        raise EstimationError(
            "The frequency of some rows is not a whole number. A frequency says how many identical people a "
            "row stands for; a sampling, propensity or censoring weight belongs in `weight`, as its "
            "variance differs."
        )
    if not (weight * frequency > 0).any():
        raise EstimationError(
            "No row has both weight and frequency above zero, so there is no one to estimate from. "
            "Look at the eligibility rules and at the weights."
        )
    return Rows(weight, frequency)


def column(values: ArrayLike, what: str, n: int | None = None) -> Array:
    """(n,) finite numbers; n None takes any length above zero."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0 or (n is not None and array.size != n):
        expected = "at least one value in one dimension" if n is None else f"{n} values in one dimension"
        raise EstimationError(f"'{what}' has shape {array.shape} where {expected} were expected, one for each row.")
    _refuse_not_finite(array, what)
    return array


def columns(x: ArrayLike, names: Sequence[str], n: int | None = None) -> Array:
    """(n, len(names)) finite numbers, one named column each."""
    array = np.asarray(x, dtype=float)
    if array.ndim != 2 or array.shape[1] != len(names) or (n is not None and array.shape[0] != n):
        expected = f"({'n' if n is None else n}, {len(names)})"
        raise EstimationError(
            f"The covariates have shape {array.shape} where {expected} was expected: one row for each person "
            f"or group of people, and one column for each of the names {', '.join(names) or '(none)'}."
        )
    if len(set(names)) < len(names):
        raise EstimationError(f"Two covariates have the same name among {', '.join(names)}; name each column once.")
    if not np.isfinite(array).all():
        for at, name in enumerate(names):
            _refuse_not_finite(array[:, at], name)
    return array


def indicator(values: ArrayLike, what: str, n: int | None = None) -> Mask:
    """(n,) booleans from zeros and ones."""
    array = column(values, what, n)
    if not ((array == 0) | (array == 1)).all():
        raise EstimationError(f"'{what}' holds values other than 0 and 1 (or false and true); code it so.")
    return array == 1


def codes(values: ArrayLike, what: str, n: int) -> Whole:
    """(n,) whole numbers from zero."""
    array = column(values, what, n)
    if (array < 0).any() or (array != np.round(array)).any():
        raise EstimationError(f"'{what}' must hold whole numbers: 0 for censored, 1, 2, ... for the causes.")
    return array.astype(np.int64)


def quantile(values: Array, probabilities: Sequence[float], frequency: Array) -> Array:
    """Quantiles of the people, not the rows, interpolated between order statistics (Hyndman & Fan 1996, type
    7).

    values, frequency: (n,). Returns (len(probabilities),), the same as for rows repeated `frequency` times.
    """
    order = np.argsort(values, kind="stable")
    people = np.cumsum(frequency[order])
    position = np.asarray(probabilities) * (people[-1] - 1)
    low = values[order][np.searchsorted(people, np.floor(position), side="right")]
    high = values[order][np.searchsorted(people, np.ceil(position), side="right")]
    return np.asarray(low + (position - np.floor(position)) * (high - low))


def refuse_collinear(root: Array, names: Sequence[str], model: str, tolerance: float = 1e-9) -> None:
    """Refuse columns of which one is a combination of the others, naming those involved.

    root: (m, p), any matrix whose crossproduct is the information (weighted columns, or a square root of it).
    """
    length = np.sqrt((root**2).sum(axis=0))
    if (length == 0).any():
        absent = ", ".join(name for name, size in zip(names, length, strict=True) if size == 0)
        raise EstimationError(
            f"The {model} cannot tell what {absent} does, which does not vary among the people it is fitted "
            "to. Leave it out, or merge it with another category."
        )
    triangle = np.linalg.qr(root / length, mode="r")
    singular, directions = np.linalg.svd(triangle)[1:]
    singular = np.concatenate([singular, np.zeros(len(names) - len(singular))])
    null = directions[singular <= tolerance * singular[0]]
    if len(null):
        involved = (np.abs(null) > 1e-6).any(axis=0)
        listed = ", ".join(name for name, yes in zip(names, involved, strict=True) if yes)
        raise EstimationError(
            f"The {model} has collinear columns: among {listed}, one is a combination of the others. "
            "Leave one of them out (a reference category, a duplicate, or a column that does not vary)."
        )


def square_root(information: Array) -> Array:
    """A matrix whose crossproduct is the information; zero where a column never varies."""
    size = np.sqrt(np.clip(np.diag(information), 0, None))
    flat = size <= 1e-7 * max(size.max(), 1e-300)
    size = np.where(flat, 1.0, size)
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    root = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    return np.where(flat, 0.0, root)


def label(number: float) -> str:
    """30 and 30.0 are both '30'; 0.5 is '0.5'."""
    return str(int(number)) if float(number).is_integer() else str(float(number))


def _refuse_not_finite(array: Array, what: str) -> None:
    if not np.isfinite(array).all():
        raise EstimationError(
            f"'{what}' is missing or infinite in some rows. Estimators take complete rows only: impute, "
            "leave those people out by a rule that is counted, or mark them as not observed."
        )


def observed_outcome(y: ArrayLike, observed: ArrayLike | None, n: int) -> tuple[Array, Mask]:
    """y with 0 where it was not observed, and where it was."""
    if observed is None:
        return column(y, "y", n), np.ones(n, dtype=bool)
    seen = indicator(observed, "observed", n)
    values = np.asarray(y, dtype=float)
    if values.shape != (n,):
        raise EstimationError(f"'y' has shape {values.shape} where {n} values were expected, one for each row.")
    return column(np.where(seen, values, 0.0), "y", n), seen
