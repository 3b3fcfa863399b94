"""From raw tables to valid ones and episodes of care.

In order: `validate` keeps, merges or sets aside every row, under a named rule, and stops when too many rows of a
table break one; `episodes` links the stays that are left. `run` is the step of the workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.levels import BEFORE_INDEX

if TYPE_CHECKING:
    import pandas as pd


def run(
    raw_stays: pd.DataFrame,
    raw_persons: pd.DataFrame,
    raw_sessions: pd.DataFrame,
    raw_screens: pd.DataFrame,
    raw_followups: pd.DataFrame,
    raw_medications: pd.DataFrame,
    raw_periods: pd.DataFrame,
    quarantine: pd.DataFrame,
    arrivals: pd.DataFrame,
    gap_days: int,
    gap_sensitivity_days: Sequence[int],
    max_quarantined_share: float,
    detoxification: str = BEFORE_INDEX,
) -> dict[str, pd.DataFrame]:
    """The canonical tables, valid and sorted by key, with 'episodes', 'episodes_by_gap', 'quarantine' and 'intake'.

    quarantine: rows that the source could not read. arrivals: rows that it found, and did not pass on. gap_days:
    largest gap within an episode: days from the last day of a stay to the first day of the next.
    gap_sensitivity_days: other gap rules, for episodes_by_gap. max_quarantined_share: share of a table that may
    be set aside, and of the values of one of its columns that may be out of range. Raises StudyError beyond it.
    detoxification: whether it may be the index level (`episodes`).
    """
    from iop_outcomes.clean import episodes, validate

    raw = {
        "stays": raw_stays,
        "persons": raw_persons,
        "sessions": raw_sessions,
        "screens": raw_screens,
        "followups": raw_followups,
        "medications": raw_medications,
        "periods": raw_periods,
    }
    valid = validate.validated(raw, quarantine, arrivals, max_quarantined_share)
    gaps = sorted({gap_days, *gap_sensitivity_days})
    linked = episodes.under_gaps(valid["stays"], valid["persons"], gaps, detoxification)
    return {**valid, "episodes": linked[gap_days].episodes, "episodes_by_gap": episodes.by_gap(linked)}
