"""What was recorded of people by the beginning of each month, as columns of a model of being lost in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.retention import in_order
from iop_outcomes.estimators.base.arrays import Array

if TYPE_CHECKING:
    import pandas as pd


def read(course: pd.DataFrame, people: pd.DataFrame) -> Array:
    """(n, K, 4) of the people in their order and K months: the last screen given was positive, or negative (a screen
    that was never given is neither), the last that was due was missed, and hours attended a week.
    """
    months = []
    for _, month in course.groupby("day", sort=True):
        own = in_order(month, people["person_id"])
        positive = own["last_screen_positive"]
        known, last = positive.notna().to_numpy(), positive.fillna(False).to_numpy(dtype=bool)
        missed, hours = own["last_screen_missed"].to_numpy(dtype=bool), own["recent_hours"].to_numpy(dtype=float)
        months.append(np.column_stack([known & last, known & ~last, missed, hours / 4]).astype(float))
    return np.stack(months, axis=1) if months else np.empty((len(people), 0, 4))
