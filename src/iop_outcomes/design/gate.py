"""The gate: whether the design of a contrast allows an estimate, method by method, before outcomes are read.

Crude, naive and randomised comparisons need people in both arms and nothing else. Weighted and doubly robust ones
need a score, balance, an effective sample and no weight that carries the result alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.design.balance import BY_COVARIATE, OF_ALL_ARMS
from iop_outcomes.design.propensity import Fitted
from iop_outcomes.protocol import Gate
from iop_outcomes.vocabulary.methods import CRUDE, METHODS, NAIVE, RANDOMISED, SCORED

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_SCORE = (CRUDE, NAIVE, RANDOMISED)


def decide(
    name: str,
    fitted: Fitted,
    found: pd.DataFrame,
    thresholds: Gate,
    methods: Sequence[str],
) -> pd.DataFrame:
    """The table gates of a contrast: unadjusted methods, and those of SCORED that are asked for."""
    import pandas as pd

    rows = []
    for method in WITHOUT_SCORE:
        status = "ok" if fitted.possible else "not_possible"
        rows.append((name, method, status, "" if fitted.possible else fitted.problem))
    for method in (m for m in SCORED if m in methods):
        if fitted.problem:
            status = "gated" if fitted.possible else "not_possible"
            rows.append((name, method, status, fitted.problem))
            continue
        if METHODS[method].weights in fitted.refused:
            rows.append((name, method, "gated", fitted.refused[METHODS[method].weights]))
            continue
        if _constant(fitted):
            rows.append((name, method, "gated", "there is nothing to adjust for: the crude comparison stands"))
            continue
        judged = ~found["quantity"].isin(BY_COVARIATE) | found["variable"].isin(fitted.judged)
        weighted = found[judged & (found["method"] == METHODS[method].weights)]
        reasons = _reasons(weighted, found, thresholds)
        rows.append((name, method, "gated" if reasons else "ok", "; ".join(reasons)))
    return pd.DataFrame(rows, columns=["contrast", "method", "status", "reason"])


def _constant(fitted: Fitted) -> bool:
    """Everyone of an arm weighs the same, so that weighting is the crude comparison under another name.

    Its digits would give back the counts that disclosure control hides.
    """
    scores = fitted.scores.filter(regex="^propensity").groupby(fitted.scores["arm"])
    return bool(((scores.max() - scores.min()) < 1e-9).all(axis=None))


def _reasons(weighted: pd.DataFrame, found: pd.DataFrame, thresholds: Gate) -> list[str]:
    reasons = []
    smd = weighted.loc[weighted["quantity"] == "standardised_difference", "value"].abs().max()
    if smd > thresholds.max_standardised_difference:
        limit = thresholds.max_standardised_difference
        reasons.append(
            f"a covariate is out of balance after weighting (standardised difference {smd:.2f}, limit {limit:g})"
        )
    pairs = weighted.loc[weighted["quantity"] == OF_ALL_ARMS, "value"].max()
    if pairs > thresholds.max_standardised_difference:
        limit = thresholds.max_standardised_difference
        reasons.append(
            f"two of the arms are out of balance after weighting (standardised difference {pairs:.2f}, limit {limit:g})"
        )
    share = effective_share(weighted, found)
    if share < thresholds.min_effective_share:
        limit = thresholds.min_effective_share
        reasons.append(f"the weights leave {share:.0%} of an arm's people as effective sample (limit {limit:.0%})")
    largest = weighted.loc[weighted["quantity"] == "largest_weight", "value"].max()
    if largest > thresholds.max_weight:
        reasons.append(f"one person weighs {largest:.0f} times the mean (limit {thresholds.max_weight:g})")
    return reasons + _optional_reasons(weighted, found, thresholds)


def _optional_reasons(weighted: pd.DataFrame, found: pd.DataFrame, thresholds: Gate) -> list[str]:
    """Limits that hold only where the protocol sets them."""
    reasons = []
    ratios = weighted.loc[weighted["quantity"] == "variance_ratio", "value"]
    limit = thresholds.max_variance_ratio
    if limit is not None and max(ratios.max(), (1 / ratios).max()) > limit:
        reasons.append(
            f"a covariate still varies more in one arm than in the other (ratio of variances, limit {limit:g})"
        )
    within = weighted.loc[weighted["quantity"] == "within_site_difference", "value"].abs().max()
    limit = thresholds.max_within_site_difference
    if limit is not None and within > limit:
        reasons.append(f"a covariate is out of balance within sites (mean difference {within:.2f}, limit {limit:g})")
    overlap = found.loc[found["quantity"] == "score_overlap", "value"].min()
    limit = thresholds.min_score_overlap
    if limit is not None and overlap < limit:
        reasons.append(f"the scores of the two arms overlap too little (limit {limit:.0%})")
    return reasons


def effective_share(weighted: pd.DataFrame, found: pd.DataFrame) -> float:
    """The smaller arm-wise ratio of the effective sample size to the number of people."""
    people = found[found["method"] == "unweighted"]
    effective, whole = (
        rows[rows["quantity"] == "effective_sample_size"].set_index("variable")["value"] for rows in (weighted, people)
    )
    return float((effective / whole).min())
