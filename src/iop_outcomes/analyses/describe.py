"""The way from records to cohort as counts: what became of rows, and whom each eligibility rule excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.analyses import rows as results

if TYPE_CHECKING:
    import pandas as pd


def run(attrition: pd.DataFrame, intake: pd.DataFrame, cohort: str) -> dict[str, pd.DataFrame]:
    """The table counts: a group for attrition, whose levels are the rules in order, and one for each table."""
    excluded = zip(attrition["position"], attrition["rule"], attrition["excluded"], strict=True)
    people = [(f"{position:02d} {rule}", count) for position, rule, count in excluded if position > 0]
    people.append((f"{len(attrition):02d} Eligible", attrition["remaining"].iloc[-1]))
    rows = [_row(cohort, "attrition", level, count) for level, count in people]
    became = zip(intake["table"], intake["outcome"], intake["rows"], strict=True)
    rows += [_row(cohort, f"rows of {table}", outcome, count) for table, outcome, count in became]
    return {"counts": results.counts_table(rows)}


def _row(cohort: str, outcome: str, level: str, count: int) -> results.Row:
    return {
        "analysis": "cohort",
        "cohort": cohort,
        "contrast": "all",
        "arm": "all",
        "outcome": outcome,
        "horizon_days": None,
        "subgroup": "all",
        "level": level,
        "count": int(count),
        "status": "ok",
    }
