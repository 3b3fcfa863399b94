"""The way from records to cohort as counts: what became of rows and of their codes, and whom each rule excluded.

Codes that a mapping does not list are named where enough people share each; the others are counted together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.analyses import rows as results
from iop_outcomes.tables import TABLES
from iop_outcomes.tables import readings as names

if TYPE_CHECKING:
    import pandas as pd


def run(
    attrition: pd.DataFrame, intake: pd.DataFrame, cohort: str, readings: pd.DataFrame | None = None, fewest: int = 11
) -> dict[str, pd.DataFrame]:
    """The table counts: a group for attrition, whose levels are the rules in order, one for each table, and one for
    each column whose codes a mapping lists. fewest: people among whom a code must be shared to be named.
    """
    excluded = zip(attrition["position"], attrition["rule"], attrition["excluded"], strict=True)
    people = [(f"{position:02d} {rule}", count) for position, rule, count in excluded if position > 0]
    people.append((f"{len(attrition):02d} Eligible", attrition["remaining"].iloc[-1]))
    rows = [_row(cohort, "attrition", level, count) for level, count in people]
    became = zip(intake["table"], intake["outcome"], intake["rows"], strict=True)
    rows += [_row(cohort, f"rows of {table}", outcome, count) for table, outcome, count in became]
    told = TABLES["readings"].empty() if readings is None else readings
    for (table, column), own in told[told["outcome"].isin(names.CODES)].groupby(["table", "column"], sort=False):
        rows += [_row(cohort, f"codes of {table}.{column}", level, n) for level, n in _codes(own, fewest)]
        never = own.loc[own["outcome"] == names.NEVER, "code"]
        rows += [_row(cohort, f"codes never found in {table}.{column}", code, 0) for code in dict.fromkeys(never)]
    return {"counts": results.counts_table(rows)}


def _codes(own: pd.DataFrame, fewest: int) -> Iterator[tuple[str, int]]:
    """What became of the codes of one column, and rows; they add up to the rows that were read."""
    for row in own[own["outcome"].isin([names.LISTED, names.EMPTY])].itertuples():
        yield str(row.outcome), int(row.rows)  # type: ignore[arg-type]
    strange = own[own["outcome"].isin([names.OTHER, names.KEPT])]
    shared = (strange["people"].fillna(0) >= fewest).astype(bool)
    told = strange.loc[shared, ["outcome", "meaning", "code", "rows"]]
    for outcome, meaning, code, n in told.itertuples(index=False):
        yield f"{_became(outcome, meaning)}: {code}", int(n)
    rest = strange[~shared]
    if len(rest):
        n = int(rest["rows"].sum())
        # how many codes there are tells of rows, where these are few
        several = f"{len(rest)} codes" if n >= fewest else "codes"
        yield f"{_became(rest['outcome'].iloc[0], rest['meaning'].iloc[0])}: {several} of few people each", n


def _became(outcome: object, meaning: object) -> str:
    return f"not listed, taken for {meaning or 'missing'}" if outcome == names.OTHER else "not listed, kept as it is"


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
