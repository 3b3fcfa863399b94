"""How the outcomes of a study are read from cells: by the kind and the cause of each endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iop_outcomes.protocol import Endpoint
from iop_outcomes.vocabulary.answers import EVENT, NO_EVENT
from iop_outcomes.vocabulary.endpoints import GROWING
from iop_outcomes.vocabulary.levels import NOT_KNOWN
from iop_outcomes.vocabulary.readings import OF_COUNTS, Reading

if TYPE_CHECKING:
    import pandas as pd

# outcomes that are no way of leaving and no staying: a state at a horizon, or an event by it
OTHERWISE = "*"


def readings(endpoints: Mapping[str, Endpoint]) -> dict[str, Reading]:
    """How the outcomes of a study are read, from the kind and the cause of its endpoints."""
    return {OTHERWISE: OF_COUNTS} | {name: e.reading for name, e in endpoints.items()}


def cumulative(endpoints: Mapping[str, Endpoint], counts: pd.DataFrame) -> set[str]:
    """Outcomes whose people are those of an earlier day and more: by the kind of the endpoint, or by their levels."""
    grown = {outcome for outcome, endpoint in endpoints.items() if endpoint.kind in GROWING}
    by_level = counts.groupby("outcome")["level"].agg(set)
    return grown | {str(o) for o, levels in by_level.items() if levels <= {EVENT, NO_EVENT, NOT_KNOWN}}


def reading(outcome: str, levels: Mapping[str, Reading]) -> Reading:
    """How an outcome is read; outcomes that are not named are states."""
    return levels.get(outcome, levels[OTHERWISE])
