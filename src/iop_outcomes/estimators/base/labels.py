"""Groups, strata and clusters: any labels, turned into whole numbers.

What happens: labels are checked for length and for missing ones among the rows that count (None, NaN, NaT, pandas' NA:
a missing label is no group of its own) and numbered in their sorted order; no label at all is one group. Numbers sort
as numbers, so group 10 comes after group 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Labels, Mask, Whole


def quoted(names: Iterable[str]) -> str:
    """Names of arms or quantities within a message: whoever shows it to readers finds them by their marks."""
    return ", ".join(f"'{name}'" for name in names)


def labelled(
    values: ArrayLike | Labels | None, what: str, n: int, kept: Mask | Whole | slice = slice(None)
) -> tuple[tuple[str, ...], Whole]:
    """The distinct labels among the rows `kept`, and the number of each of those rows; None is one group.

    values: (n,) any labels. Raises EstimationError where there are not n labels, or some are missing.
    """
    if values is None:
        return ("all",), np.zeros(n, dtype=np.int64)[kept]
    labels = _checked(values, what, n, kept)[kept]
    found, numbers = _numbered(labels)
    return tuple(str(one) for one in found), numbers


def as_labels(values: ArrayLike | Labels) -> NDArray[Any]:
    """An array of labels, in which a NaN among the words of a list stays one, and does not become the word 'nan'."""
    labels = np.asarray(values)
    return np.asarray(values, dtype=object) if labels.dtype.kind in "US" and not hasattr(values, "dtype") else labels


def group_numbers(values: ArrayLike | Labels, what: str, there: Mask) -> Whole:
    """(n,) number of each row's group, from zero, the same whoever is there (n,); the others may have no label."""
    return _numbered(_checked(values, what, len(there), there))[1]


def _checked(values: ArrayLike | Labels, what: str, n: int, kept: Mask | Whole | slice) -> NDArray[Any]:
    """All n labels, of which those of the rows `kept` are there."""
    labels = as_labels(values)
    if labels.shape != (n,):
        raise EstimationError(f"'{what}' has shape {labels.shape} where {n} labels were expected, one for each row.")
    refuse_missing(labels[kept], what)
    return labels


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[Any], Whole]:
    """The distinct labels in their order, and the number of each."""
    found, numbers = np.unique(labels.astype(str) if labels.dtype.kind == "O" else labels, return_inverse=True)
    return found, numbers.astype(np.int64)


def refuse_missing(labels: NDArray[Any], what: str) -> None:
    """Raise EstimationError where a label is missing."""
    if labels.dtype.kind == "O":
        absent = any(_missing(one) for one in labels.tolist())
    else:
        absent = labels.dtype.kind in "fcmM" and bool((labels != labels).any())
    if absent:
        raise EstimationError(
            f"'{what}' is missing in some rows; give those people a label of their own, or leave them out."
        )


def _missing(label: object) -> bool:
    """None, a NaN or NaT, or pandas' NA, which does not say whether it equals itself."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True
