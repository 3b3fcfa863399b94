"""The gate after outcomes: the smallest difference in risk that the people of an analysis can show.

In order: the standard error of the difference, as it stands beside the estimate, makes the difference that is
detectable with 80 % power, (z_{1 - alpha/2} + z_{.8}) times it: whatever weights, models, clusters and missing answers
cost is in it, as in the interval. It becomes a row of the diagnostics. Where the protocol sets a limit and it is
passed, the estimate is gated with that reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from iop_outcomes.analyses.rows import Row, diagnostic
from iop_outcomes.estimators.base.margins import detectable
from iop_outcomes.protocol import Analysis
from iop_outcomes.tables.results import DETECTABLE
from iop_outcomes.vocabulary.measures import DIFFERENCE


@dataclass(frozen=True)
class Judged:
    """The row of the table diagnostics, if there is one, and why the estimate is gated, or ''."""

    row: Row | None = None
    reason: str = ""


def error_of(rows: Iterable[Row]) -> float:
    """The standard error of the difference among the rows of one estimand; NaN without."""
    return next((float(str(row["std_error"])) for row in rows if row["of"] == DIFFERENCE), float("nan"))


def judge(ask: Analysis, level: float, error: float, limit: float | None) -> Judged:
    """What the people of an analysis can show, held against the limit.

    level: of confidence. error: standard error of the difference; where it is not above 0, nothing is said.
    """
    if not error > 0:
        return Judged()
    value = detectable(error, level=level)
    if limit is None:
        return Judged(diagnostic(ask, DETECTABLE, value, np.nan, "info"))
    passed = value > limit
    # the difference itself rests on outcomes, and is told by the diagnostics where it may be
    reason = f"these people can show no difference in risk as small as {limit:.0%}, the limit" if passed else ""
    return Judged(diagnostic(ask, DETECTABLE, value, limit, "failed" if passed else "ok"), reason)
