"""How the outcomes of a study are read from cells: by the kind and the cause of each endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT
from iop_outcomes.vocabulary.causes import COMPLETED, IN_CARE, UNPLANNED
from iop_outcomes.vocabulary.endpoints import GROWING, KINDS, STAYING
from iop_outcomes.vocabulary.levels import NOT_KNOWN
from iop_outcomes.vocabulary.readings import OF_COUNTS, Reading, being_there, leaving

if TYPE_CHECKING:
    import pandas as pd

# the curve of people who are still in care, or had completed
_OR_COMPLETED = next(curve for curve, kept in STAYING.items() if kept == COMPLETED)
# of outcomes by name, where the kinds of their endpoints are not told
EVENT_LEVELS: Mapping[str, Reading] = {
    "unplanned_discharge": leaving(UNPLANNED),
    "retained": being_there(IN_CARE, ""),
    "retained_or_completed": being_there(_OR_COMPLETED, COMPLETED),
    "time_in_care": being_there(IN_CARE, ""),
    # any other outcome: a state at a horizon, or an event by it
    "*": OF_COUNTS,
}

# measures that come once for each arm, and as their difference and ratio
MEASURES_BY_ARM = ("risk", "mean_days")


def readings(endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, Reading]:
    """How the outcomes of a study are read, from the kind and the cause of its endpoints (rows of the library)."""
    return {"*": OF_COUNTS} | {name: KINDS[e["kind"]].reading(e["cause"]) for name, e in endpoints.items()}


def cumulative(endpoints: Mapping[str, Mapping[str, str]], counts: pd.DataFrame) -> set[str]:
    """Outcomes whose people are those of an earlier day and more: by the kind of the endpoint, or by their levels."""
    grown = {outcome for outcome, endpoint in endpoints.items() if endpoint["kind"] in GROWING}
    by_level = counts.groupby("outcome")["level"].agg(set)
    return grown | {str(o) for o, levels in by_level.items() if levels <= {EVENT, NO_EVENT, NOT_KNOWN}}


def reading(outcome: str, levels: Mapping[str, Reading]) -> Reading:
    """How an outcome is read; outcomes that are not named are read as '*'."""
    return levels.get(outcome, levels["*"])


def slug(arm: str) -> str:
    """An arm's name as it stands in a measure."""
    return re.sub(r"[^a-z0-9]+", "_", arm.lower()).strip("_")


def split_measure(measure: str) -> tuple[str, str]:
    """A measure as its stem and what it is of: ('risk', 'iop'), ('mean_days', 'difference'), ('hazard_ratio',
    '').
    """
    for stem in MEASURES_BY_ARM:
        if measure.startswith(f"{stem}_"):
            return stem, measure.removeprefix(f"{stem}_")
    return measure, ""
