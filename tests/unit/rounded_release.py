"""Released tables as a rounded release tells them: rounded counts, ranges of small ones, estimates with their error."""

from __future__ import annotations

import pandas as pd

from iop_outcomes.tables import TABLES, check
from iop_outcomes.vocabulary.statuses import BETWEEN, OK, ROUNDED


def rounded(counts: pd.DataFrame, base: int, most: int = 0) -> pd.DataFrame:
    """Exact counts rounded to the nearest `base`, those of 1 to `most` people as that range."""
    count = counts["count"].astype("Int64")
    there = (counts["status"] == OK) & (count > 0)
    few = there & (count <= most)
    near = there & ~few & (base > 1)
    up = (2 * count + base) // (2 * base) * base
    made = counts.assign(
        count=count.mask(near, up).mask(few, pd.NA),
        status=counts["status"].mask(near, ROUNDED).mask(few, BETWEEN),
        rounded_to=counts["rounded_to"].astype("Int64").mask(near, base).mask(few, pd.NA),
        count_low=counts["count_low"].astype("Int64").mask(near, up - base // 2).mask(few, 1),
        count_high=counts["count_high"].astype("Int64").mask(near, up + (base - 1) // 2).mask(few, most),
    )
    return check(TABLES["counts"], made)


def with_error(estimates: pd.DataFrame, error: float) -> pd.DataFrame:
    """Estimates that protection may have changed by `error` either way."""
    return estimates.assign(rounding_error=estimates["rounding_error"].mask(estimates["estimate"].notna(), error))
