"""What the reader sees of the design: who is in the arms, how the scores overlap, what balance was reached.

People in cells go into counts, so that disclosure control meets them; the rest are diagnostics.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.cohort.population import arms_of
from iop_outcomes.design.balance import BY_COVARIATE, OF_ALL_ARMS, SCORE_BINS, bins, numbers
from iop_outcomes.design.propensity import Fitted
from iop_outcomes.estimators.model_matrix import ModelMatrix

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Settings = Mapping[str, Any]
# quantities with a limit only where the protocol sets one, and its key
OPTIONAL_LIMITS = {
    "variance_ratio": "max_variance_ratio",
    "within_site_difference": "max_within_site_difference",
    "score_overlap": "min_score_overlap",
}


def counts(
    key: Mapping[str, str],
    everyone: pd.DataFrame,
    alone: NDArray[np.bool_],
    members: pd.DataFrame,
    contrast: Settings,
    adjustment: Settings,
    fitted: Fitted,
) -> pd.DataFrame:
    """Counts by arm: people with and without a counterpart, categories of the covariates, bins of the score.

    everyone: all people of the contrast; alone: (n,) those without a counterpart; members: the people compared.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    reach = pd.Series(np.where(alone, "without_counterpart", "with_counterpart"))
    cells = {f"covariate:{name}": members[name] for name in adjustment["categorical"]}
    if not fitted.problem:
        labels = [f"{a:.2f}-{b:.2f}" for a, b in pairwise(SCORE_BINS)]
        own_bins = bins(fitted.scores["propensity"].to_numpy())
        cells["propensity"] = pd.Series(pd.Categorical.from_codes(own_bins, labels))
    parts = [TABLES["counts"].empty()]
    for value, arm in enumerate(arms_of(contrast)):
        own = [("people", reach[(everyone["arm"] == value).to_numpy()])]
        if value < 2:  # of further arms nothing is told but their people
            own += [(outcome, levels[(members["arm"] == value).to_numpy()]) for outcome, levels in cells.items()]
        for outcome, levels in own:
            found = levels.value_counts().sort_index()
            found = found[found > 0]
            parts.append(
                pd.DataFrame(
                    {
                        **key,
                        "arm": arm["name"],
                        "outcome": outcome,
                        "horizon_days": pd.array([None] * len(found), dtype="Int64"),
                        "subgroup": "all",
                        "level": found.index.astype(str).astype(object),
                        "count": pd.array(found.to_numpy(), dtype="Int64"),
                        "status": "ok",
                    }
                )
            )
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def diagnostics(
    key: Mapping[str, str],
    one_arm_strata: int,
    members: pd.DataFrame,
    covariates: ModelMatrix,
    contrast: Settings,
    fitted: Fitted,
    found: pd.DataFrame,
    thresholds: Settings,
) -> pd.DataFrame:
    """Balance, effective sample sizes and weights with their limits; means and spread by arm; one-arm strata."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    limits = {
        "standardised_difference": thresholds["max_standardised_difference"],
        OF_ALL_ARMS: thresholds["max_standardised_difference"],
        "largest_weight": thresholds["max_weight"],
    } | {quantity: thresholds[key] for quantity, key in OPTIONAL_LIMITS.items() if thresholds.get(key) is not None}
    rows: list[tuple[Any, ...]] = []
    row: Any
    for row in found.itertuples():
        own = row.quantity not in BY_COVARIATE or row.variable in fitted.judged
        asked = own and (row.method != "unweighted" or row.quantity == "score_overlap")
        limit = limits.get(row.quantity, np.nan) if asked else np.nan
        status = "info" if np.isnan(limit) else ("failed" if _beyond(row.quantity, row.value, limit) else "ok")
        variable = contrast[row.variable]["name"] if row.variable in ("first", "second") else row.variable
        rows.append((row.method, row.quantity, variable, row.value, limit, status))
    rows.append(("unweighted", "one_arm_strata", contrast["stratum"], float(one_arm_strata), np.nan, "info"))
    rows += _moments(members, covariates, contrast)
    columns = ["method", "quantity", "variable", "value", "threshold", "status"]
    frame = pd.DataFrame(rows, columns=columns).astype({"value": float, "threshold": float})
    return frame.assign(**key)[list(TABLES["diagnostics"].columns)]


def _beyond(quantity: str, value: float, limit: float) -> bool:
    if quantity == "score_overlap":
        return value < limit
    return max(value, 1 / value) > limit if quantity == "variance_ratio" else abs(value) > limit


def _moments(members: pd.DataFrame, covariates: ModelMatrix, contrast: Settings) -> list[tuple[Any, ...]]:
    """Mean and standard deviation by arm of the covariates that are numbers."""
    rows: list[tuple[Any, ...]] = []
    for at in numbers(covariates):
        name = covariates.names[at]
        for side, value in (("first", 1), ("second", 0)):
            own = covariates.numeric[(members["arm"] == value).to_numpy(), at]
            if len(own) > 1:
                for quantity, number in (("mean", own.mean()), ("standard_deviation", own.std(ddof=1))):
                    rows.append(("unweighted", f"{quantity}_{contrast[side]['name']}", name, number, np.nan, "info"))
    return rows
