"""Diagnostics as they may be seen.

In order: rows of single strata are left out; shares of categories and the overlap of scores are computed from
released counts; what is told of a covariate in both arms names its cells, the counts of the variable or of its level in
the same contrast, and is as fine as those are (`iop_outcomes.release.fineness`); an unweighted difference is suppressed
when one of its cells is hidden, as the difference gives the cell back; the largest difference within a site is
suppressed, as the site may be small; a detectable difference follows from the released standard error of its question;
a test or an interval is suppressed where the estimate of its question is, and rounded where that is; what came of a
question in cohorts alike is told by `iop_outcomes.release.alike`; everything on a
contrast one of whose arms has too few people is suppressed; how complete a field is where its counts are withheld is
added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.estimators.base.margins import detectable
from iop_outcomes.release import alike, positivity
from iop_outcomes.release.completeness import known_shares
from iop_outcomes.release.counts import RECORDS
from iop_outcomes.release.fineness import Cells, cells_of, fineness
from iop_outcomes.release.policy import Policy
from iop_outcomes.release.precision import step, to_digits, to_step
from iop_outcomes.release.support import Evidence
from iop_outcomes.tables.results import (
    ALL,
    CORRELATION,
    CORRELATION_BEFORE,
    DETECTABLE,
    DIFFERENCE_BROUGHT_IN,
    FEW_SITES_HIGH,
    FEW_SITES_LOW,
    FEWEST_OF_SITE,
    HELD_BY_TWO,
    OF_QUESTIONS,
    SCORE_PATTERNS,
)
from iop_outcomes.vocabulary.measures import DIFFERENCE, RISK

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "method", "missing_rule")
# of a question within the groups of a modifier, all of whose estimates stand behind one number
BY_MODIFIER = (*QUESTION, "group_by")
# may speak of a site, or of a category of a covariate, with few people
OF_FEW = ("largest_within_site_difference", CORRELATION, CORRELATION_BEFORE)
# speak of the one person who weighs most
OF_ONE = ("largest_weight",)
# never released
UNTOLD = (SCORE_PATTERNS, HELD_BY_TWO, FEWEST_OF_SITE)
ON_SCALE = (FEW_SITES_LOW, FEW_SITES_HIGH, DIFFERENCE_BROUGHT_IN)


def score_patterns(diagnostics: pd.DataFrame) -> dict[str, int]:
    """How many distinct scores a contrast has, by its name."""
    own = _patterns(diagnostics)
    own = own[own["group_by"] == ALL]
    return {str(c): int(v) for c, v in zip(own["contrast"], own["value"], strict=True)}


def score_patterns_of_groups(diagnostics: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """The same of groups of people with a score of their own, by contrast, modifier and group."""
    own = _patterns(diagnostics)
    own = own[own["group_by"] != ALL]
    keys = zip(*(own[name].astype(str) for name in ("contrast", "group_by", "group")), strict=True)
    return dict(zip(keys, own["value"].astype(int), strict=True))


def _patterns(diagnostics: pd.DataFrame) -> pd.DataFrame:
    return diagnostics[diagnostics["quantity"] == SCORE_PATTERNS].dropna(subset=["value"])


def of_amounts(diagnostics: pd.DataFrame) -> dict[tuple[str, ...], tuple[float, float]]:
    """Which share of an arm's amount two people hold, and the largest that there could be, by question, measure and
    arm.
    """
    own = diagnostics[diagnostics["quantity"] == HELD_BY_TWO].dropna(subset=["value"])
    keys = zip(*(own[name].astype(str) for name in (*QUESTION, "variable", "group", "arm")), strict=True)
    return dict(zip(keys, zip(own["value"].astype(float), own["threshold"].astype(float), strict=True), strict=True))


def release_diagnostics(
    diagnostics: pd.DataFrame,
    evidence: Evidence,
    arms: Mapping[str, Sequence[str]],
    estimates: pd.DataFrame,
    level: float = 0.95,
) -> pd.DataFrame:
    """The diagnostics that may be released, and one row for each field and group whose counts are withheld.

    arms: names of the first and the second arm by contrast. estimates: as released. level: of their intervals, by which
    a detectable difference follows from a released standard error.
    """
    import pandas as pd

    policy = evidence.policy
    diagnostics = diagnostics[~diagnostics["quantity"].isin(UNTOLD)].reset_index(drop=True)
    if policy.exact:
        return diagnostics
    diagnostics = positivity.shares(positivity.without_strata(diagnostics), evidence, arms)
    diagnostics = positivity.overlap(diagnostics, evidence, arms)
    diagnostics = _as_released(diagnostics, estimates, level)
    few, cells, errors = _small_contrasts(evidence), cells_of(evidence), _errors(estimates)
    drawn = alike.errors(estimates)
    values = [
        None
        if row["contrast"] in few or row["status"] == "suppressed"
        else alike.value(row, drawn)
        if alike.told(row)
        else _value(row, cells, errors, policy)
        for row in (dict(zip(diagnostics.columns, values, strict=True)) for values in diagnostics.to_numpy())
    ]
    status = ["suppressed" if v is None else s for v, s in zip(values, diagnostics["status"], strict=True)]
    released = diagnostics.assign(
        value=[float("nan") if v is None else v for v in values],
        status=pd.Series(status, index=diagnostics.index, dtype=object),
    )
    shares = known_shares(evidence.counts, evidence.released, policy)
    parts = [p for p in (released, shares) if len(p)]
    return pd.concat(parts, ignore_index=True) if parts else released


def _as_released(diagnostics: pd.DataFrame, estimates: pd.DataFrame, level: float) -> pd.DataFrame:
    """Detectable differences by the standard errors that are released, which tell no more than those."""
    own = estimates[(estimates["measure"] == RISK) & (estimates["of"] == DIFFERENCE) & (estimates["group_by"] == ALL)]
    rows = own[[*QUESTION, "std_error"]].to_dict("records")
    told = {tuple(str(row[name]) for name in QUESTION): float(row["std_error"]) for row in rows}
    asked = diagnostics[list(QUESTION)].astype(str).itertuples(index=False, name=None)
    values = [
        value if quantity != DETECTABLE else detectable(told[key], level=level) if key in told else float("nan")
        for value, quantity, key in zip(diagnostics["value"], diagnostics["quantity"], asked, strict=True)
    ]
    return diagnostics.assign(value=values)


def _value(
    row: Mapping[str, object], cells: Cells, errors: Mapping[tuple[str, ...], float], policy: Policy
) -> float | None:
    """The value of a row as it may be told, None where it may not."""
    value, quantity = float(str(row["value"])), str(row["quantity"])
    if quantity in OF_FEW or (quantity in OF_ONE and not policy.zeros_allowed):
        return None
    if quantity in OF_QUESTIONS:
        error = errors.get((quantity, *(str(row[name]) for name in BY_MODIFIER)))
        if error is None:
            return None
        if not error:
            return round(value, policy.digits)
        return to_step(value, step(2 * error)) if quantity in ON_SCALE else to_digits(value)
    return fineness(row, cells, policy)


def _errors(estimates: pd.DataFrame) -> dict[tuple[str, ...], float]:
    """Quantity and question of what is told where no number of the question is withheld: how far those are rounded."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    asked = estimates[estimates["measure"].isin(list(OF_QUESTIONS.values()))]
    rows = asked[[*BY_MODIFIER, "measure", "rounding_error", "status"]].to_dict("records")
    for quantity, measure in OF_QUESTIONS.items():
        for row in (r for r in rows if r["measure"] == measure):
            own = found.setdefault((quantity, *(str(row[name]) for name in BY_MODIFIER)), {})
            error, status = float(row["rounding_error"]), str(row["status"])
            own[status] = max(own.get(status, 0.0), error if error == error else 0.0)
    return {key: own["ok"] for key, own in found.items() if "ok" in own and "suppressed" not in own}


def _small_contrasts(evidence: Evidence) -> set[str]:
    """Contrasts with an arm that has too few people, by the largest of its groups."""
    counts = evidence.counts[(evidence.counts["arm"] != ALL) & (evidence.counts["group_by"] == ALL)]
    counts = counts[counts["analysis"] != RECORDS]
    groups: Counter[tuple[str, ...]] = Counter()
    for row in counts.itertuples():
        key = (row.contrast, row.arm, row.analysis, row.outcome, row.variable, row.horizon_days)
        groups[tuple(map(str, key))] += int(str(row.count))
    largest: dict[tuple[str, str], int] = {}
    for (contrast, arm, *_), people in groups.items():
        largest[contrast, arm] = max(people, largest.get((contrast, arm), 0))
    return {contrast for (contrast, _), people in largest.items() if evidence.policy.small(people)}
