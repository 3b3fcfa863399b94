"""How often people were tested: by level of care and interval, who had a test due, gave one, and was in residence.

Each unit is in one cell of an interval: a test was taken, missed or excused, or none was due; the first two apart for
units that spent a day of it in a controlled environment. A unit whose pattern has ended by then was not observed, or
had died. Schedules that differ between levels of care show here, as does who is asked only while in care.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.records.cells import apart
from iop_outcomes.analyses.rows import Row
from iop_outcomes.cohort import use
from iop_outcomes.patterns.symbols import DIED, EXCUSED, MISSED, NOT_DUE, TESTED
from iop_outcomes.protocol import AskedTests, Use
from iop_outcomes.tables.results import BY_LEVEL, TESTING
from iop_outcomes.vocabulary.answers import NOT_YET_OBSERVED
from iop_outcomes.vocabulary.testing import NO_TEST_DUE, TAKEN_IN, WITHOUT_RESULT_IN

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def rows(units: pd.DataFrame, use_patterns: pd.DataFrame, rules: Use, last_day: int) -> list[Row]:
    """Units of each level of care by interval and cell; the class of substances is the variable.

    use_patterns: as `cohort.use` writes it by these rules. last_day: of the intervals that are counted.
    """
    import pandas as pd

    found: list[Row] = []
    for substance in use_patterns["substance"].unique():
        view = AskedTests(substance=substance)
        own = use_patterns[
            (use_patterns["substance"] == substance)
            & (use_patterns["clock"] == view.clock)
            & (use_patterns["one_in_days"] == view.one_in_days)
        ]
        patterns = use.matrix(use_patterns, list(units["person_id"]), view, rules)
        inside = _inside(own, units["person_id"], patterns.first, patterns.codes.shape)
        asked = (patterns.numbers >= 1) & (patterns.last_days <= last_day)
        for column in np.flatnonzero(asked):
            levels = pd.Series(_levels(patterns.codes[:, column], inside[:, column]), index=units.index)
            day = int(patterns.last_days[column])
            found += apart(levels, units["index_level"], TESTING, BY_LEVEL, variable=substance, horizon_days=day)
    return found


def _inside(own: pd.DataFrame, keys: pd.Series, first: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(n, k) whether a day of the interval was spent in a controlled environment."""
    import pandas as pd

    found = np.zeros(shape, dtype=bool)
    row = pd.Index(keys).get_indexer(pd.Index(own["person_id"]))
    there = (row >= 0) & (own["residential_days"] > 0).to_numpy()
    found[row[there], own["interval"].to_numpy("int64")[there] - first] = True
    return found


def _levels(codes: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.object_]:
    """(n,) the cell of each unit."""
    taken = np.isin(codes, [state.code for state in TESTED])
    missed = codes == MISSED.code
    cells = [
        (taken & ~inside, TAKEN_IN[False]),
        (taken & inside, TAKEN_IN[True]),
        (missed & ~inside, WITHOUT_RESULT_IN[False]),
        (missed & inside, WITHOUT_RESULT_IN[True]),
        (codes == EXCUSED.code, EXCUSED.name),
        (codes == DIED.code, DIED.name),
        (codes == NOT_DUE.code, NOT_YET_OBSERVED),
    ]
    found: NDArray[np.object_] = np.full(len(codes), NO_TEST_DUE, dtype=object)
    for chosen, level in cells:
        found[chosen] = level
    return found
