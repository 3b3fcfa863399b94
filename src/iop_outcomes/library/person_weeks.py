"""Frames of person-weeks: every person with the same weeks, and what is the same in all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.library.frames import Frame


def places(person: Whole, week: Array, people: int) -> tuple[Whole, int]:
    """Where each row belongs, people by weeks, and how many weeks there are."""
    when = week.astype(np.int64)
    last = int(when.max(initial=0))
    place = person * last + when - 1
    if (when != week).any() or when.min() < 1 or len(np.unique(place)) != people * last or len(place) != people * last:
        raise EstimationError(
            f"Every person needs one row for each week from 1 to {last}: {people * last} rows, and there are "
            f"{len(place)}. Add the weeks out of care, with 0 hours and no level."
        )
    return place, last


def told(frame: Frame, name: str, argument: str) -> Array:
    """(m,) numbers that may be missing."""
    import pandas as pd

    if name not in frame.data:
        frame.column(name, argument)
    if not pd.api.types.is_numeric_dtype(frame.data[name]) and not pd.api.types.is_bool_dtype(frame.data[name]):
        frame.numbers(name, argument)
    return np.asarray(frame.data[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan))


def answers(values: Array, first: Whole, at: Whole, argument: str) -> Array:
    """(n,) the answer of each person. values: (m,) of each week; first, at: (n,) and (m,) of `np.unique`."""
    if not np.array_equal(values[first][at], values, equal_nan=True):
        raise EstimationError(f"`{argument}` is one answer of each person: it is not the same in all weeks.")
    return np.asarray(values[first])


def fixed(
    frame: Frame, covariates: Sequence[str], without: Sequence[str], first: Whole, at: Whole
) -> tuple[tuple[str, ...], Array]:
    """q names and (n, q) what was known of each person at the start; arguments as of `answers`. without: other columns
    in use.
    """
    matrix = frame.covariates(covariates, without=without)
    table = matrix.dense()
    if (table[first][at] != table).any():
        raise EstimationError("`covariates` are what was known at the start: they are not the same in all weeks.")
    return matrix.names, np.asarray(table[first])
