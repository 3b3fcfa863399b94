"""What `iop-outcomes check` tells of codes: those that a mapping does not list, levels that might be others, ages.

Counts are shown as the disclosure policy of the study allows; a code is named where so many people share it, or where
the mapping or the crosswalk names it. Refuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.checks.numbers import shown
from iop_outcomes.tables import readings as names

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.release.policy import Policy

# codes that are named on a line; of more the number
NAMED = 8


def told(readings: pd.DataFrame, rules: Policy) -> dict[str, list[str]]:
    """Lines by heading. readings: the table of that name."""
    unlisted: list[str] = []
    for (table, column), own in readings.groupby(["table", "column"], sort=False):
        unlisted += _listed(f"{table}.{column}", own, rules)
    found = {
        "Codes": unlisted,
        "Levels of care that might be others": _levels(readings, rules),
        "Age": _ages(readings, rules),
    }
    return {heading: lines for heading, lines in found.items() if lines}


def _listed(name: str, own: pd.DataFrame, rules: Policy) -> list[str]:
    """What became of the codes of one column."""
    strange, lines = own[own["outcome"].isin([names.OTHER, names.KEPT])], []
    listed = int(own.loc[own["outcome"] == names.LISTED, "rows"].sum())
    rows = int(strange["rows"].sum())
    if rows:
        meaning = strange["meaning"].iloc[0]
        became = f"became '{meaning}'" if isinstance(meaning, str) else "became missing"
        became = "stay as they are" if strange["outcome"].iloc[0] == names.KEPT else became
        codes = "" if rules.small(rows) else f" in {len(strange)} code{'s' * (len(strange) > 1)}"
        lines.append(
            f"{name}: {shown(rows, rules)} rows{codes} that the mapping does not list {became}, beside "
            f"{shown(listed, rules)} rows with a listed code{_named(strange, rules)}"
        )
    if rows and not listed:
        lines.append(f"{name}: none of the listed codes occurs. Hold the list against the documentation of the export")
    never = own.loc[own["outcome"] == names.NEVER, "code"].tolist()
    if never and (listed or not rows):
        lines.append(f"{name}: listed and never found: {_some(never)}")
    return lines


def _named(strange: pd.DataFrame, rules: Policy) -> str:
    """The codes that enough people share, most frequent first."""
    people = strange["people"].fillna(0).astype(int)
    shared = strange[people >= max(rules.minimum_count, 1)].sort_values(["rows", "code"], ascending=[False, True])
    if shared.empty:
        return ""
    said = [f"{row.code} {shown(int(row.rows), rules)}" for row in shared.itertuples()]  # type: ignore[arg-type]
    return f": {_some(said)}"


def _levels(readings: pd.DataFrame, rules: Policy) -> list[str]:
    """Rows and people whose level of care might be another, with the choice that was made."""
    lines = []
    own = readings[readings["outcome"].isin([names.SEVERAL, names.BESIDE])]
    for row in own.assign(people=own["people"].fillna(0)).itertuples():
        size = f"{shown(int(row.rows), rules)} rows"  # type: ignore[arg-type]
        if row.people:
            size += f" of {shown(int(row.people), rules)} people"  # type: ignore[arg-type]
        if row.outcome == names.SEVERAL:
            others = str(row.instead).replace(" ", ", ")
            lines.append(
                f"{row.table}: {size} with {row.code}, which stands for several levels, became level {row.meaning}; "
                f"it may be {others} as well. List it under `codes` to decide otherwise"
            )
        else:
            lines.append(
                f"{row.table}: {size} became level {row.meaning} by the column that the mapping names, and would be "
                f"level {row.instead} by '{row.code}'"
            )
    return lines


def _ages(readings: pd.DataFrame, rules: Policy) -> list[str]:
    lines = []
    for row in readings[readings["outcome"].isin([names.AGE_MOVED, names.AGE_OPEN])].itertuples():
        people = f"{shown(int(row.people), rules)} people"  # type: ignore[arg-type]
        if row.outcome == names.AGE_MOVED:
            lines.append(f"persons.age: {people} are of another age on day 0 than in the column, to the year")
        else:
            lines.append(
                f"persons.age is taken for the age on day 0, as the mapping does not say which age it is; {people} "
                "have a record half a year or more before. If it is the age then, say `age_at: first_record`; else "
                "`age_at: day_zero`, a date, or the column that holds the date"
            )
    return lines


def _some(said: list[str]) -> str:
    more = len(said) - NAMED
    return ", ".join(said[:NAMED]) + (f" and {more} more" if more > 0 else "")
