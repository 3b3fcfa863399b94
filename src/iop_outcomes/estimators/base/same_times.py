"""When two times are one: times that differ by rounding only are tied, said here and nowhere else.

What happens: the distinct times of all arrays given are sorted; neighbours that lie no further apart than TIED of the
size of the times are one time, and all of them become the first; times that near to 0 become 0. The size is the median
of the distinct times above 0, or their range where that is smaller (times far from 0 that lie close together); what
lies within ROUNDING of the median is one time in any case. Whole numbers are left as they are, and cost one look.
Nothing is refused here.

0.3, 30.5 - 30.2 and 40.5 - 40.2 are three numbers to a computer and one time to everyone else: left apart, they break
ties, put people with an event behind those who are censored at that time, and can turn the sign of a Cox coefficient.
R's survival ties them (`timefix`, Therneau 2023, vignette 'tiedtimes': differences below 1.5e-8 or that share of the
mean time); lifelines, statsmodels, scikit-survival and cmprsk do not. The median and the range in place of the mean and
of a fixed difference make the rule the same in days and in years, and keep one time that is very long from tying all
others.

Every estimator on times comes through here by `risksets.follow_up`, `parametric.check_intervals` or `grouped_times`;
horizons, cuts and other times that are asked for are put on the times that they are tied with (`placed`).
"""

from __future__ import annotations

import numpy as np

from iop_outcomes.estimators.base.arrays import Array

TIED = 1.5e-8
ROUNDING = 1e-10


def same_times(*arrays: Array) -> tuple[Array, ...]:
    """The arrays, any shapes, with times that are one made equal; infinite ones and those missing stay as they are."""
    if all(_whole(array) for array in arrays):
        return arrays
    every = np.unique(np.concatenate([array.ravel() for array in arrays]))
    every = every[np.isfinite(every)]
    gap = _tolerance(every)
    tied = np.diff(every) <= gap
    if not (tied.any() or ((every != 0) & (np.abs(every) <= gap)).any()):
        return arrays
    # the first of the group of each; only those that are not their own first move, which are few
    first = every[np.maximum.accumulate(np.where(np.concatenate([[True], ~tied]), np.arange(len(every)), 0))]
    first[np.abs(first) <= gap] = 0.0
    moves = first != every
    return tuple(_moved(array, every[moves], first[moves]) for array in arrays)


def placed(values: Array, times: Array) -> Array:
    """Values (k,), such as horizons, each one of the sorted times (T,) where it is the same time as one of them."""
    if not len(times) or (_whole(values) and _whole(times)):
        return values
    gap = _tolerance(times)
    above = np.clip(np.searchsorted(times, values), 1, len(times) - 1) if len(times) > 1 else np.zeros(1, dtype=int)
    low, high = times[np.maximum(above - 1, 0)], times[above]
    nearest = np.where(np.abs(values - low) <= np.abs(high - values), low, high)
    with np.errstate(invalid="ignore"):  # an infinite value is near no time
        return np.asarray(np.where(np.abs(values - nearest) <= gap, nearest, values))


def _moved(array: Array, old: Array, new: Array) -> Array:
    """The array with new values in place of old ones, which are sorted."""
    place = np.minimum(np.searchsorted(old, array), len(old) - 1)
    return np.asarray(np.where(old[place] == array, new[place], array))


def _whole(array: Array) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((array == np.rint(array)).all())


def _tolerance(every: Array) -> float:
    """How far apart two of the sorted finite times may lie and still be one."""
    above = every[np.searchsorted(every, 0.0, side="right") :]
    if not len(above):
        return 0.0
    middle = float(above[len(above) // 2])
    return max(TIED * min(middle, float(above[-1] - above[0])), ROUNDING * middle)
