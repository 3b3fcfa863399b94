"""What the records hold, as counts: how complete they are, how stays became episodes, and care against its plan.

In order: each unit of analysis gets what its records say (`people`); sites and periods of entry become groups, small
ones joined; then are counted what is known, field by field, and whose days lie within observation (`completeness`); how
often people were tested (`testing`); levels of care under several definitions, hours and days against plan, moves
between levels, and episodes under several gap rules (`care`). All rows belong to the analysis 'records' and the
contrast 'all'. Nothing is refused: a question that the records cannot answer has no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.protocol import Use
from iop_outcomes.tables.results import BY_PERIOD, BY_SITE

if TYPE_CHECKING:
    import pandas as pd

# more groups than this cannot be read in a figure: the smallest are joined
MOST_GROUPS = 60
# what people are grouped by: column, and what the joined small groups are called
GROUPED = {BY_SITE: ("site_id", "smaller sites"), BY_PERIOD: ("entry_period", "other periods")}


def run(
    people: pd.DataFrame,
    persons: pd.DataFrame,
    stays: pd.DataFrame,
    sessions: pd.DataFrame,
    screens: pd.DataFrame,
    followups: pd.DataFrame,
    episodes: pd.DataFrame,
    episodes_by_gap: pd.DataFrame,
    use_patterns: pd.DataFrame,
    use: Use,
    cohort: str,
    horizons: Sequence[int],
    covariates: Sequence[str],
    smallest_group: int,
    by_service: bool,
    twenty_hours: str,
) -> dict[str, pd.DataFrame]:
    """The table counts.

    horizons: days that the study asks about. covariates: what it adjusts for. smallest_group: people that a site or a
    period of entry must have to stand alone. by_service: count stays by the source's own services. twenty_hours: what
    exactly 20 hours a week are. use: by which the table use_patterns was made.
    """
    from iop_outcomes.analyses import rows as results
    from iop_outcomes.analyses.records import care, cells, completeness, testing
    from iop_outcomes.analyses.records.people import described

    units = described(people, persons, stays, sessions, episodes)
    groups = _groups(units, smallest_group)
    by_period = {kind: of for kind, of in groups.items() if kind == BY_PERIOD}
    rows = [
        *completeness.rows(units, persons, sessions, screens, followups, covariates, groups),
        *completeness.maturity(units, horizons, by_period),
        *testing.rows(units, use_patterns, use, max(horizons, default=0)),
        *care.agreement(units, twenty_hours),
        *care.hours(units),
        *care.days(units),
        *care.transitions(units, stays, persons),
        *care.episodes(units, episodes_by_gap),
        *(care.completion(stays) if by_service else []),
    ]
    return {"counts": results.table("counts", cells.finished(rows, cohort))}


def _groups(units: pd.DataFrame, smallest: int) -> dict[str, pd.Series]:
    """The site and the period of entry of each unit, as far as there are several."""
    from iop_outcomes.analyses.records.cells import grouped

    found = {kind: grouped(units[column], smallest, MOST_GROUPS, rest) for kind, (column, rest) in GROUPED.items()}
    if (sites := found[BY_SITE]) is not None:
        found[BY_SITE] = _numbered(sites, GROUPED[BY_SITE][1])
    return {kind: groups for kind, groups in found.items() if groups is not None}


def _numbered(groups: pd.Series, rest: str) -> pd.Series:
    """Groups by numbers in the order of their names, which may hold the name of a person; the rest as it is called."""
    names = sorted(set(groups) - {rest})
    width = len(str(len(names)))
    return groups.map({name: f"site {place:0{width}d}" for place, name in enumerate(names, start=1)} | {rest: rest})
