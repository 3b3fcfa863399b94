"""What came of a question in cohorts alike, as it may be told.

Such cohorts are drawn from coarse numbers, none of which is of a few people, and of which none is told (`analyses.
likeness`). What a truth is set to and how the answers scatter about it tells nothing of single people; but where the
question has no number that may be seen, none of these stands in its place, and where the truth is the estimate,
rounded, it is told only where the released estimate is no coarser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.tables.results import ALL, AS_ESTIMATED, OF_ALIKE
from iop_outcomes.vocabulary.measures import DIFFERENCE, MEAN_DAYS, RISK
from iop_outcomes.vocabulary.statuses import OK

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
# how far the truth may lie from the estimate that it is: half of what each of two means is rounded to
OFF = {RISK: 0.01, MEAN_DAYS: 1.0}

Errors = Mapping[tuple[str, ...], float]


def errors(estimates: pd.DataFrame) -> Errors:
    """How far the released difference of a question may be off, by measure and question, where it is told."""
    own = estimates[(estimates["of"] == DIFFERENCE) & (estimates["group_by"] == ALL) & (estimates["status"] == OK)]
    own = own[own["measure"].isin(list(OFF)) & own["estimate"].notna() & own["delta_first"].isna()]
    keys = own[["measure", *QUESTION]].astype(str).itertuples(index=False, name=None)
    return dict(zip(keys, own["rounding_error"].fillna(0.0).astype(float), strict=True))


def value(row: Mapping[str, object], known: Errors) -> float | None:
    """The value of a row of OF_ALIKE as it may be told, None where it may not."""
    error = known.get((str(row["variable"]), *(str(row[name]) for name in QUESTION)))
    if error is None or (row["level"] == AS_ESTIMATED and error > OFF[str(row["variable"])]):
        return None
    return float(str(row["value"]))


def told(row: Mapping[str, object]) -> bool:
    """The row is of cohorts alike."""
    return row["quantity"] in OF_ALIKE
