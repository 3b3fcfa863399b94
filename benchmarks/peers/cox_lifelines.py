"""Weighted Cox with robust variance: lifelines."""

from __future__ import annotations

import sys
import warnings

import pandas as pd
from common import report, survival_data
from lifelines import CoxPHFitter

warnings.simplefilter("ignore")
data = survival_data(int(sys.argv[1]))
frame = pd.DataFrame(data["x"], columns=["a", "b", "c"]).assign(
    time=data["time"], event=data["event"], weight=data["weight"]
)


def work() -> tuple[float, float]:
    """The first coefficient and its robust standard error."""
    fit = CoxPHFitter().fit(frame, "time", "event", weights_col="weight", robust=True)
    return float(fit.params_["a"]), float(fit.standard_errors_["a"])


report(work)
