"""Weighted Cox with robust variance: ours."""

from __future__ import annotations

import sys

from common import report, survival_data

from iop_outcomes.estimators.cox.cox import cox

data = survival_data(int(sys.argv[1]))


def work() -> tuple[float, float]:
    """The first coefficient and its robust standard error."""
    fit = cox(data["x"], data["time"], data["event"], ["a", "b", "c"], weight=data["weight"])
    return float(fit.estimate.value[0]), float(fit.estimate.standard_error()[0])


report(work)
