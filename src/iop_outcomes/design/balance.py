"""Balance of the covariates between the arms, before and after weighting, and how much the weights cost.

Standardised differences use the unweighted pooled standard deviation, so that weighting cannot hide an imbalance by
changing the scale (Austin & Stuart 2015, Statistics in Medicine 34:3661).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.design.propensity import WEIGHTS, Fitted
from iop_outcomes.estimators import balance as estimator

if TYPE_CHECKING:
    import pandas as pd


def table(members: pd.DataFrame, numbers: pd.DataFrame, fitted: Fitted) -> pd.DataFrame:
    """One row per method and quantity: standardised differences, effective sample sizes, largest weights.

    Columns: method, quantity, variable, value. Unweighted rows are always there; weighted ones when there is a score.
    """
    import pandas as pd

    arm = members["arm"].to_numpy()
    if len(np.unique(arm)) < 2:
        return pd.DataFrame(columns=["method", "quantity", "variable", "value"])
    methods = {"unweighted": np.ones(len(members))}
    if not fitted.problem:
        methods.update({kind: fitted.scores[kind].to_numpy() for kind in WEIGHTS})
    rows = []
    for method, weight in methods.items():
        gaps = estimator.standardised_difference(numbers.to_numpy(), arm, weight)
        rows += [(method, "standardised_difference", n, float(g)) for n, g in zip(numbers.columns, gaps, strict=True)]
        for side, value in (("first", 1), ("second", 0)):
            own = weight[arm == value]
            rows.append((method, "effective_sample_size", side, estimator.effective_sample_size(own)))
            rows.append((method, "largest_weight", side, own.max() / own.mean()))
    return pd.DataFrame(rows, columns=["method", "quantity", "variable", "value"])
