"""What each interval of a use pattern says, as an answer on the interval's last day.

Endpoints are rows of the endpoint library, of kinds that are answered week by week. For each person and interval that
ends by the last horizon asked about comes one row of the table abstinence: abstinent where the state of the interval is
among those that the endpoint counts (`negative`, unless it says otherwise), not abstinent where another test was taken,
missing where one was missed; dead from a death on; and where no test was due, or the one that was is excused, nothing
is asked. A mixed interval is a test that was taken. Intervals after the end of a person's observation have no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort import use
from iop_outcomes.cohort.kinds import Functions
from iop_outcomes.patterns.pattern import Patterns
from iop_outcomes.patterns.symbols import DIED, MISSED, NEGATIVE, NOT_DUE, STATES, TESTED
from iop_outcomes.protocol import Endpoint, Use
from iop_outcomes.vocabulary.endpoints import WEEKLY

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# of a matrix of patterns (n, k) where an interval counts as abstinent
Week = Callable[[Patterns, Endpoint], "NDArray[np.bool_]"]
WEEKS: Functions[Week] = Functions(WEEKLY)


def run(
    people: pd.DataFrame,
    use_patterns: pd.DataFrame,
    rules: Use,
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
) -> pd.DataFrame:
    """Rows of the table abstinence: one per person and interval of each endpoint, up to its last horizon.

    use_patterns: as `cohort.use` writes it by these rules. Raises StudyError for a substance without patterns.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = [TABLES["abstinence"].empty()]
    for endpoint in endpoints:
        if endpoint.kind in WEEKS:
            patterns = use.matrix(use_patterns, list(people["person_id"]), endpoint.tests, rules)
            parts.append(_rows(people, patterns, endpoint, max(horizons[endpoint.outcome])))
    return pd.concat(parts[1:] or parts, ignore_index=True)


@WEEKS.answers
def weekly_screens(patterns: Patterns, endpoint: Endpoint) -> NDArray[np.bool_]:
    """A test that was taken in the interval, with a result that counts."""
    counts = [one.strip() for one in endpoint.counts.split(",") if one.strip()] or [NEGATIVE.name]
    return np.isin(patterns.codes, [STATES[name].code for name in counts])


def _rows(people: pd.DataFrame, patterns: Patterns, endpoint: Endpoint, horizon: int) -> pd.DataFrame:
    """One after the other the intervals, of each the people in their order who were observed in it."""
    import pandas as pd

    asked = (patterns.numbers >= 1) & (patterns.first_days >= endpoint.from_day) & (patterns.last_days <= horizon)
    codes = patterns.codes[:, asked].T
    tested = np.isin(codes, [state.code for state in TESTED])
    abstinent = WEEKS[endpoint.kind](patterns, endpoint)[:, asked].T
    dead, missed = codes == DIED.code, codes == MISSED.code
    k, n = codes.shape
    made = pd.DataFrame(
        {
            "person_id": np.tile(people["person_id"].to_numpy(dtype=object), k),
            "outcome": endpoint.outcome,
            "horizon_days": np.repeat(patterns.last_days[asked], n),
            "abstinent": pd.Series(abstinent.ravel(), dtype="boolean").mask(~tested.ravel()),
            "mature": (tested | missed | dead).ravel(),
            "dead": dead.ravel(),
            "reported": pd.Series(pd.NA, index=range(dead.size), dtype="boolean"),
            "tested": pd.Series(pd.NA, index=range(dead.size), dtype="boolean"),
        }
    )
    return made[codes.ravel() != NOT_DUE.code].reset_index(drop=True)
