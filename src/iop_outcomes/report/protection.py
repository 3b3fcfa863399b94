"""How people are protected, and what that costs: for the head of the page, the notes below tables, and the methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers, policies, told
from iop_outcomes.presentation.labels import Labels, sentence
from iop_outcomes.protocol import AsRun
from iop_outcomes.release import policy
from iop_outcomes.release.policy import OVERLAP_BASE, Policy
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.vocabulary.endpoints import AMONG_SOME
from iop_outcomes.vocabulary.measures import DAYS, DIFFERENCE, MEASURES, NUMBER, RATIO
from iop_outcomes.vocabulary.statuses import SUPPRESSED

if TYPE_CHECKING:
    import pandas as pd


def at_the_head(study: AsRun, diagnostics: pd.DataFrame) -> str:
    """What the policy does, and what it did to this release."""
    rules = policy.asked(study.disclosure)
    return " ".join(s for s in (policies.does(rules), policies.done(diagnostics)) if s)


def nothing_told(counts: pd.DataFrame, estimates: pd.DataFrame, study: AsRun) -> str:
    """That no result may be told of so few people, in a sentence; '' where one is told, or none is withheld."""
    if estimates["estimate"].notna().any() or not (estimates["status"] == SUPPRESSED).any():
        return ""
    rules = policy.asked(study.disclosure)
    what = "No result" if counts["count_high"].gt(0).any() else "Nothing"
    return (
        f"{what} may be told of this cohort: its people are so few that every number would be of fewer than "
        f"{rules.minimum_count} of them, or give such a number away. What was asked, of whom and how, stands below."
    )


def withheld(study: AsRun) -> str:
    """What 'withheld' means in the tables; '' where nothing is."""
    rules = policy.asked(study.disclosure)
    if rules.exact:
        return ""
    return (
        f"Withheld: fewer than {rules.minimum_count} people, or a count from which such a one could be worked out. "
        f"{numbers.DASH}: not available, or no number of this kind."
    )


def of_estimates(rows: pd.DataFrame) -> str:
    """By how much rounding may have changed the numbers of a table at most; '' where it changed none."""
    largest: dict[str, float] = {}
    for row in estimated(rows):
        error = numbers.number(row["rounding_error"])
        if error and numbers.known(row["estimate"]):
            name = _what(row)
            largest[name] = max(error, largest.get(name, 0.0))
    if not largest:
        return ""
    said = [f"{name} by up to {amount(largest[name])}" for name, amount in AMOUNTS.items() if name in largest]
    return (
        f"To protect people, numbers are rounded, or made from rounded counts. That may have changed {sentence(said)}."
    )


def _points(error: float) -> str:
    return f"{told.amount(error)} percentage points"


def _days(error: float) -> str:
    return f"{told.upwards(error, 1)} days"


def _plain(error: float) -> str:
    return told.upwards(error, 2)


AMOUNTS = {
    "shares": _points, "differences": _points, "days": _days, "differences in days": _days, "numbers": _plain,
    "differences in numbers": _plain, "ratios": _plain,
}  # fmt: skip


def _what(row: Estimated) -> str:
    """What kind of number a row is."""
    measure = MEASURES[row["measure"]]
    if measure.ratio or row["of"] == RATIO:
        return "ratios"
    of = {DAYS: "days", NUMBER: "numbers"}.get(measure.unit, "")
    if row["of"] == DIFFERENCE:
        return f"differences in {of}" if of else "differences"
    return of or "shares"


def explained(study: AsRun) -> str:
    """How people are protected, for the methods."""
    rules = policy.asked(study.disclosure)
    text = f"The report was made from released tables only, under {policies.label(rules)}. {policies.does(rules)}"
    return text if rules.exact else f"{text} {_protected(study, rules)}"


def _protected(study: AsRun, rules: Policy) -> str:
    """How people are protected, and what that leaves of numbers."""
    asked = {Labels(study).kind(row.outcome) for row in study.analyses}
    among = " People at risk of a return to care or a first overdose are rounded likewise." * bool(
        asked.intersection(AMONG_SOME)
    )
    return (
        "A count is exact, rounded to what its row says, told as a range, or withheld; one that is withheld may itself "
        "be larger, where it would give another one away. Before the tables leave, they are attacked as a whole: from "
        "all counts, sums and differences of nested groups together, by linear programming, no number of people that "
        f"is too small can be narrowed to fewer than {numbers.count(rules.protection)} values. "
        "Where exact counts would have to be withheld, they and those beside them are rounded, if that keeps more "
        "of the unadjusted results of the main questions. Unadjusted shares, days and curves are computed from "
        "the counts as they are told. Adjusted numbers of an arm are rounded where its counts are. What rounding "
        "may have changed a number by stands beside it in the tables (rounding_error), and no number is shown to "
        "more digits than this leaves. Curves have points on the horizons and on days chosen so that each step "
        "holds no one or enough people; "
        "between them they are "
        f"drawn straight, their people are rounded to multiples of {rules.coarser(OVERLAP_BASE)}"
        f"{_midpoint(rules)}, and being in care and the ways of having left add up to everyone on each.{among}"
    )


def _midpoint(rules: Policy) -> str:
    return f" or told as the middle of {rules.midpoint}" if rules.midpoint else ""
