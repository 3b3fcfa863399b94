"""What was recorded of people up to the day of an answer, as columns of models of the answer and of having given one.

Of a person: whether the last screen was positive or negative, and how long before the day; shares of screens that were
positive and that were missed; care on the day, days in it, hours attended; and the interview before this one. Each
column is complete: a screen that was never given is neither positive nor negative. Beside them stand the arm and the
terms of the propensity score, and those columns once more within the first arm, as what is recorded may tell more in
one arm.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.retention import in_order
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.protocol import Analysis, Imputation

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.sample import Sample

NAMES = (
    "last_screen_positive", "last_screen_negative", "days_since_positive", "days_since_negative", "positive_share",
    "missed_share", "in_care_then", "care_share", "hours_per_week", "recent_hours_per_week",
)  # fmt: skip
ANSWERED, ABSTINENT_THEN = "answered_before", "abstinent_before"
WITHIN_FIRST = "first_arm_and_"
# what is left of a column of unit length beside the others, below which they hold it
DEPENDENT = 1e-6
# columns of the table
BEFORE, LAST = "abstinent_before", "abstinent_last"


@dataclass(frozen=True)
class History:
    """record: (n, 10) columns NAMES. earlier: (n,) what the interview before said, 1 for abstinent, NaN without one.

    last: (n,) the same of what was last seen, screen or interview. certain: (n,) a screen or a death tells the answer,
    whether the interview was held or not. seed: of the draws of this question, the same for every method. how: to
    impute.
    """

    record: Array
    earlier: Array
    last: Array
    certain: Mask
    seed: int
    how: Imputation

    def take(self, some: Mask) -> History:
        """The same of some people."""
        return History(self.record[some], self.earlier[some], self.last[some], self.certain[some], self.seed, self.how)

    @cached_property
    def before(self) -> Array:
        """(n, 2) whether the interview before was held, and said abstinent."""
        held = ~np.isnan(self.earlier)
        return np.column_stack([held, np.where(held, self.earlier, 0.0)]).astype(float)

    def fixed(self, sample: Sample) -> Array:
        """(n, q) columns of the equations that impute: arm, terms of the score, the record, and it in the first arm.

        Whoever a screen tells of is marked, so that nobody else's draws lean on them.
        """
        arm = sample.arm[:, None].astype(float)
        terms = sample.propensity.matrix.take(sample.compared).dense()[:, 1:]
        return np.hstack([arm, terms, self.record, arm * self.record, self.certain[:, None].astype(float)])

    def matrix(self, sample: Sample, among: Mask) -> ModelMatrix:
        """(N, q) of everyone, the columns of the chance of being observed that vary among some people (N,)."""
        arm = (sample.everyone["arm"] == 1).to_numpy(dtype=float)[:, None]
        own = np.zeros((len(arm), len(NAMES) + 2))
        own[sample.compared] = np.hstack([self.record, self.before])
        names = (*NAMES, ANSWERED, ABSTINENT_THEN)
        numeric = np.hstack([arm, own, arm * own])
        terms = sample.propensity.matrix
        terms = terms.keep(np.arange(terms.shape[1]) > 0)
        whole = ModelMatrix(
            np.hstack([numeric, terms.numeric]),
            ("arm", *names, *(WITHIN_FIRST + n for n in names), *terms.names),
            terms.codes,
            terms.levels,
        )
        own_columns = np.arange(len(whole.names)) <= 2 * len(names)
        varying = whole.varying(among)
        mine = np.isin(varying.names, [n for n, own in zip(whole.names, own_columns, strict=True) if own])
        return varying.keep(_independent(varying.take(among).dense(), mine))


def _independent(table: Array, mine: Mask) -> Mask:
    """(p,) columns of a table (n, p) to keep: those of the record, `mine` (p,), only where others do not hold them.

    A chance is the same whichever of two columns that say the same is left out.
    """
    order = np.argsort(mine, kind="stable")
    away = table[:, order] - table.mean(axis=0)[order]
    length = np.sqrt((away**2).sum(axis=0))
    triangle = np.linalg.qr(away / np.where(length > 0, length, 1.0), mode="r")
    left = np.zeros(len(mine))
    left[: len(triangle)] = np.abs(np.diag(triangle))
    keep = np.ones(len(mine), dtype=bool)
    keep[order] = (left > DEPENDENT) | ~mine[order]
    return keep


def read(history: pd.DataFrame, people: pd.DataFrame, ask: Analysis, how: Imputation) -> History:
    """What was recorded up to the day of a question, in the order of people."""
    asked = (history["horizon_days"] == ask.horizon_days) & (history["outcome"] == ask.outcome)
    own = in_order(history[asked], people["person_id"])
    days, weeks = float(ask.horizon_days), ask.horizon_days / 7
    positive = own["last_screen_positive"]
    known = positive.notna().to_numpy()
    last = positive.fillna(False).to_numpy(dtype=bool)
    since = own["days_since_screen"].fillna(0).to_numpy(dtype=float) / days
    due = np.maximum(own["screens_due"].to_numpy(dtype=float), 1.0)
    given = np.maximum(own["screens_due"].to_numpy(dtype=float) - own["screens_missed"].to_numpy(dtype=float), 1.0)
    record = np.column_stack(
        [
            known & last,
            known & ~last,
            since * (known & last),
            since * (known & ~last),
            own["screens_positive"].to_numpy(dtype=float) / given,
            own["screens_missed"].to_numpy(dtype=float) / due,
            own["in_care_then"].to_numpy(dtype=float),
            own["days_in_care"].to_numpy(dtype=float) / days,
            own["hours"].fillna(0).to_numpy(dtype=float) / weeks,
            own["recent_hours"].fillna(0).to_numpy(dtype=float) / 4,
        ]
    ).astype(float)
    key = f"{ask.cohort} {ask.contrast} {ask.outcome} {ask.horizon_days}"
    seed = (how.seed + zlib.crc32(key.encode())) % 2**32
    earlier, seen = (
        np.where(own[c].isna(), np.nan, own[c].fillna(False).to_numpy(dtype=float)) for c in (BEFORE, LAST)
    )
    return History(record, earlier.astype(float), seen.astype(float), own["certain"].to_numpy(dtype=bool), seed, how)
