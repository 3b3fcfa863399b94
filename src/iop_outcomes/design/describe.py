"""What the reader sees of the design: who is in the arms, how the scores overlap, what balance was reached.

People in cells go into counts, so that disclosure control meets them; the rest are diagnostics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.population import arms_of
from iop_outcomes.design.balance import BY_COVARIATE, OF_ALL_ARMS, bins, numbers
from iop_outcomes.design.propensity import Fitted
from iop_outcomes.estimators.base.arrays import Mask
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.protocol import Adjustment, Contrast, Gate
from iop_outcomes.tables.bands import SCORES
from iop_outcomes.tables.results import (
    ALL,
    COVARIATE,
    MEAN,
    OF_THE_WHOLE,
    PEOPLE,
    SCORE,
    SCORE_PATTERNS,
    STANDARD_DEVIATION,
)
from iop_outcomes.tables.rows import exact

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, object]


def counts(
    key: Mapping[str, str],
    everyone: pd.DataFrame,
    alone: Mask,
    members: pd.DataFrame,
    contrast: Contrast,
    adjustment: Adjustment,
    fitted: Fitted,
) -> pd.DataFrame:
    """Counts by arm: people with and without a counterpart, categories of the covariates, bins of the score.

    everyone: all people of the contrast; alone: (n,) those without a counterpart; members: the people compared.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    reach = pd.Series(np.where(alone, "without_counterpart", "with_counterpart"))
    cells = {(COVARIATE, name): members[name] for name in adjustment.categorical}
    if not fitted.problem:
        own_bins = pd.Series(bins(fitted.scores["propensity"].to_numpy())).astype("category")
        cells[SCORE, ALL] = own_bins.cat.rename_categories(dict(enumerate(SCORES)))
    parts = [TABLES["counts"].empty()]
    for value, arm in enumerate(arms_of(contrast)):
        own = [((PEOPLE, ALL), reach[(everyone["arm"] == value).to_numpy()])]
        if value < 2:  # of further arms nothing is told but their people
            own += [(what, levels[(members["arm"] == value).to_numpy()]) for what, levels in cells.items()]
        for (outcome, variable), levels in own:
            found = levels.value_counts().sort_index()
            found = found[found > 0]
            parts.append(
                pd.DataFrame(
                    {
                        **key,
                        "arm": arm.name,
                        "outcome": outcome,
                        "variable": variable,
                        "horizon_days": pd.array([None] * len(found), dtype="Int64"),
                        "group_by": ALL,
                        "group": ALL,
                        "level": found.index.astype(str).astype(object),
                        "detail": "",
                        "position": pd.array([None] * len(found), dtype="Int64"),
                        **exact(pd.array(found.to_numpy(), dtype="Int64")),
                        "rounded_to": pd.array([1] * len(found), dtype="Int64"),
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
    contrast: Contrast,
    fitted: Fitted,
    found: pd.DataFrame,
    thresholds: Gate,
    columns: Mapping[str, tuple[str, str]],
) -> pd.DataFrame:
    """Balance, effective sample sizes and weights with their limits; means and spread by arm; one-arm strata."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    limits = {
        "standardised_difference": thresholds.max_standardised_difference,
        OF_ALL_ARMS: thresholds.max_standardised_difference,
        "largest_weight": thresholds.max_weight,
        # these have a limit only where the protocol sets one
        "variance_ratio": thresholds.max_variance_ratio,
        "within_site_difference": thresholds.max_within_site_difference,
        "score_overlap": thresholds.min_score_overlap,
    }
    declared = TABLES["diagnostics"]
    rows: list[Row] = []
    for method, quantity, variable, value in found[["method", "quantity", "variable", "value"]].to_numpy():
        own = quantity not in BY_COVARIATE or variable in fitted.judged
        asked = own and (method != "unweighted" or quantity == "score_overlap")
        limit = limits.get(quantity) if asked else None
        status = "info" if limit is None else ("failed" if _beyond(quantity, value, limit) else "ok")
        of = _of(variable, contrast, columns)
        rows.append(_row(method, quantity, value, **of, threshold=np.nan if limit is None else limit, status=status))
    rows.append(_row("unweighted", "one_arm_strata", float(one_arm_strata), variable=contrast.stratum))
    if not fitted.problem:
        distinct = np.unique(fitted.scores["propensity"].to_numpy().round(9)).size
        rows.append(_row("unweighted", SCORE_PATTERNS, float(distinct)))
    rows += _moments(members, covariates, contrast)
    frame = pd.DataFrame([{**key, **row} for row in rows], columns=list(declared.columns))
    return frame.astype({name: column.dtype for name, column in declared.columns.items()})


def _of(name: str, contrast: Contrast, columns: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """What a row of balance is of: an arm, or a covariate or a category of it."""
    if name in ("first", "second"):
        return {"arm": getattr(contrast, name).name}
    variable, level = columns.get(name, (name, ALL))
    return {"variable": variable, "level": level}


def _row(method: str, quantity: str, value: float, **more: object) -> Row:
    plain = {"threshold": np.nan, "status": "info"}
    return {**OF_THE_WHOLE, **plain, "method": method, "quantity": quantity, "value": value, **more}


def _beyond(quantity: str, value: float, limit: float) -> bool:
    if quantity == "score_overlap":
        return value < limit
    return max(value, 1 / value) > limit if quantity == "variance_ratio" else abs(value) > limit


def _moments(members: pd.DataFrame, covariates: ModelMatrix, contrast: Contrast) -> list[Row]:
    """Mean and standard deviation by arm of the covariates that are numbers."""
    rows: list[Row] = []
    for at in numbers(covariates):
        name = covariates.names[at]
        for side, value in ((contrast.first, 1), (contrast.second, 0)):
            own = covariates.numeric[(members["arm"] == value).to_numpy(), at]
            if len(own) > 1:
                for quantity, number in ((MEAN, own.mean()), (STANDARD_DEVIATION, own.std(ddof=1))):
                    of = {"arm": side.name, "variable": name}
                    rows.append(_row("unweighted", quantity, float(number), **of))
    return rows
