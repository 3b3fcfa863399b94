"""A state on a day, which may be missing: abstinence, employment, arrests.

How a missing answer is read is a rule of `vocabulary.answers`: counted as use, left out, carried forward, counted for
or against an arm, which follows from levels alone; or weighted by the chance of an answer, or drawn, which needs what
was recorded of people (`history`). They are shown side by side because they can disagree in sign. People who had died
by the day, and those whose answer was not due yet, are levels of their own, whatever is missing; how they are read is a
choice of the endpoint: unless it says otherwise a death counts against the state, and who is not due leaves the
denominators. A death that counts against the state is an answer that is known for certain: it tells nothing of how
answers are given or lost among the living, and has no part in a model of being seen, nor in equations that impute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from iop_outcomes.analyses import doubly_robust, standardised
from iop_outcomes.analyses.missing import drawn, observed
from iop_outcomes.analyses.missing.history import History
from iop_outcomes.analyses.outcomes import two_sides
from iop_outcomes.analyses.outcomes.without_hazards import WithoutHazards
from iop_outcomes.cohort.retention import in_order
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.base.arrays import Array, Mask, Whole
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects
from iop_outcomes.protocol import Analysis, Endpoint, Imputation
from iop_outcomes.vocabulary.answers import (
    AS_MISSING,
    COUNTED_AGAINST,
    LAST_ABSTINENT,
    LAST_USING,
    LEFT_OUT,
    LEVELS,
    MISSING_RULES,
    OBSERVED_ONLY,
    STATE_LEVELS,
    WEIGHTED_BY_OBSERVATION,
)
from iop_outcomes.vocabulary.causes import DIED
from iop_outcomes.vocabulary.endpoints import STATES
from iop_outcomes.vocabulary.methods import AIPW, LANDMARK_ADJUSTED, STANDARDISED

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.analyses.missing.drawn import Deltas, Draw
    from iop_outcomes.analyses.rows import Words
    from iop_outcomes.analyses.sample import Alike, Sample

# levels of use, and of other states, that are read alike
PAIRS = tuple(zip(LEVELS, STATE_LEVELS, strict=True))
# the place of people who have no answer for a reason of its own, by the rule for them
READ_AS = {COUNTED_AGAINST: 1, AS_MISSING: 2, LEFT_OUT: 3}
UNTOLD = "no interview, screen or discharge in this cohort tells this outcome"
UNRECORDED = "nothing that was recorded of people before the day was given to the analysis. This is a defect."


@dataclass(frozen=True)
class AtADay(WithoutHazards):
    """levels: (n,) one of LEVELS, or of STATE_LEVELS, for each person. deaths, not_due: how people are read who had
    died by the day, and those whose answer was not due. first: (n,) who is in the first arm, where a rule counts a
    missing answer in each arm another way. history: what was recorded before, where a rule stands on it. complete: (n,)
    the state of everyone asked, in a copy whose missing answers were drawn.
    """

    no_hazard: ClassVar[str] = "a state on a day has no hazard: ask for its risk"

    levels: Words
    deaths: str = COUNTED_AGAINST
    not_due: str = LEFT_OUT
    first: Mask | None = None
    history: History | None = None
    complete: Array | None = None

    @cached_property
    def _places(self) -> Whole:
        """(n,) as whom each person is read: 0 in the state, 1 out of it, 2 not answered, 3 not asked about. Texts are
        compared once for all questions.
        """
        pairs, places = [*PAIRS, (LAST_ABSTINENT, LAST_USING)], [*self._read_as, 2]
        return np.select([np.isin(self.levels, pair) for pair in pairs], places, 3)

    @property
    def _read_as(self) -> list[int]:
        """The place of each pair of levels."""
        return [0, 1, READ_AS[self.deaths], 2, READ_AS[self.not_due]]

    def used(self, ask: Analysis) -> Mask:
        """(n,) who is in the denominator under the rule for missing outcomes; of weighted answers who answered."""
        alone = ask.missing_rule in (OBSERVED_ONLY, WEIGHTED_BY_OBSERVATION)
        return self._seen if alone else self._asked

    @property
    def _seen(self) -> Mask:
        return self._places < 2

    @property
    def _asked(self) -> Mask:
        return self._places < 3

    @property
    def _died(self) -> Mask:
        """(n,) of whom a death is the answer, so that it is known of all of them."""
        return np.asarray((self.levels == DIED) & (self.deaths == COUNTED_AGAINST))

    def happened(self) -> Mask:
        """(n,) who is known to be abstinent, or in the state."""
        return self._places == 0

    def state(self, ask: Analysis) -> Array | None:
        """(n,) 1 for who is in the state as the rule reads it; None where that does not follow from levels."""
        return self._state(ask) if MISSING_RULES[ask.missing_rule].counts else None

    def _state(self, ask: Analysis) -> Array:
        """(n,) the same, of a drawn copy too."""
        if self.complete is not None:
            return self.complete
        rule = MISSING_RULES[ask.missing_rule]
        there = self.happened()
        if rule.carried:
            there = there | (self.levels == LAST_ABSTINENT)
        if any(rule.counted_as):
            first = np.ones(len(there), dtype=bool) if self.first is None else self.first
            there = there | ((self._places == 2) & np.where(first, *rule.counted_as))
        return there.astype(float)

    def answers(self, ask: Analysis) -> Array:
        """(n,) the state. Raises NotPossible where it does not follow from what each person answered."""
        state = self.state(ask)
        if state is None:
            raise NotPossible("this reading of missing answers needs more than what each person answered")
        return state

    def known(self, ask: Analysis) -> Array:
        """(n, 2) flags of who is in the state and who is not."""
        return np.column_stack([self._places == 0, self._places == 1]).astype(float)

    def untold(self) -> str:
        """Why nothing can be said where the outcome is known of no one, or ''."""
        return "" if np.isin(self.levels, [level for pair in PAIRS[:2] for level in pair]).any() else UNTOLD

    def silent(self, ask: Analysis, sample: Sample) -> str:
        """An arm is not observed to the horizon, or it is known of no one."""
        return two_sides.not_due(sample.arm, self._places == 3, sample.names) or self.untold()

    def few(self, ask: Analysis, sample: Sample, fewest: int) -> str:
        """Too few people in the state, or out of it, in an arm; of weighted and drawn answers of those who answered."""
        used = self.used(ask) if MISSING_RULES[ask.missing_rule].counts else self._seen
        return two_sides.too_few(sample.arm[used], self._state(ask)[used] == 1, sample.names, fewest)

    def means(self, ask: Analysis, sample: Sample) -> Estimate:
        """Shares in the state. Of drawn answers, of a copy that `readings` gave."""
        rule = MISSING_RULES[ask.missing_rule]
        state, used = self._state(ask), self.used(ask)
        if ask.missing_rule == WEIGHTED_BY_OBSERVATION:
            return observed.means(sample, ask.method, state, self._history, self._asked, self._seen)
        if rule.drawn and self.complete is None:
            raise NotPossible("answers are drawn several times: ask for each of the readings")
        if ask.method == AIPW:
            return sample.finish(doubly_robust.means(sample, state, used), AIPW)
        if ask.method in (STANDARDISED, LANDMARK_ADJUSTED):
            return sample.finish(standardised.means(sample, state, used), ask.method)
        if rule.drawn:  # of each draw another one, so that cells of people alike would be kept in vain
            found = effects.mean_by_arm(state, sample.arm == 1, sample.weight(ask.method) * used, names=sample.names)
            return sample.finish(found, ask.method)

        def shares(rows: Alike) -> Estimate:
            first = rows.label == sample.names[0]
            return effects.mean_by_arm(rows.columns[0], first, rows.weight, rows.frequency, names=sample.names)

        return sample.marginal(ask.method, shares, (state,), used)

    @property
    def _history(self) -> History:
        if self.history is None:
            raise NotPossible(UNRECORDED)
        return replace(self.history, certain=self.history.certain | self._died)

    @property
    def how(self) -> Imputation:
        """How missing answers are drawn."""
        return self._history.how

    def draws(self, sample: Sample, imputations: int = 0, again: int = 0) -> Iterator[Draw]:
        """Completed data sets of the answer, the same for every method. imputations: how many, by default as the
        protocol has it. again: another number, other draws. Raises EstimationError.

        Who had died is out of the state in each, and nobody's draws lean on them.
        """
        held = self._history
        yield from drawn.draws(
            sample, self.happened().astype(float), held, self._asked & ~self._died, self._seen,
            imputations or held.how.imputations, held.how.passes, held.seed + again,
        )  # fmt: skip

    def once(self, ask: Analysis, sample: Sample, again: int) -> AtADay:
        """The outcome, or a copy in which missing answers were drawn once, by the score of this very sample."""
        if not MISSING_RULES[ask.missing_rule].drawn:
            return self
        draw = next(self.draws(sample, 1, again))
        return self.as_drawn(draw, drawn.deltas_of(ask.missing_rule, self.how))

    def as_drawn(self, draw: Draw, deltas: Deltas) -> AtADay:
        """A copy in which everyone asked has an answer."""
        return replace(self, complete=draw.state(deltas), history=None)


def read(
    abstinence: pd.DataFrame,
    people: pd.DataFrame,
    ask: Analysis,
    endpoint: Endpoint,
    history: History | None = None,
    carried: bool = False,
) -> AtADay:
    """The outcome of a row of the sheet on its day, in the order of people.

    history: of the same people. carried: some rule carries the last observation forward, so that who is missing is told
    apart by it.
    """
    asked = (abstinence["horizon_days"] == ask.horizon_days) & (abstinence["outcome"] == ask.outcome)
    own = in_order(abstinence[asked], people["person_id"])
    has, has_not, died, missing, not_due = STATE_LEVELS if endpoint.kind in STATES else LEVELS
    known = own["abstinent"].notna().to_numpy()
    state = own["abstinent"].fillna(False).to_numpy(dtype=bool)
    dead, mature = own["dead"].to_numpy(dtype=bool), own["mature"].to_numpy(dtype=bool)
    levels = np.select([dead, known & state, known, mature], [died, has, has_not, missing], not_due)
    if carried and history is not None:
        # who was never seen counts as use, too: a level of its own would be of a few people
        carry = np.where(history.last == 1, LAST_ABSTINENT, LAST_USING)
        levels = np.where(levels == missing, carry, levels)
    first = (people["arm"] == 1).to_numpy() if "arm" in people else None
    return AtADay(levels, endpoint.deaths, endpoint.not_due, first, history)
