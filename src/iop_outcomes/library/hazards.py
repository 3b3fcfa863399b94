"""A Cox model from a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.estimators.cox import cox as cox_model
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame
from iop_outcomes.vocabulary.measures import HAZARD_RATIO

if TYPE_CHECKING:
    import pandas as pd


def cox(
    data: pd.DataFrame,
    time: str,
    event: str,
    covariates: Sequence[str],
    strata: str | None = None,
    ties: str = "efron",
    weight: str | None = None,
    frequency: str | None = None,
    entry: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Hazard ratios with robust standard errors: in R `coxph(..., robust = TRUE)`.

    covariates: numbers as they are, labels as categories against their first (of a pandas Categorical, its first
    category). ties: efron or breslow. Returns a row a term: `term`, `hazard_ratio`, `conf_low`, `conf_high`,
    `log_hazard_ratio`, `std_error` (of the logarithm), `p_value`. With `cluster`, the standard error is R's times the
    root of J / (J - 1) for J clusters, and limits come from t. Raises EstimationError.
    """
    frame = Frame(data, weight, frequency, entry, cluster)
    matrix = frame.covariates(covariates, without=[n for n in (time, event, entry, strata, weight, frequency) if n])
    rows, days = frame.per_row(), frame.numbers(time, "time")
    within = None if strata is None else frame.labels(strata, "strata")
    estimate = cox_model.cox(
        matrix, days, frame.happened(event, "event"), weight=rows.get("weight"), frequency=rows.get("frequency"),
        entry=rows.get("entry"), strata=within, ties=ties,
    ).estimate  # fmt: skip
    if cluster is not None:
        estimate = estimate.clustered(frame.labels(cluster, "cluster"))
    logs = tidy.rows(estimate, level)
    table = logs.assign(
        term=estimate.names, hazard_ratio=np.exp(logs["estimate"]), conf_low=np.exp(logs["conf_low"]),
        conf_high=np.exp(logs["conf_high"]), p_value=estimate.p_value(),
    ).rename(columns={"estimate": "log_hazard_ratio"})  # fmt: skip
    return tidy.ordered(table, ("term", HAZARD_RATIO, "conf_low", "conf_high", "log_hazard_ratio", "std_error"))
