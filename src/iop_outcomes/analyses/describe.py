"""The way from records to cohort as counts: what became of rows and of their codes, and whom each rule excluded.

Codes that a mapping does not list are named where enough people share each; the others are counted together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iop_outcomes.analyses import rows as results
from iop_outcomes.tables import TABLES
from iop_outcomes.tables import readings as names
from iop_outcomes.tables.intake import fate
from iop_outcomes.tables.results import ALL, ATTRITION, BY_TABLE, CODES, NEVER_FOUND, ROWS

if TYPE_CHECKING:
    import pandas as pd

ELIGIBLE = "Eligible"


def run(
    attrition: pd.DataFrame, intake: pd.DataFrame, cohort: str, readings: pd.DataFrame | None = None, fewest: int = 11
) -> dict[str, pd.DataFrame]:
    """The table counts: a group for attrition, whose levels are the rules in order, one for each table, and one for
    each column whose codes a mapping lists. fewest: people among whom a code must be shared to be named.
    """
    excluded = zip(attrition["position"], attrition["rule"], attrition["excluded"], strict=True)
    people = [(int(position), rule, count) for position, rule, count in excluded if position > 0]
    people.append((len(attrition), ELIGIBLE, attrition["remaining"].iloc[-1]))
    key = {"analysis": "cohort", "cohort": cohort, "contrast": ALL}
    rows = [
        results.cell({**key, "outcome": ATTRITION}, rule, count, position=position) for position, rule, count in people
    ]
    for name, outcome, count in zip(intake["table"], intake["outcome"], intake["rows"], strict=True):
        what, why = fate(outcome)
        rows.append(results.cell({**key, **_of_table(ROWS, name)}, what, count, detail=why))
    told = TABLES["readings"].empty() if readings is None else readings
    for (name, column), own in told[told["outcome"].isin(names.CODES)].groupby(["table", "column"], sort=False):
        of = {**key, **_of_table(CODES, str(name)), "variable": str(column)}
        rows += [results.cell(of, level, n, detail=code) for level, code, n in _codes(own, fewest)]
        never = own.loc[own["outcome"] == names.NEVER, "code"]
        of = {**of, "outcome": NEVER_FOUND}
        rows += [results.cell(of, names.NEVER, 0, detail=str(code)) for code in dict.fromkeys(never)]
    return {"counts": results.table("counts", rows)}


def _of_table(outcome: str, name: str) -> dict[str, str]:
    return {"outcome": outcome, "group_by": BY_TABLE, "group": name}


def _codes(own: pd.DataFrame, fewest: int) -> Iterator[tuple[str, str, int]]:
    """What became of the codes of one column, which code, and rows; they add up to the rows that were read."""
    for row in own[own["outcome"].isin([names.LISTED, names.EMPTY])].itertuples():
        yield str(row.outcome), "", int(row.rows)  # type: ignore[arg-type]
    strange = own[own["outcome"].isin([names.OTHER, names.KEPT])]
    shared = (strange["people"].fillna(0) >= fewest).astype(bool)
    told = strange.loc[shared, ["outcome", "meaning", "code", "rows"]]
    for outcome, meaning, code, n in told.itertuples(index=False):
        yield _became(outcome, meaning), str(code), int(n)
    rest = strange[~shared]
    if len(rest):
        n = int(rest["rows"].sum())
        # how many codes there are tells of rows, where these are few
        several = f"{len(rest)} codes" if n >= fewest else "codes"
        yield _became(rest["outcome"].iloc[0], rest["meaning"].iloc[0]), f"{several} of few people each", n


def _became(outcome: object, meaning: object) -> str:
    return f"not listed, taken for {meaning or 'missing'}" if outcome == names.OTHER else "not listed, kept as it is"
