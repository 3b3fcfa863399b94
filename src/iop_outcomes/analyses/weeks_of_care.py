"""Units by what is known of the hours of their weeks in care, as counts: whether a week without a session was read as
no hours, or nobody reports sessions there, so that scheduled hours stand in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.records import cells
from iop_outcomes.analyses.rows import Row
from iop_outcomes.tables.results import WEEKS_OF_CARE
from iop_outcomes.vocabulary.doses import ATTENDED_ALL, ATTENDED_SOME, NOT_REPORTED, OF_STAYS

if TYPE_CHECKING:
    import pandas as pd


def rows(doses: pd.DataFrame, cohort: str) -> list[Row]:
    """Everyone with a week in care by the three; none without such weeks."""
    import pandas as pd

    own = doses[doses["days_in_care"] > 0]
    if own.empty:
        return []
    marks = pd.DataFrame({"unreported": own["source"] == OF_STAYS, "without": own["hours_attended"] == 0})
    found = marks.groupby(own["person_id"]).any()
    level = np.select([found["unreported"], found["without"]], [NOT_REPORTED, ATTENDED_SOME], ATTENDED_ALL)
    return cells.finished(cells.count(pd.Series(level), WEEKS_OF_CARE), cohort)
