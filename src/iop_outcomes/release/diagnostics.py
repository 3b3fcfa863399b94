"""Diagnostics as they may be seen.

In order: rows of single strata are left out; shares of categories and the overlap of scores are computed from
released counts; values are rounded to the policy's digits; an unweighted difference is suppressed when its variable,
or its category of a variable, has a hidden cell in the counts of covariates of the same contrast, as the
difference gives the cell back; the largest difference within a site is suppressed, as the site may be small; a
detectable difference, a test or an interval is suppressed where the estimate of its question is; everything on a
contrast one of whose arms has too few people is suppressed; pairs of groups of one outcome that differ by a few people
are counted and added, and so is how complete a field is where its counts are withheld.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.release import positivity
from iop_outcomes.release.completeness import known_shares
from iop_outcomes.release.counts import OVERLAPPING, difference_risks
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.support import Evidence
from iop_outcomes.tables.results import ALL, COVARIATE, OF_QUESTIONS, OF_THE_WHOLE

if TYPE_CHECKING:
    import pandas as pd

SIZES = ("effective_sample_size",)
# unweighted, these tell the cells of a category
GIVES_BACK = ("standardised_difference", "within_site_difference", "distribution_distance", "pairwise_difference")
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
# of two groups of one outcome: those of the one, then the analysis and the contrast of the other
OF_A_PAIR = ("analysis", "cohort", "contrast", "outcome", "variable", "other_analysis", "other_contrast")
# may speak of a site with few people
OF_FEW = ("largest_within_site_difference",)


def release_diagnostics(
    diagnostics: pd.DataFrame,
    evidence: Evidence,
    arms: Mapping[str, Sequence[str]],
    estimates: pd.DataFrame,
) -> pd.DataFrame:
    """The diagnostics that may be released, one row for each pair of analyses that can be differenced, and one for
    each field and group whose counts are withheld.

    arms: names of the first and the second arm by contrast. estimates: as released.
    """
    import pandas as pd

    policy = evidence.policy
    if policy.exact:
        return diagnostics.reset_index(drop=True)
    diagnostics = positivity.shares(positivity.without_strata(diagnostics), evidence, arms)
    diagnostics = positivity.overlap(diagnostics, evidence, arms)
    told, few = _hidden_variables(evidence), _small_contrasts(evidence)
    shown = _estimated(estimates)
    hide = [
        row.contrast in few
        or row.status == "suppressed"
        or row.quantity in OF_FEW
        or (
            row.method == "unweighted"
            and row.quantity in GIVES_BACK
            and (row.contrast, row.variable, row.level) in told
        )
        or (row.quantity in OF_QUESTIONS and (row.quantity, *_question(row)) not in shown)
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


def _hidden_variables(evidence: Evidence) -> set[tuple[str, str, str]]:
    """Contrasts, variables and levels with a hidden cell, and each such variable as a whole."""
    found: set[tuple[str, str, str]] = set()
    released = evidence.released
    hidden = (released["outcome"] == COVARIATE) & (released["status"] == "suppressed")
    for row in released[hidden].itertuples():
        found |= {(str(row.contrast), str(row.variable), level) for level in (ALL, str(row.level))}
    return found


def _question(row: object) -> tuple[str, ...]:
    return tuple(str(getattr(row, name)) for name in QUESTION)


def _estimated(estimates: pd.DataFrame) -> set[tuple[str, ...]]:
    """Quantity and question of what is told where no number of the question is withheld."""
    found: dict[tuple[str, ...], set[str]] = {}
    for quantity, measure in OF_QUESTIONS.items():
        for row in estimates[estimates["measure"] == measure].itertuples():
            found.setdefault((quantity, *_question(row)), set()).add(str(row.status))
    return {key for key, statuses in found.items() if "ok" in statuses and "suppressed" not in statuses}


def _small_contrasts(evidence: Evidence) -> set[str]:
    """Contrasts with an arm that has too few people, by the largest of its groups."""
    counts = evidence.counts[(evidence.counts["arm"] != ALL) & (evidence.counts["group_by"] == ALL)]
    counts = counts[~counts["analysis"].isin(list(OVERLAPPING))]
    groups: Counter[tuple[str, ...]] = Counter()
    for row in counts.itertuples():
        key = (row.contrast, row.arm, row.analysis, row.outcome, row.variable, row.horizon_days)
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
        tuple(str(getattr(pair, name)) for name in OF_A_PAIR)
        for pair in difference_risks(evidence.counts, evidence.policy.minimum_count).itertuples()
    )
    same = {**OF_THE_WHOLE, "method": "release", "quantity": "difference_risk", "threshold": 0.0, "status": "info"}
    names = ("analysis", "cohort", "contrast", "outcome", "variable", "group_by", "group")
    rows = [{**same, **dict(zip(names, key, strict=True)), "value": float(n)} for key, n in sorted(pairs.items())]
    if not rows:
        return table
    declared = TABLES["diagnostics"].columns
    return pd.DataFrame(rows, columns=list(declared)).astype({n: c.dtype for n, c in declared.items()})
