"""A state on a day, which may be missing: abstinence, employment, arrests.

`missing_is_using` counts a missing outcome as use; `observed_only` leaves it out, which is right only if who is seen
does not depend on use. They are shown side by side because they can disagree in sign. People whose horizon lies beyond
their observation are not yet observed: they are counted, and leave both denominators.
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
from iop_outcomes.vocabulary.answers import LEVELS, MISSING_IS_USING, STATE_LEVELS
from iop_outcomes.vocabulary.endpoints import STATES
from iop_outcomes.vocabulary.methods import AIPW

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.hazards import Ratios
    from iop_outcomes.analyses.rows import Words
    from iop_outcomes.analyses.sample import Alike, Sample

UNTOLD = "no interview, screen or discharge in this cohort tells this outcome"


@dataclass(frozen=True)
class AtADay:
    """levels: (n,) one of LEVELS, or of STATE_LEVELS, for each person."""

    levels: Words

    @cached_property
    def _places(self) -> Whole:
        """(n,) of each level among LEVELS, or STATE_LEVELS: their texts are compared once for all questions."""
        pairs = list(zip(LEVELS, STATE_LEVELS, strict=True))[:3]
        return np.select([np.isin(self.levels, pair) for pair in pairs], range(3), 3)

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator under the rule for missing outcomes."""
        return self._places < (3 if ask.missing_rule == MISSING_IS_USING else 2)

    def happened(self) -> Mask:
        """(n,) who is known to be abstinent, or in the state."""
        return self._places == 0

    def known(self, ask: Analysis) -> Array:
        """(n, 2) flags of who is in the state and who is not."""
        return np.column_stack([self._places == 0, self._places == 1]).astype(float)

    def untold(self) -> str:
        """Why nothing can be said where the outcome is known of no one, or ''."""
        return "" if (self._places < 2).any() else UNTOLD

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


def read(abstinence: pd.DataFrame, people: pd.DataFrame, ask: Analysis, endpoint: Endpoint) -> AtADay:
    """The outcome of a row of the sheet on its day, in the order of people."""
    asked = (abstinence["horizon_days"] == ask.horizon_days) & (abstinence["outcome"] == ask.outcome)
    own = in_order(abstinence[asked], people["person_id"])
    names = STATE_LEVELS if endpoint.kind in STATES else LEVELS
    known = own["abstinent"].notna().to_numpy()
    state = own["abstinent"].fillna(False).to_numpy(dtype=bool)
    mature = own["mature"].to_numpy(dtype=bool)
    return AtADay(np.select([known & state, known, mature], names[:3], names[3]))
