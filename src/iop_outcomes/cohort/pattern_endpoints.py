"""Endpoints that are defined on use patterns: published ones by name, and those that a study writes itself.

Endpoints are rows of the endpoint library of kinds of patterns, whose cell `pattern` says which. A yes or no is of the
intervals that end by each horizon asked about; a time to an event is dated to the last day of its interval, and people
without it are followed to the last interval in which it could begin and still be known. How missed and mixed tests are
read is part of the definition: an answer is missing only of people without a pattern, and where it is not defined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort import use
from iop_outcomes.patterns.evaluate import Found, evaluate
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import DIED
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.vocabulary.endpoints import PATTERN_ANSWERS, PATTERN_TIMES

if TYPE_CHECKING:
    import pandas as pd

# the table of times to an event
TIMES = "first_use"


def run(
    people: pd.DataFrame,
    use_patterns: pd.DataFrame,
    rules: Use,
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
) -> dict[str, pd.DataFrame]:
    """Rows of the tables abstinence and first_use.

    use_patterns: as `cohort.use` writes it by these rules. Raises StudyError for a substance without patterns, and
    where nobody is followed to the end of a window.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    found = {name: [TABLES[name].empty()] for name in ("abstinence", TIMES)}
    for endpoint in endpoints:
        if endpoint.kind not in (*PATTERN_ANSWERS, *PATTERN_TIMES):
            continue
        patterns = use.matrix(use_patterns, list(people["person_id"]), endpoint.tests, rules)
        if endpoint.kind in PATTERN_TIMES:
            found[TIMES].append(_times(people, patterns, endpoint))
            continue
        found["abstinence"] += [_answers(people, patterns, endpoint, horizon) for horizon in horizons[endpoint.outcome]]
    return {name: pd.concat(rows[1:] or rows, ignore_index=True) for name, rows in found.items()}


def _found(patterns: Patterns, endpoint: Endpoint) -> Found:
    return evaluate(patterns, {endpoint.outcome: endpoint.defined()})[endpoint.outcome]


def _answers(people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """One row per unit, of the intervals that end by the horizon."""
    import pandas as pd

    own = patterns.window(1, (horizon - patterns.begins + 1) // patterns.interval_days)
    values = _found(own, endpoint).values
    dead = (own.codes == DIED.code).any(axis=1)
    known = ~np.isnan(values) & (own.lengths > 0) & ~dead
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "horizon_days": horizon,
            "abstinent": pd.Series(values == 1, index=people.index, dtype="boolean").mask(~known),
            "mature": (people["observed_days"] >= horizon).astype(bool) | dead,
            "dead": dead,
        }
    )


def _times(people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint) -> pd.DataFrame:
    """One row per unit; who could never be known to have the event has no days."""
    import pandas as pd

    found = _found(patterns, endpoint)
    at = np.nan_to_num(found.values).astype(np.int64)
    days = np.where(at > 0, found.last_days[at], 0)
    event = np.zeros(len(at), dtype=bool) if found.event is None else found.event
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "outcome": endpoint.outcome,
            "days": days,
            "event": event,
            "after_days": pd.array([None] * len(people), dtype="Int64"),
        }
    )
