"""The synthetic cohort as a source: `simulate.cohort` makes the records, and nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read(settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """The canonical tables in their loosened form. settings: those of `simulate.cohort.read`. Raises StudyError."""
    from iop_outcomes.simulate import cohort

    return cohort.read(settings)
