"""What is known of the outcome of a question, from which one like it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses.outcomes import at_a_day, follow
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort.retention import of_people
from iop_outcomes.estimators.base.arrays import Array, Mask
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.vocabulary.answers import MISSING_IS_USING
from iop_outcomes.vocabulary.endpoints import ON_A_DAY
from iop_outcomes.vocabulary.measures import MEAN_DAYS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Known:
    """Of n people. asked: who could have answered; among: of whom the outcome is known; outcome: whether it happened;
    of days, whether care was left. days: (n,) until then, where days are asked about.
    """

    asked: Mask
    among: Mask
    outcome: Mask
    days: Array | None = None

    def every(self, step: int) -> Known:
        """Of every so many-th person."""
        days = None if self.days is None else self.days[::step]
        return Known(self.asked[::step], self.among[::step], self.outcome[::step], days)


def known_of(
    row: Analysis, sample: Sample, retention: pd.DataFrame, abstinence: pd.DataFrame, endpoint: Endpoint
) -> Known:
    """What is known of the outcome of a question, in the order of the sample."""
    if endpoint.kind in ON_A_DAY:
        answers = at_a_day.read(abstinence, sample.scores, row, endpoint)
        among, everyone = answers.used(row), row.model_copy(update={"missing_rule": MISSING_IS_USING})
        return Known(answers.used(everyone), among, answers.answers(row) == 1)
    found = follow(of_people(retention, sample.scores["person_id"]), sample.scores, endpoint)
    if found is None:
        none = np.zeros(len(sample.scores), dtype=bool)
        return Known(none, none, none)
    if row.measure == MEAN_DAYS:
        return Known(found.at_risk, found.at_risk, found.left, found.days)
    # of who was lost before the day nothing is known
    known = found.at_risk & (found.left | (found.last_seen >= row.horizon_days))
    return Known(known, known, found.there(row) == 1)
