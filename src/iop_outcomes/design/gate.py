"""The gate: whether the design of a contrast allows an estimate, method by method, before outcomes are read.

Crude, naive and randomised comparisons need people in both arms and nothing else. Weighted and doubly robust ones
need a score, balance, an effective sample and no weight that carries the result alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_outcomes.design.propensity import Fitted

if TYPE_CHECKING:
    import pandas as pd

UNADJUSTED = ("crude", "naive", "randomised")
# methods that stand on a score, and the weights whose diagnostics they answer for
ADJUSTED = {"iptw": "iptw", "overlap": "overlap", "aipw": "iptw"}


def decide(
    name: str, contrast: Mapping[str, Any], fitted: Fitted, found: pd.DataFrame, thresholds: Mapping[str, Any]
) -> pd.DataFrame:
    """The table gates of a contrast."""
    import pandas as pd

    rows = []
    for method in UNADJUSTED:
        status = "ok" if fitted.possible else "not_possible"
        rows.append((name, method, status, "" if fitted.possible else fitted.problem))
    for method, weights in ADJUSTED.items():
        if fitted.problem:
            status = "gated" if fitted.possible else "not_possible"
            rows.append((name, method, status, fitted.problem))
            continue
        if _constant(fitted):
            rows.append((name, method, "gated", "there is nothing to adjust for: the crude comparison stands"))
            continue
        judged = (found["quantity"] != "standardised_difference") | found["variable"].isin(fitted.judged)
        reasons = _reasons(found[judged & (found["method"] == weights)], found, thresholds)
        rows.append((name, method, "gated" if reasons else "ok", "; ".join(reasons)))
    return pd.DataFrame(rows, columns=["contrast", "method", "status", "reason"])


def _constant(fitted: Fitted) -> bool:
    """Everyone of an arm weighs the same, so that weighting is the crude comparison under another name.

    Its digits would give back the counts that disclosure control hides.
    """
    return bool((fitted.scores.groupby("arm")["overlap"].agg(lambda w: w.max() - w.min()) < 1e-9).all())


def _reasons(weighted: pd.DataFrame, found: pd.DataFrame, thresholds: Mapping[str, Any]) -> list[str]:
    reasons = []
    smd = weighted.loc[weighted["quantity"] == "standardised_difference", "value"].abs().max()
    if smd > thresholds["max_standardised_difference"]:
        limit = thresholds["max_standardised_difference"]
        reasons.append(
            f"a covariate is out of balance after weighting (standardised difference {smd:.2f}, limit {limit:g})"
        )
    share = effective_share(weighted, found)
    if share < thresholds["min_effective_share"]:
        limit = thresholds["min_effective_share"]
        reasons.append(f"the weights leave {share:.0%} of an arm's people as effective sample (limit {limit:.0%})")
    largest = weighted.loc[weighted["quantity"] == "largest_weight", "value"].max()
    if largest > thresholds["max_weight"]:
        reasons.append(f"one person weighs {largest:.0f} times the mean (limit {thresholds['max_weight']:g})")
    return reasons


def effective_share(weighted: pd.DataFrame, found: pd.DataFrame) -> float:
    """The smaller arm-wise ratio of the effective sample size to the number of people."""

    def sizes(rows: pd.DataFrame) -> pd.Series:
        return rows[rows["quantity"] == "effective_sample_size"].set_index("variable")["value"]

    return float((sizes(weighted) / sizes(found[found["method"] == "unweighted"])).min())
