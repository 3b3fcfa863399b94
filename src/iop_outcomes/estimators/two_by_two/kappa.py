"""Agreement of two classifications of the same people beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from iop_outcomes.errors import EstimationError

if TYPE_CHECKING:
    import pandas as pd


class Kappa(NamedTuple):
    """Cohen's kappa of two classifications of the same stays; missing where chance alone would agree always."""

    kappa: float
    standard_error: float
    observed: float
    expected: float
    n: int


def kappa(counts: pd.DataFrame, leave_out: Sequence[str] = ()) -> Kappa:
    """Cohen's kappa from a table of counts with the same classes down and across, with its large-sample error.

    kappa = (po - pe) / (1 - pe), po = sum p_ii, pe = sum p_i. p_.i. The variance is that of Fleiss, Cohen & Everitt
    (Psychological Bulletin 1969;72:323-327, formula 13):
    n (1 - pe)^4 var = sum_i p_ii [(1 - pe) - (p_i. + p_.i)(1 - po)]^2
    + (1 - po)^2 sum_{i != j} p_ij (p_.i + p_j.)^2 - (po pe - 2 pe + po)^2.

    Classes in `leave_out` do not count. Raises EstimationError for a table that is not square.
    """
    if list(counts.index) != list(counts.columns):
        raise EstimationError("A table of agreement needs the same classes down and across, in one order.")
    kept = [c for c in counts.index if c not in leave_out]
    table = counts.loc[kept, kept].to_numpy("float64")
    n = table.sum()
    missing = float("nan")
    if not n:
        return Kappa(missing, missing, missing, missing, 0)
    p = table / n
    down, across, agree = p.sum(axis=1), p.sum(axis=0), np.diag(p)
    po, pe = float(agree.sum()), float(down @ across)
    if np.isclose(pe, 1):
        return Kappa(missing, missing, po, pe, int(n))
    apart = (p * (across[:, None] + down[None, :]) ** 2).sum() - (agree * (across + down) ** 2).sum()
    variance = (agree * ((1 - pe) - (down + across) * (1 - po)) ** 2).sum()
    variance = (variance + (1 - po) ** 2 * apart - (po * pe - 2 * pe + po) ** 2) / (n * (1 - pe) ** 4)
    return Kappa((po - pe) / (1 - pe), float(np.sqrt(max(variance, 0.0))), po, pe, int(n))
