"""An estimate as rows: value, standard error, limits, and, of differences and ratios, a p value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference, join, log_ratio
from iop_outcomes.estimators.base.inference import SCALES

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")


def checked(level: float) -> float:
    """A confidence level above 0 and below 1."""
    if not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise EstimationError(f"`level` is a confidence level between 0 and 1, such as 0.95; it is {level!r}.")
    return level


def rows(estimate: Estimate, level: float, scale: str = "plain") -> pd.DataFrame:
    """The numbers of an estimate, a row a quantity; limits on one of SCALES, missing where a value lies at its end."""
    import pandas as pd

    on, value, error = SCALES[scale], estimate.value, estimate.standard_error()
    inside = (value > on.lowest) & (value < on.highest)
    safe = np.where(inside, value, (max(on.lowest, -1.0) + min(on.highest, 1.0)) / 2)
    half = estimate.critical(checked(level)) * error * np.abs(on.slope(safe))
    ends = np.stack([on.back(on.forth(safe) - half), on.back(on.forth(safe) + half)])
    low, high = np.where(inside, ends.min(axis=0), np.nan), np.where(inside, ends.max(axis=0), np.nan)
    return pd.DataFrame(dict(zip(NUMBERS, (value, error, low, high), strict=True)))


def contrast(estimate: Estimate, first: str, second: str, level: float) -> pd.DataFrame:
    """Two rows, `of` difference and `of` ratio: first less second, and first by second where both are above zero.

    The standard error of the ratio is that of its logarithm, on which its limits are made.
    """
    import pandas as pd

    gap = difference(estimate, first, second)
    made = [rows(gap, level).assign(of="difference", p_value=_p(gap))]
    if (estimate.take(first, second).value > 0).all():
        logs = log_ratio(estimate, first, second)
        ratio = rows(logs, level)
        exponential = {n: np.exp(ratio[n]) for n in ("estimate", "conf_low", "conf_high")}
        made.append(ratio.assign(**exponential, of="ratio", p_value=_p(logs)))
    return pd.concat(made, ignore_index=True)


def compared(estimate: Estimate, asked: tuple[str, str], level: float, what: str) -> pd.DataFrame:
    """The rows of `contrast` of two quantities by name. what: they are, in words, such as strategy."""
    for name in asked:
        if name not in estimate.names:
            raise EstimationError(f"`difference`: there is no {what} '{name}' among {', '.join(estimate.names)}.")
    return contrast(estimate, *asked, level)


def together(estimates: Sequence[Estimate]) -> Estimate:
    """Estimates on the same rows as one."""
    return estimates[0] if len(estimates) == 1 else join(estimates)


def ordered(table: pd.DataFrame, first: Sequence[str]) -> pd.DataFrame:
    """The table with these columns first."""
    return table[[*first, *(c for c in table.columns if c not in first)]].reset_index(drop=True)


def _p(estimate: Estimate) -> Any:
    return np.nan if (estimate.standard_error() == 0).any() else estimate.p_value()
