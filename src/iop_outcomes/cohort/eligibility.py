"""Who is eligible: rules as rows of config/eligibility.tsv, applied one after the other, each exclusion counted.

A rule names a column of the candidates and what it must be for someone to stay in; `{washout_days}` and the like stand
for keys of `population`. Columns are those of persons, of the index episode, and those derived in `cohort.units`.
Refused: a column that the candidates do not have, and a comparison that does not suit it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Eligibility, Population
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

# what a column must be, by the name of the comparison
NUMERIC: dict[str, Callable[[pd.Series, float], pd.Series]] = {
    "at_least": lambda values, limit: values >= limit,
    "at_most": lambda values, limit: values <= limit,
}
WORDED: dict[str, Callable[[pd.Series, list[str]], pd.Series]] = {
    "is": lambda values, wanted: values.isin(wanted),
    "is_not": lambda values, wanted: ~values.isin(wanted),
}


def apply(
    candidates: pd.DataFrame,
    rules: Sequence[Eligibility],
    population: Population,
    left_out: Sequence[tuple[str, int]] = (),
    set_aside: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Those left after all rules, and the table attrition: everyone is counted at the first rule that excludes them.

    candidates: one row per unit of analysis. left_out: people that the source left out, in words, with how many; they
    come first. set_aside: people whose admission record was set aside; they count where a record cannot be trusted.
    Raises StudyError as the module says.
    """
    import pandas as pd

    total = len(candidates) + set_aside + sum(count for _, count in left_out)
    first = first_broken(candidates, rules, population)
    rows, waiting = [(START, 0), *left_out], set_aside
    for rule in rules:
        own = waiting if rule.column == "record_trusted" else 0
        rows.append((words(rule, population), int((first == rule.rule).sum()) + own))
        waiting -= own
    if waiting:
        rows.append(("Their record of admission was set aside", waiting))
    attrition = pd.DataFrame(rows, columns=["rule", "excluded"])
    attrition.insert(0, "position", range(len(rows)))
    attrition["remaining"] = total - attrition["excluded"].cumsum()
    return candidates[first.isna()].reset_index(drop=True), attrition


START = "In the records"


def first_broken(candidates: pd.DataFrame, rules: Sequence[Eligibility], population: Population) -> pd.Series:
    """The name of the first rule that excludes each candidate; missing for those who are eligible."""
    import pandas as pd

    first = pd.Series(None, index=candidates.index, dtype=object)
    for rule in rules:
        first = first.mask(~_keeps(candidates, rule, population) & first.isna(), rule.rule)
    return first


def words(rule: Eligibility, population: Population) -> str:
    """The rule as the flow diagram shows it."""
    return rule.label.format(**population.model_dump())


def _keeps(candidates: pd.DataFrame, rule: Eligibility, population: Population) -> pd.Series:
    column, keep = rule.column, rule.keep
    if column not in candidates:
        raise StudyError(
            f"The eligibility rule '{rule.rule}' asks for the column '{column}', which the records do not have. "
            f"Take the rule out of config/eligibility.tsv for this cohort, or supply the column. Columns there: "
            f"{', '.join(sorted(candidates.columns))}."
        )
    values, value = candidates[column], rule.value.format(**population.model_dump())
    unknown = values.isna() | values.isin([UNKNOWN])
    met = NUMERIC[keep](_numbers(values, rule), float(value)) if keep in NUMERIC else _worded(values, keep, value)
    return met.fillna(False).astype(bool).mask(unknown, rule.unknown == "keep")


def _worded(values: pd.Series, keep: str, value: str) -> pd.Series:
    return WORDED[keep](values, [v.strip() for v in value.split(",")])


def _numbers(values: pd.Series, rule: Eligibility) -> pd.Series:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values):
        raise StudyError(
            f"The eligibility rule '{rule.rule}' compares '{rule.column}', which is text, with a number. Use "
            f"{' or '.join(WORDED)} in the column `keep` of config/eligibility.tsv."
        )
    return values
