"""Diagnostics as they may be seen.

In order: values are rounded to the policy's digits; an unweighted standardised difference is suppressed when
its variable, or its category of a variable, has a hidden cell in the counts 'covariate:<name>' of the same
contrast, as the difference gives the cell back; everything on a contrast one of whose arms has too few people
is suppressed; pairs of groups of one outcome that differ by a few people are counted and added, and so is how
complete a field is where its counts are withheld.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from iop_outcomes.release.counts import OVERLAPPING, difference_risks
from iop_outcomes.release.evidence import Evidence
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.shares import known_shares

if TYPE_CHECKING:
    import pandas as pd

COVARIATE = "covariate:"
SIZES = ("effective_sample_size",)


def release_diagnostics(diagnostics: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """The diagnostics that may be released: same rows, one for each pair of analyses that can be differenced, and
    one for each field and group whose counts are withheld.
    """
    import pandas as pd

    policy = evidence.policy
    if policy.exact:
        return diagnostics.reset_index(drop=True)
    told, few = _hidden_variables(evidence), _small_contrasts(evidence)
    hide = [
        row.contrast in few
        or (
            row.method == "unweighted"
            and row.quantity == "standardised_difference"
            and (row.contrast, row.variable) in told
        )
        for row in diagnostics.itertuples()
    ]
    values = [
        float("nan") if hidden or pd.isna(value) else _rounded(value, quantity, policy)
        for hidden, value, quantity in zip(hide, diagnostics["value"], diagnostics["quantity"], strict=True)
    ]
    status = ["suppressed" if hidden else s for hidden, s in zip(hide, diagnostics["status"], strict=True)]
    released = diagnostics.assign(value=values, status=pd.Series(status, index=diagnostics.index, dtype=object))
    shares = known_shares(evidence.counts, evidence.released, policy)
    parts = [p for p in (released, _differences(evidence), shares) if len(p)]
    return pd.concat(parts, ignore_index=True) if parts else released


def _rounded(value: float, quantity: str, policy: Policy) -> float:
    return policy.rounded_size(value) if quantity in SIZES else round(value, policy.digits)


def _hidden_variables(evidence: Evidence) -> set[tuple[str, str]]:
    """Contrasts and variables with a hidden cell: 'sex' and, for its level 'male', 'sex=male'."""
    found: set[tuple[str, str]] = set()
    released = evidence.released
    hidden = released[(released["status"] == "suppressed") & released["outcome"].str.startswith(COVARIATE)]
    for row in hidden.itertuples():
        name = str(row.outcome).removeprefix(COVARIATE)
        found |= {(str(row.contrast), name), (str(row.contrast), f"{name}={row.level}")}
    return found


def _small_contrasts(evidence: Evidence) -> set[str]:
    """Contrasts with an arm that has too few people, by the largest of its groups."""
    counts = evidence.counts[(evidence.counts["arm"] != "all") & (evidence.counts["subgroup"] == "all")]
    counts = counts[~counts["analysis"].isin(list(OVERLAPPING))]
    groups: Counter[tuple[str, ...]] = Counter()
    for row in counts.itertuples():
        key = (row.contrast, row.arm, row.analysis, row.outcome, row.horizon_days)
        groups[tuple(map(str, key))] += int(str(row.count))
    largest: dict[tuple[str, str], int] = {}
    for (contrast, arm, *_), people in groups.items():
        largest[contrast, arm] = max(people, largest.get((contrast, arm), 0))
    return {contrast for (contrast, _), people in largest.items() if evidence.policy.small(people)}


def _differences(evidence: Evidence) -> pd.DataFrame:
    """Pairs of groups of two analyses that differ by a few people. Rounded counts cannot be differenced."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    table = TABLES["diagnostics"].empty()
    if evidence.policy.rounding_base > 1:
        return table
    pairs = Counter(
        (
            str(p.analysis),
            str(p.cohort),
            str(p.contrast),
            f"{p.outcome}: {p.other_analysis}, {p.other_contrast}",
        )
        for p in difference_risks(evidence.counts, evidence.policy.minimum_count).itertuples()
    )
    rows = [
        (*key, "release", "difference_risk", variable, float(count), 0.0, "info")
        for (*key, variable), count in sorted(pairs.items())
    ]
    return pd.DataFrame(rows, columns=list(table.columns)) if rows else table
