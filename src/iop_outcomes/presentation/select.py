"""Picking rows of the released tables for figures and report."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Compared
from iop_outcomes.tables.results import ALL, OF_SITE, OVER_SITES, WITHOUT
from iop_outcomes.vocabulary.methods import PREFERRED

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# what tells one row of the sheet from another, in the tables of estimates
ROW = ("analysis", "contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")


def best(rows: pd.DataFrame) -> pd.DataFrame:
    """The row of the most preferred method, by itself."""
    rank = rows["method"].map({m: i for i, m in enumerate(PREFERRED)}).fillna(len(PREFERRED))
    return rows.loc[[rank.idxmin()]]


def asked_first(table: pd.DataFrame, study: Compared) -> pd.DataFrame:
    """A released table without what repeats a question under another rule, with another delta of missing answers,
    site by site, with a covariate left out, or within groups of its people.
    """
    again = study.companions
    if "group_by" in table and "quantity" not in table and study.modifiers:  # tests of groups stand among diagnostics
        table = table[~table["group_by"].isin(list(study.modifiers))]
    if "delta_first" in table:
        table = table[table["delta_first"].isna()]
        table = table[~_specified(table, study) & ~table["group_by"].isin([OF_SITE, OVER_SITES, WITHOUT])]
    own = ~table["contrast"].isin(again.contrasts)
    return table[own & ~table["outcome"].isin(again.outcomes)] if "outcome" in table else table[own]


def _specified(estimates: pd.DataFrame, study: Compared) -> NDArray[np.bool_]:
    """Rows that specification curves alone ask for."""
    import numpy as np

    asked = {tuple(getattr(row, name) for name in ROW) for row in study.specified}
    if not asked:
        return np.zeros(len(estimates), dtype=bool)
    rows = zip(*(estimates[name].tolist() for name in ROW), strict=True)
    return np.fromiter((row in asked for row in rows), bool, len(estimates))


def tipping(estimates: pd.DataFrame) -> pd.DataFrame:
    """Estimates with a delta of missing answers in each arm."""
    return estimates[estimates["delta_first"].notna()]


def of_arms(estimates: pd.DataFrame, measure: str, outcomes: Collection[str]) -> pd.DataFrame:
    """Estimates of one measure and some outcomes, of whole arms."""
    own = (estimates["measure"] == measure) & (estimates["group_by"] == ALL)
    return estimates[own & estimates["outcome"].isin(list(outcomes))]


def why(rows: pd.DataFrame, labels: Labels) -> str:
    """Why there is nothing to draw, from the reasons of the estimates that would be behind it."""
    reasons = [labels.reason(str(r.contrast), str(r.reason)) for r in rows.itertuples() if r.reason]
    return "; ".join(dict.fromkeys(reasons)) or "nothing was estimated that it could show"
