"""Groups, strata and clusters: any labels, turned into whole numbers.

What happens: labels are checked for length and for missing ones and numbered in their sorted order; no label at all is
one group. Numbers sort as numbers, so group 10 comes after group 9.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.rows import Mask, Whole


def labelled(
    values: ArrayLike | None, what: str, n: int, kept: Mask | Whole | slice = slice(None)
) -> tuple[tuple[str, ...], Whole]:
    """The distinct labels among the rows `kept`, and the number of each of those rows; None is one group.

    values: (n,) any labels. Raises EstimationError where there are not n labels, or some are missing.
    """
    if values is None:
        return ("all",), np.zeros(n, dtype=np.int64)[kept]
    labels = np.asarray(values)
    if labels.shape != (n,):
        raise EstimationError(f"'{what}' has shape {labels.shape} where {n} labels were expected, one for each row.")
    labels = labels[kept]
    if labels.dtype.kind == "O":
        absent = np.array([_missing(one) for one in labels], dtype=bool)
        labels = labels.astype(str)
    else:
        absent = labels != labels
    if np.any(absent):
        raise EstimationError(
            f"'{what}' is missing in some rows; give those people a label of their own, or leave out."
        )
    found, numbers = np.unique(labels, return_inverse=True)
    return tuple(str(one) for one in found), numbers.astype(np.int64)


def _missing(label: object) -> bool:
    """None, a NaN or NaT, or pandas' NA, which does not say whether it equals itself."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True
