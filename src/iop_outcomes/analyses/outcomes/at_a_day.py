"""A state on a day, which may be missing: abstinence, employment, arrests.

`missing_is_using` counts a missing outcome as use; `observed_only` leaves it out, which is right only if who is seen
does not depend on use. They are shown side by side because they can disagree in sign. People who had died by the day,
and those whose answer was not due yet, are levels of their own, whatever is missing; how they are read is a choice of
the endpoint: unless it says otherwise a death counts against the state, and who is not due leaves the denominators.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.analyses import doubly_robust
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects
from iop_outcomes.protocol import Analysis, Endpoint
from iop_outcomes.vocabulary.answers import (
    AS_MISSING,
    COUNTED_AGAINST,
    LEFT_OUT,
    LEVELS,
    MISSING_IS_USING,
    STATE_LEVELS,
)
from iop_outcomes.vocabulary.endpoints import STATES
from iop_outcomes.vocabulary.methods import AIPW

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.hazards import Ratios
    from iop_outcomes.analyses.rows import Words
    from iop_outcomes.analyses.sample import Alike, Sample

# levels of use, and of other states, that are read alike
PAIRS = tuple(zip(LEVELS, STATE_LEVELS, strict=True))
# the place of people who have no answer for a reason of its own, by the rule for them
READ_AS = {COUNTED_AGAINST: 1, AS_MISSING: 2, LEFT_OUT: 3}
UNTOLD = "no interview, screen or discharge in this cohort tells this outcome"


@dataclass(frozen=True)
class AtADay:
    """levels: (n,) one of LEVELS, or of STATE_LEVELS, for each person. deaths, not_due: how people are read who had
    died by the day, and those whose answer was not due.
    """

    levels: Words
    deaths: str = COUNTED_AGAINST
    not_due: str = LEFT_OUT

    @cached_property
    def _places(self) -> Whole:
        """(n,) as whom each person is read: 0 in the state, 1 out of it, 2 not answered, 3 not asked about. Texts are
        compared once for all questions.
        """
        return np.select([np.isin(self.levels, pair) for pair in PAIRS], self._read_as, 3)

    @property
    def _read_as(self) -> list[int]:
        """The place of each pair of levels."""
        return [0, 1, READ_AS[self.deaths], 2, READ_AS[self.not_due]]

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator under the rule for missing outcomes."""
        return self._places < (3 if ask.missing_rule == MISSING_IS_USING else 2)

    def happened(self) -> Mask:
        """(n,) who is known to be abstinent, or in the state."""
        return self._places == 0

    def state(self, ask: Analysis) -> Array:
        """(n,) 1 for who is in the state."""
        return self.happened().astype(float)

    def known(self, ask: Analysis) -> Array:
        """(n, 2) flags of who is in the state and who is not."""
        return np.column_stack([self._places == 0, self._places == 1]).astype(float)

    def untold(self) -> str:
        """Why nothing can be said where the outcome is known of no one, or ''."""
        return "" if np.isin(self.levels, [level for pair in PAIRS[:2] for level in pair]).any() else UNTOLD

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """It is known of no one, or an arm is not observed to the horizon."""
        return self.untold() or two_sides.not_due(sample.arm, self._places == 3, sample.names)

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few people in the state, or out of it, in an arm."""
        used = self.used(ask)
        return two_sides.too_few(sample.arm[used], self.happened()[used], sample.names, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Shares in the state."""
        state, used = self.happened().astype(float), self.used(ask)
        if ask.method == AIPW:
            return sample.finish(doubly_robust.means(sample, state, used, "logistic"), AIPW)

        def shares(rows: Alike) -> Estimate:
            first = rows.label == sample.names[0]
            return effects.mean_by_arm(rows.columns[0], first, weight=rows.weight, frequency=rows.frequency)

        return sample.marginal(ask.method, shares, (state,), used)

    def hazard_ratios(self, ask: Analysis, sample: Sample, fewest: int) -> Ratios:
        """None."""
        raise NotPossible("a state on a day has no hazard: ask for its risk")

    def subdistribution_ratio(self, ask: Analysis, sample: Sample) -> Estimate:
        """None."""
        raise NotPossible("a state on a day has no hazard: ask for its risk")


def read(abstinence: pd.DataFrame, people: pd.DataFrame, ask: Analysis, endpoint: Endpoint) -> AtADay:
    """The outcome of a row of the sheet on its day, in the order of people."""
    asked = (abstinence["horizon_days"] == ask.horizon_days) & (abstinence["outcome"] == ask.outcome)
    own = in_order(abstinence[asked], people["person_id"])
    has, has_not, died, missing, not_due = STATE_LEVELS if endpoint.kind in STATES else LEVELS
    known = own["abstinent"].notna().to_numpy()
    state = own["abstinent"].fillna(False).to_numpy(dtype=bool)
    dead, mature = own["dead"].to_numpy(dtype=bool), own["mature"].to_numpy(dtype=bool)
    levels = np.select([dead, known & state, known, mature], [died, has, has_not, missing], not_due)
    return AtADay(levels, endpoint.deaths, endpoint.not_due)
