"""Courses of care and use of people by the week, as the table doses has them, for models of what hours do.

Use of a week is what its test says; a missed test says nothing. Attended hours that nobody reports are those scheduled.
Levels of care are numbers: those of the first arm of a contrast are 1, those of the second 2, and every other its own.
The level at which a person started is that of the person's arm, whatever its label, as arms may be told by hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.person_weeks import given_hours, indicators
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array, Whole
from iop_outcomes.estimators.causal.doses import OUT, Course
from iop_outcomes.protocol import Contrast
from iop_outcomes.vocabulary.levels import LEVELS, NO_LEVEL
from iop_outcomes.vocabulary.testing import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    import pandas as pd

FIRST_LEVEL, SECOND_LEVEL = 1, 2
NO_USE = "no test tells of use in any week of these people, and what hours do is told by it week by week"


def course(doses: pd.DataFrame, people: pd.DataFrame, contrast: Contrast, weeks: int, fixed: Array) -> Course:
    """The first weeks of people (n,), in their order; weeks beyond the end of observation are out of care.

    people: with the arm of each, 1 or 0. fixed: (n, q) what was known of each at the start. Raises EstimationError
    where no test of a week is known.
    """
    own, place, at = in_weeks(doses, people, weeks)
    shape = (len(people), weeks)

    def table(values: Array | Whole, missing: float) -> Array:
        found = np.full(shape, missing)
        found[place] = values
        return found

    test = own["test"].to_numpy(dtype=object)
    used = np.select([test == POSITIVE, test == NEGATIVE], [1.0, 0.0], np.nan)
    if np.isnan(used).all():
        raise EstimationError(NO_USE)
    craving = table(own["craving"].to_numpy(dtype=float), np.nan)
    began = own["level_of_care"].to_numpy(dtype=object) == people["index_level"].to_numpy(dtype=object)[at]
    of_arm = np.where(people["arm"].to_numpy() == 1, FIRST_LEVEL, SECOND_LEVEL)[at]
    recorded = own["level_of_care"].map(_numbers(contrast)).to_numpy()
    level = table(np.where(began, of_arm, recorded), OUT).astype(np.int64)
    sites = np.column_stack([np.empty((len(people), 0)), *indicators(people["site_id"].to_numpy(dtype=object))])
    hours = table(given_hours(own), 0.0)
    told = None if np.isnan(craving).all() else craving
    return Course.of(table(used, np.nan), level, hours, fixed, told, sites=sites)


def in_weeks(doses: pd.DataFrame, people: pd.DataFrame, weeks: int) -> tuple[pd.DataFrame, tuple[Whole, Whole], Whole]:
    """The rows of people (n,) in their first weeks, where each belongs in a table (n, weeks), and whose it is."""
    import pandas as pd

    at = pd.Index(people["person_id"]).get_indexer(pd.Index(doses["person_id"]))
    there = (at >= 0) & (doses["week"] <= weeks).to_numpy()
    own = doses[there]
    return own, (at[there], own["week"].to_numpy() - 1), at[there]


def _numbers(contrast: Contrast) -> dict[str, int]:
    """The number of each level of care."""
    own = {level: FIRST_LEVEL for level in contrast.first.values} | {
        level: SECOND_LEVEL for level in contrast.second.values
    }
    others = [level for level in LEVELS if level not in own]
    return own | {level: SECOND_LEVEL + place for place, level in enumerate(others, 1)} | {NO_LEVEL: OUT}
